//! The classes of the SQL side: connections, cursors and what both their sync and async forms do.

pub(super) mod async_connection;
pub(super) mod connection;
pub(super) mod cursor;
pub(super) mod executemany;
mod procedure;
mod statement;
mod type_code;
