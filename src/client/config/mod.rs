//! Where to connect and how: a URI `drda://user@host:port/DATABASE?key=value`, or the same by name.

mod attributes;
pub mod client_info;
pub(super) mod foreign;
pub(super) mod percent;
pub mod security;
pub mod tls;
pub(super) mod uri;
mod value;

use crate::client::limits::DELAY;
use crate::column::options::{BadValues, EndOfTime, Excess, Options, TextErrors, WideDecimalAs};
use crate::flow::secmec::caution::Caution;
use crate::flow::secmec::source::TokenSource;
use crate::net::tls::TlsSettings;
pub use crate::wire::ddm::secchk::Secret;
use crate::wire::sql::package::Isolation;
use arrow_schema::TimeUnit;
use client_info::ClientInfo;
use security::Security;
use std::net::Ipv6Addr;
use std::time::Duration;
use tls::Tls;
use value::{choice, decfloat, delay, flag, number, seconds};

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

/// Everything a connection needs to know beforehand.
#[derive(Debug, Clone)]
pub struct Config {
    /// Name or address.
    pub host: String,
    /// TCP port, 446 unless stated.
    pub port: u16,
    /// The RDB name: a database, a location (z/OS) or an RDB directory entry (IBM i).
    pub database: String,
    /// User id.
    pub user: Option<String>,
    /// Password.
    pub password: Option<Secret>,
    /// Derby's connection attributes, in order.
    pub attributes: Vec<(String, Secret)>,
    /// Security mechanism.
    pub security: Security,
    /// A password to have from now on.
    pub new_password: Option<Secret>,
    /// Additional factor of IBM i.
    pub additional_factor: Option<Secret>,
    /// Password level of the IBM i (QPWDLVL).
    pub password_level: Option<u8>,
    /// Where security tokens come from.
    pub token: Option<TokenSource>,
    /// Who hears what is doubtful about a connection, before anything secret is sent.
    pub caution: Caution,
    /// Whether and how the connection is encrypted.
    pub tls: Tls,
    /// Whether a password may go in clear: to any host; under verified TLS only; or, unless said, to this machine
    /// too.
    pub allow_cleartext_password: Option<bool>,
    /// Limit for name resolution, TCP and login together.
    pub timeout: Duration,
    /// Limit for a statement's answer; none waits as long as it takes.
    pub statement_timeout: Option<Duration>,
    /// Commit after every statement.
    pub autocommit: bool,
    /// Isolation of the packages used.
    pub isolation: Isolation,
    /// Query block size asked for (QRYBLKSZ), bytes.
    pub block_size: u32,
    /// Bytes that may be under way or waiting per cursor.
    pub credit: u32,
    /// How long the rows of a batch that is not full wait for a slow server; none waits until it is full.
    pub batch_delay: Option<Duration>,
    /// Longest large object accepted, bytes.
    pub lob_limit: u32,
    /// How large objects are fetched.
    pub lobs: Lobs,
    /// Collection of the packages.
    pub collection: String,
    /// A package to use in place of the driver's own.
    pub package: Option<String>,
    /// Names shown to the server's administrators.
    pub client: ClientInfo,
    /// How values become Arrow.
    pub options: Options,
}

/// The query block sizes of the architecture that every server takes.
const BLOCK_SIZES: std::ops::RangeInclusive<u32> = 512..=10_485_760;

/// Names that [`Config::set`] knows.
pub(super) const SETTINGS: [&str; 41] = [
    "host",
    "port",
    "database",
    "user",
    "password",
    "attributes",
    "security",
    "tls",
    "tls_ca",
    "tls_cert",
    "tls_key",
    "tls_fingerprint",
    "tls_server_name",
    "new_password",
    "additional_factor",
    "password_level",
    "allow_cleartext_password",
    "timeout",
    "statement_timeout",
    "autocommit",
    "isolation",
    "block_size",
    "credit",
    "batch_delay",
    "lob_limit",
    "lobs",
    "collection",
    "package",
    "application_name",
    "client_workstation",
    "client_user",
    "client_accounting",
    "timestamp_unit",
    "timestamp_excess",
    "end_of_time",
    "decfloat",
    "wide_decimal",
    "text_errors",
    "bad_values",
    "bit_data_ccsid",
    "force_ccsid",
];

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

    /// The defaults, without an address yet.
    pub fn empty() -> Config {
        Config {
            host: String::new(),
            port: 446,
            database: String::new(),
            user: None,
            password: None,
            attributes: Vec::new(),
            security: Security::default(),
            tls: Tls::default(),
            new_password: None,
            additional_factor: None,
            password_level: None,
            token: None,
            caution: Caution::default(),
            allow_cleartext_password: None,
            timeout: Duration::from_secs(15),
            statement_timeout: None,
            autocommit: false,
            isolation: Isolation::default(),
            block_size: 1 << 20,
            credit: 4 << 20,
            batch_delay: Some(DELAY),
            lob_limit: 1 << 30,
            lobs: Lobs::default(),
            collection: "NULLID".to_owned(),
            package: None,
            client: ClientInfo::default(),
            options: Options::default(),
        }
    }

    /// Sets the password.
    pub fn password(mut self, password: &str) -> Config {
        self.password = Some(Secret::new(password));
        self
    }

    /// Sets one setting from text, as a URI's `key=value` does.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), ConfigError> {
        match key {
            "host" => self.host = host(value)?,
            "port" => {
                self.port = value
                    .parse()
                    .ok()
                    .filter(|p| *p > 0)
                    .ok_or_else(|| error(key, "expected a number from 1 to 65535"))?;
            }
            "database" => self.database = database(value)?,
            "user" => self.user = Some(value.to_owned()),
            "password" => self.password = Some(Secret::new(value)),
            "attributes" => self.add_attributes(value)?,
            "tls" | "tls_ca" | "tls_cert" | "tls_key" | "tls_fingerprint" | "tls_server_name" => {
                self.tls.set(key, value)?;
            }
            "security" => self.security = security::security(key, value)?,
            "new_password" => self.new_password = Some(Secret::new(value)),
            "additional_factor" => self.additional_factor = Some(Secret::new(value)),
            "password_level" => self.password_level = Some(number(key, value, 0..=4)? as u8),
            "allow_cleartext_password" => self.allow_cleartext_password = Some(flag(key, value)?),
            "timeout" => self.timeout = seconds(key, value)?,
            "statement_timeout" => self.statement_timeout = Some(seconds(key, value)?),
            "autocommit" => self.autocommit = flag(key, value)?,
            "isolation" => {
                self.isolation = choice(
                    key,
                    value,
                    &[
                        ("nc", Isolation::NoCommit),
                        ("ur", Isolation::UncommittedRead),
                        ("cs", Isolation::CursorStability),
                        ("rs", Isolation::ReadStability),
                        ("rr", Isolation::RepeatableRead),
                    ],
                )?;
            }
            "block_size" => self.block_size = number(key, value, BLOCK_SIZES)?,
            "credit" => self.credit = number(key, value, 65_536..=1 << 30)?,
            "batch_delay" => self.batch_delay = delay(key, value)?,
            "lob_limit" => self.lob_limit = number(key, value, 1..=i32::MAX as u32)?,
            "lobs" => self.lobs = choice(key, value, &[("inline", Lobs::Inline), ("locator", Lobs::Locator)])?,
            "collection" => self.collection = value.to_owned(),
            "package" => self.package = Some(value.to_owned()),
            "application_name" | "client_workstation" | "client_user" | "client_accounting" => {
                self.client.set(key, value)?;
            }
            "timestamp_unit" => {
                use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};
                self.options.timestamp_unit =
                    choice(key, value, &[("us", Microsecond), ("ns", Nanosecond), ("ms", Millisecond), ("s", Second)])?;
            }
            "timestamp_excess" => {
                self.options.timestamp_excess =
                    choice(key, value, &[("raise", Excess::Raise), ("truncate", Excess::Truncate)])?;
            }
            "text_errors" => {
                use TextErrors::{Raw, Replace, Strict};
                self.options.text_errors =
                    choice(key, value, &[("strict", Strict), ("replace", Replace), ("raw", Raw)])?;
            }
            "bad_values" => {
                self.options.bad_values =
                    choice(key, value, &[("raise", BadValues::Raise), ("null", BadValues::Null)])?;
            }
            "end_of_time" => {
                use EndOfTime::{Last, Next, Raise};
                self.options.end_of_time = choice(key, value, &[("raise", Raise), ("last", Last), ("next", Next)])?;
            }
            "decfloat" => self.options.decfloat = decfloat(key, value)?,
            "wide_decimal" => {
                let forms = [
                    ("decimal256", WideDecimalAs::Decimal256),
                    ("text", WideDecimalAs::Text),
                    ("float64", WideDecimalAs::Float64),
                ];
                self.options.wide_decimal = choice(key, value, &forms)?;
            }
            "bit_data_ccsid" => self.options.bit_data_ccsid = Some(number(key, value, 1..=65_534)? as u16),
            "force_ccsid" => {
                for pair in value.split(';').filter(|p| !p.is_empty()) {
                    let (column, ccsid) = pair.rsplit_once('=').ok_or_else(|| error(key, "expected COLUMN=CCSID"))?;
                    self.options.force_ccsid.insert(column.to_owned(), number(key, ccsid, 1..=65_535)? as u16);
                }
            }
            _ => return Err(error(key, &unknown(key))),
        }
        Ok(())
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
        self.check_security()?;
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
    let near = SETTINGS.iter().min_by_key(|s| distance(s, &lower)).filter(|s| distance(s, &lower) <= 3);
    match near {
        Some(near) => format!("is not a setting; did you mean {near}?"),
        None => format!("is not a setting; known are {}", SETTINGS.join(", ")),
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
