//! Naming what answered when it was not DRDA.

/// Longest excerpt shown.
const SHOWN: usize = 16;

/// True for the head of a TLS record: content type and major version.
pub(super) fn is_tls(first: &[u8]) -> bool {
    matches!(first, [0x14..=0x17, 0x03, ..])
}

/// Says in words what answered a TLS handshake with these bytes, unless they are TLS too or there are
/// too few of them.
pub(super) fn instead_of_tls(first: &[u8]) -> Option<String> {
    match first {
        [] | [_] => None,
        // A DSS header: two bytes of length, 0xD0.
        [_, _, 0xD0, ..] => Some("it answered in DRDA without TLS".to_owned()),
        _ if is_tls(first) => None,
        _ => Some(format!("it answered \"{}\"", shown(first))),
    }
}

/// Says in words what these first bytes of a peer belong to.
pub(super) fn describe(first: &[u8]) -> String {
    let known = match first {
        _ if is_tls(first) => Some("TLS: use tls=require (usual ports: 448, 50001)"),
        [b'H', b'T', b'T', b'P', ..] => Some("an HTTP server"),
        [b'S', b'S', b'H', b'-', ..] => Some("an SSH server"),
        [b'2', b'2', b'0', ..] => Some("an SMTP or FTP server"),
        [b'R', b'F', b'B', b' ', ..] => Some("a VNC server"),
        [b'-', b'E', b'R', b'R', ..] | [b'+', b'O', b'K', ..] => Some("a Redis or POP3 server"),
        [b'E', _, _, _, _, b'S', b'F', ..] => Some("a PostgreSQL server"),
        [_, _, 0, 0, 0x0A | 0xFF, ..] => Some("a MySQL server"),
        [0x04, 0x01, _, _, ..] => Some("a SQL Server (TDS)"),
        _ => None,
    };
    let shown = shown(first);
    match known {
        Some(what) => format!("the port does not speak DRDA but looks like {what}; it answered \"{shown}\""),
        None => format!("the port does not speak DRDA; it answered \"{shown}\""),
    }
}

fn shown(first: &[u8]) -> String {
    first.iter().take(SHOWN).flat_map(|b| std::ascii::escape_default(*b)).map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::{describe, instead_of_tls};

    #[test]
    fn common_servers_are_named() {
        assert!(describe(b"HTTP/1.1 400 Bad Request\r\n").contains("HTTP"));
        assert!(describe(b"SSH-2.0-OpenSSH").contains("SSH"));
        assert!(describe(&[0x15, 3, 1, 0, 2]).contains("TLS"));
        assert!(instead_of_tls(&[0x16, 3, 3, 0, 80]).is_none() && instead_of_tls(&[0x15]).is_none());
        assert_eq!(instead_of_tls(&[0, 21, 0xD0, 2]).as_deref(), Some("it answered in DRDA without TLS"));
        assert_eq!(instead_of_tls(b"HTTP/1.1").as_deref(), Some("it answered \"HTTP/1.1\""));
        assert_eq!(describe(&[0, 1]), "the port does not speak DRDA; it answered \"\\x00\\x01\"");
    }
}
