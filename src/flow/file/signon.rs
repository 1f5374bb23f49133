//! The sign-on server, asked before a connection for files is made: it tells the password level, and once
//! the user has proved who it is, the page of the job. Its data streams are not DDM, so this is no
//! [`Flow`](crate::flow::step::Flow); it eats whole streams all the same.

use crate::flow::error::FlowError;
use crate::flow::secmec::SecMecError;
use crate::flow::secmec::caution::Caution;
use crate::flow::secmec::choice::Policy;
use crate::flow::secmec::mechanism::Mechanism;
use crate::flow::secmec::mechanism::Security;
use crate::flow::secmec::substitute::ibmi::{self, PasswordLevel};
use crate::flow::secmec::substitute::{SEED, Seeds, Substitute};
use crate::wire::ddm::error::MessageError;
use crate::wire::ddm::secchk::Secret;
use crate::wire::file::signon::{Body, Stream};

/// Version and level of the data streams that this client speaks. (Measured: IBM's client for Java.)
const VERSION: u32 = 1;
const LEVEL: u16 = 5;
/// UTF-16.
const CCSID: u32 = 1200;

/// The conversation.
#[derive(Debug)]
pub struct SignOn {
    user: String,
    password: Secret,
    seed: [u8; SEED],
    policy: Policy,
    caution: Caution,
    level: u8,
}

/// The server's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignOnInfo {
    /// QPWDLVL.
    pub password_level: u8,
    /// The page of the job.
    pub ccsid: Option<u16>,
}

impl SignOn {
    /// With fresh random bytes, and the policy for the line to this server.
    pub fn new(user: &str, password: &Secret, seed: [u8; SEED], policy: Policy, caution: Caution) -> SignOn {
        SignOn { user: user.to_owned(), password: password.clone(), seed, policy, caution, level: 0 }
    }

    /// The first data stream: attributes.
    pub fn start(&self) -> Result<Vec<u8>, MessageError> {
        stream(0, Body::Exchange { version: VERSION, level: LEVEL, seed: self.seed })
    }

    /// Takes the answer to it and makes the second: the proof. None where the policy keeps it back; then the level is
    /// all that is learned. A level that anybody may have told is an error.
    pub fn prove(&mut self, answer: &[u8]) -> Result<Option<Vec<u8>>, FlowError> {
        let Body::ExchangeReply { code, seed, password_level, .. } = Stream::decode(answer)?.body else {
            return Err(FlowError::Missing { what: "attributes", command: "sign-on" });
        };
        refused(code)?;
        let seed = seed.ok_or(FlowError::Missing { what: "a seed", command: "sign-on" })?;
        self.level = password_level;
        let level = PasswordLevel::from_number(password_level).ok_or_else(|| {
            FlowError::Settings(format!("the server has password level {password_level}, which is not known"))
        })?;
        if !self.policy.believes(password_level) {
            return Err(SecMecError::Level(password_level).into());
        }
        let mechanism = Mechanism::Substitute(Substitute::IbmI(level));
        if !self.policy.allows(mechanism, self.policy.choice == Security::Substitute) {
            return Ok(None);
        }
        if let Some((exposure, text)) = self.policy.warning(mechanism, false) {
            self.caution.expose(exposure, text)?;
        }
        let seeds = Seeds { requester: self.seed, server: seed };
        let proof = Substitute::IbmI(level).make(&self.user, self.password.expose(), &seeds)?;
        let kind = match level {
            PasswordLevel::Des => 1,
            PasswordLevel::Sha1 => 3,
            PasswordLevel::Sha512 => 7,
        };
        let user = Some(ibmi::user(&self.user)?);
        Ok(Some(stream(1, Body::Info { kind, ccsid: CCSID, proof: proof.to_vec(), user })?))
    }

    /// The facts that are known without a proof.
    pub fn unproved(&self) -> SignOnInfo {
        SignOnInfo { password_level: self.level, ccsid: None }
    }

    /// Takes the answer to the proof.
    pub fn told(&self, answer: &[u8]) -> Result<SignOnInfo, FlowError> {
        let Body::InfoReply { code, ccsid, .. } = Stream::decode(answer)?.body else {
            return Err(FlowError::Missing { what: "information", command: "sign-on" });
        };
        refused(code)?;
        // A job of page 65535 converts nothing: the page is then as good as not told.
        let ccsid = ccsid.and_then(|ccsid| u16::try_from(ccsid).ok()).filter(|ccsid| !matches!(ccsid, 0 | 65_535));
        Ok(SignOnInfo { password_level: self.level, ccsid })
    }

    /// The last data stream, which nobody answers.
    pub fn end() -> Result<Vec<u8>, MessageError> {
        stream(2, Body::End)
    }
}

fn stream(correlation: u32, body: Body) -> Result<Vec<u8>, MessageError> {
    Stream { correlation, body }.encode()
}

/// A return code as an error. The upper half says what it is about: 2 the user, 3 the password.
fn refused(code: u32) -> Result<(), FlowError> {
    let words = match code {
        0 => return Ok(()),
        0x0002_0001 => "the user id is not known or the password is wrong".to_owned(),
        0x0002_0002 => "the user profile is disabled".to_owned(),
        0x0003_000B | 0x0003_000C => "the user id is not known or the password is wrong".to_owned(),
        0x0003_000D => "the password has expired".to_owned(),
        0x0003_0010 => "the user has no password".to_owned(),
        _ => format!("the sign-on server refused: return code {code:08X}"),
    };
    Err(FlowError::Login { code: code as u8, words, sqlstate: "28000" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::secmec::line::Line;
    use crate::wire::ddm::param::hex;

    fn bytes(name: &str) -> Vec<u8> {
        let all = include_str!("../../../tests/data/record_frames.hex");
        hex(all.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(' ')).unwrap())
    }

    #[test]
    fn the_streams_of_ibms_client() {
        let seed = bytes("signon-exchange")[44..52].try_into().unwrap();
        let policy = Policy { line: Line::Local, password: true, ..Policy::default() };
        let mut talk = SignOn::new("testuser", &Secret::new("SECRET99"), seed, policy, Caution::default());
        assert_eq!(talk.start().unwrap(), bytes("signon-exchange"));
        assert_eq!(talk.prove(&bytes("signon-exchange-reply")).unwrap(), Some(bytes("signon-info")));
        let told = talk.told(&bytes("signon-info-reply")).unwrap();
        assert_eq!(told, SignOnInfo { password_level: 2, ccsid: Some(37) });
        assert_eq!(SignOn::end().unwrap(), bytes("signon-end"));
    }

    #[test]
    fn refusals_are_told() {
        let policy = Policy { line: Line::Local, password: true, ..Policy::default() };
        let mut talk = SignOn::new("A", &Secret::new("B"), [0; 8], policy, Caution::default());
        let mut refusal = bytes("signon-exchange-reply");
        refusal[21] = 2;
        refusal[23] = 1;
        assert!(matches!(talk.prove(&refusal), Err(FlowError::Login { sqlstate: "28000", .. })));
        let mut refusal = bytes("signon-info-reply");
        refusal[20..24].copy_from_slice(&0x0003_000Du32.to_be_bytes());
        assert!(talk.told(&refusal).unwrap_err().to_string().contains("expired"));
        assert!(talk.told(&bytes("signon-exchange-reply")).is_err());
    }

    #[test]
    fn a_level_that_anybody_may_tell_gets_no_proof() {
        let auto = Policy { password: true, ..Policy::default() };
        let allowed = Policy { allow_cleartext_password: Some(true), ..auto };
        let never = Policy { allow_cleartext_password: Some(false), ..auto };
        let named = Policy { choice: Security::Substitute, ..auto };
        // Levels of which a proof is sent on each line; the others are an error on a line that is not private.
        for (policy, line, proved) in [
            (auto, Line::Open, &[4][..]),
            (auto, Line::Unverified, &[4]),
            (auto, Line::Local, &[0, 1, 2, 3, 4]),
            (auto, Line::Verified, &[0, 1, 2, 3, 4]),
            (named, Line::Open, &[4]),
            (named, Line::Local, &[0, 1, 2, 3, 4]),
            (allowed, Line::Open, &[0, 1, 2, 3, 4]),
            (never, Line::Open, &[4]),
            (never, Line::Local, &[2, 3, 4]),
            (never, Line::Verified, &[0, 1, 2, 3, 4]),
        ] {
            for level in 0..=4 {
                let mut reply = bytes("signon-exchange-reply");
                let at = reply.windows(2).rposition(|term| term == [0x11, 0x19]).unwrap() + 2;
                reply[at] = level;
                let policy = Policy { line, ..policy };
                let mut talk = SignOn::new("A", &Secret::new("B"), [7; 8], policy, Caution::default());
                let outcome = talk.prove(&reply);
                match (proved.contains(&level), line.is_private()) {
                    (true, _) => assert!(outcome.unwrap().is_some(), "{policy:?} {level}"),
                    (false, true) => {
                        assert_eq!(outcome.unwrap(), None, "{policy:?} {level}");
                        assert_eq!(talk.unproved(), SignOnInfo { password_level: level, ccsid: None });
                    }
                    (false, false) => {
                        let error = outcome.unwrap_err().to_string();
                        assert!(error.contains(&format!("password level {level}")), "{error}");
                    }
                }
            }
        }
    }
}
