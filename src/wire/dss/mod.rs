//! Data stream structures: the frames that carry DDM objects. A frame does not know its cargo.

pub mod chain;
pub mod deframe;
mod frame_pool;
pub mod header;
