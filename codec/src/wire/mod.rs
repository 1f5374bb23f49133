//! Pure translation between bytes and structs, both ways. No I/O, no async, no Arrow, no clock.

pub mod ccsid;
pub mod codec;
pub mod ddm;
pub mod dss;
pub mod fdoca;
pub mod file;
pub mod sql;
pub mod value;
