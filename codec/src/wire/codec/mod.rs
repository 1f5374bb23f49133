//! Reading and writing bytes with checked bounds: the base of every message.

pub mod error;
pub mod instructions;
pub mod reader;
pub mod writer;
