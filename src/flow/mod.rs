//! Conversations of the client, as state machines that take bytes and say what to send. They never touch a
//! socket, a clock or a random generator.

pub mod batch;
pub mod bind;
pub mod bounds;
pub mod call;
pub mod connect;
pub mod error;
pub mod execute;
pub mod explain;
pub mod file;
pub mod locator;
mod output;
pub mod placed;
pub mod prepare;
pub mod probe;
pub mod progress;
pub mod query;
pub mod reading;
pub mod reply;
pub mod rows;
pub mod secmec;
pub mod session;
pub mod step;
pub mod uow;
