//! Commit and rollback.
