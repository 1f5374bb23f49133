//! Global transactions (XA): their branches, and the connections that work for them.

pub(in crate::server) mod branches;
pub(in crate::server) mod link;
mod switch;
mod switched_session;
pub(super) mod syncctl;
