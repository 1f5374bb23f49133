//! The server in its own words.

use crate::flow::session::{Product, Session};
use crate::net::tls::Secured;

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
    /// What protects the connection; none when it is in clear.
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
            sqlam: s.sqlam,
            typdef: s.theirs.name.name(),
            ccsids: (s.theirs.sbc, s.theirs.dbc, s.theirs.mbc),
            secmec: s.security.secmec().number(),
            security: s.security.to_string(),
            database: database.to_owned(),
            peer: peer.to_owned(),
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
