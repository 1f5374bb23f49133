//! The rows of a query that an engine written in Python runs: pulled through Arrow's C stream interface without Python's
//! lock, and read into memory where the engine needs its connection for something else.

use super::calls::{HeldObject, inside, told_in_sql, unforeseen};
use crate::python::arrow::capsule;
use crate::python::arrow::imported::Imported;
use crate::python::runtime;
use crate::server::budget::{Budget, Lease, cost};
use crate::server::error::SqlError;
use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use pyo3::prelude::*;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// The result of a session that a batch is pulled from just now.
#[derive(Clone, Default)]
pub(super) struct Pulling(Arc<Mutex<Option<Weak<HeldObject>>>>);

impl Pulling {
    /// Breaks it off; false where nothing is pulled, or the engine has no such method.
    pub(super) fn interrupt(&self) -> bool {
        let result = self.now().as_ref().and_then(Weak::upgrade);
        let Some(result) = result else { return false };
        let called = inside(|py| match result.bind(py)?.getattr_opt("interrupt")? {
            Some(method) => method.call0().map(|_| true),
            None => Ok(false),
        });
        called.unwrap_or(false)
    }

    fn set(&self, result: Option<Weak<HeldObject>>) {
        *self.now() = result;
    }

    fn now(&self) -> MutexGuard<'_, Option<Weak<HeldObject>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How the transaction of a session was lost while rows of it were read, until it is told and undone.
#[derive(Clone, Default)]
pub(super) struct Loss(Arc<Mutex<Option<SqlError>>>);

impl Loss {
    /// The error, where there is one.
    pub(super) fn check(&self) -> Result<(), SqlError> {
        self.now().clone().map_or(Ok(()), Err)
    }

    /// It was told, and the transaction is over.
    pub(super) fn forget(&self) {
        *self.now() = None;
    }

    fn note(&self, error: &SqlError) {
        if error.rolled_back {
            self.now().get_or_insert_with(|| error.clone());
        }
    }

    fn now(&self) -> MutexGuard<'_, Option<SqlError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A result being read.
pub(super) struct Pulled {
    reader: Option<Imported>,
    /// Rows that were read because the connection was needed, with leases for them.
    held: VecDeque<(Result<RecordBatch, SqlError>, Option<Lease>)>,
    result: Option<Arc<HeldObject>>,
    pulling: Pulling,
    loss: Loss,
}

impl Pulled {
    pub(super) fn new(reader: Imported, result: HeldObject, pulling: Pulling, loss: Loss) -> Pulled {
        Pulled { reader: Some(reader), held: VecDeque::new(), result: Some(Arc::new(result)), pulling, loss }
    }

    /// The next batch, wherever it is.
    pub(super) fn next(&mut self) -> Option<Result<RecordBatch, SqlError>> {
        self.held.pop_front().map(|(batch, _)| batch).or_else(|| self.pull())
    }

    fn pull(&mut self) -> Option<Result<RecordBatch, SqlError>> {
        let reader = self.reader.as_mut()?;
        self.pulling.set(self.result.as_ref().map(Arc::downgrade));
        let pulled = runtime::foreign(|| reader.next());
        self.pulling.set(None);
        let Some(pulled) = pulled else {
            return Some(Err(SqlError::system("the program ends")));
        };
        match pulled {
            Some(Ok(batch)) => Some(Ok(batch)),
            None => {
                self.close();
                None
            }
            Some(Err(error)) => {
                self.release();
                let trouble = self.trouble(&error);
                // Whether the requester reads on or not: what it does next must not pass for the same transaction.
                self.loss.note(&trouble);
                self.close();
                Some(Err(trouble))
            }
        }
    }

    pub(super) fn read_ahead(&mut self, budget: Option<&Budget>, unwanted: &AtomicBool) -> Result<(), SqlError> {
        // The next batch is most likely as long as the one before.
        let mut bytes = 1;
        loop {
            if unwanted.load(Ordering::Acquire) {
                return Err(SqlError::interrupted());
            }
            if self.reader.is_some() {
                budget.map(|budget| budget.lease(bytes)).transpose()?;
            }
            let Some(batch) = self.pull() else { return Ok(()) };
            if let Err(lost) = &batch
                && lost.rolled_back
            {
                return Err(lost.clone());
            }
            let lease = budget.zip(batch.as_ref().ok()).map(|(budget, batch)| {
                let mut lease = budget.empty();
                bytes = cost(batch);
                lease.force(bytes);
                lease
            });
            self.held.push_back((batch, lease));
        }
    }

    pub(super) fn give_up(&mut self) {
        self.close();
        self.held.clear();
        self.held.push_back((Err(SqlError::new(-501, "24501", &[])), None));
    }

    /// The SQL error for the engine's words.
    fn trouble(&self, error: &ArrowError) -> SqlError {
        let words = capsule::text(error);
        let told = inside(|py| {
            let Some(result) = &self.result else { return Ok(unforeseen(py, "the stream", &words)) };
            let told = result.bind(py)?.call_method1("trouble", (words.as_str(),))?;
            Ok(told_in_sql(&told).unwrap_or_else(|| unforeseen(py, "the stream", &words)))
        });
        told.unwrap_or_else(|e| e)
    }

    /// Lets go of the stream. Once the interpreter ends nobody may call its owner any more: it is left.
    fn release(&mut self) {
        let reader = self.reader.take();
        let mut reader = std::mem::ManuallyDrop::new(reader);
        runtime::foreign(|| drop(reader.take()));
    }

    fn close(&mut self) {
        // The stream first: the connection below it is free then.
        self.release();
        if let Some(result) = self.result.take() {
            let _ = inside(|py| result.bind(py)?.call_method0("close").map(drop));
        }
    }
}

impl Drop for Pulled {
    fn drop(&mut self) {
        self.close();
    }
}

pub(super) fn lock(pulled: &Mutex<Pulled>) -> MutexGuard<'_, Pulled> {
    pulled.lock().unwrap_or_else(PoisonError::into_inner)
}
