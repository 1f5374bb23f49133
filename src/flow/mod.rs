//! Conversations of the client, as state machines that take bytes and say what to send. They never touch a
//! socket, a clock or a random generator.

pub mod bounds;
pub mod error;
pub mod file;
pub mod placement;
pub mod probe;
pub mod progress;
pub mod secmec;
pub mod sql;
pub mod step;
