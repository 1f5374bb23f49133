//! The Python classes.
