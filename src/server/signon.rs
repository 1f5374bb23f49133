//! The sockets of the sign-on server (port 8476 of IBM i). One task for each connection; what the
//! data streams say is in [`file::signon`](super::file::signon).

use super::file::signon::{SignOn, answer};
use super::link::Stopped;
use super::settings::Settings;
use super::shared::Shared;
use crate::wire::record::signon::length;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

/// The longest data stream; tokens are not taken.
const LONGEST: usize = 4096;
/// Data streams of one connection.
const STREAMS: usize = 16;

/// Takes connections until the server stops.
pub(super) async fn accept(listener: TcpListener, settings: Arc<Settings>, shared: Arc<Shared>, mut stopped: Stopped) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            _ = stopped.wait_for(Option::is_some) => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, peer)) = accepted else {
            // Out of descriptors, most likely: others have to leave first.
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            continue;
        };
        if connections.len() >= settings.max_connections {
            tracing::info!(%peer, "sign-on refused: too many");
            continue;
        }
        let (settings, shared) = (settings.clone(), shared.clone());
        connections.spawn(async move {
            let deadline = Instant::now() + settings.login_timeout;
            let _ = timeout_at(deadline, serve(stream, settings, shared)).await;
        });
    }
}

async fn serve(stream: TcpStream, settings: Arc<Settings>, shared: Arc<Shared>) -> Option<()> {
    let _ = stream.set_nodelay(true);
    match &settings.tls {
        None => talk(stream, shared).await,
        Some(tls) => talk(tls.accept(stream).await?, shared).await,
    }
}

async fn talk<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, shared: Arc<Shared>) -> Option<()> {
    let mut seed = [0; 8];
    getrandom::fill(&mut seed).ok()?;
    let mut seeds: SignOn = None;
    for _ in 0..STREAMS {
        let mut request = vec![0; 4];
        stream.read_exact(&mut request).await.ok()?;
        let length = length(*request.first_chunk()?).ok().filter(|length| *length <= LONGEST)?;
        request.resize(length, 0);
        stream.read_exact(request.get_mut(4..)?).await.ok()?;
        let shared = shared.clone();
        // Proofs of level 4 take a while.
        let work = move || (answer(&shared, &seed, &mut seeds, &request), seeds);
        let (reply, kept) = tokio::task::spawn_blocking(work).await.ok()?;
        seeds = kept;
        stream.write_all(&reply?).await.ok()?;
        stream.flush().await.ok()?;
    }
    None
}
