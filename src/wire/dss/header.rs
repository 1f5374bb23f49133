//! The six bytes in front of every frame: LL, X'D0', format, correlation id. (DDM: DSS.)

use crate::wire::codec::error::{Result, What, WireError};

/// Length of the header.
pub const HEADER: usize = 6;
/// Longest segment; a longer frame is continued.
pub const SEGMENT: usize = 0x7FFF;

/// The contents of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DssType {
    /// A command.
    Request,
    /// A reply message.
    Reply,
    /// A data object, in either direction.
    Object,
    /// Type 4: an encrypted object.
    Encrypted,
    /// A command that wants no reply (Db2's CLI driver sends one at disconnect).
    RequestNoReply,
}

/// A decoded header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DssHeader {
    /// The contents of the frame.
    pub kind: DssType,
    /// Another frame follows in the chain.
    pub chained: bool,
    /// The next frame has the same correlation id.
    pub same_id: bool,
    /// The chain goes on after an error.
    pub continue_on_error: bool,
    /// Correlation id: which command of the chain this belongs to.
    pub id: u16,
}

impl DssHeader {
    /// Byte 3 of the header.
    pub fn format(&self) -> u8 {
        let kind = match self.kind {
            DssType::Request => 1,
            DssType::Reply => 2,
            DssType::Object => 3,
            DssType::Encrypted => 4,
            DssType::RequestNoReply => 5,
        };
        kind | if self.chained { 0x40 } else { 0 }
            | if self.same_id { 0x10 } else { 0 }
            | if self.continue_on_error { 0x20 } else { 0 }
    }

    /// Reads a header. Returns it with the length of the first segment (header included) and
    /// whether the frame is continued.
    pub fn parse(raw: &[u8; HEADER]) -> Result<(DssHeader, usize, bool)> {
        let ll = u16::from_be_bytes([raw[0], raw[1]]);
        if raw[2] != 0xD0 {
            return Err(WireError::invalid(What::DssHeader, 2, format!("expected X'D0', got X'{:02X}'", raw[2])));
        }
        let kind = match raw[3] & 0x0F {
            1 => DssType::Request,
            2 => DssType::Reply,
            3 => DssType::Object,
            4 => DssType::Encrypted,
            5 => DssType::RequestNoReply,
            other => return Err(WireError::invalid(What::DssHeader, 3, format!("unknown format {other}"))),
        };
        let header = DssHeader {
            kind,
            chained: raw[3] & 0x40 != 0,
            same_id: raw[3] & 0x10 != 0,
            continue_on_error: raw[3] & 0x20 != 0,
            id: u16::from_be_bytes([raw[4], raw[5]]),
        };
        let len = usize::from(ll & 0x7FFF);
        if len < HEADER {
            return Err(WireError::invalid(What::DssHeader, 0, format!("length {len} is less than {HEADER}")));
        }
        Ok((header, len, ll & 0x8000 != 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_survives_the_round_trip() {
        let (h, len, more) = DssHeader::parse(&[0x00, 0x67, 0xD0, 0x41, 0, 1]).unwrap();
        assert_eq!((h.kind, h.chained, h.same_id, h.id, len, more), (DssType::Request, true, false, 1, 0x67, false));
        assert_eq!(h.format(), 0x41);
    }

    #[test]
    fn bad_headers_are_named() {
        assert!(DssHeader::parse(b"HTTP/1").is_err());
        assert!(DssHeader::parse(&[0, 5, 0xD0, 1, 0, 1]).is_err());
        assert!(DssHeader::parse(&[0, 6, 0xD0, 9, 0, 1]).is_err());
    }
}
