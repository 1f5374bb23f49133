//! The asking side of ACCSEC and SECCHK, for both sides: asks for the strongest mechanism, goes on to
//! the strongest that the server offers instead, checks what the server contributes, and makes the
//! proof. Before every check has passed nothing leaves that helps anybody to the password.

use super::agreement::{EncAlg, KeyPair, Side};
use super::caution::Caution;
use super::choice::Policy;
use super::family::Family;
use super::mechanism::{Mechanism, Security};
use super::random::Random;
use super::source::TokenSource;
use super::substitute::ibmi::short_password;
use super::substitute::{Seeds, Substitute};
use super::token::TokenCipher;
use super::{SecMec, SecMecError};
use crate::flow::error::FlowError;
use crate::wire::ddm::accsec::{AccSec, AccSecRd};
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::param;
use crate::wire::ddm::reply::Reply;
use crate::wire::ddm::secchk::{SecChk, SecChkRm, Secret, secchkcd_text};
use crate::wire::ddm::text::DdmText;
use zeroize::Zeroizing;

/// SECCHKCD: the server cannot do the algorithm.
const NO_ALGORITHM: u8 = 0x1B;
/// SECCHKCD: the server wants another token.
const CONTINUE: u8 = 0x19;
/// Tokens that a server may ask for in one login.
const TOKENS: usize = 8;
/// Longest additional factor, bytes.
const FACTOR: usize = 255;

/// Who logs in, and with what. Its parts never show themselves.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    /// User id.
    pub user: String,
    /// Password.
    pub password: Option<Secret>,
    /// A password to have from now on.
    pub new_password: Option<Secret>,
    /// Additional factor of IBM i.
    pub additional_factor: Option<Secret>,
    /// Where tokens come from.
    pub tokens: Option<TokenSource>,
    /// Who hears what the login gives away, before it does.
    pub caution: Caution,
}

/// The proof to send.
#[derive(Debug)]
pub struct Proof {
    /// SECCHK.
    pub check: SecChk,
    /// A token that goes as an object of its own after it: IBM i.
    pub object: Option<Zeroizing<Vec<u8>>>,
}

/// The next step after a verdict.
#[derive(Debug)]
pub enum Verdict {
    /// The server believes it.
    Accepted,
    /// Another proof.
    More(Box<Proof>),
}

/// The negotiation.
pub struct Requester {
    credentials: Credentials,
    policy: Policy,
    random: Random,
    family: Family,
    /// The mechanisms that may still be asked for, the strongest first.
    waiting: Vec<Mechanism>,
    asked: Mechanism,
    key: Option<KeyPair>,
    /// The server's contribution: its public key or seed, checked for its form.
    sectkn: Option<Vec<u8>>,
    tokens: usize,
}

impl Requester {
    /// Checks what can be checked without the server.
    pub fn new(credentials: Credentials, policy: Policy, random: Random) -> Result<Requester, SecMecError> {
        policy.check_choice()?;
        if policy.renew && !policy.password {
            return Err(SecMecError::Setting("new_password needs the password that was valid until now"));
        }
        if let Some(factor) = &credentials.additional_factor {
            if !(1..=FACTOR).contains(&factor.expose().len()) {
                return Err(SecMecError::Setting("additional_factor has at most 255 bytes"));
            }
            if !policy.may_be_clear() {
                return Err(SecMecError::Setting(
                    "an additional factor travels in clear: it needs TLS or allow_cleartext_password=true",
                ));
            }
        }
        Ok(Requester {
            credentials,
            policy,
            random,
            family: Family::Other,
            waiting: policy.settled().into_iter().collect(),
            asked: Mechanism::UserOnly,
            key: None,
            sectkn: None,
            tokens: 0,
        })
    }

    /// True when the question is the same whatever the server, so that it may go with EXCSAT.
    pub fn is_settled(&self) -> bool {
        self.policy.settled().is_some()
    }

    /// True when a password goes to Derby as a substitute, if Derby it is.
    pub fn may_substitute(&self) -> bool {
        matches!(self.policy.choice, Security::Auto | Security::Substitute) && self.policy.password
    }

    /// Learns from EXCSATRD who answers.
    pub fn meet(&mut self, srvclsnm: &str) -> Result<(), FlowError> {
        self.family = Family::of_class(srvclsnm);
        if self.credentials.additional_factor.is_some() && self.family != Family::IbmI {
            return Err(SecMecError::Setting("only IBM i takes additional_factor").into());
        }
        if self.is_settled() {
            return Ok(());
        }
        self.waiting = self.policy.candidates(self.family)?;
        if self.waiting.is_empty() {
            let has: Vec<String> = self.policy.withheld(self.family).iter().map(Mechanism::to_string).collect();
            return Err(self.refusal(&format!("what Derby has: {}", has.join(", ")), |_| true));
        }
        Ok(())
    }

    /// The next question.
    pub fn ask(&mut self, rdbnam: Option<&str>) -> Result<AccSec, FlowError> {
        if self.waiting.is_empty() {
            return Err(self.refusal("no other", |_| false));
        }
        self.asked = self.waiting.remove(0);
        self.key = None;
        let (sectkn, encalgs) = match self.asked {
            Mechanism::Substitute(_) => (Some(self.random.seed().to_vec()), Vec::new()),
            mechanism => match mechanism.algorithm() {
                None => (None, Vec::new()),
                Some(algorithm) => {
                    let key = KeyPair::new(algorithm, self.random.private(algorithm))?;
                    let public = key.public().to_vec();
                    self.key = Some(key);
                    // DES is the mechanism's first algorithm and goes without saying.
                    (Some(public), (algorithm == EncAlg::Aes).then(|| algorithm.number()).into_iter().collect())
                }
            },
        };
        let secmec = self.asked.secmec().number();
        Ok(AccSec { secmec, rdbnam: rdbnam.map(str::to_owned), sectkn, encalgs })
    }

    /// The server's reply: true when the proof may follow, false when the next question does.
    pub fn answer(&mut self, reply: AccSecRd) -> Result<bool, FlowError> {
        let number = self.asked.secmec().number();
        if reply.accepts(number) {
            let Some(algorithm) = self.asked.algorithm() else {
                self.sectkn = reply.sectkn;
                return Ok(true);
            };
            // The server's key says by its length which cipher it belongs to: ENCALG may list all that the
            // server has, and a server of the older kind steps over it and answers with its shorter key.
            let length = reply.sectkn.as_ref().map_or(algorithm.key_len(), Vec::len);
            let other = [EncAlg::Aes, EncAlg::Des].into_iter().any(|a| a != algorithm && a.key_len() == length);
            if length == algorithm.key_len() {
                self.sectkn = reply.sectkn;
                return Ok(true);
            }
            if !other {
                let want = algorithm.key_len();
                return Err(SecMecError::PublicLength { what: "public key", want, got: length }.into());
            }
        }
        let weaker = reply.secchkcd == Some(NO_ALGORITHM) || reply.accepts(number);
        let mut offered = reply.secmecs;
        if offered.is_empty() && weaker {
            offered.push(number);
        }
        self.take_up(&offered, weaker)
    }

    /// A refusal of ACCSEC or of one of its parameters; an error when there is no other question.
    pub fn refused(&mut self, reply: &Reply) -> Result<(), FlowError> {
        let asked = self.asked.algorithm();
        let described = format!("others ({})", reply.describe());
        // Whoever does not know ENCALG may still know the mechanism without it.
        let plain = matches!(reply.cp, cp::PRMNSPRM | cp::VALNSPRM) && asked == Some(EncAlg::Aes);
        let known = |mechanism: Mechanism| plain && mechanism.algorithm() == Some(EncAlg::Des);
        self.waiting.retain(|mechanism| known(*mechanism));
        if self.waiting.is_empty() { Err(self.refusal(&described, known)) } else { Ok(()) }
    }

    /// The proof for the mechanism that was accepted. What it gives away is said first.
    pub fn prove(&mut self, rdbnam: Option<&str>, text: DdmText) -> Result<Proof, FlowError> {
        let factor = self.credentials.additional_factor.is_some();
        if let Some((exposure, text)) = self.policy.warning(self.asked, factor) {
            self.credentials.caution.expose(exposure, text)?;
        }
        let user = self.credentials.user.clone();
        let mut check = SecChk {
            secmec: self.asked.secmec().number(),
            rdbnam: rdbnam.map(str::to_owned),
            factor: self.credentials.additional_factor.clone(),
            ..SecChk::default()
        };
        match self.asked {
            Mechanism::UserOnly => check.usrid = Some(user),
            Mechanism::Password { renew } => {
                check.usrid = Some(user);
                check.password = Some(self.typed(self.password()?)?);
                if let Some(new) = self.credentials.new_password.as_ref().filter(|_| renew) {
                    check.newpassword = Some(self.typed(new)?);
                }
            }
            Mechanism::Substitute(substitute) => {
                let seeds = Seeds::new(self.random.seed(), self.contributed()?)?;
                let made = substitute.make(&user, self.password()?.expose(), &seeds)?;
                check.usrid = Some(substitute.user(&user)?);
                match substitute {
                    Substitute::Derby => check.sectkns = vec![made],
                    Substitute::IbmI(_) => check.substitute = Some(made),
                }
            }
            Mechanism::EncryptedPassword(_) => {
                let bytes = text.encode(&user).map_err(|e| SecMecError::Text {
                    at: e.character(),
                    parameter: "USRID",
                    ccsid: text.ccsid(),
                })?;
                let cipher = self.agree()?.for_clear_user(&bytes);
                check.sectkns =
                    vec![cipher.encrypt_text("PASSWORD", self.typed(self.password()?)?.expose(), text)?.into()];
                check.usrid = Some(user);
            }
            Mechanism::Encrypted { renew, .. } => {
                let cipher = self.agree()?;
                check.sectkns = vec![
                    cipher.encrypt_text("USRID", &user, text)?.into(),
                    cipher.encrypt_text("PASSWORD", self.typed(self.password()?)?.expose(), text)?.into(),
                ];
                if let Some(new) = self.credentials.new_password.as_ref().filter(|_| renew) {
                    check.sectkns.push(cipher.encrypt_text("NEWPASSWORD", self.typed(new)?.expose(), text)?.into());
                }
            }
            Mechanism::Kerberos | Mechanism::ProfileToken => {
                let token = self.token(&[])?;
                return self.carry(check, token);
            }
        }
        Ok(Proof { check, object: None })
    }

    /// True when the proof is a token of whoever connects.
    pub fn asks_for_tokens(&self) -> bool {
        matches!(self.asked, Mechanism::Kerberos | Mechanism::ProfileToken)
    }

    /// True when the server may want more than one proof, so that nothing may be chained after it.
    pub fn may_go_on(&self) -> bool {
        self.asked == Mechanism::Kerberos
    }

    /// The server's verdict on the proof.
    pub fn verdict(&mut self, verdict: &SecChkRm, rdbnam: Option<&str>) -> Result<Verdict, FlowError> {
        if verdict.is_accepted() {
            // The server's own proof: the source may find it wrong.
            if let (true, Some(token)) = (self.may_go_on(), &verdict.sectkn) {
                self.token(token)?;
            }
            return Ok(Verdict::Accepted);
        }
        if verdict.secchkcd == CONTINUE
            && self.may_go_on()
            && let Some(challenge) = &verdict.sectkn
        {
            let secmec = self.asked.secmec().number();
            let check = SecChk { secmec, rdbnam: rdbnam.map(str::to_owned), ..SecChk::default() };
            let token = self.token(challenge)?;
            return Ok(Verdict::More(Box::new(self.carry(check, token)?)));
        }
        let (words, sqlstate) = secchkcd_text(verdict.secchkcd);
        Err(FlowError::Login { code: verdict.secchkcd, words: words.to_owned(), sqlstate })
    }

    /// The mechanism that was asked for last: the one in force once the server accepted.
    pub fn mechanism(&self) -> Mechanism {
        self.asked
    }

    /// Keeps what the server offers; true is never the answer: a question has to follow. `weaker`: it has the mechanism
    /// that was asked for, with another cipher.
    fn take_up(&mut self, offered: &[u16], weaker: bool) -> Result<bool, FlowError> {
        let has = |mechanism: Mechanism| offered.contains(&mechanism.secmec().number());
        self.waiting.retain(|mechanism| has(*mechanism));
        if self.waiting.is_empty() {
            let asked = self.asked.secmec().number();
            let named = |n: &u16| {
                let words = SecMec::from_number(*n).map_or_else(|| n.to_string(), |m| m.to_string());
                if weaker && *n == asked { format!("{words} with another cipher") } else { words }
            };
            let words: Vec<String> = offered.iter().map(named).collect();
            let words = if words.is_empty() { "no other".to_owned() } else { words.join(", ") };
            return Err(self.refusal(&words, has));
        }
        Ok(false)
    }

    /// A token where the server looks for it: IBM i after SECCHK, others in it.
    fn carry(&self, mut check: SecChk, token: Zeroizing<Vec<u8>>) -> Result<Proof, FlowError> {
        if self.family != Family::IbmI {
            check.sectkns = vec![token];
            return Ok(Proof { check, object: None });
        }
        let object = param::secret_message(cp::SECTKN, token.len() + 8, |w| {
            w.bytes(&token);
            Ok::<(), FlowError>(())
        })?;
        Ok(Proof { check, object: Some(object) })
    }

    /// The server has nothing that may be used; `has` tells what it has.
    fn refusal(&self, offered: &str, has: impl Fn(Mechanism) -> bool) -> FlowError {
        let wanted = (self.policy.choice != Security::Auto).then(|| self.asked.to_string());
        let withheld = self.policy.withheld(self.family).into_iter().find(|mechanism| has(*mechanism));
        let cure = withheld.map(|mechanism| self.policy.cure(mechanism));
        FlowError::Mechanism { wanted, offered: offered.to_owned(), cure }
    }

    fn agree(&mut self) -> Result<TokenCipher, FlowError> {
        let key = self.key.take().ok_or(FlowError::Missing { what: "SECTKN", command: "ACCSEC" })?;
        Ok(key.agree(self.contributed()?, Side::Requester)?)
    }

    fn contributed(&self) -> Result<&[u8], FlowError> {
        self.sectkn.as_deref().ok_or(FlowError::Missing { what: "SECTKN", command: "ACCSEC" })
    }

    fn password(&self) -> Result<&Secret, SecMecError> {
        let missing = SecMecError::Setting("the security mechanism needs a password");
        self.credentials.password.as_ref().ok_or(missing)
    }

    /// A password where it travels as text: as typed, but an IBM i below password level 2 knows it in
    /// upper case only.
    fn typed(&self, password: &Secret) -> Result<Secret, SecMecError> {
        match (self.family, self.policy.level()) {
            (Family::IbmI, Some(0 | 1)) => Ok(Secret::new(short_password(password.expose())?.as_str())),
            _ => Ok(password.clone()),
        }
    }

    fn token(&mut self, challenge: &[u8]) -> Result<Zeroizing<Vec<u8>>, SecMecError> {
        self.tokens += 1;
        if self.tokens > TOKENS {
            return Err(SecMecError::Endless(TOKENS));
        }
        let missing = SecMecError::Setting("the security mechanism needs token");
        self.credentials.tokens.as_ref().ok_or(missing)?.next(challenge)
    }
}
