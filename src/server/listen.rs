//! The sockets of the server. One task for each connection reads commands, hands a chain of them
//! to a thread that may block, and writes the replies. Peers that are slow, silent or too many are
//! let go; what a peer may make the server hold is bounded before it has logged in and after.

use super::backend::{Backend, Interrupt};
use super::conversation::{After, Conversation, Request};
use super::file::library::FileStore;
use super::persona::{LUW, Persona};
use super::shared::{Access, Shared};
use super::signon;
use super::tls::{Encrypted, Tls};
use super::trouble::{Trouble, prccnvcd, synerrcd};
use crate::flow::secmec::random::{RANDOM, Random};
use crate::wire::ddm::object::objects;
use crate::wire::dss::chain::Chain;
use crate::wire::dss::deframe::{Deframer, Dss};
use crate::wire::dss::header::DssType;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

/// Bytes taken from a socket at a time.
const READ: usize = 32 * 1024;
/// Longest frame or chain before a login.
const LOGIN_LIMIT: usize = 64 * 1024;
/// Commands of a chain that are collected before they are run.
const GATHER: usize = 4 << 20;
/// Reply bytes of a chain that are collected before they are written.
const SPILL: usize = 64 << 20;

/// Commands under way may take this long to end when the server stops.
const GRACE: Duration = Duration::from_secs(5);
/// Between two attempts to interrupt.
const AGAIN: Duration = Duration::from_millis(100);
/// Interrupted ones have this long to notice.
const NOTICE: Duration = Duration::from_secs(2);
/// Bytes that a peer may send ahead of the replies that it is due.
const AHEAD: usize = READ;
/// A peer may take this long to hear that the connection ends.
const GOODBYE: Duration = Duration::from_secs(1);
/// Objects that one command may have behind it.
const OBJECTS: usize = 65_536;
/// What a command costs to hold beside its bytes.
const REQUEST: usize = 256;

/// How a server behaves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen; port 0 takes any that is free.
    pub address: SocketAddr,
    /// The product it looks like.
    pub persona: &'static Persona,
    /// Who may connect.
    pub access: Access,
    /// Files for record access, which the persona `ibmi` has.
    pub files: Option<FileStore>,
    /// Where to listen as a sign-on server, which IBM's clients ask before they ask for files; none
    /// for no such server.
    pub signon: Option<SocketAddr>,
    /// The password level (QPWDLVL, 0 to 4) that the sign-on server tells; clients make their proofs by
    /// it.
    pub password_level: u8,
    /// TLS on every connection; none for connections in clear.
    pub tls: Option<Tls>,
    /// Connections at a time; those beyond are closed at once.
    pub max_connections: usize,
    /// Threads that run statements at a time.
    pub workers: usize,
    /// From the first byte to an open database, a TLS handshake included.
    pub login_timeout: Duration,
    /// A begun request has to go on, and a reply has to be taken, within this time.
    pub stall_timeout: Duration,
    /// Longest request: a statement with its parameters.
    pub max_request: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            persona: &LUW,
            access: Access::default(),
            files: None,
            signon: None,
            password_level: 2,
            tls: None,
            max_connections: 512,
            workers: 8,
            login_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(60),
            max_request: 256 << 20,
        }
    }
}

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

/// Starts a server on the current tokio runtime.
pub async fn serve(settings: Settings, backend: Arc<dyn Backend>) -> std::io::Result<Server> {
    let listener = TcpListener::bind(settings.address).await?;
    let address = listener.local_addr()?;
    let (stop, stopped) = watch::channel(None);
    let shared = Arc::new(Shared::new(&settings, backend));
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

/// Says when the server stops.
pub(super) type Stopped = watch::Receiver<Option<Duration>>;

async fn accept(listener: TcpListener, settings: Arc<Settings>, shared: Arc<Shared>, mut stopped: Stopped) {
    let workers = Arc::new(Semaphore::new(settings.workers.max(1)));
    let mut connections = JoinSet::new();
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
            tracing::info!(%peer, "connection refused: too many");
            continue;
        }
        // Replies are written whole; waiting for more would only delay them.
        let _ = stream.set_nodelay(true);
        let mut random = [0; RANDOM];
        if getrandom::fill(&mut random).is_err() {
            continue;
        }
        let conversation = Conversation::new(shared.clone(), Random::new(random));
        let link = Link {
            stream,
            settings: settings.clone(),
            workers: workers.clone(),
            stopped: stopped.clone(),
            ahead: Vec::new(),
            deframer: Deframer::new(LOGIN_LIMIT),
            deadline: Instant::now() + settings.login_timeout,
        };
        connections.spawn(async move {
            tracing::debug!(%peer, "connection opened");
            match link.settings.tls.clone() {
                None => link.run(conversation).await,
                Some(tls) => {
                    if let Some(link) = link.secure(&tls).await {
                        link.run(conversation).await;
                    }
                }
            }
            tracing::debug!(%peer, "connection closed");
        });
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    let grace = (*stopped.borrow()).unwrap_or(GRACE);
    if timeout(grace.saturating_add(NOTICE), ended).await.is_err() {
        connections.abort_all();
    }
}

/// One connection.
struct Link<S> {
    stream: S,
    settings: Arc<Settings>,
    workers: Arc<Semaphore>,
    stopped: Stopped,
    /// Read while a command was under way.
    ahead: Vec<u8>,
    deframer: Deframer,
    /// The login has to be done by then.
    deadline: Instant,
}

/// The commands of a chain as its frames come in.
#[derive(Default)]
struct Gathered {
    ready: Vec<Request>,
    /// The command whose objects may still follow.
    open: Option<Request>,
    bytes: usize,
    /// The frame that ends the chain was seen.
    ended: bool,
    /// The id that the next frame has to have.
    same: Option<u16>,
    /// Requests may have the id 0.
    unnumbered: bool,
}

impl Link<TcpStream> {
    /// The same, encrypted; none when no handshake came about in time.
    async fn secure(mut self, tls: &Tls) -> Option<Link<Encrypted>> {
        let handshake = timeout_at(self.deadline, tls.accept(self.stream));
        let stream = tokio::select! {
            biased;
            _ = self.stopped.wait_for(Option::is_some) => return None,
            done = handshake => done.ok().flatten()?,
        };
        let Link { settings, workers, stopped, ahead, deframer, deadline, .. } = self;
        Some(Link { stream, settings, workers, stopped, ahead, deframer, deadline })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Link<S> {
    async fn run(mut self, conversation: Conversation) {
        let mut conversation = Some(conversation);
        let mut buf = vec![0; READ];
        let mut chain = Chain::new();
        // IBM's client for Java numbers the requests of its login 0. (Measured.)
        let unnumbered = self.settings.persona.files && self.settings.files.is_some();
        let mut gathered = Gathered { unnumbered, ..Gathered::default() };
        let mut skip = false;
        loop {
            let n = match self.read(&mut buf, conversation.as_ref().is_some_and(Conversation::is_open), &gathered).await
            {
                Some(n) if n > 0 => n,
                _ => break,
            };
            let mut input = buf.get(..n).unwrap_or_default();
            while !input.is_empty() {
                let taken = match self.deframer.feed(&mut input) {
                    Ok(None) => Ok(()),
                    Ok(Some(dss)) => gathered.take(dss),
                    Err(e) => Err(Trouble::from(e)),
                };
                let open = conversation.as_ref().is_some_and(Conversation::is_open);
                let limit = if open { self.settings.max_request } else { LOGIN_LIMIT };
                let taken = match taken {
                    Ok(()) if gathered.bytes > limit => Err(Trouble::syntax(synerrcd::TOO_LONG, None)),
                    taken => taken,
                };
                if let Err(trouble) = taken {
                    let id = gathered.open.as_ref().map_or(1, |r| r.id);
                    if let Some(talk) = &conversation {
                        talk.refuse(id, &trouble, &mut chain);
                    }
                    let out = chain.into_bytes();
                    self.write(&out).await;
                    return self.goodbye(conversation).await;
                }
                if !gathered.ended && (gathered.bytes < GATHER || gathered.ready.is_empty()) {
                    continue;
                }
                let requests = gathered.drain();
                let ended = std::mem::take(&mut gathered.ended);
                let Some(talk) = conversation.take() else { return };
                let Some(done) = self.work(talk, requests, chain, skip).await else { return };
                let Worked { conversation: talk, chain: replies, after } = done;
                chain = replies;
                skip = after == After::Skip;
                if ended || after == After::Close || chain.len() > SPILL {
                    skip &= !ended;
                    let out = std::mem::take(&mut chain).into_bytes();
                    if !self.write(&out).await || after == After::Close {
                        return self.goodbye(Some(talk)).await;
                    }
                }
                if talk.is_open() {
                    self.deframer.set_limit(self.settings.max_request);
                }
                conversation = Some(talk);
            }
        }
        self.goodbye(conversation).await;
    }

    /// Waits for bytes; `None` when the connection is to end.
    async fn read(&mut self, buf: &mut [u8], open: bool, gathered: &Gathered) -> Option<usize> {
        if !self.ahead.is_empty() {
            let ahead = std::mem::take(&mut self.ahead);
            buf.get_mut(..ahead.len())?.copy_from_slice(&ahead);
            return Some(ahead.len());
        }
        let idle = gathered.open.is_none() && gathered.ready.is_empty() && self.deframer.is_idle();
        let stalled = (!idle).then(|| Instant::now() + self.settings.stall_timeout);
        let limit = if open { stalled } else { Some(self.deadline) };
        let stopped = &mut self.stopped;
        let stream = &mut self.stream;
        let read = async {
            tokio::select! {
                biased;
                _ = stopped.wait_for(Option::is_some) => None,
                n = stream.read(buf) => n.ok(),
            }
        };
        match limit {
            Some(limit) => timeout_at(limit, read).await.ok().flatten(),
            None => read.await,
        }
    }

    /// True when the peer took everything. Each part has to be taken in time.
    async fn write(&mut self, mut out: &[u8]) -> bool {
        while !out.is_empty() {
            let limit = Instant::now() + self.settings.stall_timeout;
            match timeout_at(limit, self.stream.write(out)).await {
                Ok(Ok(n)) if n > 0 => out = out.get(n..).unwrap_or_default(),
                _ => return false,
            }
        }
        // TLS may hold the last of it back.
        let limit = Instant::now() + self.settings.stall_timeout;
        matches!(timeout_at(limit, self.stream.flush()).await, Ok(Ok(())))
    }

    /// Hangs up. The session may have work to undo, which may block.
    async fn goodbye(&mut self, conversation: Option<Conversation>) {
        // TLS says goodbye, which a peer may not take.
        let _ = timeout(GOODBYE, self.stream.shutdown()).await;
        let _ = tokio::task::spawn_blocking(move || drop(conversation)).await;
    }

    /// Runs commands on a thread that may block.
    async fn work(
        &mut self,
        mut conversation: Conversation,
        requests: Vec<Request>,
        mut chain: Chain,
        skip: bool,
    ) -> Option<Worked> {
        let permit = self.workers.clone().acquire_owned().await.ok()?;
        let interrupt = conversation.interrupt();
        let mut task = tokio::task::spawn_blocking(move || {
            let _permit = conversation.begin(permit);
            let mut after = if skip { After::Skip } else { After::Next };
            for request in &requests {
                if after != After::Next {
                    break;
                }
                after = conversation.run(request, &mut chain);
            }
            conversation.rest();
            Worked { conversation, chain, after }
        });
        // A backend that panics takes its own connection with it, no other.
        match interrupt {
            None => task.await.ok(),
            Some(interrupt) => {
                tokio::select! {
                    biased;
                    worked = &mut task => return worked.ok(),
                    () = unwanted(&mut self.stream, &mut self.stopped, &mut self.ahead) => {}
                }
                // The engine may not listen yet, or have another step to go.
                loop {
                    break_off(&interrupt).await;
                    if let Ok(worked) = timeout(AGAIN, &mut task).await {
                        return worked.ok();
                    }
                }
            }
        }
    }
}

/// Ends when nobody waits for the command any more: the peer has hung up, or the server has stopped
/// and the time that it gives is over. What the peer sends meanwhile goes to `ahead`.
async fn unwanted<S: AsyncRead + Unpin>(stream: &mut S, stopped: &mut Stopped, ahead: &mut Vec<u8>) {
    let gone = async {
        let mut buf = vec![0; READ];
        while ahead.len() < AHEAD {
            let room = AHEAD - ahead.len();
            match stream.read(buf.get_mut(..room).unwrap_or_default()).await {
                Ok(n) if n > 0 => ahead.extend_from_slice(buf.get(..n).unwrap_or_default()),
                _ => return,
            }
        }
        std::future::pending().await
    };
    let over = async {
        let grace = stopped.wait_for(Option::is_some).await.ok().and_then(|stop| *stop);
        tokio::time::sleep(grace.unwrap_or(GRACE)).await;
    };
    tokio::select! {
        () = gone => {}
        () = over => {}
    }
}

/// Interrupts on a thread that may block.
async fn break_off(interrupt: &Interrupt) {
    let interrupt = interrupt.clone();
    let _ = tokio::task::spawn_blocking(move || interrupt()).await;
}

struct Worked {
    conversation: Conversation,
    chain: Chain,
    after: After,
}

impl Gathered {
    /// Takes a frame: a command, or objects of the command before it.
    fn take(&mut self, dss: Dss) -> Result<(), Trouble> {
        let header = dss.header;
        if !header.chained && header.same_id {
            return Err(Trouble::syntax(0x1A, None));
        }
        if !header.chained && header.continue_on_error {
            return Err(Trouble::syntax(0x18, None));
        }
        if header.id == 0 && header.kind != DssType::RequestNoReply && !self.unnumbered
            || self.same.take().is_some_and(|id| id != header.id)
        {
            return Err(Trouble::syntax(synerrcd::CORRELATION, None));
        }
        self.bytes += dss.body.len() + REQUEST;
        self.same = header.same_id.then_some(header.id);
        let mut parts = objects(&dss.body);
        match header.kind {
            DssType::Request | DssType::RequestNoReply => {
                let command = parts.next().ok_or_else(|| Trouble::syntax(synerrcd::LENGTH, None))??;
                let answered = header.kind == DssType::Request;
                self.ready.extend(self.open.take());
                self.open = Some(Request { id: header.id, command, objects: Vec::new(), answered });
            }
            DssType::Object => {}
            DssType::Reply | DssType::Encrypted => return Err(Trouble::syntax(0x04, None)),
        }
        let open = self.open.as_mut().ok_or_else(|| Trouble::order(prccnvcd::OBJECT))?;
        for object in parts {
            open.objects.push(object?);
        }
        if open.objects.len() > OBJECTS {
            return Err(Trouble::syntax(synerrcd::TOO_MANY, None));
        }
        if !header.chained {
            self.ended = true;
            self.ready.extend(self.open.take());
        }
        Ok(())
    }

    fn drain(&mut self) -> Vec<Request> {
        let left = self.open.as_ref().map_or(0, |r| r.objects.iter().map(|o| o.body.len()).sum());
        self.bytes = left;
        std::mem::take(&mut self.ready)
    }
}
