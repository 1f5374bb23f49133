//! Bounds for replies that bring nothing. A peer that sends much without meaning would keep a client busy for
//! ever: each bound is far above what any known server sends, and small enough that a flood is an error after a
//! moment and a few megabytes.

use super::error::FlowError;
use crate::wire::ddm::codepoint::CodePoint;

/// Objects of a reply that bring nothing, beside those of each command.
pub const OBJECTS: usize = 2_000;
/// The same, for each command of the chain.
pub const OBJECTS_OF_A_COMMAND: usize = 16;
/// Bytes of a reply that bring nothing, beside those of each command.
pub const BYTES: usize = 1 << 20;
/// The same, for each command of the chain.
pub const BYTES_OF_A_COMMAND: usize = 2 << 10;
/// Bytes that an object costs to hold beside its own.
pub const OBJECT: usize = 256;
/// Chains of one conversation: a login has a few more than one.
pub const CHAINS: usize = 64;
/// Objects in a row, over all answers of a query, that bring no row.
pub const OBJECTS_WITHOUT_ROWS: usize = 2_000;
/// Rows announced as absent between two that are present.
pub const ABSENT_ROWS: usize = 1_000;
/// Warnings that are kept until somebody asks for them; of the others only the number is.
pub const WARNINGS: usize = 1_000;
/// Longest frame of a login.
pub const LOGIN_FRAME: usize = 1 << 20;
/// Longest frame of a reply that brings neither rows nor large values.
pub const FRAME: usize = 16 << 20;

/// Counts what brings nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Idle {
    /// Objects.
    pub objects: usize,
    /// Their bytes.
    pub bytes: usize,
}

impl Idle {
    /// Notes an object of `len` bytes in the reply to a chain of `commands`.
    pub fn note(&mut self, point: CodePoint, len: usize, commands: usize) -> Result<(), FlowError> {
        self.objects += 1;
        self.bytes += len;
        let objects = OBJECTS + OBJECTS_OF_A_COMMAND * commands;
        let bytes = BYTES + BYTES_OF_A_COMMAND * commands;
        if self.objects > objects || self.bytes > bytes {
            return Err(FlowError::Flood { objects: self.objects, bytes: self.bytes, point });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ddm::codepoint as cp;

    #[test]
    fn a_flood_of_objects_or_of_bytes_is_an_error_that_says_what_came() {
        let mut idle = Idle::default();
        let all = (0..10_000).find_map(|_| idle.note(cp::SQLCARD, 5, 1).err()).unwrap();
        assert!(all.to_string().contains("2017 objects (10085 bytes)"), "{all}");
        assert!(all.to_string().contains("SQLCARD"), "{all}");
        assert!(Idle::default().note(CodePoint::new(0x2499), BYTES + BYTES_OF_A_COMMAND, 1).is_ok());
        let e = Idle::default().note(CodePoint::new(0x2499), 2 * BYTES, 1).unwrap_err();
        assert!(e.to_string().contains("X'2499'"), "{e}");
        // A long chain may have more of both.
        let mut idle = Idle::default();
        assert!((0..10_000).all(|_| idle.note(cp::SQLCARD, 100, 1000).is_ok()));
    }
}
