//! Password substitutes (mechanisms 6 and 8): what proves that the requester knows the password
//! without carrying it. Both sides contribute a seed by SECTKN of ACCSEC and ACCSECRD. Mechanism 8
//! is one construction at Derby and another at IBM i, where the password level (QPWDLVL) decides
//! which; so a substitute is always named with its product.

pub mod derby;
pub mod ibmi;

use zeroize::Zeroizing;

use self::ibmi::PasswordLevel;
use super::{SecMec, SecMecError};

/// Bytes of a seed, and so of SECTKN in ACCSEC and ACCSECRD.
pub const SEED: usize = 8;
/// The number of a substitute: there is one in a connection.
const SEQUENCE: [u8; 8] = [0, 0, 0, 0, 0, 0, 0, 1];

/// The construction of a substitute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Substitute {
    /// Derby's, of mechanism 8.
    Derby,
    /// IBM i's: mechanism 6 or 8 by the system's password level.
    IbmI(PasswordLevel),
}

impl Substitute {
    /// The mechanism that it belongs to.
    pub fn mechanism(self) -> SecMec {
        match self {
            Substitute::IbmI(PasswordLevel::Des) => SecMec::UserSubstitute,
            Substitute::Derby | Substitute::IbmI(_) => SecMec::UserStrongSubstitute,
        }
    }

    /// The user id in the form that USRID of SECCHK has beside this substitute.
    pub fn user(self, user: &str) -> Result<String, SecMecError> {
        match self {
            Substitute::Derby => Ok(user.to_owned()),
            Substitute::IbmI(_) => ibmi::user(user),
        }
    }

    /// The substitute itself. Derby's travels as SECTKN, IBM i's as PASSWORD.
    pub fn make(self, user: &str, password: &str, seeds: &Seeds) -> Result<Zeroizing<Vec<u8>>, SecMecError> {
        match self {
            Substitute::Derby => Ok(Zeroizing::new(derby::strong(user, password, seeds).to_vec())),
            Substitute::IbmI(level) => level.substitute(user, password, seeds),
        }
    }
}

/// The random numbers that each side drew for this connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seeds {
    /// From ACCSEC.
    pub requester: [u8; SEED],
    /// From ACCSECRD.
    pub server: [u8; SEED],
}

impl Seeds {
    /// From both tokens; each has to have the right length.
    pub fn new(requester: &[u8], server: &[u8]) -> Result<Seeds, SecMecError> {
        let seed = |token: &[u8]| {
            token.try_into().map_err(|_| SecMecError::PublicLength { what: "seed", want: SEED, got: token.len() })
        };
        Ok(Seeds { requester: seed(requester)?, server: seed(server)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_has_eight_bytes() {
        assert!(Seeds::new(&[1; 8], &[2; 8]).is_ok());
        for got in [0, 1, 7, 9, 64] {
            let wrong = SecMecError::PublicLength { what: "seed", want: 8, got };
            assert_eq!(Seeds::new(&[1; 8], &vec![2; got]), Err(wrong.clone()));
            assert_eq!(Seeds::new(&vec![2; got], &[1; 8]), Err(wrong));
        }
    }

    #[test]
    fn the_product_decides_what_eight_means() {
        let seeds = Seeds { requester: [1; 8], server: [2; 8] };
        let make = |s: Substitute| s.make("app", "secret", &seeds).unwrap();
        let sha1 = Substitute::IbmI(PasswordLevel::Sha1);
        assert_eq!(Substitute::Derby.mechanism(), sha1.mechanism());
        assert_ne!(make(Substitute::Derby), make(sha1));
        assert_eq!(Substitute::IbmI(PasswordLevel::Des).mechanism().number(), 6);
        assert_eq!(
            (Substitute::Derby.user("app").unwrap(), sha1.user("app").unwrap()),
            ("app".into(), "APP       ".into())
        );
    }
}
