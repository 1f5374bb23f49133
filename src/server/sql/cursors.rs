//! The open queries of a connection.

use super::batch_reader::{BatchReader, DELAY};
use super::describe::is_large;
use super::lob_locator::WantedLocators;
use super::meter::Meter;
use super::positioned::{self, UpdatableCursor};
use super::rows::RowSource;
use super::scroll_rows::ScrollRows;
use super::section::Section;
use crate::server::backend::{Interrupt, Rows};
use crate::server::error::SqlError;
use crate::server::protocol_error::{ProtocolError, Result};
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::reply::Reply;
use crate::wire::sql::package::PkgNamCsn;
use crate::wire::value::field::Field;
use arrow_array::ArrayRef;
use std::collections::BTreeMap;
use std::time::Instant;

/// Queries that a connection may have open.
const MOST: usize = 1024;

/// Names an open query: its section and its instance (QRYINSID).
pub(super) type CursorId = (Section, u64);

/// An open query.
pub(super) struct OpenCursor {
    pub(super) rows: RowSource,
    /// The rows of a cursor that scrolls; `rows` has none then.
    pub(super) scroll: Option<ScrollRows>,
    pub(super) held: bool,
    /// Encoded and not sent yet.
    pub(super) tail: Writer,
    /// Rows go out whole, none with the open.
    pub(super) fixed: bool,
    /// The server closes it at its end.
    pub(super) closes: bool,
    pub(super) wanted: Vec<WantedLocators>,
    /// The end of data was sent.
    pub(super) end_sent: bool,
    /// An error was sent in the place of a row.
    pub(super) error_sent: bool,
    /// Rows that were changed by its statement, which is one over those of a change.
    pub(super) changed: Option<u64>,
    /// Rows can be changed where it stands.
    pub(super) update: Option<UpdatableCursor>,
}

impl OpenCursor {
    /// Before its first row.
    pub(super) fn new(
        columns: Vec<Field>,
        rows: Rows,
        scroll: Option<ScrollRows>,
        held: bool,
        meter: Option<Meter>,
    ) -> OpenCursor {
        OpenCursor {
            fixed: columns.iter().any(is_large),
            rows: RowSource::new(columns, rows, meter),
            scroll,
            held,
            tail: Writer::new(),
            closes: true,
            wanted: Vec::new(),
            end_sent: false,
            error_sent: false,
            changed: None,
            update: None,
        }
    }

    /// The key of the row where it stands. -510 where rows cannot be changed, -508 where it stands on none, or on one
    /// that was read in a unit of work that has ended.
    pub(super) fn row_key(&self) -> std::result::Result<ArrayRef, SqlError> {
        let Some(update) = &self.update else { return Err(SqlError::new(-510, "42828", &[])) };
        let at = self.scroll.as_ref().map_or(self.rows.sent, |scroll| scroll.at);
        let key = update.keys.get(at).filter(|_| !self.end_sent && !update.waits);
        key.ok_or_else(|| SqlError::new(-508, "24504", &[]))
    }
}

/// The open queries, by section and instance.
#[derive(Default)]
pub(super) struct Cursors {
    open: BTreeMap<CursorId, OpenCursor>,
    next_instance: u64,
    /// The rows of a query that was closed while a thread waited for the engine.
    closed: Option<BatchReader>,
}

impl Cursors {
    /// The id of another query of a section.
    pub(super) fn new_id(&mut self, section: Section) -> CursorId {
        let instance = self.next_instance;
        self.next_instance += 1;
        (section, instance)
    }

    /// The query that a command names: by its instance, else the latest of the section. QRYNOPRM where there is none.
    pub(super) fn find(&self, name: &PkgNamCsn, instance: Option<u64>) -> Result<CursorId> {
        let section: Section = (name.collection.clone(), name.package.clone(), name.section);
        let latest = instance.unwrap_or(u64::MAX);
        let id = self.open.range((section.clone(), instance.unwrap_or(0))..=(section, latest)).next_back();
        id.map(|(id, _)| id.clone()).ok_or_else(not_open)
    }

    /// An open query. QRYNOPRM where there is none.
    pub(super) fn get(&mut self, id: &CursorId) -> Result<&mut OpenCursor> {
        self.open.get_mut(id).ok_or_else(not_open)
    }

    /// Keeps a query open.
    pub(super) fn insert(&mut self, id: CursorId, cursor: OpenCursor) {
        self.open.insert(id, cursor);
    }

    /// The open query whose cursor has this name, the latest; -504 where there is none.
    pub(super) fn named(&self, name: &str) -> std::result::Result<&OpenCursor, SqlError> {
        let found = self.open.iter().rev().find(|((section, _), _)| positioned::name_of(section) == name);
        found.map(|(_, cursor)| cursor).ok_or_else(|| SqlError::new(-504, "34000", &[name]))
    }

    /// RSCLMTRM when no further query may be open.
    pub(super) fn check_room(&self) -> Result<()> {
        if self.open.len() < MOST { Ok(()) } else { Err(ProtocolError::reply(Reply::new(cp::RSCLMTRM))) }
    }

    /// Ends a query. The engine may still be asked for its rows.
    pub(super) fn close(&mut self, id: &CursorId) {
        if let Some(mut cursor) = self.open.remove(id)
            && cursor.rows.away().is_some()
        {
            self.closed = Some(cursor.rows.into_reader());
        }
    }

    /// Ends a query whose rows have ended.
    pub(super) fn remove(&mut self, id: &CursorId) -> Option<OpenCursor> {
        self.open.remove(id)
    }

    /// Ends the queries of a section whose end was sent.
    pub(super) fn remove_ended(&mut self, section: &Section) {
        self.open.retain(|(of, _), cursor| !(of == section && cursor.end_sent));
    }

    /// Ends the queries of a section.
    pub(super) fn close_section(&mut self, section: &Section) {
        self.open.retain(|(of, _), _| of != section);
    }

    /// Ends the queries that end with the unit of work; a rollback ends them all.
    pub(super) fn end_unit_of_work(&mut self, rolled_back: bool) {
        self.open.retain(|_, cursor| cursor.held && !rolled_back);
        self.open.values_mut().filter_map(|cursor| cursor.update.as_mut()).for_each(|update| update.waits = true);
    }

    /// Waits until nothing is asked of the engine any more, but for the rows of `except`. With `interrupt` the engine is
    /// broken off until it answers.
    pub(super) fn settle(&mut self, except: Option<&CursorId>, interrupt: Option<&Interrupt>) {
        let others = self.open.iter_mut().filter(|(id, _)| except != Some(*id));
        let away = others.filter_map(|(_, cursor)| cursor.rows.away());
        for reader in away.chain(self.closed.as_mut()) {
            while reader.is_away() {
                if let Some(interrupt) = interrupt {
                    interrupt();
                }
                reader.wait(interrupt.map(|_| Instant::now() + DELAY));
            }
        }
        self.closed = None;
    }
}

/// QRYNOPRM: the query is not open.
fn not_open() -> ProtocolError {
    ProtocolError::reply(Reply::new(cp::QRYNOPRM))
}
