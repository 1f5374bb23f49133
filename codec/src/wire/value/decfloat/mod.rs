//! DECFLOAT: IEEE 754-2008 decimal floating point in densely packed decimal, 8 bytes (16 digits)
//! or 16 bytes (34 digits), big-endian in every environment.
//!
//! Sign 1 bit, combination 5, exponent continuation 8 or 12, then 5 or 11 declets of three digits
//! in ten bits. The leading digit and the two top bits of the exponent share the combination.

mod declets;
mod packed;
mod text;

pub use packed::{long, short};
pub use text::{few_characters, plain, put_text};

use super::error::{Result, ValueError, ValueForm};

const WHAT: ValueForm = ValueForm::DecFloat;

/// The kind of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// `coefficient * 10^exponent`.
    Finite,
    /// Infinity.
    Infinity,
    /// Not a number; the coefficient is its payload.
    Nan,
    /// The same, signalling.
    SignalingNan,
}

/// A decimal floating-point number. Its text form is the canonical one of the standard
/// (`to-scientific-string`): equal text means equal sign, digits and exponent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecFloat {
    /// True below zero, also of a zero.
    pub negative: bool,
    /// The kind.
    pub class: Class,
    /// Up to 34 digits.
    pub coefficient: u128,
    /// The power of ten of the last digit; 0 unless finite.
    pub exponent: i32,
}

impl DecFloat {
    /// From 8 or 16 bytes.
    #[inline]
    pub fn from_bytes(bytes: &[u8]) -> Result<DecFloat> {
        match bytes.len() {
            8 => Ok(packed::from_short(u64::from_be_bytes(bytes.first_chunk().copied().unwrap_or_default()))),
            16 => Ok(packed::from_long(u128::from_be_bytes(bytes.first_chunk().copied().unwrap_or_default()))),
            len => Err(ValueError::Length { what: WHAT, len }),
        }
    }

    /// Appends 8 or 16 bytes. Zeros may move between digits and exponent to fit; nothing is rounded.
    pub fn put(&self, width: u32, out: &mut Vec<u8>) -> Result<()> {
        match width {
            8 => out.extend_from_slice(&(packed::pack(self, &packed::SHORT)? as u64).to_be_bytes()),
            16 => out.extend_from_slice(&packed::pack(self, &packed::LONG)?.to_be_bytes()),
            len => return Err(ValueError::Length { what: WHAT, len: len as usize }),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
