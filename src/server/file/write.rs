//! S38PUTM, S38UPDAT, S38DEL: records added, and the one that the last read locked replaced or
//! deleted. Under commitment control a change can be undone, and its record stays locked.

use super::dispatch::{TEXT, records, refused};
use super::job::{Job, KeptLock, OpenDataPath, RecordChange};
use super::locks::{JobId, RecordLock};
use super::member::{Member, Record, Refused};
use super::message::{Failure, Fault, Result};
use super::physical::{Contents, PhysicalFile};
use crate::server::protocol_error::{ProtocolError, synerrcd};
use crate::server::request::{Replies, Request};
use crate::wire::ddm::codepoint as cp;
use crate::wire::file::buffer::{ABSENT, PRESENT, RecordSlot, Slots};
use crate::wire::file::iofb::IoFeedback;
use crate::wire::file::system_name::DclNam;
use crate::wire::file::write::{S38Del, S38PutM, S38Updat};
use std::sync::{Arc, MutexGuard};

impl Job {
    pub(super) fn put(&mut self, request: &Request, out: &mut Replies<'_>) -> Result<()> {
        let S38PutM { dclnam } = S38PutM::decode(&request.command.body, TEXT)?;
        let open = self.open_file(dclnam)?;
        let file = open.file.clone();
        if !open.write {
            return refused(&feedback(&file), &Fault::new("CPF9898", "The file was not opened for output."), out);
        }
        let commit = open.commit.is_some();
        // Those before a slot that had to be waited for are written.
        let (mut done, mut told) = self.written.take().unwrap_or_else(|| (0, feedback(&file)));
        let slots = slots(request, &file)?;
        for slot in slots.iter().skip(done) {
            self.is_wanted()?;
            let record = match record(&slot, &file) {
                Ok(record) => record,
                Err(fault) => return refused(&told, &fault, out),
            };
            if commit {
                self.charge(file.key_width())?;
            }
            let insert = |job: &mut Job, contents: &mut MutexGuard<'_, Contents>| job.insert(dclnam, &record, contents);
            let inserted = self.patiently(&file, insert, true);
            if commit && !matches!(inserted, Ok(Some(Ok(_)))) {
                self.uncharge(file.key_width());
            }
            if let Err(Failure::Waits) = inserted {
                self.written = Some((done, told));
                return Err(Failure::Waits);
            }
            match inserted?.unwrap_or(Err(Refused::Pending)) {
                Ok(rrn) => (told.records, told.rrn) = (told.records.saturating_add(1), rrn),
                Err(refusal) => return refused(&told, &refusal.fault(), out),
            }
            done += 1;
            self.waits_anew();
        }
        records(None, &told, out)
    }

    pub(super) fn update(&mut self, request: &Request, out: &mut Replies<'_>) -> Result<()> {
        let S38Updat { dclnam, .. } = S38Updat::decode(&request.command.body, TEXT)?;
        let file = self.open_file(dclnam)?.file.clone();
        let sent = slots(request, &file)?;
        let record = match sent.get(0).filter(|_| sent.len() == 1) {
            Some(slot) => record(&slot, &file),
            None => return Err(ProtocolError::syntax(synerrcd::LENGTH, Some(cp::S38BUF)).into()),
        };
        match record {
            Ok(record) => self.change(dclnam, Some(&record), out),
            Err(fault) => refused(&feedback(&file), &fault, out),
        }
    }

    pub(super) fn delete(&mut self, body: &[u8], out: &mut Replies<'_>) -> Result<()> {
        let S38Del { dclnam, .. } = S38Del::decode(body, TEXT)?;
        self.change(dclnam, None, out)
    }

    /// Adds a record; none while a key has to be waited for.
    fn insert(
        &mut self,
        name: DclNam,
        record: &Record,
        contents: &mut Contents,
    ) -> Result<Option<std::result::Result<u32, Refused>>> {
        let id = self.id;
        let reuse = contents.reuse;
        let open = self.open_file(name)?;
        let member = member(contents, open)?;
        let rrn = match member.insert(record.clone(), reuse, id) {
            Ok(rrn) => rrn,
            Err(Refused::Pending) => return Ok(None),
            Err(refusal) => return Ok(Some(Err(refusal))),
        };
        if open.commit.is_some() {
            let made = undoable(open, rrn, None, None, member, id);
            self.note(made);
        }
        Ok(Some(Ok(rrn)))
    }

    /// Replaces or deletes the locked record.
    fn change(&mut self, name: DclNam, record: Option<&Record>, out: &mut Replies<'_>) -> Result<()> {
        let open = self.open_file(name)?;
        let file = open.file.clone();
        let mut told = feedback(&file);
        let allowed = if record.is_some() { open.change } else { open.delete };
        let locked = open.locked.filter(|(_, kind)| allowed && *kind == RecordLock::Update);
        let Some((rrn, _)) = locked else {
            let text = if allowed {
                "No record is locked for an update or deletion."
            } else {
                "The file was not opened for it."
            };
            return refused(&told, &Fault::new("CPF501B", text), out);
        };
        let room = open.commit.is_some().then(|| file.definition.format.length as usize + file.key_width());
        if let Some(room) = room {
            self.charge(room)?;
        }
        let work = |job: &mut Job, contents: &mut MutexGuard<'_, Contents>| job.replace(name, rrn, record, contents);
        let changed = self.patiently(&file, work, true);
        if let Some(room) = room.filter(|_| !matches!(changed, Ok(Some(Ok(()))))) {
            self.uncharge(room);
        }
        match changed?.unwrap_or(Err(Refused::Pending)) {
            Ok(()) => {
                file.wake();
                (told.records, told.rrn) = (1, rrn);
                records(None, &told, out)
            }
            Err(refusal) => refused(&told, &refusal.fault(), out),
        }
    }

    fn replace(
        &mut self,
        name: DclNam,
        rrn: u32,
        record: Option<&Record>,
        contents: &mut Contents,
    ) -> Result<Option<std::result::Result<(), Refused>>> {
        let id = self.id;
        let open = self.open_file(name)?;
        let member = member(contents, open)?;
        let order = member.entry(rrn).map(|(_, order)| *order);
        let done = match record {
            Some(record) => member.replace(rrn, record.clone(), id),
            None => member.remove(rrn),
        };
        let before = match done {
            Ok(before) => before,
            Err(Refused::Pending) => return Ok(None),
            Err(refusal) => return Ok(Some(Err(refusal))),
        };
        let made = open.commit.is_some().then(|| undoable(open, rrn, before, order, member, id));
        Job::unlock(open, contents, id);
        if let Some(made) = made {
            self.note(made);
        }
        Ok(Some(Ok(())))
    }

    fn note(&mut self, (change, kept): (RecordChange, KeptLock)) {
        self.changes.push(change);
        self.kept.push(kept);
    }
}

/// Notes a change and locks its record until the unit of work ends.
fn undoable(
    open: &OpenDataPath,
    rrn: u32,
    before: Option<Record>,
    order: Option<i64>,
    member: &mut Member,
    job: JobId,
) -> (RecordChange, KeptLock) {
    member.locks.take(rrn, job, RecordLock::Update);
    member.reserve(rrn, before.as_deref(), job);
    let (file, member): (Arc<PhysicalFile>, String) = (open.file.clone(), open.member.clone());
    (
        RecordChange { file: file.clone(), member: member.clone(), rrn, before, order },
        KeptLock { file, member, rrn, kind: RecordLock::Update },
    )
}

fn member<'a>(contents: &'a mut Contents, open: &OpenDataPath) -> Result<&'a mut Member> {
    contents.member(&open.member).ok_or_else(|| Fault::new("CPF4102", "The member is no longer there.").into())
}

fn feedback(file: &PhysicalFile) -> IoFeedback {
    let format = &file.definition.format;
    IoFeedback { format: format.name.clone(), record_length: format.length, ..IoFeedback::default() }
}

/// The slots that came with a command.
fn slots<'a>(request: &'a Request, file: &PhysicalFile) -> Result<Slots<'a>> {
    let buffer = request.objects.iter().find(|o| o.cp == cp::S38BUF);
    let buffer = buffer.ok_or_else(|| Failure::Protocol(ProtocolError::syntax(synerrcd::MISSING, Some(cp::S38BUF))))?;
    Ok(Slots::sent(&buffer.body, file.layout())?)
}

/// A record with its null map. The bytes of a field that is NULL do not matter.
fn record(slot: &RecordSlot<'_>, file: &PhysicalFile) -> std::result::Result<Record, Fault> {
    let mut out = slot.record.to_vec();
    for (mark, field) in slot.nulls.iter().zip(&file.definition.format.fields) {
        if *mark == ABSENT && !field.nullable {
            return Err(Fault::new("CPF5029", format!("Field {} cannot be null.", field.name)));
        }
        out.push(if *mark == ABSENT { ABSENT } else { PRESENT });
    }
    out.resize(slot.record.len() + file.definition.format.fields.len(), PRESENT);
    Ok(out.into())
}
