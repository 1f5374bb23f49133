//! The trait of a conversation: it says what to send, takes what comes, and ends with a result.

use super::bounds::FRAME;
use super::error::FlowError;
use crate::wire::ddm::object::Object;
use crate::wire::dss::chain::Chain;

/// One conversation with a server, from its first request to its result.
///
/// A driver sends what [`start`](Flow::start) gives, hands in each object of the reply, and calls
/// [`end`](Flow::end) when the reply to the chain is complete.
pub trait Flow: Send {
    /// Its result.
    type Out: Send;

    /// The first chain of requests.
    fn start(&mut self) -> Result<Chain, FlowError>;

    /// One object of the reply. An error here means that the bytes make no sense: the connection
    /// cannot go on. What a server refuses in order is kept and told by [`end`](Flow::end).
    fn object(&mut self, object: Object) -> Result<Reception, FlowError>;

    /// The reply to the chain is complete.
    fn end(&mut self) -> Result<Step<Self::Out>, FlowError>;

    /// Longest frame that was asked for, to collect it without regrowing; 0 when small.
    fn expect(&self) -> usize {
        0
    }

    /// Longest frame that may come next. A frame beyond it is refused while it comes in.
    fn longest(&self) -> usize {
        FRAME
    }

    /// Bytes that may be brought by one reply.
    fn room(&self) -> usize {
        self.longest()
    }

    /// The server may number its replies 0, whatever the request has.
    fn is_unnumbered(&self) -> bool {
        false
    }

    /// The server may be told to break it off while it runs: it ends no unit of work.
    fn is_interruptible(&self) -> bool {
        false
    }
}

/// The kind of an object, as far as the driver must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reception {
    /// Part of a reply that goes well, but nothing that was asked for: there is a bound to how much may come.
    Normal,
    /// Rows, values or descriptions that were asked for.
    Wanted,
    /// A refusal: the server may end the chain here without answering its other commands.
    Failure,
}

/// The next step.
#[derive(Debug)]
pub enum Step<T> {
    /// Another chain.
    Send(Chain),
    /// The result.
    Done(T),
}
