//! Whole conversations of the client against a scripted server that replays what a real one said,
//! as it was said and damaged in every way.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, unreachable_pub)]

mod alter;
mod arrays;
mod batches;
mod blocks;
mod branches;
mod client;
mod files;
#[path = "../wire/found.rs"]
mod found;
mod hostile;
mod lengths;
mod procedures;
mod readers;
mod record;
mod recorded_replies;
mod refusals;
mod replay;
mod scenes;
mod scripted_login;
mod secrets;
mod security;
mod server;
mod sessions;
mod stalls;
mod strange;
mod waiting;
mod wild;
