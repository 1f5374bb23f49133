//! Binding a dynamic package that the server does not have (SQLCODE -805): BGNBND, a BNDSQLSTT
//! with a cursor declaration for each section, ENDBND, a commit; each answered by an SQLCARD.

use super::reply::Replies;
use super::session::Session;
use super::uow;
use crate::flow::error::FlowError;
use crate::flow::step::{Flow, Reception, Step};
use crate::wire::ddm::codepoint::{self as cp, CodePoint};
use crate::wire::ddm::object::Object;
use crate::wire::dss::chain::Chain;
use crate::wire::sql::bind::{BgnBnd, BndSqlStt, EndBnd};
use crate::wire::sql::package::{Isolation, PkgNamCsn};
use crate::wire::sql::text;
use std::sync::Arc;

/// Sections that get a cursor: every other one up to this, as the drivers of Db2 bind them.
pub const LAST_CURSOR_SECTION: u16 = 63;
/// Sections of the package.
const SECTIONS: u16 = 65;

/// Binds a package.
#[derive(Debug)]
pub struct Bind {
    session: Arc<Session>,
    package: PkgNamCsn,
    isolation: Isolation,
    replies: Replies,
}

impl Bind {
    /// The package that `package` is a section of.
    pub fn new(session: Arc<Session>, package: PkgNamCsn, isolation: Isolation) -> Bind {
        Bind { replies: Replies::new(&session), session, package, isolation }
    }
}

impl Flow for Bind {
    type Out = ();

    fn start(&mut self) -> Result<Chain, FlowError> {
        let text_encoding = self.session.text;
        let mut chain = Chain::new();
        chain.command(
            &BgnBnd { pkgisolvl: Some(level(self.isolation)), ..BgnBnd::new(self.package.pkgnamct()) }
                .encode(text_encoding)?,
        );
        let cursor = self.package.package.trim_start_matches("SYS").to_owned();
        for section in (1..=LAST_CURSOR_SECTION).step_by(2) {
            let name = PkgNamCsn { section, ..self.package.clone() };
            chain.command(&BndSqlStt { pkgnamcsn: name }.encode(text_encoding)?);
            let declare = format!("DECLARE SQL_CUR{cursor}C{section} CURSOR WITH HOLD FOR SQL_STMT{cursor}S{section}");
            chain.object(&text::sqlstt(&declare, &self.session.ours, self.session.sqlam)?);
        }
        chain.command(&EndBnd { pkgnamct: self.package.pkgnamct(), maxsctnbr: Some(SECTIONS) }.encode(text_encoding)?);
        // Within a branch it is kept or undone with the rest.
        if !self.session.branch.is_set() {
            chain.command(&uow::ending(&self.session, true)?);
        }
        Ok(chain)
    }

    fn object(&mut self, object: Object) -> Result<Reception, FlowError> {
        self.replies.take(&object, &self.session)
    }

    fn end(&mut self) -> Result<Step<()>, FlowError> {
        self.replies.failure().map_or(Ok(Step::Done(())), Err)
    }
}

/// The isolation level as a code point. UR was called "change" when there was no other.
fn level(isolation: Isolation) -> CodePoint {
    match isolation {
        Isolation::NoCommit => cp::ISOLVLNC,
        Isolation::UncommittedRead => cp::ISOLVLCHG,
        Isolation::CursorStability => cp::ISOLVLCS,
        Isolation::ReadStability => cp::ISOLVLALL,
        Isolation::RepeatableRead => cp::ISOLVLRR,
    }
}
