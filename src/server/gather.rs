//! The commands of a chain, gathered from its frames: a command with the objects behind it.

use super::conversation::Request;
use super::trouble::{Trouble, prccnvcd, synerrcd};
use crate::wire::ddm::object::objects;
use crate::wire::dss::deframe::Dss;
use crate::wire::dss::header::DssType;

/// Objects that one command may have behind it.
const OBJECTS: usize = 65_536;
/// What a command costs to hold beside its bytes.
const REQUEST: usize = 256;

/// The commands of a chain as its frames come in.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) ready: Vec<Request>,
    /// The command whose objects may still follow.
    pub(super) open: Option<Request>,
    pub(super) bytes: usize,
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

    /// Takes a frame: a command, or objects of the command before it.
    pub(super) fn take(&mut self, dss: Dss) -> Result<(), Trouble> {
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
        self.bytes += dss.body.len() + REQUEST;
        self.same = header.same_id.then_some(header.id);
        let mut parts = objects(&dss.body);
        match header.kind {
            DssType::Request | DssType::RequestNoReply => {
                let command = parts.next().ok_or_else(|| Trouble::syntax(synerrcd::LENGTH, None))??;
                let answered = header.kind == DssType::Request;
                self.ready.extend(self.open.take());
                self.open = Some(Request { id: header.id, command, objects: Vec::new(), answered });
            }
            DssType::Object => {}
            DssType::Reply | DssType::Encrypted => return Err(Trouble::syntax(0x04, None)),
        }
        let open = self.open.as_mut().ok_or_else(|| Trouble::order(prccnvcd::OBJECT))?;
        for object in parts {
            open.objects.push(object?);
        }
        if open.objects.len() > OBJECTS {
            return Err(Trouble::syntax(synerrcd::TOO_MANY, None));
        }
        if !header.chained {
            self.ended = true;
            self.ready.extend(self.open.take());
        }
        Ok(())
    }

    /// The commands that are complete.
    pub(super) fn drain(&mut self) -> Vec<Request> {
        let left = self.open.as_ref().map_or(0, |r| r.objects.iter().map(|o| o.body.len()).sum());
        self.bytes = left;
        std::mem::take(&mut self.ready)
    }
}
