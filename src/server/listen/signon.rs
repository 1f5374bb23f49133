//! The sign-on server (port 8476 of IBM i). One task for each connection; what the data streams say
//! is in [`login::signon`](crate::server::login::signon).

use super::admission::{Acceptor, ConnectionSlot, Stopped};
use super::permits::Permits;
use crate::net::any_stream::BoxedStream;
use crate::net::tls::holder::HolderNames;
use crate::server::login::signon::{SignonReply, SignonSeeds, answer, is_proof};
use crate::server::login::state::PeerLine;
use crate::server::settings::ServerSettings;
use crate::server::shared::ServerShared;
use crate::server::tls::holder;
use crate::wire::file::signon::length;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep, timeout_at};

/// The longest data stream; tokens are not taken.
const LONGEST: usize = 4096;
/// Data streams of one connection.
const STREAMS: usize = 16;

/// Takes connections until the server stops. When there are too many, the oldest makes room: none of them is a login.
pub(super) async fn accept(
    mut acceptor: Acceptor,
    settings: Arc<ServerSettings>,
    shared: Arc<ServerShared>,
    mut stopped: Stopped,
    permits: Permits,
) {
    while let Some((stream, peer)) = acceptor.next(&mut stopped).await {
        let line = PeerLine::new(peer, settings.tls.is_some());
        let deadline = Instant::now() + settings.login_timeout;
        let connection = SignonConnection {
            settings: settings.clone(),
            shared: shared.clone(),
            permits: permits.clone(),
            line,
            deadline,
        };
        acceptor.spawn(ConnectionSlot::default(), async move {
            let _ = connection.serve(Box::new(stream)).await;
        });
    }
}

/// One connection.
struct SignonConnection {
    settings: Arc<ServerSettings>,
    shared: Arc<ServerShared>,
    permits: Permits,
    line: PeerLine,
    /// It is over by then, but for the delays of failed logins.
    deadline: Instant,
}

impl SignonConnection {
    async fn serve(mut self, stream: BoxedStream) -> Option<()> {
        match self.settings.tls.clone() {
            None => self.run(stream, None).await,
            Some(tls) => {
                let stream = timeout_at(self.deadline, tls.accept(stream)).await.ok()??;
                let holder = holder(&stream).map(Arc::new);
                self.run(Box::new(stream), holder).await
            }
        }
    }

    async fn run(&mut self, mut stream: BoxedStream, holder: Option<Arc<HolderNames>>) -> Option<()> {
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).ok()?;
        let mut seeds: SignonSeeds = None;
        for _ in 0..STREAMS {
            let request = timeout_at(self.deadline, read(&mut stream)).await.ok()??;
            let peer = self.line.peer.ip();
            // Proofs of level 4 take a while.
            let permit = match is_proof(&request) {
                true => {
                    let (permit, waited) = self.shared.logins.failures.admit(peer, &self.permits.logins).await.ok()?;
                    self.deadline += waited;
                    permit
                }
                false => timeout_at(self.deadline, self.permits.logins.clone().acquire_owned()).await.ok()?.ok(),
            };
            let (shared, holder) = (self.shared.clone(), holder.clone());
            let work = move || {
                let _permit = permit;
                (answer(&shared.logins, peer, holder.as_deref(), &seed, &mut seeds, &request), seeds)
            };
            let (reply, kept) = tokio::task::spawn_blocking(work).await.ok()?;
            seeds = kept;
            let SignonReply { bytes, pause } = reply?;
            if !pause.is_zero() {
                sleep(pause).await;
                self.deadline += pause;
            }
            let written = async {
                stream.write_all(&bytes).await.ok()?;
                stream.flush().await.ok()
            };
            timeout_at(self.deadline, written).await.ok()??;
        }
        None
    }
}

/// A data stream.
async fn read(stream: &mut BoxedStream) -> Option<Vec<u8>> {
    let mut request = vec![0; 4];
    stream.read_exact(&mut request).await.ok()?;
    let length = length(*request.first_chunk()?).ok().filter(|length| *length <= LONGEST)?;
    request.resize(length, 0);
    stream.read_exact(request.get_mut(4..)?).await.ok()?;
    Some(request)
}
