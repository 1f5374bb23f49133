//! Sections and the statements in them, which stay from command to command.

use super::catalog_call::CatalogCall;
use super::routine_call::RoutineCall;
use super::special_register::Register;
use crate::server::backend::Prepared;
use crate::server::budget::Lease;
use crate::server::error::SqlError;
use crate::wire::value::field::Field;
use std::collections::HashMap;

/// Names a section: collection, package, number.
pub(super) type Section = (String, String, u16);

/// The sections that hold a statement.
pub(super) type Statements = HashMap<Section, FilledSection>;

/// A statement in its section, with the lease for what it takes.
pub(super) struct FilledSection {
    pub(super) statement: SectionStatement,
    pub(super) _lease: Lease,
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
        /// Rows of its result can be changed where its cursor stands.
        updatable: bool,
        /// It is for the row where the cursor of this name stands.
        at_row: Option<String>,
        /// It changes what there is in the database: DDL.
        defines: bool,
        /// The engine may run it for many commands at once.
        gathers: bool,
    },
    /// The call that gives the text of an error, with so many markers.
    Explain(usize),
    /// A call about a large object.
    Call(Call),
    /// A SET of a register that the requester keeps in mind.
    Register(Register),
    /// A call of a catalog procedure.
    Catalog(CatalogCall),
    /// A call of a procedure of the engine's.
    Routine(RoutineCall),
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
    /// A locator of an empty value.
    Create { text: bool },
    /// A part of a value becomes another.
    Set { text: bool },
    /// A value loses its end.
    Truncate { text: bool },
    /// Where a value stands in the one of a locator.
    Find { text: bool },
    /// Where the value of a locator stands in that of another.
    FindKept { text: bool },
}

/// The package being bound: collection and name.
pub(super) type Binding = (String, String);

/// -514 is about cursors, -518 about EXECUTE; a describe gets the latter too.
pub(super) fn not_prepared() -> SqlError {
    SqlError::new(-518, "07003", &[])
}
