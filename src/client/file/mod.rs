//! Files of IBM i, record by record: connect, describe, scan as Arrow, read by number and by key, write,
//! update, delete, run commands.

pub mod carried;
pub mod config;
pub mod connection;
pub mod create;
mod declared_format;
mod describe;
pub mod file_name;
mod handle;
pub mod images;
mod inner;
pub mod job;
mod list;
pub mod open_file;
mod open_member;
pub mod options;
pub mod partition;
mod position;
pub mod range;
pub mod read;
pub mod scan;
mod signon;
mod uri;
pub mod write;
