//! The shape of replies: records and feedback as objects, messages as replies.

use super::message::{CCSID, Fault, Result};
use crate::server::protocol_error::Result as ProtocolResult;
use crate::server::request::Replies;
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::object::put_bytes;
use crate::wire::ddm::text::DdmText;
use crate::wire::file::iofb::IoFeedback;
use crate::wire::file::message::S38MsgRm;

/// Names are in the page of the job.
pub(super) const TEXT: DdmText = DdmText::Job(CCSID);

/// A message.
pub(super) fn message(message: &S38MsgRm, out: &mut Replies<'_>) -> ProtocolResult<()> {
    out.reply(&message.encode(TEXT)?);
    Ok(())
}

/// Records, if there are some, and the feedback, in one frame.
pub(super) fn records(slots: Option<&[u8]>, feedback: &IoFeedback, out: &mut Replies<'_>) -> Result<()> {
    let mut w = Writer::new();
    if let Some(slots) = slots {
        put_bytes(&mut w, cp::S38BUF, slots);
    }
    put_bytes(&mut w, cp::S38IOFB, &feedback.encode()?);
    out.object(w.as_slice());
    Ok(())
}

/// The feedback, followed by the reason why something was not done.
pub(super) fn refused(feedback: &IoFeedback, fault: &Fault, out: &mut Replies<'_>) -> Result<()> {
    records(None, feedback, out)?;
    message(&fault.message(), out)?;
    Ok(())
}
