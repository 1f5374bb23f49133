//! The Rust API: connect, query, execute, and read Arrow record batches.

pub mod config;
pub mod secret;
