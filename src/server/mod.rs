//! The answering side: the conversations of [`flow`](crate::flow) seen from the other end of the
//! wire, over the same messages. A [`backend`] runs the statements, a [`persona`] says which
//! product the server looks like, [`listen`] owns the sockets.

pub mod backend;
pub mod budget;
pub mod catalog;
mod conversation;
mod crowd;
mod environment;
pub mod error;
pub mod file;
mod interrupt;
mod journal;
pub mod listen;
mod login;
pub mod persona;
mod protocol_error;
mod request;
pub mod settings;
mod shared;
mod sql;
pub mod table;
pub mod tls;

pub use login::access;
