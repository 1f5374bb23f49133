//! Reading and writing bytes with bounds checked: the ground that every message stands on.

pub mod error;
pub mod reader;
pub mod writer;
