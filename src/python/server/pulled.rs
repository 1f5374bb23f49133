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
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

/// The end of a query whose rows nobody reads may take this long, before the engine is told to break it off.
const RELEASE: Duration = Duration::from_millis(100);
/// The rows that nobody reads of a query that must have ended come for so long, where breaking it off may cost a
/// transaction: less than the patience of our own client, who asks for that himself then.
const LAST_ROWS: Duration = Duration::from_millis(500);
/// An engine whose rows nobody takes has nothing more to do after this long.
const REST: Duration = Duration::from_millis(50);

/// The result of a session that a batch is pulled from just now.
#[derive(Clone, Default)]
pub(super) struct Pulling(Arc<Mutex<Option<Weak<HeldObject>>>>);

impl Pulling {
    /// Breaks it off; false where nothing is pulled, or the engine has no such method.
    pub(super) fn interrupt(&self) -> bool {
        let result = self.now().as_ref().and_then(Weak::upgrade);
        result.is_some_and(|result| interrupt(&result))
    }

    fn set(&self, result: Option<Weak<HeldObject>>) {
        *self.now() = result;
    }

    fn now(&self) -> MutexGuard<'_, Option<Weak<HeldObject>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Breaks off what the engine does for a result; false where it has no such method.
fn interrupt(result: &HeldObject) -> bool {
    inside(|py| call_interrupt(py, result)).unwrap_or(false)
}

fn call_interrupt(py: Python<'_>, result: &HeldObject) -> PyResult<bool> {
    match result.bind(py)?.getattr_opt("interrupt")? {
        Some(method) => method.call0().map(|_| true),
        None => Ok(false),
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
    /// Its transaction is to go on.
    kept: bool,
}

impl Pulled {
    /// shared: it runs among the changes of the session.
    pub(super) fn new(reader: Imported, result: HeldObject, pulling: Pulling, loss: Loss, shared: bool) -> Pulled {
        let result = Some(Arc::new(result));
        Pulled { reader: Some(reader), held: VecDeque::new(), result, pulling, loss, kept: shared }
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
                self.release();
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
        self.kept = false;
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
        let mut reader = std::mem::ManuallyDrop::new(self.reader.take());
        runtime::foreign(|| drop(reader.take()));
    }

    /// The same of a stream with rows that nobody reads. The engine may wait for its work under way, for hours: it is told
    /// to break that off. (Measured: DuckDB 2.0, whose transaction outlives that.) Where the stream has to end first that
    /// may cost the transaction, so it has a while to end by itself; and it is broken off while it rests.
    fn release_unread(&mut self) {
        let Some(result) = self.result.clone() else { return self.release() };
        let ends_first = inside(|py| match result.bind(py)?.getattr_opt("ends_first")? {
            Some(method) => method.call0()?.extract::<bool>(),
            None => Ok(false),
        });
        let goes_on = match (ends_first.unwrap_or(false), self.kept) {
            (true, true) => Some(LAST_ROWS),
            (true, false) => Some(Duration::ZERO),
            (false, _) => None,
        };
        let mut reader = std::mem::ManuallyDrop::new(self.reader.take());
        let failed = runtime::foreign(|| {
            let mut rows = reader.take();
            let failed = rows.as_mut().zip(goes_on).and_then(|(rows, time)| end(&result, rows, time));
            watch(&result, RELEASE, || drop(rows));
            failed
        });
        if let Some(Some(error)) = failed {
            let trouble = self.trouble(&error);
            self.loss.note(&trouble);
        }
    }

    fn close(&mut self) {
        // The stream first: the connection below it is free then.
        if self.reader.is_some() {
            self.release_unread();
        }
        if let Some(result) = self.result.take() {
            let _ = inside(|py| result.bind(py)?.call_method0("close").map(drop));
        }
    }
}

/// Reads the rows on for a while, and breaks them off then; the error with which they end. Within `foreign`.
fn end(result: &HeldObject, rows: &mut Imported, time: Duration) -> Option<ArrowError> {
    let until = Instant::now() + time;
    let read_on = || {
        while Instant::now() < until {
            match rows.next() {
                Some(Ok(_)) => {}
                ended => return ControlFlow::Break(ended.and_then(Result::err)),
            }
        }
        ControlFlow::Continue(())
    };
    if let ControlFlow::Break(ended) = watch(result, time + RELEASE, read_on) {
        return ended;
    }
    thread::sleep(REST);
    let _ = runtime::beside(|py| call_interrupt(py, result));
    watch(result, RELEASE, || rows.find_map(Result::err))
}

/// Runs what lets go of a result, and breaks it off again and again after a while. Within `foreign`.
fn watch<T>(result: &HeldObject, patience: Duration, release: impl FnOnce() -> T) -> T {
    thread::scope(|scope| {
        let (over, ended) = channel::<()>();
        let watching = move || {
            let mut wait = patience;
            while ended.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                let _ = runtime::beside(|py| call_interrupt(py, result));
                wait = RELEASE;
            }
        };
        if let Err(e) = thread::Builder::new().name("drdarrow-release".to_owned()).spawn_scoped(scope, watching) {
            tracing::warn!(error = %e, "no thread to watch over the end of a query");
        }
        let released = release();
        drop(over);
        released
    })
}

impl Drop for Pulled {
    fn drop(&mut self) {
        self.close();
    }
}

pub(super) fn lock(pulled: &Mutex<Pulled>) -> MutexGuard<'_, Pulled> {
    pulled.lock().unwrap_or_else(PoisonError::into_inner)
}
