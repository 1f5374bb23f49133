//! Many values at once: words side by side, the same steps for all and no branch. Everything that reads so is inlined
//! and gets the widest instructions that its caller may use.
//!
//! The result of such a function is zero when all is well. If it is not, some value is odd, what was written means
//! nothing, and the values are for the functions that take them one by one.

/// Values that are read together.
pub const LANES: usize = 64;
/// A packed decimal zero.
pub const PACKED_ZERO: u64 = 0x0C;
/// A zoned decimal zero in EBCDIC.
pub const ZONED_ZERO: u64 = 0xF0F0_F0F0_F0F0_F0F0;
