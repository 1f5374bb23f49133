//! The catalog: the objects of a database, as the views and procedures of each product tell of them. An engine tells
//! of its objects once ([`database`]). From them come `facts`, rows of named values; the views and procedures are
//! data (`views/*.txt`, read by `definition`) that say which facts stand in which of their columns.

mod builtin_type;
mod column_facts;
pub mod database;
mod definition;
mod facts;
mod identity_facts;
mod key_facts;
mod object_facts;
pub(super) mod procedure;
mod procedure_facts;
mod relation;
mod value;
pub mod view;
