//! The SQL side of one connection, from ACCRDB on: the engine's session and everything that commands leave in it. The
//! handlers of commands are functions in the files named after them; [`dispatch`](super::dispatch) lists them.

use super::cursors::Cursors;
use super::lob_locator::Locators;
use super::packages::PackageRegistry;
use super::section::{Binding, FilledSection, Section, SectionStatement, Statements};
use super::xa::link::XaLink;
use crate::server::backend::{Interrupt, Session};
use crate::server::budget::Budget;
use crate::server::environment::Environment;
use crate::server::error::SqlError;
use crate::server::protocol_error::Result;
use crate::server::request::{After, Replies};
use crate::wire::ddm::codepoint as cp;
use crate::wire::sql::package::PkgNamCsn;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// The unit of work under way.
#[derive(Debug, Default)]
pub(super) struct UnitOfWork {
    /// RDBUPDRM was sent.
    updated: bool,
}

impl UnitOfWork {
    /// True after a change.
    pub(super) fn has_changed(&self) -> bool {
        self.updated
    }

    /// Notes a change; true for the first.
    pub(super) fn first_change(&mut self) -> bool {
        !std::mem::replace(&mut self.updated, true)
    }
}

/// An open database.
pub(in crate::server) struct SqlSession {
    /// Dropped before the engine's session, which their rows come from.
    pub(super) cursors: Cursors,
    /// The part in global transactions, where that was agreed.
    pub(super) xa: Option<XaLink>,
    engine: Box<dyn Session>,
    pub(super) statements: Statements,
    pub(super) locators: Locators,
    pub(super) uow: UnitOfWork,
    /// The package that is being bound.
    pub(super) binding: Option<Binding>,
    pub(super) packages: Arc<PackageRegistry>,
    /// The memory that the requester may make the server hold.
    pub(super) budget: Budget,
    /// Set once nobody waits for replies any more.
    abandoned: Arc<AtomicBool>,
    /// The command was ended by an interrupt.
    broken_off: bool,
}

impl SqlSession {
    /// Just opened. `abandoned` says whether anybody still waits for replies.
    pub(in crate::server) fn new(
        engine: Box<dyn Session>,
        xa: Option<XaLink>,
        packages: Arc<PackageRegistry>,
        budget: &Budget,
        abandoned: Arc<AtomicBool>,
    ) -> SqlSession {
        SqlSession {
            cursors: Cursors::default(),
            xa,
            engine,
            statements: Statements::default(),
            locators: Locators::new(budget),
            uow: UnitOfWork::default(),
            binding: None,
            packages,
            budget: budget.clone(),
            abandoned,
            broken_off: false,
        }
    }

    /// Breaks off the statement under way, where the engine can.
    pub(in crate::server) fn interrupt(&self) -> Option<Interrupt> {
        self.engine.interrupt()
    }

    /// True once after a command that an interrupt has ended.
    pub(in crate::server) fn take_broken_off(&mut self) -> bool {
        std::mem::take(&mut self.broken_off)
    }

    /// Notes how a statement failed.
    pub(super) fn note(&mut self, error: &SqlError) {
        self.broken_off |= error.is_interrupted() || error.rolled_back;
    }

    /// Set once nobody waits for replies any more.
    pub(super) fn abandoned(&self) -> Arc<AtomicBool> {
        self.abandoned.clone()
    }

    /// The engine's session, of which nothing is asked: calls on it come one at a time.
    pub(super) fn engine(&mut self) -> &mut dyn Session {
        self.cursors.settle(None, None);
        self.engine.as_mut()
    }

    /// Waits until nothing is asked of the engine any more. Rows that nobody wants are broken off, where the engine
    /// can.
    pub(in crate::server) fn break_off(&mut self) {
        let interrupt = self.engine.interrupt();
        self.cursors.settle(None, interrupt.as_ref());
    }

    /// The section of a package in which statements may run; -805 for another.
    pub(super) fn section(&self, name: &PkgNamCsn) -> std::result::Result<Section, SqlError> {
        if self.packages.contains(&name.collection, &name.package) {
            return Ok((name.collection.clone(), name.package.clone(), name.section));
        }
        let token: String = name.token.iter().map(|b| format!("{b:02X}")).collect();
        let full = format!("{}.{} 0X{token}", name.collection, name.package);
        Err(SqlError::new(-805, "51002", &[&full]))
    }

    /// The contents of a section.
    pub(super) fn statement(&self, section: &Section) -> Option<&SectionStatement> {
        self.statements.get(section).map(|FilledSection { statement, .. }| statement)
    }

    /// The engine runs the statement of a section for one command at a time.
    pub(super) fn gathers_no_more(&mut self, section: &Section) {
        if let Some(FilledSection { statement: SectionStatement::Prepared { gathers, .. }, .. }) =
            self.statements.get_mut(section)
        {
            *gathers = false;
        }
    }

    /// Empties a section; its queries end.
    pub(super) fn clear_section(&mut self, section: &Section) {
        match self.statements.remove(section).map(|filled| filled.statement) {
            Some(SectionStatement::Prepared { prepared, .. }) => self.engine().forget(prepared.statement),
            Some(SectionStatement::Routine(call)) => self.engine().forget(call.prepared.statement),
            _ => {}
        }
        self.cursors.close_section(section);
    }

    /// Makes the changes last.
    pub(super) fn commit(&mut self) -> std::result::Result<(), SqlError> {
        // Queries that end with the unit of work are read no further: their rows need not be kept for that.
        self.cursors.settle(None, None);
        self.cursors.end_unit_of_work(false);
        let done = self.engine().commit();
        if done.is_ok() {
            self.end_unit_of_work(false);
        }
        done
    }

    /// Undoes the changes.
    pub(in crate::server) fn rollback(&mut self) -> std::result::Result<(), SqlError> {
        // The rows that open queries have still to come go with them.
        self.break_off();
        let done = self.engine().rollback();
        if done.is_ok() {
            self.end_unit_of_work(true);
        }
        done
    }

    /// When the branch that is worked for has to be over.
    pub(in crate::server) fn branch_deadline(&self) -> Option<Instant> {
        self.xa.as_ref().and_then(XaLink::deadline)
    }

    /// Rolls the branch back that is worked for, if its time is over.
    pub(in crate::server) fn expire_branch(&mut self) {
        if self.branch_deadline().is_some_and(|deadline| deadline <= Instant::now()) {
            let undone = self.rollback().is_ok();
            if let Some(xa) = &mut self.xa {
                if !undone {
                    // Dropped, it rolls back: its branch is gone all the same.
                    xa.drop_session();
                }
                xa.expire();
            }
        }
    }

    /// Forgets everything that lives no longer than its unit of work.
    pub(super) fn end_unit_of_work(&mut self, rolled_back: bool) {
        self.uow = UnitOfWork::default();
        self.locators.clear();
        self.cursors.end_unit_of_work(rolled_back);
    }

    /// Notes how a statement failed that is about to be told; true where the transaction is gone with it.
    pub(super) fn undo(&mut self, error: &SqlError) -> bool {
        self.note(error);
        if error.rolled_back {
            if let Some(xa) = &mut self.xa {
                xa.doom(error);
            }
            self.end_unit_of_work(true);
            // The engine may hold the loss against each statement until it hears that it is known. It has nothing to undo.
            let _ = self.engine().rollback();
        }
        error.rolled_back
    }

    /// The SQLCARD of an error, with the message that the transaction is gone where that is so.
    pub(super) fn fail(&mut self, env: &Environment, error: &SqlError, out: &mut Replies<'_>) -> Result<()> {
        if self.undo(error) {
            out.reply(&env.database_reply(cp::ABNUOWRM).encode(env.text)?);
        }
        env.card(Some(&env.sqlca(error)), out)
    }

    /// The SQLCARD of a command that has no other reply.
    pub(super) fn conclude(
        &mut self,
        env: &Environment,
        done: std::result::Result<(), SqlError>,
        out: &mut Replies<'_>,
    ) -> Result<After> {
        match done {
            Ok(()) => env.card(Some(&env.success(None)), out)?,
            Err(error) => self.fail(env, &error, out)?,
        }
        Ok(After::Next)
    }
}
