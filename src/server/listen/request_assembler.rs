//! The commands of a chain, assembler from its frames: a command with the objects after it. One whose
//! objects are more than the server holds is refused once they are over; the connection goes on.

use crate::server::budget::Lease;
use crate::server::protocol_error::{ProtocolError, prccnvcd, synerrcd};
use crate::server::request::Request;
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::object::objects;
use crate::wire::ddm::reply::Reply;
use crate::wire::dss::deframe::Dss;
use crate::wire::dss::header::DssType;

/// The memory of a command beside its bytes, and of an object.
const REQUEST: usize = 256;
const OBJECT: usize = 96;
/// Objects that are not held may be so many times as long as those that can be.
pub(super) const PASSED_OVER: usize = 16;
/// Commands of a chain that are collected before they are run.
const ENOUGH: usize = 4 << 20;
/// Requests that are no longer than that are not counted to the connection's budget.
const SMALL: usize = 64 * 1024;

/// The commands of a chain as its frames come in.
pub(super) struct RequestAssembler {
    pub(super) ready: Vec<Request>,
    /// The command whose objects may still follow.
    pub(super) open: Option<Request>,
    /// The memory of all that, and the parts of it that the open command and its objects take.
    pub(super) bytes: usize,
    of_command: usize,
    of_open: usize,
    /// Bytes of objects that were not held.
    passed_over: usize,
    /// The frame that ends the chain was seen.
    pub(super) ended: bool,
    /// The id that the next frame has to have.
    same: Option<u16>,
    /// Requests may have the id 0.
    unnumbered: bool,
    /// For what is held, the frame that comes in included.
    lease: Lease,
}

impl RequestAssembler {
    /// Nothing yet. With `unnumbered` requests may have the id 0.
    pub(super) fn new(unnumbered: bool, lease: Lease) -> RequestAssembler {
        RequestAssembler {
            ready: Vec::new(),
            open: None,
            bytes: 0,
            of_command: 0,
            of_open: 0,
            passed_over: 0,
            ended: false,
            same: None,
            unnumbered,
            lease,
        }
    }

    /// Counts what is held, with a frame that comes in; RSCLMTRM, and the connection ends, where that is more than the
    /// budget has.
    pub(super) fn hold(&mut self, frame: usize) -> Result<(), ProtocolError> {
        let bytes = self.bytes + frame;
        self.lease.resize(if bytes > SMALL { bytes } else { 0 }).map_err(|_| full())
    }

    /// True when the commands that are complete are to be run before more are taken.
    pub(super) fn is_enough(&self) -> bool {
        !self.ready.is_empty() && self.bytes >= ENOUGH.min(self.lease.room().max(SMALL) / 2)
    }

    /// Takes a frame: a command, or objects of the command before it. Beyond `limit` bytes, or those of the budget, the
    /// open command loses its objects.
    pub(super) fn take(&mut self, dss: Dss, limit: usize) -> Result<(), ProtocolError> {
        let (most, limit) = (limit, limit.min(self.lease.room().max(SMALL)));
        let header = dss.header;
        if !header.chained && header.same_id {
            return Err(ProtocolError::syntax(0x1A, None));
        }
        if !header.chained && header.continue_on_error {
            return Err(ProtocolError::syntax(0x18, None));
        }
        if header.id == 0 && header.kind != DssType::RequestNoReply && !self.unnumbered
            || self.same.take().is_some_and(|id| id != header.id)
        {
            return Err(ProtocolError::syntax(synerrcd::CORRELATION, None));
        }
        self.same = header.same_id.then_some(header.id);
        let mut parts = objects(&dss.body);
        match header.kind {
            DssType::Request | DssType::RequestNoReply => {
                let command = parts.next().ok_or_else(|| ProtocolError::syntax(synerrcd::LENGTH, None))??;
                let answered = header.kind == DssType::Request;
                self.ready.extend(self.open.take());
                self.of_command = dss.body.len() + REQUEST;
                self.bytes += self.of_command;
                (self.of_open, self.passed_over) = (0, 0);
                self.open = Some(Request { id: header.id, command, objects: Vec::new(), answered, too_long: false });
            }
            DssType::Object => {}
            DssType::Reply | DssType::Encrypted => return Err(ProtocolError::syntax(0x04, None)),
        }
        let open = self.open.as_mut().ok_or_else(|| ProtocolError::order(prccnvcd::OBJECT))?;
        if dss.passed_over > 0 && !open.too_long {
            open.objects = Vec::new();
            open.too_long = true;
            self.bytes -= std::mem::take(&mut self.of_open);
        }
        if open.too_long {
            self.passed_over += dss.passed_over + dss.body.len() + OBJECT;
        } else {
            let more = if header.kind == DssType::Object { dss.body.len() } else { 0 };
            (self.bytes, self.of_open) = (self.bytes + more, self.of_open + more);
            for object in parts {
                open.objects.push(object?);
                (self.bytes, self.of_open) = (self.bytes + OBJECT, self.of_open + OBJECT);
                if self.bytes > limit {
                    break;
                }
            }
        }
        if self.bytes > limit && !open.objects.is_empty() {
            open.objects = Vec::new();
            open.too_long = true;
            self.bytes -= std::mem::take(&mut self.of_open);
        }
        if self.bytes > most || self.passed_over > most.saturating_mul(PASSED_OVER) {
            return Err(ProtocolError::syntax(synerrcd::TOO_LONG, None));
        }
        if self.bytes > limit {
            return Err(full());
        }
        if !header.chained {
            self.ended = true;
            self.of_open = 0;
            self.ready.extend(self.open.take());
        }
        Ok(())
    }

    /// The commands before have been run, and are held no longer.
    pub(super) fn settle(&mut self) {
        let bytes = self.lease.bytes().min(self.bytes);
        self.lease.force(bytes);
    }

    /// The commands that are complete.
    pub(super) fn drain(&mut self) -> Vec<Request> {
        self.bytes = if self.open.is_some() { self.of_command + self.of_open } else { 0 };
        std::mem::take(&mut self.ready)
    }
}

/// RSCLMTRM, and the connection ends.
fn full() -> ProtocolError {
    ProtocolError { reply: Box::new(Reply::new(cp::RSCLMTRM)), close: true }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::budget::ServerBudget;
    use crate::wire::codec::writer::Writer;
    use crate::wire::ddm::object::put_bytes;
    use crate::wire::dss::chain::Chain;
    use crate::wire::dss::deframe::Deframer;

    #[test]
    fn what_the_last_command_takes_is_counted_while_it_is_held() {
        let (most, long) = (10 << 20, 3 << 20);
        let budget = ServerBudget::new(most, most).connection();
        let mut assembler = RequestAssembler::new(false, budget.empty());
        let mut chain = Chain::new();
        for length in [4, long, 4] {
            let mut command = Writer::new();
            put_bytes(&mut command, cp::EXCSQLIMM, &vec![0; length]);
            chain.command(&command.into_vec());
        }
        let bytes = chain.into_bytes();
        let (mut input, mut deframer) = (bytes.as_slice(), Deframer::new(most));
        let mut next = |assembler: &mut RequestAssembler| {
            assembler.take(deframer.feed(&mut input).unwrap().unwrap(), most).unwrap();
            assembler.hold(deframer.held()).unwrap();
        };
        next(&mut assembler);
        next(&mut assembler);
        // The short one is run, while the end of the long one is not known yet.
        assert_eq!(assembler.drain().len(), 1);
        assembler.settle();
        assert!(assembler.bytes > long && budget.empty().room() < most - long, "{}", assembler.bytes);
        next(&mut assembler);
        assert_eq!(assembler.drain().len(), 2);
        assembler.settle();
        assert_eq!((assembler.bytes, budget.empty().room()), (0, most));
    }
}
