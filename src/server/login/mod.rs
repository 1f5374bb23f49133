//! Logins: who may connect, the commands by which a requester proves who it is, and what failed attempts cost.

pub mod access;
pub(super) mod commands;
pub(super) mod encoding;
pub(super) mod failed_logins;
mod secmec;
pub(super) mod signon;
pub(super) mod state;
