//! Opening and closing a file. S38OPNFB answers the one, perhaps after messages that only advise; a
//! message alone is a failure. S38MSGRM without an identifier answers the other.

use super::exchange::{Exchange, FileReply, TextEncoding};
use crate::flow::error::FlowError;
use crate::wire::ddm::error::MessageError;
use crate::wire::file::close::S38Close;
use crate::wire::file::message::HostMessage;
use crate::wire::file::open::{S38Open, Ufcb};
use crate::wire::file::opnfb::OpenFeedback;
use crate::wire::file::system_name::DclNam;

/// S38OPEN.
pub fn open(speech: TextEncoding, dclnam: DclNam, ufcb: Ufcb) -> Result<Exchange, MessageError> {
    Ok(Exchange::new(speech, &S38Open { dclnam, ufcb }.encode(speech.text)?))
}

/// Reads the answer to an open: the feedback, and messages that advise.
pub fn opened(mut answer: FileReply) -> Result<(OpenFeedback, Vec<HostMessage>), FlowError> {
    match answer.opened.take() {
        Some(feedback) => Ok((feedback, answer.messages)),
        None => Err(missing(&mut answer, "S38OPNFB", "S38OPEN")),
    }
}

/// S38CLOSE.
pub fn close(speech: TextEncoding, dclnam: DclNam) -> Result<Exchange, MessageError> {
    Ok(Exchange::new(speech, &S38Close::new(dclnam).encode(speech.text)?))
}

/// Reads the answer to a close.
pub fn closed(mut answer: FileReply) -> Result<(), FlowError> {
    match (answer.failure(), answer.told) {
        (Some(failure), _) => Err(failure),
        (None, true) => Ok(()),
        (None, false) => Err(FlowError::Missing { what: "S38MSGRM", command: "S38CLOSE" }),
    }
}

/// The message in place of what was due, or that it is missing.
pub(super) fn missing(answer: &mut FileReply, what: &'static str, command: &'static str) -> FlowError {
    answer.failure().unwrap_or(FlowError::Missing { what, command })
}
