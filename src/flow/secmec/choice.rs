//! Which mechanism is asked for: the strongest that the server takes and the line allows. Nothing is
//! weakened in silence: what the user named is used or nothing is, and what yields the password to a
//! listener needs a private line, its name or a permission.

use super::SecMecError;
use super::agreement::EncAlg;
use super::caution::Exposure;
use super::family::Family;
use super::line::Line;
use super::mechanism::{Mechanism, Security};
use super::substitute::Substitute;
use super::substitute::ibmi::PasswordLevel;

/// The input of the choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// The user's choice.
    pub choice: Security,
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
    /// QPWDLVL of the IBM i, as the user states it.
    pub password_level: Option<u8>,
    /// QPWDLVL as the sign-on server tells it.
    pub told_level: Option<u8>,
}

/// The password level that nothing is stronger than.
const STRONGEST: u8 = 4;

impl Policy {
    /// Whether a mechanism may be used on this line: chosen by its name, or by `auto`.
    pub fn allows(&self, mechanism: Mechanism, named: bool) -> bool {
        match mechanism.exposure() {
            Exposure::Clear => self.may_be_clear(),
            Exposure::Listener => named || self.may_be_clear(),
            Exposure::Answerer | Exposure::Hash | Exposure::Nothing => true,
        }
    }

    /// Whether a secret may be sent as it is: a password in clear, or what is as good.
    pub fn may_be_clear(&self) -> bool {
        match self.allow_cleartext_password {
            Some(true) => true,
            Some(false) => self.line == Line::Verified,
            None => self.line.is_private(),
        }
    }

    /// Whether a password level is believed that a server tells on this line. Whoever answers could tell a low one
    /// to get a weak proof; none is stronger than that of the highest.
    pub fn believes(&self, level: u8) -> bool {
        level == STRONGEST || self.line.is_private() || self.allow_cleartext_password == Some(true)
    }

    /// The password level: stated, or told and believed.
    pub fn level(&self) -> Option<u8> {
        self.password_level.or(self.told_level.filter(|level| self.believes(*level)))
    }

    /// The warning to give before a proof is sent, and how grave it is. Of [`Line::Unverified`] the TLS handshake told
    /// already that anybody may answer.
    pub fn warning(&self, mechanism: Mechanism, factor: bool) -> Option<(Exposure, String)> {
        let exposure = if factor { Exposure::Clear } else { mechanism.exposure() };
        if self.line != Line::Open {
            return None;
        }
        let what = match exposure {
            Exposure::Nothing | Exposure::Hash => return None,
            Exposure::Answerer => format!(
                "{mechanism} keeps the password from listeners, but whoever answers in the server's place gets it"
            ),
            Exposure::Listener => format!("{mechanism} yields the password to whoever listens"),
            Exposure::Clear => {
                let what = match mechanism {
                    Mechanism::ProfileToken => "profile token",
                    Mechanism::Password { .. } => "password",
                    _ => "additional factor",
                };
                format!("the {what} goes in clear to another machine, for whoever listens")
            }
        };
        Some((exposure, format!("{what}: use TLS (tls=require)")))
    }

    /// The mechanisms that may be asked of a server, the strongest first.
    pub fn candidates(&self, family: Family) -> Result<Vec<Mechanism>, SecMecError> {
        let encrypted = |algorithm| Mechanism::Encrypted { algorithm, renew: self.renew };
        let chosen = match self.choice {
            Security::Auto => {
                let mut all = self.strongest_first(family);
                all.retain(|mechanism| self.allows(*mechanism, false));
                return Ok(all);
            }
            Security::UserOnly => Mechanism::UserOnly,
            Security::Password => Mechanism::Password { renew: self.renew },
            Security::Substitute => Mechanism::Substitute(self.substitute(family).ok_or(match family {
                Family::IbmI => SecMecError::Setting("a substitute for IBM i needs password_level"),
                _ => SecMecError::Setting("only Derby and IBM i take a password substitute"),
            })?),
            Security::Encrypted(algorithm) => encrypted(algorithm),
            Security::EncryptedPassword(algorithm) => Mechanism::EncryptedPassword(algorithm),
            Security::Kerberos => Mechanism::Kerberos,
            Security::ProfileToken if family == Family::IbmI => Mechanism::ProfileToken,
            Security::ProfileToken => return Err(SecMecError::Setting("only IBM i takes a profile token")),
            Security::Unbuilt(mechanism) => return Err(SecMecError::Unbuilt(mechanism)),
        };
        self.check(chosen)?;
        Ok(vec![chosen])
    }

    /// The mechanisms that `auto` leaves out because of the line, the strongest first.
    pub fn withheld(&self, family: Family) -> Vec<Mechanism> {
        let mut all = if self.choice == Security::Auto { self.strongest_first(family) } else { Vec::new() };
        all.retain(|mechanism| !self.allows(*mechanism, false));
        all
    }

    /// How a withheld mechanism could be had, the better way first.
    pub fn cure(&self, mechanism: Mechanism) -> String {
        let setting = match mechanism {
            Mechanism::Encrypted { .. } => "security=encrypted-des",
            Mechanism::EncryptedPassword(_) => "security=encrypted-password-des",
            Mechanism::Substitute(_) => "security=substitute",
            _ => "allow_cleartext_password=true",
        };
        let tls = if self.line == Line::Unverified { "TLS to a verified server" } else { "TLS" };
        format!("use {tls} (tls=require); or {setting}, which lets whoever listens have the password")
    }

    /// The mechanism, when it is the same whatever the server.
    pub fn settled(&self) -> Option<Mechanism> {
        match self.choice {
            Security::UserOnly => Some(Mechanism::UserOnly),
            Security::Auto if !self.password => Some(Mechanism::UserOnly),
            Security::Password => Some(Mechanism::Password { renew: self.renew }),
            _ => None,
        }
    }

    /// True when `auto` begins with a substitute for files of IBM i, as IBM's own clients do.
    pub fn begins_with_substitute(&self) -> bool {
        let substitute = self.substitute(Family::IbmI).map(Mechanism::Substitute);
        self.choice == Security::Auto
            && self.password
            && !self.renew
            && substitute.is_some_and(|substitute| self.allows(substitute, false))
    }

    /// The objection to a choice that holds for every server; to be asked before connecting.
    pub fn check_choice(&self) -> Result<(), SecMecError> {
        match self.choice {
            Security::Unbuilt(mechanism) => Err(SecMecError::Unbuilt(mechanism)),
            Security::Substitute
            | Security::EncryptedPassword(_)
            | Security::UserOnly
            | Security::Kerberos
            | Security::ProfileToken
                if self.renew =>
            {
                Err(SecMecError::Setting("the security mechanism cannot carry a new password"))
            }
            Security::Kerberos | Security::ProfileToken if !self.tokens => {
                Err(SecMecError::Setting("the security mechanism needs token"))
            }
            Security::ProfileToken => self.check(Mechanism::ProfileToken),
            _ => self.settled().map_or(Ok(()), |mechanism| self.check(mechanism)),
        }
    }

    /// The objection to a mechanism that was chosen by its name.
    fn check(&self, mechanism: Mechanism) -> Result<(), SecMecError> {
        if !self.allows(mechanism, true) {
            return Err(match self.allow_cleartext_password {
                Some(false) => SecMecError::Forbidden(mechanism.secmec()),
                _ => SecMecError::Clear(mechanism.secmec()),
            });
        }
        if mechanism.needs_password() && !self.password {
            return Err(SecMecError::Setting("the security mechanism needs a password"));
        }
        Ok(())
    }

    /// The order of `auto` on a private line.
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
        out.push(Mechanism::Password { renew: self.renew });
        out
    }

    fn substitute(&self, family: Family) -> Option<Substitute> {
        match family {
            Family::Derby => Some(Substitute::Derby),
            Family::IbmI => self.level().and_then(PasswordLevel::from_number).map(Substitute::IbmI),
            Family::Other => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::SecMec;
    use super::*;

    fn policy(choice: Security) -> Policy {
        Policy { choice, password: true, ..Policy::default() }
    }

    fn numbers(policy: &Policy, family: Family) -> Vec<String> {
        policy.candidates(family).unwrap().iter().map(Mechanism::to_string).collect()
    }

    const LINES: [Line; 4] = [Line::Open, Line::Unverified, Line::Local, Line::Verified];
    const AES: &str = "encrypted (SECMEC 9, AES-256)";
    const AES_7: &str = "encrypted password (SECMEC 7, AES-256)";
    const DES: &str = "encrypted (SECMEC 9, DES)";
    const DES_7: &str = "encrypted password (SECMEC 7, DES)";
    const CLEAR: &str = "password in clear (SECMEC 3)";
    const DERBY: &str = "substitute (SECMEC 8, Derby)";
    const LEVELS: [(Option<u8>, Option<&str>); 6] = [
        (None, None),
        (Some(0), Some("substitute (SECMEC 6, DES)")),
        (Some(1), Some("substitute (SECMEC 6, DES)")),
        (Some(2), Some("substitute (SECMEC 8, SHA-1)")),
        (Some(3), Some("substitute (SECMEC 8, SHA-1)")),
        (Some(4), Some("substitute (SECMEC 8, SHA-512)")),
    ];

    #[test]
    fn auto_takes_the_strongest_first_and_on_an_open_line_nothing_that_a_listener_reads() {
        for line in LINES {
            for allowed in [None, Some(false), Some(true)] {
                // What a listener gets the password from: anywhere by leave, without a word on private lines, and where
                // it was forbidden under verified TLS alone.
                let weak = match allowed {
                    None => line.is_private(),
                    Some(false) => line == Line::Verified,
                    Some(true) => true,
                };
                let auto = Policy { line, allow_cleartext_password: allowed, ..policy(Security::Auto) };
                let with = |strong: &[&str], weak_ones: &[&str]| {
                    let weak_ones = weak_ones.iter().filter(|_| weak);
                    strong.iter().chain(weak_ones).map(|name| (*name).to_owned()).collect::<Vec<_>>()
                };
                assert_eq!(numbers(&auto, Family::Derby), with(&[], &[DERBY, CLEAR]), "{auto:?}");
                for (level, substitute) in LEVELS {
                    let known = Policy { password_level: level, ..auto };
                    assert_eq!(numbers(&known, Family::Other), with(&[AES, AES_7], &[DES, DES_7, CLEAR]), "{known:?}");
                    let expected = match (level, substitute) {
                        (Some(0 | 1), Some(weak_one)) => with(&[AES, AES_7], &[DES, DES_7, weak_one, CLEAR]),
                        (_, Some(hash)) if weak => with(&[AES, AES_7, DES, DES_7, hash, CLEAR], &[]),
                        (_, Some(hash)) => with(&[AES, AES_7, hash], &[]),
                        (_, None) => with(&[AES, AES_7], &[DES, DES_7, CLEAR]),
                    };
                    assert_eq!(numbers(&known, Family::IbmI), expected, "{known:?}");
                    assert_eq!(known.begins_with_substitute(), level.is_some_and(|level| level > 1 || weak));
                    // The rest is what is withheld, and each of it has its cure.
                    let withheld = known.withheld(Family::IbmI);
                    assert_eq!(withheld.is_empty(), weak, "{known:?}");
                    for mechanism in withheld {
                        assert!(known.cure(mechanism).starts_with("use TLS"), "{mechanism}");
                    }
                }
                let renew = Policy { renew: true, ..auto };
                let (aes, des, clear) =
                    ("encrypted (SECMEC 10, AES-256)", "encrypted (SECMEC 10, DES)", "password in clear (SECMEC 5)");
                assert_eq!(numbers(&renew, Family::Other), with(&[aes], &[des, clear]));
                assert_eq!(numbers(&renew, Family::Derby), with(&[], &[clear]));
                let alone = Policy { password: false, ..auto };
                assert_eq!(numbers(&alone, Family::Other), ["user id only (SECMEC 4)"]);
            }
        }
    }

    #[test]
    fn a_name_is_enough_for_all_but_what_is_clear() {
        for line in LINES {
            for allowed in [None, Some(false), Some(true)] {
                let chosen = |choice| Policy {
                    line,
                    allow_cleartext_password: allowed,
                    tokens: true,
                    password_level: Some(0),
                    ..policy(choice)
                };
                for (choice, family, name) in [
                    (Security::Encrypted(EncAlg::Des), Family::Other, DES),
                    (Security::EncryptedPassword(EncAlg::Des), Family::Other, DES_7),
                    (Security::Encrypted(EncAlg::Aes), Family::Other, AES),
                    (Security::EncryptedPassword(EncAlg::Aes), Family::Other, AES_7),
                    (Security::Substitute, Family::Derby, DERBY),
                    (Security::Substitute, Family::IbmI, "substitute (SECMEC 6, DES)"),
                    (Security::UserOnly, Family::Other, "user id only (SECMEC 4)"),
                    (Security::Kerberos, Family::Other, "Kerberos (SECMEC 11)"),
                ] {
                    assert_eq!(chosen(choice).check_choice(), Ok(()));
                    assert_eq!(numbers(&chosen(choice), family), [name], "{line:?} {allowed:?}");
                }
                for (choice, mechanism) in
                    [(Security::Password, SecMec::UserPassword), (Security::ProfileToken, SecMec::EncryptedUserOnly)]
                {
                    let outcome = match (allowed, line) {
                        (Some(true), _) | (_, Line::Verified) | (None, Line::Local) => Ok(()),
                        (Some(false), _) => Err(SecMecError::Forbidden(mechanism)),
                        (None, _) => Err(SecMecError::Clear(mechanism)),
                    };
                    assert_eq!(chosen(choice).check_choice(), outcome, "{line:?} {allowed:?}");
                    assert_eq!(chosen(choice).candidates(Family::IbmI).map(drop), outcome, "{line:?} {allowed:?}");
                }
            }
        }
    }

    #[test]
    fn a_level_that_was_told_counts_where_it_can_be_believed() {
        for line in LINES {
            for level in 0..=4 {
                let told = Policy { line, told_level: Some(level), ..policy(Security::Auto) };
                assert_eq!(told.level(), Some(level).filter(|_| level == 4 || line.is_private()), "{line:?}");
                let stated = Policy { password_level: Some(3), ..told };
                assert_eq!(stated.level(), Some(3));
                let allowed = Policy { allow_cleartext_password: Some(true), ..told };
                assert_eq!(allowed.level(), Some(level));
            }
        }
    }

    #[test]
    fn what_is_given_away_is_said_of_an_open_line() {
        let open = policy(Security::Auto);
        for (mechanism, factor, said) in [
            (Mechanism::UserOnly, false, None),
            (Mechanism::Kerberos, false, None),
            (Mechanism::Substitute(Substitute::IbmI(PasswordLevel::Sha1)), false, None),
            (Mechanism::Substitute(Substitute::IbmI(PasswordLevel::Sha512)), false, None),
            (Mechanism::Encrypted { algorithm: EncAlg::Aes, renew: false }, false, Some("whoever answers")),
            (Mechanism::EncryptedPassword(EncAlg::Aes), false, Some("whoever answers")),
            (
                Mechanism::Encrypted { algorithm: EncAlg::Des, renew: true },
                false,
                Some("yields the password to whoever"),
            ),
            (Mechanism::EncryptedPassword(EncAlg::Des), false, Some("yields the password to whoever listens")),
            (Mechanism::Substitute(Substitute::Derby), false, Some("yields the password to whoever listens")),
            (Mechanism::Substitute(Substitute::IbmI(PasswordLevel::Des)), false, Some("to whoever listens")),
            (Mechanism::Password { renew: false }, false, Some("the password goes in clear")),
            (Mechanism::ProfileToken, false, Some("the profile token goes in clear")),
            (Mechanism::Encrypted { algorithm: EncAlg::Aes, renew: false }, true, Some("factor goes in clear")),
        ] {
            let warning = open.warning(mechanism, factor);
            assert_eq!(warning.is_some(), said.is_some(), "{mechanism}");
            if let (Some((exposure, text)), Some(said)) = (warning, said) {
                assert!(text.contains(said) && text.ends_with("use TLS (tls=require)"), "{text}");
                assert!(exposure >= Exposure::Answerer);
            }
            for line in [Line::Unverified, Line::Local, Line::Verified] {
                assert_eq!(Policy { line, ..open }.warning(mechanism, factor), None);
            }
        }
    }

    #[test]
    fn a_new_password_needs_a_mechanism_that_carries_it() {
        let renew = Policy { renew: true, line: Line::Local, ..policy(Security::Auto) };
        for choice in
            [Security::Substitute, Security::EncryptedPassword(EncAlg::Aes), Security::UserOnly, Security::Kerberos]
        {
            assert!(matches!(Policy { choice, ..renew }.check_choice(), Err(SecMecError::Setting(_))), "{choice:?}");
        }
    }

    #[test]
    fn what_is_chosen_is_used_or_nothing() {
        for choice in [Security::Encrypted(EncAlg::Aes), Security::Encrypted(EncAlg::Des), Security::UserOnly] {
            let chosen = Policy { allow_cleartext_password: Some(true), ..policy(choice) };
            assert_eq!(chosen.candidates(Family::Other).unwrap().len(), 1);
            assert_eq!(chosen.check_choice(), Ok(()));
        }
        assert_eq!(policy(Security::Password).check_choice(), Err(SecMecError::Clear(SecMec::UserPassword)));
        assert!(policy(Security::Password).candidates(Family::Other).is_err());
        assert!(policy(Security::Substitute).candidates(Family::Other).is_err());
        let error = policy(Security::Substitute).candidates(Family::IbmI).unwrap_err();
        assert!(error.to_string().contains("password_level"), "{error}");
        let unbuilt = policy(Security::Unbuilt(SecMec::PlugIn)).check_choice().unwrap_err();
        assert!(unbuilt.to_string().contains("15 (PLGIN"), "{unbuilt}");
        assert!(policy(Security::Kerberos).check_choice().is_err());
        let token = Policy { tokens: true, ..policy(Security::ProfileToken) };
        assert_eq!(token.check_choice(), Err(SecMecError::Clear(SecMec::EncryptedUserOnly)));
        assert_eq!(Policy { tokens: true, ..policy(Security::Kerberos) }.check_choice(), Ok(()));
    }
}
