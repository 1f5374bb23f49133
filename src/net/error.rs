//! Errors between client and server below the meaning of bytes: names, sockets, TLS, time.

use super::tls::certificate::Names;
use super::tls::fingerprint::Fingerprint;
use super::tls::pem::PemError;
use crate::flow::error::FlowError;
use crate::flow::progress::Awaited;
use rustls::{AlertDescription, CertificateError};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// How far a connection had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectStage {
    /// Resolving the host's name.
    Dns,
    /// Opening the TCP connection.
    Tcp,
    /// Shaking hands for TLS.
    Tls,
    /// Waiting for the first DRDA reply.
    FirstReply,
    /// Waiting for this reply of a login.
    Login(Awaited),
    /// Waiting for a later reply.
    Reply,
}

/// A failure of the transport, or a conversation's own error carried through.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// The host's name has no address.
    #[error("cannot resolve {host}: {source}")]
    Dns {
        /// The name.
        host: String,
        /// The resolver's error.
        source: std::io::Error,
    },
    /// No address of the host took the connection.
    #[error("cannot connect to {host}:{port}: {source}")]
    Tcp {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// The system's error for the last address.
        source: std::io::Error,
    },
    /// The deadline passed.
    #[error("no answer within {:.1} s", after.as_secs_f64())]
    Timeout {
        /// The step that was waited for.
        stage: ConnectStage,
        /// The time allowed.
        after: Duration,
    },
    /// It was to be broken off, and the server cannot be told.
    #[error("the wait was broken off; the server does not end what it runs")]
    BrokenOff,
    /// The server closed or reset the connection while a reply was due.
    #[error("the server closed the connection{}", source.as_ref().map(|e| format!(": {e}")).unwrap_or_default())]
    Closed {
        /// The step that was waited for.
        stage: ConnectStage,
        /// The system's error; none for an orderly close.
        source: Option<std::io::Error>,
    },
    /// The peer does not speak DRDA.
    #[error("{what}")]
    NotDrda {
        /// The protocol recognised, and its first bytes.
        what: String,
    },
    /// TLS did not come about.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The connection was given up earlier.
    #[error("the connection is no longer usable: {0}")]
    Broken(String),
    /// The conversation's own error.
    #[error(transparent)]
    Flow(#[from] FlowError),
}

/// Why a connection cannot be made TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file of a setting cannot be used.
    #[error("{setting}: {} {source}", path.display())]
    File {
        /// The setting.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// The fault in it.
        source: PemError,
    },
    /// The host's name cannot stand in a certificate.
    #[error("{0:?} is not a name that a certificate can have")]
    Name(String),
    /// The system's authorities are not to be had.
    #[error("the system's certificate authorities cannot be loaded: {0}")]
    System(String),
    /// It cannot even begin.
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
    /// Something else than TLS answered.
    #[error("the server did not answer with TLS; it may be the plain port: {0}")]
    NotTls(String),
    /// A connection in clear met TLS.
    #[error("{0}")]
    WantsTls(String),
    /// The connection ended in the middle.
    #[error("the server closed the connection in place of a TLS handshake; it may be the plain port: {0}")]
    Closed(std::io::Error),
    /// The server said no.
    #[error("the server refused the TLS connection: alert {0:?}")]
    Refused(AlertDescription),
    /// The server's certificate does not do.
    #[error("{0}")]
    Distrust(Box<Distrust>),
    /// Anything else.
    #[error("the TLS handshake failed: {0}")]
    Failed(String),
}

impl TlsError {
    /// Advice.
    pub fn hint(&self) -> Option<String> {
        use AlertDescription as Alert;
        match self {
            TlsError::NotTls(_) | TlsError::Closed(_) => {
                Some("usual ports with TLS: 448 Db2 for i and z/OS, 50001 Db2 for LUW; without: tls=off".to_owned())
            }
            TlsError::System(_) => Some("name a file of authorities with tls_ca=…".to_owned()),
            TlsError::Name(_) => Some("give the name in the certificate as tls_server_name=…".to_owned()),
            TlsError::Refused(Alert::HandshakeFailure | Alert::ProtocolVersion | Alert::InsufficientSecurity) => Some(
                "this client speaks TLS 1.2 and 1.3 with forward secrecy; the server may also want a client \
                 certificate: tls_cert=…, tls_key=…"
                    .to_owned(),
            ),
            TlsError::Refused(Alert::UnrecognisedName) => {
                Some("give the name that the server knows itself by as tls_server_name=…".to_owned())
            }
            TlsError::Refused(alert) if about_certificates(*alert) => {
                Some("it is about the client's certificate: tls_cert=…, tls_key=…".to_owned())
            }
            TlsError::Distrust(distrust) => Some(distrust.hint()),
            _ => None,
        }
    }
}

fn about_certificates(alert: AlertDescription) -> bool {
    use AlertDescription as Alert;
    matches!(
        alert,
        Alert::CertificateRequired
            | Alert::NoCertificate
            | Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied
    )
}

/// The verifier's name for a CA's certificate in a server's place; it has no type of its own here.
const AUTHORITY: &str = "CaUsedAsEndEntity";

/// A server's certificate that was turned down.
#[derive(Debug)]
pub struct Distrust {
    /// The check that failed.
    pub why: CertificateError,
    /// Whom it is about.
    pub names: Names,
    /// Its SHA-256.
    pub fingerprint: Fingerprint,
}

impl Distrust {
    fn hint(&self) -> String {
        let pin = format!("pin it, once you know that it is the server's: tls_fingerprint={}", self.fingerprint);
        match &self.why {
            CertificateError::UnknownIssuer if self.names.self_issued => {
                format!("give it as tls_ca=file.pem, or {pin}")
            }
            CertificateError::UnknownIssuer => "give that authority's certificate as tls_ca=file.pem".to_owned(),
            CertificateError::NotValidForNameContext { presented, .. } if !presented.is_empty() => {
                "connect by one of these names, or say which one is right: tls_server_name=…".to_owned()
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "is the clock of this machine right?".to_owned()
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "the server needs a new certificate, or this machine's clock is wrong".to_owned()
            }
            CertificateError::ApplicationVerificationFailure => {
                "the server's certificate was replaced, or this is not the server".to_owned()
            }
            _ => pin,
        }
    }
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Names { subject, issuer, self_issued } = &self.names;
        match subject.as_str() {
            "" => write!(f, "the server's certificate ")?,
            subject => write!(f, "the server's certificate ({subject}) ")?,
        }
        match &self.why {
            CertificateError::ExpiredContext { time, not_after } => {
                write!(f, "expired {} ago", days(time.as_secs(), not_after.as_secs()))
            }
            CertificateError::Expired => write!(f, "has expired"),
            CertificateError::NotValidYetContext { time, not_before } => {
                write!(f, "is not valid yet: it will be in {}", days(not_before.as_secs(), time.as_secs()))
            }
            CertificateError::NotValidYet => write!(f, "is not valid yet"),
            CertificateError::UnknownIssuer if *self_issued => write!(f, "is self-signed and not trusted"),
            CertificateError::UnknownIssuer => {
                write!(f, "comes from an authority that is not trusted: {issuer:?}")
            }
            CertificateError::NotValidForNameContext { expected, presented } if presented.is_empty() => {
                write!(f, "names no host at all (subject alternative names), so not {:?}", expected.to_str())
            }
            CertificateError::NotValidForNameContext { expected, presented } => {
                let names: Vec<&str> = presented.iter().take(10).map(|name| bare(name)).collect();
                write!(f, "is not for {:?} but for {}", expected.to_str(), names.join(", "))
            }
            CertificateError::ApplicationVerificationFailure => {
                write!(f, "is not the one of tls_fingerprint: its SHA-256 is {}", self.fingerprint)
            }
            CertificateError::Other(other) if other.0.to_string() == AUTHORITY => {
                write!(f, "is that of an authority, which cannot be a server's too")
            }
            CertificateError::Other(other) => write!(f, "does not do: {}", other.0),
            other => write!(f, "does not do: {other}"),
        }
    }
}

/// `DnsName("x")` and `IpAddress(x)` without their wrapping.
fn bare(name: &str) -> &str {
    let inside = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inside.unwrap_or(name).trim_matches('"')
}

fn days(later: u64, earlier: u64) -> String {
    match later.saturating_sub(earlier) / 86_400 {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        n => format!("{n} days"),
    }
}
