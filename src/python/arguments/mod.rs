//! Arguments of callers: settings, parameters and values.

pub(super) mod columns;
mod foreign;
pub(super) mod given;
pub(super) mod named;
pub(super) mod param_rows;
pub(super) mod params;
pub(super) mod settings;
pub(super) mod sources;
mod token;
pub(super) mod value;
