//! The classes of the file side: connections for files, open files, partitions.

mod arguments;
pub(super) mod async_connection;
pub(super) mod async_file;
pub(super) mod connection;
mod description;
pub(super) mod partition;
mod shared_file;
pub(super) mod sync_file;
