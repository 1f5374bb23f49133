//! The functions that make security tokens, and that give passwords, are code of others, which may take its time: they run
//! in a thread of their own, and the login waits for them no longer than its limit.

use crate::client::config::{Config, Secret};
use crate::client::error::{Error, ErrorClass, Phase, Result as ClientResult};
use crate::flow::secmec::SecMecError;
use crate::flow::secmec::source::{NoToken, TokenSource};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread::Builder;
use std::time::Duration;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;

/// The login itself ends first, with an error that says how far it came.
const GRACE: Duration = Duration::from_millis(500);

/// The same source, given up after `limit`; its thread goes on until it returns.
pub(super) fn bounded(source: TokenSource, limit: Duration) -> TokenSource {
    TokenSource::new(move |challenge| {
        let (tell, told) = sync_channel(1);
        let (source, challenge) = (source.clone(), challenge.to_vec());
        Builder::new()
            .name("drdarrow-token".to_owned())
            .spawn(move || {
                // Whoever asked may have given up.
                let _ = tell.send(source.next(&challenge));
            })
            .map_err(|e| NoToken::from(format!("no thread to ask in: {e}")))?;
        let wait = || told.recv_timeout(limit + GRACE);
        // Others take the sockets of this thread over, where there are others.
        let shared = Handle::try_current().is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread);
        match if shared { block_in_place(wait) } else { wait() } {
            Ok(Ok(mut token)) => Ok(std::mem::take(&mut *token)),
            Ok(Err(SecMecError::NoToken(e))) => Err(e),
            Ok(Err(e)) => Err(e.to_string().into()),
            Err(RecvTimeoutError::Timeout) => Err("its source did not answer in time".into()),
            Err(RecvTimeoutError::Disconnected) => Err("its source panicked".into()),
        }
    })
}

/// The same with the password of now, where a function gives it: it may have changed since the first login.
pub(super) fn with_password_of_now(config: Config) -> ClientResult<Config> {
    let Some(source) = config.password_source.clone() else { return Ok(config) };
    let refused = |text: String| Error::new(ErrorClass::Operational, Phase::Security, "28000", text).broken();
    match bounded(source, config.timeout).next(&[]) {
        Ok(password) => match std::str::from_utf8(&password) {
            Ok(password) => Ok(Config { password: Some(Secret::new(password)), ..config }),
            Err(_) => Err(refused("the password that was asked for is no text".to_owned())),
        },
        Err(SecMecError::NoToken(e)) => {
            Err(Error { cause: e.cause().cloned(), ..refused(format!("no password: {e}")) })
        }
        Err(e) => Err(refused(format!("no password: {e}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn asked(source: TokenSource, limit: Duration) -> (String, Duration) {
        let begun = Instant::now();
        let said = bounded(source, limit).next(b"x");
        (said.map_or_else(|e| e.to_string(), |token| format!("{:?}", &*token)), begun.elapsed())
    }

    #[test]
    fn a_source_that_does_not_answer_is_given_up() {
        let slow = TokenSource::new(|_| {
            std::thread::sleep(Duration::from_secs(30));
            Ok(Vec::new())
        });
        let (said, took) = asked(slow, Duration::from_millis(100));
        assert!(said.contains("did not answer in time"), "{said}");
        assert!(took < Duration::from_secs(15), "{took:?}");
    }

    #[test]
    fn what_it_says_is_passed_on() {
        let said = |source| asked(source, Duration::from_secs(30)).0;
        assert_eq!(said(TokenSource::new(|challenge| Ok(challenge.to_vec()))), "[120]");
        assert!(said(TokenSource::new(|_| Err("no ticket cache".into()))).contains("no ticket cache"));
        assert!(said(TokenSource::new(|_| std::panic::panic_any(7))).contains("panicked"));
    }
}
