//! Where files are and how to connect: `drda://user@host:446/LIB/FILE?member=…&key=value`. The settings that
//! connections for SQL and for files share are in [`Config`].

use crate::client::config::percent::decode;
use crate::client::config::uri::or_unencoded;
use crate::client::config::{Config, ConfigError, foreign};
use crate::client::file::file_name::name;
use crate::wire::ddm::secchk::Secret;

/// Ports of the sign-on server, and of the one over TLS.
const SIGNON: u16 = 8476;
const SIGNON_TLS: u16 = 9476;
/// The page of a job of which nothing is known.
pub(super) const JOB_CCSID: u16 = 37;
/// Settings of a URI that belong to one file.
pub const OPEN: [&str; 8] = ["member", "mode", "keyed", "commit", "columns", "rrn", "on_error", "format"];

/// Settings of connections for files alone.
pub const FILES: [&str; 3] = ["signon_port", "job_ccsid", "pool"];

/// The settings of a connection for files.
#[derive(Debug, Clone)]
pub struct FileConfig {
    /// Address, login, limits; the database is not looked at.
    pub base: Config,
    /// Port of the sign-on server, which tells the password level and the page of the job, if it is not
    /// the usual one; 0 does not ask it.
    pub signon_port: Option<u16>,
    /// The page of the server's job, if it is not to be asked for.
    pub job_ccsid: Option<u16>,
    /// Independent disk pool to attach (IASP).
    pub pool: Option<String>,
}

/// The parts of a URI beside the connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Address {
    /// `LIB/FILE`, if it names one.
    pub path: Option<String>,
    /// Settings of the open, as text.
    pub options: Vec<(String, String)>,
}

impl FileConfig {
    /// With the address and the login of another connection.
    pub fn beside(base: Config) -> FileConfig {
        FileConfig { base, signon_port: None, job_ccsid: None, pool: None }
    }

    /// Reads a URI.
    pub fn from_uri(uri: &str) -> Result<(FileConfig, Address), ConfigError> {
        let mut config = FileConfig::beside(Config::empty());
        let address = config.apply_uri(uri)?;
        config.check()?;
        Ok((config, address))
    }

    /// Takes what a URI says, leaving the rest.
    pub fn apply_uri(&mut self, uri: &str) -> Result<Address, ConfigError> {
        self.read_uri(uri).map_err(|e| or_unencoded(uri, e))
    }

    fn read_uri(&mut self, uri: &str) -> Result<Address, ConfigError> {
        if let Some(foreign) = foreign::recognise(uri) {
            return Err(foreign);
        }
        let (front, query) = uri.split_once('?').unwrap_or((uri, ""));
        let after = front.find("://").map_or(0, |at| at + 3);
        let slash = front.get(after..).and_then(|rest| rest.find('/')).map(|at| at + after);
        let (base, path) = slash.map_or((front, ""), |at| front.split_at(at));
        let mut out = Address::default();
        let path = decode("file", path)?;
        let path = path.trim_matches('/');
        out.path = (!path.is_empty()).then(|| path.to_owned());
        let mut rest = Vec::new();
        for pair in query.split('&').filter(|p| !p.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            if OPEN.contains(&key) {
                if out.options.iter().any(|(known, _)| known == key) {
                    return Err(ConfigError { setting: key.to_owned(), rule: "is given twice".to_owned() });
                }
                out.options.push((key.to_owned(), decode(key, value)?));
            } else if !self.own(key, &decode(key, value)?)? {
                rest.push(pair);
            }
        }
        // It may hold a password: no copy of it is left in memory.
        self.base.apply_uri(Secret::new(format!("{base}/{NOWHERE}?{}", rest.join("&"))).expose())?;
        Ok(out)
    }

    /// Sets one setting from text.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), ConfigError> {
        if self.own(key, value)? { Ok(()) } else { self.base.set(key, value) }
    }

    /// Complains about what is missing or contradicts itself.
    pub fn check(&mut self) -> Result<(), ConfigError> {
        if self.base.database.is_empty() {
            self.base.database = NOWHERE.to_owned();
        }
        if !self.base.addresses.is_empty() {
            let rule = "connections for files take one address".to_owned();
            return Err(ConfigError { setting: "host".to_owned(), rule });
        }
        self.base.check()
    }

    /// The port of the sign-on server: 8476, or 9476 where TLS is spoken.
    pub(super) fn signon_port(&self) -> u16 {
        let tls = matches!(self.base.tls_settings(), Ok(Some(_)));
        self.signon_port.unwrap_or(if tls { SIGNON_TLS } else { SIGNON })
    }

    /// Sets it if it is a setting of connections for files alone.
    fn own(&mut self, key: &str, value: &str) -> Result<bool, ConfigError> {
        let number = |what: &str| {
            let rule = format!("expected {what}");
            value.parse::<u16>().map_err(|_| ConfigError { setting: key.to_owned(), rule })
        };
        match key {
            "signon_port" => self.signon_port = Some(number("a port, or 0 not to ask the sign-on server")?),
            "job_ccsid" => self.job_ccsid = Some(number("a CCSID from 1 to 65535")?),
            "pool" if value.is_ascii() && !value.contains('"') => self.pool = Some(name(key, value, &[])?),
            "pool" => {
                let rule = format!("{value:?} is not a name of a disk pool: expected letters, digits and $ # @");
                return Err(ConfigError { setting: key.to_owned(), rule });
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// Stands where connections for SQL name their database.
const NOWHERE: &str = "*LOCAL";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_is_taken_apart() {
        let uri = "drda://me@box:8446/testlib/cust?member=M1&signon_port=0&timeout=3&rrn=true&pool=iasp1";
        let (config, address) = FileConfig::from_uri(uri).unwrap();
        assert_eq!((config.base.host.as_str(), config.base.port, config.signon_port), ("box", 8446, Some(0)));
        assert_eq!(config.base.timeout.as_secs(), 3);
        assert_eq!(config.pool.as_deref(), Some("IASP1"));
        assert_eq!(address.path.as_deref(), Some("testlib/cust"));
        let options = [("member", "M1"), ("rrn", "true")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(address.options, options);
        let (config, address) = FileConfig::from_uri("drda://me@box").unwrap();
        assert_eq!((config.signon_port(), address), (8476, Address::default()));
        assert_eq!(FileConfig::from_uri("drda://me@box:448").unwrap().0.signon_port(), 9476);
        assert!(FileConfig::from_uri("drda://me@box/A/B?rrn=1&rrn=0").is_err());
        assert!(FileConfig::from_uri("drda://me@box/A/B?signon_port=x").is_err());
        assert!(FileConfig::from_uri("drda://me@box/A/B?colour=red").is_err());
        assert!(FileConfig::from_uri("http://me@box/A/B").is_err());
    }
}
