//! One question to a peer of any protocol, and the beginning of its answer.

use super::any_stream::AnyStream;
use super::error::{ConnectStage, NetError};
use super::transport::Deadline;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout_at;

/// Bytes of an answer that are read at most.
const LONGEST: usize = 4096;

/// Sends `question` and reads until `enough` says so, the peer ends, or it is too much. An answer that was
/// begun when the time is up is returned as far as it came; none at all is an error.
pub async fn ask(
    stream: &mut dyn AnyStream,
    question: &[u8],
    enough: impl Fn(&[u8]) -> bool,
    deadline: Deadline,
) -> Result<Vec<u8>, NetError> {
    let mut answer = Vec::new();
    let talk = async {
        stream.write_all(question).await?;
        stream.flush().await?;
        let mut buf = [0; 1024];
        while answer.len() < LONGEST && !enough(&answer) {
            match stream.read(&mut buf).await? {
                0 => break,
                n => answer.extend(buf.iter().take(n)),
            }
        }
        Ok::<(), std::io::Error>(())
    };
    let done = timeout_at(deadline.at(), talk).await;
    let stage = ConnectStage::FirstReply;
    match done {
        _ if !answer.is_empty() => Ok(answer),
        Ok(Ok(())) => Err(NetError::Closed { stage, source: None }),
        Ok(Err(e)) => Err(NetError::Closed { stage, source: Some(e) }),
        Err(_) => Err(deadline.passed(stage)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::io::duplex;

    #[tokio::test(start_paused = true)]
    async fn what_came_in_time_is_told() {
        let (mut ours, mut theirs) = duplex(1 << 20);
        let peer = tokio::spawn(async move {
            let mut question = [0; 5];
            theirs.read_exact(&mut question).await.unwrap();
            for byte in b"SSH-" {
                theirs.write_all(&[*byte]).await.unwrap();
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            theirs.write_all(&[7; 100_000]).await.unwrap();
            theirs
        });
        let soon = || Deadline::after(Duration::from_millis(350));
        assert_eq!(ask(&mut ours, b"hello", |_| false, soon()).await.unwrap(), b"SSH-");
        let much = ask(&mut ours, b"", |_| false, soon()).await.unwrap();
        assert!((LONGEST..LONGEST + 1024).contains(&much.len()));
        let mut theirs = peer.await.unwrap();
        theirs.shutdown().await.unwrap();
        while ask(&mut ours, b"", |a| !a.is_empty(), soon()).await.is_ok() {}
        let e = ask(&mut ours, b"", |_| false, soon()).await.unwrap_err();
        assert!(matches!(e, NetError::Closed { source: None, .. }), "{e}");
        let (mut silent, _kept) = duplex(16);
        let e = ask(&mut silent, b"x", |_| false, soon()).await.unwrap_err();
        assert!(matches!(e, NetError::Timeout { .. }), "{e}");
    }
}
