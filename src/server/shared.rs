//! The part that all connections of a server share: the engine, the files, the rules of logins, the packages.

use super::backend::{Backend, Engines};
use super::budget::ServerBudget;
use super::crowd::Crowd;
use super::file::job::Job;
use super::file::library::FileStore;
use super::interrupt::intrdbrqs::Interrupts;
use super::journal::journals::Journals;
use super::login::access::LoginRules;
use super::login::failed_logins::FailedLogins;
use super::persona::Persona;
use super::settings::ServerSettings;
use super::sql::packages::PackageRegistry;
use super::sql::read_only::ReadOnly;
use super::sql::xa::branches::Branches;
use crate::wire::sql::accrdb::ServerAddress;
use std::sync::Arc;

/// The part that all connections of a server share.
pub(super) struct ServerShared {
    pub(super) persona: Arc<Persona>,
    pub(super) engines: Engines,
    pub(super) logins: LoginRules,
    pub(super) packages: Arc<PackageRegistry>,
    /// The branches of global transactions.
    pub(super) branches: Branches,
    /// Other addresses that clients are told.
    pub(super) server_list: Vec<ServerAddress>,
    /// The connections whose statements others may break off.
    pub(super) interrupts: Interrupts,
    /// The memory that clients may make the server hold.
    pub(super) memory: ServerBudget,
    /// The requests that wait for their turn.
    pub(super) crowd: Crowd,
    /// Files for record access, where the persona has it.
    files: Option<FileStore>,
    /// Files are not to be changed.
    read_only: bool,
}

impl ServerShared {
    pub(super) fn new(settings: &ServerSettings, persona: Arc<Persona>, backend: Arc<dyn Backend>) -> ServerShared {
        let reading: Arc<dyn Backend> = Arc::new(ReadOnly(backend.clone()));
        let changing = if settings.read_only { reading.clone() } else { backend };
        ServerShared {
            engines: Engines { changing, reading },
            logins: LoginRules {
                access: settings.access.clone(),
                certificate_users: settings.certificate_users.clone(),
                password_level: settings.password_level,
                allow_cleartext_password: settings.allow_cleartext_password,
                failures: FailedLogins::new(settings.login_delay),
            },
            packages: Arc::new(PackageRegistry::new(persona.packages)),
            branches: Branches::default(),
            server_list: settings.server_list.clone(),
            interrupts: Interrupts::default(),
            memory: ServerBudget::new(settings.max_memory, settings.max_connection_memory),
            crowd: Crowd::default(),
            files: settings.files.clone().filter(|_| persona.files),
            read_only: settings.read_only,
            persona,
        }
    }

    /// The journals of the files.
    pub(super) fn journals(&self) -> Option<Journals> {
        self.files.as_ref().map(|files| files.journals().clone())
    }

    /// A job for a user who has logged in; none without record access.
    pub(super) fn job(&self, user: &str) -> Option<Job> {
        self.files.clone().map(|files| Job::new(files, self.read_only, user))
    }
}
