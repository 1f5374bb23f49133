//! A command as it came in, the frames of its reply, and the fate of the chain that it is in.

use crate::wire::codec::writer::Writer;
use crate::wire::ddm::codepoint::CodePoint;
use crate::wire::ddm::object::{Object, put_head};
use crate::wire::dss::chain::{Chain, Part};
use crate::wire::dss::header::DssType;

/// A command with the objects that follow it.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) id: u16,
    pub(super) command: Object,
    pub(super) objects: Vec<Object>,
    /// A reply is wanted.
    pub(super) answered: bool,
    /// The objects were more than the server holds, and are not there.
    pub(super) too_long: bool,
}

/// The fate of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// The next command is run.
    Next,
    /// The command is to be run again, once another job has released what it waits for.
    Wait,
    /// The rest of the chain is dropped.
    Skip,
    /// The connection ends.
    Close,
}

/// Takes the frames of one command's reply.
pub(super) struct Replies<'a> {
    chain: &'a mut Chain,
    id: u16,
}

impl Replies<'_> {
    /// Replies to the command of this correlation id, at the end of a chain.
    pub(super) fn new(chain: &mut Chain, id: u16) -> Replies<'_> {
        Replies { chain, id }
    }

    /// A reply message.
    pub(super) fn reply(&mut self, message: &[u8]) {
        self.chain.frame(DssType::Reply, self.id, message);
    }

    /// A data object of this data, which may be long.
    pub(super) fn data(&mut self, point: CodePoint, data: &[u8]) {
        let mut head = Writer::new();
        put_head(&mut head, point, data.len());
        self.chain.frame_of(DssType::Object, self.id, &[head.as_slice(), data].map(Part::Copied));
    }

    /// A data object.
    pub(super) fn object(&mut self, object: &[u8]) {
        self.chain.frame(DssType::Object, self.id, object);
    }
}
