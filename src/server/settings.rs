//! How a server behaves: what it looks like, who may come in, what is borne with.

use super::file::library::FileStore;
use super::login::access::{Access, CertificateUsers};
use super::persona::{LUW, Persona};
use super::tls::ServerTls;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// How a server behaves.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// Where to listen; port 0 takes any that is free.
    pub address: SocketAddr,
    /// The product it looks like.
    pub persona: &'static Persona,
    /// The CCSID of character columns that have none of their own, in place of the persona's; for
    /// the personas whose columns may have one.
    pub ccsid: Option<u16>,
    /// Who may connect.
    pub access: Access,
    /// Files for record access, which the persona `ibmi` has.
    pub files: Option<FileStore>,
    /// Where to listen as a sign-on server, which IBM's clients ask before they ask for files; none
    /// for no such server.
    pub signon: Option<SocketAddr>,
    /// The password level (QPWDLVL, 0 to 4) that the sign-on server tells; clients make their proofs by
    /// it.
    pub password_level: u8,
    /// TLS on every connection; none for connections in clear.
    pub tls: Option<ServerTls>,
    /// As whom a client with a certificate may log in.
    pub certificate_users: CertificateUsers,
    /// Connections at a time. One beyond takes the place of the oldest that has not logged in; when all
    /// have, it is closed at once.
    pub max_connections: usize,
    /// Threads that run statements at a time. Logins have threads of their own.
    pub workers: usize,
    /// Peers on other machines may send passwords in clear, or so that every listener can find them out, without TLS.
    pub allow_cleartext_password: bool,
    /// After five failed logins of an address or a user name the answer takes so long, and twice as long after each
    /// one more, up to ten seconds; zero: never.
    pub login_delay: Duration,
    /// Tables and files may be read, and not changed.
    pub read_only: bool,
    /// A connection without a request for so long is closed, its transaction undone; none: never.
    pub idle_timeout: Option<Duration>,
    /// From the first byte to an open database, a TLS handshake included.
    pub login_timeout: Duration,
    /// A begun request has to go on, and a reply has to be taken, within this time.
    pub stall_timeout: Duration,
    /// Longest request: a statement with its parameters.
    pub max_request: usize,
    /// Bytes that the clients may make the server hold beside its tables: rows that wait to be fetched, large objects,
    /// requests, replies, prepared statements, changes that are not committed. Beyond that a statement ends with
    /// SQLCODE -289.
    pub max_memory: usize,
    /// The same for one connection.
    pub max_connection_memory: usize,
}

impl Default for ServerSettings {
    fn default() -> ServerSettings {
        ServerSettings {
            address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            persona: &LUW,
            ccsid: None,
            access: Access::default(),
            files: None,
            signon: None,
            password_level: 2,
            tls: None,
            certificate_users: CertificateUsers::default(),
            max_connections: 512,
            workers: 8,
            allow_cleartext_password: false,
            login_delay: Duration::from_millis(100),
            read_only: false,
            idle_timeout: None,
            login_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(60),
            max_request: 256 << 20,
            max_memory: 1 << 30,
            max_connection_memory: 256 << 20,
        }
    }
}
