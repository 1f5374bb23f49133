//! The answering side: the conversations of [`flow`](crate::flow) seen from the other end of the
//! wire, over the same messages. A [`backend`] runs the statements, a [`persona`] says which
//! product the server looks like, [`listen`] owns the sockets.

pub mod access;
mod array;
pub mod backend;
mod bind;
pub mod budget;
mod calls;
mod catalog;
mod connect;
mod conversation;
mod describe;
mod entry;
pub mod error;
mod execute;
mod explain;
mod failures;
pub mod file;
mod gather;
mod held;
mod input;
mod limits;
mod link;
pub mod listen;
mod lobs;
mod locators;
mod meter;
pub mod persona;
mod prepare;
mod procedure;
mod proof;
mod pull;
mod query;
mod register;
mod registers;
mod routine;
mod rows;
mod scroll;
mod scrolled;
mod seats;
pub mod settings;
pub mod shared;
mod signon;
pub mod table;
pub mod tls;
mod trouble;
mod uow;
