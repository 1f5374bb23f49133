//! The line to a server, by what is known of who else may be on it.

use std::net::IpAddr;

/// The line to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Line {
    /// In clear to another machine, or nothing is known of it: whoever is on the way can listen and answer.
    #[default]
    Open,
    /// Under TLS to whoever answers: nobody can listen, but anybody may be at its other end.
    Unverified,
    /// It does not leave this machine: the peer's address says so, or whoever handed the stream in does.
    Local,
    /// Under TLS to a server that has proved who it is.
    Verified,
}

impl Line {
    /// By the address that a connection arrived at. A host's name decides nothing: it may resolve to any address.
    pub fn to(peer: IpAddr) -> Line {
        if peer.to_canonical().is_loopback() { Line::Local } else { Line::Open }
    }

    /// The same line with TLS on it, to a server that is `verified` or not.
    pub fn under_tls(self, verified: bool) -> Line {
        match self {
            _ if verified => Line::Verified,
            Line::Open => Line::Unverified,
            line => line,
        }
    }

    /// True when nobody else can listen or answer.
    pub fn is_private(self) -> bool {
        matches!(self, Line::Local | Line::Verified)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_decides() {
        for (address, line) in [
            ("127.0.0.1", Line::Local),
            ("127.9.9.9", Line::Local),
            ("::1", Line::Local),
            ("::ffff:127.0.0.1", Line::Local),
            ("0.0.0.0", Line::Open),
            ("10.0.0.1", Line::Open),
            ("192.168.1.1", Line::Open),
            ("::ffff:10.0.0.1", Line::Open),
            ("fe80::1", Line::Open),
        ] {
            assert_eq!(Line::to(address.parse().unwrap()), line, "{address}");
        }
    }

    #[test]
    fn tls_makes_a_line_private_where_the_server_proves_itself() {
        for (line, verified, unverified) in [
            (Line::Open, Line::Verified, Line::Unverified),
            (Line::Unverified, Line::Verified, Line::Unverified),
            (Line::Local, Line::Verified, Line::Local),
            (Line::Verified, Line::Verified, Line::Verified),
        ] {
            assert_eq!((line.under_tls(true), line.under_tls(false)), (verified, unverified), "{line:?}");
        }
        assert!(!Line::Unverified.is_private() && !Line::default().is_private());
        assert!(Line::Local.is_private() && Line::Verified.is_private());
    }
}
