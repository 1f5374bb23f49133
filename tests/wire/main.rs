//! Everything that was captured of real peers, read by name; and rows, made and cut at random.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, unreachable_pub)]

mod captures;
mod found;
mod record_columns;
mod records;
mod rows;
mod wild;
mod zos;
