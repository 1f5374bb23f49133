//! Errors of a conversation. After a refusal in due form the connection is usable; after bytes that make no
//! sense it is not.

use crate::wire::codec::error::WireError;
use crate::wire::ddm::codepoint::CodePoint;
use crate::wire::ddm::error::MessageError;
use crate::wire::ddm::reply::Reply;
use crate::wire::fdoca::descriptor::DescriptorError;
use crate::wire::file::message::HostMessage;
use crate::wire::sql::error::DrdaError;
use crate::wire::sql::sqlca::Sqlca;
use crate::wire::sql::syncctl::XaRetVal;

/// The failure of a conversation.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// The statement failed: SQLCODE below zero. The reply message that came with it, if any.
    #[error("{}", sqlca.message())]
    Sql {
        /// The server's message.
        sqlca: Box<Sqlca>,
        /// The reply message in front of it.
        reply: Option<Box<Reply>>,
    },
    /// A reply message without an SQLCA.
    #[error("{}", .0.describe())]
    Refused(Box<Reply>),
    /// The server does not accept the user.
    #[error("{words}")]
    Login {
        /// SECCHKCD.
        code: u8,
        /// Its meaning.
        words: String,
        /// The SQLSTATE for it.
        sqlstate: &'static str,
    },
    /// The server wants another security mechanism than the one chosen.
    #[error("{}", other_mechanism(.wanted.as_deref(), .offered))]
    Mechanism {
        /// The mechanism asked for, when the user named it.
        wanted: Option<String>,
        /// The mechanisms that the server lists.
        offered: String,
        /// The cure, where the line stands against what it offers.
        cure: Option<String>,
    },
    /// A key or token of the security mechanism is not what it must be.
    #[error(transparent)]
    Secmec(#[from] super::secmec::SecMecError),
    /// The connection settings cannot be used with this server.
    #[error("{0}")]
    Settings(String),
    /// A column that has no place in Arrow or no layout.
    #[error(transparent)]
    Descriptor(#[from] DescriptorError),
    /// Bytes that break the protocol.
    #[error("the server broke the protocol: {0}")]
    Wire(#[from] WireError),
    /// A DDM message that cannot be read or written.
    #[error("{0}")]
    Message(#[from] MessageError),
    /// An SQL message that cannot be read or written.
    #[error("{0}")]
    Drda(#[from] DrdaError),
    /// A reply without what it must have.
    #[error("the server broke the protocol: {what} is missing in the reply to {command}")]
    Missing {
        /// The object.
        what: &'static str,
        /// The command.
        command: &'static str,
    },
    /// An object that cannot stand where it stands.
    #[error("the server broke the protocol: {} (X'{point:04X}') stands in a reply: {why}", name(*.point))]
    Misplaced {
        /// Its code point.
        point: CodePoint,
        /// Why it cannot.
        why: &'static str,
    },
    /// More came than any server has to say, and nothing of it was asked for.
    #[error(
        "the server broke the protocol: {objects} objects ({bytes} bytes) came that bring nothing, the last of them {} \
         (X'{point:04X}')",
        name(*.point)
    )]
    Flood {
        /// Objects.
        objects: usize,
        /// Their bytes.
        bytes: usize,
        /// Code point of the last one.
        point: CodePoint,
    },
    /// A value that is longer than its column was declared.
    #[error("the server broke the protocol: row {row}, column {column}: a value of {len} bytes, declared with {max}")]
    Overlong {
        /// Row of the result, from 1.
        row: u64,
        /// Column, from 1.
        column: usize,
        /// Its bytes.
        len: usize,
        /// The length that the column was declared with.
        max: usize,
    },
    /// A large object that was announced did not come, or is not as long as announced.
    #[error("the server broke the protocol: row {row}, column {column}: {what}")]
    Lob {
        /// Row of the result, from 1.
        row: u64,
        /// Column, from 1.
        column: usize,
        /// The fault.
        what: String,
    },
    /// A large object that is longer than the reader wants.
    #[error("row {row}, column {column}: a large object of {len} bytes is above the limit of {limit}")]
    LobLimit {
        /// Row of the result, from 1.
        row: u64,
        /// Column, from 1.
        column: usize,
        /// Its bytes.
        len: usize,
        /// The limit.
        limit: usize,
    },
    /// The system answered a file request by a message that means failure.
    #[error("{}", messages(.first, .rest))]
    Host {
        /// The main message.
        first: Box<HostMessage>,
        /// Further messages.
        rest: Vec<HostMessage>,
    },
    /// A unit of work was to be committed and was rolled back.
    #[error("the server rolled the unit of work back in place of committing it")]
    RolledBack,
    /// A step of a unit of work that SYNCCTL steers was not done.
    #[error("the server answered {}", .0.name())]
    Xa(XaRetVal),
    /// A request was not sent, since one before it had failed.
    #[error("the request was not sent: one before it failed")]
    Withdrawn,
    /// The reader was ended by a commit, a rollback or a lost connection.
    #[error("{0}")]
    ReaderEnded(String),
}

fn name(point: CodePoint) -> &'static str {
    point.name().unwrap_or("an object")
}

fn messages(first: &HostMessage, rest: &[HostMessage]) -> String {
    std::iter::once(first).chain(rest).map(HostMessage::to_string).collect::<Vec<_>>().join("; ")
}

fn other_mechanism(wanted: Option<&str>, offered: &str) -> String {
    match wanted {
        Some(wanted) => format!("the server does not accept the security mechanism {wanted}; it offers {offered}"),
        None => format!("the server offers only {offered}"),
    }
}
