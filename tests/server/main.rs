//! The server against our own client, and against bytes that no client sends: what goes in comes
//! out, on every persona; what is wrong is told; nobody is disturbed by his neighbour.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "helpers of tests")]

mod after_login;
mod arrays;
mod authority;
mod basics;
mod before_login;
mod blanks;
mod blocks;
mod branch_engines;
mod branch_sessions;
mod branch_ways;
mod branches;
mod catalog_client;
mod catalogs;
mod certificate_users;
mod contention;
mod control;
mod files;
mod formats;
#[path = "../wire/found.rs"]
mod found;
mod gathered;
mod hostile;
mod interrupt;
mod interrupt_requests;
mod limits;
mod locators;
mod login;
mod long_replies;
mod memory;
mod mutants;
mod names;
mod negative;
mod personas;
mod probe;
mod protocol;
mod query_engine;
mod random;
mod raw;
mod record_requests;
mod records;
mod replay;
mod sessions;
mod signon;
mod support;
mod tls;
#[path = "../../benches/tools/main.rs"]
#[allow(dead_code, reason = "the commands themselves are not run here")]
mod tools;
mod turns;
mod types;
mod units_of_work;
