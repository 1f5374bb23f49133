//! Commands about files and members: CRTPF, CRTSRCPF, DLTF, ADDPFM, RMVM, CLRPFM, CHGPF.

use super::cl::BoundCommand;
use super::command::CommandResult;
use super::dds;
use super::job::{Job, QTEMP};
use super::library::is_name;
use super::locks::{LockState, ObjectLock};
use super::message::{CCSID, Failure, Fault, Result};
use super::physical::{Contents, Definition, PhysicalFile, record_format};
use crate::wire::ccsid::codec::Codec;
use crate::wire::ccsid::error::Errors;
use crate::wire::file::format::{DdsType, RecordField};
use std::sync::Arc;

/// The bytes before the text in a source record: number and date.
const SOURCE: u32 = 12;
/// Members of a file, as the system allows.
const MEMBERS: usize = 32_767;

impl Job {
    pub(super) fn create_file(&mut self, command: &BoundCommand) -> CommandResult {
        let (library, name) = command.object("FILE")?;
        let ccsid = page(command)?;
        let own = ccsid.unwrap_or(CCSID);
        let mut definition = match (command.number("RCDLEN")?, command.word("SRCFILE")) {
            (Some(length), None) if command.word("FILETYPE").as_deref() == Some("*SRC") => {
                source_file(&name, length, own)?
            }
            (Some(length), None) => {
                let field = RecordField { name: name.clone(), length, ccsid: own, ..RecordField::default() };
                Definition { format: record_format(&name, "", vec![field]), ..Definition::default() }
            }
            (None, Some(source)) => {
                let (source_library, source) = super::cl::qualified(&source);
                let member = command.word("SRCMBR").filter(|m| m != "*FILE").unwrap_or_else(|| name.clone());
                let lines = self.source(&source_library, &source, &member)?;
                dds::read(&lines, ccsid).map_err(|why| {
                    Fault::new("CPF7302", format!("File {name} not created in library {library}: {why}."))
                })?
            }
            _ => return Err(Fault::new("CPD0071", "Either RCDLEN or SRCFILE is required.").into()),
        };
        definition.text = Job::text(command);
        self.create(command, &library, &name, definition, &name)
    }

    pub(super) fn create_source(&mut self, command: &BoundCommand) -> CommandResult {
        let (library, name) = command.object("FILE")?;
        let length = command.number("RCDLEN")?.unwrap_or(92);
        let ccsid = page(command)?.unwrap_or(CCSID);
        let definition = Definition { text: Job::text(command), ..source_file(&name, length, ccsid)? };
        self.create(command, &library, &name, definition, "*NONE")
    }

    pub(super) fn delete_file(&mut self, command: &BoundCommand) -> CommandResult {
        let (library, name) = command.object("FILE")?;
        if !library.starts_with('*') && !self.has_library(&library) {
            return Err(Fault::no_library(&library).into());
        }
        let missing = || Fault::new("CPF2105", format!("Object {name} in {library} type *FILE not found."));
        let file = self.find(&library, &name).ok_or_else(missing)?;
        self.may_change(&file.library, "CPF2189", || format!("File {name} in library {} not deleted", file.library))?;
        let contents = file.contents();
        if contents.meets(&self.exclusive(None), true) || contents.is_pending(None) {
            return Err(Fault::new("CPF3202", format!("File {name} in library {library} in use.")).into());
        }
        drop(contents);
        match file.library.as_str() {
            QTEMP => drop(self.qtemp.remove(&name)),
            library => {
                self.store.libraries(|all| {
                    let files = all.get_mut(library);
                    // Not one that was made anew meanwhile.
                    files.and_then(|files| {
                        files.get(&name).is_some_and(|f| Arc::ptr_eq(f, &file)).then(|| files.remove(&name))
                    })
                });
            }
        }
        self.explicit.retain(|(locked, _)| !Arc::ptr_eq(locked, &file));
        Ok(Some(Fault::done("CPC2191", format!("Object {name} in {} type *FILE deleted.", file.library))))
    }

    pub(super) fn add_member(&mut self, command: &BoundCommand) -> CommandResult {
        let (library, name) = command.object("FILE")?;
        let (file, member) = (self.need(&library, &name)?, command.need("MBR")?);
        self.may_change(&file.library, "CPF7306", || format!("Member {member} not added to file {name}"))?;
        let mut contents = file.contents();
        if !is_name(&member) || contents.members.len() >= MEMBERS {
            return Err(Fault::new("CPF7306", format!("Member {member} not added to file {name}.")).into());
        }
        file.add_member(&mut contents, &member, &Job::text(command))?;
        Ok(Some(Fault::done("CPC7305", format!("Member {member} added to file {name} in {}.", file.library))))
    }

    pub(super) fn remove_member(&mut self, command: &BoundCommand) -> CommandResult {
        let (library, name) = command.object("FILE")?;
        let (file, asked) = (self.need(&library, &name)?, command.need("MBR")?);
        self.may_change(&file.library, "CPF7310", || format!("Member {asked} not removed from file {name}"))?;
        let mut contents = file.contents();
        let member = self.alone(&file, &contents, &asked).map_err(|why| {
            Failure::Told(vec![why, Fault::new("CPF7310", format!("Member {asked} not removed from file {name}."))])
        })?;
        file.remove_member(&mut contents, &member);
        Ok(Some(Fault::done("CPC7309", format!("Member {member} removed from file {}.", file.name))))
    }

    pub(super) fn clear_member(&mut self, command: &BoundCommand) -> CommandResult {
        let (library, name) = command.object("FILE")?;
        let missing = || Fault::new("CPF3142", format!("File {name} in library {library} not found."));
        let file = self.find(&library, &name).ok_or_else(missing)?;
        self.may_change(&file.library, "CPF3137", || format!("File {name} in library {} not cleared", file.library))?;
        let mut contents = file.contents();
        let name = self.alone(&file, &contents, &command.word("MBR").unwrap_or_else(|| "*FIRST".to_owned()))?;
        if let Some(member) = contents.member(&name) {
            member.clear();
        }
        Ok(Some(Fault::done("CPC3101", format!("Member {name} file {} cleared.", file.name))))
    }

    pub(super) fn change_file(&mut self, command: &BoundCommand) -> CommandResult {
        let (library, name) = command.object("FILE")?;
        let file = self.need(&library, &name)?;
        self.may_change(&file.library, "CPF7304", || format!("File {name} in library {} not changed", file.library))?;
        if let Some(reuse) = reuse(command)? {
            file.contents().reuse = reuse;
        }
        Ok(Some(Fault::done("CPC7303", format!("File {name} in library {} changed.", file.library))))
    }

    /// Makes a file with the members that MBR asks for.
    fn create(
        &mut self,
        command: &BoundCommand,
        library: &str,
        name: &str,
        definition: Definition,
        usual: &str,
    ) -> CommandResult {
        let library = self.library(library);
        self.may_change(&library, "CPF7302", || format!("File {name} not created in library {library}"))?;
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
        let file = PhysicalFile::new(&library, name, definition, self.store.quota())
            .map_err(|why| Fault::new("CPF7302", format!("File {name} not created in library {library}: {why}.")))?;
        let mut contents = file.contents();
        contents.reuse = reuse(command)?.unwrap_or(false);
        if member != "*NONE" {
            file.add_member(&mut contents, &member, &text)?;
        }
        drop(contents);
        self.place(&library, name, Arc::new(file))?;
        Ok(Some(Fault::done("CPC7301", format!("File {name} created in library {library}."))))
    }

    /// Puts a new file into its library.
    pub(super) fn place(&mut self, library: &str, name: &str, file: Arc<PhysicalFile>) -> Result<()> {
        let exists = || Fault::new("CPF5813", format!("File {name} in library {library} already exists."));
        if library == QTEMP {
            if self.qtemp.contains_key(name) {
                return Err(exists().into());
            }
            self.qtemp.insert(name.to_owned(), file);
            return Ok(());
        }
        self.store.libraries(|all| {
            let files = all.get_mut(library).ok_or_else(|| Fault::no_library(library))?;
            if files.contains_key(name) {
                return Err(exists().into());
            }
            files.insert(name.to_owned(), file);
            Ok(())
        })
    }

    /// A file that has to be there.
    pub(super) fn need(&self, library: &str, name: &str) -> Result<Arc<PhysicalFile>> {
        let missing = || {
            Failure::Told(vec![
                Fault::no_file(library, name),
                Fault::new("CPF3011", "File not found: nothing was done."),
            ])
        };
        self.find(library, name).ok_or_else(missing)
    }

    pub(super) fn exclusive(&self, member: Option<String>) -> ObjectLock {
        ObjectLock { job: self.id, state: LockState::Exclusive, member, open: false }
    }

    /// The member that is meant, if nobody has it open and nothing in it may still be undone.
    pub(super) fn alone(
        &self,
        file: &PhysicalFile,
        contents: &Contents,
        asked: &str,
    ) -> std::result::Result<String, Fault> {
        let Some(member) = contents.resolve(asked) else {
            return Err(Fault::new("CPF3141", format!("Member {asked} not found in file {}.", file.name)));
        };
        if contents.meets(&self.exclusive(Some(member.clone())), true) || contents.is_pending(Some(&member)) {
            return Err(Fault::new("CPF3130", format!("Member {member} of file {} already in use.", file.name)));
        }
        Ok(member)
    }

    /// The lines of a source member.
    fn source(&self, library: &str, name: &str, member: &str) -> Result<Vec<String>> {
        let file = self.need(library, name)?;
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
}

/// REUSEDLT: whether new records take the places of deleted ones.
fn reuse(command: &BoundCommand) -> Result<Option<bool>> {
    match command.word("REUSEDLT").as_deref() {
        None | Some("*SAME") => Ok(None),
        Some("*YES") => Ok(Some(true)),
        Some("*NO") => Ok(Some(false)),
        Some(other) => Err(Fault::new("CPD0084", format!("REUSEDLT({other}) is not valid.")).into()),
    }
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
