//! The agreements that the two sides made when they connected. Every later conversation reads them.

use super::interrupt_token::InterruptToken;
use crate::flow::secmec::mechanism::Mechanism;
use crate::wire::ddm::rdbname::RdbName;
use crate::wire::ddm::text::DdmText;
use crate::wire::sql::accrdb::ServerAddress;
use crate::wire::sql::layout::ServerClass;
use crate::wire::value::product::Product;
use crate::wire::value::typdef::TypDef;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The agreement.
#[derive(Debug, Clone)]
pub struct Session {
    /// The product.
    pub product: Product,
    /// Product, version, release, modification: `CSS10140`.
    pub prdid: String,
    /// Server class name: `Apache Derby`, `QDB2/LINUXX8664`, `QAS`.
    pub class: String,
    /// Release level in the server's words.
    pub release: String,
    /// The system's name (SRVNAM).
    pub system: String,
    /// The job, process or program that serves the connection (EXTNAM); `123456/QUSER/QRWTSRVR` on IBM i.
    pub job: String,
    /// Level of the SQL application manager.
    pub sqlam: u16,
    /// Encoding of DDM text from now on.
    pub text: DdmText,
    /// The environment of what we send.
    pub ours: TypDef,
    /// The environment of what the server sends.
    pub theirs: TypDef,
    /// RDB name as sent.
    pub rdbnam: RdbName,
    /// The security mechanism in force.
    pub security: Mechanism,
    /// Other addresses of the database, as the server tells them.
    pub servers: Vec<ServerAddress>,
    /// By which another connection breaks off what this one runs, where the server does that.
    pub interrupt: Option<InterruptToken>,
    /// The server takes part in global transactions: SYNCCTL ends units of work, too.
    pub two_phase: bool,
    /// Whether the unit of work is a branch of one.
    pub branch: BranchMark,
}

/// Whether the unit of work is a branch of a global transaction, which no statement may commit. Copies are one mark.
#[derive(Debug, Clone, Default)]
pub struct BranchMark(Arc<AtomicBool>);

impl BranchMark {
    /// A branch begins or ends.
    pub fn set(&self, on: bool) {
        self.0.store(on, Ordering::Release);
    }

    /// True within a branch.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Session {
    /// The state before anything is agreed.
    pub(in crate::flow) fn before(rdbnam: &str) -> Session {
        Session {
            product: Product::Other,
            prdid: String::new(),
            class: String::new(),
            release: String::new(),
            system: String::new(),
            job: String::new(),
            sqlam: 0,
            text: DdmText::Ebcdic,
            ours: TypDef::OURS,
            theirs: TypDef::OURS,
            rdbnam: RdbName::new(rdbnam),
            security: Mechanism::UserOnly,
            servers: Vec::new(),
            interrupt: None,
            two_phase: false,
            branch: BranchMark::default(),
        }
    }

    /// Whether conversations of one server can go on with the other: it sends and takes the same.
    pub fn is_like(&self, other: &Session) -> bool {
        (self.product, self.two_phase) == (other.product, other.two_phase)
            && self.class == other.class
            && (self.sqlam, self.text, self.ours, self.theirs) == (other.sqlam, other.text, other.ours, other.theirs)
    }

    /// RDBCMTOK: whether a statement may commit.
    pub(super) fn rdbcmtok(&self) -> Option<bool> {
        Some(!self.branch.is_set())
    }

    /// How SQLDARDs of this server are laid out.
    pub fn server_class(&self) -> ServerClass {
        ServerClass::from_srvclsnm(&self.class)
    }
}
