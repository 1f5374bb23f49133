//! The value model: types and bytes of a value on the wire, shared by SQL results and record files.

pub mod calendar;
pub mod cell;
pub mod date_form;
pub mod date_vectors;
pub mod datetext;
pub mod datetime;
pub mod decfloat;
pub mod decimal;
pub mod error;
pub mod field;
pub mod float;
pub mod length_rule;
pub mod named_type;
pub mod packed_vectors;
pub mod product;
pub mod record_layout;
pub mod simd;
pub mod stamp_vectors;
pub mod typdef;
pub mod types;
pub mod zoned_vectors;
