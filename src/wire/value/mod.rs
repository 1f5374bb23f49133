//! The waist of the house: what a value is on the wire, whichever wing it came through.

pub mod calendar;
pub mod cell;
pub mod dateform;
pub mod datetext;
pub mod datetime;
pub mod decfloat;
pub mod decimal;
pub mod error;
pub mod field;
pub mod float;
pub mod lanes;
pub mod place;
pub mod typdef;
