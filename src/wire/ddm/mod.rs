//! DDM objects and the messages that both sides share: attributes, security, reply messages.

pub mod accsec;
pub mod codepoint;
pub mod command;
pub mod dump;
pub mod error;
pub mod excsat;
pub mod object;
pub mod param;
mod point;
pub mod rdbname;
pub mod reply;
mod reply_text;
pub mod secchk;
pub mod text;
