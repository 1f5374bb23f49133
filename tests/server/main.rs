//! The server against our own client, and against bytes that no client sends: what goes in comes
//! out, on every persona; what is wrong is told; nobody is disturbed by his neighbour.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "helpers of tests")]

mod authority;
mod basics;
mod blocks;
mod files;
mod hostile;
mod locators;
mod login;
mod protocol;
mod raw;
mod signon;
mod support;
mod tls;
mod types;
