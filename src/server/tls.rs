//! TLS on the answering side: from the first byte of a connection, with a certificate of the server's
//! and, where wanted, one of the client's.

use crate::net::any_stream::BoxedStream;
use crate::net::tls::holder::HolderNames;
use crate::net::tls::pem::{self, PemError};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A peer whose handshake failed gets this long, and may send this much, to read why.
const PARTING: Duration = Duration::from_millis(500);
const PARTING_BYTES: u64 = 64 * 1024;

/// The names in the certificate that a client showed in its handshake, which has judged it.
pub(super) fn holder(stream: &Encrypted) -> Option<HolderNames> {
    let (_, session) = stream.get_ref();
    session.peer_certificates()?.first().map(|certificate| HolderNames::of(certificate))
}

/// A connection after its handshake.
pub(super) type Encrypted = TlsStream<BoxedStream>;

/// A server's certificate with its key, ready for use.
#[derive(Debug, Clone)]
pub struct ServerTls(Arc<ServerConfig>);

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum ServerTlsError {
    /// The server's certificate.
    #[error("the certificate {0}")]
    Certificate(PemError),
    /// Its key.
    #[error("the key {0}")]
    Key(PemError),
    /// The authorities of clients.
    #[error("the authority of clients {0}")]
    Authority(PemError),
    /// Something else.
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
}

impl ServerTls {
    /// From PEM: the certificate with those up to its authority, and its key. With `clients`, only a
    /// client with a certificate of one of these authorities is let in.
    pub fn from_pem(chain: &[u8], key: &[u8], clients: Option<&[u8]>) -> Result<ServerTls, ServerTlsError> {
        let chain = pem::certificates(chain).map_err(ServerTlsError::Certificate)?;
        let key = pem::private_key(key).map_err(ServerTlsError::Key)?;
        let clients = clients.map(pem::certificates).transpose().map_err(ServerTlsError::Authority)?;
        configure(chain, key, clients)
    }

    /// The same from PEM files.
    pub fn from_files(chain: &Path, key: &Path, clients: Option<&Path>) -> Result<ServerTls, ServerTlsError> {
        let certificates = |path| pem::read(path).and_then(|pem| pem::certificates(&pem));
        let chain = certificates(chain).map_err(ServerTlsError::Certificate)?;
        let key = pem::read_key(key).map_err(ServerTlsError::Key)?;
        let clients = clients.map(certificates).transpose().map_err(ServerTlsError::Authority)?;
        configure(chain, key, clients)
    }

    /// Shakes hands. A peer with whom that fails is told why as TLS tells it, and gets no stream.
    pub(super) async fn accept(&self, stream: BoxedStream) -> Option<Encrypted> {
        let (e, mut stream) = match TlsAcceptor::from(self.0.clone()).accept(stream).into_fallible().await {
            Ok(stream) => return Some(stream),
            Err(failed) => failed,
        };
        tracing::debug!(error = %e, "no TLS handshake");
        // With unread bytes left, the system would reset the connection and the alert be lost.
        let parting = async {
            stream.shutdown().await?;
            tokio::io::copy(&mut stream.take(PARTING_BYTES), &mut tokio::io::sink()).await
        };
        let _ = timeout(PARTING, parting).await;
        None
    }
}

fn configure(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    clients: Option<Vec<CertificateDer<'static>>>,
) -> Result<ServerTls, ServerTlsError> {
    let setup = |e: String| ServerTlsError::Setup(e);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|e| setup(e.to_string()))?;
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(clients) => {
            let mut roots = RootCertStore::empty();
            for authority in clients {
                roots.add(authority).map_err(|e| ServerTlsError::Authority(PemError::Certificate(e)))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.map_err(|e| setup(e.to_string()))?)
        }
    };
    let config = builder.with_single_cert(chain, key).map_err(|e| ServerTlsError::Key(PemError::Key(e)))?;
    Ok(ServerTls(Arc::new(config)))
}
