//! Values of DDM and DRDA, rows of them to Arrow arrays, and back. It is a part of the crate `drdarrow`, which names its
//! modules as its own, and a crate by itself because it is where time goes: it is compiled for speed where the rest of a
//! wheel is compiled for size.
//!
//! All of it may change at any time; the promises of `drdarrow` are made by `drdarrow`.

pub mod column;
pub mod wire;
