//! Which mechanism is asked for: the strongest that the server takes and the line allows. Nothing is
//! weakened in silence: what the user named is used or nothing is, and a password in clear needs a
//! private line or a permission.

use std::fmt;

use super::agreement::EncAlg;
use super::substitute::Substitute;
use super::substitute::ibmi::PasswordLevel;
use super::{SecMec, SecMecError};

/// What is known of the line to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Line {
    /// It does not leave this machine.
    pub loopback: bool,
    /// It is under TLS and the server's certificate was verified.
    pub tls_verified: bool,
}

impl Line {
    /// True when nobody else can listen.
    pub fn is_private(self) -> bool {
        self.loopback || self.tls_verified
    }
}

/// What the user wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Choice {
    /// The strongest there is; the user id alone when there is no password.
    #[default]
    Auto,
    /// User id only.
    UserOnly,
    /// User id and password in clear.
    Password,
    /// Password substitute: Derby, IBM i.
    Substitute,
    /// Encrypted user id and password.
    Encrypted(EncAlg),
    /// User id in clear, password encrypted.
    EncryptedPassword(EncAlg),
    /// Kerberos, with tickets of a token source.
    Kerberos,
    /// A profile token of IBM i, from a token source.
    ProfileToken,
    /// A mechanism that is known by name but not built.
    Unbuilt(SecMec),
}

/// The product on the other side, as far as mechanisms differ: from SRVCLSNM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Apache Derby.
    Derby,
    /// IBM i.
    IbmI,
    /// Any other.
    Other,
}

impl Family {
    /// By the name that the server gives its class.
    pub fn of_class(srvclsnm: &str) -> Family {
        match srvclsnm.trim() {
            "QAS" => Family::IbmI,
            name if name.contains("Derby") => Family::Derby,
            _ => Family::Other,
        }
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

    /// True when what travels is as good as the password to whoever listens.
    pub fn needs_a_private_line(self) -> bool {
        self == Mechanism::ProfileToken || self.secmec().sends_clear_password()
    }

    /// True when it only hides the password from those who do not look closely.
    pub fn is_obfuscation(self) -> bool {
        self.algorithm() == Some(EncAlg::Des)
    }

    /// True for the mechanisms that send a password in some form.
    fn needs_password(self) -> bool {
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

/// What the choice is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// What the user wants.
    pub choice: Choice,
    /// The line.
    pub line: Line,
    /// Whether a password may go in clear: true, where others can listen too; false, under verified TLS only;
    /// not said, on a private line.
    pub allow_cleartext_password: Option<bool>,
    /// There is a password.
    pub password: bool,
    /// It is to be changed.
    pub renew: bool,
    /// There is a source of tokens.
    pub tokens: bool,
    /// QPWDLVL of the IBM i, where it is known.
    pub password_level: Option<u8>,
}

impl Policy {
    /// The mechanisms that may be asked of a server, the strongest first.
    pub fn candidates(&self, family: Family) -> Result<Vec<Mechanism>, SecMecError> {
        let encrypted = |algorithm| Mechanism::Encrypted { algorithm, renew: self.renew };
        let chosen = match self.choice {
            Choice::Auto => return Ok(self.strongest_first(family)),
            Choice::UserOnly => Mechanism::UserOnly,
            Choice::Password => Mechanism::Password { renew: self.renew },
            Choice::Substitute => Mechanism::Substitute(self.substitute(family).ok_or(match family {
                Family::IbmI => SecMecError::Setting("a substitute for IBM i needs password_level"),
                _ => SecMecError::Setting("only Derby and IBM i take a password substitute"),
            })?),
            Choice::Encrypted(algorithm) => encrypted(algorithm),
            Choice::EncryptedPassword(algorithm) => Mechanism::EncryptedPassword(algorithm),
            Choice::Kerberos => Mechanism::Kerberos,
            Choice::ProfileToken if family == Family::IbmI => Mechanism::ProfileToken,
            Choice::ProfileToken => return Err(SecMecError::Setting("only IBM i takes a profile token")),
            Choice::Unbuilt(mechanism) => return Err(SecMecError::Unbuilt(mechanism)),
        };
        self.check(chosen)?;
        Ok(vec![chosen])
    }

    /// The mechanism, when it is the same whatever the server.
    pub fn settled(&self) -> Option<Mechanism> {
        match self.choice {
            Choice::UserOnly => Some(Mechanism::UserOnly),
            Choice::Auto if !self.password => Some(Mechanism::UserOnly),
            Choice::Password => Some(Mechanism::Password { renew: self.renew }),
            _ => None,
        }
    }

    /// What speaks against a choice whatever the server; to be asked before connecting.
    pub fn check_choice(&self) -> Result<(), SecMecError> {
        match self.choice {
            Choice::Unbuilt(mechanism) => Err(SecMecError::Unbuilt(mechanism)),
            Choice::Substitute
            | Choice::EncryptedPassword(_)
            | Choice::UserOnly
            | Choice::Kerberos
            | Choice::ProfileToken
                if self.renew =>
            {
                Err(SecMecError::Setting("the security mechanism cannot carry a new password"))
            }
            Choice::Kerberos | Choice::ProfileToken if !self.tokens => {
                Err(SecMecError::Setting("the security mechanism needs token"))
            }
            Choice::ProfileToken if !self.may_be_clear() => Err(self.in_clear(SecMec::EncryptedUserOnly)),
            _ => self.settled().map_or(Ok(()), |mechanism| self.check(mechanism)),
        }
    }

    /// A password in clear, or what is as good, may be sent.
    pub fn may_be_clear(&self) -> bool {
        match self.allow_cleartext_password {
            Some(true) => true,
            Some(false) => self.line.tls_verified,
            None => self.line.is_private(),
        }
    }

    /// Why a mechanism does not go in clear.
    fn in_clear(&self, mechanism: SecMec) -> SecMecError {
        match self.allow_cleartext_password {
            Some(false) => SecMecError::Forbidden(mechanism),
            _ => SecMecError::Clear(mechanism),
        }
    }

    fn check(&self, mechanism: Mechanism) -> Result<(), SecMecError> {
        if mechanism.needs_a_private_line() && !self.may_be_clear() {
            return Err(self.in_clear(mechanism.secmec()));
        }
        if mechanism.needs_password() && !self.password {
            return Err(SecMecError::Setting("the security mechanism needs a password"));
        }
        Ok(())
    }

    fn strongest_first(&self, family: Family) -> Vec<Mechanism> {
        if !self.password {
            return vec![Mechanism::UserOnly];
        }
        let mut out = Vec::new();
        // No Java of today lets Derby have the group of 256 bits, and none ever had the other. (Measured.)
        if family != Family::Derby {
            for algorithm in [EncAlg::Aes, EncAlg::Des] {
                out.push(Mechanism::Encrypted { algorithm, renew: self.renew });
                out.extend((!self.renew).then_some(Mechanism::EncryptedPassword(algorithm)));
            }
        }
        out.extend(self.substitute(family).filter(|_| !self.renew).map(Mechanism::Substitute));
        out.extend(self.may_be_clear().then_some(Mechanism::Password { renew: self.renew }));
        out
    }

    fn substitute(&self, family: Family) -> Option<Substitute> {
        match family {
            Family::Derby => Some(Substitute::Derby),
            Family::IbmI => self.password_level.and_then(PasswordLevel::from_number).map(Substitute::IbmI),
            Family::Other => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(choice: Choice) -> Policy {
        Policy { choice, password: true, ..Policy::default() }
    }

    fn numbers(policy: &Policy, family: Family) -> Vec<String> {
        policy.candidates(family).unwrap().iter().map(Mechanism::to_string).collect()
    }

    #[test]
    fn the_strongest_comes_first() {
        let open = policy(Choice::Auto);
        let encrypted = [
            "encrypted (SECMEC 9, AES-256)",
            "encrypted password (SECMEC 7, AES-256)",
            "encrypted (SECMEC 9, DES)",
            "encrypted password (SECMEC 7, DES)",
        ];
        assert_eq!(numbers(&open, Family::Other), encrypted);
        assert_eq!(numbers(&open, Family::IbmI), encrypted);
        assert_eq!(numbers(&open, Family::Derby), ["substitute (SECMEC 8, Derby)"]);
        for line in [Line { loopback: true, tls_verified: false }, Line { loopback: false, tls_verified: true }] {
            let private = Policy { line, ..open };
            assert_eq!(numbers(&private, Family::Other).last().unwrap(), "password in clear (SECMEC 3)");
            assert_eq!(
                numbers(&private, Family::Derby),
                ["substitute (SECMEC 8, Derby)", "password in clear (SECMEC 3)"]
            );
        }
        let allowed = Policy { allow_cleartext_password: Some(true), ..open };
        assert_eq!(numbers(&allowed, Family::Other).len(), 5);
        for (level, last) in [
            (0, "substitute (SECMEC 6, DES)"),
            (1, "substitute (SECMEC 6, DES)"),
            (3, "substitute (SECMEC 8, SHA-1)"),
            (4, "substitute (SECMEC 8, SHA-512)"),
        ] {
            let known = Policy { password_level: Some(level), ..open };
            assert_eq!(numbers(&known, Family::IbmI).last().unwrap(), last);
            assert_eq!(numbers(&known, Family::Other), encrypted);
        }
        let alone = Policy { password: false, ..open };
        assert_eq!(numbers(&alone, Family::Other), ["user id only (SECMEC 4)"]);
    }

    #[test]
    fn said_explicitly_never_means_on_loopback_too() {
        let loopback = Line { loopback: true, tls_verified: false };
        let never = Policy { allow_cleartext_password: Some(false), line: loopback, ..policy(Choice::Password) };
        assert_eq!(never.check_choice(), Err(SecMecError::Forbidden(SecMec::UserPassword)));
        assert!(never.candidates(Family::Other).is_err());
        assert_eq!(Policy { allow_cleartext_password: None, ..never }.check_choice(), Ok(()));
        let auto = Policy { choice: Choice::Auto, ..never };
        for family in [Family::Other, Family::Derby, Family::IbmI] {
            assert!(!numbers(&auto, family).iter().any(|name| name.contains("in clear")), "{family:?}");
        }
        let token = Policy { tokens: true, choice: Choice::ProfileToken, ..never };
        assert_eq!(token.check_choice(), Err(SecMecError::Forbidden(SecMec::EncryptedUserOnly)));
        // Under TLS to a verified server nothing is in clear.
        let tls = Policy { line: Line { loopback: false, tls_verified: true }, ..never };
        assert_eq!(tls.check_choice(), Ok(()));
    }

    #[test]
    fn a_new_password_needs_a_mechanism_that_carries_it() {
        let renew = Policy { renew: true, line: Line { loopback: true, tls_verified: false }, ..policy(Choice::Auto) };
        assert_eq!(
            numbers(&renew, Family::Other),
            ["encrypted (SECMEC 10, AES-256)", "encrypted (SECMEC 10, DES)", "password in clear (SECMEC 5)"]
        );
        for choice in [Choice::Substitute, Choice::EncryptedPassword(EncAlg::Aes), Choice::UserOnly, Choice::Kerberos] {
            assert!(matches!(Policy { choice, ..renew }.check_choice(), Err(SecMecError::Setting(_))), "{choice:?}");
        }
    }

    #[test]
    fn what_is_chosen_is_used_or_nothing() {
        for choice in [Choice::Encrypted(EncAlg::Aes), Choice::Encrypted(EncAlg::Des), Choice::UserOnly] {
            let chosen = Policy { allow_cleartext_password: Some(true), ..policy(choice) };
            assert_eq!(chosen.candidates(Family::Other).unwrap().len(), 1);
            assert_eq!(chosen.check_choice(), Ok(()));
        }
        assert_eq!(policy(Choice::Password).check_choice(), Err(SecMecError::Clear(SecMec::UserPassword)));
        assert!(policy(Choice::Password).candidates(Family::Other).is_err());
        assert!(policy(Choice::Substitute).candidates(Family::Other).is_err());
        let error = policy(Choice::Substitute).candidates(Family::IbmI).unwrap_err();
        assert!(error.to_string().contains("password_level"), "{error}");
        let unbuilt = policy(Choice::Unbuilt(SecMec::PlugIn)).check_choice().unwrap_err();
        assert!(unbuilt.to_string().contains("15 (PLGIN"), "{unbuilt}");
        assert!(policy(Choice::Kerberos).check_choice().is_err());
        let token = Policy { tokens: true, ..policy(Choice::ProfileToken) };
        assert_eq!(token.check_choice(), Err(SecMecError::Clear(SecMec::EncryptedUserOnly)));
        assert_eq!(Policy { tokens: true, ..policy(Choice::Kerberos) }.check_choice(), Ok(()));
    }
}
