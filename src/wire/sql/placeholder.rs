//! The placeholder of a large object: it stands in the row and announces the length of the value that
//! follows as EXTDTA. Its byte order is not said anywhere. (Measured: Derby writes big-endian; IBM's
//! drivers take big-endian of a server in the environment QTDSQLX86. Measured by others: Informix 15 writes
//! little-endian there.) So it is read in either order, the sender's own first.

use crate::wire::codec::reader::ByteOrder;

/// The top bit of a length says that the length is not known.
const UNKNOWN: u8 = 0x80;

/// The number in a placeholder.
#[derive(Debug, Clone, Copy)]
pub struct Placeholder<'a> {
    number: &'a [u8],
    order: ByteOrder,
}

impl<'a> Placeholder<'a> {
    /// Of a sender whose numbers have this order. Nine bytes are a mode and a length of eight. (Measured:
    /// IBM's CLI driver.)
    pub fn new(bytes: &'a [u8], order: ByteOrder) -> Placeholder<'a> {
        let number = match bytes {
            [_mode, length @ ..] if length.len() == 8 => length,
            length => length,
        };
        Placeholder { number, order }
    }

    /// True for a value of no bytes: no EXTDTA follows.
    pub fn is_empty(self) -> bool {
        self.number.iter().all(|byte| *byte == 0)
    }

    /// The length as the sender's own order has it.
    pub fn announced(self) -> u64 {
        self.read(self.order)
    }

    /// True when a value of `len` bytes is as long as announced, in bytes or in characters of two, or when
    /// nothing was announced. In the order that is not the sender's own, only the bare mark says that
    /// the length is not known: any other number there is a length.
    pub fn allows(self, len: usize) -> bool {
        let len = len as u64;
        let is_it = |n: u64| n == len || n.checked_mul(2) == Some(len);
        let (top, bare) = match self.order {
            ByteOrder::Big => (self.number.first(), self.number.split_last()),
            ByteOrder::Little => (self.number.last(), self.number.split_first()),
        };
        let zeros = |rest: &[u8]| rest.iter().all(|byte| *byte == 0);
        top.is_some_and(|byte| byte & UNKNOWN != 0)
            || bare.is_some_and(|(byte, rest)| *byte == UNKNOWN && zeros(rest))
            || is_it(self.read(ByteOrder::Big))
            || is_it(self.read(ByteOrder::Little))
    }

    fn read(self, order: ByteOrder) -> u64 {
        let add = |n: u64, byte: &u8| n << 8 | u64::from(*byte);
        match order {
            ByteOrder::Big => self.number.iter().fold(0, add),
            ByteOrder::Little => self.number.iter().rev().fold(0, add),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ddm::param::hex;
    use ByteOrder::{Big, Little};

    fn allows(bytes: &str, order: ByteOrder, len: usize) -> bool {
        Placeholder::new(&hex(bytes), order).allows(len)
    }

    #[test]
    fn a_length_may_be_in_either_order() {
        for order in [Big, Little] {
            assert!(allows("00000010", order, 16) && allows("10000000", order, 16));
            assert!(allows("0000000000000010", order, 16) && allows("1000000000000000", order, 16));
            assert!(allows("020000000000000010", order, 16) && allows("021000000000000000", order, 16));
            // Characters of two bytes.
            assert!(allows("00000010", order, 32) && allows("10000000", order, 32));
            assert!(!allows("00000010", order, 17) && !allows("10000000", order, 15));
            assert!(Placeholder::new(&[0; 8], order).is_empty() && !Placeholder::new(&[0, 1], order).is_empty());
        }
    }

    #[test]
    fn a_low_byte_from_80_to_ff_is_a_length_in_little_endian() {
        for low in 0x81..=0xFF_u8 {
            let bytes = [low, 0, 0, 0];
            let placeholder = Placeholder::new(&bytes, Little);
            assert_eq!(placeholder.announced(), u64::from(low));
            assert!(placeholder.allows(usize::from(low)) && placeholder.allows(usize::from(low) * 2));
            assert!(!placeholder.allows(usize::from(low) - 1) && !placeholder.allows(5), "{low:02X}");
            // A mark with a rest, in the sender's own order.
            assert!(Placeholder::new(&bytes, Big).allows(5));
        }
        assert!(!allows("82010000", Little, 5) && allows("82010000", Little, 0x182));
    }

    #[test]
    fn a_length_may_be_unknown_in_either_order() {
        for order in [Big, Little] {
            assert!(allows("80000000", order, 77) && allows("00000080", order, 77));
            assert!(allows("8000000000000000", order, 77) && allows("028000000000000000", order, 77));
        }
    }
}
