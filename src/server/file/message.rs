//! Messages of the system that tell what went wrong: identifier, severity and text as S38MSGRM
//! carries them. The texts are our own; programs look at the identifiers.

use crate::server::protocol_error::ProtocolError;
use crate::wire::file::message::S38MsgRm;

/// The page of the job: of messages, commands and texts.
pub(in crate::server) const CCSID: u16 = 37;

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::server) struct Fault {
    pub(super) id: &'static str,
    pub(super) severity: u16,
    pub(super) text: String,
}

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(in crate::server) enum Failure {
    /// Messages of the system, the first of them the one that matters.
    Told(Vec<Fault>),
    /// A command that cannot be read at all.
    Protocol(ProtocolError),
    /// Another job is in the way: nothing was done, or what was done is noted, and the command is to be run again.
    Waits,
}

pub(super) type Result<T> = std::result::Result<T, Failure>;

/// The message of a command of CL that has done its work, where it has one.
pub(super) type CommandResult = Result<Option<Fault>>;

impl Fault {
    /// An error.
    pub(super) fn new(id: &'static str, text: impl Into<String>) -> Fault {
        Fault { id, severity: 30, text: text.into() }
    }

    /// That something was done.
    pub(super) fn done(id: &'static str, text: impl Into<String>) -> Fault {
        Fault { severity: 0, ..Fault::new(id, text) }
    }

    /// CPF5001: no record in this direction.
    pub(super) fn end() -> Fault {
        Fault::done("CPF5001", "End of file reached.")
    }

    /// CPF5006: no such record.
    pub(super) fn no_record() -> Fault {
        Fault { severity: 20, ..Fault::new("CPF5006", "Record not found.") }
    }

    /// CPF5027: another job has the record.
    pub(super) fn in_use(rrn: u32) -> Fault {
        Fault::new("CPF5027", format!("Record {rrn} is in use by another job."))
    }

    /// CPF3012: no such file, asked for by a command.
    pub(super) fn no_file(library: &str, file: &str) -> Fault {
        Fault::new("CPF3012", format!("File {file} in library {library} not found."))
    }

    /// CPF9801: no such object.
    pub(super) fn no_object(library: &str, name: &str) -> Fault {
        Fault::new("CPF9801", format!("Object {name} in library {library} not found."))
    }

    /// CPF2110: no such library.
    pub(super) fn no_library(library: &str) -> Fault {
        Fault::new("CPF2110", format!("Library {library} not found."))
    }

    /// The message as it is sent.
    pub(super) fn message(&self) -> S38MsgRm {
        S38MsgRm::new(self.id, self.severity, &self.text, CCSID)
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Failure {
        Failure::Told(vec![fault])
    }
}

impl<E: Into<ProtocolError>> From<E> for Failure {
    fn from(e: E) -> Failure {
        Failure::Protocol(e.into())
    }
}
