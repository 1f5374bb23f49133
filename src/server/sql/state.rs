//! State that a conversation holds between commands: prepared statements, open queries, the package being
//! bound.

use super::catalog_call::CatalogCall;
use super::describe::is_large;
use super::lob_locator::WantedLocators;
use super::meter::Meter;
use super::rows::RowSource;
use super::scroll_rows::ScrollRows;
use super::special_register::Register;
use crate::server::backend::{Prepared, Rows};
use crate::server::budget::Lease;
use crate::wire::codec::writer::Writer;
use crate::wire::value::field::Field;
use std::collections::HashMap;

/// Names a section: collection, package, number.
pub(in crate::server) type Section = (String, String, u16);

/// The sections that hold a statement.
pub(in crate::server) type Statements = HashMap<Section, Filled>;

/// A statement in its section, with the lease for what it takes.
pub(in crate::server) struct Filled {
    pub(super) statement: SectionStatement,
    pub(in crate::server) _lease: Lease,
}

/// The contents of a section.
pub(super) enum SectionStatement {
    /// A statement of the backend's.
    Prepared {
        prepared: Prepared,
        /// Columns of the result; none when it is no query.
        columns: Vec<Field>,
        parameters: Vec<Field>,
        /// The cursor outlives a commit.
        held: bool,
        /// The cursor scrolls.
        scrolls: bool,
        /// It changes what there is in the database: DDL.
        defines: bool,
    },
    /// The call that gives the text of an error.
    Explain,
    /// A call about a large object.
    Call(Call),
    /// A SET of a register that the requester keeps in mind.
    Register(Register),
    /// A call of a catalog procedure.
    Catalog(CatalogCall),
    /// Client information, in the client's words.
    ClientInfo(String),
}

/// A call about a large object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// Length of a value.
    Length { text: bool },
    /// A part of a value.
    Part { text: bool },
    /// The locator is not needed any more.
    Release,
}

/// An open query.
pub(in crate::server) struct OpenCursor {
    pub(in crate::server) rows: RowSource,
    /// The rows of a cursor that scrolls; the others are none then.
    pub(super) scroll: Option<ScrollRows>,
    pub(in crate::server) held: bool,
    /// Encoded and not sent yet.
    pub(super) tail: Writer,
    /// Rows go out whole, none with the open.
    pub(super) fixed: bool,
    /// The server closes it at its end.
    pub(super) closes: bool,
    pub(super) wanted: Vec<WantedLocators>,
    /// The end was told.
    pub(super) told: bool,
}

impl OpenCursor {
    /// Before its first row.
    pub(in crate::server) fn new(
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
            told: false,
        }
    }
}

/// The package being bound: collection and name.
pub(in crate::server) type Binding = (String, String);
