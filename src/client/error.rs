//! One error for the user: the fault, its place, and advice. The classes are those of PEP 249, the SQLSTATEs
//! those of the SQL standard and DRDA.

use super::config::ConfigError;
use super::hint;
use super::printable::printable;
use crate::column::error::ColumnError;
use crate::flow::error::FlowError;
use crate::flow::progress::Awaited;
use crate::flow::secmec::SecMecError;
use crate::flow::secmec::source::Cause;
use crate::net::error::{ConnectStage, NetError, TlsError};
use crate::wire::ddm::codepoint;
use crate::wire::ddm::error::MessageError;
use crate::wire::file::message::{HostMessage, MessageMeaning};
use crate::wire::sql::sqlca::Sqlca;
use crate::wire::sql::syncctl::XaRetVal;

/// SECCHKCD: the password has to be changed.
const PASSWORD_EXPIRED: u8 = 0x0E;

/// Advice for a login that the server's page cannot spell.
const UNSPELLABLE: &str = "the server did not agree to UTF-8 (UNICODEMGR) for logins: it takes user ids and passwords of \
     that page's characters only";

/// Whose fault it is, in the classes of PEP 249.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// Misuse of this library.
    Interface,
    /// The network, the login, the server's state.
    Operational,
    /// The statement.
    Programming,
    /// The data.
    Data,
    /// A constraint.
    Integrity,
    /// Something the server or this client does not do.
    NotSupported,
    /// A broken protocol.
    Internal,
}

/// The step that was being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Reading the settings.
    Config,
    /// Resolving the host.
    Dns,
    /// Opening the TCP connection.
    Tcp,
    /// Shaking hands for TLS.
    Tls,
    /// Exchanging attributes.
    Exchange,
    /// Agreeing on security, checking the user.
    Security,
    /// Accessing the database.
    Access,
    /// Preparing or executing a statement.
    Execute,
    /// Fetching rows.
    Fetch,
    /// Ending a unit of work.
    Commit,
    /// Closing.
    Close,
}

impl Phase {
    /// That of a login which waits for this reply.
    pub(super) fn of_login(awaited: Awaited) -> Phase {
        match awaited {
            Awaited::Attributes => Phase::Exchange,
            Awaited::Mechanism | Awaited::Token | Awaited::Proof => Phase::Security,
            Awaited::Access | Awaited::Text | Awaited::Pool => Phase::Access,
        }
    }

    /// In one word.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Config => "config",
            Phase::Dns => "dns",
            Phase::Tcp => "tcp",
            Phase::Tls => "tls",
            Phase::Exchange => "exchange",
            Phase::Security => "security",
            Phase::Access => "access",
            Phase::Execute => "execute",
            Phase::Fetch => "fetch",
            Phase::Commit => "commit",
            Phase::Close => "close",
        }
    }
}

/// An error with its circumstances. It never holds a password.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}{}", printable(message), hint.as_ref().map(|h| format!(" ({})", printable(h))).unwrap_or_default())]
pub struct Error {
    /// Its class.
    pub kind: ErrorClass,
    /// The fault, with the peer's own words as they came; shown, they are made visible.
    pub message: String,
    /// SQLSTATE, five characters.
    pub sqlstate: Option<String>,
    /// SQLCODE, when the server sent one.
    pub sqlcode: Option<i32>,
    /// The step that was being done.
    pub phase: Phase,
    /// `host:port` of the server.
    pub peer: Option<String>,
    /// Name of the reply message that said so.
    pub reply: Option<&'static str>,
    /// Advice.
    pub hint: Option<String>,
    /// Whether the connection can still be used.
    pub connection_usable: bool,
    /// Whether trying again may succeed (deadlock, time-out, lock).
    pub retryable: bool,
    /// The row that it is about, where many were given: the first is 1, counted over the whole call.
    pub row: Option<u64>,
    /// The column that it is about, or the parameter by its number, where that is known.
    pub column: Option<String>,
    /// The failure of a function of the user's.
    pub cause: Option<Cause>,
}

/// The result of anything a user asks for.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error of this class with nothing else known.
    pub fn new(kind: ErrorClass, phase: Phase, sqlstate: &str, message: impl Into<String>) -> Error {
        Error {
            kind,
            message: message.into(),
            sqlstate: (!sqlstate.is_empty()).then(|| sqlstate.to_owned()),
            sqlcode: None,
            phase,
            peer: None,
            reply: None,
            hint: None,
            connection_usable: true,
            retryable: false,
            row: None,
            column: None,
            cause: None,
        }
    }

    /// Misuse.
    pub fn interface(message: impl Into<String>) -> Error {
        Error::new(ErrorClass::Interface, Phase::Config, "", message)
    }

    /// With advice.
    pub fn hint(mut self, hint: impl Into<String>) -> Error {
        self.hint = Some(hint.into());
        self
    }

    /// SQLCODE, when the server sent one.
    pub(super) fn sqlcode(&self) -> Option<i32> {
        self.sqlcode
    }

    /// With the server's address.
    pub fn at(mut self, peer: &(impl ToString + ?Sized)) -> Error {
        self.peer.get_or_insert_with(|| peer.to_string());
        self
    }

    /// The connection cannot be used any more.
    pub fn broken(mut self) -> Error {
        self.connection_usable = false;
        self
    }

    /// From a failure of the transport or a conversation while doing `phase`.
    pub fn from_net(error: NetError, phase: Phase) -> Error {
        let operational =
            |phase, state: &str, message: String| Error::new(ErrorClass::Operational, phase, state, message).broken();
        let text = error.to_string();
        match error {
            NetError::Dns { .. } => operational(Phase::Dns, "08001", text),
            NetError::Tcp { .. } => operational(Phase::Tcp, "08001", text)
                .hint("usual ports: 446 Db2 for i and z/OS, 448 the same with TLS, 50000 Db2 for LUW, 1527 Derby"),
            NetError::NotDrda { .. } => operational(Phase::Exchange, "08001", text),
            NetError::Timeout { stage: ConnectStage::Dns, .. } => {
                operational(Phase::Dns, "08001", format!("resolving the host: {text}"))
            }
            NetError::Timeout { stage: ConnectStage::Tcp, .. } => {
                operational(Phase::Tcp, "08001", format!("opening the TCP connection: {text}"))
            }
            NetError::Timeout { stage: ConnectStage::Tls, .. } => {
                operational(Phase::Tls, "08001", format!("connected, but no TLS handshake: {text}"))
                    .hint("a server that keeps silent may be the plain port: usual ones with TLS are 448 and 50001")
            }
            NetError::Tls(e @ (TlsError::File { .. } | TlsError::Name(_))) => {
                Error { hint: e.hint(), ..Error::interface(text) }
            }
            NetError::Tls(e) => Error { hint: e.hint(), ..operational(Phase::Tls, "08001", text) },
            NetError::Timeout { stage: ConnectStage::FirstReply | ConnectStage::Login(Awaited::Attributes), after } => operational(
                Phase::Exchange,
                "08001",
                format!("connected, but no DRDA reply within {:.1} s", after.as_secs_f64()),
            ),
            NetError::Timeout { stage: ConnectStage::Login(awaited), after } => {
                let (answered, missing, limit) = (awaited.answered(), awaited.missing(), after.as_secs_f64());
                let text = format!("{answered}, but {missing} within {limit:.1} s");
                operational(Phase::of_login(awaited), "08001", text).hint("the time limit is timeout")
            }
            NetError::Timeout { stage: ConnectStage::Reply, .. } if phase == Phase::Commit => unknown_outcome(&text),
            NetError::Timeout { stage: ConnectStage::Reply, .. } => operational(phase, "57033", text)
                .hint("the time limit is statement_timeout, that of commits and rollbacks commit_timeout; the server may still be working"),
            NetError::Closed { .. } | NetError::Broken(_) | NetError::BrokenOff if phase == Phase::Commit => {
                unknown_outcome(&text)
            }
            NetError::BrokenOff => Error::new(ErrorClass::Operational, phase, "57014", text)
                .hint("the connection is lost unless the answer to it comes soon"),
            NetError::Flow(
                FlowError::Wire(_)
                | FlowError::Missing { .. }
                | FlowError::Misplaced { .. }
                | FlowError::Flood { .. }
                | FlowError::Message(_)
                | FlowError::Drda(_),
            ) if phase == Phase::Commit => unknown_outcome(&text),
            NetError::Closed { stage: ConnectStage::FirstReply, .. } => operational(Phase::Exchange, "08001", text)
                .hint("a server that closes at once may expect TLS (tls=require, usually port 448 or 50001) or refuse this address"),
            NetError::Closed { .. } => operational(phase, "08006", text),
            NetError::Broken(_) => operational(phase, "08003", text),
            NetError::Flow(e) => Error::from_flow(e, phase),
        }
    }

    /// From a conversation's own error.
    pub fn from_flow(error: FlowError, phase: Phase) -> Error {
        let text = error.to_string();
        match error {
            FlowError::Sql { sqlca, reply } => {
                let mut e = Error::from_sqlca(&sqlca, phase);
                // The server's own connection to the database is gone, or its agent. (Measured: Derby.)
                e.connection_usable = !matches!(sqlca.sqlstate.trim(), "08003" | "08006")
                    && reply.as_ref().is_none_or(|r| r.cp != codepoint::AGNPRMRM);
                e.reply = reply.as_ref().and_then(|r| r.cp.name());
                e
            }
            FlowError::Refused(reply) => {
                let state = reply.sqlstate();
                let mut e = Error::new(kind_of(state), phase, state, text);
                e.reply = reply.cp.name();
                e.connection_usable = !reply.breaks_connection() && state != "08003";
                e
            }
            FlowError::Login { sqlstate, code, .. } => {
                let e = Error::new(ErrorClass::Operational, Phase::Security, sqlstate, text).broken();
                if code == PASSWORD_EXPIRED { e.hint("new_password=… sets another one at the login") } else { e }
            }
            FlowError::Mechanism { cure, .. } => Error::new(ErrorClass::Operational, Phase::Security, "08001", text)
                .broken()
                .hint(cure.map_or("nothing secret was sent".to_owned(), |cure| format!("nothing secret was sent; {cure}"))),
            FlowError::Settings(_) => Error::new(ErrorClass::NotSupported, phase, "0A000", text),
            FlowError::Descriptor(crate::wire::fdoca::descriptor::DescriptorError::Unsupported { .. }) => {
                Error::new(ErrorClass::NotSupported, phase, "56084", text)
            }
            FlowError::LobLimit { .. } => {
                Error::new(ErrorClass::Data, phase, "54010", text).hint("raise lob_limit, or select a part of it")
            }
            FlowError::Host { first, .. } => {
                let (kind, state, retryable) = of_message(&first);
                Error { retryable, ..Error::new(kind, phase, state, text) }
            }
            FlowError::RolledBack => Error::new(ErrorClass::Operational, phase, "40001", text),
            FlowError::Xa(outcome) => {
                let (kind, state) = of_outcome(outcome);
                Error { retryable: matches!(state, "40001" | "57033"), ..Error::new(kind, phase, state, text) }
            }
            FlowError::Withdrawn => Error::new(ErrorClass::Operational, phase, "25000", text),
            FlowError::ReaderEnded(_) => Error::new(ErrorClass::Operational, phase, "24501", text),
            FlowError::Secmec(SecMecError::Unbuilt(_) | SecMecError::Setting(_)) => {
                Error::new(ErrorClass::NotSupported, Phase::Security, "0A000", text).broken()
            }
            FlowError::Secmec(SecMecError::Attribute(_)) => Error::new(ErrorClass::Interface, Phase::Security, "08001", text)
                .broken()
                .hint("use tls=require, or set allow_cleartext_password"),
            FlowError::Secmec(SecMecError::Clear(_)) => Error::new(ErrorClass::Interface, Phase::Security, "08001", text)
                .broken()
                .hint("use tls=require, choose security=encrypted, or set allow_cleartext_password"),
            FlowError::Secmec(SecMecError::Forbidden(_)) => Error::new(ErrorClass::Interface, Phase::Security, "08001", text)
                .broken()
                .hint("use tls=require or choose security=encrypted; without allow_cleartext_password it may go to this machine"),
            FlowError::Secmec(SecMecError::Level(level)) => {
                Error::new(ErrorClass::Operational, Phase::Security, "08001", text).broken().hint(format!(
                    "nothing secret was sent; use TLS (tls=require), or state the level (password_level={level})"
                ))
            }
            FlowError::Secmec(SecMecError::NoToken(e)) => {
                let cause = e.cause().cloned();
                Error { cause, ..Error::new(ErrorClass::Operational, Phase::Security, "28000", text).broken() }
            }
            FlowError::Secmec(SecMecError::Rule { .. }) => {
                Error::new(ErrorClass::Operational, Phase::Security, "28000", text).broken()
            }
            FlowError::Secmec(SecMecError::Text { .. }) | FlowError::Message(MessageError::Secret { .. }) => {
                Error::new(ErrorClass::Operational, Phase::Security, "28000", text).broken().hint(UNSPELLABLE)
            }
            FlowError::Secmec(_) => Error::new(ErrorClass::Operational, Phase::Security, "08001", text).broken(),
            FlowError::Wire(_)
            | FlowError::Descriptor(_)
            | FlowError::Missing { .. }
            | FlowError::Misplaced { .. }
            | FlowError::Flood { .. }
            | FlowError::Overlong { .. }
            | FlowError::Lob { .. } => Error::new(ErrorClass::Internal, phase, "58009", text).broken(),
            FlowError::Message(_) | FlowError::Drda(_) => Error::new(ErrorClass::Internal, phase, "58009", text),
        }
    }

    /// From what the server says of a statement.
    pub fn from_sqlca(sqlca: &Sqlca, phase: Phase) -> Error {
        let state = sqlca.sqlstate.trim();
        let mut e = Error::new(kind_of(state), phase, state, sqlca.message());
        e.sqlcode = Some(sqlca.sqlcode);
        e.retryable = matches!(state, "40001" | "57033" | "40XL1" | "40XL2");
        e.hint = hint::advice(sqlca).map(str::to_owned);
        e.column = hint::column(sqlca);
        e
    }

    /// From a value that has no place in Arrow, or none on the wire.
    pub fn from_column(error: &ColumnError, phase: Phase) -> Error {
        let state = error.sqlstate();
        Error::new(kind_of(state), phase, state, error.to_string())
    }
}

impl From<ConfigError> for Error {
    fn from(e: ConfigError) -> Error {
        Error::new(ErrorClass::Interface, Phase::Config, "", e.to_string())
    }
}

/// Class and SQLSTATE of a step of a unit of work that was not done.
pub(super) fn of_outcome(outcome: XaRetVal) -> (ErrorClass, &'static str) {
    match outcome {
        XaRetVal::RETRY => (ErrorClass::Operational, "57033"),
        XaRetVal::HEURISTIC_MIXED | XaRetVal::HAZARD => (ErrorClass::Integrity, "40003"),
        XaRetVal::HEURISTIC_ROLLBACK | XaRetVal::HEURISTIC_COMMIT => (ErrorClass::Integrity, "40000"),
        XaRetVal::DEADLOCK | XaRetVal::TIMEOUT | XaRetVal::TRANSIENT => (ErrorClass::Operational, "40001"),
        XaRetVal::INTEGRITY => (ErrorClass::Integrity, "40002"),
        _ if outcome.is_rolled_back() => (ErrorClass::Operational, "40000"),
        XaRetVal::SERVER_ERROR | XaRetVal::UNAVAILABLE => (ErrorClass::Operational, "58004"),
        _ => (ErrorClass::Programming, "25000"),
    }
}

/// A commit whose answer did not come.
pub(super) fn unknown_outcome(why: &str) -> Error {
    Error::new(ErrorClass::Operational, Phase::Commit, "08007", format!("the outcome of the commit is unknown: {why}"))
        .broken()
        .hint("look at the data before doing the work again")
}

/// Class, SQLSTATE and whether to try again, of a message of IBM i about a file.
fn of_message(message: &HostMessage) -> (ErrorClass, &'static str, bool) {
    match message.meaning() {
        MessageMeaning::EndOfFile | MessageMeaning::NotFound | MessageMeaning::Deleted | MessageMeaning::NoPosition => {
            return (ErrorClass::Programming, "02000", false);
        }
        MessageMeaning::Duplicate => return (ErrorClass::Integrity, "23505", false),
        MessageMeaning::Locked => return (ErrorClass::Operational, "57033", true),
        MessageMeaning::NotLocked => return (ErrorClass::Programming, "24504", false),
        MessageMeaning::NoFile | MessageMeaning::NoMember => return (ErrorClass::Programming, "42704", false),
        MessageMeaning::Nothing | MessageMeaning::Advice | MessageMeaning::Other => {}
    }
    match message.id.as_str() {
        // The wait for a record or an object was too long, or it cannot be allocated.
        "CPF5032" | "CPF4128" | "CPF1002" | "CPF3202" | "CPF3203" => (ErrorClass::Operational, "57033", true),
        "CPF502D" | "CPF502E" | "CPF502F" | "CPF503A" => (ErrorClass::Integrity, "23503", false),
        "CPF5029" | "CPF5035" | "CPF5036" => (ErrorClass::Data, "22018", false),
        "CPF2123" | "CPF3064" | "CPF7310" | "CPF9801" | "CPF9810" | "CPF9812" | "CPF9815" | "CPF2105" | "CPF2110"
        | "CPF7302" | "CPF3141" => (ErrorClass::Programming, "42704", false),
        "CPF5813" | "CPF7306" | "CPF5812" => (ErrorClass::Programming, "42710", false),
        "CPF2189" | "CPF2182" | "CPF2207" | "CPF4104" | "CPF9802" | "CPF9820" | "CPF9822" | "CPF9830" | "CPF5130" => {
            (ErrorClass::Programming, "42501", false)
        }
        id if id.starts_with("CPF000") || id.starts_with("CPD0") => (ErrorClass::Programming, "42601", false),
        _ => (ErrorClass::Operational, "58004", false),
    }
}

/// The class of a SQLSTATE.
fn kind_of(state: &str) -> ErrorClass {
    match state.get(..2).unwrap_or_default() {
        "22" => ErrorClass::Data,
        "23" => ErrorClass::Integrity,
        "0A" | "56" => ErrorClass::NotSupported,
        "08" | "28" | "40" | "53" | "57" => ErrorClass::Operational,
        "58" => match state {
            "58009" | "58008" | "58018" => ErrorClass::Internal,
            "58010" | "58014" | "58015" | "58016" | "58017" => ErrorClass::NotSupported,
            _ => ErrorClass::Operational,
        },
        // Derby: no database, connection refused, and the like.
        "XJ" | "XS" | "XB" => ErrorClass::Operational,
        _ => ErrorClass::Programming,
    }
}
