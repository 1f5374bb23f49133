//! The password appears nowhere but in the bytes that have to carry it.

use super::client::{WRONG, config, rows};
use super::recorded_replies::Book;
use super::server::{Answer, Damage, start};
use drdarrow::client::config::security::Security;
use drdarrow::client::sql::connection::Connection;
use drdarrow::flow::secmec::caution::Caution;
use drdarrow::flow::secmec::choice::Policy;
use drdarrow::flow::secmec::line::Line;
use drdarrow::flow::secmec::random::{RANDOM, Random};
use drdarrow::flow::secmec::requester::Credentials;
use drdarrow::flow::sql::connect::Identity;
use drdarrow::wire::ccsid::codec::Codec;
use drdarrow::wire::ddm::secchk::Secret;
use drdarrow::wire::ddm::text::DdmText;
use std::cell::Cell;
use std::io::Write;
use std::sync::{Arc, Mutex};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

thread_local! {
    static LISTENING: Cell<bool> = const { Cell::new(false) };
}

const PASSWORD: &str = "Tr0ub4dor-x3";

/// True when the password is in there: in UTF-8, UTF-16 or EBCDIC 37 or 500, or any of them as hex or
/// as a list of numbers.
pub fn shows(bytes: &[u8], password: &str) -> bool {
    let page = |ccsid: u16| {
        let mut out = Vec::new();
        Codec::new(ccsid).unwrap().encode(password, &mut out).ok().map(|()| out)
    };
    let wide = |order: fn(u16) -> [u8; 2]| password.encode_utf16().flat_map(order).collect::<Vec<u8>>();
    let mut forms = vec![password.as_bytes().to_vec(), wide(u16::to_be_bytes), wide(u16::to_le_bytes)];
    forms.extend([37, 500].into_iter().filter_map(page));
    let hex = |b: &[u8], sep: &str| b.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(sep);
    let lower = bytes.to_ascii_lowercase();
    let has = |hay: &[u8], needle: &[u8]| hay.windows(needle.len()).any(|w| w == needle);
    forms.iter().any(|form| {
        let numbers = form.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
        has(bytes, form)
            || ["", " ", ", ", ":"].iter().any(|sep| has(&lower, hex(form, sep).as_bytes()))
            || has(bytes, numbers.as_bytes())
    })
}

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Sink {
    type Writer = Sink;

    fn make_writer(&'a self) -> Sink {
        self.clone()
    }
}

#[test]
fn the_search_finds_every_form() {
    for text in
        ["a Tr0ub4dor-x3 b", "54723075623464 6f722d7833", "[84, 114, 48, 117, 98, 52, 100, 111, 114, 45, 120, 51]"]
    {
        assert_eq!(shows(text.as_bytes(), PASSWORD), !text.contains(" 6f"), "{text}");
    }
    assert!(shows(&DdmText::Ebcdic.encode(PASSWORD).unwrap(), PASSWORD));
    assert!(shows(b"547230756234646F722D7833", PASSWORD));
    let wide: Vec<u8> = PASSWORD.encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert!(shows(&wide, PASSWORD) && !shows(&wide[2..], PASSWORD));
    let mut ebcdic = Vec::new();
    Codec::new(37).unwrap().encode("Tr0ub!4dor", &mut ebcdic).unwrap();
    assert!(shows(&ebcdic, "Tr0ub!4dor"));
}

#[test]
fn nothing_that_is_printed_has_the_password() {
    let sink = Sink::default();
    // One subscriber for the process, since the tests run side by side; it listens on this thread only.
    let here = dynamic_filter_fn(|_, _| LISTENING.get());
    let layer = tracing_subscriber::fmt::layer().with_writer(sink.clone()).with_ansi(false).with_filter(here);
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).unwrap();
    LISTENING.set(true);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let mut printed = String::new();
    runtime.block_on(async {
        let mut config = config().password(PASSWORD);
        config.security = Security::Password;
        printed += &format!("{config:?} {:#?}", config.password);
        for answer in 0..3 {
            let (stream, _server) = start(
                &with_password(),
                Damage::None,
                Box::new(move |n, _, b| match (answer, n) {
                    (1, 1) => Answer::Close,
                    (2, 1) => Answer::Bytes(b[..40].to_vec()),
                    _ => Answer::Bytes(b),
                }),
            );
            match Connection::over(stream, Line::Local, config.clone()).await {
                Ok(connection) => {
                    let e = rows(&connection, WRONG).await.unwrap_err();
                    printed += &format!("{connection:?} {:?} {e:?} {e}", connection.info());
                }
                Err(e) => printed += &format!("{e:?} {e}"),
            }
        }
    });
    let traced = sink.0.lock().unwrap().clone();
    assert!(String::from_utf8_lossy(&traced).contains("<- Reply"), "{}", String::from_utf8_lossy(&traced));
    assert!(printed.contains("Connection(") && printed.contains("42X05"), "{printed}");
    assert!(!shows(&traced, PASSWORD) && !shows(printed.as_bytes(), PASSWORD));
}

#[test]
fn an_identity_shows_neither_password_nor_key() {
    let identity = Identity {
        rdbnam: "LAB".to_owned(),
        credentials: Credentials {
            user: "app".to_owned(),
            password: Some(Secret::new(PASSWORD)),
            new_password: Some(Secret::new(PASSWORD)),
            additional_factor: Some(Secret::new(PASSWORD)),
            tokens: None,
            caution: Caution::default(),
        },
        policy: Policy { password: true, ..Policy::default() },
        random: Random::new([0xA7; RANDOM]),
        correlation: ("00000000.0000".to_owned(), [0; 6]),
        application: None,
        accounting: String::new(),
        read_only: false,
        two_phase: false,
    };
    let printed = format!("{identity:?} {identity:#?} {:?}", identity.credentials);
    assert!(!shows(printed.as_bytes(), PASSWORD) && !printed.contains("167"), "{printed}");
}

/// The recorded conversations, of a server that takes a password in clear.
fn with_password() -> Book {
    use drdarrow::wire::codec::writer::Writer;
    use drdarrow::wire::ddm::codepoint as cp;
    use drdarrow::wire::ddm::object::{put, put_u16};
    let mut book = Book::derby();
    let mut frames = super::server::parts(&book.replies["EXCSAT ACCSEC"][0]);
    let last = frames.len() - 1;
    let mut w = Writer::new();
    put(&mut w, cp::ACCSECRD, |w| put_u16(w, cp::SECMEC, 3));
    frames[last].2 = w.into_vec();
    book.replies.insert("EXCSAT ACCSEC".to_owned(), vec![super::server::build(&frames)]);
    book
}
