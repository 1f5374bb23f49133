//! Recognises what answered when it was not DRDA.

/// Longest excerpt shown.
const SHOWN: usize = 16;
/// Bytes of a peer that are kept until it is known.
pub(super) const HEAD: usize = 64;

/// True for the head of a TLS record: content type and major version.
pub fn is_tls(first: &[u8]) -> bool {
    matches!(first, [0x14..=0x17, 0x03, ..])
}

/// True for the head of a DSS: two bytes of length, 0xD0.
pub fn is_dss(first: &[u8]) -> bool {
    matches!(first, [_, _, 0xD0, ..])
}

/// The protocol that these first bytes of a peer belong to.
pub fn name(first: &[u8]) -> Option<&'static str> {
    let holds = |word: &[u8]| first.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    Some(match first {
        _ if is_tls(first) => "TLS",
        [b'H', b'T', b'T', b'P', b'/', ..] => "HTTP",
        [b'<', b'!' | b'h' | b'H', ..] if holds(b"<!doctype") || holds(b"<html") => "HTTP",
        [b'S', b'S', b'H', b'-', ..] => "SSH",
        [b'2', b'2', b'0', b' ' | b'-', ..] if holds(b"smtp") => "SMTP",
        [b'2', b'2', b'0', b' ' | b'-', ..] if holds(b"ftp") => "FTP",
        [b'2', b'2', b'0', b' ' | b'-', ..] => "SMTP or FTP",
        [b'R', b'F', b'B', b' ', ..] => "VNC",
        [b'+', b'O', b'K', ..] => "POP3",
        [b'*', b' ', b'O', b'K', ..] => "IMAP",
        [b'-', b'E' | b'N' | b'D', ..] if holds(b"-ERR") || holds(b"-NOAUTH") || holds(b"-DENIED") => "Redis",
        [b'E', 0, _, _, _, b'S', b'F' | b'E', ..] => "PostgreSQL",
        // A packet of MySQL that greets or refuses: length, number 0, protocol 10 or an error.
        [_, _, 0, 0, 0x0A | 0xFF, ..] => "MySQL",
        [0x04, 0x01, _, _, ..] => "SQL Server (TDS)",
        _ => return None,
    })
}

/// Says in words what answered a TLS handshake with these bytes, unless they are TLS too or there are
/// too few of them.
pub(super) fn instead_of_tls(first: &[u8]) -> Option<String> {
    match first {
        [] | [0x14..=0x17] => None,
        _ if is_dss(first) => Some("it answered in DRDA without TLS".to_owned()),
        _ if is_tls(first) => None,
        _ => Some(format!("it answered \"{}\"", shown(first))),
    }
}

/// The same of a peer that said no more than these, unless it said nothing or may have begun a frame.
pub fn cut_short(first: &[u8]) -> Option<String> {
    (!first.is_empty() && !is_dss(first)).then(|| describe(first))
}

/// Says in words what these first bytes of a peer belong to.
pub(super) fn describe(first: &[u8]) -> String {
    let shown = shown(first);
    match name(first) {
        Some("TLS") => format!(
            "the port does not speak DRDA but looks like TLS: use tls=require (usual ports: 448, 50001); it answered \"{shown}\""
        ),
        Some(known) => {
            let article = if known.starts_with(['F', 'H', 'I', 'S']) { "an" } else { "a" };
            format!("the port does not speak DRDA but looks like {article} {known} server; it answered \"{shown}\"")
        }
        None => format!("the port does not speak DRDA; it answered \"{shown}\""),
    }
}

/// The first of a peer's bytes, to be read by people.
pub fn shown(first: &[u8]) -> String {
    first.iter().take(SHOWN).flat_map(|b| std::ascii::escape_default(*b)).map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::{describe, instead_of_tls, name};

    #[test]
    fn common_servers_are_named() {
        assert!(describe(b"HTTP/1.1 400 Bad Request\r\n").contains("an HTTP server"));
        assert!(describe(b"SSH-2.0-OpenSSH").contains("an SSH server"));
        assert!(describe(&[0x15, 3, 1, 0, 2]).contains("TLS"));
        assert!(instead_of_tls(&[0x16, 3, 3, 0, 80]).is_none() && instead_of_tls(&[0x15]).is_none());
        assert_eq!(instead_of_tls(&[0, 21, 0xD0, 2]).as_deref(), Some("it answered in DRDA without TLS"));
        assert_eq!(instead_of_tls(b"H").as_deref(), Some("it answered \"H\""));
        assert_eq!(instead_of_tls(b"HTTP/1.1").as_deref(), Some("it answered \"HTTP/1.1\""));
        assert_eq!(super::cut_short(b"hi").as_deref(), Some("the port does not speak DRDA; it answered \"hi\""));
        assert!(super::cut_short(b"").is_none() && super::cut_short(&[0, 21, 0xD0]).is_none());
        assert_eq!(describe(&[0, 1]), "the port does not speak DRDA; it answered \"\\x00\\x01\"");
    }

    #[test]
    fn protocols_by_their_first_bytes() {
        for (first, known) in [
            (&b"<!DOCTYPE HTML>"[..], Some("HTTP")),
            (b"220 mail.example ESMTP Postfix\r\n", Some("SMTP")),
            (b"220 (vsFTPd 3.0.5)\r\n", Some("FTP")),
            (b"220 hello\r\n", Some("SMTP or FTP")),
            (b"+OK ready", Some("POP3")),
            (b"* OK IMAP4rev1", Some("IMAP")),
            (b"-ERR unknown command", Some("Redis")),
            (b"-NOAUTH Authentication required.", Some("Redis")),
            (b"E\0\0\0\x85SFATAL", Some("PostgreSQL")),
            (b"\x5b\0\0\0\x0a8.0.36", Some("MySQL")),
            (b"\x04\x01\0\x2b\0\0\x01\0", Some("SQL Server (TDS)")),
            (b"\0\x7f\xd0\x02", None),
            (b"hello", None),
            (b"", None),
        ] {
            assert_eq!(name(first), known, "{first:?}");
        }
    }
}
