//! A configuration as a URI: `drda://user:password@host:port/DATABASE?key=value`.

use super::address::split;
use super::percent::decode;
use super::{Config, ConfigError, error, foreign, unknown};
use crate::wire::ddm::secchk::Secret;

impl Config {
    /// Reads `drda://user:password@host:port/DATABASE?key=value&…`; all but the host and the
    /// database may be left out, parts are percent-encoded.
    pub fn from_uri(uri: &str) -> Result<Config, ConfigError> {
        let mut config = Config::empty();
        config.apply_uri(uri)?;
        config.check()?;
        Ok(config)
    }

    /// Takes what a URI says, leaving the rest.
    pub fn apply_uri(&mut self, uri: &str) -> Result<(), ConfigError> {
        self.apply_uri_telling(uri).map(drop)
    }

    /// The same: the settings that it has after its question mark, as text.
    pub fn apply_uri_telling(&mut self, uri: &str) -> Result<Vec<(String, String)>, ConfigError> {
        self.read_uri(uri).map_err(|e| or_unencoded(uri, e))
    }

    fn read_uri(&mut self, uri: &str) -> Result<Vec<(String, String)>, ConfigError> {
        let bad = |rule: &str| error("uri", rule);
        let rest = uri
            .strip_prefix("drda://")
            .ok_or_else(|| foreign::recognise(uri).unwrap_or_else(|| bad("expected drda://user@host:port/DATABASE")))?;
        if rest.contains("://") {
            return Err(error("host", "expected a host name or an address, without a scheme"));
        }
        let (rest, query) = rest.split_once('?').map_or((rest, None), |(a, b)| (a, Some(b)));
        let (authority, database) =
            rest.split_once('/').ok_or_else(|| bad("the database name is missing: drda://host/DATABASE"))?;
        let (credentials, address) = authority.rsplit_once('@').map_or((None, authority), |(a, b)| (Some(a), b));
        if let Some(credentials) = credentials {
            let (user, password) = credentials.split_once(':').map_or((credentials, None), |(a, b)| (a, Some(b)));
            self.set("user", &decode("user", user)?)?;
            if let Some(password) = password {
                self.password = Some(Secret::new(decode("password", password)?));
            }
        }
        if address.contains(',') {
            self.set("host", &decode("host", address)?)?;
        } else {
            let (host, port) = split(address)?;
            self.set("host", &decode("host", host)?)?;
            if let Some(port) = port {
                self.set("port", port)?;
            }
        }
        self.set("database", &decode("database", database)?)?;
        let mut seen: Vec<(String, String)> = Vec::new();
        for pair in query.unwrap_or_default().split('&').filter(|p| !p.is_empty()) {
            let (key, value) = pair.split_once('=').ok_or_else(|| bad("settings are written key=value"))?;
            let key = decode("uri", key)?;
            if key.is_empty() {
                return Err(bad("settings are written key=value"));
            }
            if ["host", "port", "database", "user", "password"].contains(&key.as_str()) {
                return Err(error(&key, "belongs before the question mark of the URI"));
            }
            if key != "attributes" && seen.iter().any(|(other, _)| *other == key) {
                return Err(error(&key, "is given twice"));
            }
            let value = decode(&key, value)?;
            self.set(&key, &value)?;
            seen.push((key, value));
        }
        Ok(seen)
    }
}

/// Advice about a password that ends the part of the URI in which it stands.
const UNENCODED: &str = "a user id or password with / ? # @ : or % in it is percent-encoded in a URI (%2F, %3F, %23, %40, \
     %3A, %25), or given by the settings user and password";

/// The error of a URI, or in its place that user id or password are not percent-encoded, where an @ that an address
/// follows stands after the first / or ?: what the error names may then be a piece of the password.
pub(in crate::client) fn or_unencoded(uri: &str, e: ConfigError) -> ConfigError {
    let rest = uri.strip_prefix("drda://").unwrap_or_default();
    let (front, after) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let of_the_address = ["uri", "host", "port", "database"].contains(&e.setting.as_str());
    let address = after.rsplit_once('@').map(|(_, address)| address);
    let cut = address.is_some_and(|address| address.contains('/') || !front.contains('@'));
    if cut && (of_the_address || e.rule == unknown(&e.setting)) { error("uri", UNENCODED) } else { e }
}

#[cfg(test)]
mod tests {
    use crate::client::config::Config;
    use crate::wire::sql::package::Isolation;
    use std::time::Duration;

    #[test]
    fn a_uri_with_everything() {
        let c = Config::from_uri(
            "drda://app%40x:p%3Aw@[::1]:1527/sample?attributes=create=true&timeout=2.5&isolation=rr&autocommit=true",
        )
        .unwrap();
        assert_eq!(
            (c.host.as_str(), c.port, c.database.as_str(), c.user.as_deref()),
            ("::1", 1527, "sample", Some("app@x"))
        );
        assert_eq!(c.rdbnam(), "sample;create=true");
        assert_eq!(
            (c.timeout, c.isolation, c.autocommit),
            (Duration::from_millis(2500), Isolation::RepeatableRead, true)
        );
        assert!(!format!("{c:?}").contains("p:w"));
    }

    #[test]
    fn passwords_of_every_kind_have_a_way_in() {
        for password in ["p@ss", "a:b", "sl/ash", "qu?ery", "ha#sh", "100%", "€uro", "a&b=c", "/@:?#%€"] {
            let uri = format!("drda://me:{}@h/d", crate::client::config::percent::encode(password));
            let config = Config::from_uri(&uri).unwrap();
            assert_eq!((config.password.as_ref().unwrap().expose(), config.host.as_str()), (password, "h"));
        }
        // As it is: the last @ ends it, and only the first : stands before it.
        for password in ["p@ss", "a:b", "€uro", "100%"] {
            let config = Config::from_uri(&format!("drda://me:{password}@h/d")).unwrap();
            assert_eq!(config.password.as_ref().unwrap().expose(), password);
        }
        for password in
            ["gehe/im", "gehe?im", "/geheim", "1/geheim?geheim", "gehe/im@geheim", "1/x?geheim=y", "p@s/:gehe"]
        {
            let e = Config::from_uri(&format!("drda://me:{password}@h/d")).unwrap_err();
            assert_eq!(e.setting, "uri", "{password}: {e}");
            assert!(e.rule.contains("percent-encoded") && !e.to_string().contains("gehe"), "{e}");
        }
        let e = Config::from_uri("drda://me:%e9%@h/d").unwrap_err();
        assert!(e.rule.contains("%25"), "{e}");
        // An @ elsewhere does not hide another mistake.
        let e = Config::from_uri("drda://h/d?application_name=a@b&timeout=0").unwrap_err();
        assert_eq!(e.setting, "timeout");
    }

    #[test]
    fn mistakes_are_named() {
        for (uri, setting, words) in [
            ("http://h/d", "uri", "drda://"),
            ("drda://h", "uri", "database"),
            ("drda://h/", "database", "empty"),
            ("drda://h/a;create=true", "database", "attributes"),
            ("drda://h:0/d", "port", "1 to 65535"),
            ("drda://h:446x/d", "port", "1 to 65535"),
            ("drda://::1/d", "host", "brackets"),
            ("drda://[localhost]/d", "host", "expected"),
            ("drda:///d", "host", "empty"),
            ("drda://h/%20", "database", "empty"),
            ("drda://h/d?=1", "uri", "key=value"),
            ("drda://h/d?TimeOut=1", "TimeOut", "did you mean timeout"),
            ("drda://h/d?tiemout=3", "tiemout", "did you mean timeout"),
            ("drda://h/d?timeout=3&timeout=4", "timeout", "twice"),
            ("drda://h/d?timeout=0", "timeout", "more than 0"),
            ("drda://h/d?timeout=nan", "timeout", "more than 0"),
            ("drda://h/d?timeout=1e300", "timeout", "a year"),
            ("drda://h/d?batch_delay=-1", "batch_delay", "0 to hand out at once"),
            ("drda://h/d?batch_delay=nan", "batch_delay", "none to wait"),
            ("drda://h/d?batch_delay=inf", "batch_delay", "expected seconds"),
            ("drda://h/d?isolation=zz", "isolation", "one of"),
            ("drda://h/d?host=x", "host", "before"),
        ] {
            let e = Config::from_uri(uri).unwrap_err();
            assert_eq!(e.setting, setting, "{uri}");
            assert!(e.rule.contains(words), "{uri}: {e}");
        }
        assert!(Config::new("h", 1, &"x".repeat(256)).is_err());
        for (host, right) in [("[::1]", "::1"), ("fe80::1%eth0", "fe80::1%eth0"), ("::1", "::1")] {
            assert_eq!(Config::new(host, 1, "d").unwrap().host, right);
        }
        for host in ["h:446", "[::1]:446", "a\0b", "[h", "1:2"] {
            assert_eq!(Config::new(host, 1, "d").unwrap_err().setting, "host", "{host}");
        }
    }
}
