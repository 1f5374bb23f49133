//! PEM files (RFC 7468): certificates and private keys. Errors never contain bytes of the file.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use zeroize::Zeroizing;

/// Longest file read; the certificates of all public authorities together have a tenth of it.
const LIMIT: u64 = 4 << 20;

/// Faults of a PEM file.
#[derive(Debug, thiserror::Error)]
pub enum PemError {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    /// Something else than PEM.
    #[error("has more than {LIMIT} bytes")]
    TooLong,
    /// It has no certificate.
    #[error("holds no certificate in PEM form")]
    NoCertificate,
    /// A certificate cannot be used.
    #[error("holds a certificate that cannot be used: {0}")]
    Certificate(rustls::Error),
    /// It has no key.
    #[error("holds no private key in PEM form")]
    NoKey,
    /// Its key needs a passphrase.
    #[error("holds a private key that is encrypted: decrypt it first (openssl pkey)")]
    EncryptedKey,
    /// The key is of an unknown kind or belongs to another certificate.
    #[error("holds a private key that does not fit the certificate: {0}")]
    Key(rustls::Error),
}

/// A whole file.
pub fn read(path: &Path) -> Result<Vec<u8>, PemError> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LIMIT { Err(PemError::TooLong) } else { Ok(bytes) }
}

/// All certificates in their order, at least one.
pub fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, PemError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    found.ok().filter(|found| !found.is_empty()).ok_or(PemError::NoCertificate)
}

/// The first private key in a file, whose bytes are wiped.
pub fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, PemError> {
    private_key(&Zeroizing::new(read(path)?))
}

/// The first private key: PKCS #1, PKCS #8 or SEC 1.
pub fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, PemError> {
    const ENCRYPTED: [&[u8]; 2] = [b"BEGIN ENCRYPTED PRIVATE KEY", b"Proc-Type: 4,ENCRYPTED"];
    if ENCRYPTED.iter().any(|mark| pem.windows(mark.len()).any(|part| part == *mark)) {
        return Err(PemError::EncryptedKey);
    }
    PrivateKeyDer::from_pem_slice(pem).map_err(|_| PemError::NoKey)
}

#[cfg(test)]
mod tests {
    use super::{PemError, certificates, private_key, read};
    use std::path::Path;

    #[test]
    fn what_is_wrong_is_told() {
        assert!(matches!(read(Path::new("/nonexistent.pem")), Err(PemError::Unreadable(_))));
        assert!(matches!(certificates(b""), Err(PemError::NoCertificate)));
        assert!(matches!(certificates(&[0x30, 0x82, 1, 1]), Err(PemError::NoCertificate)));
        let cut = b"-----BEGIN CERTIFICATE-----\nMIIB";
        assert!(matches!(certificates(cut), Err(PemError::NoCertificate)));
        assert!(matches!(private_key(cut), Err(PemError::NoKey)));
        for locked in [
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMII=\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMII=\n-----END RSA PRIVATE KEY-----\n",
        ] {
            assert!(matches!(private_key(locked.as_bytes()), Err(PemError::EncryptedKey)));
        }
    }
}
