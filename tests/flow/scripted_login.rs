//! A server that logs clients in, without a socket: it can be told what to offer and how to lie.

use super::secrets::shows;
use drdarrow::flow::error::FlowError;
use drdarrow::flow::secmec::agreement::{EncAlg, KeyPair};
use drdarrow::flow::secmec::choice::Policy;
use drdarrow::flow::secmec::random::Random;
use drdarrow::flow::secmec::requester::Credentials;
use drdarrow::flow::sql::connect::{Connect, Identity};
use drdarrow::flow::sql::session::Session;
use drdarrow::flow::step::{Flow, Step};
use drdarrow::wire::ddm::accsec::{AccSec, AccSecRd};
use drdarrow::wire::ddm::codepoint::{self as cp, CodePoint};
use drdarrow::wire::ddm::excsat::ExcSatRd;
use drdarrow::wire::ddm::object::{Object, objects};
use drdarrow::wire::ddm::reply::Reply;
use drdarrow::wire::ddm::secchk::{SecChk, SecChkRm};
use drdarrow::wire::ddm::text::DdmText;
use drdarrow::wire::dss::chain::Chain;
use drdarrow::wire::dss::deframe::Deframer;
use drdarrow::wire::sql::accrdb::AccRdbRm;
use drdarrow::wire::value::typdef::TypDef;

/// Changes the reply to ACCSEC.
pub type Bend = Box<dyn FnMut(&AccSec, &mut AccSecRd) + Send>;

/// A server that takes what its list has, unless `bend` changes the reply to ACCSEC.
pub struct Fake {
    pub class: &'static str,
    pub utf8: bool,
    pub takes: Vec<u16>,
    pub bend: Bend,
    /// A refusal in place of ACCSECRD for the first ACCSEC.
    pub refuse: Option<CodePoint>,
    /// Its answer to each proof.
    pub verdicts: Vec<SecChkRm>,
    pub asked: Vec<AccSec>,
    pub proofs: Vec<SecChk>,
    /// Objects after a proof.
    pub behind: Vec<Object>,
    pub received: Vec<u8>,
}

impl Fake {
    pub fn new(class: &'static str, takes: &[u16]) -> Fake {
        Fake {
            class,
            utf8: false,
            takes: takes.to_vec(),
            bend: Box::new(|_, _| {}),
            refuse: None,
            verdicts: Vec::new(),
            asked: Vec::new(),
            proofs: Vec::new(),
            behind: Vec::new(),
            received: Vec::new(),
        }
    }

    pub fn bent(class: &'static str, takes: &[u16], bend: impl FnMut(&AccSec, &mut AccSecRd) + Send + 'static) -> Fake {
        Fake { bend: Box::new(bend), ..Fake::new(class, takes) }
    }

    pub fn text(&self) -> DdmText {
        if self.utf8 { DdmText::Utf8 } else { DdmText::Ebcdic }
    }

    pub fn key(algorithm: EncAlg) -> KeyPair {
        KeyPair::new(algorithm, &(0..algorithm.key_len()).map(|i| 0x81 + i as u8).collect::<Vec<_>>()).unwrap()
    }

    pub fn accsecrd(&mut self, asked: &AccSec) -> AccSecRd {
        let mut reply = AccSecRd { secmecs: vec![asked.secmec], ..AccSecRd::default() };
        if !self.takes.contains(&asked.secmec) {
            reply.secmecs.clone_from(&self.takes);
            return reply;
        }
        match asked.secmec {
            6 | 8 => reply.sectkn = Some(vec![0x77; 8]),
            7 | 9 | 10 => {
                let algorithm = asked.encalgs.first().map_or(EncAlg::Des, |n| EncAlg::from_number(*n).unwrap());
                reply.sectkn = Some(Self::key(algorithm).public().to_vec());
                reply.encalgs.clone_from(&asked.encalgs);
            }
            _ => {}
        }
        (self.bend)(asked, &mut reply);
        reply
    }

    pub fn answer(&mut self, object: &Object) -> Option<Vec<u8>> {
        let body = &object.body;
        Some(match object.cp {
            cp::EXCSAT => {
                let managers =
                    vec![(cp::SQLAM, 7), (cp::SECMGR, 7), (cp::UNICODEMGR, if self.utf8 { 1208 } else { 0 })];
                let answer = ExcSatRd { managers, srvclsnm: Some(self.class.to_owned()), ..ExcSatRd::default() };
                answer.encode(DdmText::Ebcdic).unwrap()
            }
            cp::ACCSEC => {
                let asked = AccSec::decode(body, DdmText::Ebcdic).unwrap();
                self.asked.push(asked.clone());
                match self.refuse.take() {
                    Some(point) => Reply::new(point).encode(DdmText::Ebcdic).unwrap(),
                    None => self.accsecrd(&asked).encode(DdmText::Ebcdic).unwrap(),
                }
            }
            cp::SECCHK => {
                self.proofs.push(SecChk::decode(body, self.text()).unwrap());
                let verdict = if self.verdicts.is_empty() { SecChkRm::default() } else { self.verdicts.remove(0) };
                verdict.encode(self.text()).unwrap()
            }
            cp::ACCRDB => AccRdbRm::new("CSS10140", TypDef::OURS).encode(self.text()).unwrap(),
            _ => {
                self.behind.push(object.clone());
                return None;
            }
        })
    }

    /// Lets a client log in.
    pub fn serve(&mut self, credentials: Credentials, policy: Policy) -> Result<Session, FlowError> {
        let mut flow = Connect::new(Identity {
            rdbnam: "LAB".to_owned(),
            policy: Policy {
                password: credentials.password.is_some(),
                renew: credentials.new_password.is_some(),
                tokens: credentials.tokens.is_some(),
                ..policy
            },
            credentials,
            random: Random::new(std::array::from_fn(|i| 3 + i as u8)),
            correlation: ("00000000.0000".to_owned(), [0; 6]),
            application: None,
            accounting: String::new(),
            read_only: false,
            two_phase: false,
        })?;
        let mut step = Step::Send(flow.start()?);
        for _ in 0..20 {
            match step {
                Step::Done(session) => return Ok(session),
                Step::Send(chain) => {
                    for reply in self.replies(chain) {
                        for object in objects(&reply.into()) {
                            flow.object(object.unwrap())?;
                        }
                    }
                }
            }
            step = flow.end()?;
        }
        panic!("the client goes on and on");
    }

    pub fn replies(&mut self, chain: Chain) -> Vec<Vec<u8>> {
        let bytes = chain.into_bytes();
        self.received.extend_from_slice(&bytes);
        let (mut deframer, mut input, mut out) = (Deframer::new(1 << 20), &bytes[..], Vec::new());
        while let Some(dss) = deframer.feed(&mut input).unwrap() {
            out.extend(objects(&dss.body).filter_map(|o| self.answer(&o.unwrap())));
        }
        out
    }

    pub fn numbers(&self) -> Vec<(u16, Option<u16>)> {
        self.asked.iter().map(|a| (a.secmec, a.encalgs.first().copied())).collect()
    }

    /// Nothing but questions came.
    pub fn learned_nothing(&self, password: &str) -> bool {
        self.proofs.is_empty() && !shows(&self.received, password)
    }
}
