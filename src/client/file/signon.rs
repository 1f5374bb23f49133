//! Asking the sign-on server, which is another port of the same system.

use crate::client::config::Config;
use crate::client::dial::dial;
use crate::flow::error::FlowError;
use crate::flow::file::signon::{SignOn, SignOnInfo};
use crate::flow::secmec::caution::Caution;
use crate::flow::secmec::choice::Policy;
use crate::flow::secmec::substitute::SEED;
use crate::net::any_stream::BoxedStream;
use crate::net::error::{ConnectStage, NetError};
use crate::net::transport::Deadline;
use crate::wire::ddm::secchk::Secret;
use crate::wire::file::signon::length;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A port that nobody answers is given up after this long: there is another way.
const PATIENCE: Duration = Duration::from_secs(4);

/// Asks the server at `port` on behalf of the user. Its line is judged by itself: it is another connection than the one that
/// follows.
pub(super) async fn ask(
    config: &Config,
    port: u16,
    (user, password): (&str, &Secret),
    policy: Policy,
    seed: [u8; SEED],
    caution: &Caution,
) -> Result<SignOnInfo, NetError> {
    let deadline = Deadline::after(config.timeout.min(PATIENCE));
    let talk = async {
        let dialed = dial(config, port, caution, deadline).await?;
        let policy = Policy { line: dialed.line, ..policy };
        talk(dialed.stream, SignOn::new(user, password, seed, policy, caution.clone())).await
    };
    match tokio::time::timeout_at(deadline.at(), talk).await {
        Ok(told) => told,
        Err(_) => Err(deadline.passed(ConnectStage::FirstReply)),
    }
}

async fn talk(mut stream: BoxedStream, mut talk: SignOn) -> Result<SignOnInfo, NetError> {
    let first = talk.start().map_err(FlowError::from)?;
    let answer = exchange(&mut stream, &first).await?;
    let told = match talk.prove(&answer)? {
        Some(proof) => talk.told(&exchange(&mut stream, &proof).await?)?,
        None => talk.unproved(),
    };
    let end = SignOn::end().map_err(FlowError::from)?;
    // The answer is here; a server that left already does not need the goodbye.
    let _ = stream.write_all(&end).await;
    let _ = stream.shutdown().await;
    Ok(told)
}

async fn exchange(stream: &mut BoxedStream, request: &[u8]) -> Result<Vec<u8>, NetError> {
    let closed = |source| NetError::Closed { stage: ConnectStage::FirstReply, source: Some(source) };
    stream.write_all(request).await.map_err(closed)?;
    let mut answer = vec![0; 4];
    stream.read_exact(&mut answer).await.map_err(closed)?;
    let head = answer.first_chunk().copied().unwrap_or_default();
    let whole = length(head).map_err(|_| NetError::NotDrda { what: "what answers is no sign-on server".to_owned() })?;
    // It grows as bytes arrive, never by what the length claims.
    let rest = (whole - answer.len()) as u64;
    let got = (&mut *stream).take(rest).read_to_end(&mut answer).await.map_err(closed)?;
    match got as u64 == rest {
        true => Ok(answer),
        false => Err(NetError::Closed { stage: ConnectStage::FirstReply, source: None }),
    }
}
