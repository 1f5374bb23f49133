//! Engines of one query, which a test runs as it likes: whatever is prepared is that query, and all else does nothing.

use arrow_schema::{DataType, Field, Schema, SchemaRef};
use drdarrow::server::backend::{Backend, ConnectError, Done, Interrupt, Login, Parameters, Prepared, Rows, Session};
use drdarrow::server::error::SqlError;
use std::sync::Arc;

/// The query.
pub(crate) trait Query: Clone + Send + Sync + 'static {
    /// The columns of a statement: a number, unless the query says otherwise.
    fn columns(&self, _sql: &str) -> Option<SchemaRef> {
        Some(Arc::new(Schema::new(vec![Field::new("A", DataType::Int32, true)])))
    }

    fn run(&self) -> Result<Rows, SqlError>;

    fn interrupt(&self) -> Option<Interrupt> {
        None
    }

    fn rows_are_shared(&self) -> bool {
        false
    }
}

/// An engine that knows nothing else, and each of its sessions.
#[derive(Clone)]
pub(crate) struct QueryEngine<Q>(pub(crate) Q);

impl<Q: Query> Backend for QueryEngine<Q> {
    fn connect(&self, _: &Login) -> Result<Box<dyn Session>, ConnectError> {
        Ok(Box::new(self.clone()))
    }
}

impl<Q: Query> Session for QueryEngine<Q> {
    fn prepare(&mut self, sql: &str) -> Result<Prepared, SqlError> {
        Ok(Prepared { statement: 1, columns: self.0.columns(sql), parameters: Vec::new() })
    }

    fn query(&mut self, _: u64, _: &Parameters) -> Result<Rows, SqlError> {
        self.0.run()
    }

    fn execute(&mut self, _: u64, _: &Parameters) -> Result<Done, SqlError> {
        Ok(Done::default())
    }

    fn forget(&mut self, _: u64) {}

    fn set(&mut self, _: &str) -> Result<(), SqlError> {
        Ok(())
    }

    fn commit(&mut self) -> Result<(), SqlError> {
        Ok(())
    }

    fn rollback(&mut self) -> Result<(), SqlError> {
        Ok(())
    }

    fn interrupt(&self) -> Option<Interrupt> {
        self.0.interrupt()
    }

    fn rows_are_shared(&self) -> bool {
        self.0.rows_are_shared()
    }
}
