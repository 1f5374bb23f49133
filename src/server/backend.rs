//! The engine that runs the statements: anything that can describe a statement, hand its rows over as Arrow
//! batches, and commit. All calls are made on a pool of threads that may block, one at a time for
//! each session.

use super::budget::Budget;
use super::catalog::database::Database;
use super::catalog::view::Catalog;
use super::error::SqlError;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{Field, SchemaRef};
use std::sync::Arc;

/// Who connects to what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The user, proved as the server's settings ask for.
    pub user: String,
    /// The database (RDB name), without attributes of Derby that a client may put after it.
    pub database: String,
    /// The requester changes nothing.
    pub read_only: bool,
}

/// An engine, for those who change data and for those who do not.
pub(in crate::server) struct Engines {
    pub(in crate::server) changing: Arc<dyn Backend>,
    pub(in crate::server) reading: Arc<dyn Backend>,
}

/// Why there is no session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// There is no such database.
    #[error("no such database")]
    NoDatabase,
    /// The user may not use it.
    #[error("the user may not use the database")]
    NotAuthorised,
    /// The engine failed.
    #[error(transparent)]
    Failed(#[from] SqlError),
}

/// An engine that serves any number of sessions.
pub trait Backend: Send + Sync + 'static {
    /// A session of its own for a connection. Dropped, it rolls back.
    fn connect(&self, login: &Login) -> Result<Box<dyn Session>, ConnectError>;
}

/// The rows of a query, in batches of one schema, made while they are read. Where the next batch takes longer than
/// a tenth of a second, the rows before it are sent; no other call comes to the session until it is there.
pub type Rows = Box<dyn Iterator<Item = Result<RecordBatch, SqlError>> + Send>;

/// Breaks off what a session is doing, be it a call or the making of a batch of rows, which then ends with -952. Called
/// from any thread, at any time, also when the session is idle or gone: what it does next is not concerned. May block.
pub type Interrupt = Arc<dyn Fn() + Send + Sync>;

/// One connection's view of the engine.
pub trait Session: Send {
    /// Reads a statement and describes it.
    fn prepare(&mut self, sql: &str) -> Result<Prepared, SqlError>;
    /// Reads a query whose rows are to be changed where a cursor stands. Its result has one column more, the last, of any
    /// type: a key by which the engine knows the row. -511 where the rows are not those of one table.
    fn prepare_updatable(&mut self, _sql: &str) -> Result<Prepared, SqlError> {
        Err(SqlError::new(-511, "42829", &[]))
    }
    /// Reads an UPDATE or a DELETE, which says nothing of rows, for one row of the query `of`. It has one marker more, the
    /// last: the key of the row. It changes no row where that is gone, or where, since the transaction of the query, it was
    /// changed. -509 for another table than that of the query.
    fn prepare_at_row(&mut self, _sql: &str, _of: u64) -> Result<Prepared, SqlError> {
        Err(SqlError::new(-510, "42828", &[]))
    }
    /// Runs a prepared query. Batches have the columns of [`Prepared::columns`] in their order.
    fn query(&mut self, statement: u64, parameters: &Parameters) -> Result<Rows, SqlError>;
    /// The rows that the query has changed which ran last, where it is one over the rows of a change.
    fn rows_changed(&mut self) -> Option<u64> {
        None
    }
    /// Runs a prepared statement that is no query, once for each row of parameters; all of them or
    /// none.
    fn execute(&mut self, statement: u64, parameters: &Parameters) -> Result<Done, SqlError>;
    /// Runs a prepared statement that is no query for each row of parameters by itself: a row that
    /// fails changes nothing, and the others stay. One answer a row, in order. After an error that
    /// rolled the transaction back nothing more is run; the rows left have that error as well.
    fn execute_each(&mut self, statement: u64, parameters: &Parameters) -> Vec<Result<Done, SqlError>> {
        one_by_one(parameters, |row| self.execute(statement, row))
    }
    /// Runs a prepared statement for rows that came as commands of their own: as many of them, from the first on, as can
    /// be run at once with the outcome that they have one after the other. One answer a row. None is run, and nothing is
    /// changed, where these rows have to be run one after the other; `None` where that holds for all rows.
    fn execute_gathered(&mut self, _statement: u64, _rows: &Parameters) -> Option<Vec<Result<Done, SqlError>>> {
        None
    }
    /// Reads a CALL and describes its markers. Without it there are no procedures (SQLCODE -440).
    fn prepare_call(&mut self, sql: &str) -> Result<PreparedCall, SqlError> {
        Err(SqlError::no_routine(called_name(sql)))
    }
    /// Runs a prepared CALL.
    fn call(&mut self, _statement: u64, _parameters: &Parameters) -> Result<Called, SqlError> {
        Err(SqlError::new(-518, "07003", &[]))
    }
    /// The statement is not needed any more.
    fn forget(&mut self, statement: u64);
    /// A SET statement that the client's driver sends by itself, among them `SET CLIENT …`, which tell
    /// who the client is; or the call of SYSPROC.WLM_SET_CLIENT_INFO that tells the same.
    fn set(&mut self, sql: &str) -> Result<(), SqlError>;
    /// Puts the settings of statements and of `set` back to those of the start: the session goes to another connection,
    /// in the middle of a transaction.
    fn reset(&mut self) -> Result<(), SqlError> {
        Ok(())
    }
    /// Makes the changes last.
    fn commit(&mut self) -> Result<(), SqlError>;
    /// Undoes the changes.
    fn rollback(&mut self) -> Result<(), SqlError>;
    /// The transaction is to be committed, whatever comes in between; an error has rolled it back. Only `commit` and
    /// `rollback` come after this.
    fn prepare_to_commit(&mut self) -> Result<(), SqlError> {
        Ok(())
    }
    /// The error that has rolled the transaction back while rows were read, as long as nobody has said `rollback`: the client
    /// need not have seen it.
    fn lost(&self) -> Option<SqlError> {
        None
    }
    /// Whether the transaction has changed something; none where that is not known.
    fn changed(&self) -> Option<bool> {
        None
    }
    /// For an engine that can be interrupted.
    fn interrupt(&self) -> Option<Interrupt> {
        None
    }
    /// The memory that the client may make the session hold, told before the first call: rows that are read ahead,
    /// changes that are
    /// not committed. What takes more is an error, -289, that leaves the rest as it is.
    fn hold(&mut self, _: &Budget) {}
    /// True when the rows of queries are parts of tables that the engine holds in any case: they count for nothing in
    /// the budget of the client.
    fn rows_are_shared(&self) -> bool {
        false
    }
    /// The product that the server looks like, by its catalog: an engine that answers queries of the catalog's views
    /// has their rows from it. Told before the first statement.
    fn appear_as(&mut self, _: &Catalog) {}
    /// The objects that there are, for the catalog procedures by which drivers ask for them. Without
    /// this those procedures do not exist (SQLCODE -440).
    fn database(&mut self) -> Result<Database, SqlError> {
        Err(SqlError::no_routine("SQLTABLES"))
    }
}

/// Runs each row of parameters by itself, up to an error that rolled the transaction back or an interrupt: the rows left
/// have that error as well.
pub fn one_by_one(
    parameters: &Parameters,
    mut run: impl FnMut(&Parameters) -> Result<Done, SqlError>,
) -> Vec<Result<Done, SqlError>> {
    let mut done: Vec<Result<Done, SqlError>> = Vec::with_capacity(parameters.rows);
    for row in 0..parameters.rows {
        let gone = done.last().and_then(|last| last.as_ref().err()).filter(|e| e.rolled_back || e.is_interrupted());
        done.push(match gone {
            Some(error) => Err(error.clone()),
            None => run(&parameters.row(row)),
        });
    }
    done
}

/// The kind of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// Names the statement in later calls.
    pub statement: u64,
    /// The columns of its result; `None` when it is no query. The metadata `drda:type`,
    /// `drda:length`, `drda:precision`, `drda:scale` and `drda:label` say what SQL knows and
    /// Arrow does not; `drda:schema`, `drda:table` and `drda:column` which column of a table it is.
    pub columns: Option<SchemaRef>,
    /// The type of each parameter marker.
    pub parameters: Vec<Field>,
}

/// Which way a parameter of a procedure goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterMode {
    /// In.
    In,
    /// In and out.
    InOut,
    /// Out.
    Out,
}

/// A CALL that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedCall {
    /// Names the statement in later calls.
    pub statement: u64,
    /// The procedure's name.
    pub procedure: String,
    /// The markers.
    pub parameters: Vec<(ParameterMode, Field)>,
    /// The procedure changes nothing.
    pub reads: bool,
}

/// The outcome of a CALL.
pub struct Called {
    /// The status that the procedure returned.
    pub status: i32,
    /// Rows were changed.
    pub changed: bool,
    /// A row with a value for each marker, where any comes out; those that only go in are NULL.
    pub values: Option<Rows>,
    /// The cursors that are left open for the caller.
    pub results: Vec<CalledRows>,
}

/// The rows of a cursor that a procedure left open.
pub struct CalledRows {
    /// The cursor's name.
    pub name: String,
    /// Its columns.
    pub schema: SchemaRef,
    /// Its rows.
    pub rows: Rows,
}

/// The name of the procedure in a CALL, for messages.
fn called_name(sql: &str) -> &str {
    let words = sql.trim_start_matches(|c: char| c == '?' || c == '=' || c.is_whitespace());
    let name = words.split_whitespace().nth(1).unwrap_or_default();
    name.split('(').next().unwrap_or_default()
}

/// The values of the parameter markers: one array for each, of the type that the client sent,
/// which need not be the one that was described.
#[derive(Debug, Clone, Default)]
pub struct Parameters {
    /// One array a marker.
    pub columns: Vec<ArrayRef>,
    /// Rows in each; 1 without markers.
    pub rows: usize,
}

impl Parameters {
    /// For a statement without markers.
    pub fn none() -> Parameters {
        Parameters { columns: Vec::new(), rows: 1 }
    }

    /// The same with the key of a row as one value more, where there is one.
    pub fn at_row(mut self, key: Option<ArrayRef>) -> Parameters {
        self.columns.extend(key);
        self
    }

    /// The values of one row.
    pub fn row(&self, row: usize) -> Parameters {
        Parameters { columns: self.columns.iter().map(|column| column.slice(row, 1)).collect(), rows: 1 }
    }
}

/// The outcome of a statement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    /// Rows changed; `None` for a statement that does not change rows.
    pub count: Option<u64>,
    /// A warning.
    pub warning: Option<SqlError>,
}
