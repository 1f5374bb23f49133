//! Arguments of callers: settings, parameters and values.

mod columns;
mod foreign;
pub(super) mod given;
pub(super) mod param_rows;
pub(super) mod params;
pub(super) mod settings;
mod token;
mod value;
