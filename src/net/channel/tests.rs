//! Peers that speak before they are spoken to, or do not listen.

use super::breaking_off::Told;
use super::*;
use crate::flow::error::FlowError;
use crate::flow::step::{Reception, Step};
use crate::net::error::TlsError;
use crate::wire::ddm::object::Object;
use crate::wire::dss::chain::Chain;
use crate::wire::dss::header::DssType;
use bytes::Bytes;
use std::io::{Error, ErrorKind, Result as IoResult};
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

/// A TLS alert, as one gets it who talks to a TLS port in clear.
const ALERT: [u8; 7] = [0x15, 3, 3, 0, 2, 2, 50];

/// A command without a meaning.
struct TestFlow;

impl Flow for TestFlow {
    type Out = ();

    fn start(&mut self) -> Result<Chain, FlowError> {
        let mut chain = Chain::new();
        chain.command(&[0, 4, 0x10, 0x41]);
        Ok(chain)
    }

    fn object(&mut self, _: Object) -> Result<Reception, FlowError> {
        Ok(Reception::Normal)
    }

    fn end(&mut self) -> Result<Step<()>, FlowError> {
        Ok(Step::Done(()))
    }
}

/// A command with a long answer.
struct Large(Bytes);

impl Flow for Large {
    type Out = Bytes;

    fn start(&mut self) -> Result<Chain, FlowError> {
        TestFlow.start()
    }

    fn object(&mut self, object: Object) -> Result<Reception, FlowError> {
        self.0 = object.body;
        Ok(Reception::Wanted)
    }

    fn end(&mut self) -> Result<Step<Bytes>, FlowError> {
        Ok(Step::Done(std::mem::take(&mut self.0)))
    }

    fn expect(&self) -> usize {
        LONG
    }
}

/// Says an alert and takes nothing.
struct Deaf(&'static [u8]);

impl AsyncRead for Deaf {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<IoResult<()>> {
        buf.put_slice(std::mem::take(&mut self.0));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Deaf {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<IoResult<usize>> {
        Poll::Ready(Err(Error::from(ErrorKind::BrokenPipe)))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<IoResult<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<IoResult<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn what_came_before_the_first_word_is_told_to_the_first_who_asks() {
    let (stream, mut peer) = tokio::io::duplex(64);
    let channel = Channel::spawn(Box::new(stream), 1000);
    peer.write_all(&ALERT).await.unwrap();
    while channel.broken().is_none() {
        tokio::task::yield_now().await;
    }
    let first = channel.run(TestFlow, None).await;
    assert!(matches!(first, Err(NetError::Tls(TlsError::WantsTls(_)))), "{first:?}");
    let second = channel.run(TestFlow, None).await;
    assert!(matches!(&second, Err(NetError::Broken(why)) if why.contains("looks like TLS")), "{second:?}");
}

#[tokio::test]
async fn the_last_words_of_a_peer_are_heard() {
    let told = Channel::spawn(Box::new(Deaf(&ALERT)), 1000).run(TestFlow, None).await;
    assert!(matches!(told, Err(NetError::Tls(TlsError::WantsTls(_)))), "{told:?}");
    let silent = Channel::spawn(Box::new(Deaf(&[])), 1000).run(TestFlow, None).await;
    assert!(matches!(&silent, Err(NetError::Closed { source: Some(e), .. }) if e.kind() == ErrorKind::BrokenPipe));
}

/// A command that a server may break off.
struct Long;

impl Flow for Long {
    type Out = ();

    fn start(&mut self) -> Result<Chain, FlowError> {
        TestFlow.start()
    }

    fn object(&mut self, object: Object) -> Result<Reception, FlowError> {
        TestFlow.object(object)
    }

    fn end(&mut self) -> Result<Step<()>, FlowError> {
        TestFlow.end()
    }

    fn is_interruptible(&self) -> bool {
        true
    }
}

/// Is told to break something off, and says what came of it when that is known.
#[derive(Debug)]
struct Ears {
    told: AtomicUsize,
    outcome: Mutex<Option<oneshot::Receiver<Told>>>,
}

impl Interrupter for Ears {
    fn tell(&self) -> Pin<Box<dyn Future<Output = Told> + Send>> {
        self.told.fetch_add(1, Ordering::Relaxed);
        let outcome = self.outcome.lock().unwrap().take();
        Box::pin(async {
            match outcome {
                Some(outcome) => outcome.await.unwrap(),
                None => Told::Heard,
            }
        })
    }
}

/// A channel whose server can be told, that server, how often it was, and the place for what comes of it.
fn told() -> (Channel, tokio::io::DuplexStream, Arc<Ears>, oneshot::Sender<Told>) {
    let (stream, peer) = tokio::io::duplex(1000);
    let channel = Channel::spawn(Box::new(stream), 1000);
    let (outcome, told) = oneshot::channel();
    let ears = Arc::new(Ears { told: AtomicUsize::new(0), outcome: Mutex::new(Some(told)) });
    channel.set_interrupter(ears.clone());
    (channel, peer, ears, outcome)
}

/// The command, and a reply to it.
const COMMAND: usize = 10;
const REPLY: [u8; 10] = [0, 10, 0xD0, 2, 0, 1, 0, 4, 0x14, 0x43];

/// Bytes of a long answer.
const LONG: usize = 300_000;

#[tokio::test(start_paused = true)]
async fn long_answers_share_their_memory_until_none_is_asked_for() {
    let (stream, mut peer) = tokio::io::duplex(20_000);
    let channel = Channel::spawn(Box::new(stream), 1 << 20);
    let mut places = Vec::new();
    for number in 0..3 {
        short_answer(&channel, &mut peer).await;
        let mut pending = channel.submit(Large(Bytes::new())).unwrap();
        peer.read_exact(&mut [0; COMMAND]).await.unwrap();
        let data: Vec<u8> = (0..LONG - 100).map(|at| (at * 7 + number) as u8).collect();
        // EXCSATRD of extended length.
        let mut object = vec![0x80, 8, 0x14, 0x43];
        object.extend((data.len() as u32).to_be_bytes());
        object.extend(&data);
        let mut reply = Chain::new();
        reply.frame(DssType::Reply, 1, &object);
        let reply = reply.into_bytes();
        let (answer, sent) = tokio::join!(pending.wait(None), peer.write_all(&reply));
        sent.unwrap();
        let answer = answer.unwrap();
        assert!(answer == data && !answer.is_unique());
        places.push(answer.as_ptr());
        if number == 2 {
            for _ in 0..7 {
                short_answer(&channel, &mut peer).await;
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
            assert!(answer.is_unique(), "it is kept");
        }
    }
    assert!(places.iter().all(|place| *place == places[0]), "{places:?}");
}

async fn short_answer(channel: &Channel, peer: &mut tokio::io::DuplexStream) {
    let mut pending = channel.submit(TestFlow).unwrap();
    peer.read_exact(&mut [0; COMMAND]).await.unwrap();
    peer.write_all(&REPLY).await.unwrap();
    pending.wait(None).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_while_the_server_is_told_to_break_something_off() {
    let (channel, mut peer, ears, outcome) = told();
    let first = channel.submit(Long).unwrap();
    peer.read_exact(&mut [0; COMMAND]).await.unwrap();
    drop(first);
    let mut second = channel.submit(TestFlow).unwrap();
    peer.write_all(&REPLY).await.unwrap();
    // Meanwhile the first one is over; the request may still hit whatever comes next.
    let early = tokio::time::timeout(Duration::from_secs(1), peer.read_exact(&mut [0; COMMAND])).await;
    assert!(early.is_err() && ears.told.load(Ordering::Relaxed) == 1);
    outcome.send(Told::Heard).unwrap();
    peer.read_exact(&mut [0; COMMAND]).await.unwrap();
    peer.write_all(&REPLY).await.unwrap();
    second.wait(None).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_request_to_break_off_that_is_not_answered_costs_the_connection() {
    let (channel, mut peer, _, outcome) = told();
    let mut first = channel.submit(Long).unwrap();
    peer.read_exact(&mut [0; COMMAND]).await.unwrap();
    let (waited, ()) = tokio::join!(first.wait(None), async {
        let cancelled = channel.cancel();
        outcome.send(Told::Unanswered).unwrap();
        cancelled.await;
    });
    assert!(matches!(waited, Err(NetError::BrokenOff)), "{waited:?}");
    peer.write_all(&REPLY).await.unwrap();
    first.wait(None).await.unwrap();
    let next = channel.run(TestFlow, None).await;
    assert!(matches!(&next, Err(NetError::Broken(why)) if why.contains("break off")), "{next:?}");
}

#[tokio::test(start_paused = true)]
async fn after_its_time_a_request_is_broken_off_and_answered() {
    let (channel, mut peer, ears, outcome) = told();
    let mut first = channel.submit(Long).unwrap();
    peer.read_exact(&mut [0; COMMAND]).await.unwrap();
    outcome.send(Told::Heard).unwrap();
    let (waited, ()) = tokio::join!(first.wait(Some(Deadline::after(Duration::from_secs(1)))), async {
        while ears.told.load(Ordering::Relaxed) == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        peer.write_all(&REPLY).await.unwrap();
    });
    waited.unwrap();
    // One that nobody can break off ends with its time.
    let mut other = channel.submit(TestFlow).unwrap();
    peer.read_exact(&mut [0; COMMAND]).await.unwrap();
    channel.cancel().await;
    let late = other.wait(Some(Deadline::after(Duration::from_secs(1)))).await;
    assert!(matches!(late, Err(NetError::Timeout { .. })) && ears.told.load(Ordering::Relaxed) == 1, "{late:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hears_and_works_on_is_left() {
    let (channel, mut peer, _, outcome) = told();
    let mut first = channel.submit(Long).unwrap();
    peer.read_exact(&mut [0; COMMAND]).await.unwrap();
    outcome.send(Told::Heard).unwrap();
    let late = first.wait(Some(Deadline::after(Duration::from_secs(1)))).await;
    assert!(matches!(late, Err(NetError::Timeout { .. })), "{late:?}");
    let end = first.wait(None).await;
    assert!(matches!(end, Err(NetError::Broken(_))), "{end:?}");
}
