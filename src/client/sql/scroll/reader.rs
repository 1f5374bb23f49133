//! The rows of a cursor that moves, as batches: from where it is to the end.

use super::ScrollCursor;
use crate::client::batch_source::{BatchSource, Wait};
use crate::client::error::{Error, Result};
use crate::client::limits::{Decoded, Limits};
use crate::client::sql::meter::Times;
use crate::client::warning::Warning;
use crate::flow::sql::scroll::Place;
use arrow_schema::SchemaRef;
use std::sync::Arc;
use std::time::Instant;

/// Reads on. The cursor may be moved between two batches, by whoever reads.
pub struct ScrollReader {
    cursor: Arc<ScrollCursor>,
    times: Arc<Times>,
}

impl ScrollReader {
    /// Where its time goes is added to `times`.
    pub fn new(cursor: Arc<ScrollCursor>, times: Arc<Times>) -> ScrollReader {
        ScrollReader { cursor, times }
    }

    async fn fetch(&self) -> Result<()> {
        let cursor = &self.cursor;
        let mut state = cursor.state.lock().await;
        let request = if cursor.scrolls {
            let mut rows = state.next_rows(cursor.rowset);
            if cursor.lobs {
                // Derby fails where a set with large objects reaches beyond the last row. (Measured: 10.14, SQLSTATE 24000.)
                if state.next_row() > cursor.count(&mut state).await? {
                    state.end();
                    return Ok(());
                }
                rows = 1;
            }
            cursor.request(true).to(Place::Row(state.next_row()), Some(rows))
        } else {
            cursor.request(true)
        };
        let answer = cursor.ask(request).await?;
        state.take(answer).map_err(|e| cursor.failed(e))
    }
}

impl BatchSource for ScrollReader {
    fn schema(&self) -> SchemaRef {
        self.cursor.schema()
    }

    fn set_limits(&mut self, limits: Limits) {
        if let Ok(mut state) = self.cursor.state.try_lock() {
            let limits = limits.of_a_row_or_more();
            // The server stands on the row that is changed: the last one that it sent.
            state.limits = if self.cursor.scrolls { limits } else { Limits { rows: 1, ..limits } };
        }
    }

    fn decode(&mut self) -> Result<Decoded> {
        self.cursor.open()?;
        let Ok(mut state) = self.cursor.state.try_lock() else {
            return Err(Error::interface("the cursor is being moved by another thread or task"));
        };
        self.cursor.inner.decoding(&self.times, || state.decode())
    }

    fn wait(&mut self) -> Wait<'_, ()> {
        Box::pin(async {
            let begun = Instant::now();
            let fetched = self.fetch().await;
            self.times.waited(begun.elapsed());
            fetched
        })
    }

    fn take_warnings(&mut self) -> Vec<Warning> {
        self.cursor.state.try_lock().map(|mut state| state.take_warnings()).unwrap_or_default()
    }
}
