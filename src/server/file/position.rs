//! S38FEOD and S38CLOSE: to an end of the file, and the end of its use.

use super::cursor::CursorPlace;
use super::dispatch::{TEXT, message, records};
use super::job::Job;
use super::message::{Failure, Result};
use crate::server::protocol_error::{ProtocolError, synerrcd};
use crate::server::request::Replies;
use crate::wire::ddm::codepoint as cp;
use crate::wire::file::close::{S38Close, S38Feod};
use crate::wire::file::control::Which;
use crate::wire::file::iofb::IoFeedback;
use crate::wire::file::message::S38MsgRm;

impl Job {
    pub(super) fn feod(&mut self, body: &[u8], out: &mut Replies<'_>) -> Result<()> {
        let S38Feod { dclnam, optl } = S38Feod::decode(body, TEXT)?;
        let id = self.id;
        let open = self.open_file(dclnam)?;
        open.place = match optl.which {
            // The other two force what was written out, which it is at once.
            Which::First | Which::Next => CursorPlace::Before,
            Which::Last | Which::Previous => CursorPlace::After,
            _ => return Err(Failure::Protocol(ProtocolError::syntax(synerrcd::VALUE, Some(cp::S38OPTL)))),
        };
        let file = open.file.clone();
        Job::unlock(open, &mut file.contents(), id);
        file.wake();
        let format = &file.definition.format;
        let feedback =
            IoFeedback { format: format.name.clone(), record_length: format.length, ..IoFeedback::default() };
        records(None, &feedback, out)
    }

    pub(super) fn close_file(&mut self, body: &[u8], out: &mut Replies<'_>) -> Result<()> {
        let S38Close { dclnam, .. } = S38Close::decode(body, TEXT)?;
        self.close(dclnam)?;
        message(&S38MsgRm::ok(), out)?;
        Ok(())
    }
}
