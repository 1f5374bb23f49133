//! A CCSID (Coded Character Set Identifier, IBM's CDRA) to and from UTF-8.
//!
//! [`codec::Codec`] is the way in: chosen once for a column, then used for every value.
//! A page has one of these forms: single byte (EBCDIC or ASCII); EBCDIC with shift-out and shift-in
//! around double-byte characters (`shifted`); double bytes alone (GRAPHIC columns); lead bytes (the PC
//! and EUC pages of East Asia, `lead_byte`); UTF-8 and UTF-16 (`unicode`).
//!
//! # Choices
//! * Line ends follow CDRA: EBCDIC 0x15 (NL) is U+0085, 0x25 (LF) is U+000A, and back. Systems that
//!   swap the two (z/OS Unix) are not followed.
//! * Strict by default: a byte without a character and a character without a byte are errors. Nothing
//!   is replaced by a look-alike. [`error::Errors::Replace`] marks each bad unit with U+FFFD.
//! * User-defined areas are decoded to the private use area and back, as IBM places them.
//! * The IBM PC pages (437, 850, 943 and so on) have CDRA's rotation of three controls: 0x1A is U+001C,
//!   0x1C is U+007F, 0x7F is U+001A.
//! * 943 has the yen sign at 0x5C and the overline at 0x7E, 949 the won sign at 0x5C; 932 (served by the
//!   table of its superset 942) has a backslash there.
//! * 1250 to 1258 have the euro sign, as IBM's products have had since 1998.
//! * 13488 and 17584 (UCS-2 on paper) may hold surrogate pairs; lone surrogates are errors.
//! * 65535 (no conversion) and 0 are not text: no codec.
//!
//! # Tables
//! Written by `tools/ccsid/generate.py` from ICU's data. Not in ICU and taken from elsewhere: 423, 880, 905
//! and 1166 (glibc, with some cells corrected to IBM's listing), 924 (1047's layout over Latin-9), 1381
//! (composed from 1383). Tables are expanded at first use and shared by all codecs.

pub mod ascii;
#[cfg(test)]
mod careful;
pub mod codec;
mod directory;
mod double;
pub mod error;
pub mod flat;
mod lead_byte;
mod on_error;
mod page;
mod quick;
mod shifted;
mod single;
pub mod sink;
mod unicode;

/// The bytes that lead into and out of double bytes in a mixed EBCDIC page.
const SHIFT_OUT: u8 = 0x0E;
const SHIFT_IN: u8 = 0x0F;
