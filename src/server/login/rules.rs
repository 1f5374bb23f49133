//! The rules by which a server judges logins: who may connect, which proofs it takes, what failures cost.

use super::access::{Access, CertificateUsers};
use super::failed_logins::FailedLogins;

/// The rules of one server, which its connections share.
pub(in crate::server) struct LoginRules {
    pub(in crate::server) access: Access,
    /// As whom a client with a certificate may log in.
    pub(in crate::server) certificate_users: CertificateUsers,
    /// QPWDLVL, as the sign-on server tells it.
    pub(in crate::server) password_level: u8,
    /// Peers may send passwords that a listener reads.
    pub(in crate::server) allow_cleartext_password: bool,
    pub(in crate::server) failures: FailedLogins,
}
