//! A connection that takes part in global transactions: the branch that it works for, and its own session meanwhile.

use super::branches::{BranchName, Branches, Work};
use super::switch::{OpenSession, Switch};
use super::switched_session::SwitchedSession;
use crate::server::backend::{Backend, Login, Session};
use crate::server::budget::{Budget, Lease};
use crate::server::error::SqlError;
use crate::wire::sql::syncctl::{XaRetVal, Xid};
use std::sync::Arc;
use std::time::Instant;

/// The memory of a branch beside its changes.
const BRANCH: usize = 16 << 10;

/// SQLCODEs of values that are not allowed to be where they are: NULL, keys, references, conditions.
const INTEGRITY: [&str; 11] = ["-407", "-530", "-531", "-532", "-543", "-544", "-545", "-603", "-667", "-803", "-359"];

/// The branch that a connection works for.
pub(super) struct Association {
    pub(super) name: BranchName,
    pub(super) deadline: Option<Instant>,
    doomed: Option<XaRetVal>,
    /// Its time was over, and it is rolled back.
    expired: bool,
    lease: Lease,
}

/// A connection's part in global transactions.
pub(in crate::server) struct XaLink {
    pub(super) branches: Branches,
    pub(super) switch: Switch,
    connection: u64,
    user: String,
    database: String,
    association: Option<Association>,
    /// The session of local work while the connection works for a branch of others.
    own: Option<OpenSession>,
}

impl Drop for XaLink {
    fn drop(&mut self) {
        self.branches.hang_up(self.connection);
    }
}

impl XaLink {
    /// A connection with its first session of the engine; and its sessions as one.
    pub(in crate::server) fn new(
        branches: &Branches,
        first: Box<dyn Session>,
        backend: Arc<dyn Backend>,
        login: Login,
    ) -> (Box<dyn Session>, XaLink) {
        let connection = branches.connection();
        let (user, database) = (login.user.clone(), login.database.trim().to_uppercase());
        let switch = Switch::new(first, connection, backend, login);
        let (session, branches) = (SwitchedSession(switch.clone()), branches.clone());
        let link = XaLink { branches, switch, connection, user, database, association: None, own: None };
        (Box::new(session), link)
    }

    /// Drops the session that the connection works with; the next call gets another one.
    pub(in crate::server::sql) fn drop_session(&self) {
        drop(self.switch.take());
    }

    /// The name of a branch of this user.
    pub(super) fn name(&self, xid: &Xid) -> BranchName {
        BranchName { user: self.user.clone(), database: self.database.clone(), xid: xid.clone() }
    }

    /// The branches that wait for their outcome.
    pub(super) fn waiting(&self) -> Vec<Xid> {
        self.branches.waiting(&self.user, &self.database)
    }

    /// True while it works for a branch.
    pub(in crate::server::sql) fn is_associated(&self) -> bool {
        self.association.is_some()
    }

    /// True while it works for this branch.
    pub(super) fn works_for(&self, name: &BranchName) -> bool {
        self.association.as_ref().is_some_and(|association| association.name == *name)
    }

    /// Begins a branch with the session that the connection has.
    pub(super) fn start(
        &mut self,
        name: BranchName,
        deadline: Option<Instant>,
        budget: &Budget,
    ) -> Result<(), XaRetVal> {
        let lease = budget.lease(BRANCH).map_err(|_| XaRetVal::SERVER_ERROR)?;
        self.branches.start(&name, self.connection)?;
        self.association = Some(Association { name, deadline, doomed: None, expired: false, lease });
        Ok(())
    }

    /// Goes on with a branch, in its session.
    pub(super) fn go_on(&mut self, name: BranchName, suspended: bool) -> Result<(), XaRetVal> {
        let Work { session, doomed, deadline, _lease: lease, .. } =
            self.branches.go_on(&name, self.connection, suspended)?;
        self.own = self.switch.take();
        self.switch.put(session);
        self.association = Some(Association { name, deadline, doomed, expired: false, lease });
        Ok(())
    }

    /// Ends the association. The session stays with the branch.
    pub(super) fn end(&mut self, suspended: bool, fail: bool) -> XaRetVal {
        let Some(association) = self.association.take() else { return XaRetVal::PROTOCOL };
        let Association { name, deadline, doomed, expired, lease } = association;
        if expired {
            self.switch.refuse(false);
            self.switch.put(self.own.take());
            return XaRetVal::TIMEOUT;
        }
        let doomed = doomed.or(fail.then_some(XaRetVal::ROLLED_BACK));
        let changed = self.switch.changed().unwrap_or(true);
        let work = Work { session: self.switch.leave(), changed, doomed, deadline, _lease: lease, timer: None };
        self.switch.put(self.own.take());
        self.branches.leave(&name, self.connection, work, suspended);
        doomed.unwrap_or(XaRetVal::OK)
    }

    /// The same for a branch that it has suspended.
    pub(super) fn end_suspended(&self, name: &BranchName, fail: bool) -> Result<(), XaRetVal> {
        self.branches.end_suspended(name, self.connection, fail)
    }

    /// The error with which the engine has rolled its transaction back, as long as it was not told.
    pub(super) fn lost(&self) -> Option<SqlError> {
        self.switch.lost()
    }

    /// The engine has rolled the work of the branch back: nothing else can become of it.
    pub(in crate::server::sql) fn doom(&mut self, error: &SqlError) {
        if let Some(association) = &mut self.association {
            association.doomed.get_or_insert(outcome(error));
        }
    }

    /// When the branch has to be over; none once it was rolled back.
    pub(in crate::server::sql) fn deadline(&self) -> Option<Instant> {
        self.association
            .as_ref()
            .filter(|association| !association.expired)
            .and_then(|association| association.deadline)
    }

    /// The time of the branch is over: it exists no more, and statements are refused until the requester has ended the
    /// association. Its session has to be rolled back before.
    pub(in crate::server::sql) fn expire(&mut self) {
        if let Some(association) = &mut self.association {
            association.expired = true;
            self.branches.drop_active(&association.name, self.connection);
            self.switch.refuse(true);
        }
    }
}

/// The outcome of a branch that an error has ended.
pub(super) fn outcome(error: &SqlError) -> XaRetVal {
    match (error.sqlcode, error.tokens.first().map(String::as_str)) {
        (-911, Some("68")) => XaRetVal::TIMEOUT,
        (-911, _) => XaRetVal::DEADLOCK,
        // The transaction went with a statement that failed: the token says how.
        (-1476, Some(cause)) if INTEGRITY.contains(&cause) => XaRetVal::INTEGRITY,
        _ if error.sqlstate.starts_with("23") => XaRetVal::INTEGRITY,
        _ => XaRetVal::OTHER,
    }
}
