//! The Rust API: connect, query, execute, and read Arrow record batches.

pub mod config;
pub mod connection;
pub mod error;
mod opening;
pub mod parameters;
mod pump;
mod sections;
pub mod stream;
mod words;
