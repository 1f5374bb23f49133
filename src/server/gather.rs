//! The commands of a chain, gathered from its frames: a command with the objects after it. One whose
//! objects are more than the server holds is refused once they are over; the connection goes on.

use super::conversation::Request;
use super::trouble::{Trouble, prccnvcd, synerrcd};
use crate::wire::ddm::object::objects;
use crate::wire::dss::deframe::Dss;
use crate::wire::dss::header::DssType;

/// What a command costs to hold beside its bytes, and what an object does.
const REQUEST: usize = 256;
const OBJECT: usize = 96;
/// Objects that are not held may be so many times as long as those that can be.
const PASSED_OVER: usize = 16;

/// The commands of a chain as its frames come in.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) ready: Vec<Request>,
    /// The command whose objects may still follow.
    pub(super) open: Option<Request>,
    /// What all of that takes to hold, and the part of it that the open command's objects take.
    pub(super) bytes: usize,
    of_open: usize,
    /// Bytes of objects that were not held.
    passed_over: usize,
    /// The frame that ends the chain was seen.
    pub(super) ended: bool,
    /// The id that the next frame has to have.
    same: Option<u16>,
    /// Requests may have the id 0.
    unnumbered: bool,
}

impl Gathered {
    /// Nothing yet. With `unnumbered` requests may have the id 0.
    pub(super) fn new(unnumbered: bool) -> Gathered {
        Gathered { unnumbered, ..Gathered::default() }
    }

    /// Takes a frame: a command, or objects of the command before it. Beyond `limit` bytes the open
    /// command loses its objects.
    pub(super) fn take(&mut self, dss: Dss, limit: usize) -> Result<(), Trouble> {
        let header = dss.header;
        if !header.chained && header.same_id {
            return Err(Trouble::syntax(0x1A, None));
        }
        if !header.chained && header.continue_on_error {
            return Err(Trouble::syntax(0x18, None));
        }
        if header.id == 0 && header.kind != DssType::RequestNoReply && !self.unnumbered
            || self.same.take().is_some_and(|id| id != header.id)
        {
            return Err(Trouble::syntax(synerrcd::CORRELATION, None));
        }
        self.same = header.same_id.then_some(header.id);
        let mut parts = objects(&dss.body);
        match header.kind {
            DssType::Request | DssType::RequestNoReply => {
                let command = parts.next().ok_or_else(|| Trouble::syntax(synerrcd::LENGTH, None))??;
                let answered = header.kind == DssType::Request;
                self.ready.extend(self.open.take());
                self.bytes += dss.body.len() + REQUEST;
                (self.of_open, self.passed_over) = (0, 0);
                self.open = Some(Request { id: header.id, command, objects: Vec::new(), answered, too_long: false });
            }
            DssType::Object => {}
            DssType::Reply | DssType::Encrypted => return Err(Trouble::syntax(0x04, None)),
        }
        let open = self.open.as_mut().ok_or_else(|| Trouble::order(prccnvcd::OBJECT))?;
        if open.too_long {
            self.passed_over += dss.body.len() + OBJECT;
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
        if self.bytes > limit || self.passed_over > limit.saturating_mul(PASSED_OVER) {
            return Err(Trouble::syntax(synerrcd::TOO_LONG, None));
        }
        if !header.chained {
            self.ended = true;
            self.of_open = 0;
            self.ready.extend(self.open.take());
        }
        Ok(())
    }

    /// The commands that are complete.
    pub(super) fn drain(&mut self) -> Vec<Request> {
        self.bytes = self.of_open + if self.open.is_some() { REQUEST } else { 0 };
        std::mem::take(&mut self.ready)
    }
}
