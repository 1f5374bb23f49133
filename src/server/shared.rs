//! The part that all connections of a server share: users and bound packages.

use super::backend::Backend;
use super::budget::ServerBudget;
use super::file::library::FileStore;
use super::login::access::Access;
use super::login::failed_logins::FailedLogins;
use super::persona::{Packages, Persona};
use super::settings::ServerSettings;
use super::sql::read_only::ReadOnly;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The part that all connections of a server share.
pub(super) struct ServerShared {
    pub(super) persona: Arc<Persona>,
    pub(super) backend: Arc<dyn Backend>,
    pub(super) access: Access,
    /// Files for record access.
    pub(super) files: Option<FileStore>,
    /// The memory that clients may make the server hold.
    pub(super) memory: ServerBudget,
    /// Files are not to be changed.
    pub(super) read_only: bool,
    /// QPWDLVL, as the sign-on server tells it.
    pub(super) password_level: u8,
    /// Peers may send passwords that a listener reads.
    pub(super) allow_cleartext_password: bool,
    pub(super) failures: FailedLogins,
    /// Packages that were bound: collection and package.
    bound: Mutex<HashSet<(String, String)>>,
}

/// Packages that clients may bind on one server.
const PACKAGES: usize = 4096;

impl ServerShared {
    pub(super) fn new(settings: &ServerSettings, persona: Arc<Persona>, backend: Arc<dyn Backend>) -> ServerShared {
        let backend = if settings.read_only { Arc::new(ReadOnly(backend)) } else { backend };
        ServerShared {
            persona,
            backend,
            access: settings.access.clone(),
            files: settings.files.clone(),
            memory: ServerBudget::new(settings.max_memory, settings.max_connection_memory),
            read_only: settings.read_only,
            password_level: settings.password_level,
            allow_cleartext_password: settings.allow_cleartext_password,
            failures: FailedLogins::new(settings.login_delay),
            bound: Mutex::default(),
        }
    }

    pub(super) fn bind(&self, collection: &str, package: &str) -> bool {
        let mut bound = self.bound.lock().unwrap_or_else(PoisonError::into_inner);
        if bound.len() >= PACKAGES {
            return false;
        }
        bound.insert((collection.to_owned(), package.to_owned()));
        true
    }

    pub(super) fn drop_package(&self, collection: &str, package: &str) -> bool {
        let mut bound = self.bound.lock().unwrap_or_else(PoisonError::into_inner);
        bound.remove(&(collection.to_owned(), package.to_owned()))
    }

    /// True when statements may run in the package.
    pub(super) fn has_package(&self, collection: &str, package: &str) -> bool {
        let known = match self.persona.packages {
            Packages::Any => true,
            Packages::Shipped => collection == "NULLID" && is_shipped(package),
            Packages::Bound => false,
        };
        let bound = || self.bound.lock().unwrap_or_else(PoisonError::into_inner);
        known || bound().contains(&(collection.to_owned(), package.to_owned()))
    }
}

/// The packages that Db2 for Linux, UNIX and Windows brings along: three small and three large
/// dynamic ones for each isolation, with hold and without, and the static helpers.
fn is_shipped(package: &str) -> bool {
    matches!(
        package.as_bytes(),
        b"SYSSTAT" | [b'S', b'Y', b'S', b'S' | b'L', b'H' | b'N', b'0'..=b'4', b'0', b'0'..=b'2']
    )
}
