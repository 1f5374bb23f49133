//! The settings of security: which mechanism, by which name, and what it needs.

use super::{Config, ConfigError};
use crate::flow::secmec::SecMec;
use crate::flow::secmec::agreement::EncAlg;
use crate::flow::secmec::caution::Caution;
use crate::flow::secmec::choice::Choice;
pub use crate::flow::secmec::source::NoToken;
use crate::flow::secmec::source::TokenSource;

/// How to prove who we are. Named as in the DRDA security mechanisms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Security {
    /// The strongest mechanism that both sides have, or the user id alone when there is no password.
    #[default]
    Auto,
    /// User id only (SECMEC 4).
    UserOnly,
    /// User id and password in clear (SECMEC 3).
    Password,
    /// Password substitute: Derby's (SECMEC 8) or IBM i's (SECMEC 6 and 8, by the password level).
    Substitute,
    /// Encrypted user id and password with AES-256 (SECMEC 9).
    EncryptedAes,
    /// Encrypted user id and password with DES (SECMEC 9).
    EncryptedDes,
    /// User id in clear, password encrypted with AES-256 (SECMEC 7).
    EncryptedPasswordAes,
    /// User id in clear, password encrypted with DES (SECMEC 7).
    EncryptedPasswordDes,
    /// Kerberos tickets from a token source (SECMEC 11).
    Kerberos,
    /// Profile token of IBM i from a token source (SECMEC 16).
    ProfileToken,
    /// Data encryption (SECMEC 13): known, not built.
    EncryptedData,
    /// A plug-in of the server (SECMEC 15): known, not built.
    PlugIn,
}

/// The names of the setting `security`.
const NAMES: [(&str, Security); 14] = [
    ("auto", Security::Auto),
    ("user", Security::UserOnly),
    ("password", Security::Password),
    ("substitute", Security::Substitute),
    ("encrypted", Security::EncryptedAes),
    ("encrypted-aes", Security::EncryptedAes),
    ("encrypted-des", Security::EncryptedDes),
    ("encrypted-password", Security::EncryptedPasswordAes),
    ("encrypted-password-aes", Security::EncryptedPasswordAes),
    ("encrypted-password-des", Security::EncryptedPasswordDes),
    ("kerberos", Security::Kerberos),
    ("profile-token", Security::ProfileToken),
    ("encrypted-data", Security::EncryptedData),
    ("plugin", Security::PlugIn),
];

impl Security {
    /// The name that the setting has.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, security)| *security == self).map_or("auto", |(name, _)| name)
    }

    /// By the name that the setting has.
    pub fn named(name: &str) -> std::result::Result<Security, ConfigError> {
        NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, security)| *security).ok_or_else(
            || {
                let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
                ConfigError { setting: "security".to_owned(), rule: format!("expected one of {}", names.join(", ")) }
            },
        )
    }

    /// True when it cannot do without a password.
    pub(super) fn needs_password(self) -> bool {
        matches!(
            self,
            Security::Password
                | Security::Substitute
                | Security::EncryptedAes
                | Security::EncryptedDes
                | Security::EncryptedPasswordAes
                | Security::EncryptedPasswordDes
        )
    }

    /// The choice that it stands for in the negotiation.
    pub(in crate::client) fn choice(self) -> Choice {
        match self {
            Security::Auto => Choice::Auto,
            Security::UserOnly => Choice::UserOnly,
            Security::Password => Choice::Password,
            Security::Substitute => Choice::Substitute,
            Security::EncryptedAes => Choice::Encrypted(EncAlg::Aes),
            Security::EncryptedDes => Choice::Encrypted(EncAlg::Des),
            Security::EncryptedPasswordAes => Choice::EncryptedPassword(EncAlg::Aes),
            Security::EncryptedPasswordDes => Choice::EncryptedPassword(EncAlg::Des),
            Security::Kerberos => Choice::Kerberos,
            Security::ProfileToken => Choice::ProfileToken,
            Security::EncryptedData => Choice::Unbuilt(SecMec::EncryptedUserPasswordData),
            Security::PlugIn => Choice::Unbuilt(SecMec::PlugIn),
        }
    }
}

/// The most bytes of a password; servers take 128 characters or some more.
const LONGEST: usize = 4096;

impl Config {
    /// Complains about what the chosen mechanism lacks or has no use for.
    pub(super) fn check_security(&self) -> std::result::Result<(), ConfigError> {
        let error = |setting: &str, rule: &str| Err(ConfigError { setting: setting.to_owned(), rule: rule.to_owned() });
        let tickets = matches!(self.security, Security::Kerberos | Security::ProfileToken);
        for (setting, secret) in [("password", &self.password), ("new_password", &self.new_password)] {
            if secret.as_ref().is_some_and(|secret| secret.expose().len() > LONGEST) {
                return error(setting, "has more than 4,096 bytes, which no server takes");
            }
        }
        match (&self.password, &self.token) {
            (None, _) if self.security.needs_password() => {
                error("password", "is missing for the chosen security mechanism")
            }
            (None, _) if self.new_password.is_some() => error("password", "is missing: new_password takes its place"),
            (_, None) if tickets => error("token", "is missing for the chosen security mechanism"),
            (_, Some(_)) if !tickets => error("token", "has a use with security=kerberos and profile-token only"),
            _ => Ok(()),
        }
    }

    /// Where the tokens of Kerberos and of profile tokens come from: a function that gets what the
    /// server said last, nothing at first, and gives the next token or says why there is none. It is called in a
    /// thread of its own and given up with the login.
    pub fn token_source(
        &mut self,
        source: impl Fn(&[u8]) -> std::result::Result<Vec<u8>, NoToken> + Send + Sync + 'static,
    ) {
        self.token = Some(TokenSource::new(source));
    }

    /// Who hears what is doubtful about the connection, before anything secret is sent; an error ends the login there.
    pub fn on_doubt(&mut self, ears: impl Fn(&str) -> std::result::Result<(), String> + Send + Sync + 'static) {
        self.caution = Caution::new(ears);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_its_mechanism() {
        for (name, security) in NAMES {
            assert_eq!(Security::named(&name.to_uppercase()), Ok(security));
        }
        let error = Security::named("strong").unwrap_err();
        assert!(error.rule.contains("auto, user, password"), "{error}");
    }

    #[test]
    fn what_a_mechanism_lacks_is_said_beforehand() {
        let uri = |query: &str| Config::from_uri(&format!("drda://me:secret@h/d?{query}"));
        assert!(uri("security=encrypted&password_level=4&new_password=x").is_ok());
        for (query, setting) in [
            ("security=kerberos", "token"),
            ("security=profile-token", "token"),
            ("password_level=5", "password_level"),
            ("password_level=-1", "password_level"),
            ("security=strong", "security"),
        ] {
            let error = uri(query).unwrap_err();
            assert_eq!(error.setting, setting);
            assert!(!error.to_string().contains("secret"));
        }
        assert_eq!(Config::from_uri("drda://me@h/d?new_password=x").unwrap_err().setting, "password");
        assert_eq!(Config::from_uri("drda://me@h/d?security=encrypted").unwrap_err().setting, "password");
        let long = Config::from_uri(&format!("drda://me:{}@h/d", "x".repeat(LONGEST + 1))).unwrap_err();
        assert_eq!(long.setting, "password");
        assert!(!long.to_string().contains("xx"));
        let mut config = uri("").unwrap();
        config.token_source(|_| Ok(Vec::new()));
        assert_eq!(config.check().unwrap_err().setting, "token");
        config.security = Security::Kerberos;
        assert!(config.check().is_ok());
    }
}
