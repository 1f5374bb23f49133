//! A server's start and end: the sockets that it listens on, a task for each connection.

mod abandoned;
mod admission;
mod connection;
mod permits;
mod request_assembler;
mod signon;

use self::abandoned::GRACE;
use self::admission::{Acceptor, ConnectionSlot, Stopped};
use self::connection::ServerConnection;
use self::permits::Permits;
use super::backend::Backend;
use super::conversation::Conversation;
use super::login::state::PeerLine;
use super::settings::ServerSettings;
use super::shared::ServerShared;
use crate::flow::secmec::random::{RANDOM, Random};
use std::io::{Error, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

/// Interrupted commands have this long to notice.
const NOTICE: Duration = Duration::from_secs(2);
/// More than anybody waits for a server to stop.
const LONGEST_GRACE: Duration = Duration::from_secs(365 * 24 * 3600);

/// A running server. Dropped, it stops.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    signon: Option<SocketAddr>,
    /// Once it stops, when commands under way have to be over.
    stop: watch::Sender<Option<Instant>>,
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
        let _ = self.stop.send(Some(Instant::now() + grace.min(LONGEST_GRACE)));
        while self.tasks.join_next().await.is_some() {}
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.send_if_modified(|stop| stop.is_none() && stop.replace(Instant::now() + GRACE).is_none());
        // They end by themselves.
        self.tasks.detach_all();
    }
}

/// Starts a server on the current tokio runtime. An error of the kind `InvalidInput` is about the CCSID.
pub async fn serve(settings: ServerSettings, backend: Arc<dyn Backend>) -> std::io::Result<Server> {
    let persona = match settings.ccsid {
        None => settings.persona.clone(),
        Some(ccsid) => settings.persona.with_ccsid(ccsid).map_err(|e| Error::new(ErrorKind::InvalidInput, e))?,
    };
    let listener = TcpListener::bind(settings.address).await?;
    let address = listener.local_addr()?;
    let (stop, stopped) = watch::channel(None);
    let shared = Arc::new(ServerShared::new(&settings, Arc::new(persona), backend));
    let settings = Arc::new(settings);
    let mut tasks = JoinSet::new();
    let permits = Permits::new(settings.workers);
    let acceptor = |listener| Acceptor::new(listener, settings.max_connections);
    let mut signon = None;
    if let Some(address) = settings.signon {
        let listener = TcpListener::bind(address).await?;
        signon = Some(listener.local_addr()?);
        let acceptor = acceptor(listener);
        tasks.spawn(signon::accept(acceptor, settings.clone(), shared.clone(), stopped.clone(), permits.clone()));
    }
    tasks.spawn(accept(acceptor(listener), settings.clone(), shared, stopped, permits));
    Ok(Server { address, signon, stop, tasks })
}

async fn accept(
    mut acceptor: Acceptor,
    settings: Arc<ServerSettings>,
    shared: Arc<ServerShared>,
    mut stopped: Stopped,
    permits: Permits,
) {
    while let Some((stream, peer)) = acceptor.next(&mut stopped).await {
        let mut random = [0; RANDOM];
        if getrandom::fill(&mut random).is_err() {
            continue;
        }
        let line = PeerLine::new(peer, settings.tls.is_some());
        let conversation = Conversation::new(shared.clone(), Random::new(random), line);
        let slot = ConnectionSlot::default();
        let connection =
            ServerConnection::new(Box::new(stream), settings.clone(), permits.clone(), stopped.clone(), slot.clone());
        acceptor.spawn(slot, async move {
            tracing::debug!(%peer, "connection opened");
            connection.serve(conversation).await;
            tracing::debug!(%peer, "connection closed");
        });
    }
    let mut connections = acceptor.close();
    let ended = async { while connections.join_next().await.is_some() {} };
    let end = stopped.borrow().unwrap_or_else(|| Instant::now() + GRACE);
    if timeout_at(end + NOTICE, ended).await.is_err() {
        connections.abort_all();
    }
    // Sessions of branches that nobody works for; to roll back may block.
    let _ = tokio::task::spawn_blocking(move || shared.branches.clear()).await;
}
