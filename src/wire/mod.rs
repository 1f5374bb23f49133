//! Pure translation between bytes and structs, both ways. No I/O, no async, no Arrow, no clock.

pub mod ddm;
pub mod dss;
pub mod file;
pub mod sql;

pub use drdarrow_codec::wire::{ccsid, codec, fdoca, value};
