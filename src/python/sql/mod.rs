//! The classes of the SQL side: connections, cursors and what both their sync and async forms do.

pub(super) mod catalog;
mod catalog_text;
pub(super) mod connect;
pub(super) mod connection;
mod connection_attributes;
mod cursor;
mod cursor_attributes;
pub(super) mod cursor_classes;
mod cursor_moves;
mod description;
pub(super) mod executemany;
mod fetch;
mod figures;
pub(super) mod ingest;
pub(super) mod ingest_request;
mod other_end;
mod procedure;
pub(super) mod query;
pub(super) mod row_factory;
mod scroll;
mod statement;
pub(super) mod table_name;
mod telling;
mod two_phase;
mod type_code;
mod xid;
