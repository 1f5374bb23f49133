//! Preparing a statement: PRPSQLSTT with SQLATTR and SQLSTT, answered by the SQLDARD of its
//! columns; with parameters a DSCSQLSTT after it, answered by the SQLDARD of those. One flush.

use super::reply::Replies;
use super::scroll::CursorAttributes;
use super::session::Session;
use crate::flow::error::FlowError;
use crate::flow::step::{Flow, Reception, Step};
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::object::Object;
use crate::wire::dss::chain::Chain;
use crate::wire::sql::package::PkgNamCsn;
use crate::wire::sql::prepare::{DscSqlStt, PrpSqlStt, typsqlda};
use crate::wire::sql::sqlca::Sqlca;
use crate::wire::sql::sqlda::SqlDa;
use crate::wire::sql::text;
use std::borrow::Cow;
use std::sync::Arc;

/// The server's description of a prepared statement.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// Its result's columns; none of them when it has no result.
    pub columns: SqlDa,
    /// Its parameters, when they were asked for.
    pub parameters: Option<SqlDa>,
    /// Warnings.
    pub warnings: Vec<Sqlca>,
}

/// Prepares and describes.
#[derive(Debug)]
pub struct Prepare {
    session: Arc<Session>,
    section: PkgNamCsn,
    sql: String,
    with_parameters: bool,
    /// The attributes of the statement.
    attributes: Cow<'static, str>,
    /// The kind of the parameters' description.
    input: u8,
    described: Vec<SqlDa>,
    replies: Replies,
}

impl Prepare {
    /// Prepares `sql` in `section`; its parameters are described too when asked for.
    pub fn new(session: Arc<Session>, section: PkgNamCsn, sql: String, with_parameters: bool) -> Prepare {
        let replies = Replies::new(&session);
        let (input, described) = (typsqlda::INPUT, Vec::new());
        Prepare { session, section, sql, with_parameters, attributes: HELD.into(), input, described, replies }
    }

    /// Prepares an INSERT for arrays of rows.
    pub fn for_arrays(self) -> Prepare {
        Prepare { attributes: FOR_ARRAYS.into(), ..self }
    }

    /// Prepares a query whose cursor has these attributes.
    pub fn for_cursor(self, attributes: CursorAttributes) -> Prepare {
        Prepare { attributes: attributes.text().into(), ..self }
    }

    /// Has the parameters described with their modes: in, out or both.
    pub fn with_modes(self) -> Prepare {
        Prepare { input: typsqlda::INPUT_EXTENDED, ..self }
    }
}

/// The cursor is to survive a commit.
pub(super) const HELD: &str = "WITH HOLD ";
/// Db2 for z/OS takes arrays of rows for a statement with this attribute. (Read: SQL reference, PREPARE.)
const FOR_ARRAYS: &str = "FOR MULTIPLE ROWS ";

/// Appends PRPSQLSTT and its objects.
pub(super) fn put_prepare(
    chain: &mut Chain,
    session: &Session,
    section: &PkgNamCsn,
    sql: &str,
    attributes: &str,
) -> Result<(), FlowError> {
    let command = PrpSqlStt {
        rtnsqlda: Some(true),
        typsqlda: Some(typsqlda::OUTPUT_EXTENDED),
        ..PrpSqlStt::new(section.clone())
    };
    chain.command(&command.encode(session.text)?);
    chain.object(&text::sqlattr(attributes, &session.ours, session.sqlam)?);
    chain.object(&text::sqlstt(sql, &session.ours, session.sqlam)?);
    Ok(())
}

/// Reads an SQLDARD and notes the SQLCA in front of it.
pub(super) fn read_sqlda(
    object: &Object,
    session: &Session,
    replies: &mut Replies,
) -> Result<(SqlDa, Reception), FlowError> {
    let mut sqlda = SqlDa::decode(&object.body, session.sqlam, session.server_class(), &replies.typdef)?;
    let seen = match sqlda.sqlca.take() {
        Some(sqlca) => replies.sqlca(Some(sqlca)),
        None => Reception::Normal,
    };
    // The description was asked for; an error in it was not.
    Ok((sqlda, if seen == Reception::Normal { Reception::Wanted } else { seen }))
}

impl Flow for Prepare {
    type Out = Prepared;

    fn start(&mut self) -> Result<Chain, FlowError> {
        let mut chain = Chain::new();
        put_prepare(&mut chain, &self.session, &self.section, &self.sql, &self.attributes)?;
        if self.with_parameters {
            let describe = DscSqlStt { pkgnamcsn: self.section.clone(), typsqlda: Some(self.input) };
            chain.command(&describe.encode(self.session.text)?);
        }
        Ok(chain)
    }

    fn object(&mut self, object: Object) -> Result<Reception, FlowError> {
        if object.cp != cp::SQLDARD {
            return self.replies.take(&object, &self.session);
        }
        if self.described.len() > usize::from(self.with_parameters) {
            return Err(FlowError::Misplaced { point: object.cp, why: "no more were asked for" });
        }
        let (sqlda, seen) = read_sqlda(&object, &self.session, &mut self.replies)?;
        self.described.push(sqlda);
        Ok(seen)
    }

    fn end(&mut self) -> Result<Step<Prepared>, FlowError> {
        if let Some(failure) = self.replies.failure() {
            return Err(failure);
        }
        let missing = FlowError::Missing { what: "SQLDARD", command: "PRPSQLSTT" };
        let mut described = std::mem::take(&mut self.described).into_iter();
        let columns = described.next().ok_or(missing)?;
        let parameters = described.next();
        if self.with_parameters && parameters.is_none() {
            return Err(FlowError::Missing { what: "SQLDARD", command: "DSCSQLSTT" });
        }
        let replies = std::mem::replace(&mut self.replies, Replies::new(&self.session));
        Ok(Step::Done(Prepared { columns, parameters, warnings: replies.warnings() }))
    }

    fn is_interruptible(&self) -> bool {
        true
    }
}
