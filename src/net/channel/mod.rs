//! One task owns the socket and a queue of conversations; only it writes. Replies come in the
//! order of the requests, so the head of the queue gets what arrives.

pub mod breaking_off;
mod incoming;
mod state;
mod task;
pub mod wishes;

use self::breaking_off::Interrupter;
use self::state::ChannelState;
use self::task::Task;
use self::wishes::{Breaker, Wishes};
use super::any_flow::{AnyFlow, WaitingFlow};
use super::any_stream::BoxedStream;
use super::counters::Counters;
use super::error::NetError;
use super::transport::Deadline;
use crate::flow::step::Flow;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::{mpsc, oneshot};

/// A handle to the task that owns a socket. The task ends, and the socket closes, when the last
/// handle is gone.
#[derive(Debug, Clone)]
pub struct Channel(Arc<RwLock<Socket>>);

/// The task of one socket, as its handles see it.
#[derive(Debug, Clone)]
struct Socket {
    jobs: mpsc::UnboundedSender<Box<dyn AnyFlow>>,
    shared: Arc<ChannelState>,
}

impl Channel {
    /// Starts the task on `stream`; frames of more than `limit` bytes are refused.
    pub fn spawn(stream: BoxedStream, limit: usize) -> Channel {
        Channel::counted(stream, limit, Arc::default())
    }

    /// The same; what goes over the socket is added to `counters`.
    pub fn counted(stream: BoxedStream, limit: usize, counters: Arc<Counters>) -> Channel {
        let (jobs, queue) = mpsc::unbounded_channel();
        let shared = Arc::new(ChannelState::new(counters));
        shared.limit.store(limit, Ordering::Relaxed);
        tokio::spawn(Task::new(stream, queue, shared.clone(), limit).run());
        Channel(Arc::new(RwLock::new(Socket { jobs, shared })))
    }

    /// Goes on with the socket of another channel. That of before closes once it has answered what is under way.
    pub fn replace(&self, with: &Channel) {
        let other = with.socket();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = other;
    }

    fn socket(&self) -> Socket {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn state(&self) -> Arc<ChannelState> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).shared.clone()
    }

    /// The traffic of its sockets.
    pub fn counters(&self) -> Arc<Counters> {
        self.state().counters.clone()
    }

    /// Allows so many requests under way at once: more than one only for servers shown to take it.
    pub fn set_depth(&self, depth: usize) {
        self.state().depth.store(depth.max(1), Ordering::Relaxed);
    }

    /// Allows longer frames: before the login nobody has a reason to send any.
    pub fn set_limit(&self, limit: usize) {
        self.state().limit.store(limit, Ordering::Relaxed);
    }

    /// From now on requests can be broken off, by `interrupter`. To be said once.
    pub fn set_interrupter(&self, interrupter: Arc<dyn Interrupter>) {
        // The first one stays.
        let _ = self.state().interrupter.set(interrupter);
    }

    /// Has the request that the server works on now broken off, where it may be: its waiter gets the server's answer to
    /// that, or leaves where the server cannot be told. Without one nothing happens. Ends once the server was told.
    pub async fn cancel(&self) {
        let state = self.state();
        let told = state.cancellers.add();
        state.abandoned.notify_one();
        if state.broken().is_none() {
            // The task may end first.
            let _ = told.await;
        }
    }

    /// Why the connection cannot be used any more, if so.
    pub fn broken(&self) -> Option<String> {
        self.state().broken()
    }

    /// The first bytes of the peer: they tell what it is when it is not what was expected.
    pub fn heard(&self) -> Vec<u8> {
        self.state().heard()
    }

    /// Gives the connection up: every waiter gets an error, the socket closes.
    pub fn abort(&self, why: &str) {
        let state = self.state();
        state.break_with(why);
        state.abandoned.notify_one();
    }

    /// Runs a conversation to its end. Dropping the returned future ends the wait, never the
    /// request: its reply is drained for a short while, else the connection is given up.
    pub async fn run<F>(&self, flow: F, deadline: Option<Deadline>) -> Result<F::Out, NetError>
    where
        F: Flow + 'static,
    {
        self.submit(flow)?.wait(deadline).await
    }

    /// Puts a conversation into the queue; the result is waited for later.
    pub fn submit<F>(&self, flow: F) -> Result<Pending<F::Out>, NetError>
    where
        F: Flow + 'static,
    {
        let Socket { jobs, shared } = self.socket();
        if shared.broken().is_some() {
            return Err(shared.gone());
        }
        let (tx, result) = oneshot::channel();
        let wishes = Wishes::new(&shared, flow.is_interruptible());
        let job = WaitingFlow { flow, waiter: Some(tx), wishes: wishes.clone() };
        jobs.send(Box::new(job)).map_err(|_| shared.gone())?;
        Ok(Pending { result, shared, wishes, over: false })
    }
}

/// A conversation under way. Dropped before its end, it is abandoned.
#[derive(Debug)]
pub struct Pending<T> {
    result: oneshot::Receiver<Result<T, NetError>>,
    shared: Arc<ChannelState>,
    wishes: Arc<Wishes>,
    over: bool,
}

impl<T> Pending<T> {
    /// Waits for the result; to be called once it returned no more. Cancel safe. After the deadline the server is told to
    /// break the request off, where it can be told: then its answer to that is the result.
    pub async fn wait(&mut self, deadline: Option<Deadline>) -> Result<T, NetError> {
        let result = tokio::select! {
            biased;
            result = &mut self.result => result,
            given_up = self.wishes.given_up(deadline) => return Err(given_up),
        };
        self.over = true;
        result.unwrap_or_else(|_| Err(self.shared.gone()))
    }
}

impl<T> Pending<T> {
    /// By which it can be broken off from elsewhere.
    pub fn breaker(&self) -> Breaker {
        Breaker(self.wishes.clone())
    }
}

impl<T> Drop for Pending<T> {
    fn drop(&mut self) {
        if !self.over {
            self.result.close();
            self.shared.abandoned.notify_one();
        }
    }
}

#[cfg(test)]
mod tests;
