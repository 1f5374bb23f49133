//! Bytes that tests write down as hex.

/// The bytes of a line of hex; what is no digit stands between them.
pub(in crate::flow) fn hex(line: &str) -> Vec<u8> {
    let digits: Vec<u8> = line.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|d| u8::from_str_radix(std::str::from_utf8(d).unwrap(), 16).unwrap()).collect()
}
