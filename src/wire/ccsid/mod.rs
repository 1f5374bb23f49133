//! A CCSID to and from text.

pub mod codec;
pub mod error;
