//! The answering side: the conversations of [`flow`](crate::flow) seen from the other end of the
//! wire, over the same messages. A [`backend`] runs the statements, a [`persona`] says which
//! product the server looks like, [`listen`] owns the sockets.

pub mod backend;
mod bind;
mod calls;
mod connect;
mod conversation;
mod describe;
pub mod error;
mod execute;
mod explain;
mod held;
mod input;
pub mod listen;
mod lobs;
mod locators;
pub mod persona;
mod prepare;
mod proof;
mod query;
mod rows;
pub mod shared;
pub mod table;
mod trouble;
mod uow;
