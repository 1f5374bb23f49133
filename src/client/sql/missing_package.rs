//! Work that finds the package of its sections missing: it is bound, and the work done once more.

use super::inner::Inner;

/// The package is not there.
const MISSING: i32 = -805;

/// True for an SQLCODE that binding the package may cure. One that the user named is not bound.
pub(super) fn is_missing(inner: &Inner, sqlcode: Option<i32>) -> bool {
    sqlcode == Some(MISSING) && inner.config.package.is_none()
}

/// The outcome of `$work`, which is done once more after the package was bound, by `$deadline`, where it was missing.
macro_rules! with_package {
    ($inner:expr, $deadline:expr, $work:expr) => {
        match $work {
            Err(e) if $crate::client::sql::missing_package::is_missing(&$inner, e.sqlcode()) => {
                $inner.bind($deadline).await?;
                $work
            }
            done => done,
        }
    };
}

pub(super) use with_package;
