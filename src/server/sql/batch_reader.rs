//! The batches of a query, pulled from its engine. Where rows wait to be sent, a thread of its own does
//! that: an engine that takes its time does not hold back the rows that it has given before.

use crate::server::backend::Rows;
use crate::server::error::SqlError;
use arrow_array::RecordBatch;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// Rows wait this long for those that would fill their block.
pub(in crate::server) const DELAY: Duration = Duration::from_millis(100);
/// Engines that are waited for on threads of their own at a time. One beyond is waited for by its command.
static THREADS: Semaphore = Semaphore::const_new(256);

/// A batch, an error, or the end.
pub(in crate::server) type Item = Option<Result<RecordBatch, SqlError>>;
/// The result of a thread.
type Came = (Rows, Item);

/// The rows of a query as its engine gives them.
pub(in crate::server) struct BatchReader(ReaderState);

enum ReaderState {
    /// Nothing is asked of the engine.
    Idle(Rows),
    /// A thread waits for the engine.
    Away(Receiver<Came>),
    /// The engine has answered.
    Came(Came),
    /// The thread that waited has died.
    Lost,
}

/// How long a reply waits for the engine.
#[derive(Debug, Default)]
pub(super) struct Wait {
    /// Something is to be sent.
    pub(super) ready: bool,
    until: Option<Instant>,
}

impl Wait {
    /// When what is to be sent is sent; none while there is nothing. `rows` says that there are rows beside what is
    /// ready.
    pub(super) fn until(&mut self, rows: bool) -> Option<Instant> {
        let waits = self.ready || rows;
        waits.then(|| *self.until.get_or_insert_with(|| Instant::now() + DELAY))
    }
}

impl BatchReader {
    pub(in crate::server) fn new(rows: Rows) -> BatchReader {
        BatchReader(ReaderState::Idle(rows))
    }

    /// The next batch, an error or the end; none when it has not come `until` then.
    pub(in crate::server) fn next(&mut self, until: Option<Instant>) -> Option<Item> {
        if let ReaderState::Idle(rows) = &mut self.0 {
            // What knows how much is left has it already.
            let (least, most) = rows.size_hint();
            if until.is_none() || most == Some(least) {
                return Some(rows.next());
            }
            self.ask();
        }
        self.wait(until);
        match std::mem::replace(&mut self.0, ReaderState::Lost) {
            ReaderState::Came((rows, item)) => {
                self.0 = ReaderState::Idle(rows);
                Some(item)
            }
            ReaderState::Idle(mut rows) => {
                let item = rows.next();
                self.0 = ReaderState::Idle(rows);
                Some(item)
            }
            away @ ReaderState::Away(_) => {
                self.0 = away;
                None
            }
            ReaderState::Lost => Some(Some(Err(SqlError::system("the engine broke off")))),
        }
    }

    /// True while a thread waits for the engine.
    pub(in crate::server) fn is_away(&self) -> bool {
        matches!(self.0, ReaderState::Away(_))
    }

    /// Waits for the thread that waits for the engine, at most `until` then.
    pub(in crate::server) fn wait(&mut self, until: Option<Instant>) {
        let ReaderState::Away(coming) = &self.0 else { return };
        let came = match until {
            None => coming.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(until) => coming.recv_timeout(until.saturating_duration_since(Instant::now())),
        };
        match came {
            Ok(came) => self.0 = ReaderState::Came(came),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => self.0 = ReaderState::Lost,
        }
    }

    /// Asks the engine for the next batch on a thread of its own, if there is one to be had.
    fn ask(&mut self) {
        let (Ok(runtime), Ok(permit)) = (Handle::try_current(), THREADS.try_acquire()) else { return };
        let ReaderState::Idle(mut rows) = std::mem::replace(&mut self.0, ReaderState::Lost) else { return };
        let (came, coming) = sync_channel(1);
        runtime.spawn_blocking(move || {
            let item = rows.next();
            drop(permit);
            // Where nobody waits any more, the rows end here.
            let _ = came.send((rows, item));
        });
        self.0 = ReaderState::Away(coming);
    }
}
