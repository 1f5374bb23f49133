//! Record access: conversations about files of IBM i. They begin as every DDM conversation does, but no
//! database is accessed; then each request is one command, answered before the next.

pub mod command;
pub mod connect;
pub mod exchange;
pub mod open;
pub mod read;
pub mod signon;
pub mod write;
