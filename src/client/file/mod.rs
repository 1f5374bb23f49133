//! Files of IBM i, record by record: connect, describe, scan as Arrow, read by number and by key, write,
//! update, delete, run commands.

mod address;
pub mod carried;
pub mod connection;
pub mod create;
mod declared;
mod describe;
mod handle;
pub mod job;
mod listed;
pub mod name;
mod opened;
pub mod options;
pub mod partition;
pub mod place;
mod position;
pub mod range;
pub mod remote;
pub mod scan;
pub mod settings;
mod shared;
mod signon;
pub mod write;
