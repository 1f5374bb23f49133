//! The type of code points, and how they are told apart. `codepoint.rs` has the table.

use std::fmt;

/// A code point, known or not. It prints by its name, an unknown one as X'200C'.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct CodePoint(u16);

/// The kinds of things that have code points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A command: it holds parameters.
    Command,
    /// A reply message: the outcome of a command, in parameters.
    ReplyMessage,
    /// An object that goes with a command or a reply.
    DataObject,
    /// A manager, whose level both sides agree on, or a kind of file.
    Manager,
    /// A parameter of a command, message or object.
    Parameter,
    /// A value of a parameter.
    Value,
}

/// The part of the protocol that a code point belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// SQL.
    Sql,
    /// Record files of IBM i.
    File,
    /// Both: the connection.
    Both,
}

/// The form of a value, as far as it can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Other objects.
    Objects,
    /// Text, at least for the greater part.
    Text,
    /// A code point.
    Point,
    /// A password or token, which is never shown.
    Secret,
    /// Anything else.
    Bytes,
}

impl CodePoint {
    /// The code point of a number.
    pub const fn new(number: u16) -> CodePoint {
        CodePoint(number)
    }

    /// Its number.
    pub const fn number(self) -> u16 {
        self.0
    }
}

impl fmt::UpperHex for CodePoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::UpperHex::fmt(&self.0, f)
    }
}
