//! The classes of the file side: connections for files, open files, partitions.

mod arguments;
pub(super) mod connection;
mod description;
pub(super) mod file_classes;
mod images;
mod open_file;
pub(super) mod partition;
mod shared_file;
pub(super) mod written_rows;
