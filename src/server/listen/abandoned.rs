//! Commands that nobody waits for any more.

use super::admission::Stopped;
use crate::net::any_stream::AnyStream;
use crate::server::backend::Interrupt;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::time::{Instant, sleep_until};

/// Bytes taken from a socket at a time.
pub(super) const READ: usize = 32 * 1024;
/// Bytes that a peer may send ahead of the replies that it is due.
const AHEAD: usize = READ;
/// Commands under way may take this long to end when the server stops.
pub(super) const GRACE: Duration = Duration::from_secs(5);

/// Ends when nobody waits for the command any more: the peer has hung up, or the server has stopped
/// and the time that it gives is over. What the peer sends meanwhile goes to `ahead`.
pub(super) async fn abandoned(stream: &mut dyn AnyStream, stopped: &mut Stopped, ahead: &mut Vec<u8>) {
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
        let end = stopped.wait_for(Option::is_some).await.ok().and_then(|stop| *stop);
        sleep_until(end.unwrap_or_else(|| Instant::now() + GRACE)).await;
    };
    tokio::select! {
        () = gone => {}
        () = over => {}
    }
}

/// Interrupts on a thread that may block.
pub(super) async fn break_off(interrupt: &Interrupt) {
    let interrupt = interrupt.clone();
    let _ = tokio::task::spawn_blocking(move || interrupt()).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::watch;
    use tokio::time::timeout;

    #[tokio::test]
    async fn a_command_that_is_run_again_has_no_more_grace() {
        let (mut stream, _peer) = tokio::io::duplex(64);
        let (stop, mut stopped) = watch::channel(None);
        let mut again = async || {
            let mut ahead = Vec::new();
            timeout(Duration::from_millis(30), abandoned(&mut stream, &mut stopped, &mut ahead)).await.is_err()
        };
        assert!(again().await);
        stop.send(Some(Instant::now() + Duration::from_millis(100))).unwrap();
        let mut rounds = 0;
        while again().await {
            rounds += 1;
            assert!(rounds < 10);
        }
    }
}
