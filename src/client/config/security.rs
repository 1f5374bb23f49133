//! The settings of security: which mechanism, by which name, and what it needs.

use super::value::choice;
use super::{Config, ConfigError};
pub use crate::flow::secmec::agreement::EncAlg;
use crate::flow::secmec::mechanism::NAMES;
pub use crate::flow::secmec::mechanism::Security;
pub use crate::flow::secmec::source::NoToken;

/// The setting `security` by its name.
pub(super) fn security(key: &str, value: &str) -> Result<Security, ConfigError> {
    choice(key, value, &NAMES)
}

/// The most bytes of a password; servers take 128 characters or some more.
const LONGEST: usize = 4096;

/// Complains about what the chosen mechanism lacks or has no use for.
pub(super) fn check(config: &Config) -> Result<(), ConfigError> {
    let error = |setting: &str, rule: &str| Err(ConfigError { setting: setting.to_owned(), rule: rule.to_owned() });
    let tickets = config.security.needs_tokens();
    for (setting, secret) in [("password", &config.password), ("new_password", &config.new_password)] {
        if secret.as_ref().is_some_and(|secret| secret.expose().len() > LONGEST) {
            return error(setting, "has more than 4,096 bytes, which no server takes");
        }
    }
    match (&config.password, &config.token) {
        (None, _) if config.security.needs_password() => {
            error("password", "is missing for the chosen security mechanism")
        }
        (None, _) if config.new_password.is_some() => error("password", "is missing: new_password takes its place"),
        (_, None) if tickets => error("token", "is missing for the chosen security mechanism"),
        (_, Some(_)) if !tickets => {
            let users = NAMES.iter().filter(|(_, security)| security.needs_tokens()).map(|(name, _)| *name);
            error("token", &format!("has a use with security={} only", users.collect::<Vec<_>>().join(" and ")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_its_mechanism() {
        for (name, mechanism) in NAMES {
            assert_eq!(security("security", &name.to_uppercase()), Ok(mechanism));
        }
        let error = security("security", "strong").unwrap_err();
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
