//! The pool of sections of the dynamic packages. A statement occupies one section; when a package is full, the
//! next one that Db2 ships is used.

use crate::client::config::Config;
use crate::wire::ddm::rdbname::RdbName;
use crate::wire::sql::package::{self, PkgNamCsn};
use std::sync::{Arc, Mutex, PoisonError};

/// Last cursor section of a small and of a large package. Only odd sections get a cursor when the
/// drivers of Db2 bind; on IBM i one without a cursor refuses to open a query.
const LAST: [(bool, u16); 2] = [(false, 63), (true, 383)];
/// Packages of each size that are there by default.
const PACKAGES: u8 = 3;

/// The pool of one connection.
#[derive(Debug)]
pub(super) struct Sections {
    rdbnam: RdbName,
    collection: String,
    packages: Vec<(String, u16)>,
    state: Mutex<SectionsState>,
}

#[derive(Debug, Default)]
struct SectionsState {
    free: Vec<(usize, u16)>,
    package: usize,
    next: u16,
}

/// A section in use; dropped, it can be used again.
#[derive(Debug)]
pub(super) struct SectionLease {
    pool: Arc<Sections>,
    place: (usize, u16),
    /// Its full name.
    pub name: PkgNamCsn,
}

impl Sections {
    /// The packages that fit the configuration.
    pub(super) fn new(config: &Config, rdbnam: &str) -> Arc<Sections> {
        let packages = match &config.package {
            Some(package) => vec![(package.clone(), 63)],
            None => LAST
                .iter()
                .flat_map(|(large, last)| {
                    (0..PACKAGES).map(|n| (package::dynamic(true, config.isolation, *large, n), *last))
                })
                .collect(),
        };
        Arc::new(Sections {
            rdbnam: RdbName::new(rdbnam),
            collection: config.collection.clone(),
            packages,
            state: Mutex::new(SectionsState::default()),
        })
    }

    /// A free section; none when all are in use.
    pub(super) fn take(self: &Arc<Sections>) -> Option<SectionLease> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let place = match state.free.pop() {
            Some(place) => place,
            None => {
                let mut last = self.packages.get(state.package)?.1;
                if state.next > last {
                    state.package += 1;
                    state.next = 0;
                    last = self.packages.get(state.package)?.1;
                }
                let section = if state.next == 0 { 1 } else { state.next };
                state.next = section + 2;
                debug_assert!(section <= last);
                (state.package, section)
            }
        };
        let package = self.packages.get(place.0)?.0.clone();
        let name =
            PkgNamCsn { collection: self.collection.clone(), ..PkgNamCsn::dynamic(&self.rdbnam, &package, place.1) };
        Some(SectionLease { pool: self.clone(), place, name })
    }
}

impl Drop for SectionLease {
    fn drop(&mut self) {
        self.pool.state.lock().unwrap_or_else(PoisonError::into_inner).free.push(self.place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_recycled_and_packages_follow_each_other() {
        let config = Config::new("h", 446, "DB").unwrap();
        let pool = Sections::new(&config, "DB");
        let held: Vec<SectionLease> = (0..32).map(|_| pool.take().unwrap()).collect();
        assert!(held.iter().all(|l| l.name.package == "SYSSH200" && l.name.section % 2 == 1));
        assert_eq!(held.last().unwrap().name.section, 63);
        let next = pool.take().unwrap();
        assert_eq!((next.name.package.as_str(), next.name.section), ("SYSSH201", 1));
        drop(held);
        assert_eq!(pool.take().unwrap().name.package, "SYSSH200");
        let rest: Vec<Option<SectionLease>> = (0..700).map(|_| pool.take()).collect();
        assert!(rest.last().unwrap().is_none());
    }
}
