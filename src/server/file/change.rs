//! Commands that change files and members: DLTF, ADDPFM, RMVM, CLRPFM, CHGPF.

use super::allocation::AllocatedObjects;
use super::cl::BoundCommand;
use super::job_libraries::JobLibraries;
use super::library::is_name;
use super::locks::{JobId, ObjectLock};
use super::message::{CommandResult, Failure, Fault, Result};
use super::physical::{Contents, PhysicalFile};
use crate::server::journal::entry::EntryKind;

/// Members of a file, as the system allows.
const MEMBERS: usize = 32_767;

/// DLTF.
pub(super) fn delete_file(
    libraries: &mut JobLibraries,
    allocated: &mut AllocatedObjects,
    command: &BoundCommand,
) -> CommandResult {
    let (library, name) = command.object("FILE")?;
    if !library.starts_with('*') && !libraries.has_library(&library) {
        return Err(Fault::no_library(&library).into());
    }
    let missing = || Fault::new("CPF2105", format!("Object {name} in {library} type *FILE not found."));
    let file = libraries.find(&library, &name).ok_or_else(missing)?;
    libraries
        .may_change(&file.library, "CPF2189", || format!("File {name} in library {} not deleted", file.library))?;
    let mut contents = file.contents();
    if contents.meets(&ObjectLock::exclusive(allocated.job(), None), true) || contents.is_pending(None) {
        return Err(Fault::new("CPF3202", format!("File {name} in library {library} in use.")).into());
    }
    // Whoever has found it already finds no member any more.
    file.remove_members(&mut contents);
    drop(contents);
    // Before another file can have its name.
    file.end_journaling(&libraries.author);
    libraries.remove(&file);
    allocated.forget(&file);
    Ok(Some(Fault::done("CPC2191", format!("Object {name} in {} type *FILE deleted.", file.library))))
}

/// ADDPFM.
pub(super) fn add_member(libraries: &JobLibraries, command: &BoundCommand) -> CommandResult {
    let (library, name) = command.object("FILE")?;
    let (file, member) = (libraries.need(&library, &name)?, command.need("MBR")?);
    libraries.may_change(&file.library, "CPF7306", || format!("Member {member} not added to file {name}"))?;
    let mut contents = file.contents();
    if !is_name(&member) || contents.members.len() >= MEMBERS {
        return Err(Fault::new("CPF7306", format!("Member {member} not added to file {name}.")).into());
    }
    file.add_member(&mut contents, &member, &command.text())?;
    file.journal_object(EntryKind::STARTED, &libraries.author, &member);
    Ok(Some(Fault::done("CPC7305", format!("Member {member} added to file {name} in {}.", file.library))))
}

/// RMVM.
pub(super) fn remove_member(libraries: &JobLibraries, job: JobId, command: &BoundCommand) -> CommandResult {
    let (library, name) = command.object("FILE")?;
    let (file, asked) = (libraries.need(&library, &name)?, command.need("MBR")?);
    libraries.may_change(&file.library, "CPF7310", || format!("Member {asked} not removed from file {name}"))?;
    let mut contents = file.contents();
    let member = alone(&file, &contents, &asked, job).map_err(|why| {
        Failure::Told(vec![why, Fault::new("CPF7310", format!("Member {asked} not removed from file {name}."))])
    })?;
    file.remove_member(&mut contents, &member);
    file.journal_object(EntryKind::MEMBER_DELETED, &libraries.author, &member);
    Ok(Some(Fault::done("CPC7309", format!("Member {member} removed from file {}.", file.name))))
}

/// CLRPFM.
pub(super) fn clear_member(libraries: &JobLibraries, job: JobId, command: &BoundCommand) -> CommandResult {
    let (library, name) = command.object("FILE")?;
    let missing = || Fault::new("CPF3142", format!("File {name} in library {library} not found."));
    let file = libraries.find(&library, &name).ok_or_else(missing)?;
    libraries
        .may_change(&file.library, "CPF3137", || format!("File {name} in library {} not cleared", file.library))?;
    let mut contents = file.contents();
    let name = alone(&file, &contents, &command.word("MBR").unwrap_or_else(|| "*FIRST".to_owned()), job)?;
    if let Some(member) = contents.member(&name) {
        member.clear();
        file.journal_object(EntryKind::CLEARED, &libraries.author, &name);
    }
    Ok(Some(Fault::done("CPC3101", format!("Member {name} file {} cleared.", file.name))))
}

/// CHGPF.
pub(super) fn change_file(libraries: &JobLibraries, command: &BoundCommand) -> CommandResult {
    let (library, name) = command.object("FILE")?;
    let file = libraries.need(&library, &name)?;
    libraries
        .may_change(&file.library, "CPF7304", || format!("File {name} in library {} not changed", file.library))?;
    if let Some(reuse) = reuse(command)? {
        file.contents().reuse = reuse;
    }
    Ok(Some(Fault::done("CPC7303", format!("File {name} in library {} changed.", file.library))))
}

/// The member that is meant, if nobody has it open and nothing in it may still be undone.
pub(super) fn alone(
    file: &PhysicalFile,
    contents: &Contents,
    asked: &str,
    job: JobId,
) -> std::result::Result<String, Fault> {
    let Some(member) = contents.resolve(asked) else {
        return Err(Fault::new("CPF3141", format!("Member {asked} not found in file {}.", file.name)));
    };
    if contents.meets(&ObjectLock::exclusive(job, Some(member.clone())), true) || contents.is_pending(Some(&member)) {
        return Err(Fault::new("CPF3130", format!("Member {member} of file {} already in use.", file.name)));
    }
    Ok(member)
}

/// REUSEDLT: whether new records take the places of deleted ones.
pub(super) fn reuse(command: &BoundCommand) -> Result<Option<bool>> {
    match command.word("REUSEDLT").as_deref() {
        None | Some("*SAME") => Ok(None),
        Some("*YES") => Ok(Some(true)),
        Some("*NO") => Ok(Some(false)),
        Some(other) => Err(Fault::new("CPD0084", format!("REUSEDLT({other}) is not valid.")).into()),
    }
}
