//! Commitment control: STRCMTCTL and ENDCMTCTL by S38CMD, CMMUOW and RLLBCKUOW. Changes of files
//! that were opened under it are undone by a rollback; files stay open and where they are.

use super::cl::BoundCommand;
use super::locks::RecordLock;
use super::member::{Record, Refused};
use super::message::{Fault, Result};
use super::open_files::OpenFiles;
use super::physical::PhysicalFile;
use super::reply::TEXT;
use super::rules::Quota;
use crate::server::journal::entry::{Author, EntryKind, JournalEntry};
use crate::server::journal::journal::Journal;
use crate::server::request::Replies;
use crate::wire::file::open::CommitLevel;
use crate::wire::file::session::ended;
use std::collections::HashSet;
use std::sync::Arc;

/// The memory of a note of a change beside its bytes.
const NOTE: usize = 256;

/// A change that can be undone.
pub(super) struct RecordChange {
    pub(super) file: Arc<PhysicalFile>,
    pub(super) member: String,
    pub(super) rrn: u32,
    /// The record before the change; none for one that was added.
    pub(super) before: Option<Record>,
    /// Its order among records with equal keys.
    pub(super) order: Option<i64>,
}

/// A record lock of a unit of work.
pub(super) struct KeptLock {
    pub(super) file: Arc<PhysicalFile>,
    pub(super) member: String,
    pub(super) rrn: u32,
    pub(super) kind: RecordLock,
}

/// Commitment control of a job, with its unit of work.
pub(super) struct Commitment {
    author: Arc<Author>,
    /// Commitment control is started, at this level.
    level: Option<CommitLevel>,
    changes: Vec<RecordChange>,
    /// The journals that have changes of it, each with its number there.
    cycles: Vec<(Arc<Journal>, u64)>,
    /// Records that stay locked until it ends.
    kept: Vec<KeptLock>,
    quota: Arc<Quota>,
    /// Bytes of the quota that these take.
    charged: usize,
}

impl Commitment {
    /// Not started.
    pub(super) fn new(author: Arc<Author>, quota: Arc<Quota>) -> Commitment {
        Commitment { author, level: None, changes: Vec::new(), cycles: Vec::new(), kept: Vec::new(), quota, charged: 0 }
    }

    /// The level of commitment control, where it is started.
    pub(super) fn level(&self) -> Option<CommitLevel> {
        self.level
    }

    /// Takes room for something to be undone, or to stay locked, until the end.
    pub(super) fn charge(&mut self, bytes: usize) -> Result<()> {
        if !self.quota.take(bytes + NOTE) {
            return Err(Refused::Full.fault().into());
        }
        self.charged += bytes + NOTE;
        Ok(())
    }

    /// Gives back the room of something that was not done.
    pub(super) fn uncharge(&mut self, bytes: usize) {
        self.quota.give(bytes + NOTE);
        self.charged -= bytes + NOTE;
    }

    /// Notes a change.
    pub(super) fn note(&mut self, change: RecordChange) {
        self.changes.push(change);
    }

    /// Keeps a record locked until the end.
    pub(super) fn keep(&mut self, lock: KeptLock) {
        self.kept.push(lock);
    }

    /// The job that it belongs to, as journals name it.
    pub(super) fn author(&self) -> &Author {
        &self.author
    }

    /// The number of the unit of work in the journal of a file; it begins there with its first change. 0 without a
    /// journal.
    pub(super) fn cycle(&mut self, file: &PhysicalFile) -> u64 {
        let Some(journal) = &file.journal else { return 0 };
        if let Some((_, cycle)) = self.cycles.iter().find(|(known, _)| Arc::ptr_eq(known, journal)) {
            return *cycle;
        }
        let cycle = journal.begin_cycle(&self.author);
        self.cycles.push((journal.clone(), cycle));
        cycle
    }

    /// The entries of a change that was undone.
    fn journal_undone(
        &mut self,
        file: &PhysicalFile,
        member: &str,
        rrn: u32,
        undone: Option<&[u8]>,
        back: Option<&[u8]>,
    ) {
        let cycle = self.cycle(file);
        let tell = |kind, image| file.journal_record(kind, &self.author, member, (rrn, image), cycle);
        match (undone, back) {
            (Some(undone), None) => tell(EntryKind::DELETED_BY_ROLLBACK, undone),
            (Some(undone), Some(back)) => {
                tell(EntryKind::BEFORE_ROLLBACK, undone);
                tell(EntryKind::AFTER_ROLLBACK, back);
            }
            (None, Some(back)) => tell(EntryKind::AFTER_ROLLBACK, back),
            (None, None) => {}
        }
    }

    /// The last entry of the unit of work in each journal.
    fn journal_end(&mut self, kind: EntryKind) {
        for (journal, cycle) in std::mem::take(&mut self.cycles) {
            journal.deposit(&JournalEntry { cycle, ..JournalEntry::of(kind, &self.author) });
        }
    }

    /// Undoes the changes, the last one first.
    pub(super) fn roll_back(&mut self, open: &mut OpenFiles) {
        let changes = std::mem::take(&mut self.changes);
        for RecordChange { file, member, rrn, before, order } in changes.iter().rev() {
            if let Some(member) = file.contents().member(member) {
                let undone = member.get(*rrn).map(Record::from);
                member.put_back(*rrn, before.clone(), *order);
                self.journal_undone(file, &member.name, *rrn, undone.as_deref(), before.as_deref());
            }
        }
        self.journal_end(EntryKind::ROLLBACK);
        self.end(&changes, open);
    }

    fn commit(&mut self, open: &mut OpenFiles) {
        let changes = std::mem::take(&mut self.changes);
        self.journal_end(EntryKind::COMMIT);
        self.end(&changes, open);
    }

    /// Releases the records and keys of the unit of work.
    fn end(&mut self, changes: &[RecordChange], open: &mut OpenFiles) {
        self.quota.give(std::mem::take(&mut self.charged));
        let mut seen = HashSet::new();
        for RecordChange { file, member: name, .. } in changes {
            if seen.insert((Arc::as_ptr(file), name))
                && let Some(member) = file.contents().member(name)
            {
                member.unreserve(self.author.job);
            }
        }
        for KeptLock { file, member, rrn, kind } in std::mem::take(&mut self.kept) {
            if let Some(member) = file.contents().member(&member) {
                member.locks.release(rrn, self.author.job, kind);
            }
            file.wake();
        }
        open.committed().for_each(|open| open.release());
    }

    fn check_active(&self) -> Result<()> {
        match self.level {
            Some(_) => Ok(()),
            None => Err(Fault::new("CPF8350", "Commitment control is not active.").into()),
        }
    }
}

/// CMMUOW.
pub(super) fn cmmuow(commitment: &mut Commitment, open: &mut OpenFiles, out: &mut Replies<'_>) -> Result<()> {
    commitment.check_active()?;
    commitment.commit(open);
    out.reply(&ended(true).encode(TEXT)?);
    Ok(())
}

/// RLLBCKUOW.
pub(super) fn rllbckuow(commitment: &mut Commitment, open: &mut OpenFiles, out: &mut Replies<'_>) -> Result<()> {
    commitment.check_active()?;
    commitment.roll_back(open);
    out.reply(&ended(false).encode(TEXT)?);
    Ok(())
}

/// STRCMTCTL.
pub(super) fn start(commitment: &mut Commitment, command: &BoundCommand) -> Result<Fault> {
    if commitment.level.is_some() {
        return Err(Fault::new("CPF8351", "Commitment control is already active.").into());
    }
    commitment.level = Some(match command.need("LCKLVL")?.as_str() {
        "*CHG" => CommitLevel::Change,
        "*CS" => CommitLevel::CursorStability,
        "*ALL" => CommitLevel::All,
        other => return Err(Fault::new("CPD0084", format!("LCKLVL({other}) is not valid.")).into()),
    });
    Ok(Fault::done("CPI8351", "Commitment control is active; no changes are pending."))
}

/// ENDCMTCTL. Changes that are not committed are undone.
pub(super) fn end(commitment: &mut Commitment, open: &mut OpenFiles) -> Result<Fault> {
    commitment.check_active()?;
    if open.committed().next().is_some() {
        return Err(Fault::new("CPF8355", "Files are open under commitment control.").into());
    }
    commitment.roll_back(open);
    commitment.level = None;
    Ok(Fault::done("CPI8351", "Commitment control is ended."))
}

/// COMMIT as a command.
pub(super) fn commit(commitment: &mut Commitment, open: &mut OpenFiles) -> Result<Fault> {
    commitment.check_active()?;
    commitment.commit(open);
    Ok(Fault::done("CPC8350", "Changes are committed."))
}

/// ROLLBACK as a command.
pub(super) fn roll_back(commitment: &mut Commitment, open: &mut OpenFiles) -> Result<Fault> {
    commitment.check_active()?;
    commitment.roll_back(open);
    Ok(Fault::done("CPC8351", "Changes are undone."))
}
