//! The server's description of itself.

use super::config::address::written;
use crate::flow::sql::session::Session;
use crate::net::tls::Secured;
use crate::wire::value::product::Product;

/// The server in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerInfo {
    /// The product, in words.
    pub product: &'static str,
    /// Product id: letters, version, release, modification.
    pub prdid: String,
    /// Server class name.
    pub class: String,
    /// Release level.
    pub release: String,
    /// The operating system that its class names: `Linux`, `AIX`, `IBM i`, `z/OS`, …
    pub platform: String,
    /// The system's own name.
    pub system: String,
    /// The job, process or program that serves this connection: `123456/QUSER/QRWTSRVR` on IBM i.
    pub job: String,
    /// Level of SQL application management agreed.
    pub sqlam: u16,
    /// The environment of its data: `QTDSQLASC`, …
    pub typdef: &'static str,
    /// CCSIDs of its single-byte, double-byte and mixed data; 0 when not stated.
    pub ccsids: (u16, u16, u16),
    /// Number of the security mechanism in force.
    pub secmec: u16,
    /// The security mechanism in force, in words.
    pub security: String,
    /// Database.
    pub database: String,
    /// `host:port`.
    pub peer: String,
    /// Other addresses of the database, as the server tells them: `host:port`.
    pub servers: Vec<String>,
    /// The protection of the connection; none when it is in clear.
    pub tls: Option<Secured>,
}

impl ServerInfo {
    /// From what was agreed with it.
    pub(super) fn new(s: &Session, database: &str, peer: &str, tls: Option<&Secured>) -> ServerInfo {
        ServerInfo {
            product: words(s.product),
            prdid: s.prdid.clone(),
            class: s.class.clone(),
            release: s.release.clone(),
            platform: platform(&s.class),
            system: s.system.clone(),
            job: s.job.clone(),
            sqlam: s.sqlam,
            typdef: s.theirs.name.name(),
            ccsids: (s.theirs.sbc, s.theirs.dbc, s.theirs.mbc),
            secmec: s.security.secmec().number(),
            security: s.security.to_string(),
            database: database.to_owned(),
            peer: peer.to_owned(),
            servers: s.servers.iter().map(|server| written(&server.host, server.port)).collect(),
            tls: tls.cloned(),
        }
    }
}

/// A product as people call it.
pub(super) fn words(product: Product) -> &'static str {
    match product {
        Product::Derby => "Apache Derby",
        Product::Luw => "Db2 for Linux, UNIX and Windows",
        Product::IbmI => "Db2 for i",
        Product::Zos => "Db2 for z/OS",
        Product::Other => "unknown",
    }
}

/// By the server class names that IBM publishes: `QDB2/…` for each system of LUW, `QDB2` alone for z/OS,
/// `QAS` for IBM i.
fn platform(class: &str) -> String {
    const SYSTEMS: [(&str, &str); 8] = [
        ("LINUX", "Linux"),
        ("AIX", "AIX"),
        ("6000", "AIX"),
        ("NT", "Windows"),
        ("HP", "HP-UX"),
        ("SUN", "Solaris"),
        ("JVM", "Java"),
        ("DARWIN", "macOS"),
    ];
    match class.trim().split_once('/') {
        Some(("QDB2", system)) => {
            SYSTEMS.iter().find(|(start, _)| system.starts_with(start)).map_or(system, |(_, name)| name).to_owned()
        }
        None if class.trim() == "QDB2" => "z/OS".to_owned(),
        None if class.trim() == "QAS" => "IBM i".to_owned(),
        None if class.trim() == "Apache Derby" => "Java".to_owned(),
        _ => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_name_systems() {
        for (class, expected) in [
            ("QDB2/LINUXX8664", "Linux"),
            ("QDB2/AIX64", "AIX"),
            ("QDB2/NT64", "Windows"),
            ("QDB2/NEW", "NEW"),
            ("QDB2 ", "z/OS"),
            ("QAS", "IBM i"),
            ("Apache Derby", "Java"),
            ("", "unknown"),
        ] {
            assert_eq!(platform(class), expected);
        }
    }
}
