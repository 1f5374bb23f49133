//! Where to connect and how: a URI `drda://user@host:port/DATABASE?key=value`, or the same by name.

pub(in crate::client) mod address;
mod attributes;
pub mod client_info;
#[cfg(test)]
mod documentation;
pub(super) mod foreign;
pub(super) mod percent;
pub mod security;
pub(crate) mod table;
pub mod tls;
pub(super) mod uri;
mod value;

use crate::flow::secmec::caution::Caution;
use crate::flow::secmec::source::{NoToken, TokenSource};
use crate::net::tls::TlsSettings;
pub use crate::wire::ddm::secchk::Secret;
use address::written;
use std::net::Ipv6Addr;
use std::time::Duration;
pub use table::{Config, Setting, TABLE};
use value::number;

/// A setting that cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {rule}")]
pub struct ConfigError {
    /// The setting, or `uri`.
    pub setting: String,
    /// The rule.
    pub rule: String,
}

/// How large objects are fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lobs {
    /// After their rows (EXTDTA), unless the server returns locators.
    #[default]
    Inline,
    /// By locator, piece by piece.
    Locator,
}

/// The end of a unit of work may take this long unless told otherwise.
const END: Duration = Duration::from_secs(300);
/// Prefixes of Derby's database names that say where the database lives.
const DERBY_PLACES: [&str; 4] = ["memory:", "directory:", "classpath:", "jar:"];

impl Config {
    /// A configuration with the defaults of everything but the address.
    pub fn new(host: &str, port: u16, database: &str) -> Result<Config, ConfigError> {
        let mut config = Config::empty();
        config.set("host", host)?;
        config.port = port;
        config.set("database", database)?;
        Ok(config)
    }

    /// Sets the password.
    pub fn password(mut self, password: &str) -> Config {
        self.password = Some(Secret::new(password));
        self
    }

    /// Where the password of each login after the first one comes from: a function that gives it, as UTF-8, or says why
    /// there is none. It is called in a thread of its own and given up after `timeout`.
    pub fn password_source(&mut self, source: impl Fn() -> Result<Vec<u8>, NoToken> + Send + Sync + 'static) {
        self.password_source = Some(TokenSource::new(move |_| source()));
    }

    /// Where the tokens of Kerberos and of profile tokens come from: a function that gets what the
    /// server said last, nothing at first, and gives the next token or says why there is none. It is called in a
    /// thread of its own and given up with the login.
    pub fn token_source(&mut self, source: impl Fn(&[u8]) -> Result<Vec<u8>, NoToken> + Send + Sync + 'static) {
        self.token = Some(TokenSource::new(source));
    }

    /// Who hears what is doubtful about the connection, before anything secret is sent; an error ends the login there.
    pub fn on_doubt(&mut self, ears: impl Fn(&str) -> Result<(), String> + Send + Sync + 'static) {
        self.caution = Caution::new(ears);
    }

    /// Takes `COLUMN=CCSID`, several joined by `;`.
    fn add_ccsids(&mut self, key: &str, value: &str) -> Result<(), ConfigError> {
        for pair in value.split(';').filter(|p| !p.is_empty()) {
            let (column, ccsid) = pair.rsplit_once('=').ok_or_else(|| error(key, "expected COLUMN=CCSID"))?;
            self.options.force_ccsid.insert(column.to_owned(), number(key, ccsid, 1..=65_535)? as u16);
        }
        Ok(())
    }

    /// Hosts and ports in the order in which they are tried.
    pub fn addresses(&self) -> Vec<(String, u16)> {
        if self.addresses.is_empty() {
            return vec![(self.host.clone(), self.port)];
        }
        self.addresses.iter().map(|a| (a.host.clone(), a.port.unwrap_or(self.port))).collect()
    }

    /// The same as a URI has them.
    pub fn authority(&self) -> String {
        let written: Vec<String> = self.addresses().iter().map(|(host, port)| written(host, *port)).collect();
        written.join(",")
    }

    /// The same with one address.
    pub(in crate::client) fn at(&self, host: &str, port: u16) -> Config {
        Config { host: host.to_owned(), port, addresses: Vec::new(), ..self.clone() }
    }

    /// How long the end of a unit of work may take: there is always a limit.
    pub fn end_limit(&self) -> Duration {
        self.commit_timeout.or(self.statement_timeout).unwrap_or(END)
    }

    /// The RDB name as it is sent: with Derby's connection attributes after it.
    pub fn rdbnam(&self) -> String {
        attributes::rdbnam(&self.database, &self.attributes)
    }

    /// The words of a server, which may repeat the name it was sent, without the secrets in that.
    pub(in crate::client) fn without_secrets(&self, words: &str) -> String {
        attributes::without_secrets(&self.attributes, words)
    }

    /// The isolation by its name: `nc`, `ur`, `cs`, `rs` or `rr`.
    pub fn isolation_name(&self) -> &'static str {
        value::ISOLATIONS.iter().find(|(_, isolation)| *isolation == self.isolation).map_or("", |(name, _)| name)
    }

    /// Complains about what is missing or contradicts itself.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.host.is_empty() {
            return Err(error("host", "is missing"));
        }
        if self.database.is_empty() {
            return Err(error("database", "is missing"));
        }
        if self.block_size > self.credit {
            return Err(error("block_size", "must not be larger than credit"));
        }
        security::check(self)?;
        self.tls_settings().map(drop)
    }

    /// How to make the connection TLS; none for a connection in clear. Unless stated, it is TLS on
    /// port 448 and where any other `tls_…` is given.
    pub fn tls_settings(&self) -> Result<Option<TlsSettings>, ConfigError> {
        self.tls.settings(self.port)
    }
}

pub(super) fn error(setting: &str, rule: &str) -> ConfigError {
    ConfigError { setting: setting.to_owned(), rule: rule.to_owned() }
}

fn unknown(key: &str) -> String {
    if let Some(advice) = foreign::setting(key) {
        return advice.to_owned();
    }
    let lower = key.to_ascii_lowercase();
    let known: Vec<&str> = TABLE.iter().filter(|setting| setting.text).map(|setting| setting.name).collect();
    let near = known.iter().min_by_key(|s| distance(s, &lower)).filter(|s| distance(s, &lower) <= 3);
    match near {
        Some(near) => format!("is not a setting; did you mean {near}?"),
        None => format!("is not a setting; known are {}", known.join(", ")),
    }
}

/// Edit distance of two short names.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(b.chars()) {
            let best = (diagonal + usize::from(x != y)).min(left + 1).min(*cell + 1);
            diagonal = *cell;
            *cell = best;
            left = best;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(usize::MAX)
}

/// A name or an address. That of IPv6 may be in brackets, as in a URI.
fn host(value: &str) -> Result<String, ConfigError> {
    if value.is_empty() {
        return Err(error("host", "is empty"));
    }
    let bad = |c: char| c.is_whitespace() || c.is_control() || c == '/';
    if value.contains("://") || value.chars().any(bad) {
        return Err(error("host", "expected a host name or an address, without a scheme"));
    }
    let bare = value.strip_prefix('[').and_then(|v| v.strip_suffix(']')).unwrap_or(value);
    let address = bare.split_once('%').map_or(bare, |(address, _zone)| address);
    if value.contains(['[', ']', ':']) && address.parse::<Ipv6Addr>().is_err() {
        return Err(error("host", "expected a host name or an address; the port is a setting of its own"));
    }
    Ok(bare.to_owned())
}

fn database(name: &str) -> Result<String, ConfigError> {
    let plain = DERBY_PLACES.iter().find_map(|p| name.strip_prefix(p)).unwrap_or(name);
    if plain.trim().is_empty() {
        return Err(error("database", "is empty"));
    }
    // How many bytes that are, is known when the encoding is agreed.
    if name.chars().count() > 255 {
        return Err(error("database", "is longer than 255 characters"));
    }
    if plain.chars().any(|c| c.is_control() || c == ';' || c == ':') {
        return Err(error(
            "database",
            "must not contain ';', ':' or control characters; Derby's connection attributes go into `attributes`",
        ));
    }
    Ok(name.to_owned())
}
