//! TLS from the first byte, as DRDA has it: there is no step from a connection in clear to one that is
//! encrypted. Trust comes from the system's store, from a file of authorities or from one certificate
//! that is known beforehand.

pub mod certificate;
pub mod fingerprint;
pub mod holder;
pub mod pem;
pub mod trust;
mod verify;

use self::certificate::{Certificate, Names};
use self::fingerprint::Fingerprint;
use self::pem::PemError;
use self::trust::Trust;
use self::verify::Verifier;
use super::any_stream::BoxedStream;
use super::error::{ConnectStage, Distrust, NetError, TlsError};
use super::prefix::KeepPrefix;
use super::recognise;
use super::transport::Deadline;
use rustls::client::WantsClientCert;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ConfigBuilder, ProtocolVersion};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::task::spawn_blocking;
use tokio::time::timeout_at;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How a connection is made TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSettings {
    /// Whom to believe.
    pub trust: Trust,
    /// Who we are, when the server asks.
    pub identity: Option<ClientIdentity>,
    /// The name to ask for and to find in the certificate, when it is not the host's.
    pub server_name: Option<String>,
}

/// A client's certificate, by PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientIdentity {
    /// The certificate and those up to its authority.
    pub cert: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// The outcome of a handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secured {
    /// Version of TLS.
    pub version: &'static str,
    /// Cipher suite, by its IANA name.
    pub cipher: String,
    /// SHA-256 of the server's certificate.
    pub fingerprint: Fingerprint,
    /// The server has proved who it is.
    pub verified: bool,
}

/// A server's certificate that was looked at and accepted whatever it is.
#[derive(Debug, Clone)]
pub struct AcceptedCertificate {
    /// Its contents.
    pub certificate: Certificate,
    /// Its SHA-256.
    pub fingerprint: Fingerprint,
    /// The system trusts it for the name that was asked for.
    pub trusted: bool,
    /// Why not, in words.
    pub distrust: Option<String>,
    /// It is for that name.
    pub name_fits: bool,
}

/// An encrypted stream.
pub type Encrypted = TlsStream<KeepPrefix<BoxedStream>>;

/// Settings with their files read.
#[derive(Debug)]
pub struct Connector {
    config: Arc<ClientConfig>,
    verifier: Arc<Verifier>,
    name: ServerName<'static>,
}

impl Connector {
    /// Reads the files for a connection to `host`.
    pub async fn new(host: &str, settings: TlsSettings, deadline: Deadline) -> Result<Connector, NetError> {
        let name = settings.server_name.as_deref().unwrap_or(host);
        let name = ServerName::try_from(name.to_owned()).map_err(|_| TlsError::Name(name.to_owned()))?;
        let work = spawn_blocking(move || configure(&settings));
        let done = timeout_at(deadline.at(), work).await.map_err(|_| deadline.passed(ConnectStage::Tls))?;
        let (config, verifier) = done.map_err(|e| TlsError::Setup(e.to_string()))??;
        Ok(Connector { config: Arc::new(config), verifier, name })
    }

    /// Looks at the certificate of `host` without judging it.
    pub async fn to_look(host: &str, deadline: Deadline) -> Result<Connector, NetError> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| TlsError::Name(host.to_owned()))?;
        let work = spawn_blocking(|| {
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let verifier = Arc::new(Verifier::noting(provider.clone()));
            Ok::<_, TlsError>((building(provider, verifier.clone())?.with_no_client_auth(), verifier))
        });
        let done = timeout_at(deadline.at(), work).await.map_err(|_| deadline.passed(ConnectStage::Tls))?;
        let (config, verifier) = done.map_err(|e| TlsError::Setup(e.to_string()))??;
        Ok(Connector { config: Arc::new(config), verifier, name })
    }

    /// The same as [`connect`](Connector::connect), and the certificate, which a server may show even
    /// where no connection comes about.
    pub async fn look(
        self,
        stream: BoxedStream,
        deadline: Deadline,
    ) -> (Result<(Encrypted, Secured), NetError>, Option<AcceptedCertificate>) {
        let verifier = self.verifier.clone();
        let done = self.connect(stream, deadline).await;
        let seen = verifier.noted().map(|noted| {
            let (certificate, fingerprint) = (Certificate::of(verifier.seen()), Fingerprint::of(verifier.seen()));
            let distrust =
                noted.distrust.map(|why| Distrust { why, names: certificate.names.clone(), fingerprint }.to_string());
            let distrust = distrust.or(noted.trouble);
            AcceptedCertificate {
                certificate,
                fingerprint,
                trusted: distrust.is_none(),
                distrust,
                name_fits: noted.name_fits,
            }
        });
        (done, seen)
    }

    /// Shakes hands over a stream that is connected.
    pub async fn connect(self, stream: BoxedStream, deadline: Deadline) -> Result<(Encrypted, Secured), NetError> {
        let connector = TlsConnector::from(self.config);
        let handshake = connector.connect(self.name, KeepPrefix::new(stream)).into_fallible();
        let stream = match timeout_at(deadline.at(), handshake).await {
            Err(_) => return Err(deadline.passed(ConnectStage::Tls)),
            Ok(Err((e, stream))) => return Err(failure(e, stream.first(), &self.verifier).into()),
            Ok(Ok(stream)) => stream,
        };
        let (_, agreed) = stream.get_ref();
        let leaf = agreed.peer_certificates().and_then(<[_]>::first).map(AsRef::as_ref).unwrap_or_default();
        let secured = Secured {
            version: match agreed.protocol_version() {
                Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
                Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
                _ => "TLS",
            },
            cipher: agreed
                .negotiated_cipher_suite()
                .and_then(|suite| suite.suite().as_str())
                .unwrap_or_default()
                .replace("TLS13_", "TLS_"),
            fingerprint: Fingerprint::of(leaf),
            verified: self.verifier.is_verified(),
        };
        tracing::debug!(version = secured.version, cipher = secured.cipher, verified = secured.verified, "TLS agreed");
        Ok((stream, secured))
    }
}

/// The server's refusal, where an error of the stream is one. In TLS 1.3 it may come after the
/// handshake: the client is done before the server has looked at its certificate.
pub(super) fn refusal(e: &std::io::Error) -> Option<TlsError> {
    match inner(e) {
        Some(rustls::Error::AlertReceived(alert)) => Some(TlsError::Refused(*alert)),
        _ => None,
    }
}

fn configure(settings: &TlsSettings) -> Result<(ClientConfig, Arc<Verifier>), TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Arc::new(Verifier::new(&settings.trust, provider.clone())?);
    let builder = building(provider, verifier.clone())?;
    let config = match &settings.identity {
        None => builder.with_no_client_auth(),
        Some(ClientIdentity { cert, key }) => {
            let bad_cert = |source| TlsError::file("tls_cert", cert, source);
            let bad_key = |source| TlsError::file("tls_key", key, source);
            let chain = pem::read(cert).and_then(|pem| pem::certificates(&pem)).map_err(bad_cert)?;
            let private = pem::read_key(key).map_err(bad_key)?;
            builder.with_client_auth_cert(chain, private).map_err(|e| bad_key(PemError::Key(e)))?
        }
    };
    Ok((config, verifier))
}

fn building(
    provider: Arc<CryptoProvider>,
    verifier: Arc<Verifier>,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, TlsError> {
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| TlsError::Setup(e.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(verifier))
}

/// The meaning of a failed handshake.
fn failure(e: std::io::Error, first: &[u8], verifier: &Verifier) -> TlsError {
    if let Some(what) = recognise::instead_of_tls(first) {
        return TlsError::NotTls(what);
    }
    match inner(&e) {
        Some(rustls::Error::InvalidCertificate(why)) => {
            let leaf = verifier.seen();
            let fingerprint = Fingerprint::of(leaf);
            TlsError::Distrust(Box::new(Distrust { why: why.clone(), names: Names::of(leaf), fingerprint }))
        }
        Some(rustls::Error::AlertReceived(alert)) => TlsError::Refused(*alert),
        Some(other) => TlsError::Failed(other.to_string()),
        None => TlsError::Closed(e),
    }
}

fn inner(e: &std::io::Error) -> Option<&rustls::Error> {
    e.get_ref().and_then(|inner| inner.downcast_ref())
}

impl TlsError {
    /// Something wrong with the file of a setting.
    pub(super) fn file(setting: &'static str, path: &Path, source: PemError) -> TlsError {
        TlsError::File { setting, path: path.to_owned(), source }
    }
}
