//! Branches of global transactions (XA): the steps by which a transaction manager commits work on several servers as one.

pub mod branch;
pub(super) mod goodbye;
mod outcome;
pub(super) mod stage;
mod step;
pub mod two_phase;
pub mod xid;
