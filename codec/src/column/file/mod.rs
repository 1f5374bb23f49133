//! Records of fixed length to Arrow and back: a block of slots at a time, a column at a time.

pub mod decode;
pub mod encode;
pub mod error;
#[cfg(test)]
mod every_kind;
pub mod options;
