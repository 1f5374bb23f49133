//! Cells to Arrow arrays and back.

pub mod batch_memory;
pub mod decode;
pub mod encode;
pub mod error;
pub mod file;
pub mod kind;
pub mod options;
pub mod schema;
