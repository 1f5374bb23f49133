//! Values on the wire, and the rows that they make up.

pub mod ccsid;
pub mod codec;
pub mod fdoca;
pub mod value;
