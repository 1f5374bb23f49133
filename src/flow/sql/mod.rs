//! The conversations of the SQL side, one file per command family.

pub mod batch;
pub mod bind;
pub mod call;
pub mod connect;
pub mod execute;
pub mod explain;
pub mod input;
pub mod interrupt;
pub mod interrupt_token;
pub mod lob_fetch;
pub mod locator;
mod output;
pub mod ping;
pub mod prepare;
pub mod query;
pub mod reply;
mod row_lobs;
pub mod rows;
pub mod scroll;
pub mod session;
pub mod sync;
pub mod uow;
