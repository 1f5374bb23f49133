//! The task that owns a socket: it writes requests, reads replies, and gives them to the conversation at the head of the
//! queue.

use super::breaking_off::{Telling, Told};
use super::incoming::{Arrived, Incoming};
use super::state::{Broken, ChannelState};
use crate::flow::bounds::{CHAINS, Idle, OBJECT};
use crate::flow::error::FlowError;
use crate::flow::placement;
use crate::flow::step::Reception;
use crate::net::any_flow::AnyFlow;
use crate::net::any_stream::BoxedStream;
use crate::net::correlation::Correlation;
use crate::net::error::{ConnectStage, NetError, TlsError};
use crate::net::outgoing::Outgoing;
use crate::net::{recognise, tls};
use crate::wire::codec::error::WireError;
use crate::wire::ddm::object::{first, objects};
use crate::wire::dss::chain::Chain;
use crate::wire::dss::deframe::{Deframer, Dss};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

/// The memory of the last long frames is kept so long after them.
const SPARES: Duration = Duration::from_secs(1);
/// How long the reply to an abandoned request may take before the connection is given up.
const DRAIN: Duration = Duration::from_secs(2);
/// How long a request may go on after the server was told to break it off: changes are undone meanwhile.
const BROKEN_OFF: Duration = Duration::from_secs(30);
/// It is told so again after this long: a chain goes on after a command that was broken off.
const AGAIN: Duration = Duration::from_millis(250);
/// Time in which the last words of a server arrive after it stopped listening.
const LAST_WORDS: Duration = Duration::from_millis(200);
/// How long a server may take to hear that the connection ends.
const GOODBYE: Duration = Duration::from_secs(1);

/// The owner of a socket.
pub(super) struct Task {
    reader: ReadHalf<BoxedStream>,
    writer: WriteHalf<BoxedStream>,
    queue: mpsc::UnboundedReceiver<Box<dyn AnyFlow>>,
    shared: Arc<ChannelState>,
    active: VecDeque<Active>,
    out: Outgoing,
    /// Something waits to be written, or was written and may still wait in the stream (TLS).
    unflushed: bool,
    deframer: Deframer,
    /// Nothing has been received yet.
    first: bool,
    /// Handles are left.
    open: bool,
    /// Correlation ids that a chain which ended with a failure may still be answered under.
    late: Option<RangeInclusive<u16>>,
    /// Counts objects that bring nothing, since a chain was sent.
    idle: Idle,
    /// Since when an answer is waited for.
    waiting: Option<Instant>,
    /// The server is being told to break off what it runs. Until that is over nothing else is sent that could be hit.
    telling: Telling,
    /// It was told that without an answer.
    doubtful: bool,
    /// When to let go of the memory of long frames, while none are asked for.
    rest: Option<Instant>,
}

/// A conversation under way.
struct Active {
    job: Box<dyn AnyFlow>,
    /// The reply to the chain under way.
    reply: Correlation,
    failed: bool,
    /// Chains sent.
    chains: usize,
    /// Counts objects that bring nothing.
    idle: Idle,
    /// Bytes that were brought by the reply, and what they cost.
    brought: usize,
    /// When to give up on a reply that nobody waits for, or wants.
    drain: Option<Instant>,
    /// Its waiter need not wait any longer.
    left: bool,
}

impl Task {
    /// The task of `stream`, which refuses frames of more than `limit` bytes.
    pub(super) fn new(
        stream: BoxedStream,
        queue: mpsc::UnboundedReceiver<Box<dyn AnyFlow>>,
        shared: Arc<ChannelState>,
        limit: usize,
    ) -> Task {
        let (reader, writer) = tokio::io::split(stream);
        Task {
            reader,
            writer,
            queue,
            shared,
            active: VecDeque::new(),
            out: Outgoing::default(),
            unflushed: false,
            deframer: Deframer::pooled(limit),
            first: true,
            open: true,
            late: None,
            idle: Idle::default(),
            waiting: None,
            telling: Telling::default(),
            doubtful: false,
            rest: None,
        }
    }

    /// Works until the last handle is gone, or the connection cannot be used any more.
    pub(super) async fn run(mut self) {
        let why = match self.drive().await {
            Ok(()) => NetError::Broken("it was closed".to_owned()),
            Err(e) => e,
        };
        self.end(why);
        // The peer sees an orderly end; a failure to say goodbye changes nothing, nor does one who
        // does not listen (TLS has to write for it).
        let _ = timeout(GOODBYE, self.writer.shutdown()).await;
    }

    /// Takes no more requests; those that are left fail, the first of them with the cause. When there
    /// are none, it is for the next who asks.
    fn end(&mut self, why: NetError) {
        let mut broken = self.shared.lock();
        self.queue.close();
        let mut left: Vec<Box<dyn AnyFlow>> = self.active.drain(..).map(|active| active.job).collect();
        while let Ok(job) = self.queue.try_recv() {
            left.push(job);
        }
        let words = |why: &NetError| match why {
            NetError::Broken(words) => words.clone(),
            other => other.to_string(),
        };
        let state = broken.get_or_insert_with(|| Broken { why: words(&why), untold: None });
        drop(self.shared.cancellers.take());
        if left.is_empty() {
            state.untold = Some(why);
            return;
        }
        let text = state.why.clone();
        drop(broken);
        let mut cause = Some(why);
        for mut job in left {
            job.fail(cause.take().unwrap_or_else(|| NetError::Broken(text.clone())));
        }
    }

    async fn drive(&mut self) -> Result<(), NetError> {
        let shared = self.shared.clone();
        let mut incoming = Incoming::default();
        loop {
            if !self.open && self.active.is_empty() && !self.unflushed {
                return Ok(());
            }
            let depth = shared.depth.load(Ordering::Relaxed);
            let (drain, telling) = (self.active.front().and_then(|a| a.drain), self.telling.is_under_way());
            let (again, rest) = (self.telling.again, self.rest);
            tokio::select! {
                biased;
                () = shared.abandoned.notified() => self.note_wishes()?,
                told = self.telling.told() => self.told(told)?,
                () = sleep_until(again.unwrap_or_else(Instant::now)), if again.is_some() => self.tell_again(),
                job = self.queue.recv(), if self.open && self.active.len() < depth && !telling => match job {
                    Some(job) => self.begin(job),
                    None => {
                        self.open = false;
                        self.note_wishes()?;
                    }
                },
                n = put(&mut self.writer, &self.out), if self.unflushed => {
                    let n = match n {
                        Ok(n) => n,
                        Err(e) => return Err(self.last_words(e, &mut incoming).await),
                    };
                    self.unflushed = n > 0;
                    shared.counters.send(n);
                    self.out.written(n);
                }
                arrived = incoming.read(&mut self.reader, (!self.first).then_some(&mut self.deframer)) => {
                    let arrived = arrived.map_err(|e| self.closed(Some(e)))?;
                    if arrived.bytes() == 0 {
                        return Err(self.closed(None));
                    }
                    shared.counters.receive(arrived.bytes());
                    if let Some(since) = self.waiting.take() {
                        shared.counters.wait(since.elapsed());
                    }
                    match arrived {
                        Arrived::Apart(n) => self.received(incoming.bytes(n))?,
                        Arrived::InPlace(_, frame) => {
                            if let Some(dss) = frame.map_err(FlowError::from)? {
                                self.frame(dss)?;
                            }
                        }
                    }
                    self.waiting = (!self.active.is_empty()).then(Instant::now);
                }
                () = sleep_until(drain.unwrap_or_else(Instant::now)), if drain.is_some() => self.out_of_patience()?,
                () = sleep_until(rest.unwrap_or_else(Instant::now)), if rest.is_some() => {
                    self.rest = None;
                    self.deframer.let_go();
                }
            }
        }
    }

    /// The peer takes nothing more: what it said before that is the better reason.
    async fn last_words(&mut self, e: std::io::Error, incoming: &mut Incoming) -> NetError {
        let end = Instant::now() + LAST_WORDS;
        loop {
            match timeout_at(end, incoming.read(&mut self.reader, None)).await {
                Ok(Ok(Arrived::Apart(n @ 1..))) => {
                    if let Err(said) = self.received(incoming.bytes(n)) {
                        return said;
                    }
                }
                Ok(Err(said)) if tls::refusal(&said).is_some() => return self.closed(Some(said)),
                Ok(Ok(_) | Err(_)) | Err(_) => return self.closed(Some(e)),
            }
        }
    }

    fn stage(&self) -> ConnectStage {
        if self.first { ConnectStage::FirstReply } else { ConnectStage::Reply }
    }

    fn closed(&self, source: Option<std::io::Error>) -> NetError {
        if let Some(refused) = source.as_ref().filter(|_| self.first).and_then(tls::refusal) {
            return refused.into();
        }
        let said = if self.first { recognise::cut_short(&self.shared.hear(&[])) } else { None };
        if let Some(what) = said {
            return NetError::NotDrda { what };
        }
        NetError::Closed { stage: self.stage(), source }
    }

    fn begin(&mut self, mut job: Box<dyn AnyFlow>) {
        if job.is_abandoned() {
            return;
        }
        job.wishes().start();
        match job.start() {
            Ok(chain) => {
                self.deframer.expect(job.expect());
                if self.deframer.expects_long() {
                    self.rest = None;
                }
                let reply = Correlation::new(self.send(chain), job.is_unnumbered());
                let idle = Idle::default();
                let (failed, chains, brought, drain, left) = (false, 1, 0, None, false);
                self.active.push_back(Active { job, reply, failed, chains, idle, brought, drain, left });
                self.limit_frames();
            }
            Err(e) => job.fail(e.into()),
        }
    }

    fn send(&mut self, chain: Chain) -> u16 {
        let last = chain.last_id();
        self.out.add(chain);
        self.unflushed = true;
        self.shared.counters.ask();
        self.waiting.get_or_insert_with(Instant::now);
        last
    }

    /// Looks for requests that nobody waits for any more, or that are to be broken off.
    fn note_wishes(&mut self) -> Result<(), NetError> {
        if let Some(why) = self.shared.broken() {
            return Err(NetError::Broken(why));
        }
        let cancellers = self.shared.cancellers.take();
        let interrupter = self.shared.interrupter.get();
        for (place, active) in self.active.iter_mut().enumerate() {
            let in_front = place == 0 && active.job.wishes().is_interruptible();
            let cancelled = in_front && !cancellers.is_empty();
            let new = active.drain.is_none() && (active.job.is_abandoned() || active.job.wishes().is_unwanted());
            match interrupter.filter(|_| in_front && (cancelled || new)) {
                Some(interrupter) => {
                    self.telling.begin(&**interrupter);
                    active.drain.get_or_insert_with(|| Instant::now() + BROKEN_OFF);
                }
                None if cancelled || new => active.leave(),
                None => {}
            }
        }
        if self.telling.is_under_way() {
            self.telling.join(cancellers);
        }
        Ok(())
    }

    /// The server was told to break off what it runs, or could not be.
    fn told(&mut self, told: Told) -> Result<(), NetError> {
        tracing::debug!(?told, "a request to break off what the server runs");
        let front = self.active.front_mut().filter(|active| active.drain.is_some());
        match (told, front) {
            (Told::Heard, Some(_)) => self.telling.again = Some(Instant::now() + AGAIN),
            (Told::Heard | Told::Refused, None) => {}
            (Told::Unanswered, None) => return Err(doubtful()),
            (_, Some(active)) => {
                self.doubtful = told == Told::Unanswered;
                active.leave();
            }
        }
        Ok(())
    }

    /// The server is still at what it was to break off.
    fn tell_again(&mut self) {
        self.telling.again = None;
        let unwanted = self.active.front().is_some_and(|active| active.drain.is_some() && !active.left);
        if let Some(interrupter) = self.shared.interrupter.get().filter(|_| unwanted) {
            self.telling.begin(&**interrupter);
        }
    }

    /// The answer to a request that is not wanted any more did not come in time.
    fn out_of_patience(&mut self) -> Result<(), NetError> {
        match self.active.front_mut() {
            Some(active) if !active.left && !active.job.is_abandoned() => active.leave(),
            _ => return Err(NetError::Broken("the server did not answer a request that was given up".to_owned())),
        }
        Ok(())
    }

    fn received(&mut self, mut input: &[u8]) -> Result<(), NetError> {
        // They may come one by one.
        let head = if self.first { self.shared.hear(input) } else { Vec::new() };
        while !input.is_empty() {
            match self.deframer.feed(&mut input) {
                Ok(None) => {}
                Ok(Some(dss)) => {
                    self.first = false;
                    self.frame(dss)?;
                }
                Err(_) if self.first && recognise::is_tls(&head) => {
                    return Err(TlsError::WantsTls(recognise::describe(&head)).into());
                }
                Err(_) if self.first => return Err(NetError::NotDrda { what: recognise::describe(&head) }),
                Err(e) => return Err(FlowError::from(e).into()),
            }
        }
        Ok(())
    }

    /// The longest frame that the conversation in front may be sent next.
    fn limit_frames(&mut self) {
        let allowed = self.active.front().map_or(usize::MAX, |active| active.job.longest());
        self.deframer.set_limit(allowed.min(self.shared.limit.load(Ordering::Relaxed)));
    }

    fn frame(&mut self, dss: Dss) -> Result<(), NetError> {
        // The reply to a chain begins with id 1: a higher one after a failure still belongs to that.
        if let Some(ids) = self.late.as_ref().filter(|ids| ids.contains(&dss.header.id)) {
            tracing::debug!(id = dss.header.id, "a reply after a failure stepped over");
            self.idle.note(first(&dss.body), dss.body.len(), usize::from(*ids.end()))?;
            return Ok(());
        }
        self.late = None;
        let Some(active) = self.active.front_mut() else {
            let e = WireError::invalid("DSS", 0, "a reply came that nothing had asked for");
            return Err(FlowError::from(e).into());
        };
        active.reply.admit(dss.header).map_err(FlowError::from)?;
        if dss.body.is_empty() {
            return Err(FlowError::from(WireError::invalid("DSS", 0, "a frame without an object")).into());
        }
        for object in objects(&dss.body) {
            let object = object.map_err(FlowError::from)?;
            placement::check(dss.header.kind, &object)?;
            let (point, len) = (object.cp, object.body.len());
            match active.job.object(object)? {
                Reception::Wanted => {
                    active.brought = active.brought.saturating_add(len + OBJECT);
                    let (len, max) = (active.brought, active.job.room());
                    if len > max {
                        return Err(FlowError::from(WireError::TooLong { what: "reply".into(), len, max }).into());
                    }
                }
                Reception::Normal => active.idle.note(point, len, active.reply.commands())?,
                Reception::Failure => {
                    active.failed = true;
                    active.idle.note(point, len, active.reply.commands())?;
                }
            }
        }
        if active.reply.is_complete(active.failed) {
            self.complete()?;
        }
        self.limit_frames();
        Ok(())
    }

    /// The reply to the chain in front is complete.
    fn complete(&mut self) -> Result<(), NetError> {
        let Some(mut active) = self.active.pop_front() else { return Ok(()) };
        self.late = active.reply.unanswered();
        self.idle = Idle::default();
        let Some(chain) = active.job.end() else {
            let none_asked_for = self.active.is_empty() || !self.deframer.expects_long();
            if none_asked_for && self.deframer.holds_spares() {
                self.rest.get_or_insert_with(|| Instant::now() + SPARES);
            }
            return if self.doubtful { Err(doubtful()) } else { Ok(()) };
        };
        active.chains += 1;
        if active.chains > CHAINS {
            let what = format!("the server has been asked {CHAINS} times in one conversation and wants more");
            active.job.fail(FlowError::from(WireError::invalid("DSS", 0, what)).into());
            return Err(NetError::Broken("a conversation without end".to_owned()));
        }
        active.reply = Correlation::new(self.send(chain), active.job.is_unnumbered());
        active.failed = false;
        active.idle = Idle::default();
        active.brought = 0;
        self.active.push_front(active);
        Ok(())
    }
}

impl Active {
    /// Its waiter leaves, and the answer is drained.
    fn leave(&mut self) {
        self.left = true;
        self.drain = Some(Instant::now() + DRAIN);
        self.job.wishes().leave();
    }
}

/// A request to break something off that may still come to the server could hit the next statement.
fn doubtful() -> NetError {
    NetError::Broken("the server did not answer a request to break off what it ran".to_owned())
}

/// Writes some of what is going out; with nothing left, what the stream itself holds back (0).
async fn put<W: AsyncWrite + Unpin>(writer: &mut W, out: &Outgoing) -> std::io::Result<usize> {
    if out.is_empty() {
        return writer.flush().await.map(|()| 0);
    }
    let written = poll_fn(|cx| out.next(|pieces| Pin::new(&mut *writer).poll_write_vectored(cx, pieces)));
    match written.await {
        Ok(0) => Err(std::io::ErrorKind::WriteZero.into()),
        n => n,
    }
}
