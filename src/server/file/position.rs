//! S38FEOD and S38CLOSE: to an end of the file, and the end of its use.

use super::cursor::CursorPlace;
use super::message::{Failure, Result};
use super::open_files::OpenFiles;
use super::reply::{message, records};
use crate::server::protocol_error::{ProtocolError, synerrcd};
use crate::server::request::Replies;
use crate::wire::ddm::codepoint as cp;
use crate::wire::file::close::{S38Close, S38Feod};
use crate::wire::file::control::Which;
use crate::wire::file::iofb::IoFeedback;
use crate::wire::file::message::S38MsgRm;

/// S38FEOD: goes to an end of the file.
pub(super) fn feod(open: &mut OpenFiles, command: &S38Feod, out: &mut Replies<'_>) -> Result<()> {
    let open = open.get(command.dclnam)?;
    open.place = match command.optl.which {
        // The other two force what was written out, which it is at once.
        Which::First | Which::Next => CursorPlace::Before,
        Which::Last | Which::Previous => CursorPlace::After,
        _ => return Err(Failure::Protocol(ProtocolError::syntax(synerrcd::VALUE, Some(cp::S38OPTL)))),
    };
    open.release();
    let format = &open.file.definition.format;
    let feedback = IoFeedback { format: format.name.clone(), record_length: format.length, ..IoFeedback::default() };
    records(None, &feedback, out)
}

/// S38CLOSE.
pub(super) fn close(open: &mut OpenFiles, command: &S38Close, out: &mut Replies<'_>) -> Result<()> {
    open.close(command.dclnam)?;
    message(&S38MsgRm::ok(), out)?;
    Ok(())
}
