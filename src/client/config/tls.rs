//! The settings of TLS: `tls`, `tls_ca`, `tls_cert`, `tls_key`, `tls_fingerprint`, `tls_server_name`.

use super::{ConfigError, error};
use crate::net::tls::fingerprint::Fingerprint;
use crate::net::tls::trust::Trust;
use crate::net::tls::{ClientIdentity, TlsSettings};
use std::path::PathBuf;

/// The port on which Db2 for i and Db2 for z/OS take TLS from the first byte.
const TLS_PORT: u16 = 448;

/// The warning about `tls=insecure`.
pub const UNVERIFIED: &str = "tls=insecure: the connection is encrypted, but anybody may be at its other end: the \
    server's certificate is not verified (tls_ca=… or tls_fingerprint=… would)";

/// Whether the connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsMode {
    /// In clear.
    Off,
    /// Encrypted, to a server that has proved who it is.
    Require,
    /// Encrypted, to whoever answers.
    Insecure,
}

/// The settings of TLS that were given; the others follow from them.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// Whether.
    pub mode: Option<TlsMode>,
    /// PEM file with the authorities to trust in place of the system's.
    pub ca: Option<PathBuf>,
    /// PEM file with the client's certificate and those up to its authority.
    pub cert: Option<PathBuf>,
    /// PEM file with the key of the client's certificate.
    pub key: Option<PathBuf>,
    /// SHA-256 of the server's certificate, which then need not fit the name nor come from an authority.
    pub fingerprint: Option<Fingerprint>,
    /// The name to ask for and to find in the certificate, when it is not the host's.
    pub server_name: Option<String>,
}

impl Tls {
    /// The settings that follow at this port.
    pub(super) fn settings(&self, port: u16) -> Result<Option<TlsSettings>, ConfigError> {
        let given = self.given();
        let mode = match (self.mode, given) {
            (Some(TlsMode::Off), Some(other)) => return Err(error(other, "contradicts tls=off")),
            (Some(mode), _) => mode,
            (None, Some(_)) => TlsMode::Require,
            (None, None) if port == TLS_PORT => TlsMode::Require,
            (None, None) => TlsMode::Off,
        };
        let trust = match (mode, &self.ca, self.fingerprint) {
            (TlsMode::Off, ..) => return Ok(None),
            (TlsMode::Insecure, Some(_), _) => return Err(error("tls_ca", "contradicts tls=insecure")),
            (TlsMode::Insecure, _, Some(_)) => return Err(error("tls_fingerprint", "contradicts tls=insecure")),
            (TlsMode::Insecure, None, None) => Trust::Anybody,
            (TlsMode::Require, Some(_), Some(_)) => {
                return Err(error("tls_ca", "means nothing beside tls_fingerprint: a pinned certificate needs no CA"));
            }
            (TlsMode::Require, Some(ca), None) => Trust::Authorities(ca.clone()),
            (TlsMode::Require, None, Some(fingerprint)) => Trust::Pinned(fingerprint),
            (TlsMode::Require, None, None) => Trust::System,
        };
        let identity = match (&self.cert, &self.key) {
            (Some(cert), Some(key)) => Some(ClientIdentity { cert: cert.clone(), key: key.clone() }),
            (Some(_), None) => return Err(error("tls_key", "is missing: the key of tls_cert")),
            (None, Some(_)) => return Err(error("tls_cert", "is missing: the certificate of tls_key")),
            (None, None) => None,
        };
        Ok(Some(TlsSettings { trust, identity, server_name: self.server_name.clone() }))
    }

    /// A setting that makes sense only with TLS.
    fn given(&self) -> Option<&'static str> {
        let all = [
            (self.ca.is_some(), "tls_ca"),
            (self.cert.is_some(), "tls_cert"),
            (self.key.is_some(), "tls_key"),
            (self.fingerprint.is_some(), "tls_fingerprint"),
            (self.server_name.is_some(), "tls_server_name"),
        ];
        all.into_iter().find(|(given, _)| *given).map(|(_, name)| name)
    }
}

/// The names of the setting `tls`.
pub(super) const MODES: [(&str, TlsMode); 5] = [
    ("off", TlsMode::Off),
    ("require", TlsMode::Require),
    ("insecure", TlsMode::Insecure),
    ("true", TlsMode::Require),
    ("false", TlsMode::Off),
];

pub(super) fn path(key: &str, value: &str) -> Result<PathBuf, ConfigError> {
    if value.is_empty() {
        return Err(error(key, "expected the path of a PEM file"));
    }
    Ok(PathBuf::from(value))
}

pub(super) fn fingerprint(key: &str, value: &str) -> Result<Fingerprint, ConfigError> {
    let rule = "expected the SHA-256 of a certificate: 64 hexadecimal digits, with or without colons";
    value.parse().map_err(|_| error(key, rule))
}

pub(super) fn server_name(key: &str, value: &str) -> Result<String, ConfigError> {
    if value.is_empty() {
        return Err(error(key, "expected a host name or an address"));
    }
    Ok(value.to_owned())
}

#[cfg(test)]
mod tests {
    use crate::client::config::Config;
    use crate::net::tls::trust::Trust;

    const PIN: &str = "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff";

    fn trust(rest: &str) -> Option<Trust> {
        Config::from_uri(&format!("drda://h{rest}")).unwrap().tls_settings().unwrap().map(|s| s.trust)
    }

    #[test]
    fn what_is_not_said_follows_from_the_rest() {
        assert_eq!(trust("/d"), None);
        assert_eq!(trust(":448/d"), Some(Trust::System));
        assert_eq!(trust(":448/d?tls=off"), None);
        assert_eq!(trust("/d?tls=require"), Some(Trust::System));
        assert_eq!(trust("/d?tls=true"), Some(Trust::System));
        assert_eq!(trust("/d?tls=insecure"), Some(Trust::Anybody));
        assert_eq!(trust("/d?tls_server_name=x"), Some(Trust::System));
        assert_eq!(trust("/d?tls_ca=%2Fa.pem"), Some(Trust::Authorities("/a.pem".into())));
        let pinned = trust(&format!("/d?tls_fingerprint={PIN}"));
        assert!(matches!(pinned, Some(Trust::Pinned(_))));
        assert_eq!(trust(&format!("/d?tls_fingerprint={}", PIN.replace(':', ""))), pinned);
    }

    #[test]
    fn contradictions_are_named() {
        for (settings, setting) in [
            ("tls=on", "tls"),
            ("tls=off&tls_ca=a", "tls_ca"),
            ("tls=off&tls_server_name=a", "tls_server_name"),
            ("tls=insecure&tls_ca=a", "tls_ca"),
            (&format!("tls=insecure&tls_fingerprint={PIN}"), "tls_fingerprint"),
            (&format!("tls_ca=a&tls_fingerprint={PIN}"), "tls_ca"),
            ("tls_cert=a", "tls_key"),
            ("tls_key=a", "tls_cert"),
            ("tls_ca=", "tls_ca"),
            ("tls_server_name=", "tls_server_name"),
            ("tls_fingerprint=00:11", "tls_fingerprint"),
            (&format!("tls_fingerprint={}", PIN.replace("FF", "FG")), "tls_fingerprint"),
        ] {
            let e = Config::from_uri(&format!("drda://h/d?{settings}")).unwrap_err();
            assert_eq!(e.setting, setting, "{settings}: {e}");
        }
    }
}
