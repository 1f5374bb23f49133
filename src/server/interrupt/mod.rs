//! Breaking off what runs: the request of another connection, and the command that it is for.

pub(super) mod intrdbrqs;
pub(super) mod running;
