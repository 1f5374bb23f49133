//! A query: OPNQRY opens it and brings its first block, CNTQRY asks for another, CLSQRY ends it
//! early. The prepare may travel in the same flush as the open.

use super::input::Input;
use super::prepare::{HELD, put_prepare, read_sqlda};
use super::reply::Replies;
use super::rows::QueryBlock;
use super::scroll::Place;
use super::session::Session;
use crate::flow::bounds::FRAME;
use crate::flow::error::FlowError;
use crate::flow::placement::once;
use crate::flow::step::{Flow, Reception, Step};
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::object::Object;
use crate::wire::dss::chain::Chain;
use crate::wire::fdoca::descriptor;
use crate::wire::sql::execute::outovr;
use crate::wire::sql::package::PkgNamCsn;
use crate::wire::sql::query::{ClsQry, CntQry, OpnQry, OpnQryRm, rtnextdta};
use crate::wire::sql::sqlca::Sqlca;
use crate::wire::sql::sqlda::SqlDa;
use crate::wire::value::field::{Field, Shape};
use std::sync::Arc;

/// MAXBLKEXT: blocks that may come beyond the first.
const AS_MANY_AS_NEEDED: i16 = -1;
/// Room for the row that a server may add beyond the block size, and for headers.
pub(super) const SLACK: usize = 64 * 1024;

/// QRYATTUPD of a query whose rows are not changed where it stands.
const READ_ONLY: u8 = 1;

/// An open query.
#[derive(Debug)]
pub struct OpenedQuery {
    /// The server's description, when the prepare travelled along.
    pub described: Option<SqlDa>,
    /// The fields of a row, unnamed.
    pub fields: Vec<Field>,
    /// The instance, said again by CNTQRY and CLSQRY.
    pub instance: Option<u64>,
    /// The cursor survives a commit.
    pub held: bool,
    /// The cursor scrolls.
    pub scrolls: bool,
    /// Rows can be changed where it stands.
    pub updatable: bool,
    /// The first part of the answer set.
    pub answer: QueryReply,
}

/// The outcome of an open.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "it is taken apart where it is returned")]
pub enum QueryOutcome {
    /// The query is open.
    Opened(OpenedQuery),
    /// The statement prepared on the way has no columns: it is not a query, and was not executed.
    NoQuery,
}

/// The part of an answer set that one reply brought.
#[derive(Debug, Default)]
pub struct QueryReply {
    /// Blocks in order.
    pub blocks: Vec<QueryBlock>,
    /// The server closed the query: nothing follows.
    pub closed: bool,
    /// Warnings.
    pub warnings: Vec<Sqlca>,
    /// Why the rows end after these blocks.
    pub failure: Option<FlowError>,
    /// Objects that brought no rows.
    pub idle: usize,
}

impl QueryReply {
    /// Takes over what the reply held beside rows.
    fn finish(&mut self, mut replies: Replies) {
        self.failure = replies.failure();
        self.closed |= replies.cards.iter().flatten().any(Sqlca::is_end);
        self.warnings = replies.warnings();
    }

    /// Takes an object that belongs to the rows or may stand in any reply.
    pub(in crate::flow) fn take(
        &mut self,
        object: Object,
        replies: &mut Replies,
        session: &Session,
    ) -> Result<Reception, FlowError> {
        let point = object.cp;
        if self.closed && matches!(point, cp::QRYDTA | cp::EXTDTA | cp::ENDQRYRM) {
            return Err(FlowError::Misplaced { point, why: "the query has ended before" });
        }
        let brings = !object.body.is_empty();
        match point {
            cp::QRYDTA => self.blocks.push(QueryBlock { rows: object.body, lobs: Vec::new() }),
            cp::EXTDTA => match self.blocks.last_mut() {
                Some(block) => block.lobs.push(object.body),
                None => self.blocks.push(QueryBlock { rows: bytes::Bytes::new(), lobs: vec![object.body] }),
            },
            point => {
                self.closed |= point == cp::ENDQRYRM;
                self.idle += 1;
                return replies.take(&object, session);
            }
        }
        self.idle += usize::from(!brings);
        Ok(if brings { Reception::Wanted } else { Reception::Normal })
    }
}

/// Opens a query.
#[derive(Debug)]
pub struct Open {
    session: Arc<Session>,
    section: PkgNamCsn,
    /// The statement, when it is prepared on the way.
    sql: Option<String>,
    input: Option<Input>,
    block_size: u32,
    /// Rows that are fetched at a time, of a cursor that scrolls.
    rowset: Option<u32>,
    described: Option<SqlDa>,
    message: Option<OpnQryRm>,
    fields: Option<Vec<Field>>,
    answer: QueryReply,
    replies: Replies,
}

impl Open {
    /// Opens the statement prepared in `section`, or prepares `sql` there first.
    pub fn new(
        session: Arc<Session>,
        section: PkgNamCsn,
        sql: Option<String>,
        input: Option<Input>,
        block_size: u32,
    ) -> Open {
        Open {
            replies: Replies::new(&session),
            session,
            section,
            sql,
            input,
            block_size,
            rowset: None,
            described: None,
            message: None,
            fields: None,
            answer: QueryReply::default(),
        }
    }

    /// Of a cursor that scrolls, which fetches so many rows at a time.
    pub fn with_rowset(self, rows: Option<u32>) -> Open {
        Open { rowset: rows, ..self }
    }
}

impl Flow for Open {
    type Out = QueryOutcome;

    fn start(&mut self) -> Result<Chain, FlowError> {
        let mut chain = Chain::new();
        if let Some(sql) = &self.sql {
            put_prepare(&mut chain, &self.session, &self.section, sql, HELD)?;
        }
        let mut open = OpnQry::new(self.section.clone(), self.block_size);
        if self.rowset.is_some() {
            (open.qryrowset, open.maxblkext) = (self.rowset, Some(AS_MANY_AS_NEEDED));
        }
        chain.command(&open.encode(self.session.text)?);
        if let Some(input) = &self.input {
            input.put(&mut chain, &self.session)?;
        }
        Ok(chain)
    }

    fn object(&mut self, object: Object) -> Result<Reception, FlowError> {
        match object.cp {
            cp::SQLDARD => {
                let (sqlda, seen) = read_sqlda(&object, &self.session, &mut self.replies)?;
                once(&mut self.described, sqlda, object.cp)?;
                Ok(seen)
            }
            cp::OPNQRYRM => {
                once(&mut self.message, OpnQryRm::decode(&object.body, self.session.text)?, object.cp)?;
                Ok(Reception::Normal)
            }
            cp::QRYDSC => {
                once(&mut self.fields, descriptor::decode(&object.body, &self.replies.typdef)?, object.cp)?;
                Ok(Reception::Wanted)
            }
            point @ (cp::QRYDTA | cp::EXTDTA) if self.fields.is_none() => {
                Err(FlowError::Misplaced { point, why: "rows come before their description" })
            }
            _ => self.answer.take(object, &mut self.replies, &self.session),
        }
    }

    fn end(&mut self) -> Result<Step<QueryOutcome>, FlowError> {
        let mut replies = std::mem::replace(&mut self.replies, Replies::new(&self.session));
        let (Some(message), Some(fields)) = (self.message.take(), self.fields.take()) else {
            // A statement without columns is not a query: the open was bound to fail.
            return match self.described.take() {
                Some(sqlda) if sqlda.columns.is_empty() => Ok(Step::Done(QueryOutcome::NoQuery)),
                _ => Err(replies.failure().unwrap_or(FlowError::Missing { what: "OPNQRYRM", command: "OPNQRY" })),
            };
        };
        let mut answer = std::mem::take(&mut self.answer);
        answer.finish(replies);
        Ok(Step::Done(QueryOutcome::Opened(OpenedQuery {
            described: self.described.take(),
            fields,
            instance: message.qryinsid,
            held: message.sqlcsrhld == Some(true),
            scrolls: message.qryattscr == Some(true),
            updatable: message.qryattupd.is_some_and(|can| can > READ_ONLY),
            answer,
        })))
    }

    fn expect(&self) -> usize {
        self.block_size as usize + SLACK
    }

    fn longest(&self) -> usize {
        match &self.fields {
            None => FRAME,
            Some(fields) if fields.iter().any(|f| matches!(f.shape, Shape::Lob(_))) => usize::MAX,
            Some(_) => FRAME.max(self.expect()),
        }
    }

    fn is_interruptible(&self) -> bool {
        true
    }
}

/// Asks for the next block.
#[derive(Debug)]
pub struct Continue {
    session: Arc<Session>,
    command: CntQry,
    /// Large objects travel along, or sets of rows.
    whole: bool,
    outovr: Option<Vec<u8>>,
    answer: QueryReply,
    replies: Replies,
}

impl Continue {
    /// Of the query `instance` of `section`. With large objects, those of all its rows.
    pub fn new(session: Arc<Session>, section: PkgNamCsn, instance: Option<u64>, block_size: u32, lobs: bool) -> Self {
        let command =
            CntQry { rtnextdta: lobs.then_some(rtnextdta::ALL), ..CntQry::new(section, block_size, instance) };
        Continue {
            replies: Replies::new(&session),
            session,
            command,
            whole: lobs,
            outovr: None,
            answer: QueryReply::default(),
        }
    }

    /// Moves a cursor that scrolls: `rows` from there on are wanted, or none.
    pub fn to(mut self, place: Place, rows: Option<u32>) -> Continue {
        let (orientation, number) = place.on_the_wire();
        self.command.qryscrorn = Some(orientation);
        self.command.qryrownbr = number;
        self.command.qryblkrst = Some(true);
        self.command.qryrtndta = Some(rows.is_some());
        self.command.qryrowset = Some(rows.unwrap_or(1));
        if rows.is_some() {
            self.command.maxblkext = Some(AS_MANY_AS_NEEDED);
        }
        // A set of rows comes whole.
        self.whole = true;
        self
    }

    /// A row at a time: locators end with the unit of work, so none are asked for ahead.
    pub fn by_row(mut self) -> Continue {
        self.command.rtnextdta = Some(rtnextdta::ROW);
        self
    }

    /// Asks for columns in another form than described; to be said with the first of a query.
    pub fn with_override(mut self, descriptor: &[u8]) -> Continue {
        self.outovr = Some(outovr(descriptor));
        self
    }
}

impl Flow for Continue {
    type Out = QueryReply;

    fn start(&mut self) -> Result<Chain, FlowError> {
        let mut chain = Chain::new();
        chain.command(&self.command.encode(self.session.text)?);
        if let Some(outovr) = &self.outovr {
            chain.object(outovr);
        }
        Ok(chain)
    }

    fn object(&mut self, object: Object) -> Result<Reception, FlowError> {
        self.answer.take(object, &mut self.replies, &self.session)
    }

    fn end(&mut self) -> Result<Step<QueryReply>, FlowError> {
        let mut answer = std::mem::take(&mut self.answer);
        answer.finish(std::mem::replace(&mut self.replies, Replies::new(&self.session)));
        Ok(Step::Done(answer))
    }

    fn expect(&self) -> usize {
        self.command.qryblksz as usize + SLACK
    }

    fn longest(&self) -> usize {
        if self.whole { usize::MAX } else { FRAME.max(self.expect()) }
    }

    fn is_interruptible(&self) -> bool {
        true
    }
}

/// Closes a query before its end.
#[derive(Debug)]
pub struct Close {
    session: Arc<Session>,
    command: ClsQry,
    replies: Replies,
}

impl Close {
    /// The query `instance` of `section`.
    pub fn new(session: Arc<Session>, section: PkgNamCsn, instance: Option<u64>) -> Close {
        let command = ClsQry { pkgnamcsn: section, qryinsid: instance, qryclsrls: None };
        Close { replies: Replies::new(&session), session, command }
    }
}

impl Flow for Close {
    type Out = ();

    fn start(&mut self) -> Result<Chain, FlowError> {
        let mut chain = Chain::new();
        chain.command(&self.command.encode(self.session.text)?);
        Ok(chain)
    }

    fn object(&mut self, object: Object) -> Result<Reception, FlowError> {
        self.replies.take(&object, &self.session)
    }

    fn end(&mut self) -> Result<Step<()>, FlowError> {
        self.replies.failure().map_or(Ok(Step::Done(())), Err)
    }

    /// A server may be at rows that were not asked for yet.
    fn is_interruptible(&self) -> bool {
        true
    }
}
