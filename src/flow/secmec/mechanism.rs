//! A mechanism with everything that it comes in several kinds of, and what it gives away. The setting by which the user
//! asks for one has its names here.

use std::fmt;

use super::SecMec;
use super::agreement::EncAlg;
use super::caution::Exposure;
use super::substitute::Substitute;
use super::substitute::ibmi::PasswordLevel;

/// The setting `security`: the mechanism that the user asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Security {
    /// The strongest that both sides have and the line allows; the user id alone when there is no password.
    #[default]
    Auto,
    /// User id only (SECMEC 4).
    UserOnly,
    /// User id and password in clear (SECMEC 3, and 5 with a new password).
    Password,
    /// Password substitute: Derby's (SECMEC 8) or IBM i's (SECMEC 6 and 8, by the password level).
    Substitute,
    /// Encrypted user id and password (SECMEC 9, and 10 with a new password).
    Encrypted(EncAlg),
    /// User id in clear, password encrypted (SECMEC 7).
    EncryptedPassword(EncAlg),
    /// Kerberos, with tickets of a token source (SECMEC 11).
    Kerberos,
    /// A profile token of IBM i, from a token source (SECMEC 16).
    ProfileToken,
    /// A mechanism that is known by name but not built.
    Unbuilt(SecMec),
}

/// The names of the setting; of several for one mechanism the first is shown.
pub const NAMES: [(&str, Security); 14] = [
    ("auto", Security::Auto),
    ("user", Security::UserOnly),
    ("password", Security::Password),
    ("substitute", Security::Substitute),
    ("encrypted", Security::Encrypted(EncAlg::Aes)),
    ("encrypted-aes", Security::Encrypted(EncAlg::Aes)),
    ("encrypted-des", Security::Encrypted(EncAlg::Des)),
    ("encrypted-password", Security::EncryptedPassword(EncAlg::Aes)),
    ("encrypted-password-aes", Security::EncryptedPassword(EncAlg::Aes)),
    ("encrypted-password-des", Security::EncryptedPassword(EncAlg::Des)),
    ("kerberos", Security::Kerberos),
    ("profile-token", Security::ProfileToken),
    ("encrypted-data", Security::Unbuilt(SecMec::EncryptedUserPasswordData)),
    ("plugin", Security::Unbuilt(SecMec::PlugIn)),
];

impl Security {
    /// The name that the setting has.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, security)| *security == self).map_or("auto", |(name, _)| name)
    }

    /// True when it cannot do without a password.
    pub fn needs_password(self) -> bool {
        matches!(
            self,
            Security::Password | Security::Substitute | Security::Encrypted(_) | Security::EncryptedPassword(_)
        )
    }

    /// True when it leaves more to a listener than what is used unless one is named. A substitute is as weak as its
    /// password level.
    pub fn is_weak(self) -> bool {
        match self {
            Security::Password | Security::ProfileToken => true,
            Security::Encrypted(algorithm) | Security::EncryptedPassword(algorithm) => algorithm == EncAlg::Des,
            Security::Auto | Security::UserOnly | Security::Substitute | Security::Kerberos | Security::Unbuilt(_) => {
                false
            }
        }
    }

    /// True when it takes its proofs from a source of tokens.
    pub fn needs_tokens(self) -> bool {
        matches!(self, Security::Kerberos | Security::ProfileToken)
    }
}

/// A mechanism with everything that it comes in several kinds of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// User id only.
    UserOnly,
    /// User id and password in clear, with a new password or without.
    Password {
        /// The password is changed.
        renew: bool,
    },
    /// Password substitute.
    Substitute(Substitute),
    /// User id in clear, password encrypted.
    EncryptedPassword(EncAlg),
    /// Encrypted user id and password, with a new password or without.
    Encrypted {
        /// The cipher.
        algorithm: EncAlg,
        /// The password is changed.
        renew: bool,
    },
    /// Kerberos.
    Kerberos,
    /// Profile token of IBM i.
    ProfileToken,
}

impl Mechanism {
    /// Its number and names.
    pub fn secmec(self) -> SecMec {
        match self {
            Mechanism::UserOnly => SecMec::UserOnly,
            Mechanism::Password { renew: false } => SecMec::UserPassword,
            Mechanism::Password { renew: true } => SecMec::UserNewPassword,
            Mechanism::Substitute(substitute) => substitute.mechanism(),
            Mechanism::EncryptedPassword(_) => SecMec::UserEncryptedPassword,
            Mechanism::Encrypted { renew: false, .. } => SecMec::EncryptedUserPassword,
            Mechanism::Encrypted { renew: true, .. } => SecMec::EncryptedUserNewPassword,
            Mechanism::Kerberos => SecMec::Kerberos,
            Mechanism::ProfileToken => SecMec::EncryptedUserOnly,
        }
    }

    /// The cipher of the key that both sides agree on, for those that do.
    pub fn algorithm(self) -> Option<EncAlg> {
        match self {
            Mechanism::Encrypted { algorithm, .. } | Mechanism::EncryptedPassword(algorithm) => Some(algorithm),
            _ => None,
        }
    }

    /// The exposure of its proof on a line that is not private.
    pub fn exposure(self) -> Exposure {
        match self {
            Mechanism::UserOnly | Mechanism::Kerberos => Exposure::Nothing,
            Mechanism::Substitute(Substitute::IbmI(PasswordLevel::Sha1 | PasswordLevel::Sha512)) => Exposure::Hash,
            // A key of 56 bits; at Derby so few bits of a password count that others of its class are soon found.
            Mechanism::Substitute(Substitute::IbmI(PasswordLevel::Des) | Substitute::Derby) => Exposure::Listener,
            Mechanism::EncryptedPassword(algorithm) | Mechanism::Encrypted { algorithm, .. } => match algorithm {
                EncAlg::Des => Exposure::Listener,
                // Nobody proves whose half of the key it is.
                EncAlg::Aes => Exposure::Answerer,
            },
            Mechanism::Password { .. } | Mechanism::ProfileToken => Exposure::Clear,
        }
    }

    /// True for the mechanisms that send a password in some form.
    pub(super) fn needs_password(self) -> bool {
        !matches!(self, Mechanism::UserOnly | Mechanism::Kerberos | Mechanism::ProfileToken)
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.secmec().number();
        let cipher = |algorithm: &EncAlg| match algorithm {
            EncAlg::Des => "DES",
            EncAlg::Aes => "AES-256",
        };
        match self {
            Mechanism::UserOnly => write!(f, "user id only (SECMEC {number})"),
            Mechanism::Password { .. } => write!(f, "password in clear (SECMEC {number})"),
            Mechanism::Substitute(Substitute::Derby) => write!(f, "substitute (SECMEC {number}, Derby)"),
            Mechanism::Substitute(Substitute::IbmI(PasswordLevel::Des)) => {
                write!(f, "substitute (SECMEC {number}, DES)")
            }
            Mechanism::Substitute(Substitute::IbmI(PasswordLevel::Sha1)) => {
                write!(f, "substitute (SECMEC {number}, SHA-1)")
            }
            Mechanism::Substitute(Substitute::IbmI(PasswordLevel::Sha512)) => {
                write!(f, "substitute (SECMEC {number}, SHA-512)")
            }
            Mechanism::EncryptedPassword(a) => write!(f, "encrypted password (SECMEC {number}, {})", cipher(a)),
            Mechanism::Encrypted { algorithm, .. } => write!(f, "encrypted (SECMEC {number}, {})", cipher(algorithm)),
            Mechanism::Kerberos => write!(f, "Kerberos (SECMEC {number})"),
            Mechanism::ProfileToken => write!(f, "profile token (SECMEC {number})"),
        }
    }
}
