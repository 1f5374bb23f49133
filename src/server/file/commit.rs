//! Commitment control: STRCMTCTL and ENDCMTCTL by S38CMD, CMMUOW and RLLBCKUOW. Changes of files
//! that were opened under it are undone by a rollback; files stay open and where they are.

use super::cl::BoundCommand;
use super::dispatch::TEXT;
use super::job::{Job, KeptLock, RecordChange};
use super::message::{Fault, Result};
use crate::server::request::Replies;
use crate::wire::file::open::CommitLevel;
use crate::wire::file::session::{CmmUow, RllBckUow, ended};
use std::collections::HashSet;
use std::sync::Arc;

impl Job {
    pub(super) fn commit_command(&mut self, body: &[u8], out: &mut Replies<'_>) -> Result<()> {
        CmmUow::decode(body, TEXT)?;
        self.active()?;
        self.commit();
        out.reply(&ended(true).encode(TEXT)?);
        Ok(())
    }

    pub(super) fn rollback_command(&mut self, body: &[u8], out: &mut Replies<'_>) -> Result<()> {
        RllBckUow::decode(body, TEXT)?;
        self.active()?;
        self.roll_back();
        out.reply(&ended(false).encode(TEXT)?);
        Ok(())
    }

    /// STRCMTCTL.
    pub(super) fn start_commitment(&mut self, command: &BoundCommand) -> Result<Fault> {
        if self.commitment.is_some() {
            return Err(Fault::new("CPF8351", "Commitment control is already active.").into());
        }
        self.commitment = Some(match command.need("LCKLVL")?.as_str() {
            "*CHG" => CommitLevel::Change,
            "*CS" => CommitLevel::CursorStability,
            "*ALL" => CommitLevel::All,
            other => return Err(Fault::new("CPD0084", format!("LCKLVL({other}) is not valid.")).into()),
        });
        Ok(Fault::done("CPI8351", "Commitment control is active; no changes are pending."))
    }

    /// ENDCMTCTL. Changes that are not committed are undone.
    pub(super) fn end_commitment(&mut self) -> Result<Fault> {
        self.active()?;
        if self.open.values().any(|open| open.commit.is_some()) {
            return Err(Fault::new("CPF8355", "Files are open under commitment control.").into());
        }
        self.roll_back();
        self.commitment = None;
        Ok(Fault::done("CPI8351", "Commitment control is ended."))
    }

    /// COMMIT as a command.
    pub(super) fn commit_now(&mut self) -> Result<Fault> {
        self.active()?;
        self.commit();
        Ok(Fault::done("CPC8350", "Changes are committed."))
    }

    /// ROLLBACK as a command.
    pub(super) fn roll_back_now(&mut self) -> Result<Fault> {
        self.active()?;
        self.roll_back();
        Ok(Fault::done("CPC8351", "Changes are undone."))
    }

    /// Undoes what was not committed, the last change first.
    pub(super) fn roll_back(&mut self) {
        let changes = std::mem::take(&mut self.changes);
        for RecordChange { file, member, rrn, before, order } in changes.iter().rev() {
            if let Some(member) = file.contents().member(member) {
                member.put_back(*rrn, before.clone(), *order);
            }
        }
        self.unit_ended(&changes);
    }

    fn commit(&mut self) {
        let changes = std::mem::take(&mut self.changes);
        self.unit_ended(&changes);
    }

    /// Lets go of the records and keys of the unit of work.
    fn unit_ended(&mut self, changes: &[RecordChange]) {
        let id = self.id;
        self.discharge();
        let mut seen = HashSet::new();
        for RecordChange { file, member: name, .. } in changes {
            if seen.insert((Arc::as_ptr(file), name))
                && let Some(member) = file.contents().member(name)
            {
                member.unreserve(id);
            }
        }
        for KeptLock { file, member, rrn, kind } in std::mem::take(&mut self.kept) {
            if let Some(member) = file.contents().member(&member) {
                member.locks.release(rrn, id, kind);
            }
            file.wake();
        }
        for open in self.open.values_mut().filter(|open| open.commit.is_some()) {
            let file = open.file.clone();
            if Job::unlock(open, &mut file.contents(), id) {
                file.wake();
            }
        }
    }

    fn active(&self) -> Result<()> {
        match self.commitment {
            Some(_) => Ok(()),
            None => Err(Fault::new("CPF8350", "Commitment control is not active.").into()),
        }
    }
}
