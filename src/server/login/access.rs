//! Who may connect to a server, and the rules by which it judges logins.

use super::failed_logins::FailedLogins;
use crate::net::tls::holder::HolderNames;
use crate::wire::ddm::secchk::Secret;
use std::collections::HashMap;

/// Who may connect.
#[derive(Debug, Clone, Default)]
pub enum Access {
    /// Everybody, whatever password comes along.
    #[default]
    Anyone,
    /// These users with their passwords.
    Users(HashMap<String, Secret>),
}

impl Access {
    /// These users with their passwords.
    pub fn users(users: impl IntoIterator<Item = (String, String)>) -> Access {
        Access::Users(users.into_iter().map(|(user, password)| (user, Secret::new(password))).collect())
    }

    /// The user with the password; none where everybody may connect. Profile names of IBM i know no
    /// case.
    pub(in crate::server) fn find(&self, user: &str, ibm_i: bool) -> Option<Option<(&String, &Secret)>> {
        let Access::Users(users) = self else { return None };
        Some(match users.get_key_value(user) {
            None if ibm_i => users.iter().find(|(name, _)| name.eq_ignore_ascii_case(user)),
            found => found,
        })
    }
}

/// The users as whom the holder of a client's certificate may log in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum CertificateUsers {
    /// Anybody: a certificate is asked for or not, and says nothing of users.
    #[default]
    Any,
    /// The user that the common name of its subject is.
    CommonName,
    /// Those that its common name, or one of its alternative names, stands for: name to user.
    Named(HashMap<String, String>),
}

impl CertificateUsers {
    /// True when the holder of a certificate, where there is one, may be this user.
    pub(in crate::server) fn admits(&self, holder: Option<&HolderNames>, user: &str, ibm_i: bool) -> bool {
        let is = |name: &str| name == user || ibm_i && name.eq_ignore_ascii_case(user);
        let common = || holder.and_then(|holder| holder.common.as_ref());
        match self {
            CertificateUsers::Any => true,
            CertificateUsers::CommonName => common().is_some_and(|name| is(name)),
            CertificateUsers::Named(users) => {
                let others = holder.into_iter().flat_map(|holder| &holder.others);
                common().into_iter().chain(others).filter_map(|name| users.get(name)).any(|user| is(user))
            }
        }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_admits_its_users_alone() {
        let holder = HolderNames { common: Some("app".to_owned()), others: vec!["host.example".to_owned()] };
        let admits = |users: &CertificateUsers, user: &str, ibm_i| {
            assert_eq!(users.admits(None, user, ibm_i), *users == CertificateUsers::Any);
            users.admits(Some(&holder), user, ibm_i)
        };
        assert!(admits(&CertificateUsers::Any, "anybody", false));
        assert!(admits(&CertificateUsers::CommonName, "app", false));
        assert!(
            !admits(&CertificateUsers::CommonName, "APP", false) && admits(&CertificateUsers::CommonName, "APP", true)
        );
        assert!(!admits(&CertificateUsers::CommonName, "host.example", true));
        let pairs = [("app", "Ann"), ("host.example", "batch"), ("other", "root")];
        let named = CertificateUsers::Named(pairs.map(|(name, user)| (name.to_owned(), user.to_owned())).into());
        assert!(admits(&named, "Ann", false) && admits(&named, "batch", false) && admits(&named, "ANN", true));
        assert!(!admits(&named, "root", false) && !admits(&named, "app", false) && !admits(&named, "ann", false));
        assert!(!CertificateUsers::CommonName.admits(Some(&HolderNames::default()), "", false));
    }
}
