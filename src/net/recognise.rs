//! Naming what answered when it was not DRDA.

/// Longest excerpt shown.
const SHOWN: usize = 16;

/// Says in words what these first bytes of a peer belong to.
pub(super) fn describe(first: &[u8]) -> String {
    let known = match first {
        [0x15 | 0x16, 0x03, ..] => Some("TLS: the port wants an encrypted connection (usually 448 or 50001)"),
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
    let shown: String = first.iter().take(SHOWN).flat_map(|b| std::ascii::escape_default(*b)).map(char::from).collect();
    match known {
        Some(what) => format!("the port does not speak DRDA but looks like {what}; it answered \"{shown}\""),
        None => format!("the port does not speak DRDA; it answered \"{shown}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::describe;

    #[test]
    fn common_servers_are_named() {
        assert!(describe(b"HTTP/1.1 400 Bad Request\r\n").contains("HTTP"));
        assert!(describe(b"SSH-2.0-OpenSSH").contains("SSH"));
        assert!(describe(&[0x15, 3, 1, 0, 2]).contains("TLS"));
        assert_eq!(describe(&[0, 1]), "the port does not speak DRDA; it answered \"\\x00\\x01\"");
    }
}
