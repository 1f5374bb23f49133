//! A connection and its sister for asyncio: the way in, units of work, cursors.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3::{PyTraverseError, PyVisit};

use super::catalog::{self, CatalogTable, GivenTable, wanted};
use super::connection_attributes::with_attributes;
use super::cursor_classes::{AsyncCursor, Cursor};
use super::figures;
use super::other_end::{server, tls};
use super::query::{AsyncQuery, Query, SharedQuery};
use super::row_factory::RowFactory;
use super::scroll;
use super::statement::SharedStatement;
use super::two_phase::End;
use super::xid::{self, GivenXid};
use crate::client::sql::scroll::ScrollOptions;
use crate::client::sql::xa::two_phase::TwoPhase;
use crate::python::arguments::given::Given;
use crate::python::arguments::settings;
use crate::python::caller::{Caller, ConnectOutcome};
use crate::python::coroutine::{coroutine, opening, spawn};
use crate::python::errors::Raise;
use crate::python::file::connection::{Said, beside, said};
use crate::python::file::file_classes::{AsyncFile, File};
use crate::python::ownership::Owned;
use crate::python::runtime;
use crate::python::shared_connection::SharedConnection;
use crate::python::wording::shown;

/// A connection to a database (PEP 249), made by `connect()`.
///
/// Threads may share it: their statements take turns. `with connection:` commits at the end, or rolls
/// back when an exception leaves the block, and closes. Closing without a commit rolls back.
#[pyclass(frozen, module = "drdarrow", weakref)]
pub(in crate::python) struct Connection(Owned<Arc<SharedConnection>>, RowFactory);

/// A connection to a database. Tasks may share it: their statements take turns.
///
/// `async with connection` commits at the end, or rolls back when an exception leaves the block, and closes.
#[pyclass(frozen, module = "drdarrow.aio", weakref)]
pub(in crate::python) struct AsyncConnection(Owned<Arc<SharedConnection>>, RowFactory);

impl From<(Arc<SharedConnection>, RowFactory)> for Connection {
    fn from((link, rows): (Arc<SharedConnection>, RowFactory)) -> Connection {
        Connection(Owned::new(link), rows)
    }
}

impl From<(Arc<SharedConnection>, RowFactory)> for AsyncConnection {
    fn from((link, rows): (Arc<SharedConnection>, RowFactory)) -> AsyncConnection {
        AsyncConnection(Owned::new(link), rows)
    }
}

/// The state of a new cursor.
fn statement(
    py: Python<'_>,
    link: &Owned<Arc<SharedConnection>>,
    moves: Option<ScrollOptions>,
) -> PyResult<Arc<SharedStatement>> {
    let link = link.get().or_raise(py)?;
    link.open().or_raise(py)?;
    Ok(SharedStatement::moving(link.clone(), moves))
}

with_attributes! {
    impl Connection {
        /// A new Cursor, with a `row_factory` of its own where one is given. Raises InterfaceError when the
        /// connection is closed.
        ///
        /// `scrollable`: True, "insensitive" or "sensitive" for one that moves to any row; `updatable`: rows can be changed
        /// where it stands; `hold`: it outlives a commit; `rowset`: rows that it fetches at a time. See docs/cursors.md.
        #[pyo3(signature = (*, row_factory=Given::default(), scrollable=None, updatable=false, hold=true, rowset=None))]
        fn cursor<'py>(
            slf: Py<Self>,
            py: Python<'py>,
            row_factory: Given<'py>,
            scrollable: Option<&Bound<'py, PyAny>>,
            updatable: bool,
            hold: bool,
            rowset: Option<i64>,
        ) -> PyResult<Cursor> {
            let rows = RowFactory::of_cursor(py, &row_factory, &slf.get().1)?;
            let moves = scroll::options(py, scrollable, updatable, hold, rowset)?;
            let statement = statement(py, &slf.get().0, moves)?;
            Ok(Cursor::new(py, slf.into_any(), statement, rows))
        }

        /// `cursor().execute(operation, parameters)`: a Cursor of its own with the result.
        #[pyo3(signature = (operation, parameters=None))]
        fn execute<'py>(
            slf: Py<Self>,
            py: Python<'py>,
            operation: &Bound<'py, PyAny>,
            parameters: Option<&Bound<'py, PyAny>>,
        ) -> PyResult<Py<Cursor>> {
            let cursor = Connection::cursor(slf, py, Given::default(), None, false, true, None)?;
            Cursor::execute(Py::new(py, cursor)?, py, operation, parameters)
        }

        /// A Query: the statement with its parameters, to be asked anew each time it is read. Asks nothing yet.
        #[pyo3(signature = (sql, parameters=None))]
        fn query<'py>(
            slf: Py<Self>,
            py: Python<'py>,
            sql: &Bound<'py, PyAny>,
            parameters: Option<&Bound<'py, PyAny>>,
        ) -> PyResult<Query> {
            let query = SharedQuery::of(py, slf.get().0.get().or_raise(py)?, sql, parameters)?;
            Ok(Query::new(slf.into_any(), query))
        }

        /// The parts of a table or a query, to be read side by side on connections of their own: a
        /// `drdarrow.partitions.Partitions`. docs/partitions.md has the options, which are those of
        /// `drdarrow.types.PartitionOptions`.
        ///
        /// Every row is in one part. Raises NotSupportedError for a query whose rows would be others in parts, or that
        /// nothing says how to divide.
        #[pyo3(signature = (source, parameters=None, /, **options))]
        fn partitions<'py>(
            slf: Bound<'py, Self>,
            source: &Bound<'py, PyAny>,
            parameters: Option<&Bound<'py, PyAny>>,
            options: Option<&Bound<'py, PyDict>>,
        ) -> PyResult<Bound<'py, PyAny>> {
            let plan = slf.py().import("drdarrow.partitions")?.getattr("partitions")?;
            plan.call((slf, source, parameters), options)
        }

        /// Opens a file of the same system: `FileConnection.open_file()` on a connection for files with the same
        /// address and login, made when it is first needed. Its unit of work is its own: `commit()` here does
        /// not commit there.
        #[pyo3(signature = (path, /, **options))]
        fn open_file(
            &self,
            py: Python<'_>,
            path: &str,
            options: Option<&Bound<'_, PyDict>>,
        ) -> PyResult<ConnectOutcome<File>> {
            runtime::wait(py, beside(py, self.0.get().or_raise(py)?, path, options)?)
        }

        /// A transaction: `with connection.transaction():` commits at the end of the block, or rolls back when an
        /// exception leaves it; autocommit rests meanwhile. One within another is a savepoint: only its own work is
        /// undone. It belongs to the thread that entered it.
        ///
        /// Entering raises InterfaceError where statements before it were not committed. In the block `commit()`,
        /// `rollback()` and a change of `autocommit` raise it.
        fn transaction<'py>(slf: Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
            slf.py().import("drdarrow._transactions")?.getattr("Transaction")?.call1((slf,))
        }

        fn __enter__(slf: Py<Self>, py: Python<'_>) -> PyResult<Py<Self>> {
            slf.get().0.get().or_raise(py)?.open().or_raise(py)?;
            Ok(slf)
        }
    }

    impl AsyncConnection {
        /// A new AsyncCursor, with a `row_factory` of its own where one is given. Raises InterfaceError when the
        /// connection is closed.
        ///
        /// `scrollable`: True, "insensitive" or "sensitive" for one that moves to any row; `updatable`: rows can be changed
        /// where it stands; `hold`: it outlives a commit; `rowset`: rows that it fetches at a time. See docs/cursors.md.
        #[pyo3(signature = (*, row_factory=Given::default(), scrollable=None, updatable=false, hold=true, rowset=None))]
        fn cursor<'py>(
            slf: Py<Self>,
            py: Python<'py>,
            row_factory: Given<'py>,
            scrollable: Option<&Bound<'py, PyAny>>,
            updatable: bool,
            hold: bool,
            rowset: Option<i64>,
        ) -> PyResult<AsyncCursor> {
            let rows = RowFactory::of_cursor(py, &row_factory, &slf.get().1)?;
            let moves = scroll::options(py, scrollable, updatable, hold, rowset)?;
            let statement = statement(py, &slf.get().0, moves)?;
            AsyncCursor::new(py, slf.into_any(), statement, rows)
        }

        /// `cursor().execute(operation, parameters)`: an AsyncCursor of its own with the result.
        #[pyo3(signature = (operation, parameters=None))]
        fn execute<'py>(
            slf: Py<Self>,
            py: Python<'py>,
            operation: &Bound<'py, PyAny>,
            parameters: Option<&Bound<'py, PyAny>>,
        ) -> PyResult<Bound<'py, PyAny>> {
            let cursor = AsyncConnection::cursor(slf, py, Given::default(), None, false, true, None)?;
            AsyncCursor::execute(Bound::new(py, cursor)?, operation, parameters)
        }

        /// An AsyncQuery: the statement with its parameters, to be asked anew each time it is read. Asks nothing yet.
        #[pyo3(signature = (sql, parameters=None))]
        fn query<'py>(
            slf: Py<Self>,
            py: Python<'py>,
            sql: &Bound<'py, PyAny>,
            parameters: Option<&Bound<'py, PyAny>>,
        ) -> PyResult<AsyncQuery> {
            let query = SharedQuery::of(py, slf.get().0.get().or_raise(py)?, sql, parameters)?;
            Ok(AsyncQuery::new(slf.into_any(), query))
        }

        /// The parts of a table or a query; see `drdarrow.Connection.partitions`.
        #[pyo3(signature = (source, parameters=None, /, **options))]
        fn partitions<'py>(
            slf: Bound<'py, Self>,
            source: &Bound<'py, PyAny>,
            parameters: Option<&Bound<'py, PyAny>>,
            options: Option<&Bound<'py, PyDict>>,
        ) -> PyResult<Bound<'py, PyAny>> {
            let arguments = (slf.clone(), source, parameters, options);
            coroutine(slf.py(), "AsyncConnection.partitions", "partitions", arguments)
        }

        /// A transaction: `async with connection.transaction():`; see `drdarrow.Connection.transaction`. It belongs to the
        /// task that entered it.
        fn transaction<'py>(slf: Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
            slf.py().import("drdarrow._transactions")?.getattr("AsyncTransaction")?.call1((slf,))
        }

        /// Opens a file of the same system on a connection for files beside this one, with its own unit of work:
        /// `await` it or `async with` it. Options as `drdarrow.open_file`.
        #[pyo3(signature = (path, /, **options))]
        fn open_file<'py>(
            &self,
            py: Python<'py>,
            path: &str,
            options: Option<&Bound<'py, PyDict>>,
        ) -> PyResult<Bound<'py, PyAny>> {
            let work = || beside::<AsyncFile>(py, self.0.get().or_raise(py)?, path, options);
            opening(&spawn(py, "AsyncConnection.open_file", work())?)
        }
    }

    impl Both {
        /// Runs a CL command in the job of that connection: list of `drdarrow.types.Message`.
        fn command<'py>(&self, py: Python<'py>, cl: String) -> ConnectOutcome<Said> {
            let (link, caller) = (self.0.shared(py)?, Caller::here(py)?);
            caller.clone().hear(async move { said(&*link.files(&caller).await?, &cl).await })
        }

        /// The database of the connection: a `CatalogTable` of `drdarrow.types.CatalogInfo`.
        fn catalogs<'py>(&self, py: Python<'py>) -> CatalogTable {
            catalog::catalogs(self.0.shared(py)?)
        }

        /// Schemas, on IBM i libraries: a `CatalogTable` of `drdarrow.types.SchemaInfo`. `like` is a pattern as those
        /// of `tables()`; without it the schemas of the system are left out.
        #[pyo3(signature = (*, like=None))]
        fn schemas<'py>(&self, py: Python<'py>, like: Option<&str>) -> CatalogTable {
            catalog::schemas(self.0.shared(py)?, wanted(py, None, like)?)
        }

        /// Tables, views and aliases: a `CatalogTable` of `drdarrow.types.TableInfo`.
        ///
        /// `schema` is a name as in SQL, `like` a pattern of names: `%` is any text, `_` any character, `\` stands
        /// before one that means itself. Both are in upper case unless in double quotes. `kinds` are "TABLE", "VIEW"
        /// and so on. The tables of the system are left out unless `schema` names theirs.
        #[pyo3(signature = (*, schema=None, like=None, kinds=None))]
        fn tables<'py>(
            &self,
            py: Python<'py>,
            schema: Option<&str>,
            like: Option<&str>,
            kinds: Option<catalog::Kinds>,
        ) -> CatalogTable {
            catalog::tables(self.0.shared(py)?, wanted(py, schema, like)?, kinds)
        }

        /// The columns of a table: a `CatalogTable` of `drdarrow.types.ColumnInfo`.
        ///
        /// `table` is "NAME" or "SCHEMA.NAME" as in SQL, a pair (schema, name) of names as they are, or a `ColumnInfo`
        /// of the table, which is not looked for again then. Raises ProgrammingError, SQLCODE -204, without such a table.
        fn columns<'py>(&self, py: Python<'py>, table: GivenTable) -> CatalogTable {
            catalog::columns(self.0.shared(py)?, table)
        }

        /// The keys and checks of a table, a row for each column: a `CatalogTable` of `drdarrow.types.KeyInfo`.
        /// `table` as in `columns()`.
        fn keys<'py>(&self, py: Python<'py>, table: GivenTable) -> CatalogTable {
            catalog::keys(self.0.shared(py)?, table)
        }

        /// The indexes of a table, a row for each column: a `CatalogTable` of `drdarrow.types.IndexInfo`. `table` as
        /// in `columns()`.
        fn indexes<'py>(&self, py: Python<'py>, table: GivenTable) -> CatalogTable {
            catalog::indexes(self.0.shared(py)?, table)
        }

        /// The numbers that the catalog has about a table and its columns: a `CatalogTable` of
        /// `drdarrow.types.StatisticInfo`, a row for the table and one for each column that was counted. `table` as in
        /// `columns()`.
        fn statistics<'py>(&self, py: Python<'py>, table: GivenTable) -> CatalogTable {
            catalog::statistics(self.0.shared(py)?, table)
        }

        /// Procedures and functions: a `CatalogTable` of `drdarrow.types.ProcedureInfo`. `schema` and `like` as in
        /// `tables()`.
        #[pyo3(signature = (*, schema=None, like=None))]
        fn procedures<'py>(&self, py: Python<'py>, schema: Option<&str>, like: Option<&str>) -> CatalogTable {
            catalog::procedures(self.0.shared(py)?, wanted(py, schema, like)?)
        }

        /// Makes the changes last.
        ///
        /// Raises OperationalError with SQLSTATE 08007 when the answer did not come: the outcome is
        /// unknown then, and nothing is tried again.
        fn commit<'py>(&self, py: Python<'py>) -> () {
            self.0.shared(py)?.end_work(true)
        }

        /// Undoes the changes since the last commit; open results end with an error.
        fn rollback<'py>(&self, py: Python<'py>) -> () {
            self.0.shared(py)?.end_work(false)
        }

        /// Makes the connection as it was when it was opened: what is not committed is undone, open results end with an
        /// error, and nothing is left of what statements set or declared for the session: registers, temporary tables,
        /// variables. It logs in again on a new socket, with the settings of `connect()`.
        ///
        /// Raises InterfaceError within `transaction()`, OperationalError when the server cannot be reached or
        /// refuses: the connection is closed then.
        fn reset<'py>(&self, py: Python<'py>) -> () {
            self.0.shared(py)?.reset()
        }

        /// Begins a branch of a global transaction: statements belong to it until `tpc_commit()` or `tpc_rollback()`;
        /// autocommit rests, and `commit()` and `rollback()` raise ProgrammingError. After `timeout` seconds the server
        /// rolls it back by itself, Derby even if it is prepared.
        ///
        /// Raises ProgrammingError where statements before it were not committed.
        #[pyo3(signature = (xid, *, timeout=None))]
        fn tpc_begin<'py>(&self, py: Python<'py>, xid: &Bound<'py, PyAny>, timeout: Option<f64>) -> () {
            let limit = timeout.map(|seconds| settings::limit_of_time(py, "timeout", seconds)).transpose()?;
            self.0.shared(py)?.tpc_begin(xid::read(xid)?, limit)
        }

        /// The first phase: True when the server keeps the branch until it is told its outcome, False when the branch
        /// has changed nothing and is over. No statement may run before `tpc_commit()` or `tpc_rollback()`. A branch
        /// that cannot be prepared is rolled back.
        fn tpc_prepare<'py>(&self, py: Python<'py>) -> bool {
            self.0.shared(py)?.tpc_prepare()
        }

        /// Commits the branch: as the second phase if it is prepared, else at once. With an `xid` one that waits, outside
        /// of a transaction.
        ///
        /// Raises OperationalError with SQLSTATE 08007 when the answer did not come: it names the xid and the cure.
        /// IntegrityError when the branch had another end than the one it was told.
        #[pyo3(signature = (xid=None))]
        fn tpc_commit<'py>(&self, py: Python<'py>, xid: Option<&Bound<'py, PyAny>>) -> () {
            self.0.shared(py)?.tpc_end(xid.map(xid::read).transpose()?, End::Commit)
        }

        /// Rolls back the branch, prepared or not. With an `xid` one that waits, outside of a transaction.
        #[pyo3(signature = (xid=None))]
        fn tpc_rollback<'py>(&self, py: Python<'py>, xid: Option<&Bound<'py, PyAny>>) -> () {
            self.0.shared(py)?.tpc_end(xid.map(xid::read).transpose()?, End::Rollback)
        }

        /// The branches that wait for their outcome: list of `drdarrow.types.Xid`, for `tpc_commit(xid)` or
        /// `tpc_rollback(xid)`.
        fn tpc_recover<'py>(&self, py: Python<'py>) -> Vec<GivenXid> {
            self.0.shared(py)?.tpc_recover()
        }

        /// Asks whether the server answers within `timeout` seconds. It changes nothing, and is no part of a transaction.
        ///
        /// Raises OperationalError when no answer comes: the connection is closed then. A statement that another
        /// thread or task waits for has the same time to end; where it does not, the connection stays as it is.
        #[pyo3(signature = (*, timeout=5.0))]
        fn ping<'py>(&self, py: Python<'py>, timeout: f64) -> () {
            let limit = settings::limit_of_time(py, "timeout", timeout)?;
            self.0.shared(py)?.ping(limit)
        }

        /// Breaks off the statement that another thread or task waits for, or its fetch. That one raises
        /// OperationalError, SQLCODE -952 and SQLSTATE 57014, and the connection goes on with its transaction; or the
        /// statement had just ended. Nothing happens when nothing runs. Commits and rollbacks are not broken off.
        ///
        /// Db2 for LUW and z/OS can be told. Where a server cannot be, as Derby and Db2 for i, the other one raises
        /// OperationalError with SQLSTATE 57014 as well, and the connection is lost unless the server answers within
        /// two seconds. A statement that is committed by itself has an unknown outcome then, SQLSTATE 08007.
        fn cancel<'py>(&self, py: Python<'py>) -> () {
            self.0.shared(py)?.cancel()
        }

        /// `rollback()` within `timeout` seconds; the connection is closed when no answer comes.
        fn _rollback_within<'py>(&self, py: Python<'py>, timeout: f64) -> () {
            let limit = settings::limit_of_time(py, "timeout", timeout)?;
            self.0.shared(py)?.rollback_within(limit)
        }

        /// Begins a block of `transaction()`, which has a name.
        fn _begin<'py>(&self, py: Python<'py>, owner: u64, block: u64) -> () {
            self.0.shared(py)?.begin_block(owner, block)
        }

        /// Ends it: keeps its work, or undoes it.
        fn _end<'py>(&self, py: Python<'py>, block: u64, well: bool) -> () {
            self.0.shared(py)?.end_block(block, well)
        }

        /// Closes the connection; work that was not committed is undone. Closing twice is allowed. A
        /// statement that another thread waits for ends with an error.
        fn close<'py>(&self, py: Python<'py>) -> () {
            let link = self.0.shared(py)?;
            link.watch.let_go();
            link.close()
        }

        /// Tells the server anew who works here: what is given is changed, "" takes it back, None leaves it.
        ///
        /// It fills the registers CURRENT CLIENT_APPLNAME, CLIENT_WRKSTNNAME, CLIENT_USERID and CLIENT_ACCTNG of
        /// a Db2, whatever becomes of the transaction. Raises NotSupportedError at Derby, which has none.
        #[pyo3(signature = (*, application_name=None, client_workstation=None, client_user=None, client_accounting=None))]
        fn set_client_info<'py>(
            &self,
            py: Python<'py>,
            application_name: Option<&Bound<'py, PyAny>>,
            client_workstation: Option<&Bound<'py, PyAny>>,
            client_user: Option<&Bound<'py, PyAny>>,
            client_accounting: Option<&Bound<'py, PyAny>>,
        ) -> () {
            let named = [
                ("application_name", application_name),
                ("client_workstation", client_workstation),
                ("client_user", client_user),
                ("client_accounting", client_accounting),
            ];
            let info = settings::client_info(py, named)?;
            self.0.shared(py)?.set_client_info(info)
        }
    }

    impl Leave {
        fn leave<'py>(&self, py: Python<'py>, well: bool) -> () {
            let link = self.0.shared(py)?;
            link.watch.let_go();
            link.leave(well)
        }
    }
}
