//! The sockets of the server: a task for each connection, and no more of them than are wanted. Those
//! that are slow to log in make room for others.

use super::backend::Backend;
use super::conversation::Conversation;
use super::link::{GRACE, Link, Stopped};
use super::seats::{Door, Seat};
use super::settings::Settings;
use super::shared::Shared;
use super::signon;
use crate::flow::secmec::random::{RANDOM, Random};
use std::io::{Error, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Interrupted commands have this long to notice.
const NOTICE: Duration = Duration::from_secs(2);

/// A running server. Dropped, it stops.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    signon: Option<SocketAddr>,
    /// Once it stops, what is left to commands under way.
    stop: watch::Sender<Option<Duration>>,
    tasks: JoinSet<()>,
}

impl Server {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens as a sign-on server.
    pub fn signon_address(&self) -> Option<SocketAddr> {
        self.signon
    }

    /// Takes no more connections, lets commands under way end, closes every connection.
    pub async fn shutdown(self) {
        self.shutdown_within(GRACE).await;
    }

    /// The same; commands that take longer than `grace` are interrupted.
    pub async fn shutdown_within(mut self, grace: Duration) {
        let _ = self.stop.send(Some(grace));
        while self.tasks.join_next().await.is_some() {}
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.send_if_modified(|stop| stop.is_none() && stop.insert(GRACE) == &GRACE);
        // They end by themselves.
        self.tasks.detach_all();
    }
}

/// Starts a server on the current tokio runtime. An error of the kind `InvalidInput` is about the CCSID.
pub async fn serve(settings: Settings, backend: Arc<dyn Backend>) -> std::io::Result<Server> {
    let persona = match settings.ccsid {
        None => settings.persona.clone(),
        Some(ccsid) => settings.persona.with_ccsid(ccsid).map_err(|e| Error::new(ErrorKind::InvalidInput, e))?,
    };
    let listener = TcpListener::bind(settings.address).await?;
    let address = listener.local_addr()?;
    let (stop, stopped) = watch::channel(None);
    let shared = Arc::new(Shared::new(&settings, Arc::new(persona), backend));
    let settings = Arc::new(settings);
    let mut tasks = JoinSet::new();
    let mut signon = None;
    if let Some(address) = settings.signon {
        let listener = TcpListener::bind(address).await?;
        signon = Some(listener.local_addr()?);
        tasks.spawn(signon::accept(listener, settings.clone(), shared.clone(), stopped.clone()));
    }
    tasks.spawn(accept(listener, settings, shared, stopped));
    Ok(Server { address, signon, stop, tasks })
}

async fn accept(listener: TcpListener, settings: Arc<Settings>, shared: Arc<Shared>, mut stopped: Stopped) {
    let workers = Arc::new(Semaphore::new(settings.workers.max(1)));
    let mut connections = JoinSet::new();
    let mut door = Door::default();
    loop {
        let accepted = tokio::select! {
            biased;
            _ = stopped.wait_for(Option::is_some) => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
            accepted = listener.accept() => accepted,
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
        if connections.len() >= settings.max_connections {
            if !door.evict() {
                tracing::info!(%peer, "connection refused: too many");
                continue;
            }
            tracing::info!(%peer, "a connection without a login makes room");
            // What was let go is gone at once.
            while connections.len() >= settings.max_connections && connections.join_next().await.is_some() {}
        }
        // Replies are written whole; waiting for more would only delay them.
        let _ = stream.set_nodelay(true);
        let mut random = [0; RANDOM];
        if getrandom::fill(&mut random).is_err() {
            continue;
        }
        let conversation = Conversation::new(shared.clone(), Random::new(random));
        let seat = Seat::default();
        let link = Link::new(stream, settings.clone(), workers.clone(), stopped.clone(), seat.clone());
        let task = connections.spawn(async move {
            tracing::debug!(%peer, "connection opened");
            link.serve(conversation).await;
            tracing::debug!(%peer, "connection closed");
        });
        door.enter(seat, task);
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    let grace = (*stopped.borrow()).unwrap_or(GRACE);
    if timeout(grace.saturating_add(NOTICE), ended).await.is_err() {
        connections.abort_all();
    }
}
