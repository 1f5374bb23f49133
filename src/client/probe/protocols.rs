//! Questions of other protocols, for ports that do not answer in DRDA.

use super::host::Host;
use super::report::{Service, SignOnReport};
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::net::any_stream::BoxedStream;
use crate::net::ask::ask;
use crate::net::recognise;
use crate::net::transport::Deadline;
use crate::wire::file::signon::{self, Body, Stream};

/// One that every server of text protocols answers, those of HTTP properly.
const HTTP: &[u8] = b"GET / HTTP/1.0\r\n\r\n";
/// SSLRequest of PostgreSQL's protocol: `S` or `N` comes back.
const POSTGRESQL: &[u8] = &[0, 0, 0, 8, 0x04, 0xD2, 0x16, 0x2F];
/// PRELOGIN of TDS: a version, nothing else.
const TDS: &[u8] = &[0x12, 1, 0, 20, 0, 0, 0, 0, 0, 0, 11, 0, 6, 0xFF, 0, 0, 0, 0, 0, 0];
/// The mapper of IBM i takes the name of a service: `+` and its port come back. (IBM's documents of its
/// host servers.)
const MAPPER: &[u8] = b"as-signon";
/// Level of the sign-on data stream.
const LEVEL: u16 = 10;

/// The evidence in an answer.
#[derive(Debug, Default)]
pub(super) struct Guess {
    pub service: Option<Service>,
    pub sign_on: Option<SignOnReport>,
    /// The first bytes, when they tell nothing.
    pub heard: Vec<u8>,
}

impl Guess {
    fn of(heard: Vec<u8>) -> Guess {
        Guess { service: recognise::name(&heard).map(Service::Other), heard, sign_on: None }
    }
}

/// Asks as a browser would.
pub(super) async fn http(stream: &mut BoxedStream, deadline: Deadline) -> Guess {
    let known = |heard: &[u8]| heard.len() >= 64 || recognise::name(heard).is_some();
    Guess::of(ask(stream, HTTP, known, deadline).await.unwrap_or_default())
}

/// Asks for TLS as a client of PostgreSQL would.
pub(super) async fn postgresql(stream: &mut BoxedStream, deadline: Deadline) -> Guess {
    let heard = ask(stream, POSTGRESQL, |heard| !heard.is_empty(), deadline).await.unwrap_or_default();
    match heard.as_slice() {
        [b'S' | b'N'] => Guess { service: Some(Service::Other("PostgreSQL")), ..Guess::default() },
        _ => Guess::of(heard),
    }
}

/// Asks for the version as a client of SQL Server would.
pub(super) async fn tds(stream: &mut BoxedStream, deadline: Deadline) -> Guess {
    Guess::of(ask(stream, TDS, |heard| heard.len() >= 8, deadline).await.unwrap_or_default())
}

/// Asks the mapper of IBM i for the sign-on server.
pub(super) async fn mapper(stream: &mut BoxedStream, deadline: Deadline) -> Guess {
    let heard = ask(stream, MAPPER, |heard| heard.len() >= 5, deadline).await.unwrap_or_default();
    match heard.as_slice() {
        [b'+', 0, 0, _, _] => Guess { service: Some(Service::Mapper), ..Guess::default() },
        _ => Guess::of(heard),
    }
}

/// Asks the sign-on server of IBM i for its attributes: no user, no password.
pub(super) async fn sign_on(stream: &mut BoxedStream, host: &Host, deadline: Deadline) -> Guess {
    let Ok(question) = exchange() else { return Guess::default() };
    let whole = |heard: &[u8]| match heard.first_chunk() {
        Some(head) => signon::length(*head).is_ok_and(|length| heard.len() >= length),
        None => false,
    };
    let heard = ask(stream, &question, whole, deadline).await.unwrap_or_default();
    match Stream::decode(&heard).map(|stream| stream.body) {
        Ok(Body::ExchangeReply { version, password_level, job, .. }) => {
            tracing::debug!(host = host.name, password_level, "sign-on server");
            let [_, v, r, m] = version.to_be_bytes();
            let sign_on = SignOnReport { release: format!("{v}.{r}.{m}"), password_level, job: readable(&job) };
            Guess { service: Some(Service::SignOn), sign_on: Some(sign_on), heard }
        }
        _ => Guess::of(heard),
    }
}

/// The request for the attributes, with a seed that nothing will be made of.
fn exchange() -> Result<Vec<u8>> {
    let body = Body::Exchange { version: 1, level: LEVEL, seed: [0; 8] };
    let failed = |e: crate::wire::ddm::error::MessageError| {
        Error::new(ErrorClass::Internal, Phase::Exchange, "58009", e.to_string())
    };
    Stream { correlation: 0, body }.encode().map_err(failed)
}

/// A stranger's text without what would disturb a terminal.
pub(super) fn readable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    #[tokio::test]
    async fn the_mapper_tells_a_port() {
        for (answer, service) in [
            (&b"+\0\0\x21\x1c"[..], Some(Service::Mapper)),
            (b"-\0\0\0\0", None),
            (b"+OK hello", Some(Service::Other("POP3"))),
            (b"+\0", None),
            (b"", None),
        ] {
            let (ours, mut theirs) = duplex(64);
            let asked = tokio::spawn(async move {
                let mut question = [0; 9];
                theirs.read_exact(&mut question).await.unwrap();
                theirs.write_all(answer).await.unwrap();
                question
            });
            let guess = mapper(&mut (Box::new(ours) as BoxedStream), Deadline::after(Duration::from_secs(5))).await;
            assert_eq!((guess.service, &asked.await.unwrap()[..]), (service, &b"as-signon"[..]), "{answer:?}");
        }
    }

    #[test]
    fn a_terminal_is_not_disturbed() {
        assert_eq!(readable("a\u{1b}[31mb\n"), "a [31mb");
        assert_eq!(readable(&"x".repeat(1000)).len(), 200);
    }
}
