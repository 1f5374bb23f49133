//! How a server behaves: the product it looks like, who may come in, what it bears with. Each setting is declared once:
//! its meaning, its field, its default, and how it is read from a caller who gives it by name.

use super::file::library::FileStore;
use super::login::access::{Access, CertificateUsers};
use super::persona::{LUW, Persona};
use super::tls::ServerTls;
pub use crate::wire::sql::accrdb::ServerAddress;
use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeBounds;
use std::time::Duration;

/// Values of settings by their names, as a caller gives them. An error names the setting and what it may be.
pub trait Given {
    /// The error of a value that cannot be meant.
    type Error;

    /// Yes or no.
    fn flag(&self, name: &str) -> Result<bool, Self::Error>;

    /// A whole number of a range.
    fn number<T>(&self, name: &str, range: impl RangeBounds<T>) -> Result<T, Self::Error>
    where
        T: TryFrom<u64> + PartialOrd + Display;

    /// A whole number of a range, or none.
    fn optional_number<T>(&self, name: &str, range: impl RangeBounds<T>) -> Result<Option<T>, Self::Error>
    where
        T: TryFrom<u64> + PartialOrd + Display;

    /// Seconds above 0, or none for no limit.
    fn limit(&self, name: &str) -> Result<Option<Duration>, Self::Error>;
}

/// Declares the settings: the meaning, the field with its default, and how it is read. Those that are not read so are
/// made of several values, or keep their default.
macro_rules! settings {
    (
        ($given:ident, $key:ident)
        $($(#[$meaning:meta])* $name:ident: $type:ty = $default:expr $(=> $read:expr)?;)*
    ) => {
        /// How a server behaves.
        #[derive(Debug, Clone)]
        pub struct ServerSettings {
            $($(#[$meaning])* pub $name: $type,)*
        }

        impl Default for ServerSettings {
            fn default() -> ServerSettings {
                ServerSettings { $($name: $default,)* }
            }
        }

        impl ServerSettings {
            /// Reads the settings that are given by name; the others have their defaults.
            pub fn read<G: Given>($given: &G) -> Result<ServerSettings, G::Error> {
                let mut settings = ServerSettings::default();
                $($({
                    let $key = stringify!($name);
                    settings.$name = $read;
                })?)*
                Ok(settings)
            }
        }
    };
}

settings! {
    (given, key)

    /// Where to listen; port 0 takes any that is free.
    address: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

    /// The product it looks like.
    persona: &'static Persona = &LUW;

    /// The CCSID of character columns that have none of their own, in place of the persona's; for
    /// the personas whose columns may have one.
    ccsid: Option<u16> = None => given.optional_number(key, 0..=u16::MAX)?;

    /// Who may connect.
    access: Access = Access::default();

    /// Files for record access, which the persona `ibmi` has.
    files: Option<FileStore> = None;

    /// Where to listen as a sign-on server, which IBM's clients ask before they ask for files; none
    /// for no such server.
    signon: Option<SocketAddr> = None;

    /// The password level (QPWDLVL, 0 to 4) that the sign-on server tells; clients make their proofs by
    /// it.
    password_level: u8 = 2 => given.number(key, 0..=4)?;

    /// TLS on every connection; none for connections in clear.
    tls: Option<ServerTls> = None;

    /// As whom a client with a certificate may log in.
    certificate_users: CertificateUsers = CertificateUsers::default();

    /// Other addresses of the databases, which clients are told at their logins, the preferred first; not those of Derby.
    server_list: Vec<ServerAddress> = Vec::new();

    /// Connections at a time. One beyond takes the place of the oldest that has not logged in; when all
    /// have, it is closed at once.
    max_connections: usize = 512 => given.number(key, 1..)?;

    /// Threads that run statements at a time. Logins have threads of their own.
    workers: usize = 8 => given.number(key, 1..)?;

    /// Peers on other machines may send passwords in clear, or so that every listener can find them out, without TLS.
    allow_cleartext_password: bool = false => given.flag(key)?;

    /// After five failed logins of an address or a user name the answer takes so long, and twice as long after each
    /// one more, up to ten seconds; zero: never.
    login_delay: Duration = Duration::from_millis(100);

    /// Tables and files may be read, and not changed.
    read_only: bool = false => given.flag(key)?;

    /// A connection without a request for so long is closed, its transaction undone; none: never.
    idle_timeout: Option<Duration> = None => given.limit(key)?;

    /// Statements that a client sends at once, and what it asks of an open result at once, are broken off after so long
    /// with SQLCODE -952; none: never.
    statement_timeout: Option<Duration> = None => given.limit(key)?;

    /// From the first byte to an open database, a TLS handshake included.
    login_timeout: Duration = Duration::from_secs(10);

    /// A begun request has to go on, and a reply has to be taken, within this time.
    stall_timeout: Duration = Duration::from_secs(60);

    /// Longest request: a statement with its parameters.
    max_request: usize = 256 << 20;

    /// Bytes that the clients may make the server hold beside its tables: rows that wait to be fetched, large objects,
    /// requests, replies, prepared statements, changes that are not committed. Beyond that a statement ends with
    /// SQLCODE -289.
    max_memory: usize = 1 << 30 => given.number(key, 1..)?;

    /// The same for one connection.
    max_connection_memory: usize = 256 << 20 => given.number(key, 1..)?;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    /// The column of defaults in `docs/settings.md`.
    struct Page(HashMap<String, String>);

    impl Page {
        fn read() -> Page {
            let page = include_str!("../../docs/settings.md");
            let rows = page.split("\n## serve\n").nth(1).unwrap().lines().filter(|line| line.starts_with("| `"));
            let cells = rows.map(|row| row.split(" | ").map(|cell| cell.trim_matches(['|', ' ', '`']).to_owned()));
            Page(cells.map(|mut cells| (cells.next().unwrap(), cells.nth(1).unwrap())).collect())
        }
    }

    impl Given for Page {
        type Error = String;

        fn flag(&self, name: &str) -> Result<bool, String> {
            self.0.get(name).ok_or(name)?.to_lowercase().parse().map_err(|_| name.to_owned())
        }

        fn number<T>(&self, name: &str, range: impl RangeBounds<T>) -> Result<T, String>
        where
            T: TryFrom<u64> + PartialOrd + Display,
        {
            self.optional_number(name, range)?.ok_or(name.to_owned())
        }

        fn optional_number<T>(&self, name: &str, range: impl RangeBounds<T>) -> Result<Option<T>, String>
        where
            T: TryFrom<u64> + PartialOrd + Display,
        {
            let text = self.0.get(name).ok_or(name)?;
            let number = || text.parse().ok().and_then(|n: u64| T::try_from(n).ok()).filter(|n| range.contains(n));
            if text == "None" { Ok(None) } else { number().map(Some).ok_or(name.to_owned()) }
        }

        fn limit(&self, name: &str) -> Result<Option<Duration>, String> {
            let text = self.0.get(name).ok_or(name)?;
            if text == "None" {
                Ok(None)
            } else {
                text.parse().map(Duration::from_secs_f64).map(Some).map_err(|_| name.into())
            }
        }
    }

    #[test]
    fn the_page_tells_the_defaults_of_a_server() {
        let of_page = ServerSettings::read(&Page::read()).unwrap();
        assert_eq!(format!("{of_page:?}"), format!("{:?}", ServerSettings::default()));
    }
}
