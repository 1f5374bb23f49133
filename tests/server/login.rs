//! Who is let in.

use crate::protocol::Raw;
use crate::support::{PERSONAS, config, connect, count, rows, start_with};
use arrow_schema::{DataType, Field, Schema};
use drdarrow::client::batch_source::BatchSource;
use drdarrow::client::config::Config;
use drdarrow::client::config::security::{EncAlg, Security};
use drdarrow::client::error::ErrorClass;
use drdarrow::client::sql::connection::Connection;
use drdarrow::flow::secmec::line::Line;
use drdarrow::server::access::Access;
use drdarrow::server::backend::{Backend, ConnectError, Done, Login, Parameters, Prepared, Rows, Session};
use drdarrow::server::error::SqlError;
use drdarrow::server::listen::{Server, serve};
use drdarrow::server::persona::{DERBY, IBMI, LUW, Persona};
use drdarrow::server::settings::ServerSettings;
use drdarrow::server::table::MemoryTables;
use drdarrow::wire::ddm::accsec::{AccSec, AccSecRd};
use drdarrow::wire::ddm::codepoint as cp;
use drdarrow::wire::ddm::excsat::ExcSat;
use drdarrow::wire::ddm::secchk::{SecChk, SecChkRm, Secret};
use drdarrow::wire::ddm::text::DdmText;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;

pub(crate) const PASSWORD: &str = "Abc123!|^[]x";
const SHORT: &str = "SECRET9990";

pub(crate) fn users() -> Access {
    Access::Users(HashMap::from([("app".to_owned(), Secret::new(PASSWORD)), ("short".to_owned(), Secret::new(SHORT))]))
}

/// The mechanisms of each persona: the setting, the password level, what is in force then.
fn mechanisms(persona: &Persona) -> Vec<(&'static str, Option<u8>, &'static str)> {
    let clear = ("password", None, "password in clear (SECMEC 3)");
    let encrypted = [
        ("auto", None, "encrypted (SECMEC 9, AES-256)"),
        ("encrypted", None, "encrypted (SECMEC 9, AES-256)"),
        ("encrypted-des", None, "encrypted (SECMEC 9, DES)"),
    ];
    let password = [
        ("encrypted-password", None, "encrypted password (SECMEC 7, AES-256)"),
        ("encrypted-password-des", None, "encrypted password (SECMEC 7, DES)"),
    ];
    let substitutes = [
        ("substitute", Some(0), "substitute (SECMEC 6, DES)"),
        ("substitute", Some(1), "substitute (SECMEC 6, DES)"),
        ("substitute", Some(2), "substitute (SECMEC 8, SHA-1)"),
        ("substitute", Some(3), "substitute (SECMEC 8, SHA-1)"),
        ("substitute", Some(4), "substitute (SECMEC 8, SHA-512)"),
    ];
    let derby = "substitute (SECMEC 8, Derby)";
    match persona.name {
        "derby" => vec![clear, ("auto", None, derby), ("substitute", None, derby)],
        "ibmi" => [&[clear][..], &encrypted, &substitutes].concat(),
        _ => [&[clear][..], &encrypted, &password].concat(),
    }
}

fn with(server: &Server, security: &str, level: Option<u8>, password: &str) -> Config {
    let mut config = config(server).password(password);
    config.set("security", security).unwrap();
    config.password_level = level;
    config
}

#[tokio::test]
async fn every_mechanism_lets_the_right_one_in() {
    for persona in PERSONAS {
        for (security, level, in_force) in mechanisms(persona) {
            let password_level = level.unwrap_or(2);
            let settings = ServerSettings { persona, access: users(), password_level, ..ServerSettings::default() };
            let server = start_with(settings, &MemoryTables::new()).await;
            // Below level 2 a password has at most ten characters.
            let password = if matches!(level, Some(0 | 1)) { SHORT } else { PASSWORD };
            let user = if password == SHORT { "short" } else { "app" };
            let case = format!("{} {security} {level:?}", persona.name);
            let mut config = with(&server, security, level, password);
            config.user = Some(user.to_owned());
            let connection = Connection::connect(config.clone()).await.unwrap();
            assert_eq!(connection.security(), in_force, "{case}");
            assert!(connection.warnings().is_empty());
            assert_eq!(count(&rows(&connection, "VALUES 1").await), 1, "{case}");
            for (user, password) in [(user, "wrong"), ("nobody", password), (user, password.split_at(5).0)] {
                let mut wrong = config.clone().password(password);
                wrong.user = Some(user.to_owned());
                let e = Connection::connect(wrong).await.unwrap_err();
                assert_eq!(e.sqlstate.as_deref(), Some("28000"), "{case}: {e}");
            }
        }
        // A name alone is not enough.
        let settings = ServerSettings { persona, access: users(), ..ServerSettings::default() };
        let server = start_with(settings, &MemoryTables::new()).await;
        let mut config = config(&server);
        config.security = Security::UserOnly;
        assert_eq!(Connection::connect(config).await.unwrap_err().sqlstate.as_deref(), Some("08001"));
    }
}

#[tokio::test]
async fn a_substitute_of_another_level_proves_nothing() {
    for password_level in [0, 1, 2, 3, 4] {
        let settings = ServerSettings { persona: &IBMI, access: users(), password_level, ..ServerSettings::default() };
        let server = start_with(settings, &MemoryTables::new()).await;
        for level in [0, 1, 2, 3, 4] {
            let mut config = with(&server, "substitute", Some(level), SHORT);
            config.user = Some("short".to_owned());
            let same = level / 2 == password_level / 2;
            match Connection::connect(config).await {
                Ok(_) => assert!(same, "{level} at {password_level}"),
                Err(e) => assert!(!same && e.sqlstate.as_deref() == Some("28000"), "{level} at {password_level}: {e}"),
            }
        }
    }
}

#[tokio::test]
async fn passwords_of_every_kind() {
    let long = "p".repeat(128);
    let passwords = ["x", "SECRET99", "SECRET999", "SECRET9990", "!^[]|#$@£§", "äöüÄÖÜß", "a b", "1234", &long];
    for persona in PERSONAS {
        let users = passwords.iter().enumerate().map(|(n, p)| (format!("u{n}"), Secret::new(*p))).collect();
        let access = Access::Users(users);
        for (security, level, _) in mechanisms(persona) {
            let password_level = level.unwrap_or(2);
            let settings =
                ServerSettings { persona, access: access.clone(), password_level, ..ServerSettings::default() };
            let server = start_with(settings, &MemoryTables::new()).await;
            for (n, password) in passwords.iter().enumerate() {
                let mut config = with(&server, security, level, password);
                config.user = Some(format!("u{n}"));
                let possible = !matches!(level, Some(0 | 1)) || password.chars().count() <= 10;
                let case = format!("{} {security} {level:?} {n}", persona.name);
                match Connection::connect(config).await {
                    Ok(_) => assert!(possible, "{case}"),
                    Err(e) => assert!(!possible && e.message.contains("1 to 10 characters"), "{case}: {e}"),
                }
            }
        }
    }
}

#[tokio::test]
async fn a_login_on_an_open_line_says_what_it_gives_away() {
    let server = start_with(
        ServerSettings { persona: &LUW, access: users(), ..ServerSettings::default() },
        &MemoryTables::new(),
    )
    .await;
    for (security, words) in [("encrypted-des", "whoever listens"), ("encrypted", "whoever answers")] {
        for line in [Line::Open, Line::Local] {
            let config = with(&server, security, None, PASSWORD);
            let stream = TcpStream::connect(server.address()).await.unwrap();
            let connection = Connection::over(stream, line, config).await.unwrap();
            let warnings = connection.warnings();
            assert_eq!(warnings.len(), usize::from(line == Line::Open), "{security} {line:?}");
            assert!(warnings.iter().all(|warning| warning.message.contains(words)), "{security}: {warnings:?}");
        }
    }
}

#[tokio::test]
async fn ibm_i_knows_its_profiles_in_any_case() {
    let server = start_with(
        ServerSettings { persona: &IBMI, access: users(), ..ServerSettings::default() },
        &MemoryTables::new(),
    )
    .await;
    for user in ["APP", "App", "app "] {
        for security in ["encrypted", "substitute"] {
            let mut config = with(&server, security, Some(3), &format!("{PASSWORD}  "));
            config.user = Some(user.to_owned());
            assert!(Connection::connect(config).await.is_ok(), "{user:?} {security}");
        }
    }
}

#[tokio::test]
async fn what_is_not_built_is_refused_by_name() {
    let server = start_with(ServerSettings { persona: &LUW, ..ServerSettings::default() }, &MemoryTables::new()).await;
    for (security, name) in [("encrypted-data", "13 (EUSRPWDDTA"), ("plugin", "15 (PLGIN")] {
        let e = Connection::connect(with(&server, security, None, "x")).await.unwrap_err();
        assert_eq!((e.kind, e.sqlstate.as_deref()), (ErrorClass::NotSupported, Some("0A000")), "{e}");
        assert!(e.message.contains(name), "{e}");
    }
    let mut kerberos = with(&server, "kerberos", None, "x");
    kerberos.token_source(|_| Err("nobody asks".into()));
    let e = Connection::connect(kerberos).await.unwrap_err();
    assert!(e.message.contains("offers 9 (EUSRIDPWD"), "{e}");
}

#[tokio::test]
async fn a_mechanism_that_is_not_offered_is_named() {
    let server = start_with(ServerSettings { persona: &LUW, ..ServerSettings::default() }, &MemoryTables::new()).await;
    let mut config = config(&server).password("x");
    config.security = Security::Substitute;
    let e = Connection::connect(config.clone()).await.unwrap_err();
    assert!(e.message.contains("only Derby and IBM i"), "{}", e.message);
    let server =
        start_with(ServerSettings { persona: &DERBY, ..ServerSettings::default() }, &MemoryTables::new()).await;
    config.port = server.address().port();
    config.security = Security::Encrypted(EncAlg::Des);
    let e = Connection::connect(config).await.unwrap_err();
    assert!(e.message.contains("SECMEC 9, DES); it offers 3"), "{}", e.message);
}

#[tokio::test]
async fn too_slow_ones_are_let_go() {
    let settings = ServerSettings { login_timeout: Duration::from_millis(300), ..ServerSettings::default() };
    let server = start_with(settings, &MemoryTables::new()).await;
    let (silent, good) = (Raw::connect(&server).await, connect(&server).await);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut silent = silent;
    assert!(silent.is_closed().await);
    assert_eq!(count(&rows(&good, "VALUES 1").await), 1);
    assert_eq!(count(&rows(&connect(&server).await, "VALUES 1").await), 1);
    server.shutdown().await;
}

/// A login by hand: what the server says to the proof.
async fn verdict(server: &Server, asked: AccSec, proof: SecChk) -> (AccSecRd, SecChkRm) {
    const TEXT: DdmText = DdmText::Ebcdic;
    let mut raw = Raw::connect(server).await;
    let excsat = ExcSat::of_levels(vec![(cp::AGENT, 7), (cp::SQLAM, 7), (cp::SECMGR, 7)]).encode(TEXT).unwrap();
    let proof = SecChk { secmec: asked.secmec, ..proof };
    let got = raw.ask(&[excsat, asked.encode(TEXT).unwrap(), proof.encode(TEXT).unwrap().to_vec()]).await;
    let [_, (cp::ACCSECRD, reply), (cp::SECCHKRM, verdict)] = got.as_slice() else { panic!("{got:?}") };
    assert!(raw.is_closed().await);
    (AccSecRd::decode(reply, TEXT).unwrap(), SecChkRm::decode(verdict, TEXT).unwrap())
}

#[tokio::test]
async fn proofs_that_are_none() {
    const TOKEN: u8 = 0x0B;
    let user = |user: &str| SecChk { usrid: Some(user.to_owned()), ..SecChk::default() };
    let asks = |secmec: u16, sectkn: Vec<u8>| AccSec { secmec, sectkn: Some(sectkn), ..AccSec::default() };
    for persona in PERSONAS {
        // Hundreds of them.
        let settings =
            ServerSettings { persona, access: users(), login_delay: Duration::ZERO, ..ServerSettings::default() };
        let server = start_with(settings, &MemoryTables::new()).await;
        let offers = |secmec: u16| persona.secmecs.contains(&secmec);
        // Keys that everybody knows the secret of, and tokens that are none.
        let mut one = vec![0; 32];
        one[31] = 1;
        for secmec in [7, 9].into_iter().filter(|m| offers(*m)) {
            for key in [vec![0; 32], one.clone(), vec![0xFF; 32], vec![2; 31], Vec::new()] {
                let proof =
                    SecChk { sectkns: vec![vec![0x41; 16].into(); if secmec == 7 { 1 } else { 2 }], ..user("app") };
                assert_eq!(verdict(&server, asks(secmec, key), proof).await.1.secchkcd, TOKEN, "{}", persona.name);
            }
            // Not whole blocks: some keys make padding, and a wrong password, of any that are whole.
            for count in [0, 1, 2, 3] {
                let proof = SecChk { sectkns: vec![vec![0x41; 15].into(); count], ..user("app") };
                assert_eq!(verdict(&server, asks(secmec, vec![2; 32]), proof).await.1.secchkcd, TOKEN);
            }
        }
        // Seeds and substitutes of other lengths, of another product, in another place.
        for secmec in [6, 8].into_iter().filter(|m| offers(*m)) {
            for seed in [0, 7, 9] {
                let (reply, said) = verdict(&server, asks(secmec, vec![1; seed]), user("app")).await;
                assert_eq!((reply.secchkcd, said.secchkcd), (Some(TOKEN), TOKEN));
            }
            let right = if secmec == 6 { 8 } else { 20 };
            for length in [0, 7, 8, 19, 20, 21, 63, 64, 65] {
                let as_token = SecChk { sectkns: vec![vec![1; length].into()], ..user("app") };
                let as_password = SecChk { substitute: Some(vec![1; length].into()), ..user("app") };
                let derby = persona.name == DERBY.name;
                let (there, elsewhere) = if derby { (as_token, as_password) } else { (as_password, as_token) };
                let said = verdict(&server, asks(secmec, vec![1; 8]), there).await.1.secchkcd;
                let has_form = derby || length == right || (secmec, length) == (8, 64);
                assert_eq!(
                    said,
                    if has_form { persona.bad_login } else { TOKEN },
                    "{} {secmec} {length}",
                    persona.name
                );
                assert_eq!(verdict(&server, asks(secmec, vec![1; 8]), elsewhere).await.1.secchkcd, TOKEN);
            }
        }
        if offers(9) {
            let asked = AccSec { encalgs: vec![3], ..asks(9, vec![2; 32]) };
            let (reply, said) = verdict(&server, asked, user("app")).await;
            assert_eq!((reply.secchkcd, said.secchkcd), (Some(0x1B), TOKEN));
        }
    }
}

/// An engine that repeats in its errors what it should not.
struct Echo;

impl Backend for Echo {
    fn connect(&self, _: &Login) -> Result<Box<dyn Session>, ConnectError> {
        Ok(Box::new(Echo))
    }
}

fn echo<T>() -> Result<T, SqlError> {
    Err(SqlError::new(-204, "42704", &["NIX;create=true;bootPassword=boot-geheim"]))
}

impl Session for Echo {
    fn prepare(&mut self, _: &str) -> Result<Prepared, SqlError> {
        let columns = Arc::new(Schema::new(vec![Field::new("A", DataType::Int32, true)]));
        Ok(Prepared { statement: 1, columns: Some(columns), parameters: Vec::new() })
    }

    fn query(&mut self, _: u64, _: &Parameters) -> Result<Rows, SqlError> {
        Ok(Box::new(std::iter::once(echo())))
    }

    fn execute(&mut self, _: u64, _: &Parameters) -> Result<Done, SqlError> {
        echo()
    }

    fn forget(&mut self, _: u64) {}

    fn set(&mut self, _: &str) -> Result<(), SqlError> {
        Ok(())
    }

    fn commit(&mut self) -> Result<(), SqlError> {
        echo()
    }

    fn rollback(&mut self) -> Result<(), SqlError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_secret_that_a_server_repeats_after_the_login_is_not_shown() {
    for persona in PERSONAS {
        let settings = ServerSettings { persona, ..ServerSettings::default() };
        let server = serve(settings, Arc::new(Echo)).await.unwrap();
        let mut config = config(&server);
        config.set("attributes", "create=true;bootPassword=boot-geheim").unwrap();
        config.set("autocommit", "false").unwrap();
        let connection = Connection::connect(config).await.unwrap();
        let mut errors = vec![connection.commit().await.unwrap_err()];
        errors.push(match connection.query("SELECT A FROM T", &[]).await {
            Ok(mut stream) => stream.next().await.unwrap_err(),
            Err(e) => e,
        });
        for e in errors {
            let shown = format!("{e} {e:?}");
            assert!(shown.contains("bootPassword=***") && !shown.contains("geheim"), "{}: {shown}", persona.name);
        }
    }
}
