//! The libraries as one job sees them: its own QTEMP, its current library, its library list.

use super::library::{FileStore, GENERAL, Library};
use super::message::{Failure, Fault, Result};
use super::physical::PhysicalFile;
use crate::server::journal::entry::Author;
use crate::server::journal::journal::Journal;
use std::sync::Arc;

/// Where each job has files of its own.
pub(super) const QTEMP: &str = "QTEMP";

/// The libraries of a job.
pub(super) struct JobLibraries {
    pub(super) store: FileStore,
    /// The job, as journals name it.
    pub(super) author: Arc<Author>,
    /// Files of others are not to be changed.
    read_only: bool,
    pub(super) qtemp: Library,
    /// CURLIB.
    pub(super) current: String,
    /// The library list; none for all libraries there are.
    pub(super) list: Option<Vec<String>>,
}

impl JobLibraries {
    /// Of a new job. With `read_only` nothing but QTEMP may be changed.
    pub(super) fn new(store: FileStore, read_only: bool, author: Arc<Author>) -> JobLibraries {
        JobLibraries { store, author, read_only, qtemp: Library::new(), current: GENERAL.to_owned(), list: None }
    }

    /// An error of this identifier where nothing may be changed in the library; the job's own is QTEMP.
    pub(super) fn may_change(&self, library: &str, id: &'static str, undone: impl FnOnce() -> String) -> Result<()> {
        if self.read_only && library != QTEMP {
            return Err(Fault::new(id, format!("{}: this server is read-only.", undone())).into());
        }
        Ok(())
    }

    /// The file that is meant: by a library's name, `*LIBL`, `*CURLIB`.
    pub(super) fn find(&self, library: &str, file: &str) -> Option<Arc<PhysicalFile>> {
        match library {
            QTEMP => self.qtemp.get(file).cloned(),
            "*CURLIB" => self.store.find(&self.current, file),
            "*LIBL" | "" => {
                let own = self.qtemp.get(file).cloned();
                own.or_else(|| self.store.find(&self.current, file)).or_else(|| {
                    let libraries =
                        self.list.clone().unwrap_or_else(|| self.store.libraries(|all| all.keys().cloned().collect()));
                    libraries.iter().find_map(|library| self.find_in(library, file))
                })
            }
            name => self.store.find(name, file),
        }
    }

    fn find_in(&self, library: &str, file: &str) -> Option<Arc<PhysicalFile>> {
        if library == QTEMP { self.qtemp.get(file).cloned() } else { self.store.find(library, file) }
    }

    /// The files of a name, or with such names: `PRE*`, `*ALL`.
    pub(super) fn named(&self, library: &str, name: &str) -> Result<Vec<Arc<PhysicalFile>>> {
        let generic = if name == "*ALL" { Some("") } else { name.strip_suffix('*') };
        let Some(start) = generic else { return Ok(vec![self.need(library, name)?]) };
        let library = self.library(library);
        let of = |files: &Library| -> Vec<Arc<PhysicalFile>> {
            files.iter().filter(|(name, _)| name.starts_with(start)).map(|(_, file)| file.clone()).collect()
        };
        let found = match library.as_str() {
            QTEMP => of(&self.qtemp),
            library => self.store.libraries(|all| all.get(library).map(of).unwrap_or_default()),
        };
        match found.is_empty() {
            true => Err(Failure::Told(vec![Fault::no_file(&library, name)])),
            false => Ok(found),
        }
    }

    /// A file that has to be there.
    pub(super) fn need(&self, library: &str, name: &str) -> Result<Arc<PhysicalFile>> {
        let missing = || {
            Failure::Told(vec![
                Fault::no_file(library, name),
                Fault::new("CPF3011", "File not found: nothing was done."),
            ])
        };
        self.find(library, name).ok_or_else(missing)
    }

    /// The journal of the files of a library; none for QTEMP.
    pub(super) fn journal(&self, library: &str) -> Option<Arc<Journal>> {
        (library != QTEMP && self.has_library(library)).then(|| self.store.journals().of(library))
    }

    /// The name of the library that is meant.
    pub(super) fn library(&self, name: &str) -> String {
        match name {
            "*CURLIB" | "*LIBL" | "" => self.current.clone(),
            name => name.to_owned(),
        }
    }

    /// True when there is such a library.
    pub(super) fn has_library(&self, name: &str) -> bool {
        name == QTEMP || self.store.libraries(|all| all.contains_key(name))
    }

    /// An error unless there is such a library.
    pub(super) fn check_library(&self, name: &str) -> Result<()> {
        match self.has_library(name) {
            true => Ok(()),
            false => Err(Fault::no_library(name).into()),
        }
    }

    /// Puts a new file into its library.
    pub(super) fn put(&mut self, library: &str, name: &str, file: Arc<PhysicalFile>) -> Result<()> {
        let exists = || Fault::new("CPF5813", format!("File {name} in library {library} already exists."));
        if library == QTEMP {
            if self.qtemp.contains_key(name) {
                return Err(exists().into());
            }
            self.qtemp.insert(name.to_owned(), file);
            return Ok(());
        }
        self.store.libraries(|all| {
            let files = all.get_mut(library).ok_or_else(|| Fault::no_library(library))?;
            if files.contains_key(name) {
                return Err(exists().into());
            }
            files.insert(name.to_owned(), file);
            Ok(())
        })
    }

    /// Takes a file out of its library, unless another was made in its place meanwhile.
    pub(super) fn remove(&mut self, file: &Arc<PhysicalFile>) {
        let name = file.name.as_str();
        match file.library.as_str() {
            QTEMP => drop(self.qtemp.remove(name)),
            library => {
                self.store.libraries(|all| {
                    let files = all.get_mut(library);
                    files.and_then(|files| {
                        files.get(name).is_some_and(|f| Arc::ptr_eq(f, file)).then(|| files.remove(name))
                    })
                });
            }
        }
    }
}
