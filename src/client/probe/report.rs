//! The findings.

use crate::net::tls::AcceptedCertificate;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Ports on which DRDA and what belongs to it usually listen, and what that is.
pub const USUAL: [(u16, &str); 21] = [
    (446, "DDM and DRDA: Db2 for i, Db2 for z/OS"),
    (447, "DDM and DRDA (IBM i)"),
    (448, "DDM and DRDA over TLS: Db2 for i, Db2 for z/OS"),
    (449, "server mapper (IBM i)"),
    (1527, "Apache Derby"),
    (8470, "central server (IBM i)"),
    (8471, "database server (IBM i)"),
    (8472, "data queue server (IBM i)"),
    (8473, "file server (IBM i)"),
    (8474, "print server (IBM i)"),
    (8475, "remote command server (IBM i)"),
    (8476, "sign-on server (IBM i)"),
    (9470, "central server over TLS (IBM i)"),
    (9471, "database server over TLS (IBM i)"),
    (9472, "data queue server over TLS (IBM i)"),
    (9473, "file server over TLS (IBM i)"),
    (9474, "print server over TLS (IBM i)"),
    (9475, "remote command server over TLS (IBM i)"),
    (9476, "sign-on server over TLS (IBM i)"),
    (50000, "Db2 for LUW"),
    (50001, "Db2 for LUW over TLS"),
];

/// The findings on a host.
#[derive(Debug, Clone)]
pub struct Report {
    /// As it was asked for.
    pub host: String,
    /// The addresses of its name.
    pub addresses: Vec<IpAddr>,
    /// The time that was allowed.
    pub timeout: Duration,
    /// The time that it took.
    pub elapsed: Duration,
    /// Every port that was looked at, by number.
    pub ports: Vec<Port>,
    /// Advice, the gravest first.
    pub advice: Vec<Advice>,
}

impl Report {
    /// Ports with a DRDA server.
    pub fn drda(&self) -> impl Iterator<Item = &Port> {
        self.ports.iter().filter(|port| port.service == Service::Drda)
    }
}

/// How a port takes a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortState {
    /// It does.
    Open,
    /// Nobody listens.
    Refused,
    /// No answer in time: a firewall, or nobody there.
    Silent,
    /// No way there.
    Unreachable,
}

impl PortState {
    /// In one word.
    pub fn name(self) -> &'static str {
        match self {
            PortState::Open => "open",
            PortState::Refused => "refused",
            PortState::Silent => "silent",
            PortState::Unreachable => "unreachable",
        }
    }
}

/// The protocol that is spoken there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// A DRDA server.
    Drda,
    /// The sign-on server of IBM i.
    SignOn,
    /// The server mapper of IBM i, which tells ports.
    Mapper,
    /// Another protocol, by name.
    Other(&'static str),
    /// Something that did not say.
    Unknown,
}

impl Service {
    /// In one word or two.
    pub fn name(self) -> &'static str {
        match self {
            Service::Drda => "DRDA",
            Service::SignOn => "IBM i sign-on",
            Service::Mapper => "IBM i server mapper",
            Service::Other(name) => name,
            Service::Unknown => "unknown",
        }
    }
}

/// The findings on a port.
#[derive(Debug, Clone)]
pub struct Port {
    /// Its number.
    pub port: u16,
    /// The service that usually listens there.
    pub usual: Option<&'static str>,
    /// How it takes a connection.
    pub state: PortState,
    /// The address that was connected to.
    pub address: Option<SocketAddr>,
    /// The protocol that is spoken there.
    pub service: Service,
    /// TLS, where the port speaks it.
    pub tls: Option<TlsReport>,
    /// The server, where it is DRDA.
    pub server: Option<ServerReport>,
    /// The answer of the sign-on server.
    pub sign_on: Option<SignOnReport>,
    /// Further facts, in words.
    pub words: String,
}

impl Port {
    /// It takes connections.
    pub fn is_open(&self) -> bool {
        self.state == PortState::Open
    }

    /// Nothing known yet.
    pub(super) fn new(port: u16) -> Port {
        Port {
            port,
            usual: USUAL.iter().find(|(known, _)| *known == port).map(|(_, usual)| *usual),
            state: PortState::Silent,
            address: None,
            service: Service::Unknown,
            tls: None,
            server: None,
            sign_on: None,
            words: String::new(),
        }
    }
}

/// TLS on a port.
#[derive(Debug, Clone)]
pub struct TlsReport {
    /// Version agreed: `TLSv1.3`.
    pub version: Option<&'static str>,
    /// Cipher suite agreed, by its IANA name.
    pub cipher: Option<String>,
    /// The server's certificate.
    pub seen: Option<AcceptedCertificate>,
    /// Why no connection came about.
    pub failure: Option<String>,
}

/// How a DRDA server introduces itself.
#[derive(Debug, Clone, Default)]
pub struct ServerReport {
    /// The product, in words, as far as it can be told before a login.
    pub product: &'static str,
    /// Version, release, modification.
    pub version: Option<String>,
    /// EXTNAM.
    pub name: String,
    /// SRVNAM.
    pub system: String,
    /// SRVCLSNM.
    pub class: String,
    /// SRVRLSLV.
    pub release: String,
    /// Managers and their levels; level 0: not there.
    pub managers: Vec<(&'static str, u16)>,
    /// Security mechanisms; none when the server did not tell.
    pub mechanisms: Option<Vec<OfferedMechanism>>,
    /// The mechanisms are all that there are.
    pub complete: bool,
    /// The strongest cipher of encrypted credentials: `AES-256`, `DES`.
    pub cipher: Option<&'static str>,
    /// Why the mechanisms are not known.
    pub refusal: Option<String>,
}

/// A security mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfferedMechanism {
    /// Its number (SECMEC).
    pub number: u16,
    /// Its name in DRDA.
    pub name: &'static str,
    /// In words.
    pub words: &'static str,
}

/// The answer of the sign-on server of IBM i.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignOnReport {
    /// Release of the operating system: `7.4.0`.
    pub release: String,
    /// Password level (QPWDLVL).
    pub password_level: u8,
    /// Its job.
    pub job: String,
}

/// How grave something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// To be acted on now.
    Critical,
    /// To be improved.
    Warning,
    /// To be known.
    Info,
}

impl Severity {
    /// In one word.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Critical => "critical",
            Severity::Warning => "warning",
            Severity::Info => "info",
        }
    }
}

/// Something to improve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// How grave it is.
    pub severity: Severity,
    /// A name for programs, which does not change.
    pub code: &'static str,
    /// The port that it is about.
    pub port: u16,
    /// The findings.
    pub text: String,
    /// The cure.
    pub cure: String,
}
