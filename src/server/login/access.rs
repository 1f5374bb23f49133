//! Who may connect to a server.

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
