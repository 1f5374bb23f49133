//! Errors by which a command fails as a command: bytes that cannot be read, parameters that are missing,
//! things out of order. Each becomes the reply message that the architecture prescribes.

use crate::wire::codec::error::{What, WireError};
use crate::wire::ddm::codepoint::{self as cp, CodePoint};
use crate::wire::ddm::error::MessageError;
use crate::wire::ddm::reply::Reply;
use crate::wire::fdoca::descriptor::DescriptorError;
use crate::wire::sql::error::DrdaError;

/// A reply message, and whether the connection ends after it.
#[derive(Debug)]
pub(super) struct ProtocolError {
    pub(super) reply: Box<Reply>,
    pub(super) close: bool,
}

pub(super) type Result<T> = std::result::Result<T, ProtocolError>;

/// Values of SYNERRCD.
pub(super) mod synerrcd {
    pub(crate) const LENGTH: u8 = 0x02;
    pub(crate) const TOO_LONG: u8 = 0x09;
    pub(crate) const MISSING: u8 = 0x0E;
    pub(crate) const DUPLICATE: u8 = 0x12;
    pub(crate) const CORRELATION: u8 = 0x13;
    pub(crate) const VALUE: u8 = 0x14;
    pub(crate) const NOT_ALLOWED: u8 = 0x1D;
}

/// Values of PRCCNVCD.
pub(super) mod prccnvcd {
    pub(crate) const OBJECT: u8 = 0x03;
    pub(crate) const EXCSAT_FIRST: u8 = 0x06;
    pub(crate) const SECURITY_ORDER: u8 = 0x11;
    pub(crate) const RDBNAM: u8 = 0x12;
}

impl ProtocolError {
    /// SYNTAXRM: what came cannot be read; the connection ends.
    pub(super) fn syntax(code: u8, codpnt: Option<CodePoint>) -> ProtocolError {
        let reply = Reply { synerrcd: Some(code), codpnt, ..Reply::new(cp::SYNTAXRM) };
        ProtocolError { reply: Box::new(reply), close: true }
    }

    /// PRCCNVRM: not now; the connection ends.
    pub(super) fn order(code: u8) -> ProtocolError {
        let reply = Reply { prccnvcd: Some(code), ..Reply::new(cp::PRCCNVRM) };
        ProtocolError { reply: Box::new(reply), close: true }
    }

    /// Any reply; the connection goes on.
    pub(super) fn reply(reply: Reply) -> ProtocolError {
        ProtocolError { reply: Box::new(reply), close: false }
    }

    /// CMDNSPRM, PRMNSPRM, VALNSPRM or OBJNSPRM about a code point; the connection goes on.
    pub(super) fn unsupported(kind: CodePoint, codpnt: CodePoint) -> ProtocolError {
        ProtocolError::reply(Reply { codpnt: Some(codpnt), ..Reply::new(kind) })
    }

    /// CMDCHKRM: our own answer cannot be written; the connection ends.
    pub(super) fn ours(e: impl std::fmt::Display) -> ProtocolError {
        tracing::debug!(error = %e, "an answer cannot be written");
        let reply = Reply { svrcod: 16, ..Reply::new(cp::CMDCHKRM) };
        ProtocolError { reply: Box::new(reply), close: true }
    }
}

impl From<WireError> for ProtocolError {
    fn from(e: WireError) -> ProtocolError {
        tracing::debug!(error = %e, "a request cannot be read");
        let code = match &e {
            WireError::Truncated { .. } | WireError::Trailing { .. } => synerrcd::LENGTH,
            WireError::TooLong { .. } => synerrcd::TOO_LONG,
            WireError::Invalid { what: What::DssHeader, at, .. } => match at {
                0 => 0x01,
                2 => 0x03,
                _ => 0x04,
            },
            WireError::Invalid { what: What::DssContinuation, .. } => 0x16,
            WireError::Invalid { what: What::DdmObject, .. } => 0x07,
            WireError::Invalid { .. } => synerrcd::VALUE,
        };
        ProtocolError::syntax(code, point(e.what()))
    }
}

impl From<DrdaError> for ProtocolError {
    fn from(e: DrdaError) -> ProtocolError {
        match e {
            DrdaError::Message(e) => e.into(),
            DrdaError::Layout { .. } => {
                tracing::debug!(error = %e, "a request cannot be read");
                ProtocolError::syntax(synerrcd::VALUE, None)
            }
        }
    }
}

impl From<MessageError> for ProtocolError {
    fn from(e: MessageError) -> ProtocolError {
        let (code, what) = match e {
            MessageError::Wire(e) => return e.into(),
            MessageError::Missing { parameter, .. } => (synerrcd::MISSING, Some(parameter)),
            MessageError::Duplicate { parameter, .. } => (synerrcd::DUPLICATE, Some(parameter)),
            MessageError::Limit { what, .. } => (synerrcd::TOO_LONG, Some(what)),
            MessageError::Value { what, .. } => (synerrcd::VALUE, Some(what)),
            MessageError::Ccsid { .. } | MessageError::Secret { .. } | MessageError::Text(_) => (synerrcd::VALUE, None),
        };
        tracing::debug!(error = %e, "a request cannot be read");
        ProtocolError::syntax(code, what.and_then(point))
    }
}

/// The code point of what could not be read, if it has one.
fn point(what: What) -> Option<CodePoint> {
    match what {
        What::Point(number, _) => Some(CodePoint::new(number)),
        _ => None,
    }
}

/// DSCINVRM: a description of data that means nothing here; the connection ends.
impl From<DescriptorError> for ProtocolError {
    fn from(e: DescriptorError) -> ProtocolError {
        tracing::debug!(error = %e, "a description of parameters cannot be read");
        let reply = Reply { dscerrcd: Some(0x01), ..Reply::new(cp::DSCINVRM) };
        ProtocolError { reply: Box::new(reply), close: true }
    }
}
