//! Connection strings and names of settings that other clients have: each is answered with its equivalent here.
//! (Read: the documentation of IBM's JDBC driver, of JTOpen, of IBM's CLI driver and of ibm_db_sa.)

use super::percent::{decode, encode};
use super::{ConfigError, error};
use std::borrow::Cow;

/// An error that shows the `drda://` URI that means the same, when `text` is a JDBC URL, an ODBC string or an
/// SQLAlchemy URL. A password is never repeated.
pub(in crate::client) fn recognise(text: &str) -> Option<ConfigError> {
    let (kind, found) = read(text)?;
    let mut rule = format!("this is {kind}; the same here is {}", found.uri());
    if found.password {
        rule.push_str(" with password=… beside it");
    }
    for note in &found.notes {
        rule.push_str("; ");
        rule.push_str(note);
    }
    match found.dropped {
        0 => {}
        1 => rule.push_str("; one property has no equivalent here"),
        n => rule.push_str(&format!("; {n} properties have no equivalent here")),
    }
    Some(error("uri", &rule))
}

/// The advice for a setting that another client has under this name.
pub(super) fn setting(name: &str) -> Option<&'static str> {
    let name = plain(name);
    NAMES.iter().find(|(names, _)| names.contains(&name.as_str())).map(|(_, advice)| *advice)
}

/// Names elsewhere, in small letters and without separators, and the advice.
const NAMES: &[(&[&str], &str)] = &[
    (
        &["uri", "url", "dsn", "connectionstring", "connstr", "conninfo"],
        "is not a setting: the address comes first and without a name: connect(\"drda://user@host:port/DATABASE\")",
    ),
    (&["username", "uid", "userid", "usr"], "is not a setting: it is called user"),
    (&["pwd", "passwd", "pass"], "is not a setting: it is called password"),
    (&["hostname", "server", "servername", "system", "address"], "is not a setting: it is called host"),
    (
        &["db", "dbname", "databasename", "dbalias", "dbq", "rdb", "rdbname", "location"],
        "is not a setting: it is called database",
    ),
    (&["connecttimeout", "connectiontimeout", "logintimeout"], "is not a setting: it is called timeout"),
    (&["querytimeout", "commandtimeout"], "is not a setting: it is called statement_timeout"),
    (
        &["ssl", "sslconnection", "usessl", "sslmode", "secure", "encrypt"],
        "is not a setting: TLS is asked for with tls=require",
    ),
    (
        &["sslca", "sslrootcert", "sslservercertificate", "sslcertlocation", "ca"],
        "is not a setting: it is called tls_ca",
    ),
    (&["sslcert", "cert"], "is not a setting: it is called tls_cert"),
    (&["sslkey"], "is not a setting: it is called tls_key"),
    (&["authentication", "securitymechanism"], "is not a setting: it is called security"),
    (&["isolationlevel", "transactionisolation"], "is not a setting: it is called isolation"),
    (&["readonly"], "is not a setting: it is called read_only"),
    (&["schema", "currentschema", "defaultschema", "libraries"], "is not a setting: run SET SCHEMA after connecting"),
    (
        &["fetchsize", "prefetchsize"],
        "is not a setting: block_size is the bytes asked for, batch_rows the rows of a batch",
    ),
    (
        &["appname", "programname", "clientprogramname", "clientapplname"],
        "is not a setting: it is called application_name",
    ),
];

/// A connection as another client describes it.
#[derive(Default)]
struct ForeignSettings {
    user: Option<String>,
    password: bool,
    host: String,
    port: Option<String>,
    /// The port where none is given.
    usual_port: &'static str,
    database: Option<String>,
    settings: Vec<(&'static str, String)>,
    notes: Vec<&'static str>,
    /// Properties without an equivalent. Their names are not kept: a part of a password may pass for one.
    dropped: usize,
}

impl ForeignSettings {
    fn uri(&self) -> String {
        let user = self.user.as_ref().map(|user| format!("{}@", encode(user))).unwrap_or_default();
        let host = if self.host.is_empty() { "HOST" } else { &self.host };
        let database = self.database.as_deref().map_or(Cow::Borrowed("DATABASE"), |name| spared(name, "_-.$"));
        let port = self.port.as_deref().unwrap_or(self.usual_port);
        let mut uri = format!("drda://{user}{host}:{port}/{database}");
        for (n, (key, value)) in self.settings.iter().enumerate() {
            let separator = if n == 0 { '?' } else { '&' };
            uri.push_str(&format!("{separator}{key}={}", spared(value, "_-./=;")));
        }
        uri
    }

    /// Takes one property of any of these clients.
    fn property(&mut self, key: &str, value: &str) {
        let value = value.trim().trim_matches(['{', '}', '"']);
        let mut set = |setting| self.settings.push((setting, value.to_owned()));
        match plain(key).as_str() {
            "user" | "uid" | "userid" | "username" => self.user = Some(value.to_owned()),
            "password" | "pwd" => self.password = true,
            "hostname" | "host" | "server" | "system" | "servername" => self.host = value.to_owned(),
            "port" | "portnumber" => self.port = Some(value.to_owned()),
            "database" | "databasename" | "dbalias" | "db" => self.database = Some(value.to_owned()),
            "security" if value.eq_ignore_ascii_case("ssl") => self.encrypted(),
            "sslconnection" | "secure" | "ssl" if !["", "0", "false", "off"].contains(&plain(value).as_str()) => {
                self.encrypted();
            }
            "sslcertlocation" | "sslservercertificate" => set("tls_ca"),
            "authentication" | "securitymechanism" => match mechanism(value) {
                Some(name) => self.settings.push(("security", name.to_owned())),
                None => self.dropped += 1,
            },
            "connecttimeout" | "logintimeout" if is_seconds(value) => set("timeout"),
            "querytimeout" | "commandtimeout" if is_seconds(value) => set("statement_timeout"),
            "clientprogramname" | "programname" | "clientapplname" | "clientapplicationinformation" => {
                set("application_name");
            }
            "clientuser" | "clientuserid" => set("client_user"),
            "clientworkstation" | "clientwrkstnname" => set("client_workstation"),
            "clientaccountinginformation" | "clientacctstr" => set("client_accounting"),
            "currentschema" | "libraries" | "defaultlibraries" | "dbq" => self.notes.push(SET_SCHEMA),
            // They say which driver and which transport, of which there is one here.
            "driver" | "protocol" | "naming" => {}
            _ => self.dropped += 1,
        }
    }

    fn encrypted(&mut self) {
        self.settings.push(("tls", "require".to_owned()));
        if self.usual_port == USUAL {
            self.usual_port = "448";
        }
    }

    /// Takes `key=value` pairs with `;` between them, but for those in braces.
    fn properties(&mut self, text: &str) {
        let mut braces = false;
        let pairs = text.split(|c| {
            braces = (braces || c == '{') && c != '}';
            c == ';' && !braces
        });
        for pair in pairs.filter(|pair| !pair.trim().is_empty()) {
            match pair.split_once('=') {
                Some((key, value)) => self.property(key.trim(), value),
                None => self.dropped += 1,
            }
        }
    }

    /// Takes `user:password@host:port`.
    fn authority(&mut self, text: &str) {
        let (credentials, address) = text.rsplit_once('@').map_or((None, text), |(a, b)| (Some(a), b));
        if let Some(credentials) = credentials {
            let (user, password) = credentials.split_once(':').map_or((credentials, None), |(a, b)| (a, Some(b)));
            self.user = decode("user", user).ok().filter(|user| !user.is_empty());
            self.password = password.is_some();
        }
        let portless = address.starts_with('[') && !address.contains("]:");
        let (host, port) = match address.rsplit_once(':').filter(|_| !portless) {
            Some((host, port)) => (host, Some(port)),
            None => (address, None),
        };
        self.host = host.to_owned();
        self.port = port.filter(|port| !port.is_empty()).map(str::to_owned);
    }
}

/// The port of DRDA on IBM i and z/OS, which IBM's drivers take unless told.
const USUAL: &str = "446";
const SET_SCHEMA: &str = "run SET SCHEMA after connecting";
const RDB_OF_IBM_I: &str = "DATABASE is the name in the RDB directory of the system (WRKRDBDIRE)";

/// Which kind of string it is, and what it says.
fn read(text: &str) -> Option<(&'static str, ForeignSettings)> {
    let text = text.trim();
    let rest = |prefix: &str| {
        let start = text.get(..prefix.len())?;
        start.eq_ignore_ascii_case(prefix).then(|| text.get(prefix.len()..).unwrap_or_default())
    };
    if let Some(rest) = ["jdbc:db2://", "jdbc:db2j:net://", "jdbc:ids://"].into_iter().find_map(rest) {
        return Some(("a JDBC URL of Db2", jdbc_db2(rest)));
    }
    if let Some(rest) = rest("jdbc:as400:") {
        return Some(("a JDBC URL of JTOpen", jdbc_as400(rest)));
    }
    if let Some(rest) = rest("jdbc:derby://") {
        return Some(("a JDBC URL of Derby", jdbc_derby(rest)));
    }
    if rest("jdbc:").is_some() {
        let notes = vec!["the parts are host, port and database"];
        return Some(("a JDBC URL", ForeignSettings { usual_port: USUAL, notes, ..ForeignSettings::default() }));
    }
    let schemes = ["db2+ibm_db://", "db2+pyodbc://", "ibm_db_sa://", "db2://", "db2i://", "ibmi://", "derby://"];
    if let Some(rest) = schemes.into_iter().find_map(rest) {
        return Some(("a URL of SQLAlchemy", sqlalchemy(rest)));
    }
    let keys = ["hostname", "database", "dbalias", "driver", "system", "dsn", "uid"];
    let known = |pair: &str| pair.split_once('=').is_some_and(|(key, _)| keys.contains(&plain(key).as_str()));
    (!text.contains("://") && text.split(';').any(known)).then(|| ("a connection string of ODBC or CLI", odbc(text)))
}

/// `host:port/DATABASE:key=value;`
fn jdbc_db2(rest: &str) -> ForeignSettings {
    let mut found = ForeignSettings { usual_port: USUAL, ..ForeignSettings::default() };
    let (authority, rest) = rest.split_once('/').unwrap_or((rest, ""));
    let (database, properties) = rest.split_once([':', ';', '?']).unwrap_or((rest, ""));
    found.authority(authority);
    found.database = Some(database.to_owned()).filter(|name| !name.is_empty());
    found.properties(properties);
    found
}

/// `//host/library;key=value`
fn jdbc_as400(rest: &str) -> ForeignSettings {
    let mut found = ForeignSettings { usual_port: USUAL, ..ForeignSettings::default() };
    let (address, properties) = rest.split_once(';').unwrap_or((rest, ""));
    let address = address.trim_start_matches('/');
    let (authority, library) = address.split_once('/').unwrap_or((address, ""));
    found.authority(authority);
    // JTOpen's port is one of the host servers, not that of DRDA.
    found.port = None;
    found.properties(properties);
    if !library.is_empty() {
        found.notes.push(SET_SCHEMA);
    }
    if found.database.is_none() {
        found.notes.push(RDB_OF_IBM_I);
    }
    found
}

/// `host:port/database;key=value`
fn jdbc_derby(rest: &str) -> ForeignSettings {
    let mut found = ForeignSettings { usual_port: "1527", ..ForeignSettings::default() };
    let (address, properties) = rest.split_once(';').unwrap_or((rest, ""));
    let (authority, database) = address.split_once('/').unwrap_or((address, ""));
    found.authority(authority);
    found.database = Some(database.to_owned()).filter(|name| !name.is_empty());
    let is_own =
        |pair: &&str| pair.split_once('=').is_some_and(|(key, _)| DERBYS.contains(&key.to_ascii_lowercase().as_str()));
    let (derbys, others): (Vec<&str>, Vec<&str>) = properties.split(';').partition(is_own);
    found.properties(&others.join(";"));
    if !derbys.is_empty() {
        found.settings.push(("attributes", derbys.join(";")));
    }
    found
}

/// Connection attributes of Derby that hold no secret.
const DERBYS: [&str; 9] = [
    "create",
    "shutdown",
    "drop",
    "upgrade",
    "territory",
    "collation",
    "createfrom",
    "restorefrom",
    "rollforwardrecoveryfrom",
];

/// `user:password@host:port/database?key=value`
fn sqlalchemy(rest: &str) -> ForeignSettings {
    let mut found = ForeignSettings { usual_port: USUAL, ..ForeignSettings::default() };
    // An @ after a question mark may be part of a password: then no part of the text is shown.
    if rest.find('?') < rest.rfind('@') && rest.contains('?') {
        found.password = true;
        return found;
    }
    // Whatever a password holds, it ends at the last @.
    let (credentials, place) = rest.rsplit_once('@').unwrap_or(("", rest));
    let (place, query) = place.split_once(['?', ';']).unwrap_or((place, ""));
    let (address, database) = place.split_once('/').unwrap_or((place, ""));
    found.authority(&if credentials.is_empty() { address.to_owned() } else { format!("{credentials}@{address}") });
    found.database = decode("database", database).ok().filter(|name| !name.is_empty());
    found.properties(&query.replace('&', ";"));
    found
}

/// `KEY=value;KEY=value`
fn odbc(text: &str) -> ForeignSettings {
    let mut found = ForeignSettings { usual_port: USUAL, ..ForeignSettings::default() };
    found.properties(text);
    if found.database.is_none() {
        found.notes.push(RDB_OF_IBM_I);
    }
    found
}

/// A name in small letters and without separators.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect()
}

/// A mechanism by IBM's name or JDBC's number.
fn mechanism(value: &str) -> Option<&'static str> {
    match value.to_ascii_uppercase().as_str() {
        "SERVER" | "3" => Some("password"),
        "4" => Some("user"),
        "SERVER_ENCRYPT" | "SERVER_ENCRYPT_AES" | "9" => Some("encrypted"),
        "7" => Some("encrypted-password"),
        "KERBEROS" | "11" => Some("kerberos"),
        _ => None,
    }
}

fn is_seconds(value: &str) -> bool {
    value.parse::<f64>().is_ok_and(|seconds| seconds > 0.0 && seconds < 31_536_000.0)
}

/// Percent-encoded, unless it is made of letters, digits and `safe` characters.
fn spared<'a>(text: &'a str, safe: &str) -> Cow<'a, str> {
    if text.chars().all(|c| c.is_ascii_alphanumeric() || safe.contains(c)) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(encode(text))
    }
}

#[cfg(test)]
mod tests;
