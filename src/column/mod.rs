//! Cells to Arrow arrays and back.

pub mod decode;
pub mod encode;
pub mod error;
mod kind;
pub mod options;
pub mod record;
pub mod schema;
