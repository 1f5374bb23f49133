//! The type of code points, and how they are told apart. `codepoint.rs` has the table.

use crate::wire::codec::error::What;
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

/// A line of the table.
pub(super) struct Entry {
    pub(super) name: &'static str,
    pub(super) class: Class,
    pub(super) side: Side,
    pub(super) form: Form,
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

    /// Its name, if it is known.
    pub fn name(self) -> Option<&'static str> {
        self.entry().map(|entry| entry.name)
    }

    /// The kind of thing that it names.
    pub fn class(self) -> Option<Class> {
        self.entry().map(|entry| entry.class)
    }

    /// The part of the protocol that it belongs to.
    pub fn side(self) -> Option<Side> {
        self.entry().map(|entry| entry.side)
    }

    /// True for a reply message, as opposed to a reply's data object.
    pub fn is_reply_message(self) -> bool {
        self.class() == Some(Class::ReplyMessage)
    }

    /// The form of its value.
    pub(super) fn form(self) -> Form {
        match self.entry() {
            Some(Entry { class: Class::Command | Class::ReplyMessage, .. }) => Form::Objects,
            Some(entry) => entry.form,
            None => Form::Bytes,
        }
    }
}

impl From<CodePoint> for What {
    fn from(point: CodePoint) -> What {
        What::Point(point.number(), point.name().unwrap_or("parameter"))
    }
}

impl fmt::UpperHex for CodePoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::UpperHex::fmt(&self.0, f)
    }
}

impl fmt::Display for CodePoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "X'{:04X}'", self.number()),
        }
    }
}

impl fmt::Debug for CodePoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
