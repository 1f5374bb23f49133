//! A conversation of any type on its way through a channel.

use super::channel::wishes::Wishes;
use super::error::NetError;
use crate::flow::error::FlowError;
use crate::flow::step::{Flow, Reception, Step};
use crate::wire::ddm::object::Object;
use crate::wire::dss::chain::Chain;
use std::sync::Arc;
use tokio::sync::oneshot;

/// The methods by which the driver runs any conversation.
pub(super) trait AnyFlow: Send {
    fn start(&mut self) -> Result<Chain, FlowError>;
    fn object(&mut self, object: Object) -> Result<Reception, FlowError>;
    /// The reply is complete: the next chain, or none when the conversation is over and the
    /// waiter has been told.
    fn end(&mut self) -> Option<Chain>;
    fn fail(&mut self, error: NetError);
    /// Nobody waits for the result any more.
    fn is_abandoned(&self) -> bool;
    fn expect(&self) -> usize;
    fn longest(&self) -> usize;
    fn room(&self) -> usize;
    fn is_unnumbered(&self) -> bool;
    fn wishes(&self) -> &Wishes;
}

/// A flow with the one who waits for it.
pub(super) struct WaitingFlow<F: Flow> {
    pub flow: F,
    pub waiter: Option<oneshot::Sender<Result<F::Out, NetError>>>,
    pub wishes: Arc<Wishes>,
}

impl<F: Flow> WaitingFlow<F> {
    fn tell(&mut self, result: Result<F::Out, NetError>) {
        if let Some(waiter) = self.waiter.take() {
            // The waiter may have gone away; then nobody wants the result.
            let _ = waiter.send(result);
        }
    }
}

impl<F: Flow> AnyFlow for WaitingFlow<F> {
    fn start(&mut self) -> Result<Chain, FlowError> {
        self.flow.start()
    }

    fn object(&mut self, object: Object) -> Result<Reception, FlowError> {
        self.flow.object(object)
    }

    fn end(&mut self) -> Option<Chain> {
        match self.flow.end() {
            Ok(Step::Send(chain)) => return Some(chain),
            Ok(Step::Done(out)) => self.tell(Ok(out)),
            Err(e) => self.tell(Err(e.into())),
        }
        None
    }

    fn fail(&mut self, error: NetError) {
        self.tell(Err(error));
    }

    fn is_abandoned(&self) -> bool {
        self.waiter.as_ref().is_none_or(oneshot::Sender::is_closed)
    }

    fn expect(&self) -> usize {
        self.flow.expect()
    }

    fn longest(&self) -> usize {
        self.flow.longest()
    }

    fn room(&self) -> usize {
        self.flow.room()
    }

    fn is_unnumbered(&self) -> bool {
        self.flow.is_unnumbered()
    }

    fn wishes(&self) -> &Wishes {
        &self.wishes
    }
}
