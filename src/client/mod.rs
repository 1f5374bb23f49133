//! The Rust API: connect, query, execute, and read Arrow record batches.

pub mod batches;
pub mod config;
pub mod connection;
mod cursor;
pub mod done;
pub mod error;
pub mod file;
mod hint;
pub mod info;
mod introduce;
mod large;
mod login;
mod naming;
mod opening;
pub mod parameters;
mod patience;
pub mod probe;
pub mod procedure;
mod pump;
mod sections;
mod security;
mod shared;
mod statement;
pub mod stream;
pub mod visible;
mod words;
