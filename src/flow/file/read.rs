//! Reading records: by place (S38GET), several at once (S38GETM), by relative record number (S38GETD) and
//! by key (S38GETK). A reply without records names its reason by a message: only CPF5001 is the end of
//! the file, only CPF5006 and CPF5007 a record that is not there. Everything else is an error.

use super::exchange::{Exchange, FileReply, TextEncoding};
use crate::flow::error::FlowError;
use crate::wire::codec::error::WireError;
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::error::MessageError;
use crate::wire::file::buffer::{self, BufferLayout};
use crate::wire::file::close::{FEOD_DATA, S38Feod};
use crate::wire::file::control::{Share, Which};
use crate::wire::file::message::{HostMessage, MessageMeaning};
use crate::wire::file::read::{S38Get, S38GetD, S38GetK, S38GetM};
use crate::wire::file::system_name::DclNam;
use bytes::Bytes;

/// Bytes that may stand around the records of a reply.
const AROUND: usize = 1024;

/// Records in slots.
#[derive(Debug, Clone)]
pub struct RecordBlock {
    /// The slots, end to end.
    pub slots: Bytes,
    /// How many.
    pub count: usize,
}

/// The outcome of a read.
#[derive(Debug)]
pub enum FoundRecord {
    /// Records, at least one.
    Records(RecordBlock),
    /// There is none in this direction.
    End(HostMessage),
    /// There is none with this number or key.
    Nothing(HostMessage),
}

/// S38GET: the record at a place.
pub fn get(speech: TextEncoding, dclnam: DclNam, which: Which, share: Share) -> Result<Exchange, MessageError> {
    Ok(Exchange::new(speech, &S38Get::new(dclnam, which, share).encode(speech.text)?))
}

/// S38GETM: up to `count` records in a direction.
pub fn get_many(
    speech: TextEncoding,
    dclnam: DclNam,
    which: Which,
    share: Share,
    count: u16,
    layout: &BufferLayout,
) -> Result<Exchange, MessageError> {
    let expect = layout.increment * usize::from(count) + AROUND;
    Ok(Exchange::new(speech, &S38GetM::new(dclnam, which, share, count).encode(speech.text)?).expecting(expect))
}

/// S38GETD: the record with a number.
pub fn get_direct(
    speech: TextEncoding,
    dclnam: DclNam,
    share: Share,
    format: &str,
    rrn: u32,
) -> Result<Exchange, MessageError> {
    Ok(Exchange::new(speech, &S38GetD::new(dclnam, share, format, rrn).encode(speech.text)?))
}

/// S38GETK: the record that stands to a key as `which` says.
pub fn get_key(
    speech: TextEncoding,
    dclnam: DclNam,
    which: Which,
    share: Share,
    format: &str,
    fields: u32,
    key: Vec<u8>,
) -> Result<Exchange, MessageError> {
    let command = S38GetK::new(dclnam, which, share, format, fields, key);
    Ok(Exchange::new(speech, &command.encode(speech.text)?))
}

/// S38FEOD: the position before the first record, or after the last.
pub fn feod(speech: TextEncoding, dclnam: DclNam, first: bool) -> Result<Exchange, MessageError> {
    let command = if first { S38Feod::before_first(dclnam) } else { S38Feod::after_last(dclnam) };
    Ok(Exchange::new(speech, &command.encode(speech.text)?).with(&buffer::encode(&FEOD_DATA)))
}

/// Reads the answer to a read.
pub fn found(mut answer: FileReply, layout: &BufferLayout) -> Result<FoundRecord, FlowError> {
    let count = answer.feedback.as_ref().map(|feedback| usize::from(feedback.records));
    if let Some(slots) = answer.buffer.take() {
        let count = count.ok_or(FlowError::Missing { what: "S38IOFB", command: "a read" })?;
        if let Some(failure) = answer.failure() {
            return Err(failure);
        }
        let whole = slots.len() / layout.increment.max(1);
        // The count holds, as for IBM's clients. Bytes after so many are space at most.
        let after = count * layout.increment..whole * layout.increment;
        if whole < count || count == 0 || slots.get(after).is_some_and(|rest| rest.iter().any(|byte| *byte != 0)) {
            let detail = format!("{count} records are announced, {whole} came");
            return Err(WireError::invalid(cp::S38BUF, 0, detail).into());
        }
        return Ok(FoundRecord::Records(RecordBlock { slots, count }));
    }
    if count.is_some_and(|count| count > 0) {
        return Err(FlowError::Missing { what: "S38BUF", command: "a read" });
    }
    let outcome = answer.messages.iter().position(|m| m.meaning() != MessageMeaning::Advice);
    let meaning = outcome.and_then(|at| answer.messages.get(at)).map(HostMessage::meaning);
    match (outcome, meaning) {
        (Some(at), Some(MessageMeaning::EndOfFile | MessageMeaning::NoPosition)) => {
            Ok(FoundRecord::End(answer.messages.remove(at)))
        }
        (Some(at), Some(MessageMeaning::NotFound | MessageMeaning::Deleted)) => {
            Ok(FoundRecord::Nothing(answer.messages.remove(at)))
        }
        _ => Err(answer.failure().unwrap_or(FlowError::Missing { what: "S38BUF", command: "a read" })),
    }
}

/// Reads the answer to S38FEOD. An empty file may say that it ends.
pub fn positioned(mut answer: FileReply) -> Result<(), FlowError> {
    answer.messages.retain(|m| m.meaning() != MessageMeaning::EndOfFile);
    match (answer.failure(), answer.feedback.is_some() || answer.told) {
        (Some(failure), _) => Err(failure),
        (None, true) => Ok(()),
        (None, false) => Err(FlowError::Missing { what: "S38IOFB", command: "S38FEOD" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::file::iofb::IoFeedback;

    #[test]
    fn the_count_holds_unless_it_leaves_records_out() {
        let layout = BufferLayout { record: 2, increment: 4, null_map: None, fields: 1 };
        let ask = |records, slots: &'static [u8]| {
            let mut answer = FileReply::default();
            answer.feedback = Some(IoFeedback { records, ..IoFeedback::default() });
            answer.buffer = Some(Bytes::from_static(slots));
            found(answer, &layout)
        };
        assert!(matches!(ask(2, &[1; 8]), Ok(FoundRecord::Records(RecordBlock { count: 2, .. }))));
        assert!(matches!(ask(1, &[1, 1, 1, 1, 0, 0, 0, 0, 0]), Ok(FoundRecord::Records(RecordBlock { count: 1, .. }))));
        for (records, slots) in [(1, &[1; 8][..]), (3, &[1; 8]), (0, &[1; 8]), (0, &[0; 8]), (u16::MAX, &[1; 8])] {
            assert!(ask(records, slots).is_err(), "{records} of {slots:?}");
        }
    }
}
