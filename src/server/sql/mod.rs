//! The SQL side of the server, one file per command family. A [`backend`](super::backend) runs the statements.

pub(super) mod batch_reader;
mod bind;
mod catalog;
mod catalog_call;
mod catalog_procedure;
pub(super) mod describe;
mod execute;
mod explain;
mod limits;
mod lob_derby;
pub(super) mod lob_locator;
mod lob_sysstat;
mod meter;
mod parameter_array;
pub(super) mod parameters;
mod prepare;
mod query;
pub(super) mod read_only;
mod rows;
mod scroll;
mod scroll_rows;
pub(super) mod special_register;
mod special_register_set;
pub(super) mod state;
mod uow;
