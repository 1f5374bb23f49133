//! An engine whose tables are read and not changed: statements that are not queries are refused, whatever it is.

use crate::server::backend::{
    Backend, Called, ConnectError, Done, Interrupt, Login, Parameters, Prepared, PreparedCall, Rows, Session,
};
use crate::server::budget::Budget;
use crate::server::catalog::database::Database;
use crate::server::catalog::view::Catalog;
use crate::server::error::SqlError;
use std::sync::Arc;

/// Statements that are not queries and change nothing but the session.
const HARMLESS: [&str; 4] = ["SET", "SAVEPOINT", "RELEASE", "ROLLBACK"];

/// An engine, for reading.
pub(in crate::server) struct ReadOnly(pub(in crate::server) Arc<dyn Backend>);

impl Backend for ReadOnly {
    fn connect(&self, login: &Login) -> Result<Box<dyn Session>, ConnectError> {
        Ok(Box::new(ReadOnlySession(self.0.connect(&Login { read_only: true, ..login.clone() })?)))
    }
}

struct ReadOnlySession(Box<dyn Session>);

impl Session for ReadOnlySession {
    fn prepare(&mut self, sql: &str) -> Result<Prepared, SqlError> {
        let prepared = self.0.prepare(sql)?;
        if prepared.columns.is_none() && !is_harmless(sql) {
            self.0.forget(prepared.statement);
            return Err(SqlError::read_only());
        }
        Ok(prepared)
    }

    /// A procedure may change anything, unless the engine says that it does not.
    fn prepare_call(&mut self, sql: &str) -> Result<PreparedCall, SqlError> {
        let prepared = self.0.prepare_call(sql)?;
        if prepared.reads {
            return Ok(prepared);
        }
        self.0.forget(prepared.statement);
        Err(SqlError::read_only())
    }

    fn call(&mut self, statement: u64, parameters: &Parameters) -> Result<Called, SqlError> {
        self.0.call(statement, parameters)
    }

    fn hold(&mut self, budget: &Budget) {
        self.0.hold(budget);
    }

    fn query(&mut self, statement: u64, parameters: &Parameters) -> Result<Rows, SqlError> {
        self.0.query(statement, parameters)
    }

    fn execute(&mut self, statement: u64, parameters: &Parameters) -> Result<Done, SqlError> {
        self.0.execute(statement, parameters)
    }

    fn execute_each(&mut self, statement: u64, parameters: &Parameters) -> Vec<Result<Done, SqlError>> {
        self.0.execute_each(statement, parameters)
    }

    fn execute_gathered(&mut self, statement: u64, rows: &Parameters) -> Option<Vec<Result<Done, SqlError>>> {
        self.0.execute_gathered(statement, rows)
    }

    fn forget(&mut self, statement: u64) {
        self.0.forget(statement);
    }

    fn set(&mut self, sql: &str) -> Result<(), SqlError> {
        self.0.set(sql)
    }

    fn commit(&mut self) -> Result<(), SqlError> {
        self.0.commit()
    }

    fn rollback(&mut self) -> Result<(), SqlError> {
        self.0.rollback()
    }

    fn prepare_to_commit(&mut self) -> Result<(), SqlError> {
        self.0.prepare_to_commit()
    }

    fn changed(&self) -> Option<bool> {
        self.0.changed()
    }

    fn interrupt(&self) -> Option<Interrupt> {
        self.0.interrupt()
    }

    fn rows_are_shared(&self) -> bool {
        self.0.rows_are_shared()
    }

    fn appear_as(&mut self, catalog: &Catalog) {
        self.0.appear_as(catalog);
    }

    fn database(&mut self) -> Result<Database, SqlError> {
        Ok(Database { read_only: true, ..self.0.database()? })
    }
}

fn is_harmless(sql: &str) -> bool {
    let word = sql.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    HARMLESS.iter().any(|known| word.eq_ignore_ascii_case(known))
}
