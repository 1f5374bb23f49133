//! Commands that create files: CRTPF, CRTSRCPF.

use super::change::reuse;
use super::cl::{BoundCommand, qualified};
use super::dds;
use super::job_libraries::JobLibraries;
use super::library::is_name;
use super::message::{CCSID, CommandResult, Fault, Result};
use super::physical::{Definition, PhysicalFile, record_format};
use crate::wire::ccsid::codec::Codec;
use crate::wire::ccsid::error::Errors;
use crate::wire::file::format::{DdsType, RecordField};
use std::sync::Arc;

/// The bytes before the text in a source record: number and date.
const SOURCE: u32 = 12;

/// CRTPF.
pub(super) fn file(libraries: &mut JobLibraries, command: &BoundCommand) -> CommandResult {
    let (library, name) = command.object("FILE")?;
    let ccsid = page(command)?;
    let own = ccsid.unwrap_or(CCSID);
    let mut definition = match (command.number("RCDLEN")?, command.word("SRCFILE")) {
        (Some(length), None) if command.word("FILETYPE").as_deref() == Some("*SRC") => source_file(&name, length, own)?,
        (Some(length), None) => {
            let field = RecordField { name: name.clone(), length, ccsid: own, ..RecordField::default() };
            Definition { format: record_format(&name, "", vec![field]), ..Definition::default() }
        }
        (None, Some(source)) => {
            let (source_library, source) = qualified(&source);
            let member = command.word("SRCMBR").filter(|m| m != "*FILE").unwrap_or_else(|| name.clone());
            let lines = source_lines(libraries, &source_library, &source, &member)?;
            dds::read(&lines, ccsid)
                .map_err(|why| Fault::new("CPF7302", format!("File {name} not created in library {library}: {why}.")))?
        }
        _ => return Err(Fault::new("CPD0071", "Either RCDLEN or SRCFILE is required.").into()),
    };
    definition.text = command.text();
    create(libraries, command, &library, &name, definition, &name)
}

/// CRTSRCPF.
pub(super) fn source_physical(libraries: &mut JobLibraries, command: &BoundCommand) -> CommandResult {
    let (library, name) = command.object("FILE")?;
    let length = command.number("RCDLEN")?.unwrap_or(92);
    let ccsid = page(command)?.unwrap_or(CCSID);
    let definition = Definition { text: command.text(), ..source_file(&name, length, ccsid)? };
    create(libraries, command, &library, &name, definition, "*NONE")
}

/// Makes a file with the members that MBR asks for.
fn create(
    libraries: &mut JobLibraries,
    command: &BoundCommand,
    library: &str,
    name: &str,
    definition: Definition,
    usual: &str,
) -> CommandResult {
    let library = libraries.library(library);
    libraries.may_change(&library, "CPF7302", || format!("File {name} not created in library {library}"))?;
    let member = match command.word("MBR").as_deref() {
        Some("*FILE") => name.to_owned(),
        Some(member) => member.to_owned(),
        None => usual.to_owned(),
    };
    if !is_name(name) || member != "*NONE" && !is_name(&member) {
        return Err(
            Fault::new("CPF7302", format!("File {name} with member {member} not created: no such name.")).into()
        );
    }
    let text = definition.text.clone();
    let file = PhysicalFile::new(&library, name, definition, libraries.store.quota(), libraries.journal(&library))
        .map_err(|why| Fault::new("CPF7302", format!("File {name} not created in library {library}: {why}.")))?;
    let mut contents = file.contents();
    contents.reuse = reuse(command)?.unwrap_or(false);
    if member != "*NONE" {
        file.add_member(&mut contents, &member, &text)?;
    }
    drop(contents);
    let file = Arc::new(file);
    libraries.put(&library, name, file.clone())?;
    file.begin_journaling(&libraries.author);
    Ok(Some(Fault::done("CPC7301", format!("File {name} created in library {library}."))))
}

/// The lines of a source member.
fn source_lines(libraries: &JobLibraries, library: &str, name: &str, member: &str) -> Result<Vec<String>> {
    let file = libraries.need(library, name)?;
    let field = file.definition.format.fields.last().cloned().unwrap_or_default();
    let codec = Codec::new(field.ccsid).or_else(|_| Codec::new(CCSID));
    let codec = codec.map_err(|_| Fault::new("CPF7302", "The page of the source is not known."))?;
    let mut contents = file.contents();
    let Some(member) = contents.member(member) else {
        return Err(Fault::new("CPF5744", format!("Member {member} of file {name} not found.")).into());
    };
    let (from, to) = (field.offset as usize, (field.offset + field.length) as usize);
    let line = |record: &[u8]| {
        let mut out = Vec::new();
        let bytes = record.get(from..to).unwrap_or_default();
        // What the page lacks is in comments and texts.
        let _ = codec.decode_with(bytes, &mut out, Errors::Replace);
        String::from_utf8_lossy(&out).into_owned()
    };
    // One more than are looked at, to tell that there are too many.
    Ok(member.iter().take(dds::LINES + 1).map(|(_, record)| line(record)).collect())
}

/// CCSID: the page of characters that say no other.
fn page(command: &BoundCommand) -> Result<Option<u16>> {
    let wrong = |what: &str| Fault::new("CPD0084", format!("CCSID({what}) is not supported."));
    match command.word("CCSID").as_deref() {
        None | Some("*JOB") => Ok(None),
        Some("*HEX") => Ok(Some(65535)),
        Some(word) => match word.parse() {
            Ok(ccsid) if ccsid == 65535 || Codec::new(ccsid).is_ok() => Ok(Some(ccsid)),
            _ => Err(wrong(word).into()),
        },
    }
}

/// A file of source text: sequence number, date, text.
fn source_file(name: &str, length: u32, ccsid: u16) -> Result<Definition> {
    let Some(data) = length.checked_sub(SOURCE).filter(|n| *n > 0) else {
        return Err(Fault::new("CPD0074", format!("Records of {length} bytes have no room for source.")).into());
    };
    let zoned = |name: &str, decimals| RecordField {
        name: name.into(),
        dds: DdsType::ZONED,
        length: 6,
        digits: 6,
        decimals,
        ccsid: 65535,
        ..RecordField::default()
    };
    let text = RecordField { name: "SRCDTA".into(), length: data, ccsid, ..RecordField::default() };
    let format = record_format(name, "", vec![zoned("SRCSEQ", 2), zoned("SRCDAT", 0), text]);
    Ok(Definition { format, source: true, ..Definition::default() })
}
