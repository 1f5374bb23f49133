//! Commands about libraries and the library list: CRTLIB, DLTLIB, CHGCURLIB, ADDLIBLE, RMVLIBLE, CHKOBJ.

use super::cl::BoundCommand;
use super::job_libraries::{JobLibraries, QTEMP};
use super::library::{GENERAL, is_name};
use super::message::{CommandResult, Fault};
use super::physical::Contents;
use std::sync::MutexGuard;

/// Libraries that a server may have.
const LIBRARIES: usize = 10_000;

/// CRTLIB.
pub(super) fn create_library(libraries: &JobLibraries, command: &BoundCommand) -> CommandResult {
    let name = command.need("LIB")?;
    libraries.may_change(&name, "CPF2111", || format!("Library {name} is not created"))?;
    if !is_name(&name) {
        return Err(Fault::new("CPD0084", format!("{name} is no name of a library.")).into());
    }
    let made = libraries.store.libraries(|all| {
        let free = name != QTEMP && !all.contains_key(&name);
        if free && all.len() < LIBRARIES {
            all.insert(name.clone(), Default::default());
            return Ok(());
        }
        Err(if free { "there is no room for it" } else { "it exists already" })
    });
    match made {
        Ok(()) => Ok(Some(Fault::done("CPC2102", format!("Library {name} created.")))),
        Err(why) => Err(Fault::new("CPF2111", format!("Library {name} is not created: {why}.")).into()),
    }
}

/// DLTLIB.
pub(super) fn delete_library(libraries: &JobLibraries, command: &BoundCommand) -> CommandResult {
    let name = command.need("LIB")?;
    libraries.may_change(&name, "CPF2182", || format!("Library {name} is not deleted"))?;
    libraries.store.libraries(|all| {
        let files = all.get(&name).ok_or_else(|| Fault::no_library(&name))?;
        // All of them are locked at once: nobody opens one of those that were looked at first.
        let mut contents: Vec<MutexGuard<'_, Contents>> = files.values().map(|file| file.contents()).collect();
        if name == GENERAL || contents.iter().any(|file| !file.locks.is_empty() || file.is_pending(None)) {
            return Err(Fault::new("CPF2113", format!("Library {name} cannot be allocated.")));
        }
        for (file, contents) in files.values().zip(&mut contents) {
            file.remove_members(contents);
        }
        drop(contents);
        all.remove(&name);
        libraries.store.journals().forget(&name);
        Ok(())
    })?;
    Ok(Some(Fault::done("CPC2194", format!("Library {name} deleted."))))
}

/// CHGCURLIB.
pub(super) fn change_current(libraries: &mut JobLibraries, command: &BoundCommand) -> CommandResult {
    let name = command.need("CURLIB")?;
    let name = if name == "*CRTDFT" { GENERAL.to_owned() } else { name };
    libraries.check_library(&name)?;
    libraries.current.clone_from(&name);
    Ok(Some(Fault::done("CPC2101", format!("Current library changed to {name}."))))
}

/// ADDLIBLE.
pub(super) fn add_to_list(libraries: &mut JobLibraries, command: &BoundCommand) -> CommandResult {
    let name = command.need("LIB")?;
    libraries.check_library(&name)?;
    let mut list = match &libraries.list {
        Some(list) if list.contains(&name) => {
            return Err(Fault::new("CPF2103", format!("Library {name} is in the library list already.")).into());
        }
        Some(list) => list.clone(),
        // It was all of them, in no order that matters: they stay.
        None => libraries.store.libraries(|all| all.keys().filter(|library| **library != name).cloned().collect()),
    };
    match command.word("POSITION").as_deref() {
        Some("*LAST") => list.push(name.clone()),
        None | Some("*FIRST") => list.insert(0, name.clone()),
        Some(other) => return Err(Fault::new("CPD0084", format!("Position {other} is not supported.")).into()),
    }
    libraries.list = Some(list);
    Ok(Some(Fault::done("CPC2196", format!("Library {name} added to the library list."))))
}

/// RMVLIBLE.
pub(super) fn remove_from_list(libraries: &mut JobLibraries, command: &BoundCommand) -> CommandResult {
    let name = command.need("LIB")?;
    let all = || libraries.store.libraries(|all| all.keys().cloned().collect());
    let mut list = libraries.list.clone().unwrap_or_else(all);
    if !list.contains(&name) {
        return Err(Fault::new("CPF2104", format!("Library {name} is not in the library list.")).into());
    }
    list.retain(|library| *library != name);
    libraries.list = Some(list);
    Ok(Some(Fault::done("CPC2197", format!("Library {name} removed from the library list."))))
}

/// CHKOBJ.
pub(super) fn check_object(libraries: &JobLibraries, command: &BoundCommand) -> CommandResult {
    let (library, name) = command.object("OBJ")?;
    match command.word("OBJTYPE").as_deref() {
        Some("*LIB") if libraries.has_library(&name) => {}
        Some("*FILE") => {
            if !library.starts_with('*') && !libraries.has_library(&library) {
                return Err(Fault::new("CPF9810", format!("Library {library} not found.")).into());
            }
            let file = libraries.find(&library, &name).ok_or_else(|| Fault::no_object(&library, &name))?;
            if let Some(member) = command.word("MBR").filter(|m| m != "*NONE")
                && file.contents().resolve(&member).is_none()
            {
                return Err(Fault::new("CPF9815", format!("Member {member} in file {name} not found.")).into());
            }
        }
        Some("*LIB") => return Err(Fault::no_object(&library, &name).into()),
        Some(other) => return Err(Fault::new("CPD0084", format!("OBJTYPE({other}) is not supported.")).into()),
        None => return Err(Fault::new("CPD0071", "Parameter OBJTYPE is required.").into()),
    }
    Ok(None)
}
