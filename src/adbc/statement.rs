//! A statement: its text or the table that it fills, the rows that were bound, and running it.

use super::aside;
use super::bound::BoundRows;
use super::cancel::{Canceller, Operation};
use super::error::{fault, of};
use super::partition::{Token, Wanted, integers};
use super::reader::{Reader, ResultReader, in_memory, nothing};
use super::settings::{PREFIX, count, flag, parsed, text, unknown, unset};
use super::shared::Shared;
use super::target::Target;
use super::wait::{guarded, wait};
use crate::client::batch_source::BatchSource;
use crate::client::limits::Limits;
use crate::client::process::Owned;
use crate::client::sql::batch::Batch;
use crate::client::sql::describe::StatementDescription;
use crate::client::sql::ingest;
use crate::client::sql::parameter_names::Markers;
use crate::client::sql::procedure::Procedure;
use crate::client::sql::statement::Outcome;
use crate::client::sql::stream::QueryStream;
use adbc_core::error::{Result, Status};
use adbc_core::options::{IngestMode, OptionStatement, OptionValue};
use adbc_core::{CancelHandle, Optionable, PartitionedResult, Statement};
use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::Schema;
use std::sync::Arc;

/// Whether parameters are found by the names of their columns.
const BIND_BY_NAME: &str = "adbc.statement.bind_by_name";

/// Parts of a query.
const MOST_PARTS: usize = 10_000;

/// A statement of a connection.
pub struct DrdaStatement {
    shared: Arc<Shared>,
    canceller: Canceller,
    limits: Limits,
    query: Option<String>,
    target: Target,
    bound: Option<BoundRows>,
    /// Parameters are `:name`, and the columns that are bound have their names.
    by_name: bool,
    parts: Wanted,
}

/// The outcome of an execution.
enum Ran {
    Rows(Reader),
    /// A query for each row of parameters, most of which run while their results are read.
    Each(Box<ResultReader>),
    Done(Option<i64>),
}

impl std::fmt::Debug for DrdaStatement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DrdaStatement")
            .field("query", &self.query)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

impl DrdaStatement {
    pub(super) fn new(shared: Arc<Shared>) -> DrdaStatement {
        let limits = shared.limits;
        DrdaStatement {
            shared,
            canceller: Canceller::default(),
            limits,
            query: None,
            target: Target::default(),
            bound: None,
            by_name: false,
            parts: Wanted::default(),
        }
    }

    fn begin(&self) -> Arc<Operation> {
        Operation::begin(&[&self.canceller, &self.shared.canceller])
    }

    fn query(&self) -> Result<&str> {
        let missing = || fault(Status::InvalidState, "", "the statement has no text: set a query, or a table to fill");
        self.query.as_deref().ok_or_else(missing)
    }

    fn describe(&self) -> Result<StatementDescription> {
        wait(&self.begin(), self.shared.client()?.describe(self.query()?))
    }

    /// The queries of the parts of a query.
    fn in_parts(&self, sql: String) -> Result<Vec<String>> {
        let Some(key) = self.parts.key(&sql)? else { return Ok(vec![sql]) };
        let operation = self.begin();
        let stream = wait(&operation, self.shared.client()?.query(&Wanted::ends(&key, &sql), &[]))?;
        let row = ResultReader::new(stream, None, operation).row()?;
        let ends = row.as_ref().map_or(Ok(None), integers)?;
        Ok(ends.map_or_else(|| vec![sql.clone()], |ends| self.parts.statements(&key, &sql, ends)))
    }

    fn run(&mut self) -> Result<Ran> {
        // Bound rows are for one execution.
        let bound = self.bound.take();
        if self.target.table.is_some() {
            let unbound = || fault(Status::InvalidState, "", "no rows were bound for the table");
            self.target.given.clear();
            return self.fill(bound.ok_or_else(unbound)?).map(Ran::Done);
        }
        let operation = self.begin();
        let (sql, bound) = match (Markers::of(self.query()?), bound) {
            (markers, Some(rows)) if self.by_name => {
                let named = markers.to_positional();
                (named.sql, Some(rows.by_name(&named.names)?))
            }
            (_, bound) => (self.query()?.to_owned(), bound),
        };
        let Some(mut rows) = bound else {
            return self.outcome(wait(&operation, self.shared.client()?.run(&sql, &[]))?, operation);
        };
        if rows.are_many()? || rows.peek()?.is_none() {
            return match wait(&operation, self.shared.client()?.describe(&sql))?.columns {
                Some(schema) => self.query_for_each(sql, rows, &schema, operation),
                None => {
                    let batch = wait(&operation, self.shared.client()?.batch(&sql))?;
                    send(&operation, batch, &mut rows).map(Ran::Done)
                }
            };
        }
        let row = rows.next()?;
        self.outcome(wait(&operation, self.shared.client()?.run(&sql, row.as_slice()))?, operation)
    }

    fn outcome(&self, outcome: Outcome, operation: Arc<Operation>) -> Result<Ran> {
        match outcome {
            Outcome::Rows(stream) => Ok(Ran::Rows(Box::new(ResultReader::new(self.limited(stream), None, operation)))),
            Outcome::Done(done) => Ok(Ran::Done(counted(done.count))),
            Outcome::Called(called) => self.called(called, operation),
        }
    }

    /// The outcome of a procedure, where there is one place for it.
    fn called(&self, mut called: Procedure, operation: Arc<Operation>) -> Result<Ran> {
        let sets = called.sets.len();
        match (called.sets.pop_front(), called.output) {
            (None, None) => Ok(Ran::Done(counted(called.done.count))),
            (None, Some(output)) => {
                let schema = output.row.schema();
                Ok(Ran::Rows(in_memory(vec![output.row], schema)))
            }
            (Some(stream), None) if sets == 1 => {
                Ok(Ran::Rows(Box::new(ResultReader::new(self.limited(stream), None, operation))))
            }
            (Some(_), output) => Err(fault(
                Status::NotImplemented,
                "0A000",
                format!(
                    "the procedure was executed and returns {sets} result sets{}, and ADBC has room for one result: call it \
                     with callproc() of drdarrow, which has them all",
                    if output.is_some() { " and values" } else { "" }
                ),
            )),
        }
    }

    fn limited(&self, mut stream: QueryStream) -> QueryStream {
        stream.set_limits(self.limits);
        stream
    }

    /// A query for each row of parameters, whose results follow each other.
    fn query_for_each(
        &self,
        sql: String,
        mut rows: BoundRows,
        schema: &arrow_schema::SchemaRef,
        operation: Arc<Operation>,
    ) -> Result<Ran> {
        let (shared, limits, under_way) = (self.shared.clone(), self.limits, operation.clone());
        let mut next = move || {
            let Some(row) = rows.next_row()? else { return Ok(None) };
            match wait(&under_way, shared.client()?.run(&sql, &[row]))? {
                Outcome::Rows(mut stream) => {
                    stream.set_limits(limits);
                    Ok(Some(stream))
                }
                Outcome::Done(_) | Outcome::Called(_) => {
                    Err(fault(Status::InvalidState, "07005", "the statement returned no rows for a row of parameters"))
                }
            }
        };
        match next()? {
            Some(first) => Ok(Ran::Each(Box::new(ResultReader::new(first, Some(Box::new(next)), operation)))),
            None => Ok(Ran::Rows(in_memory(Vec::new(), schema.clone()))),
        }
    }

    /// Rows into the table.
    fn fill(&self, mut rows: BoundRows) -> Result<Option<i64>> {
        let target = &self.target;
        self.shared.check_catalog(target.catalog.as_deref())?;
        let options = ingest::IngestOptions {
            mode: match target.mode {
                IngestMode::Append => ingest::IngestMode::Append,
                IngestMode::Create => ingest::IngestMode::Create,
                IngestMode::Replace => ingest::IngestMode::Replace,
                IngestMode::CreateAppend => ingest::IngestMode::CreateAppend,
            },
            schema: target.schema.clone().filter(|schema| !schema.is_empty()),
            temporary: target.temporary,
            ..ingest::IngestOptions::default()
        };
        let (operation, client) = (self.begin(), self.shared.client()?);
        let schema = rows.schema().clone();
        let table = target.table.as_deref().unwrap_or_default();
        let begin = client.ingest(table, &schema, rows.peek()?, &options);
        let begun = wait(&operation, begin).map_err(|e| match e.sqlstate.map(|c| c as u8) {
            // ADBC's word for a table with other columns than the data.
            [b'4', b'2', b'7', b'0', b'1' | b'3'] => adbc_core::error::Error { status: Status::AlreadyExists, ..e },
            _ => e,
        });
        send(&operation, begun?, &mut rows)
    }
}

/// Sends rows, all of which are kept or none: how many there are.
fn send(operation: &Operation, batch: Batch, rows: &mut BoundRows) -> Result<Option<i64>> {
    // Given up, it undoes its rows in the background.
    let mut batch = Owned::new(batch);
    let batch = batch.get_mut().map_err(of)?;
    // Statements that the source of the rows runs on the same connection belong to the call.
    while let Some(some) = batch.within(|| rows.next())? {
        let most = batch.appetite();
        for at in (0..some.num_rows()).step_by(most.max(1)) {
            let piece = some.slice(at, most.min(some.num_rows() - at));
            wait(operation, batch.send(&[piece]))?;
        }
    }
    wait(operation, batch.finish()).map(|done| counted(done.count))
}

fn counted(count: Option<u64>) -> Option<i64> {
    count.and_then(|count| i64::try_from(count).ok())
}

impl Statement for DrdaStatement {
    fn bind(&mut self, batch: RecordBatch) -> Result<()> {
        self.bound = Some(batch.into());
        Ok(())
    }

    fn bind_stream(&mut self, reader: Box<dyn RecordBatchReader + Send>) -> Result<()> {
        guarded(|| {
            self.bound = Some(reader.into());
            Ok(())
        })
    }

    fn execute(&mut self) -> Result<Reader> {
        guarded(|| match self.run()? {
            Ran::Rows(reader) => Ok(reader),
            Ran::Each(reader) => Ok(reader as Reader),
            Ran::Done(rows) => {
                aside::affected(rows);
                Ok(nothing())
            }
        })
    }

    fn execute_update(&mut self) -> Result<Option<i64>> {
        guarded(|| match self.run()? {
            Ran::Done(rows) => Ok(rows),
            // Its rows are not wanted.
            Ran::Rows(_) => Ok(None),
            // A query may change a table: each of them runs.
            Ran::Each(mut reader) => reader.finish().map(|()| None),
        })
    }

    fn execute_schema(&mut self) -> Result<Schema> {
        guarded(|| {
            let columns = self.describe()?.columns;
            Ok(columns.map_or_else(Schema::empty, Arc::unwrap_or_clone))
        })
    }

    fn execute_partitions(&mut self) -> Result<PartitionedResult> {
        guarded(|| {
            if self.bound.is_some() {
                let text = "a token has no room for parameters: write their values into the statement";
                return Err(fault(Status::NotImplemented, "0A000", text));
            }
            let sql = self.query()?.to_owned();
            let not_rows = || fault(Status::InvalidArguments, "07005", "the statement returns no rows");
            let schema = self.describe()?.columns.map(Arc::unwrap_or_clone).ok_or_else(not_rows)?;
            let token = |sql| Token { database: self.shared.settings.config.database.clone(), sql }.encode();
            let partitions = self.in_parts(sql)?.into_iter().map(token).collect();
            Ok(PartitionedResult { partitions, schema, rows_affected: -1 })
        })
    }

    fn get_parameter_schema(&self) -> Result<Schema> {
        guarded(|| Ok(Arc::unwrap_or_clone(self.describe()?.parameters)))
    }

    /// The statement is prepared when it is described or executed: the server then needs one exchange for both.
    fn prepare(&mut self) -> Result<()> {
        self.query().map(drop)
    }

    fn set_sql_query(&mut self, query: impl AsRef<str>) -> Result<()> {
        self.query = Some(query.as_ref().to_owned());
        self.target.table = None;
        Ok(())
    }

    fn set_substrait_plan(&mut self, _plan: impl AsRef<[u8]>) -> Result<()> {
        Err(fault(Status::NotImplemented, "0A000", "Substrait plans are not taken: set the query in SQL"))
    }

    fn get_cancel_handle(&self) -> Box<dyn CancelHandle> {
        Box::new(self.canceller.clone())
    }
}

impl Optionable for DrdaStatement {
    type Option = OptionStatement;

    fn set_option(&mut self, key: OptionStatement, value: OptionValue) -> Result<()> {
        let name = key.as_ref().to_owned();
        let given = |value: &OptionValue| text(&name, value).map(|text| Some(text).filter(|text| !text.is_empty()));
        self.target.given.insert(name.clone());
        match key {
            OptionStatement::TargetTable => {
                self.target.begin(given(&value)?);
                self.query = None;
            }
            OptionStatement::TargetCatalog => self.target.catalog = given(&value)?,
            OptionStatement::TargetDbSchema => self.target.schema = given(&value)?,
            OptionStatement::IngestMode => self.target.mode = IngestMode::try_from(&value)?,
            OptionStatement::Temporary => self.target.temporary = flag(&name, &value)?,
            OptionStatement::Incremental if !flag(&name, &value)? => {}
            OptionStatement::Other(_) if name == BIND_BY_NAME => self.by_name = flag(&name, &value)?,
            _ => match name.strip_prefix(PREFIX) {
                Some("batch_rows") => self.limits.rows = count(&name, &text(&name, &value)?)?,
                Some("batch_bytes") => self.limits.bytes = Some(count(&name, &text(&name, &value)?)?),
                Some("partition.count") => self.parts.count = count(&name, &text(&name, &value)?)?.min(MOST_PARTS),
                Some("partition.on") => self.parts.on = given(&value)?,
                _ => return Err(unknown(&name)),
            },
        }
        Ok(())
    }

    fn get_option_string(&self, key: OptionStatement) -> Result<String> {
        let told = |value: &Option<String>| value.clone().ok_or_else(|| unset(key.as_ref()));
        match &key {
            OptionStatement::TargetTable => told(&self.target.table),
            OptionStatement::TargetCatalog => told(&self.target.catalog),
            OptionStatement::TargetDbSchema => told(&self.target.schema),
            OptionStatement::IngestMode => Ok(self.target.mode.into()),
            OptionStatement::Temporary => Ok(self.target.temporary.to_string()),
            OptionStatement::Incremental => Ok("false".to_owned()),
            OptionStatement::Other(name) if name == BIND_BY_NAME => Ok(self.by_name.to_string()),
            other => match other.as_ref().strip_prefix(PREFIX) {
                Some("batch_rows") => Ok(self.limits.rows.to_string()),
                Some("batch_bytes") => Ok(self.limits.most().to_string()),
                Some("partition.count") => Ok(self.parts.count.to_string()),
                Some("partition.on") => told(&self.parts.on),
                _ => Err(unset(other.as_ref())),
            },
        }
    }

    fn get_option_bytes(&self, key: OptionStatement) -> Result<Vec<u8>> {
        self.get_option_string(key).map(String::into_bytes)
    }

    fn get_option_int(&self, key: OptionStatement) -> Result<i64> {
        parsed(key.clone().as_ref(), &self.get_option_string(key)?)
    }

    fn get_option_double(&self, key: OptionStatement) -> Result<f64> {
        parsed(key.clone().as_ref(), &self.get_option_string(key)?)
    }
}
