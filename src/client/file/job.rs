//! The server's job, and the locks that it may hold.

/// The server's job, as it tells of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobInfo {
    /// Its job: `number/user/name`.
    pub job: String,
    /// Its class: `QAS`.
    pub class: String,
    /// Its release.
    pub release: String,
    /// The page of the job.
    pub ccsid: u16,
    /// The security mechanism in force.
    pub secmec: u16,
    /// `host:port`.
    pub peer: String,
}

/// A lock of an object (ALCOBJ).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// `*SHRRD`: others may read and write.
    SharedRead,
    /// `*SHRNUP`: others may read.
    SharedNoUpdate,
    /// `*SHRUPD`: write, others may read and write.
    SharedUpdate,
    /// `*EXCLRD`: write, others may read.
    ExclusiveRead,
    /// `*EXCL`: nobody else.
    Exclusive,
}

impl Lock {
    /// By its CL name, with or without the star.
    pub fn named(name: &str) -> Option<Lock> {
        let name = name.trim_start_matches('*').to_ascii_uppercase();
        [Lock::SharedRead, Lock::SharedNoUpdate, Lock::SharedUpdate, Lock::ExclusiveRead, Lock::Exclusive]
            .into_iter()
            .find(|lock| lock.keyword() == name)
    }

    /// Its CL name, without the star.
    pub(super) fn keyword(self) -> &'static str {
        match self {
            Lock::SharedRead => "SHRRD",
            Lock::SharedNoUpdate => "SHRNUP",
            Lock::SharedUpdate => "SHRUPD",
            Lock::ExclusiveRead => "EXCLRD",
            Lock::Exclusive => "EXCL",
        }
    }
}
