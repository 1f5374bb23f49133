//! Decimals of fixed point: packed (FD:OCA type 30), zoned (33) and numeric character.
//!
//! Packed: two digits a byte, the sign in the last half byte (A C E F plus, B D minus). Zoned: a
//! digit in the right half of each byte, zones F (EBCDIC) or 3 (ASCII) in the left, the sign in
//! the zone of the last byte. Numeric character: an optional leading sign and plain digits.
//! A machine instruction in spirit: digits are checked and combined eight or sixteen at a time in
//! one register ([`simd`](super::simd) does so for many values at once). Scale is not seen here: a value is its unscaled integer.

mod put;
mod read;
mod wide;

pub use put::{PACKED_WORD, digits8, nibbles16, packed_word, put_chars, put_packed, put_zoned};
pub use read::{chars, packed, packed_wide, packed128, zoned, zoned_wide};
pub use wide::{Wide, fits, scale_down, scale_up};

use super::error::ValueForm;

const PACKED: ValueForm = ValueForm::Packed;
const ZONED: ValueForm = ValueForm::Zoned;
const CHARS: ValueForm = ValueForm::Characters;
/// The most digits that any reader here takes: what 256 bits always hold.
pub const MAX_DIGITS: usize = 76;
/// `10^16`.
pub const TEN16: u64 = 10_000_000_000_000_000;

#[cfg(test)]
mod tests;
