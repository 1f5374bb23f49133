//! Conversations of the asking side, as state machines that eat bytes and say what to send.
//! They never touch a socket, a clock or a random generator.

pub mod secmec;
