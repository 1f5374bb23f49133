//! The SQL side of the client: statements in, Arrow record batches out.

pub mod batch;
pub mod catalog;
mod client_info;
pub mod column_info;
mod columns;
pub mod connection;
mod cursor_state;
pub mod describe;
pub mod identifier;
pub mod ingest;
mod inner;
mod lob;
mod many_rows;
mod missing_package;
mod open_guard;
pub mod parameter_names;
pub mod parameters;
mod prefetch;
pub mod procedure;
mod rows_under_way;
mod sections;
pub mod statement;
mod statement_kind;
pub mod stream;
mod turn;
mod unit_of_work;
pub mod update_result;
