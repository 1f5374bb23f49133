//! S38PUTM, S38UPDAT, S38DEL: records added, and the one that the last read locked replaced or
//! deleted. Under commitment control a change can be undone, and its record stays locked.

use super::commit::{Commitment, KeptLock, RecordChange};
use super::lock_wait::{LockWaiter, Patience};
use super::locks::RecordLock;
use super::member::{Member, Record, Refused};
use super::message::{Failure, Fault, Result};
use super::open_files::OpenDataPath;
use super::physical::{Contents, PhysicalFile};
use super::reply::{records, refused};
use crate::server::journal::entry::EntryKind;
use crate::server::protocol_error::{ProtocolError, synerrcd};
use crate::server::request::Replies;
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::object::Object;
use crate::wire::file::buffer::{ABSENT, PRESENT, RecordSlot, Slots};
use crate::wire::file::iofb::IoFeedback;

/// S38PUTM: adds records.
pub(super) fn put(
    open: &mut OpenDataPath,
    commitment: &mut Commitment,
    waiter: &mut LockWaiter,
    objects: &[Object],
    out: &mut Replies<'_>,
) -> Result<()> {
    let file = open.file.clone();
    if !open.write {
        return refused(&feedback(&file), &Fault::new("CPF9898", "The file was not opened for output."), out);
    }
    // Those before a slot that had to be waited for are written.
    let (mut done, mut told) = open.written.take().unwrap_or_else(|| (0, feedback(&file)));
    for slot in slots(objects, &file)?.iter().skip(done) {
        waiter.check_wanted()?;
        let record = match record(&slot, &file) {
            Ok(record) => record,
            Err(fault) => return refused(&told, &fault, out),
        };
        if open.commit.is_some() {
            commitment.charge(file.key_width())?;
        }
        let inserted = waiter.attempt(&file, Patience::Usual, |contents| insert(open, commitment, &record, contents));
        if open.commit.is_some() && !matches!(inserted, Ok(Some(Ok(_)))) {
            commitment.uncharge(file.key_width());
        }
        if let Err(Failure::Waits) = inserted {
            open.written = Some((done, told));
            return Err(Failure::Waits);
        }
        match inserted?.unwrap_or(Err(Refused::Pending)) {
            Ok(rrn) => (told.records, told.rrn) = (told.records.saturating_add(1), rrn),
            Err(refusal) => return refused(&told, &refusal.fault(), out),
        }
        done += 1;
        waiter.part_ended();
    }
    records(None, &told, out)
}

/// S38UPDAT: replaces the record that the last read locked.
pub(super) fn update(
    open: &mut OpenDataPath,
    commitment: &mut Commitment,
    waiter: &mut LockWaiter,
    objects: &[Object],
    out: &mut Replies<'_>,
) -> Result<()> {
    let file = open.file.clone();
    let sent = slots(objects, &file)?;
    let record = match sent.get(0).filter(|_| sent.len() == 1) {
        Some(slot) => record(&slot, &file),
        None => return Err(ProtocolError::syntax(synerrcd::LENGTH, Some(cp::S38BUF)).into()),
    };
    match record {
        Ok(record) => change(open, commitment, waiter, Some(&record), out),
        Err(fault) => refused(&feedback(&file), &fault, out),
    }
}

/// S38DEL: deletes the record that the last read locked.
pub(super) fn delete(
    open: &mut OpenDataPath,
    commitment: &mut Commitment,
    waiter: &mut LockWaiter,
    out: &mut Replies<'_>,
) -> Result<()> {
    change(open, commitment, waiter, None, out)
}

/// Adds a record; none while a key has to be waited for.
fn insert(
    open: &OpenDataPath,
    commitment: &mut Commitment,
    record: &Record,
    contents: &mut Contents,
) -> Result<Option<std::result::Result<u32, Refused>>> {
    let reuse = contents.reuse;
    let member = member(contents, open)?;
    let last = member.last();
    let rrn = match member.insert(record.clone(), reuse, open.lock.job) {
        Ok(rrn) => rrn,
        Err(Refused::Pending) => return Ok(None),
        Err(refusal) => return Ok(Some(Err(refusal))),
    };
    let cycle = cycle(commitment, open);
    let kind = if rrn > last { EntryKind::ADDED } else { EntryKind::ADDED_IN_PLACE };
    open.file.journal_record(kind, commitment.author(), &open.member, (rrn, record), cycle);
    if open.commit.is_some() {
        note(commitment, open, rrn, None, None, member);
    }
    Ok(Some(Ok(rrn)))
}

/// Replaces or deletes the locked record.
fn change(
    open: &mut OpenDataPath,
    commitment: &mut Commitment,
    waiter: &mut LockWaiter,
    record: Option<&Record>,
    out: &mut Replies<'_>,
) -> Result<()> {
    let file = open.file.clone();
    let mut told = feedback(&file);
    let allowed = if record.is_some() { open.change } else { open.delete };
    let locked = open.locked.filter(|(_, kind)| allowed && *kind == RecordLock::Update);
    let Some((rrn, _)) = locked else {
        let text =
            if allowed { "No record is locked for an update or deletion." } else { "The file was not opened for it." };
        return refused(&told, &Fault::new("CPF501B", text), out);
    };
    let room = open.commit.is_some().then(|| file.definition.format.length as usize + file.key_width());
    if let Some(room) = room {
        commitment.charge(room)?;
    }
    let changed = waiter.attempt(&file, Patience::Usual, |contents| replace(open, commitment, rrn, record, contents));
    if let Some(room) = room.filter(|_| !matches!(changed, Ok(Some(Ok(()))))) {
        commitment.uncharge(room);
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
    open: &mut OpenDataPath,
    commitment: &mut Commitment,
    rrn: u32,
    record: Option<&Record>,
    contents: &mut Contents,
) -> Result<Option<std::result::Result<(), Refused>>> {
    let member = member(contents, open)?;
    let order = member.entry(rrn).map(|(_, order)| *order);
    let done = match record {
        Some(record) => member.replace(rrn, record.clone(), open.lock.job),
        None => member.remove(rrn),
    };
    let before = match done {
        Ok(before) => before,
        Err(Refused::Pending) => return Ok(None),
        Err(refusal) => return Ok(Some(Err(refusal))),
    };
    let cycle = cycle(commitment, open);
    let tell = |kind, image| {
        open.file.journal_record(kind, commitment.author(), &open.member, (rrn, image), cycle);
    };
    match (before.as_deref(), record) {
        (Some(before), Some(record)) => {
            tell(EntryKind::BEFORE, before);
            tell(EntryKind::AFTER, record);
        }
        (Some(before), None) => tell(EntryKind::DELETED, before),
        (None, _) => {}
    }
    if open.commit.is_some() {
        note(commitment, open, rrn, before, order, member);
    }
    open.unlock(contents);
    Ok(Some(Ok(())))
}

/// The number of the unit of work that a change belongs to; 0 without commitment control.
fn cycle(commitment: &mut Commitment, open: &OpenDataPath) -> u64 {
    if open.commit.is_some() { commitment.cycle(&open.file) } else { 0 }
}

/// Notes a change and locks its record until the unit of work ends.
fn note(
    commitment: &mut Commitment,
    open: &OpenDataPath,
    rrn: u32,
    before: Option<Record>,
    order: Option<i64>,
    member: &mut Member,
) {
    member.locks.take(rrn, open.lock.job, RecordLock::Update);
    member.reserve(rrn, before.as_deref(), open.lock.job);
    let (file, member) = (open.file.clone(), open.member.clone());
    commitment.keep(KeptLock { file: file.clone(), member: member.clone(), rrn, kind: RecordLock::Update });
    commitment.note(RecordChange { file, member, rrn, before, order });
}

fn member<'a>(contents: &'a mut Contents, open: &OpenDataPath) -> Result<&'a mut Member> {
    contents.member(&open.member).ok_or_else(|| Fault::new("CPF4102", "The member is no longer there.").into())
}

fn feedback(file: &PhysicalFile) -> IoFeedback {
    let format = &file.definition.format;
    IoFeedback { format: format.name.clone(), record_length: format.length, ..IoFeedback::default() }
}

/// The slots that came with a command.
fn slots<'a>(objects: &'a [Object], file: &PhysicalFile) -> Result<Slots<'a>> {
    let buffer = objects.iter().find(|o| o.cp == cp::S38BUF);
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
