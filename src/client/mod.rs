//! The Rust API: connect, query, execute, and read Arrow record batches.

pub mod batch_source;
pub mod config;
mod dial;
pub mod error;
pub mod file;
pub(crate) mod giving_up;
mod hint;
#[cfg(any(feature = "python", feature = "adbc"))]
pub(crate) mod imported;
pub mod limits;
mod login;
pub mod printable;
pub mod probe;
#[cfg(any(feature = "python", feature = "adbc"))]
pub(crate) mod process;
pub mod server_info;
mod spare_memory;
pub mod sql;
mod token;
pub mod warning;
