//! The name of a database as it is sent. Derby's connection attributes stand in it after a `;`, secrets among them: what
//! is shown of a name ends before.

use std::fmt;
use std::ops::Deref;

use zeroize::Zeroizing;

/// Attributes of Derby that are secrets.
const SECRETS: [&str; 5] = ["bootPassword", "newBootPassword", "encryptionKey", "newEncryptionKey", "password"];

/// The part of a name that may be shown.
pub fn shown(name: &str) -> &str {
    name.split(';').next().unwrap_or_default()
}

/// The attribute of this name if its value is a secret. Derby takes the names in any case.
pub fn secret(attribute: &str) -> Option<&'static str> {
    SECRETS.into_iter().find(|known| known.eq_ignore_ascii_case(attribute.trim()))
}

/// A name with its attributes: it dereferences to the whole, shows itself without them, and is wiped when dropped.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct RdbName(Zeroizing<String>);

impl RdbName {
    /// With what stands after the name.
    pub fn new(whole: impl Into<String>) -> RdbName {
        RdbName(Zeroizing::new(whole.into()))
    }

    /// True when attributes stand after the name.
    pub fn has_attributes(&self) -> bool {
        self.0.contains(';')
    }

    /// The first attribute in it that is a secret.
    pub fn secret(&self) -> Option<&'static str> {
        self.0.split(';').skip(1).find_map(|pair| secret(pair.split_once('=')?.0))
    }
}

impl Deref for RdbName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RdbName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(shown(self), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_shown_without_its_attributes() {
        let name = RdbName::new("memory:u;create=true;BOOTpassword=geheim;password=x");
        assert_eq!((format!("{name:?}").as_str(), name.secret()), ("\"memory:u\"", Some("bootPassword")));
        assert!(name.has_attributes() && name.ends_with("password=x"));
        let plain = RdbName::new("LAB");
        assert_eq!((format!("{plain:?}").as_str(), plain.secret(), plain.has_attributes()), ("\"LAB\"", None, false));
        assert_eq!(RdbName::new("a;create=true;territory=de_DE;passwordx=1").secret(), None);
        for name in ["newBootPassword", "ENCRYPTIONKEY", "newencryptionkey", "Password", " bootPassword "] {
            assert!(RdbName::new(format!("a;{name}=b")).secret().is_some(), "{name}");
        }
    }
}
