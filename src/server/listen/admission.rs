//! Accepts connections. When the server is full, a new connection takes the slot of the oldest one that has not logged
//! in: silent peers cannot keep others out.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

/// Says when the server stops, and when commands under way have to be over.
pub(super) type Stopped = watch::Receiver<Option<Instant>>;

/// A connection's slot. It is claimed once: by its own login, or for a newer connection.
#[derive(Debug, Clone, Default)]
pub(super) struct ConnectionSlot(Arc<AtomicBool>);

impl ConnectionSlot {
    /// True for the first that claims it.
    pub(super) fn claim(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }

    fn is_claimed(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Connections that had not logged in when they were last looked at, the oldest first.
#[derive(Debug, Default)]
struct LoginQueue(VecDeque<(ConnectionSlot, AbortHandle)>);

impl LoginQueue {
    /// Adds a connection.
    fn push(&mut self, slot: ConnectionSlot, task: AbortHandle) {
        // Some of them may have logged in or ended.
        if self.0.len() == self.0.capacity() {
            self.0.retain(|(slot, task)| !slot.is_claimed() && !task.is_finished());
        }
        self.0.push_back((slot, task));
    }

    /// Ends the oldest connection; false when all have logged in.
    fn evict(&mut self) -> bool {
        while let Some((slot, task)) = self.0.pop_front() {
            if !task.is_finished() && slot.claim() {
                task.abort();
                return true;
            }
        }
        false
    }
}

/// The connections of one listening socket: a task for each, up to a limit.
pub(super) struct Acceptor {
    listener: TcpListener,
    connections: JoinSet<()>,
    queue: LoginQueue,
    most: usize,
}

impl Acceptor {
    /// Without connections, for so many.
    pub(super) fn new(listener: TcpListener, most: usize) -> Acceptor {
        Acceptor { listener, connections: JoinSet::new(), queue: LoginQueue::default(), most }
    }

    /// The next connection for which there is a slot; none once the server stops.
    pub(super) async fn next(&mut self, stopped: &mut Stopped) -> Option<(TcpStream, SocketAddr)> {
        loop {
            let accepted = tokio::select! {
                biased;
                _ = stopped.wait_for(Option::is_some) => return None,
                Some(_) = self.connections.join_next(), if !self.connections.is_empty() => continue,
                accepted = self.listener.accept() => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(e) => {
                    // Out of descriptors, most likely: others have to leave first.
                    tracing::debug!(error = %e, "a connection cannot be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            if self.connections.len() >= self.most {
                if !self.queue.evict() {
                    tracing::info!(%peer, "connection refused: too many");
                    continue;
                }
                tracing::info!(%peer, "a connection without a login makes room");
                // The task that was aborted ends at once.
                while self.connections.len() >= self.most && self.connections.join_next().await.is_some() {}
            }
            // Replies are written whole; waiting for more would only delay them.
            let _ = stream.set_nodelay(true);
            return Some((stream, peer));
        }
    }

    /// Serves a connection, which has logged in once its slot is claimed.
    pub(super) fn spawn(&mut self, slot: ConnectionSlot, task: impl Future<Output = ()> + Send + 'static) {
        let task = self.connections.spawn(task);
        self.queue.push(slot, task);
    }

    /// Accepts no more; returns the tasks of the open connections.
    pub(super) fn close(self) -> JoinSet<()> {
        self.connections
    }
}
