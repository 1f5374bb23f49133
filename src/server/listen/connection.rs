//! One connection of the server: reads commands, hands a chain of them to a thread that may block,
//! and writes the replies. What a peer may make the server hold is bounded before it has logged in
//! and after.

use super::abandoned::{READ, abandoned, break_off};
use super::admission::{ConnectionSlot, Stopped};
use super::permits::Permits;
use super::request_assembler::{PASSED_OVER, RequestAssembler};
use crate::net::any_stream::BoxedStream;
use crate::net::tls::holder::HolderNames;
use crate::server::conversation::Conversation;
use crate::server::interrupt::running::AGAIN;
use crate::server::login::failed_logins::TooManyWaiting;
use crate::server::protocol_error::{ProtocolError, synerrcd};
use crate::server::request::{After, Request};
use crate::server::settings::ServerSettings;
use crate::server::tls::{ServerTls, holder};
use crate::wire::ddm::codepoint as cp;
use crate::wire::dss::chain::Chain;
use crate::wire::dss::deframe::Deframer;
use std::sync::Arc;
use std::time::Duration;
use std::vec::IntoIter;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout, timeout_at};

/// Longest frame or chain before a login, and all of them together.
const LOGIN_LIMIT: usize = 64 * 1024;
/// Reply bytes of a chain that are collected before they are written.
const SPILL: usize = 64 << 20;
/// A peer may take this long to hear that the connection ends.
const HANG_UP: Duration = Duration::from_secs(1);

/// One connection.
pub(super) struct ServerConnection {
    stream: BoxedStream,
    settings: Arc<ServerSettings>,
    permits: Permits,
    stopped: Stopped,
    /// Read while a command was under way.
    ahead: Vec<u8>,
    deframer: Deframer,
    /// The login has to be done by then.
    deadline: Instant,
    /// Bytes of the login so far.
    login_bytes: usize,
    /// Claimed by the login, unless the server gave it to a newer connection.
    slot: ConnectionSlot,
}

impl ServerConnection {
    /// A connection that was accepted just now.
    pub(super) fn new(
        stream: BoxedStream,
        settings: Arc<ServerSettings>,
        permits: Permits,
        stopped: Stopped,
        slot: ConnectionSlot,
    ) -> ServerConnection {
        let deadline = Instant::now() + settings.login_timeout;
        let deframer = Deframer::new(LOGIN_LIMIT);
        ServerConnection {
            stream,
            settings,
            permits,
            stopped,
            ahead: Vec::new(),
            deframer,
            deadline,
            login_bytes: 0,
            slot,
        }
    }

    /// Serves it until it ends, encrypted where the settings say so.
    pub(super) async fn serve(self, mut conversation: Conversation) {
        match self.settings.tls.clone() {
            None => self.run(conversation).await,
            Some(tls) => {
                if let Some((connection, holder)) = self.secure(&tls).await {
                    conversation.login.holder = holder;
                    connection.run(conversation).await;
                }
            }
        }
    }

    /// The same, encrypted, with whom a certificate names; none when no handshake came about in time.
    async fn secure(mut self, tls: &ServerTls) -> Option<(ServerConnection, Option<HolderNames>)> {
        let handshake = timeout_at(self.deadline, tls.accept(self.stream));
        let stream = tokio::select! {
            biased;
            _ = self.stopped.wait_for(Option::is_some) => return None,
            done = handshake => done.ok().flatten()?,
        };
        let holder = holder(&stream);
        Some((ServerConnection { stream: Box::new(stream), ..self }, holder))
    }

    async fn run(mut self, conversation: Conversation) {
        let mut conversation = Some(conversation);
        let mut buf = vec![0; READ];
        let mut chain = Chain::new();
        // IBM's client for Java numbers the requests of its login 0. (Measured.)
        let unnumbered = self.settings.persona.files && self.settings.files.is_some();
        let Some(lease) = conversation.as_ref().map(|c| c.budget.empty()) else { return };
        let mut assembler = RequestAssembler::new(unnumbered, lease);
        let mut skip = false;
        loop {
            let n = match self.read_in_time(&mut buf, &mut conversation, &assembler).await {
                Some(n) if n > 0 => n,
                _ => break,
            };
            let mut input = buf.get(..n).unwrap_or_default();
            while !input.is_empty() {
                let open = conversation.as_ref().is_some_and(Conversation::is_open);
                let limit = if open { self.settings.max_request } else { LOGIN_LIMIT };
                let before = input.len();
                let fed = self.deframer.feed(&mut input);
                self.login_bytes += if open { 0 } else { before - input.len() };
                let taken = match fed {
                    _ if self.login_bytes > LOGIN_LIMIT => Err(ProtocolError::syntax(synerrcd::TOO_LONG, None)),
                    Ok(None) => Ok(()),
                    Ok(Some(dss)) => assembler.take(dss, limit),
                    Err(e) => Err(ProtocolError::from(e)),
                };
                let taken = taken.and_then(|()| assembler.hold(self.deframer.held()));
                if let Err(refusal) = taken {
                    let id = assembler.open.as_ref().map_or(1, |r| r.id);
                    if let Some(conversation) = &conversation {
                        conversation.refuse(id, &refusal, &mut chain);
                    }
                    let out = chain.into_bytes();
                    self.write(&out, open).await;
                    return self.hang_up(conversation).await;
                }
                if !assembler.ended && !assembler.is_enough() {
                    continue;
                }
                let requests = assembler.drain();
                let ended = std::mem::take(&mut assembler.ended);
                let Some(current) = conversation.take() else { return };
                let Some(done) = self.work(current, requests, chain, skip).await else { return };
                let ChainResult { conversation: mut current, chain: replies, after } = done;
                assembler.settle();
                chain = replies;
                skip = after == After::Skip;
                if ended || after == After::Close || chain.len() > SPILL {
                    skip &= !ended;
                    let whole = ended || after == After::Close;
                    let out = if whole { std::mem::take(&mut chain).into_bytes() } else { chain.take_linked() };
                    if !self.write(&out, open || current.is_open()).await || after == After::Close {
                        return self.hang_up(Some(current)).await;
                    }
                    current.unsent.clear();
                }
                if current.is_open() {
                    // What the connection may hold in any case has some room beside the longest frame.
                    let most = current.budget.most();
                    let longest = self.settings.max_request.min(most - most / 64);
                    self.deframer.set_limit(longest);
                    self.deframer.pass_over(longest.saturating_mul(PASSED_OVER));
                }
                conversation = Some(current);
            }
        }
        self.hang_up(conversation).await;
    }

    /// Waits for bytes. A branch of a global transaction whose time is over meanwhile is rolled back.
    async fn read_in_time(
        &mut self,
        buf: &mut [u8],
        conversation: &mut Option<Conversation>,
        assembler: &RequestAssembler,
    ) -> Option<usize> {
        loop {
            let open = conversation.as_ref().is_some_and(Conversation::is_open);
            let deadline = conversation.as_ref().and_then(Conversation::branch_deadline);
            let read = self.read(buf, open, assembler);
            let Some(deadline) = deadline else { return read.await };
            if let Ok(n) = timeout_at(deadline.into(), read).await {
                return n;
            }
            let mut current = conversation.take()?;
            let expired = move || {
                current.expire_branch();
                current
            };
            *conversation = Some(tokio::task::spawn_blocking(expired).await.ok()?);
        }
    }

    /// Waits for bytes; `None` when the connection is to end.
    async fn read(&mut self, buf: &mut [u8], open: bool, assembler: &RequestAssembler) -> Option<usize> {
        if !self.ahead.is_empty() {
            let ahead = std::mem::take(&mut self.ahead);
            buf.get_mut(..ahead.len())?.copy_from_slice(&ahead);
            return Some(ahead.len());
        }
        let idle = assembler.open.is_none() && assembler.ready.is_empty() && self.deframer.is_idle();
        let patience = if idle { self.settings.idle_timeout } else { Some(self.settings.stall_timeout) };
        let patience = patience.and_then(|patience| Instant::now().checked_add(patience));
        let limit = if open { patience } else { Some(self.deadline) };
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

    /// True when the peer took everything. Each part has to be taken in time; before a login, everything.
    async fn write(&mut self, mut out: &[u8], open: bool) -> bool {
        let (stall, deadline) = (self.settings.stall_timeout, self.deadline);
        let limit = || if open { Instant::now() + stall } else { deadline };
        while !out.is_empty() {
            match timeout_at(limit(), self.stream.write(out)).await {
                Ok(Ok(n)) if n > 0 => out = out.get(n..).unwrap_or_default(),
                _ => return false,
            }
        }
        // TLS may hold the last of it back.
        matches!(timeout_at(limit(), self.stream.flush()).await, Ok(Ok(())))
    }

    /// Hangs up. The session may have work to undo, which may block.
    async fn hang_up(&mut self, conversation: Option<Conversation>) {
        // TLS says goodbye, which a peer may not take.
        let _ = timeout(HANG_UP, self.stream.shutdown()).await;
        let _ = tokio::task::spawn_blocking(move || conversation.map(Conversation::end)).await;
    }

    /// Runs commands on a thread that may block: those of a login first, then those that need the right to run
    /// statements.
    async fn work(
        &mut self,
        conversation: Conversation,
        requests: Vec<Request>,
        chain: Chain,
        skip: bool,
    ) -> Option<ChainResult> {
        let _under_way = conversation.running.start();
        let mut result = ChainResult { conversation, chain, after: if skip { After::Skip } else { After::Next } };
        let mut requests = requests.into_iter();
        while matches!(result.after, After::Next | After::Wait)
            && let Some(next) = requests.as_slice().first()
        {
            if result.after == After::Wait {
                self.wait_for_lock(&mut result.conversation).await;
            }
            let login = result.conversation.is_login(next.command.cp);
            let permit = match login {
                true => self.admit(&mut result.conversation, requests.as_slice()).await?,
                false => {
                    let (stream, stopped, ahead) = (&mut self.stream, &mut self.stopped, &mut self.ahead);
                    let ChainResult { conversation, chain, after } = result;
                    let mut conversation = Some(conversation);
                    let permit = self.permits.statements(&mut conversation, stream, stopped, ahead).await;
                    let Some(permit) = permit else {
                        self.hang_up(conversation).await;
                        return None;
                    };
                    result = ChainResult { conversation: conversation?, chain, after };
                    permit
                }
            };
            (result, requests) = self.run_some(result, requests, login, permit).await?;
            let pause = std::mem::take(&mut result.conversation.login.pause);
            if !pause.is_zero() {
                self.wait(tokio::time::sleep(pause)).await?;
                self.deadline += pause;
            }
        }
        Some(result)
    }

    /// The right to go on with a login. A proof may have to wait for it, as the failures of its address ask for.
    async fn admit(&mut self, conversation: &mut Conversation, requests: &[Request]) -> Option<OwnedSemaphorePermit> {
        let logins = self.permits.logins.clone();
        let shared = conversation.shared.clone();
        if requests.iter().any(|request| request.command.cp == cp::SECCHK) {
            let peer = conversation.login.line.peer.ip();
            match self.wait(shared.logins.failures.admit(peer, &logins)).await? {
                Ok((permit, waited)) => {
                    self.deadline += waited;
                    return permit;
                }
                Err(TooManyWaiting) => conversation.login.too_many_waiting = true,
            }
        }
        timeout_at(self.deadline, logins.acquire_owned()).await.ok()?.ok()
    }

    /// Waits for a lock of another job. Where nobody waits for the reply any more, the command finds that out.
    async fn wait_for_lock(&mut self, conversation: &mut Conversation) {
        let Some(wait) = conversation.take_wait() else { return };
        tokio::select! {
            biased;
            () = wait.over() => return,
            () = abandoned(&mut self.stream, &mut self.stopped, &mut self.ahead) => {}
        }
        if let Some(interrupt) = conversation.interrupt() {
            break_off(&interrupt).await;
        }
    }

    /// Waits for something; none when the server stops before.
    async fn wait<T>(&mut self, what: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            _ = self.stopped.wait_for(Option::is_some) => None,
            done = what => Some(done),
        }
    }

    /// Runs commands with one right: up to the first that needs the other.
    async fn run_some(
        &mut self,
        result: ChainResult,
        mut requests: IntoIter<Request>,
        login: bool,
        permit: OwnedSemaphorePermit,
    ) -> Option<(ChainResult, IntoIter<Request>)> {
        let ChainResult { mut conversation, mut chain, .. } = result;
        let interrupt = conversation.interrupt();
        let (running, statement) = (conversation.running.clone(), conversation.interrupt_statement());
        let deadline = conversation.branch_deadline();
        let limit = self.settings.statement_timeout.and_then(|limit| std::time::Instant::now().checked_add(limit));
        let slot = (!conversation.is_open()).then(|| self.slot.clone());
        let mut task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let mut after = After::Next;
            // Where a branch begins, its time does.
            while after == After::Next
                && conversation.branch_deadline() == deadline
                && let Some(next) = requests.as_slice().first()
                && conversation.is_login(next.command.cp) == login
            {
                let done;
                (after, done) = conversation.run_next(requests.as_slice(), &mut chain);
                if after != After::Wait {
                    requests.by_ref().take(done).for_each(drop);
                }
            }
            // A newer connection may have got the slot before; then the session ends here, where that may block.
            let gone = conversation.is_open() && slot.is_some_and(|slot| !slot.claim());
            (!gone).then_some((ChainResult { conversation, chain, after }, requests))
        });
        // A backend that panics takes its own connection with it, no other.
        match interrupt {
            None => task.await.ok().flatten(),
            Some(interrupt) => {
                tokio::select! {
                    biased;
                    result = &mut task => return result.ok().flatten(),
                    () = abandoned(&mut self.stream, &mut self.stopped, &mut self.ahead) => {}
                    never = running.break_off_when_asked(statement.as_ref(), deadline) => match never {},
                    never = running.interrupt_from(limit) => match never {},
                }
                // The engine may not listen yet, or have another step to go.
                loop {
                    break_off(&interrupt).await;
                    if let Ok(result) = timeout(AGAIN, &mut task).await {
                        return result.ok().flatten();
                    }
                }
            }
        }
    }
}

struct ChainResult {
    conversation: Conversation,
    chain: Chain,
    after: After,
}
