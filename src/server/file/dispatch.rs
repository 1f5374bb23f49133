//! Which file has which command, and the shape of what goes back: records and feedback as objects,
//! messages as replies.

use super::job::Job;
use super::message::{CCSID, Failure, Fault, Result};
use crate::server::protocol_error::{ProtocolError, Result as ProtocolResult};
use crate::server::request::{After, Replies, Request};
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::object::put_bytes;
use crate::wire::ddm::reply::Reply;
use crate::wire::ddm::text::DdmText;
use crate::wire::file::iofb::IoFeedback;
use crate::wire::file::message::S38MsgRm;
use crate::wire::file::session::SxxAspRq;

/// Names are in the page of the job.
pub(super) const TEXT: DdmText = DdmText::Job(CCSID);

/// Runs a command of record access.
pub(in crate::server) fn file_command(
    job: &mut Job,
    request: &Request,
    out: &mut Replies<'_>,
) -> ProtocolResult<After> {
    let done = job.run(request, out);
    if let Err(Failure::Waits) = done {
        return Ok(After::Wait);
    }
    job.command_ended();
    match done {
        Ok(()) | Err(Failure::Waits) => {}
        Err(Failure::Protocol(error)) => return Err(error),
        Err(Failure::Told(faults)) => {
            for fault in &faults {
                message(&fault.message(), out)?;
            }
        }
    }
    Ok(After::Next)
}

impl Job {
    fn run(&mut self, request: &Request, out: &mut Replies<'_>) -> Result<()> {
        let body = &request.command.body;
        match request.command.cp {
            cp::S38OPEN => self.open(body, out),
            cp::S38CLOSE => self.close_file(body, out),
            cp::S38FEOD => self.feod(body, out),
            cp::S38GET => self.get(body, out),
            cp::S38GETM => self.get_many(body, out),
            cp::S38GETD => self.get_direct(body, out),
            cp::S38GETK => self.get_by_key(body, out),
            cp::S38PUTM => self.put(request, out),
            cp::S38UPDAT => self.update(request, out),
            cp::S38DEL => self.delete(body, out),
            cp::S38CMD => self.command(body, out),
            cp::CMMUOW => self.commit_command(body, out),
            cp::RLLBCKUOW => self.rollback_command(body, out),
            cp::SXXASPRQ => {
                // There are no independent disk pools: every name leads to the same libraries.
                SxxAspRq::decode(body, TEXT)?;
                out.reply(&Reply::new(cp::CMDCMPRM).encode(TEXT)?);
                Ok(())
            }
            other => Err(ProtocolError::unsupported(cp::CMDNSPRM, other).into()),
        }
    }
}

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
