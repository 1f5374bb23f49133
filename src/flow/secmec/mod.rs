//! Security mechanisms: the ways to prove who the requester is (SECMEC), and the arithmetic of
//! those that do not send the password in clear. Nothing here draws random bytes: they are
//! arguments, so that every result can be checked.

pub mod agreement;
pub mod caution;
pub mod choice;
pub mod family;
pub mod line;
pub mod mechanism;
pub mod random;
pub mod requester;
pub mod source;
pub mod substitute;
pub mod token;

use source::NoToken;
use std::fmt;

/// A mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SecMec {
    /// 1: DCE.
    Dce,
    /// 3: user id and password in clear.
    UserPassword,
    /// 4: user id only.
    UserOnly,
    /// 5: user id, password and new password in clear.
    UserNewPassword,
    /// 6: user id and a DES password substitute.
    UserSubstitute,
    /// 7: user id in clear, password encrypted.
    UserEncryptedPassword,
    /// 8: user id and a strong password substitute.
    UserStrongSubstitute,
    /// 9: user id and password encrypted.
    EncryptedUserPassword,
    /// 10: user id, password and new password encrypted.
    EncryptedUserNewPassword,
    /// 11: Kerberos.
    Kerberos,
    /// 12: user id and the data of statements encrypted.
    EncryptedUserData,
    /// 13: user id, password and the data of statements encrypted.
    EncryptedUserPasswordData,
    /// 14: user id, password, new password and the data of statements encrypted.
    EncryptedUserNewPasswordData,
    /// 15: a plug-in.
    PlugIn,
    /// 16: user id encrypted, no password. IBM i takes a profile token by this number.
    EncryptedUserOnly,
}

/// Number, variant, DRDA term, English.
const TABLE: [(u16, SecMec, &str, &str); 15] = [
    (1, SecMec::Dce, "DCESEC", "DCE"),
    (3, SecMec::UserPassword, "USRIDPWD", "user id and password in clear"),
    (4, SecMec::UserOnly, "USRIDONL", "user id only"),
    (5, SecMec::UserNewPassword, "USRIDNWPWD", "user id, password and new password in clear"),
    (6, SecMec::UserSubstitute, "USRSBSPWD", "user id and password substitute"),
    (7, SecMec::UserEncryptedPassword, "USRENCPWD", "user id and encrypted password"),
    (8, SecMec::UserStrongSubstitute, "USRSSBPWD", "user id and strong password substitute"),
    (9, SecMec::EncryptedUserPassword, "EUSRIDPWD", "encrypted user id and password"),
    (10, SecMec::EncryptedUserNewPassword, "EUSRIDNWPWD", "encrypted user id, password and new password"),
    (11, SecMec::Kerberos, "KERSEC", "Kerberos"),
    (12, SecMec::EncryptedUserData, "EUSRIDDTA", "encrypted user id and data"),
    (13, SecMec::EncryptedUserPasswordData, "EUSRPWDDTA", "encrypted user id, password and data"),
    (14, SecMec::EncryptedUserNewPasswordData, "EUSRNPWDDTA", "encrypted user id, passwords and data"),
    (15, SecMec::PlugIn, "PLGIN", "plug-in"),
    (16, SecMec::EncryptedUserOnly, "EUSRIDONL", "encrypted user id only"),
];

impl SecMec {
    /// The mechanism of a number.
    pub fn from_number(number: u16) -> Option<SecMec> {
        TABLE.iter().find(|row| row.0 == number).map(|row| row.1)
    }

    /// Its number on the wire.
    pub fn number(self) -> u16 {
        self.row().0
    }

    /// Its name in DRDA.
    pub fn name(self) -> &'static str {
        self.row().2
    }

    /// In English.
    pub fn words(self) -> &'static str {
        self.row().3
    }

    /// True when ACCSEC and ACCSECRD carry Diffie-Hellman keys.
    pub fn agrees_on_a_key(self) -> bool {
        matches!(
            self,
            SecMec::UserEncryptedPassword
                | SecMec::EncryptedUserPassword
                | SecMec::EncryptedUserNewPassword
                | SecMec::EncryptedUserData
                | SecMec::EncryptedUserPasswordData
                | SecMec::EncryptedUserNewPasswordData
        )
    }

    fn row(self) -> (u16, SecMec, &'static str, &'static str) {
        // Every variant is in the table (tested); the first row only satisfies the types.
        let [first, ..] = TABLE;
        TABLE.iter().find(|row| row.1 == self).copied().unwrap_or(first)
    }
}

impl fmt::Display for SecMec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, _, name, words) = self.row();
        write!(f, "{number} ({name}, {words})")
    }
}

/// Errors of a mechanism, a key or a token. They never carry a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecMecError {
    /// A mechanism that is known but not built.
    #[error("the security mechanism {0} is not supported")]
    Unbuilt(SecMec),
    /// A secret in clear on a line where others can listen.
    #[error("{}", clear(*.0))]
    Clear(SecMec),
    /// A secret in clear that a setting forbids on every line.
    #[error("{} is not sent without TLS to a verified server: allow_cleartext_password is false", secret(*.0))]
    Forbidden(SecMec),
    /// A connection attribute of Derby that is a secret, on a line where others can listen.
    #[error(
        "the attribute {0} is a secret: it is not sent in clear to another machine without TLS to a verified server"
    )]
    Attribute(&'static str),
    /// A mechanism that the other settings rule out.
    #[error("{0}")]
    Setting(&'static str),
    /// A password level that anybody could have told.
    #[error(
        "the sign-on server tells password level {0}; on a line without TLS to a verified server anybody may tell so, to \
         get a proof that is easily broken"
    )]
    Level(u8),
    /// Whoever was told of a doubt does not want to go on.
    #[error("{0}")]
    Objected(String),
    /// The source of tokens failed.
    #[error("no security token: {0}")]
    NoToken(NoToken),
    /// The server goes on asking for tokens.
    #[error("the server asked for a security token {0} times")]
    Endless(usize),
    /// Random bytes of another length than the key's.
    #[error("{want} random bytes are needed for a key, got {got}")]
    RandomLength {
        /// Bytes needed.
        want: usize,
        /// Bytes handed in.
        got: usize,
    },
    /// Random bytes that make a key anyone can guess; other bytes are needed.
    #[error("these random bytes make a weak key")]
    WeakKey,
    /// The peer's public key or seed has a length that does not belong to the algorithm.
    #[error("the peer's {what} has {got} bytes instead of {want}")]
    PublicLength {
        /// `public key` or `seed`.
        what: &'static str,
        /// Bytes that the algorithm has.
        want: usize,
        /// Bytes that came.
        got: usize,
    },
    /// The peer's public key is outside 2..=p-2: the shared secret would be known to everyone.
    #[error("the peer's public key is not a valid Diffie-Hellman value")]
    PublicRange,
    /// A token that is not whole blocks or whose padding is wrong: another key, or damage.
    #[error("a security token of {0} bytes cannot be decrypted")]
    Token(usize),
    /// A user id or password that the server's product cannot have.
    #[error("{parameter}: {rule}")]
    Rule {
        /// Which of them.
        parameter: &'static str,
        /// The rule.
        rule: &'static str,
    },
    /// A user id or password with a character that the page lacks.
    #[error("{parameter}: character {at} of it does not exist in CCSID {ccsid}")]
    Text {
        /// Where the character stands, from 1.
        at: usize,
        /// Which of them.
        parameter: &'static str,
        /// The page.
        ccsid: u16,
    },
}

fn secret(mechanism: SecMec) -> &'static str {
    if mechanism == SecMec::EncryptedUserOnly { "a profile token" } else { "a password in clear" }
}

fn clear(mechanism: SecMec) -> &'static str {
    match mechanism {
        SecMec::EncryptedUserOnly => {
            "a profile token is not sent in clear to another machine without TLS to a verified server"
        }
        _ => "a password is not sent in clear to another machine without TLS to a verified server",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_finds_its_way_back() {
        for (number, mechanism, name, _) in TABLE {
            assert_eq!(SecMec::from_number(number), Some(mechanism));
            assert_eq!((mechanism.number(), mechanism.name()), (number, name));
        }
        assert_eq!(SecMec::from_number(2), None);
        assert_eq!(SecMec::from_number(17), None);
        // A variant that the table lacks would show itself as the first row.
        assert_eq!(TABLE.iter().filter(|row| row.1.number() == 1).count(), 1);
    }

    #[test]
    fn words_for_messages() {
        assert_eq!(SecMec::EncryptedUserPassword.to_string(), "9 (EUSRIDPWD, encrypted user id and password)");
        assert!(SecMec::UserEncryptedPassword.agrees_on_a_key());
    }
}
