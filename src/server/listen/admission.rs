//! Who has logged in and who has not: when a server is full, a newcomer gets the place of whoever
//! has dallied longest at the door. A slow drip of silent peers would keep everybody out otherwise.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

/// Says when the server stops, and what is left to commands under way.
pub(super) type Stopped = watch::Receiver<Option<Duration>>;

/// A connection's place. It is taken once: by the login, or by a newcomer.
#[derive(Debug, Clone, Default)]
pub(super) struct AdmittedConnection(Arc<AtomicBool>);

impl AdmittedConnection {
    /// True for whoever comes first.
    pub(super) fn take(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }

    fn is_taken(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Connections that had not logged in when they were last looked at, the oldest first.
#[derive(Debug, Default)]
struct Admission(VecDeque<(AdmittedConnection, AbortHandle)>);

impl Admission {
    /// Another has come.
    fn enter(&mut self, seat: AdmittedConnection, task: AbortHandle) {
        // Those after a slow one are not all waiting any more.
        if self.0.len() == self.0.capacity() {
            self.0.retain(|(seat, task)| !seat.is_taken() && !task.is_finished());
        }
        self.0.push_back((seat, task));
    }

    /// Lets go of the one that has waited longest; false when all have logged in.
    fn evict(&mut self) -> bool {
        while let Some((seat, task)) = self.0.pop_front() {
            if !task.is_finished() && seat.take() {
                task.abort();
                return true;
            }
        }
        false
    }
}

/// The connections of one socket: a task for each, and no more of them than are wanted.
pub(super) struct Hall {
    listener: TcpListener,
    connections: JoinSet<()>,
    door: Admission,
    most: usize,
}

impl Hall {
    /// Empty, with places for so many.
    pub(super) fn new(listener: TcpListener, most: usize) -> Hall {
        Hall { listener, connections: JoinSet::new(), door: Admission::default(), most }
    }

    /// The next connection for which there is a place; none once the server stops.
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
                if !self.door.evict() {
                    tracing::info!(%peer, "connection refused: too many");
                    continue;
                }
                tracing::info!(%peer, "a connection without a login makes room");
                // What was let go is gone at once.
                while self.connections.len() >= self.most && self.connections.join_next().await.is_some() {}
            }
            // Replies are written whole; waiting for more would only delay them.
            let _ = stream.set_nodelay(true);
            return Some((stream, peer));
        }
    }

    /// Serves a connection, which has logged in once its seat is taken.
    pub(super) fn enter(&mut self, seat: AdmittedConnection, task: impl Future<Output = ()> + Send + 'static) {
        let task = self.connections.spawn(task);
        self.door.enter(seat, task);
    }

    /// Takes no more connections; gives the tasks of those that there are.
    pub(super) fn close(self) -> JoinSet<()> {
        self.connections
    }
}
