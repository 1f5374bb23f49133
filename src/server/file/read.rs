//! S38GET, S38GETM, S38GETD, S38GETK: records by their place, their number or their key, with or
//! without a lock.

use super::cursor::{CursorPlace, seek};
use super::dispatch::{TEXT, records, refused};
use super::job::{Job, KeptLock, OpenDataPath};
use super::locks::RecordLock;
use super::member::Member;
use super::message::{Failure, Fault, Result};
use super::open::BLOCK;
use super::physical::Contents;
use crate::server::protocol_error::{ProtocolError, synerrcd};
use crate::server::request::Replies;
use crate::wire::ddm::codepoint::{self as cp, CodePoint};
use crate::wire::file::buffer::{RecordSlot, put_received};
use crate::wire::file::control::{Optl, Share, Which};
use crate::wire::file::iofb::IoFeedback;
use crate::wire::file::open::CommitLevel;
use crate::wire::file::read::{S38Get, S38GetD, S38GetK, S38GetM};
use crate::wire::file::system_name::DclNam;
use std::sync::MutexGuard;

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

impl Job {
    pub(super) fn get(&mut self, body: &[u8], out: &mut Replies<'_>) -> Result<()> {
        let S38Get { dclnam, optl } = S38Get::decode(body, TEXT)?;
        self.read(dclnam, optl, &ReadTarget::Step(place(optl)?), 1, out)
    }

    pub(super) fn get_many(&mut self, body: &[u8], out: &mut Replies<'_>) -> Result<()> {
        let S38GetM { dclnam, optl, ctll } = S38GetM::decode(body, TEXT)?;
        let count = ctll.count.filter(|n| *n > 0).ok_or_else(|| value(cp::S38CTLL))?;
        self.read(dclnam, optl, &ReadTarget::Step(place(optl)?), usize::from(count), out)
    }

    pub(super) fn get_direct(&mut self, body: &[u8], out: &mut Replies<'_>) -> Result<()> {
        let S38GetD { dclnam, optl, ctll } = S38GetD::decode(body, TEXT)?;
        let rrn = ctll.rrn.filter(|_| optl.which == Which::Rrn).ok_or_else(|| value(cp::S38CTLL))?;
        self.read(dclnam, optl, &ReadTarget::Number(rrn), 1, out)
    }

    pub(super) fn get_by_key(&mut self, body: &[u8], out: &mut Replies<'_>) -> Result<()> {
        let S38GetK { dclnam, optl, ctll } = S38GetK::decode(body, TEXT)?;
        let open = self.open_file(dclnam)?;
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
        self.read(dclnam, optl, &target, 1, out)
    }

    fn read(
        &mut self,
        name: DclNam,
        optl: Optl,
        target: &ReadTarget,
        most: usize,
        out: &mut Replies<'_>,
    ) -> Result<()> {
        let id = self.id;
        let open = self.open_file(name)?;
        if !open.read {
            return Err(Fault::new("CPF9898", "The file was not opened for input.").into());
        }
        let file = open.file.clone();
        let layout = file.layout();
        let kind = lock_kind(open, optl.share);
        if releases(optl.share) {
            let unlocked = Job::unlock(open, &mut file.contents(), id);
            if unlocked {
                file.wake();
            }
        }
        let most = match kind {
            Some(RecordLock::Update) => 1,
            _ => most.min(BLOCK / layout.increment.max(1)).max(1),
        };
        let (mut slots, mut count, mut last) = (Vec::new(), 0, 0);
        let mut feedback = IoFeedback {
            format: file.definition.format.name.clone(),
            record_length: layout.record as u32,
            ..IoFeedback::default()
        };
        let all = open.commit == Some(CommitLevel::All);
        if kind.is_none() {
            (count, last) = self.unlocked(name, optl.share, target, most, &mut slots)?;
        }
        // With locks, the first record may have to be waited for. Those before one that is in the way are sent.
        while kind.is_some() && count < most {
            if all {
                self.charge(0)?;
            }
            let attempt = |job: &mut Job, contents: &mut MutexGuard<'_, Contents>| {
                job.attempt(name, optl.share, target, kind, contents)
            };
            let waits = count == 0 && !matches!(optl.share, Share::UpdateNoWait | Share::UpdateNoWaitStay);
            let found = self.patiently(&file, attempt, waits);
            if all && !matches!(found, Ok(Some(Attempt::Record(..)))) {
                self.uncharge(0);
            }
            match found? {
                Some(Attempt::Record(rrn, record)) => {
                    let (record, nulls) = record.split_at_checked(layout.record).unwrap_or_default();
                    put_received(&layout, &RecordSlot { record, rrn, nulls }, &mut slots);
                    (count, last) = (count + 1, rrn);
                }
                Some(Attempt::Nothing) => break,
                None if count > 0 => break,
                None => return refused(&feedback, &Fault::in_use(self.wanted(name, target)), out),
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
        &mut self,
        name: DclNam,
        share: Share,
        target: &ReadTarget,
        most: usize,
        slots: &mut Vec<u8>,
    ) -> Result<(usize, u32)> {
        let open = self.open_file(name)?;
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
        &mut self,
        name: DclNam,
        share: Share,
        target: &ReadTarget,
        kind: Option<RecordLock>,
        contents: &mut Contents,
    ) -> Result<Option<Attempt>> {
        let id = self.id;
        let open = self.open_file(name)?;
        let member = contents.member(&open.member).ok_or_else(gone)?;
        let Some((rrn, record)) = found(open, member, target).map(|(rrn, record)| (rrn, record.to_vec())) else {
            ended(open, target, share);
            return Ok(Some(Attempt::Nothing));
        };
        if let Some(kind) = kind {
            if !member.locks.take(rrn, id, kind) {
                return Ok(None);
            }
            // What was locked before, by a read that did not let go.
            if let Some((old, of)) = open.locked.replace((rrn, kind)) {
                member.locks.release(old, id, of);
            }
        }
        if moves(share) {
            open.place = CursorPlace::on(member, rrn, open.keyed);
        }
        if let (Some(kind), Some(CommitLevel::All)) = (kind, open.commit) {
            member.locks.take(rrn, id, kind);
            let (file, member) = (open.file.clone(), open.member.clone());
            self.kept.push(KeptLock { file, member, rrn, kind });
        }
        Ok(Some(Attempt::Record(rrn, record)))
    }

    /// The number of the record that was waited for in vain.
    fn wanted(&mut self, name: DclNam, target: &ReadTarget) -> u32 {
        let Ok(open) = self.open_file(name) else { return 0 };
        let mut contents = open.file.contents();
        let Some(member) = contents.member(&open.member) else { return 0 };
        found(open, member, target).map_or(0, |(rrn, _)| rrn)
    }
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
