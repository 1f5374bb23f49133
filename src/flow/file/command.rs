//! CL commands (S38CMD) and the ends of units of work (CMMUOW, RLLBCKUOW). The messages of a command are handed
//! out, since it depends on the command which of them mean success.

use super::exchange::{Exchange, FileReply, TextEncoding};
use crate::flow::error::FlowError;
use crate::wire::ddm::error::MessageError;
use crate::wire::file::message::HostMessage;
use crate::wire::file::session::{CmmUow, RllBckUow, S38Cmd};

/// S38CMD.
pub fn command(speech: TextEncoding, cl: &str) -> Result<Exchange, MessageError> {
    let command =
        S38Cmd::new(cl, speech.ccsid).map_err(|source| MessageError::Ccsid { parameter: "S38CMDST", source })?;
    Ok(Exchange::new(speech, &command.encode(speech.text)?))
}

/// The messages of a command.
pub fn messages(answer: FileReply) -> Result<Vec<HostMessage>, FlowError> {
    if !answer.told {
        return Err(FlowError::Missing { what: "S38MSGRM", command: "S38CMD" });
    }
    Ok(answer.messages)
}

/// CMMUOW or RLLBCKUOW; files stay open.
pub fn end_work(speech: TextEncoding, commit: bool) -> Result<Exchange, MessageError> {
    let command = match commit {
        true => CmmUow { luwhldcsr: true }.encode(speech.text)?,
        false => RllBckUow { luwhldcsr: true }.encode(speech.text)?,
    };
    Ok(Exchange::new(speech, &command))
}

/// Reads the answer to the end of a unit of work: only ENDUOWRM that says so is a success.
pub fn work_ended(mut answer: FileReply, commit: bool) -> Result<(), FlowError> {
    let command = if commit { "CMMUOW" } else { "RLLBCKUOW" };
    match (answer.failure(), answer.ended) {
        (Some(failure), _) => Err(failure),
        (None, Some(1)) if commit => Ok(()),
        (None, Some(2)) if !commit => Ok(()),
        (None, Some(_)) if commit => Err(FlowError::RolledBack),
        (None, _) => Err(FlowError::Missing { what: "ENDUOWRM", command }),
    }
}
