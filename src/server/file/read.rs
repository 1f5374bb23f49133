//! S38GET, S38GETM, S38GETD, S38GETK: records by their place, their number or their key, with or
//! without a lock.

use super::commit::{Commitment, KeptLock};
use super::cursor::{CursorPlace, seek};
use super::lock_wait::{LockWaiter, Patience};
use super::locks::RecordLock;
use super::member::Member;
use super::message::{Failure, Fault, Result};
use super::open::BLOCK;
use super::open_files::{OpenDataPath, OpenFiles};
use super::physical::Contents;
use super::reply::{records, refused};
use crate::server::protocol_error::{ProtocolError, synerrcd};
use crate::server::request::Replies;
use crate::wire::ddm::codepoint::{self as cp, CodePoint};
use crate::wire::file::buffer::{RecordSlot, put_received};
use crate::wire::file::control::{Optl, Share, Which};
use crate::wire::file::iofb::IoFeedback;
use crate::wire::file::open::CommitLevel;
use crate::wire::file::read::{S38Get, S38GetD, S38GetK, S38GetM};

/// The record that is looked for.
enum ReadTarget {
    Step(Which),
    Number(u32),
    Key(Which, Vec<u8>),
}

/// The outcome of one attempt to read a record.
enum Attempt {
    /// This one, with this lock.
    Record(u32, Vec<u8>),
    Nothing,
}

/// A read: the record that is looked for, how, and how many from there on.
struct ReadRequest {
    optl: Optl,
    target: ReadTarget,
    most: usize,
}

/// S38GET: a record by its place.
pub(super) fn get(
    open: &mut OpenFiles,
    commitment: &mut Commitment,
    waiter: &mut LockWaiter,
    command: S38Get,
    out: &mut Replies<'_>,
) -> Result<()> {
    let S38Get { dclnam, optl } = command;
    let request = ReadRequest { optl, target: ReadTarget::Step(place(optl)?), most: 1 };
    read(open.get(dclnam)?, commitment, waiter, &request, out)
}

/// S38GETM: several records from a place on.
pub(super) fn get_many(
    open: &mut OpenFiles,
    commitment: &mut Commitment,
    waiter: &mut LockWaiter,
    command: S38GetM,
    out: &mut Replies<'_>,
) -> Result<()> {
    let S38GetM { dclnam, optl, ctll } = command;
    let count = ctll.count.filter(|n| *n > 0).ok_or_else(|| value(cp::S38CTLL))?;
    let request = ReadRequest { optl, target: ReadTarget::Step(place(optl)?), most: usize::from(count) };
    read(open.get(dclnam)?, commitment, waiter, &request, out)
}

/// S38GETD: a record by its number.
pub(super) fn get_direct(
    open: &mut OpenFiles,
    commitment: &mut Commitment,
    waiter: &mut LockWaiter,
    command: S38GetD,
    out: &mut Replies<'_>,
) -> Result<()> {
    let S38GetD { dclnam, optl, ctll } = command;
    let rrn = ctll.rrn.filter(|_| optl.which == Which::Rrn).ok_or_else(|| value(cp::S38CTLL))?;
    let request = ReadRequest { optl, target: ReadTarget::Number(rrn), most: 1 };
    read(open.get(dclnam)?, commitment, waiter, &request, out)
}

/// S38GETK: a record by its key.
pub(super) fn get_by_key(
    open: &mut OpenFiles,
    commitment: &mut Commitment,
    waiter: &mut LockWaiter,
    command: S38GetK,
    out: &mut Replies<'_>,
) -> Result<()> {
    let S38GetK { dclnam, optl, ctll } = command;
    let open = open.get(dclnam)?;
    let Some(path) = open.file.path().filter(|_| open.keyed) else {
        return Err(Fault::new("CPF9898", "The file was not opened for access by key.").into());
    };
    let target = match optl.which {
        Which::KeyBefore | Which::KeyAtOrBefore | Which::KeyAt | Which::KeyAtOrAfter | Which::KeyAfter => {
            let key = path.of_request(ctll.key_fields.unwrap_or(0), ctll.key.as_deref().unwrap_or_default());
            ReadTarget::Key(optl.which, key.ok_or_else(|| value(cp::S38CTLL))?)
        }
        _ => ReadTarget::Step(place(optl)?),
    };
    read(open, commitment, waiter, &ReadRequest { optl, target, most: 1 }, out)
}

fn read(
    open: &mut OpenDataPath,
    commitment: &mut Commitment,
    waiter: &mut LockWaiter,
    request: &ReadRequest,
    out: &mut Replies<'_>,
) -> Result<()> {
    if !open.read {
        return Err(Fault::new("CPF9898", "The file was not opened for input.").into());
    }
    let ReadRequest { optl, target, most } = request;
    let file = open.file.clone();
    let layout = file.layout();
    let kind = lock_kind(open, optl.share);
    if releases(optl.share) {
        open.release();
    }
    let most = match kind {
        Some(RecordLock::Update) => 1,
        _ => (*most).min(BLOCK / layout.increment.max(1)).max(1),
    };
    let (mut slots, mut count, mut last) = (Vec::new(), 0, 0);
    let mut feedback = IoFeedback {
        format: file.definition.format.name.clone(),
        record_length: layout.record as u32,
        ..IoFeedback::default()
    };
    let all = open.commit == Some(CommitLevel::All);
    if kind.is_none() {
        (count, last) = unlocked(open, optl.share, target, most, &mut slots)?;
    }
    let patience = match optl.share {
        Share::UpdateNoWait | Share::UpdateNoWaitStay => Patience::None,
        _ => Patience::Usual,
    };
    // With locks, the first record may have to be waited for. Those before one that is in the way are sent.
    while let Some(kind) = kind
        && count < most
    {
        if all {
            commitment.charge(0)?;
        }
        let patience = if count == 0 { patience } else { Patience::None };
        let before = open.locked;
        let found = waiter.attempt(&file, patience, |contents| attempt(open, commitment, request, kind, contents));
        if all && !matches!(found, Ok(Some(Attempt::Record(..)))) {
            commitment.uncharge(0);
        }
        match found? {
            Some(Attempt::Record(rrn, record)) => {
                // The record that was locked before has been let go.
                if before.is_some() {
                    file.wake();
                }
                let (record, nulls) = record.split_at_checked(layout.record).unwrap_or_default();
                put_received(&layout, &RecordSlot { record, rrn, nulls }, &mut slots);
                (count, last) = (count + 1, rrn);
            }
            Some(Attempt::Nothing) => break,
            None if count > 0 => break,
            None => return refused(&feedback, &Fault::in_use(wanted(open, target)), out),
        }
    }
    if count == 0 {
        let fault = match target {
            ReadTarget::Step(Which::First | Which::Last | Which::Next | Which::Previous) => Fault::end(),
            _ => Fault::no_record(),
        };
        return refused(&feedback, &fault, out);
    }
    feedback.records = if optl.data { count as u16 } else { 0 };
    feedback.rrn = last;
    if kind.is_some() {
        (feedback.locked, feedback.locked_rrn) = (1, last);
    }
    records(optl.data.then_some(&slots), &feedback, out)
}

/// Reads up to `most` records without locks, all under one look at the file: how many there were, and the
/// number of the last.
fn unlocked(
    open: &mut OpenDataPath,
    share: Share,
    target: &ReadTarget,
    most: usize,
    slots: &mut Vec<u8>,
) -> Result<(usize, u32)> {
    let file = open.file.clone();
    let layout = file.layout();
    let mut contents = file.contents();
    let member = contents.member(&open.member).ok_or_else(gone)?;
    slots.reserve(most.min(member.last() as usize) * layout.increment);
    let (mut count, mut last) = (0, 0);
    while count < most {
        let Some((rrn, record)) = found(open, member, target) else {
            ended(open, target, share);
            break;
        };
        let (record, nulls) = record.split_at_checked(layout.record).unwrap_or_default();
        put_received(&layout, &RecordSlot { record, rrn, nulls }, slots);
        (count, last) = (count + 1, rrn);
        if moves(share) {
            open.place = CursorPlace::on(member, rrn, open.keyed);
        }
    }
    Ok((count, last))
}

/// Finds the record and locks it; none when another job has it.
fn attempt(
    open: &mut OpenDataPath,
    commitment: &mut Commitment,
    request: &ReadRequest,
    kind: RecordLock,
    contents: &mut Contents,
) -> Result<Option<Attempt>> {
    let (share, job) = (request.optl.share, open.lock.job);
    let member = contents.member(&open.member).ok_or_else(gone)?;
    let Some((rrn, record)) = found(open, member, &request.target).map(|(rrn, record)| (rrn, record.to_vec())) else {
        ended(open, &request.target, share);
        return Ok(Some(Attempt::Nothing));
    };
    if !member.locks.take(rrn, job, kind) {
        return Ok(None);
    }
    // The lock of a read before that did not let go.
    if let Some((old, of)) = open.locked.replace((rrn, kind)) {
        member.locks.release(old, job, of);
    }
    if moves(share) {
        open.place = CursorPlace::on(member, rrn, open.keyed);
    }
    if open.commit == Some(CommitLevel::All) {
        member.locks.take(rrn, job, kind);
        commitment.keep(KeptLock { file: open.file.clone(), member: open.member.clone(), rrn, kind });
    }
    Ok(Some(Attempt::Record(rrn, record)))
}

/// The number of the record that was waited for in vain.
fn wanted(open: &OpenDataPath, target: &ReadTarget) -> u32 {
    let mut contents = open.file.contents();
    let Some(member) = contents.member(&open.member) else { return 0 };
    found(open, member, target).map_or(0, |(rrn, _)| rrn)
}

/// The record to which a read leads from the current position.
fn found<'a>(open: &OpenDataPath, member: &'a Member, target: &ReadTarget) -> Option<(u32, &'a [u8])> {
    let rrn = match target {
        ReadTarget::Step(which) => open.place.step(member, open.keyed, *which)?,
        ReadTarget::Number(rrn) => *rrn,
        ReadTarget::Key(which, key) => seek(member, *which, key)?,
    };
    Some((rrn, member.get(rrn)?))
}

/// A read in a direction found nothing: the file stands at that end.
fn ended(open: &mut OpenDataPath, target: &ReadTarget, share: Share) {
    match target {
        ReadTarget::Step(Which::Next) if moves(share) => open.place = CursorPlace::After,
        ReadTarget::Step(Which::Previous) if moves(share) => open.place = CursorPlace::Before,
        _ => {}
    }
}

/// True when the file stands on what was read.
fn moves(share: Share) -> bool {
    !matches!(share, Share::ReadStay | Share::ReadReleaseStay | Share::UpdateStay | Share::UpdateNoWaitStay)
}

fn gone() -> Failure {
    Fault::new("CPF4102", "The member is no longer there.").into()
}

/// A move from the current position.
fn place(optl: Optl) -> Result<Which> {
    match optl.which {
        Which::First
        | Which::Last
        | Which::Next
        | Which::Previous
        | Which::NextUnique
        | Which::PreviousUnique
        | Which::NextEqual
        | Which::PreviousEqual
        | Which::Same => Ok(optl.which),
        _ => Err(value(cp::S38OPTL)),
    }
}

/// The lock that a read takes. Files that are only read lock under commitment control alone.
fn lock_kind(open: &OpenDataPath, share: Share) -> Option<RecordLock> {
    let for_update = matches!(share, Share::Update | Share::UpdateStay | Share::UpdateNoWait | Share::UpdateNoWaitStay);
    if for_update && (open.change || open.delete) {
        return Some(RecordLock::Update);
    }
    matches!(open.commit, Some(CommitLevel::CursorStability | CommitLevel::All)).then_some(RecordLock::Read)
}

/// True when the record locked before is let go: an update never meets another record than the one
/// that was read last.
fn releases(share: Share) -> bool {
    share != Share::ReadStay
}

fn value(parameter: CodePoint) -> Failure {
    Failure::Protocol(ProtocolError::syntax(synerrcd::VALUE, Some(parameter)))
}
