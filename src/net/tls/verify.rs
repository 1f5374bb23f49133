//! Verifies a server's certificate: the chain to an authority and the name, one known certificate, or nothing.
//! That the server owns the certificate's key is always checked.

use super::fingerprint::Fingerprint;
use super::pem::{self, PemError};
use super::trust::Trust;
use crate::net::error::TlsError;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// The verifier of one connection.
#[derive(Debug)]
pub(super) struct Verifier {
    how: Verification,
    provider: Arc<CryptoProvider>,
    /// The server's certificate, for the words of an error.
    seen: OnceLock<Vec<u8>>,
    noted: OnceLock<Noted>,
}

#[derive(Debug)]
enum Verification {
    Chain(Arc<dyn ServerCertVerifier>),
    Pinned(Fingerprint),
    NotAtAll,
    /// Anybody is accepted; what these say of the certificate is kept.
    Noted(Result<Arc<dyn ServerCertVerifier>, String>),
}

/// The doubts about a certificate that was looked at and not judged.
#[derive(Debug, Clone)]
pub(super) struct Noted {
    /// Why the system does not trust it.
    pub distrust: Option<CertificateError>,
    /// Why that cannot be known, or what else was wrong.
    pub trouble: Option<String>,
    /// It is for the name that was asked for.
    pub name_fits: bool,
}

impl Verifier {
    /// Reads the authorities that are trusted, which may take a moment.
    pub(super) fn new(trust: &Trust, provider: Arc<CryptoProvider>) -> Result<Verifier, TlsError> {
        let how = match trust {
            Trust::System => {
                let system = rustls_platform_verifier::Verifier::new(provider.clone());
                Verification::Chain(Arc::new(system.map_err(|e| TlsError::System(e.to_string()))?))
            }
            Trust::Authorities(path) => {
                let bad = |source| TlsError::file("tls_ca", path, source);
                let roots = Arc::new(authorities(path).map_err(bad)?);
                let built = WebPkiServerVerifier::builder_with_provider(roots, provider.clone()).build();
                Verification::Chain(built.map_err(|e| TlsError::Setup(e.to_string()))?)
            }
            Trust::Pinned(fingerprint) => Verification::Pinned(*fingerprint),
            Trust::Anybody => Verification::NotAtAll,
        };
        Ok(Verifier::judging(how, provider))
    }

    /// Accepts anybody and notes what the system would say.
    pub(super) fn noting(provider: Arc<CryptoProvider>) -> Verifier {
        let system = rustls_platform_verifier::Verifier::new(provider.clone());
        let system = system.map(|system| Arc::new(system) as Arc<dyn ServerCertVerifier>);
        Verifier::judging(
            Verification::Noted(system.map_err(|e| TlsError::System(e.to_string()).to_string())),
            provider,
        )
    }

    fn judging(how: Verification, provider: Arc<CryptoProvider>) -> Verifier {
        Verifier { how, provider, seen: OnceLock::new(), noted: OnceLock::new() }
    }

    /// The doubts that were noted; none before a certificate came.
    pub(super) fn noted(&self) -> Option<Noted> {
        self.noted.get().cloned()
    }

    /// True when a server that was accepted has proved who it is.
    pub(super) fn is_verified(&self) -> bool {
        !matches!(self.how, Verification::NotAtAll | Verification::Noted(_))
    }

    /// The server's certificate; empty before it came.
    pub(super) fn seen(&self) -> &[u8] {
        self.seen.get().map(Vec::as_slice).unwrap_or_default()
    }
}

fn authorities(path: &Path) -> Result<RootCertStore, PemError> {
    let mut roots = RootCertStore::empty();
    for certificate in pem::certificates(&pem::read(path)?)? {
        roots.add(certificate).map_err(PemError::Certificate)?;
    }
    Ok(roots)
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.seen.get_or_init(|| leaf.to_vec());
        match &self.how {
            Verification::Chain(chain) => chain.verify_server_cert(leaf, intermediates, name, ocsp, now),
            Verification::Pinned(pinned) if Fingerprint::of(leaf) != *pinned => {
                Err(CertificateError::ApplicationVerificationFailure.into())
            }
            Verification::Noted(system) => {
                let verdict = system.as_ref().map(|s| s.verify_server_cert(leaf, intermediates, name, ocsp, now));
                let (distrust, trouble) = match verdict {
                    Ok(Ok(_)) => (None, None),
                    Ok(Err(Error::InvalidCertificate(why))) => (Some(why), None),
                    Ok(Err(other)) => (None, Some(other.to_string())),
                    Err(trouble) => (None, Some(trouble.clone())),
                };
                let name_fits =
                    ParsedCertificate::try_from(leaf).is_ok_and(|leaf| verify_server_name(&leaf, name).is_ok());
                self.noted.get_or_init(|| Noted { distrust, trouble, name_fits });
                Ok(ServerCertVerified::assertion())
            }
            Verification::Pinned(_) | Verification::NotAtAll => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, leaf, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, leaf, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
