//! Peers that speak before they are spoken to, or do not listen.

use super::*;
use crate::flow::error::FlowError;
use crate::flow::step::{Reception, Step};
use crate::net::error::TlsError;
use crate::wire::ddm::object::Object;
use crate::wire::dss::chain::Chain;
use std::io::{Error, ErrorKind, Result as IoResult};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncWriteExt, ReadBuf};

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
    let channel = Channel::spawn(stream, 1000);
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
    let told = Channel::spawn(Deaf(&ALERT), 1000).run(TestFlow, None).await;
    assert!(matches!(told, Err(NetError::Tls(TlsError::WantsTls(_)))), "{told:?}");
    let silent = Channel::spawn(Deaf(&[]), 1000).run(TestFlow, None).await;
    assert!(matches!(&silent, Err(NetError::Closed { source: Some(e), .. }) if e.kind() == ErrorKind::BrokenPipe));
}
