//! Who is let in.

use crate::support::{PERSONAS, config, connect, count, rows, start_with};
use drdarrow::client::connection::Connection;
use drdarrow::client::security::Security;
use drdarrow::server::listen::Settings;
use drdarrow::server::persona::{DERBY, LUW};
use drdarrow::server::shared::Access;
use drdarrow::server::table::MemoryTables;
use drdarrow::wire::ddm::secchk::Secret;
use std::collections::HashMap;
use std::time::Duration;

fn users() -> Access {
    Access::Users(HashMap::from([("app".to_owned(), Secret::new("Abc123!|^[]x"))]))
}

#[tokio::test]
async fn every_mechanism_lets_the_right_one_in() {
    for persona in PERSONAS {
        let settings = Settings { persona, access: users(), ..Settings::default() };
        let server = start_with(settings, &MemoryTables::new()).await;
        let mechanisms: &[Security] = if persona.name == DERBY.name {
            &[Security::Password, Security::Substitute]
        } else {
            &[Security::Password, Security::EncryptedAes, Security::EncryptedDes]
        };
        for security in mechanisms {
            let mut config = config(&server).password("Abc123!|^[]x");
            config.security = *security;
            let connection = Connection::connect(config.clone()).await.unwrap();
            assert_eq!(count(&rows(&connection, "VALUES 1").await), 1, "{} {security:?}", persona.name);
            for (user, password) in [("app", "wrong"), ("nobody", "Abc123!|^[]x"), ("app", "Abc123!|^[]")] {
                let mut wrong = config.clone().password(password);
                wrong.user = Some(user.to_owned());
                let e = Connection::connect(wrong).await.unwrap_err();
                assert_eq!(e.sqlstate.as_deref(), Some("28000"), "{} {security:?}: {e}", persona.name);
            }
        }
        // A name alone is not enough.
        let mut config = config(&server);
        config.security = Security::UserOnly;
        assert_eq!(Connection::connect(config).await.unwrap_err().sqlstate.as_deref(), Some("08001"));
    }
}

#[tokio::test]
async fn a_mechanism_that_is_not_offered_is_named() {
    let server = start_with(Settings { persona: &LUW, ..Settings::default() }, &MemoryTables::new()).await;
    let mut config = config(&server).password("x");
    config.security = Security::Substitute;
    let e = Connection::connect(config.clone()).await.unwrap_err();
    assert!(e.message.contains("only Derby and IBM i"), "{}", e.message);
    let server = start_with(Settings { persona: &DERBY, ..Settings::default() }, &MemoryTables::new()).await;
    config.port = server.address().port();
    config.security = Security::EncryptedDes;
    let e = Connection::connect(config).await.unwrap_err();
    assert!(e.message.contains("SECMEC 9, DES); it offers 3"), "{}", e.message);
}

#[tokio::test]
async fn too_many_and_too_slow_are_let_go() {
    let settings = Settings { max_connections: 3, login_timeout: Duration::from_millis(300), ..Settings::default() };
    let server = start_with(settings, &MemoryTables::new()).await;
    let mut silent = Vec::new();
    for _ in 0..3 {
        silent.push(tokio::net::TcpStream::connect(server.address()).await.unwrap());
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    let config = config(&server);
    assert!(Connection::connect(config).await.is_err());
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(count(&rows(&connect(&server).await, "VALUES 1").await), 1);
    server.shutdown().await;
}
