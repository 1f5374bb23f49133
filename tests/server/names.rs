//! Names in every alphabet, in the encoding that was agreed; and who we say we are, at the login and
//! later.

use crate::support::{PERSONAS, config, count, rows};
use drdarrow::client::config::Config;
use drdarrow::client::config::client_info::ClientInfo;
use drdarrow::client::error::ErrorClass;
use drdarrow::client::sql::connection::Connection;
use drdarrow::flow::secmec::line::Line;
use drdarrow::server::access::Access;
use drdarrow::server::backend::{
    Backend, ConnectError, Done, Login, Parameters, Prepared, Rows, Session as ServerSession,
};
use drdarrow::server::error::SqlError;
use drdarrow::server::listen::{Server, serve};
use drdarrow::server::persona::{DERBY, IBMI, LUW, Persona, ZOS};
use drdarrow::server::settings::ServerSettings;
use drdarrow::server::table::MemoryTables;
use drdarrow::wire::ddm::secchk::Secret;
use drdarrow::wire::ddm::text::DdmText;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const SIGNS: &str = "!^[]|#$@£§äöüÄÖÜß";

/// A backend that remembers who came, and what registers were set.
#[derive(Default, Clone)]
struct Witness {
    tables: MemoryTables,
    logins: Arc<Mutex<Vec<Login>>>,
    sets: Arc<Mutex<Vec<String>>>,
    refuses: bool,
}

impl Backend for Witness {
    fn connect(&self, login: &Login) -> Result<Box<dyn ServerSession>, ConnectError> {
        self.logins.lock().unwrap().push(login.clone());
        let inner = self.tables.connect(login)?;
        Ok(Box::new(Watched { inner, sets: self.sets.clone(), refuses: self.refuses }))
    }
}

struct Watched {
    inner: Box<dyn ServerSession>,
    sets: Arc<Mutex<Vec<String>>>,
    refuses: bool,
}

impl ServerSession for Watched {
    fn prepare(&mut self, sql: &str) -> Result<Prepared, SqlError> {
        self.inner.prepare(sql)
    }
    fn query(&mut self, statement: u64, parameters: &Parameters) -> Result<Rows, SqlError> {
        self.inner.query(statement, parameters)
    }
    fn execute(&mut self, statement: u64, parameters: &Parameters) -> Result<Done, SqlError> {
        self.inner.execute(statement, parameters)
    }
    fn forget(&mut self, statement: u64) {
        self.inner.forget(statement);
    }
    fn set(&mut self, sql: &str) -> Result<(), SqlError> {
        self.sets.lock().unwrap().push(sql.to_owned());
        if self.refuses { Err(SqlError::new(-551, "42501", &["APP", "EXECUTE", "X"])) } else { Ok(()) }
    }
    fn commit(&mut self) -> Result<(), SqlError> {
        self.inner.commit()
    }
    fn rollback(&mut self) -> Result<(), SqlError> {
        self.inner.rollback()
    }
}

async fn start(persona: &'static Persona, witness: &Witness, access: Access) -> Server {
    serve(ServerSettings { persona, access, ..ServerSettings::default() }, Arc::new(witness.clone())).await.unwrap()
}

/// Connects over a pair of copiers that keep what the client sends.
async fn recorded(server: &Server, config: Config) -> (Connection, Arc<Mutex<Vec<u8>>>) {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let (mut from_client, mut to_client) = tokio::io::split(theirs);
    let (mut from_server, mut to_server) = TcpStream::connect(server.address()).await.unwrap().into_split();
    let sent = Arc::new(Mutex::new(Vec::new()));
    let kept = sent.clone();
    tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    tokio::spawn(async move {
        let mut buffer = [0; 4096];
        while let Ok(n @ 1..) = from_client.read(&mut buffer).await {
            kept.lock().unwrap().extend_from_slice(&buffer[..n]);
            if to_server.write_all(&buffer[..n]).await.is_err() {
                break;
            }
        }
    });
    (Connection::over(ours, Line::Local, config).await.unwrap(), sent)
}

fn holds(sent: &Mutex<Vec<u8>>, text: DdmText, name: &str) -> bool {
    let bytes = text.encode(name).unwrap();
    sent.lock().unwrap().windows(bytes.len()).any(|window| window == bytes)
}

/// The encoding of DDM text once the database is open.
fn agreed(persona: &Persona) -> DdmText {
    if persona.name == IBMI.name { DdmText::Ebcdic } else { DdmText::Utf8 }
}

#[tokio::test]
async fn names_and_passwords_of_every_kind_arrive() {
    let (user, password) = (format!("Jürgen{SIGNS}"), format!("Geheim{SIGNS}"));
    let eighteen = format!("D{SIGNS}");
    let long: String = "LONG".chars().chain(SIGNS.chars().cycle()).take(255).collect();
    let plain = "N".repeat(255);
    assert_eq!((eighteen.chars().count(), long.chars().count()), (18, 255));
    for persona in PERSONAS {
        let witness = Witness::default();
        let access = Access::Users(HashMap::from([(user.clone(), Secret::new(&password))]));
        let server = start(persona, &witness, access).await;
        for database in ["SAMPLE", "B", &eighteen, &plain, &long] {
            let case = format!("{} {database}", persona.name);
            let mut config = Config::new("127.0.0.1", server.address().port(), database).unwrap().password(&password);
            let (collection, application) = (format!("C{SIGNS}"), format!("app {SIGNS}"));
            for (key, value) in
                [("user", user.as_str()), ("collection", &collection), ("application_name", &application)]
            {
                config.set(key, value).unwrap();
            }
            let (connection, sent) = recorded(&server, config).await;
            let login = witness.logins.lock().unwrap().pop().unwrap();
            assert_eq!((login.user.as_str(), login.database.as_str()), (user.as_str(), database), "{case}");
            assert!(holds(&sent, DdmText::Ebcdic, &application), "{case}");
            // A package's name has 255 bytes for the database.
            if agreed(persona) == DdmText::Utf8 && database.len() > 255 {
                let e = connection.query("VALUES 1", &[]).await.unwrap_err();
                assert!(e.message.contains("PKGNAMCSN") || e.message.contains("255"), "{case}: {e}");
                continue;
            }
            assert_eq!(count(&rows(&connection, "VALUES 1").await), 1, "{case}");
            assert!(holds(&sent, agreed(persona), &collection), "{case}");
            connection.close().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_package_is_named_in_the_encoding_agreed() {
    for persona in PERSONAS {
        let server = start(persona, &Witness::default(), Access::Anyone).await;
        let mut config = config(&server);
        let package = format!("P{SIGNS}");
        config.set("package", &package).unwrap();
        let (connection, sent) = recorded(&server, config).await;
        match connection.query("VALUES 1", &[]).await {
            Ok(_) => assert_eq!(persona.name, DERBY.name),
            Err(e) => {
                assert_eq!(e.sqlcode, Some(-805), "{e}");
                assert!(e.message.contains(&format!("NULLID.{package}")), "{}: {e}", persona.name);
            }
        }
        assert!(holds(&sent, agreed(persona), &package), "{}", persona.name);
    }
}

#[tokio::test]
async fn an_application_in_another_alphabet_is_no_hindrance() {
    for persona in PERSONAS {
        let witness = Witness::default();
        let server = start(persona, &witness, Access::Anyone).await;
        let mut config = config(&server);
        config.set("application_name", "売上 報告").unwrap();
        let (connection, sent) = recorded(&server, config).await;
        // EXTNAM is EBCDIC; a register is in the page of the server's data.
        assert!(holds(&sent, DdmText::Ebcdic, "?? ??"));
        assert!(connection.warnings().is_empty(), "{:?}", connection.warnings());
        let sets = witness.sets.lock().unwrap().join("");
        assert_eq!(sets.contains("売上 報告"), persona.name != DERBY.name, "{} {sets}", persona.name);
    }
}

#[tokio::test]
async fn the_server_is_told_who_works_here() {
    let told = [
        ("application_name", "it's §"),
        ("client_workstation", "büro"),
        ("client_user", "ann"),
        ("client_accounting", "cost #7"),
    ];
    for persona in [&LUW, &ZOS, &IBMI] {
        let witness = Witness::default();
        let server = start(persona, &witness, Access::Anyone).await;
        let mut config = config(&server);
        told.iter().for_each(|(key, value)| config.set(key, value).unwrap());
        let (connection, sent) = recorded(&server, config).await;
        let ibmi = persona.name == IBMI.name;
        let first: &[&str] = if ibmi {
            &["CALL SYSPROC.WLM_SET_CLIENT_INFO('ann', 'büro', 'it''s §', 'cost #7', NULL)"]
        } else {
            &[
                "SET CLIENT USERID 'ann'",
                "SET CLIENT WRKSTNNAME 'büro'",
                "SET CLIENT APPLNAME 'it''s §'",
                "SET CLIENT ACCTNG 'cost #7'",
            ]
        };
        assert_eq!(std::mem::take(&mut *witness.sets.lock().unwrap()), first, "{}", persona.name);
        // The accounting string is in PRDDTA too.
        assert!(holds(&sent, DdmText::Ebcdic, "cost #7"));
        // What is not named stays; an empty text takes back.
        let mut later = ClientInfo::default();
        later.set("client_user", "bob").unwrap();
        later.set("client_accounting", "").unwrap();
        connection.set_client_info(&later).await.unwrap();
        connection.set_client_info(&ClientInfo::default()).await.unwrap();
        let second: &[&str] = if ibmi {
            &["CALL SYSPROC.WLM_SET_CLIENT_INFO('bob', NULL, NULL, '', NULL)"]
        } else {
            &["SET CLIENT USERID 'bob'", "SET CLIENT ACCTNG ''"]
        };
        assert_eq!(std::mem::take(&mut *witness.sets.lock().unwrap()), second, "{}", persona.name);
        // The same by hand.
        let by_hand = "CALL SYSPROC.WLM_SET_CLIENT_INFO('x', NULL, NULL, NULL, NULL)";
        connection.execute(by_hand, &[]).await.unwrap();
        assert_eq!(*witness.sets.lock().unwrap(), [by_hand]);
        connection.close().await.unwrap();
        assert_eq!(connection.set_client_info(&later).await.unwrap_err().kind, ErrorClass::Interface);
    }
}

#[tokio::test]
async fn a_server_that_does_not_listen_is_warned_of() {
    let mut later = ClientInfo::default();
    later.set("client_user", "bob").unwrap();
    for persona in [&LUW, &ZOS, &IBMI] {
        let server = start(persona, &Witness { refuses: true, ..Witness::default() }, Access::Anyone).await;
        let mut config = config(&server);
        config.client = later.clone();
        let connection = Connection::connect(config).await.unwrap();
        let warnings = connection.warnings();
        assert!(warnings.len() == 1 && warnings[0].message.contains("-551"), "{warnings:?}");
        assert_eq!(connection.set_client_info(&later).await.unwrap_err().sqlcode, Some(-551));
        assert_eq!(count(&rows(&connection, "VALUES 1").await), 1);
    }
    // Derby has no such registers: nothing is sent, and asked for later it is an error.
    let witness = Witness::default();
    let server = start(&DERBY, &witness, Access::Anyone).await;
    let mut config = config(&server);
    config.client = later.clone();
    let connection = Connection::connect(config).await.unwrap();
    assert!(connection.warnings().is_empty() && witness.sets.lock().unwrap().is_empty());
    assert_eq!(connection.set_client_info(&later).await.unwrap_err().kind, ErrorClass::NotSupported);
    assert_eq!(count(&rows(&connection, "VALUES 1").await), 1);
}

#[tokio::test]
async fn the_server_says_who_it_is() {
    let expected = [
        (&LUW, "Db2 for Linux, UNIX and Windows", "Linux", "QTDSQLX86", (1208, 1200, 1208), "drdarrow"),
        (&DERBY, "Apache Derby", "Java", "QTDSQLASC", (1208, 0, 1208), "drdarrow"),
        (&IBMI, "Db2 for i", "IBM i", "QTDSQL400", (37, 1200, 37), "123456/QUSER/QRWTSRVR"),
        (&ZOS, "Db2 for z/OS", "z/OS", "QTDSQL370", (1047, 1200, 1047), "drdarrow"),
    ];
    for (persona, product, platform, typdef, ccsids, job) in expected {
        let server = start(persona, &Witness::default(), Access::Anyone).await;
        let info = Connection::connect(config(&server)).await.unwrap().info();
        assert_eq!((info.product, info.platform.as_str(), info.typdef), (product, platform, typdef));
        assert_eq!((info.release.as_str(), info.prdid.as_str()), (persona.release, persona.prdid));
        assert_eq!((info.ccsids, info.job.as_str(), info.system.as_str()), (ccsids, job, "drdarrow"));
    }
}
