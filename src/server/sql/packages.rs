//! The packages of a server: those that come with the product and those that clients bind. A package is no more here
//! than a name that statements may run under.

use crate::server::persona::Packages;
use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The package of static helpers.
pub(super) const HELPERS: &str = "SYSSTAT";
/// Packages that clients may bind on one server.
const MOST: usize = 4096;

/// The packages of one server, which its connections share.
pub(in crate::server) struct PackageRegistry {
    product: Packages,
    /// Collection and package of those that were bound.
    bound: Mutex<HashSet<(String, String)>>,
}

impl PackageRegistry {
    /// Those that a product has from the start.
    pub(in crate::server) fn new(product: Packages) -> PackageRegistry {
        PackageRegistry { product, bound: Mutex::default() }
    }

    /// Adds a package; false when there is no room.
    pub(super) fn bind(&self, collection: &str, package: &str) -> bool {
        let mut bound = self.bound();
        if bound.len() >= MOST {
            return false;
        }
        bound.insert((collection.to_owned(), package.to_owned()));
        true
    }

    /// Removes a package; false when nobody has bound it.
    pub(super) fn remove(&self, collection: &str, package: &str) -> bool {
        self.bound().remove(&(collection.to_owned(), package.to_owned()))
    }

    /// True when statements may run in the package.
    pub(super) fn contains(&self, collection: &str, package: &str) -> bool {
        let known = match self.product {
            Packages::Any => true,
            Packages::Shipped => collection == "NULLID" && is_shipped(package),
            Packages::Bound => is_helper(collection, package),
        };
        known || self.bound().contains(&(collection.to_owned(), package.to_owned()))
    }

    fn bound(&self) -> MutexGuard<'_, HashSet<(String, String)>> {
        self.bound.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The static helpers for large objects, which requesters count on.
fn is_helper(collection: &str, package: &str) -> bool {
    (collection, package) == ("NULLID", HELPERS)
}

/// The packages that Db2 for Linux, UNIX and Windows brings along: three small and three large
/// dynamic ones for each isolation, with hold and without, and the static helpers.
fn is_shipped(package: &str) -> bool {
    matches!(
        package.as_bytes(),
        b"SYSSTAT" | [b'S', b'Y', b'S', b'S' | b'L', b'H' | b'N', b'0'..=b'4', b'0', b'0'..=b'2']
    )
}
