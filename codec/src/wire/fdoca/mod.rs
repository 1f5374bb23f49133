//! FD:OCA: descriptors of data, and the rows that they describe.

pub mod descriptor;
pub mod lid;
mod places;
pub mod row;
mod run;
mod runs;
