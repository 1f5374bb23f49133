//! Cells to Arrow arrays and back.

pub mod decode;
pub mod encode;
pub mod error;
pub mod schema;
