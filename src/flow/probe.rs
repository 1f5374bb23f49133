//! Asks who answers, without a login: EXCSAT for its attributes, ACCSEC for its security mechanisms, never
//! SECCHK. No user, password or proof is part of it.

use super::error::FlowError;
use super::placement::{informs_at_login, once};
use super::secmec::SecMec;
use super::secmec::agreement::{EncAlg, KeyPair};
use super::secmec::random::Random;
use super::sql::connect::{DERBY_CLIENT, introduction};
use super::sql::reply::Replies;
use super::sql::session::Session;
use super::step::{Flow, Reception, Step};
use crate::wire::ddm::accsec::{AccSec, AccSecRd};
use crate::wire::ddm::codepoint::{self as cp, CodePoint};
use crate::wire::ddm::excsat::ExcSatRd;
use crate::wire::ddm::object::Object;
use crate::wire::ddm::text::DdmText;
use crate::wire::dss::chain::Chain;

/// Managers that a connection does not need but a server may have.
const MORE_LEVELS: [(CodePoint, u16); 2] = [(cp::SYNCPTMGR, 7), (cp::XAMGR, 7)];

/// EXCSAT: who answers.
#[derive(Debug)]
pub struct Hello {
    session: Session,
    attributes: Option<ExcSatRd>,
    replies: Replies,
}

impl Hello {
    /// To be the first on a connection.
    #[expect(clippy::new_without_default, reason = "it begins a conversation")]
    pub fn new() -> Hello {
        let session = Session::before("");
        Hello { replies: Replies::new(&session), session, attributes: None }
    }
}

impl Flow for Hello {
    type Out = ExcSatRd;

    fn start(&mut self) -> Result<Chain, FlowError> {
        let mut hello = introduction("drdarrow");
        hello.managers.extend(MORE_LEVELS);
        // Derby lists its substitute for clients of its own kind only.
        hello.srvrlslv = Some(DERBY_CLIENT.to_owned());
        let mut chain = Chain::new();
        chain.command(&hello.encode(DdmText::Ebcdic)?);
        Ok(chain)
    }

    fn object(&mut self, object: Object) -> Result<Reception, FlowError> {
        if object.cp == cp::EXCSATRD {
            once(&mut self.attributes, ExcSatRd::decode(&object.body, DdmText::Ebcdic)?, object.cp)?;
            return Ok(Reception::Normal);
        }
        self.replies.take(&object, &self.session)
    }

    fn end(&mut self) -> Result<Step<ExcSatRd>, FlowError> {
        match (self.attributes.take(), self.replies.failure()) {
            (Some(attributes), _) => Ok(Step::Done(attributes)),
            (None, Some(failure)) => Err(failure),
            (None, None) => Err(FlowError::Missing { what: "EXCSATRD", command: "EXCSAT" }),
        }
    }
}

/// The server's answers about its security.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Offered {
    /// Numbers of the mechanisms.
    pub mechanisms: Vec<u16>,
    /// They are a list of the server's, not only those that were tried.
    pub complete: bool,
    /// The strongest cipher of encrypted credentials.
    pub algorithm: Option<EncAlg>,
    /// Why there is nothing.
    pub refusal: Option<String>,
}

/// ACCSEC without a SECCHK after it: which mechanisms there are, and with which cipher.
pub struct Mechanisms {
    session: Session,
    rdbnam: Option<String>,
    /// The public key that AES is asked for with.
    public: Vec<u8>,
    at: Question,
    answer: Option<AccSecRd>,
    replies: Replies,
    offered: Offered,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Question {
    /// A mechanism of the past, which is answered with those that there are.
    List,
    /// The commonest mechanism by itself, where the list was refused.
    Password,
    /// AES for this mechanism.
    Cipher(SecMec),
}

impl Mechanisms {
    /// After [`Hello`] on the same connection. Some servers tell only those who name a database.
    pub fn new(rdbnam: Option<&str>, random: &Random) -> Result<Mechanisms, FlowError> {
        let session = Session::before(rdbnam.unwrap_or_default());
        let pair = KeyPair::new(EncAlg::Aes, random.private(EncAlg::Aes))?;
        Ok(Mechanisms {
            replies: Replies::new(&session),
            session,
            rdbnam: rdbnam.map(str::to_owned),
            public: pair.public().to_vec(),
            at: Question::List,
            answer: None,
            offered: Offered::default(),
        })
    }

    fn ask(&mut self, question: Question) -> Result<Chain, FlowError> {
        self.at = question;
        self.replies = Replies::new(&self.session);
        let plain = |mechanism: SecMec| AccSec { secmec: mechanism.number(), ..AccSec::default() };
        let mut command = match question {
            Question::List => plain(SecMec::Dce),
            Question::Password => plain(SecMec::UserPassword),
            Question::Cipher(mechanism) => {
                AccSec { sectkn: Some(self.public.clone()), encalgs: vec![EncAlg::Aes.number()], ..plain(mechanism) }
            }
        };
        command.rdbnam.clone_from(&self.rdbnam);
        let mut chain = Chain::new();
        chain.command(&command.encode(DdmText::Ebcdic)?);
        Ok(chain)
    }

    /// The answer to `question` is complete: the next question, if there is one.
    fn answered(&mut self, question: Question) -> Option<Question> {
        let (answer, failure) = (self.answer.take(), self.replies.failure());
        match (question, answer) {
            (Question::Cipher(mechanism), Some(answer)) => {
                let aes = answer.accepts(mechanism.number())
                    && answer.sectkn.is_some_and(|key| key.len() == EncAlg::Aes.key_len());
                self.offered.algorithm = Some(if aes { EncAlg::Aes } else { EncAlg::Des });
                None
            }
            // A server that does not know ENCALG has the cipher from before it. (Measured: Derby.)
            (Question::Cipher(_), None) => {
                self.offered.algorithm = failure.is_some().then_some(EncAlg::Des);
                None
            }
            (Question::List | Question::Password, Some(answer)) => {
                self.offered.complete = question == Question::List || !answer.accepts(SecMec::UserPassword.number());
                self.offered.mechanisms = answer.secmecs;
                self.offered.mechanisms.sort_unstable();
                self.offered.mechanisms.dedup();
                let encrypts = [SecMec::EncryptedUserPassword, SecMec::UserEncryptedPassword];
                let found = encrypts.into_iter().find(|m| self.offered.mechanisms.contains(&m.number()));
                found.map(Question::Cipher)
            }
            (Question::List, None) if matches!(failure, Some(FlowError::Refused(_))) => Some(Question::Password),
            (_, None) => {
                self.offered.refusal = Some(failure.map_or_else(
                    || FlowError::Missing { what: "ACCSECRD", command: "ACCSEC" }.to_string(),
                    |failure| failure.to_string(),
                ));
                None
            }
        }
    }
}

impl Flow for Mechanisms {
    type Out = Offered;

    fn start(&mut self) -> Result<Chain, FlowError> {
        self.ask(Question::List)
    }

    fn object(&mut self, object: Object) -> Result<Reception, FlowError> {
        if object.cp == cp::ACCSECRD {
            once(&mut self.answer, AccSecRd::decode(&object.body, DdmText::Ebcdic)?, object.cp)?;
            return Ok(Reception::Normal);
        }
        if informs_at_login(object.cp) {
            return Ok(Reception::Normal);
        }
        self.replies.take(&object, &self.session)
    }

    fn end(&mut self) -> Result<Step<Offered>, FlowError> {
        match self.answered(self.at) {
            Some(question) => self.ask(question).map(Step::Send),
            None => Ok(Step::Done(std::mem::take(&mut self.offered))),
        }
    }
}
