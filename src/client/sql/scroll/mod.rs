//! Cursors that move: their rows are asked for by number, wherever the reader is, and can be changed where the cursor
//! stands. Each set of rows is asked for by the number of its first one, so that nothing depends on where the server is.

mod change;
mod reader;
mod set;

pub use self::reader::ScrollReader;
use self::set::RowSet;
use super::column_info::ColumnInfo;
use super::columns::merge_descriptions;
use super::cursor_state::CursorState;
use super::inner::Inner;
use super::lob::LobForms;
use super::missing_package::with_package;
use super::open_guard::OpenGuard;
use super::parameters;
use super::prefetch::Over;
use super::sections::SectionLease;
use super::statement::no_rows;
use super::statement_kind::{self, StatementKind};
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::flow::sql::prepare::Prepare;
use crate::flow::sql::query::{Close, Continue, Open, OpenedQuery, QueryOutcome, QueryReply};
pub use crate::flow::sql::scroll::{CursorAttributes, Sensitivity};
use crate::flow::sql::scroll::{Place, row_counts};
use crate::net::channel::wishes::Breaker;
use crate::net::transport::Deadline;
use crate::wire::sql::package::PkgNamCsn;
use crate::wire::sql::sqlda::SqlDa;
use crate::wire::value::field::{Field, Shape};
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, MutexGuard};

/// Rows that are fetched at a time at first, by one that only reads.
const ROWSET: u32 = 64;
/// Rows beyond this one are not asked for before it is known how many there are: Derby takes the lower half of their
/// numbers. (Measured: 10.14.)
const FAR: u64 = i32::MAX as u64;
/// How long the close of a cursor may take before the connection is given up.
const CLOSE: Duration = Duration::from_secs(30);

/// How a cursor is to move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScrollOptions {
    /// Its attributes.
    pub attributes: CursorAttributes,
    /// Rows that are fetched at a time; unless told, some where it only reads and does not show changes, else one.
    pub rowset: Option<u32>,
}

/// Where a cursor is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// A row by its number from 1, or from the end by a negative one; 0 is before the first.
    Absolute(i64),
    /// So many rows on, or back.
    Relative(i64),
}

/// An open cursor that moves. Dropped, it is closed in the background.
pub struct ScrollCursor {
    inner: Arc<Inner>,
    cursor: Arc<CursorState>,
    /// None only while being dropped.
    lease: Option<SectionLease>,
    section: PkgNamCsn,
    instance: Option<u64>,
    fields: Vec<Field>,
    described: SqlDa,
    schema: SchemaRef,
    scrolls: bool,
    updatable: bool,
    rowset: Option<u32>,
    lobs: bool,
    /// The server keeps it over a commit, which was not wanted.
    lingers: bool,
    state: Mutex<RowSet>,
}

impl std::fmt::Debug for ScrollCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScrollCursor").field("schema", &self.schema).finish_non_exhaustive()
    }
}

/// Opens a cursor that moves for a query, whose text was checked; none for another statement.
pub(super) async fn scroll(
    inner: &Arc<Inner>,
    sql: &str,
    parameters: &RecordBatch,
    options: ScrollOptions,
) -> Result<Option<ScrollCursor>> {
    if statement_kind::is_call(sql) || statement_kind::hint(sql) == StatementKind::Statement {
        return Ok(None);
    }
    let _turn = inner.turn_of(true).await?;
    inner.usable(Phase::Execute)?;
    inner.opens_work(true);
    inner.touch(sql);
    let deadline = || inner.config.statement_timeout.map(Deadline::after);
    let opened = Box::pin(async { with_package!(inner, deadline(), open(inner, sql, parameters, options).await) });
    opened.await.map(Some)
}

/// Prepares and opens.
async fn open(inner: &Arc<Inner>, sql: &str, row: &RecordBatch, options: ScrollOptions) -> Result<ScrollCursor> {
    let lease = inner.lease(Phase::Execute)?;
    let given = row.num_columns() > 0;
    let prepare = Prepare::new(inner.session.clone(), lease.name.clone(), sql.to_owned(), given);
    let prepared = inner.talk(prepare.for_cursor(options.attributes), Phase::Execute).await?;
    if prepared.columns.columns.is_empty() {
        return Err(no_rows());
    }
    let input = match &prepared.parameters {
        Some(described) => Some(parameters::encode(&described.columns, row, &inner.session)?),
        None => None,
    };
    let scroll = options.attributes.scroll;
    let single = options.attributes.updatable || scroll == Some(Sensitivity::Sensitive);
    let rowset = options.rowset.or(single.then_some(1));
    let asked = scroll.map(|_| rowset.unwrap_or(ROWSET));
    let flow = Open::new(inner.session.clone(), lease.name.clone(), None, input, inner.config.block_size);
    let pending = inner.channel.submit(flow.with_rowset(asked)).map_err(|e| inner.error(e, Phase::Execute))?;
    let mut opening = OpenGuard { inner: inner.clone(), under_way: Some((pending, lease)) };
    let result = opening.wait(inner.config.statement_timeout.map(Deadline::after)).await;
    let (outcome, lease) = match result {
        Ok(outcome) => outcome,
        Err(e) => return Err(inner.explained(e, Phase::Execute).await),
    };
    let QueryOutcome::Opened(opened) = outcome else { return Err(no_rows()) };
    ScrollCursor::new(inner.clone(), lease, opened, prepared.columns, options, rowset).await
}

impl ScrollCursor {
    async fn new(
        inner: Arc<Inner>,
        lease: SectionLease,
        opened: OpenedQuery,
        described: SqlDa,
        options: ScrollOptions,
        rowset: Option<u32>,
    ) -> Result<ScrollCursor> {
        let named = merge_descriptions(&opened.fields, &described).map_err(|e| {
            inner.channel.abort("the server's descriptions disagree");
            e.at(&inner.peer)
        })?;
        // They come in the form described: none other is asked for.
        let forms = LobForms::new(named, inner.config.lobs, true, &inner.session.theirs);
        let (lobs, by_locator) = (forms.rows.iter().any(|f| matches!(f.shape, Shape::Lob(_))), forms.by_locator());
        // Derby goes by the package and holds it in any case.
        let held = options.attributes.held;
        let cursor = CursorState::new(opened.held && held);
        inner.reader_opened(&cursor);
        let set = RowSet::new(&inner, &forms)?;
        let made = ScrollCursor {
            cursor,
            lingers: opened.held && !held,
            section: lease.name.clone(),
            lease: Some(lease),
            instance: opened.instance,
            fields: forms.values,
            described,
            schema: set.schema(),
            scrolls: options.attributes.scroll.is_some(),
            updatable: options.attributes.updatable,
            rowset,
            lobs,
            state: Mutex::new(set),
            inner,
        };
        if by_locator {
            return Err(made.unsupported("large objects come as locators, which a cursor that moves does not read"));
        }
        if made.scrolls && !opened.scrolls && !opened.answer.closed {
            return Err(made.unsupported("the server made no cursor that scrolls for this query"));
        }
        if made.updatable && !opened.updatable {
            return Err(made.unsupported("the server made no cursor that can be changed through for this query"));
        }
        made.state.lock().await.take(opened.answer).map_err(|e| made.failed(e))?;
        Ok(made)
    }

    fn unsupported(&self, text: &str) -> Error {
        Error::new(ErrorClass::NotSupported, Phase::Execute, "0A000", text).at(&self.inner.peer)
    }

    /// The columns in SQL terms.
    pub fn columns(&self) -> Vec<ColumnInfo> {
        self.fields.iter().map(ColumnInfo::from).collect()
    }

    /// The columns in Arrow's terms.
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    /// How many rows stand before the next one, while `held` rows of the last batch were not looked at; none while another
    /// task moves it.
    pub fn place(&self, held: usize) -> Option<u64> {
        self.state.try_lock().ok().map(|state| state.at(held).0)
    }

    /// Goes to where the next row is that of the move; false where there is no such row: then it is before the first one,
    /// or past the last one. `held` rows of the last batch were not looked at.
    pub async fn seek(&self, to: Move, held: usize) -> Result<bool> {
        let mut state = self.state.lock().await;
        let (before, beyond) = state.at(held);
        let at = if beyond { before + 1 } else { before };
        let row = match to {
            Move::Absolute(row) if row < 0 => i128::from(self.count(&mut state).await?) + 1 + i128::from(row),
            Move::Absolute(row) => i128::from(row),
            Move::Relative(rows) => i128::from(at) + i128::from(rows),
        };
        if !self.scrolls {
            return match u64::try_from(row) {
                // The next one is where it goes in any case.
                Ok(row) if row == before + 1 => Ok(true),
                _ => Err(Error::new(ErrorClass::Programming, Phase::Fetch, "24000", "the cursor only goes forward")
                    .hint("open it with scrollable=True")),
            };
        }
        let Some(row) = u64::try_from(row).ok().filter(|row| *row > 0) else {
            state.go_to(0, false);
            return Ok(false);
        };
        if row > FAR {
            self.count(&mut state).await?;
        }
        if !self.is_there(&mut state, row).await? {
            let count = self.count(&mut state).await?;
            state.go_to(count, true);
            return Ok(false);
        }
        state.go_to(row - 1, false);
        Ok(true)
    }

    /// Whether there is such a row, or was.
    async fn is_there(&self, state: &mut MutexGuard<'_, RowSet>, row: u64) -> Result<bool> {
        if let Some(count) = state.count {
            return Ok(row <= count);
        }
        let answer = self.ask(self.request(false).to(Place::Row(row), None)).await?;
        state.is_there(answer).map_err(|e| self.failed(e))
    }

    /// How many rows there are. The server tells, and is asked for the last one and for the one after it.
    async fn count(&self, state: &mut MutexGuard<'_, RowSet>) -> Result<u64> {
        if let Some(count) = state.count {
            return Ok(count);
        }
        if !self.scrolls {
            return Err(self.unsupported("only a cursor that scrolls knows its last row"));
        }
        let answer = self.ask(self.request(false).to(Place::AfterLast, None)).await?;
        let told = state.condition(answer).map_err(|e| self.failed(e))?;
        let mut counts = told.map_or(Vec::new(), |sqlca| row_counts(&sqlca, self.inner.session.product).to_vec());
        counts.dedup();
        for count in counts {
            let last = count == 0 || self.is_there(state, count).await?;
            if last && !self.is_there(state, count + 1).await? {
                state.count = Some(count);
                return Ok(count);
            }
        }
        Err(self.unsupported("the server does not tell how many rows there are"))
    }

    /// A request, for rows with their large objects or for none: Derby fails to send those of a row that is not wanted.
    fn request(&self, rows: bool) -> Continue {
        let (session, size) = (self.inner.session.clone(), self.inner.config.block_size);
        Continue::new(session, self.section.clone(), self.instance, size, rows && self.lobs)
    }

    /// One exchange.
    async fn ask(&self, request: Continue) -> Result<QueryReply> {
        self.open()?;
        self.inner.usable(Phase::Fetch)?;
        let inner = &self.inner;
        let mut pending = inner.channel.submit(request).map_err(|e| inner.error(e, Phase::Fetch))?;
        let asking = Asking::new(&self.cursor, pending.breaker());
        let answer = pending.wait(inner.config.statement_timeout.map(Deadline::after)).await;
        drop(asking);
        match answer {
            Ok(answer) => Ok(answer),
            Err(e) => Err(Box::pin(inner.explained(e, Phase::Fetch)).await),
        }
    }

    /// An error where the server has closed it, or its user has broken it off.
    fn open(&self) -> Result<()> {
        if self.cursor.is_cancelled() {
            let e = Error::new(ErrorClass::Operational, Phase::Fetch, "57014", "the fetch was broken off");
            return Err(e.at(&self.inner.peer));
        }
        match self.cursor.why_ended() {
            Some(why) => Err(Error::new(ErrorClass::Operational, Phase::Fetch, "24501", why)
                .at(&self.inner.peer)
                .hint("a cursor outlives a commit with hold=True, where the server does that, and no rollback")),
            None => Ok(()),
        }
    }

    /// The error of rows that mean nothing.
    fn failed(&self, e: crate::flow::error::FlowError) -> Error {
        self.inner.error(e.into(), Phase::Fetch)
    }
}

/// A wait for an answer: whoever breaks off what runs ends the cursor that it is for.
struct Asking<'a>(&'a CursorState);

impl Asking<'_> {
    fn new(cursor: &CursorState, breaker: Breaker) -> Asking<'_> {
        cursor.asks(Some(breaker));
        Asking(cursor)
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.asks(None);
    }
}

impl Drop for ScrollCursor {
    fn drop(&mut self) {
        let Some(lease) = self.lease.take() else { return };
        self.cursor.stop(false);
        // Without a runtime there is no task left that could talk to the server either.
        let Ok(runtime) = Handle::try_current() else { return };
        let (inner, cursor, instance) = (self.inner.clone(), self.cursor.clone(), self.instance);
        let open = self.lingers || !cursor.is_exhausted();
        runtime.spawn(async move {
            let _over = Over(cursor.clone());
            if open && inner.channel.broken().is_none() {
                let close = Close::new(inner.session.clone(), lease.name.clone(), instance);
                // A query that is not open any more refuses; that is as good as closed.
                let _ = inner.channel.run(close, Some(Deadline::after(CLOSE))).await;
            }
            drop(lease);
            // Of a connection that is gone its next user hears anyway.
            if let Err(e) = inner.reader_closed(&cursor).await
                && inner.channel.broken().is_none()
            {
                inner.lose(e);
            }
        });
    }
}
