//! A client's certificate and the user as whom it logs in: for SQL, for record files and at the sign-on server.

use crate::authority::{Lab, named};
use crate::support::{config, count, rows, start_with};
use arrow_array::{Int32Array, RecordBatch};
use drdarrow::client::config::Config;
use drdarrow::client::error::{Error, Phase};
use drdarrow::client::file::config::FileConfig;
use drdarrow::client::file::connection::FileConnection;
use drdarrow::client::sql::connection::Connection;
use drdarrow::server::access::{Access, CertificateUsers};
use drdarrow::server::file::library::{FileOptions, FileStore};
use drdarrow::server::listen::Server;
use drdarrow::server::persona::{IBMI, LUW, Persona};
use drdarrow::server::settings::ServerSettings;
use drdarrow::server::table::MemoryTables;
use drdarrow::server::tls::ServerTls;
use drdarrow::wire::ddm::secchk::Secret;
use std::sync::Arc;
use std::time::Duration;

const PASSWORD: &str = "SECRET99";

/// An authority, a server that trusts it, and a client's certificate: its common name is ann, and so on.
struct Scene {
    lab: Lab,
    server: Server,
}

impl Scene {
    async fn new(persona: &'static Persona, certificate_users: CertificateUsers) -> Scene {
        let lab = Lab::new("Lab CA");
        let own = lab.issue(&named("db", &["127.0.0.1"]));
        let ca = lab.certificate.pem();
        let (chain, key) = (own.0.pem(), own.1.serialize_pem());
        let tls = ServerTls::from_pem(chain.as_bytes(), key.as_bytes(), Some(ca.as_bytes())).unwrap();
        let client = lab.issue(&named("ann", &["batch.example"]));
        lab.file("client.pem", &client.0.pem());
        lab.file("client.key", &client.1.serialize_pem());
        lab.ca();
        let files = FileStore::new();
        let batch = RecordBatch::try_from_iter([("ID", Arc::new(Int32Array::from(vec![1])) as _)]).unwrap();
        files.put("LIB/F", &batch.schema(), &[batch], &FileOptions::default()).unwrap();
        let is_ibm_i = persona.name == IBMI.name;
        let users = ["ann", "bob", "batch"].map(|user| (user.to_owned(), PASSWORD.to_owned()));
        let settings = ServerSettings {
            persona,
            access: Access::users(users),
            tls: Some(tls),
            certificate_users,
            files: is_ibm_i.then_some(files),
            signon: is_ibm_i.then(|| "127.0.0.1:0".parse().unwrap()),
            login_delay: Duration::ZERO,
            ..ServerSettings::default()
        };
        Scene { server: start_with(settings, &MemoryTables::new()).await, lab }
    }

    fn prepare(&self, config: &mut Config, user: &str, password: &str) {
        let file = |name: &str| self.lab.directory.join(name).to_str().unwrap().to_owned();
        for (key, value) in [("tls_ca", "ca.pem"), ("tls_cert", "client.pem"), ("tls_key", "client.key")] {
            config.set(key, &file(value)).unwrap();
        }
        config.set("user", user).unwrap();
        config.password = Some(Secret::new(password));
    }

    async fn sql(&self, user: &str, password: &str) -> Result<Connection, Error> {
        let mut config = config(&self.server);
        self.prepare(&mut config, user, password);
        Connection::connect(config).await
    }

    async fn files(&self, user: &str, signon: bool) -> Result<FileConnection, Error> {
        let signon = if signon { self.server.signon_address().unwrap().port() } else { 0 };
        let uri = format!("drda://127.0.0.1:{}/?signon_port={signon}", self.server.address().port());
        let (mut config, _) = FileConfig::from_uri(&uri).unwrap();
        self.prepare(&mut config.base, user, PASSWORD);
        FileConnection::connect(config).await
    }
}

fn named_users() -> CertificateUsers {
    let users = [("batch.example", "batch"), ("nobody.example", "bob"), ("bob", "bob")];
    CertificateUsers::Named(users.map(|(name, user)| (name.to_owned(), user.to_owned())).into())
}

#[tokio::test]
async fn a_certificate_is_that_of_its_user() {
    for (rule, allowed, refused) in [
        (CertificateUsers::Any, &["ann", "bob", "batch"][..], &[][..]),
        (CertificateUsers::CommonName, &["ann"], &["bob", "batch", "ANN"]),
        (named_users(), &["batch"], &["ann", "bob"]),
    ] {
        let scene = Scene::new(&LUW, rule).await;
        for user in allowed {
            let connection = scene.sql(user, PASSWORD).await.unwrap();
            assert_eq!(count(&rows(&connection, "VALUES 1").await), 1);
            let wrong = scene.sql(user, "wrong").await.unwrap_err();
            assert_eq!(wrong.sqlstate.as_deref(), Some("28000"), "{wrong}");
        }
        for user in refused {
            // Whether the password is right is not told.
            for password in [PASSWORD, "wrong"] {
                let e = scene.sql(user, password).await.unwrap_err();
                assert_eq!((e.phase, e.sqlstate.as_deref()), (Phase::Security, Some("08004")), "{user}: {e}");
                assert!(e.message.contains("refuse"), "{e}");
            }
        }
    }
}

#[tokio::test]
async fn it_is_so_for_files_and_at_the_sign_on_server() {
    for (rule, allowed, refused) in [
        (CertificateUsers::CommonName, &["ann", "ANN"][..], &["bob"][..]),
        (named_users(), &["batch", "Batch"], &["ann", "bob"]),
    ] {
        let scene = Scene::new(&IBMI, rule).await;
        for signon in [false, true] {
            for user in allowed {
                scene.files(user, signon).await.unwrap().close().await.unwrap();
            }
            for user in refused {
                let e = scene.files(user, signon).await.unwrap_err();
                assert_eq!(e.phase, Phase::Security, "{user} {signon}: {e}");
            }
        }
        assert!(scene.sql(allowed[0], PASSWORD).await.is_ok() && scene.sql(refused[0], PASSWORD).await.is_err());
    }
}

#[tokio::test]
async fn where_nobody_is_asked_for_a_password_the_certificate_says_who_it_is() {
    let settings = ServerSettings { certificate_users: CertificateUsers::CommonName, ..ServerSettings::default() };
    // Without TLS there is no certificate, and so nobody.
    let server = start_with(settings, &MemoryTables::new()).await;
    assert!(Connection::connect(config(&server)).await.is_err());
}
