//! DSPFFD and DSPFD: what files are like, as rows of an outfile, from which clients learn it.

use super::cl::{BoundCommand, ClValue};
use super::job_libraries::JobLibraries;
use super::library::is_name;
use super::list;
use super::locks::{JobId, ObjectLock};
use super::member::Refused;
use super::message::{CCSID, CommandResult, Fault, Result};
use super::physical::{Definition, PhysicalFile, record_format};
use crate::server::journal::entry::EntryKind;
use crate::wire::ddm::error::Result as MessageResult;
use crate::wire::file::describe::{self, MemberDescription};
use crate::wire::file::format::{DdsType, RecordField, RecordFormat};
use crate::wire::file::outfile_columns::{
    ACCESS_PATH, FIELDS, FORMATS, MEMBERS, OBJECTS, Outfile, OutfileType, PHYSICAL,
};
use std::sync::Arc;

/// DSPFFD.
pub(super) fn fields(libraries: &mut JobLibraries, job: JobId, command: &BoundCommand) -> CommandResult {
    outfile(libraries, job, command, &FIELDS, |file| describe::format_rows(&file.formats(), CCSID))
}

/// DSPFD.
pub(super) fn file(libraries: &mut JobLibraries, job: JobId, command: &BoundCommand) -> CommandResult {
    match command.word("TYPE").as_deref() {
        Some("*ACCPTH") => {
            outfile(libraries, job, command, &ACCESS_PATH, |file| describe::key_rows(&file.formats(), CCSID))
        }
        Some("*RCDFMT") => outfile(libraries, job, command, &FORMATS, list::format),
        Some("*ATR") if matches!(command.word("FILEATR").as_deref(), None | Some("*PF" | "*ALL")) => {
            outfile(libraries, job, command, &PHYSICAL, list::attributes)
        }
        Some("*MBR") => outfile(libraries, job, command, &MEMBERS, |file| describe::member_rows(&members(file), CCSID)),
        other => Err(Fault::new("CPD0084", format!("TYPE({}) is not supported.", other.unwrap_or("*ALL"))).into()),
    }
}

/// DSPOBJD.
pub(super) fn objects(libraries: &mut JobLibraries, job: JobId, command: &BoundCommand) -> CommandResult {
    if !matches!(command.word("OBJTYPE").as_deref(), None | Some("*ALL" | "*FILE")) {
        return Err(Fault::new("CPD0084", "OBJTYPE is to be *FILE or *ALL.").into());
    }
    let (library, name) = command.object("OBJ")?;
    if !library.starts_with('*') && !libraries.has_library(&library) {
        return Err(Fault::no_library(&library).into());
    }
    let meant = libraries.named(&library, &name).map_err(|_| {
        let text = format!("No objects of the name {name} and this type are in library {library}.");
        Fault::new("CPF2123", text)
    })?;
    written(libraries, job, command, &OBJECTS, meant, list::object)
}

/// The files that FILE names: one, or `LIBRARY/*ALL`, or `LIBRARY/PRE*`.
fn meant(libraries: &JobLibraries, command: &BoundCommand) -> Result<Vec<Arc<PhysicalFile>>> {
    let (library, name) = command.object("FILE")?;
    if !library.starts_with('*') && !libraries.has_library(&library) {
        return Err(Fault::new("CPF3064", format!("Library {library} not found.")).into());
    }
    libraries.named(&library, &name)
}

/// Writes rows about the files that are meant into the member that OUTFILE and OUTMBR name: in place of what is
/// there, or after it.
fn outfile(
    libraries: &mut JobLibraries,
    job: JobId,
    command: &BoundCommand,
    layout: &Outfile,
    rows: impl Fn(&PhysicalFile) -> MessageResult<Vec<Vec<u8>>>,
) -> CommandResult {
    let meant = meant(libraries, command)?;
    written(libraries, job, command, layout, meant, rows)
}

/// The same of these files.
fn written(
    libraries: &mut JobLibraries,
    job: JobId,
    command: &BoundCommand,
    layout: &Outfile,
    meant: Vec<Arc<PhysicalFile>>,
    rows: impl Fn(&PhysicalFile) -> MessageResult<Vec<Vec<u8>>>,
) -> CommandResult {
    match command.word("OUTPUT").as_deref() {
        Some("*OUTFILE") => {}
        // Printed output goes nowhere.
        None | Some("*" | "*PRINT") => return Ok(None),
        Some(other) => return Err(Fault::new("CPD0084", format!("OUTPUT({other}) is not supported.")).into()),
    }
    let (library, name) = command.object("OUTFILE")?;
    let library = libraries.library(&library);
    libraries.may_change(&library, "CPF9822", || format!("File {name} in library {library} not written to"))?;
    let (wanted, add) = outmbr(command)?;
    let known = libraries.find(&library, &name);
    let created = known.is_none();
    let file = match known {
        Some(file) if file.definition.format.name == layout.format => file,
        Some(_) => {
            let text = format!("File {name} in library {library} has not the format {}.", layout.format);
            return Err(Fault::new("CPF9898", text).into());
        }
        None if is_name(&name) => {
            let definition = Definition { format: format(layout), ..Definition::default() };
            let file =
                PhysicalFile::new(&library, &name, definition, libraries.store.quota(), libraries.journal(&library))
                    .map_err(|why| Fault::new("CPF9847", format!("File {name} not created: {why}.")))?;
            let file = Arc::new(file);
            libraries.put(&library, &name, file.clone())?;
            file.begin_journaling(&libraries.author);
            file
        }
        None => return Err(Fault::new("CPD0084", format!("{name} is no name of a file.")).into()),
    };
    let member = out_member(libraries, &file, wanted, add)?;
    let mut count = 0;
    for about in meant {
        // The outfile may be one of those that are meant: it is looked at before it is written to.
        let rows = rows(&about)?;
        let mut contents = file.contents();
        let member = contents.member(&member).ok_or_else(|| Fault::new("CPF3141", "The member is gone."))?;
        count += rows.len();
        for mut row in rows {
            row.resize(row.len() + layout.columns.len(), crate::wire::file::buffer::PRESENT);
            let name = member.name.clone();
            let rrn = member.insert(row.clone().into(), false, job).map_err(Refused::fault)?;
            file.journal_record(EntryKind::ADDED, &libraries.author, &name, (rrn, &row), 0);
        }
    }
    Ok(Some(match created {
        true => Fault::done("CPF9861", format!("Output file {name} created in library {library}.")),
        false => Fault::done("CPF3030", format!("{count} records added to member {member}.")),
    }))
}

/// The member to write to, which is made where there is none: emptied, or as it is.
fn out_member(libraries: &JobLibraries, file: &PhysicalFile, wanted: Option<String>, add: bool) -> Result<String> {
    let author = &*libraries.author;
    let mut contents = file.contents();
    let wanted = wanted.or_else(|| contents.resolve("*FIRST")).unwrap_or_else(|| file.name.clone());
    match contents.resolve(&wanted) {
        None => {
            file.add_member(&mut contents, &wanted, "")?;
            file.journal_object(EntryKind::STARTED, author, &wanted);
        }
        Some(_) if add => {}
        Some(_) => {
            if contents.meets(&ObjectLock::exclusive(author.job, Some(wanted.clone())), true)
                || contents.is_pending(Some(&wanted))
            {
                return Err(Fault::new("CPF3130", format!("Member {wanted} already in use.")).into());
            }
            if let Some(member) = contents.member(&wanted) {
                member.clear();
                file.journal_object(EntryKind::CLEARED, author, &wanted);
            }
        }
    }
    Ok(wanted)
}

/// OUTMBR: a member, none for the first, and whether to add to what it has.
fn outmbr(command: &BoundCommand) -> Result<(Option<String>, bool)> {
    let name = command.word("OUTMBR").filter(|name| name != "*FIRST");
    let add = match command.values("OUTMBR").get(1) {
        None => Some(false),
        Some(ClValue::Word(word)) if word == "*REPLACE" => Some(false),
        Some(ClValue::Word(word)) if word == "*ADD" => Some(true),
        Some(_) => None,
    };
    match add.filter(|_| name.as_deref().is_none_or(is_name)) {
        Some(add) => Ok((name, add)),
        None => Err(Fault::new("CPD0084", "OUTMBR is to be a member, and *REPLACE or *ADD.").into()),
    }
}

fn members(file: &PhysicalFile) -> Vec<MemberDescription> {
    let contents = file.contents();
    let of = |m: &super::member::Member| MemberDescription {
        file: file.name.clone(),
        library: file.library.clone(),
        name: m.name.clone(),
        text: m.text.clone(),
        records: m.count() as u64,
        deleted: m.count_deleted() as u64,
    };
    contents.members.iter().map(of).collect()
}

/// The record format of an outfile.
fn format(layout: &Outfile) -> RecordFormat {
    let fields = layout.columns.iter().enumerate().map(|(at, (kind, length, name))| {
        let bytes = *length as u32;
        let of = |dds, digits| RecordField { dds, digits, ccsid: 65535, ..RecordField::default() };
        let field = match kind {
            OutfileType::Text => RecordField { ccsid: CCSID, ..of(DdsType::CHARACTER, 0) },
            OutfileType::Zoned => of(DdsType::ZONED, bytes as u8),
            OutfileType::Packed => of(DdsType::PACKED, (2 * bytes - 1) as u8),
        };
        let name = if name.is_empty() { format!("UNNAMED{at:03}") } else { (*name).to_owned() };
        RecordField { name, length: bytes, ..field }
    });
    record_format(layout.format, "", fields.collect())
}
