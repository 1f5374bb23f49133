//! The SHA-256 of a certificate, as `openssl x509 -fingerprint -sha256` and `keytool -list -v` print it.

use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// The SHA-256 of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

/// Text that is not a fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not 64 hexadecimal digits")]
pub struct NoFingerprint;

impl Fingerprint {
    /// Of a certificate in DER.
    pub fn of(certificate: &[u8]) -> Fingerprint {
        Fingerprint(Sha256::digest(certificate).into())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, byte) in self.0.iter().enumerate() {
            let colon = if n == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02X}")?;
        }
        Ok(())
    }
}

impl FromStr for Fingerprint {
    type Err = NoFingerprint;

    /// Hexadecimal digits, with colons between the bytes or without.
    fn from_str(text: &str) -> Result<Fingerprint, NoFingerprint> {
        let colons = text.contains(':');
        let mut digits = text.trim().chars();
        let mut bytes = [0; 32];
        for (n, byte) in bytes.iter_mut().enumerate() {
            if colons && n > 0 && digits.next() != Some(':') {
                return Err(NoFingerprint);
            }
            let mut digit = || digits.next().and_then(|c| c.to_digit(16)).ok_or(NoFingerprint);
            *byte = (digit()? << 4 | digit()?) as u8;
        }
        if digits.next().is_some() { Err(NoFingerprint) } else { Ok(Fingerprint(bytes)) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Fingerprint, NoFingerprint};

    #[test]
    fn text_and_back() {
        // SHA-256 of "abc" (FIPS 180-4).
        let text = "BA:78:16:BF:8F:01:CF:EA:41:41:40:DE:5D:AE:22:23:B0:03:61:A3:96:17:7A:9C:B4:10:FF:61:F2:00:15:AD";
        assert_eq!(Fingerprint::of(b"abc").to_string(), text);
        for written in [text.to_owned(), text.to_lowercase(), text.replace(':', ""), format!(" {text} ")] {
            assert_eq!(written.parse(), Ok(Fingerprint::of(b"abc")), "{written}");
        }
        for wrong in ["", "BA", &text[1..], &text[3..], &format!("{text}:00"), &text.replacen(':', "", 1)] {
            assert_eq!(wrong.parse::<Fingerprint>(), Err(NoFingerprint), "{wrong}");
        }
    }
}
