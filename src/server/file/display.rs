//! DSPFFD and DSPFD: what files are like, as rows of an outfile, from which clients learn it.

use super::cl::Bound;
use super::command::Said;
use super::fault::{CCSID, Failure, Fault, Result};
use super::job::Job;
use super::physical::{Definition, File, record_format};
use crate::wire::record::columns::Kind;
use crate::wire::record::columns::{ACCESS_PATH, FIELDS, MEMBERS, Outfile};
use crate::wire::record::describe::{self, Member};
use crate::wire::record::format::{DdsType, RecordField, RecordFormat};
use std::sync::Arc;

impl Job {
    pub(super) fn display_fields(&mut self, command: &Bound) -> Said {
        let mut rows = Vec::new();
        for file in self.meant(command)? {
            rows.extend(describe::format_rows(&file.formats(), CCSID)?);
        }
        self.outfile(command, &FIELDS, rows)
    }

    pub(super) fn display_file(&mut self, command: &Bound) -> Said {
        let files = self.meant(command)?;
        let mut rows = Vec::new();
        match command.word("TYPE").as_deref() {
            Some("*ACCPTH") => {
                for file in files {
                    rows.extend(describe::key_rows(&file.formats(), CCSID)?);
                }
                self.outfile(command, &ACCESS_PATH, rows)
            }
            Some("*MBR") => {
                for file in files {
                    rows.extend(describe::member_rows(&members(&file), CCSID)?);
                }
                self.outfile(command, &MEMBERS, rows)
            }
            other => Err(Fault::new("CPD0084", format!("TYPE({}) is not supported.", other.unwrap_or("*ALL"))).into()),
        }
    }

    /// The files that FILE names: one, or `LIBRARY/*ALL`, or `LIBRARY/PRE*`.
    fn meant(&self, command: &Bound) -> Result<Vec<Arc<File>>> {
        let (library, name) = command.object("FILE")?;
        let generic = if name == "*ALL" { Some("") } else { name.strip_suffix('*') };
        let Some(start) = generic else { return Ok(vec![self.need(&library, &name)?]) };
        let library = self.library(&library);
        let found: Vec<_> = self.store.libraries(|all| {
            let files = all.get(&library).into_iter().flatten();
            files.filter(|(name, _)| name.starts_with(start)).map(|(_, file)| file.clone()).collect()
        });
        match found.is_empty() {
            true => Err(Failure::Told(vec![Fault::no_file(&library, &name)])),
            false => Ok(found),
        }
    }

    /// Writes the rows into the file that OUTFILE names, in place of what is there.
    fn outfile(&mut self, command: &Bound, layout: &Outfile, rows: Vec<Vec<u8>>) -> Said {
        if command.word("OUTPUT").as_deref() != Some("*OUTFILE") {
            // Printed output goes nowhere.
            return Ok(None);
        }
        let (library, name) = command.object("OUTFILE")?;
        let library = self.library(&library);
        let known = self.find(&library, &name);
        let created = known.is_none();
        let file = match known {
            Some(file) if file.definition.format.name == layout.format => file,
            Some(_) => {
                let text = format!("File {name} in library {library} has not the format {}.", layout.format);
                return Err(Fault::new("CPF9898", text).into());
            }
            None => {
                let definition = Definition { format: format(layout), ..Definition::default() };
                let file = File::new(&library, &name, definition, self.store.quota())
                    .map_err(|why| Fault::new("CPF9847", format!("File {name} not created: {why}.")))?;
                file.add_member(&mut file.contents(), &name, "")?;
                let file = Arc::new(file);
                self.place(&library, &name, file.clone())?;
                file
            }
        };
        let count = rows.len();
        let mut contents = file.contents();
        let Some(member) = contents.members.first_mut() else {
            return Err(Fault::new("CPF9862", format!("File {name} has no member.")).into());
        };
        member.clear();
        for mut row in rows {
            row.resize(row.len() + file.definition.format.fields.len(), crate::wire::record::buffer::PRESENT);
            member.insert(row.into(), false, self.id).map_err(|refused| refused.fault())?;
        }
        Ok(Some(match created {
            true => Fault::done("CPF9861", format!("Output file {name} created in library {library}.")),
            false => Fault::done("CPF3030", format!("{count} records added to member {name}.")),
        }))
    }
}

fn members(file: &File) -> Vec<Member> {
    let contents = file.contents();
    let of = |m: &super::member::Member| Member {
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
            Kind::Text => RecordField { ccsid: CCSID, ..of(DdsType::CHARACTER, 0) },
            Kind::Zoned => of(DdsType::ZONED, bytes as u8),
            Kind::Packed => of(DdsType::PACKED, (2 * bytes - 1) as u8),
        };
        let name = if name.is_empty() { format!("UNNAMED{at:03}") } else { (*name).to_owned() };
        RecordField { name, length: bytes, ..field }
    });
    record_format(layout.format, "", fields.collect())
}
