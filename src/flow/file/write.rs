//! Writing records: S38PUTM adds, S38UPDAT replaces and S38DEL deletes the one that the last read locked.
//! S38IOFB answers and counts; a message after it is a failure.

use super::exchange::{Exchange, FileReply, TextEncoding};
use super::open::missing;
use crate::flow::error::FlowError;
use crate::wire::codec::error::WireError;
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::error::MessageError;
use crate::wire::file::buffer;
use crate::wire::file::system_name::DclNam;
use crate::wire::file::write::{S38Del, S38PutM, S38Updat};

/// A write that failed.
#[derive(Debug)]
pub struct Unwritten {
    /// Records of it that were added before.
    pub before: usize,
    /// Why.
    pub error: FlowError,
}

/// S38PUTM: adds the records in `slots`.
pub fn put(speech: TextEncoding, dclnam: DclNam, slots: &[u8]) -> Result<Exchange, MessageError> {
    Ok(Exchange::new(speech, &S38PutM { dclnam }.encode(speech.text)?).with(&buffer::encode(slots)))
}

/// S38UPDAT: the current record becomes the one in `slot`.
pub fn update(speech: TextEncoding, dclnam: DclNam, slot: &[u8]) -> Result<Exchange, MessageError> {
    Ok(Exchange::new(speech, &S38Updat::new(dclnam).encode(speech.text)?).with(&buffer::encode(slot)))
}

/// S38DEL: deletes the current record.
pub fn delete(speech: TextEncoding, dclnam: DclNam) -> Result<Exchange, MessageError> {
    Ok(Exchange::new(speech, &S38Del { dclnam, optl: None }.encode(speech.text)?))
}

/// Reads the answer to adding `sent` records: the number of the last one, where the server tells.
pub fn added(mut answer: FileReply, sent: usize) -> Result<u32, Unwritten> {
    let count = answer.feedback.as_ref().map_or(0, |feedback| usize::from(feedback.records));
    let failed = |error| Unwritten { before: count.min(sent), error };
    if let Some(error) = answer.failure() {
        return Err(failed(error));
    }
    let Some(feedback) = &answer.feedback else { return Err(failed(missing(&mut answer, "S38IOFB", "S38PUTM"))) };
    if count != sent {
        let detail = format!("{sent} records were sent, {count} written");
        return Err(failed(WireError::invalid(cp::S38IOFB, 14, detail).into()));
    }
    Ok(feedback.rrn)
}

/// Reads the answer to an update or a deletion.
pub fn changed(mut answer: FileReply, command: &'static str) -> Result<(), FlowError> {
    match (answer.failure(), answer.feedback.is_some() || answer.told) {
        (Some(failure), _) => Err(failure),
        (None, true) => Ok(()),
        (None, false) => Err(FlowError::Missing { what: "S38IOFB", command }),
    }
}
