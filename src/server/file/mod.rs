//! Record access from the answering side: physical files in memory and the commands that read and
//! write them, one file per family. The messages are those of [`wire::file`](crate::wire::file);
//! what they do is told by IBM's documentation of database files and by what its client for Java
//! expects.

mod allocation;
mod arrow;
mod change;
mod cl;
mod command;
mod commit;
mod create;
mod cursor;
mod dds;
pub(super) mod dispatch;
mod display;
pub(super) mod job;
mod job_libraries;
mod journal_commands;
mod journaling;
pub mod library;
mod list;
pub(super) mod lock_wait;
mod locks;
mod member;
pub(super) mod message;
mod objects;
mod open;
mod open_files;
mod physical;
mod position;
mod read;
mod reply;
pub mod rules;
mod write;
