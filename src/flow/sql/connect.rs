//! Making a connection: EXCSAT and ACCSEC, the latter again when the server offers other mechanisms,
//! then SECCHK and ACCRDB; on Db2 for LUW another EXCSAT that turns DDM text to UTF-8.
//!
//! Who we say we are: EXTNAM and SRVCLSNM are `drdarrow`; SQLAM 11 is asked for. The product id is
//! chosen once the server is known: Derby refuses any that does not begin with DNC.

use super::interrupt_token::InterruptToken;
use super::reply::Replies;
use super::session::Session;
use crate::flow::error::FlowError;
use crate::flow::placement::{informs_at_login, once};
use crate::flow::progress::{Awaited, Progress};
use crate::flow::secmec::SecMecError;
use crate::flow::secmec::choice::Policy;
use crate::flow::secmec::mechanism::Mechanism;
use crate::flow::secmec::random::Random;
use crate::flow::secmec::requester::{Credentials, Proof, Requester, Verdict};
use crate::flow::secmec::substitute::Substitute;
use crate::flow::step::{Flow, Reception, Step};
use crate::wire::ddm::accsec::AccSecRd;
use crate::wire::ddm::codepoint::{self as cp, CodePoint};
use crate::wire::ddm::excsat::{ExcSat, ExcSatRd};
use crate::wire::ddm::object::Object;
use crate::wire::ddm::rdbname::{self, RdbName};
use crate::wire::ddm::secchk::SecChkRm;
use crate::wire::ddm::text::DdmText;
use crate::wire::dss::chain::Chain;
use crate::wire::sql::accrdb::{AccRdb, AccRdbRm, prddta};
use crate::wire::sql::sqlca::Sqlca;
use crate::wire::value::product::Product;
use std::fmt;

/// SECCHKCD: the user id is not valid.
const USER_INVALID: u8 = 0x13;
pub(super) const NAME: &str = "drdarrow";
const UTF8: u16 = 1208;
/// The highest levels that this client speaks.
const LEVELS: [(CodePoint, u16); 6] =
    [(cp::AGENT, 10), (cp::SQLAM, 11), (cp::CMNTCPIP, 5), (cp::RDB, 12), (cp::SECMGR, 9), (cp::UNICODEMGR, UTF8)];
/// Other addresses of a server that are kept.
const SERVERS: usize = 16;
/// The level of XAMGR, of those who take part in global transactions. (Measured: Derby.)
const XA: u16 = 7;
/// Product ids by server. (Measured: what Derby takes; what Db2 takes from other open clients.)
const PRDID_DERBY: &str = "DNC10140";
const PRDID: &str = "SQL11058";

/// A release level of Derby's own client: Derby keeps the substitute for those. (Measured.)
pub(in crate::flow) const DERBY_CLIENT: &str = concat!("DNC10140/drdarrow ", env!("CARGO_PKG_VERSION"));

/// EXCSAT in the name of this client.
pub(in crate::flow) fn introduction(application: &str) -> ExcSat {
    ExcSat {
        extnam: Some(DdmText::Ebcdic.spellable(application)),
        managers: LEVELS.to_vec(),
        srvclsnm: Some(NAME.to_owned()),
        srvnam: Some(NAME.to_owned()),
        srvrlslv: Some(env!("CARGO_PKG_VERSION").to_owned()),
    }
}

/// The input of a connection.
#[derive(Clone)]
pub struct Identity {
    /// RDB name, with Derby's attributes.
    pub rdbnam: String,
    /// Who logs in, and with what.
    pub credentials: Credentials,
    /// Which mechanisms may be used.
    pub policy: Policy,
    /// Fresh random bytes: private keys and a seed.
    pub random: Random,
    /// Name of the unit of work in the server's monitors: `x.y` of up to eight characters each,
    /// then six bytes that make it unique (CRRTKN).
    pub correlation: (String, [u8; 6]),
    /// Name shown to the server's administrators, where it is another one than ours.
    pub application: Option<String>,
    /// The account that the work is charged to.
    pub accounting: String,
    /// The connection only reads (RDBALWUPD).
    pub read_only: bool,
    /// Whether to take part in global transactions.
    pub two_phase: bool,
}

impl fmt::Debug for Identity {
    /// Without the password and the random bytes: those are a private key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("rdbnam", &rdbname::shown(&self.rdbnam))
            .field("user", &self.credentials.user)
            .field("policy", &self.policy)
            .field("application", &self.application)
            .finish_non_exhaustive()
    }
}

/// The conversation.
pub struct Connect {
    rdbnam: RdbName,
    user: String,
    correlation: (String, [u8; 6]),
    application: String,
    accounting: String,
    read_only: bool,
    two_phase: bool,
    requester: Requester,
    step: LoginStep,
    progress: Progress,
    attributes: Option<ExcSatRd>,
    security: Option<AccSecRd>,
    verdict: Option<SecChkRm>,
    /// The proof goes with ACCRDB: both are answered in one reply.
    proving: bool,
    accepted: Option<AccRdbRm>,
    session: Session,
    replies: Replies,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LoginStep {
    Attributes,
    Security,
    /// SECCHK went alone.
    Proof,
    Access,
    Utf8,
}

impl Connect {
    /// With this identity; settings that contradict each other are refused before anything is sent.
    pub fn new(identity: Identity) -> Result<Connect, FlowError> {
        let rdbnam = RdbName::new(identity.rdbnam);
        if let Some(attribute) = rdbnam.secret().filter(|_| !identity.policy.may_be_clear()) {
            return Err(SecMecError::Attribute(attribute).into());
        }
        let session = Session::before(&rdbnam);
        Ok(Connect {
            replies: Replies::new(&session),
            rdbnam,
            user: identity.credentials.user.clone(),
            correlation: identity.correlation,
            application: identity.application.unwrap_or_else(|| NAME.to_owned()),
            accounting: identity.accounting,
            read_only: identity.read_only,
            two_phase: identity.two_phase,
            requester: Requester::new(identity.credentials, identity.policy, identity.random)?,
            step: LoginStep::Attributes,
            progress: Progress::default(),
            attributes: None,
            security: None,
            verdict: None,
            proving: false,
            accepted: None,
            session,
        })
    }

    /// How far it has come, to be read while it runs.
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// ACCSEC; the key or seed of the mechanism goes with it.
    fn accsec(&mut self) -> Result<Vec<u8>, FlowError> {
        let mut command = self.requester.ask(None)?;
        // Before anybody proved anything, attributes stay away where they may: Derby takes ACCSEC without a name, but for
        // its substitute, and wants the whole name in SECCHK, in ACCRDB and with every statement. (Measured: 10.14.)
        let whole = self.requester.mechanism() == Mechanism::Substitute(Substitute::Derby);
        command.rdbnam = (whole || !self.rdbnam.has_attributes()).then(|| (*self.rdbnam).to_owned());
        // What was agreed holds from ACCSECRD on; ACCSEC itself is EBCDIC. (Measured: Derby's client.)
        // A name that EBCDIC cannot spell goes in the encoding agreed, after EXCSATRD.
        let text = if self.is_spellable() { DdmText::Ebcdic } else { self.session.text };
        Ok(command.encode(text)?)
    }

    fn ask(&mut self) -> Result<Step<Session>, FlowError> {
        self.next(LoginStep::Security);
        let mut chain = Chain::new();
        chain.command(&self.accsec()?);
        Ok(Step::Send(chain))
    }

    /// Only a mechanism that needs nothing of the server may share a flush with EXCSAT, and only
    /// when the database's name can be written before the encoding is agreed.
    fn chains_accsec(&self) -> bool {
        self.requester.is_settled() && self.is_spellable()
    }

    /// Whether EBCDIC can write the database's name.
    fn is_spellable(&self) -> bool {
        DdmText::Ebcdic.encode(&self.rdbnam).is_ok()
    }

    fn read_attributes(&mut self) -> Result<(), FlowError> {
        if let Some(failure) = self.replies.failure() {
            return Err(failure);
        }
        let attributes = self.attributes.take().ok_or(FlowError::Missing { what: "EXCSATRD", command: "EXCSAT" })?;
        self.session.sqlam = attributes.level(cp::SQLAM).unwrap_or(0);
        if self.session.sqlam == 0 {
            return Err(FlowError::Settings(
                "the server has no SQL application manager: it serves files, not SQL (try another port)".to_owned(),
            ));
        }
        if attributes.level(cp::UNICODEMGR) == Some(UTF8) {
            self.session.text = DdmText::Utf8;
        }
        self.session.two_phase = self.two_phase && attributes.level(cp::XAMGR).is_some_and(|level| level >= XA);
        self.session.class = attributes.srvclsnm.clone().unwrap_or_default();
        self.session.release = attributes.srvrlslv.clone().unwrap_or_default();
        let plain = |name: &Option<String>| name.as_deref().unwrap_or_default().trim_matches([' ', '\0']).to_owned();
        self.session.system = plain(&attributes.srvnam);
        self.session.job = plain(&attributes.extnam);
        self.session.theirs = self.session.server_class().usual(&self.session.class);
        if self.session.class == "Apache Derby" {
            self.session.product = Product::Derby;
            // Derby has no such parameter and refuses it. (Measured.)
            self.session.ours.xml = 0;
        }
        Ok(())
    }

    /// Holds the server's choice of mechanism against ours, before any secret is sent: true when the
    /// proof may follow, false when there is another question.
    fn read_security(&mut self) -> Result<bool, FlowError> {
        match self.replies.failure() {
            // A server without the mechanism may not know the parameters of ACCSEC either. (Measured: Derby.)
            Some(FlowError::Refused(reply)) if matches!(reply.cp, cp::SYNTAXRM | cp::PRMNSPRM | cp::VALNSPRM) => {
                self.requester.refused(&reply)?;
                return Ok(false);
            }
            Some(failure) => return Err(failure),
            None => {}
        }
        let security = self.security.take().ok_or(FlowError::Missing { what: "ACCSECRD", command: "ACCSEC" })?;
        self.requester.answer(security)
    }

    /// SECCHK, and ACCRDB after it unless the server may want to hear more first.
    fn prove(&mut self) -> Result<Step<Session>, FlowError> {
        self.session.security = self.requester.mechanism();
        if self.requester.asks_for_tokens() {
            self.progress.set(Awaited::Token);
        }
        let proof = self.requester.prove(Some(&self.rdbnam), self.session.text)?;
        let alone = self.requester.may_go_on();
        self.proving = !alone;
        self.next(if alone { LoginStep::Proof } else { LoginStep::Access });
        // ACCRDB may be under way as well: SECCHK is answered first.
        self.progress.set(Awaited::Proof);
        let mut chain = self.proof(&proof)?;
        if !alone {
            chain.secret_command(&self.accrdb()?);
        }
        Ok(Step::Send(chain))
    }

    fn proof(&self, proof: &Proof) -> Result<Chain, FlowError> {
        let mut chain = Chain::new();
        chain.secret_command(&proof.check.encode(self.session.text)?);
        if let Some(object) = &proof.object {
            chain.object(object);
        }
        Ok(chain)
    }

    fn accrdb(&self) -> Result<Vec<u8>, FlowError> {
        let prdid = if self.session.product == Product::Derby { PRDID_DERBY } else { PRDID };
        let mut crrtkn = self.session.text.encode(&self.correlation.0).unwrap_or_default();
        crrtkn.extend(self.correlation.1);
        let access = AccRdb {
            crrtkn: Some(crrtkn),
            // Who may change data need not say so.
            rdbalwupd: self.read_only.then_some(false),
            prddta: Some(prddta(prdid, std::env::consts::OS, &self.application, &self.user, &self.accounting)?),
            ..AccRdb::new(&self.rdbnam, prdid, &self.session.ours)
        };
        Ok(access.encode(self.session.text)?)
    }

    /// The verdict on the proof; another proof where one is wanted.
    fn read_verdict(&mut self) -> Result<Option<Box<Proof>>, FlowError> {
        let Some(verdict) = self.verdict.take() else { return Ok(None) };
        if self.requester.may_go_on() {
            self.progress.set(Awaited::Token);
        }
        let verdict = self.requester.verdict(&verdict, Some(&self.rdbnam))?;
        self.progress.set(if self.proving { Awaited::Access } else { Awaited::Proof });
        match verdict {
            Verdict::Accepted => Ok(None),
            Verdict::More(proof) => Ok(Some(proof)),
        }
    }

    fn read_access(&mut self) -> Result<(), FlowError> {
        let unproved = self.proving && self.verdict.is_none();
        self.read_verdict()?;
        match self.replies.failure() {
            // Derby finds out about a substitute only when it opens the database. (Measured.)
            Some(FlowError::Sql { sqlca, reply: Some(reply) })
                if reply.cp == cp::RDBAFLRM
                    && sqlca.sqlstate.trim() == "08004"
                    && self.requester.mechanism() == Mechanism::Substitute(Substitute::Derby) =>
            {
                let words = "user id or password is wrong, or not one that Derby can check a substitute of: it can for \
                    its own users (BUILTIN), for others choose security=password";
                return Err(FlowError::Login { code: USER_INVALID, words: words.to_owned(), sqlstate: "28000" });
            }
            Some(failure) => return Err(failure),
            None if unproved => return Err(FlowError::Missing { what: "SECCHKRM", command: "SECCHK" }),
            None => {}
        }
        let accepted = self.accepted.take().ok_or(FlowError::Missing { what: "ACCRDBRM", command: "ACCRDB" })?;
        self.session.theirs = accepted.typdef;
        if self.session.product != Product::Derby {
            self.session.product = Product::from_prdid(&accepted.prdid);
        }
        self.session.prdid = accepted.prdid;
        self.session.servers = accepted.srvlst;
        self.session.servers.truncate(SERVERS);
        self.session.interrupt = accepted.rdbinttkn.map(InterruptToken);
        Ok(())
    }

    fn next(&mut self, step: LoginStep) {
        self.step = step;
        self.progress.set(match step {
            LoginStep::Attributes => Awaited::Attributes,
            LoginStep::Security => Awaited::Mechanism,
            LoginStep::Proof => Awaited::Proof,
            LoginStep::Access => Awaited::Access,
            LoginStep::Utf8 => Awaited::Text,
        });
        self.replies = Replies::new(&self.session);
    }
}

impl Flow for Connect {
    type Out = Session;

    fn start(&mut self) -> Result<Chain, FlowError> {
        let mut hello = introduction(&self.application);
        if self.requester.may_substitute() {
            hello.srvrlslv = Some(DERBY_CLIENT.to_owned());
        }
        if self.two_phase {
            hello.managers.push((cp::XAMGR, XA));
        }
        let mut chain = Chain::new();
        chain.command(&hello.encode(DdmText::Ebcdic)?);
        if self.chains_accsec() {
            chain.command(&self.accsec()?);
        }
        Ok(chain)
    }

    fn object(&mut self, object: Object) -> Result<Reception, FlowError> {
        match object.cp {
            cp::EXCSATRD if matches!(self.step, LoginStep::Attributes | LoginStep::Utf8) => {
                once(&mut self.attributes, ExcSatRd::decode(&object.body, DdmText::Ebcdic)?, object.cp)?;
                if self.step == LoginStep::Attributes && self.chains_accsec() {
                    self.progress.set(Awaited::Mechanism);
                }
            }
            cp::ACCSECRD if matches!(self.step, LoginStep::Attributes | LoginStep::Security) => {
                once(&mut self.security, AccSecRd::decode(&object.body, DdmText::Ebcdic)?, object.cp)?;
            }
            cp::SECCHKRM if matches!(self.step, LoginStep::Proof | LoginStep::Access) => {
                let verdict = SecChkRm::decode(&object.body, self.session.text)?;
                let accepted = verdict.is_accepted();
                once(&mut self.verdict, verdict, object.cp)?;
                if accepted && self.step == LoginStep::Access {
                    self.progress.set(Awaited::Access);
                }
                return Ok(if accepted { Reception::Normal } else { Reception::Failure });
            }
            cp::ACCRDBRM if self.step == LoginStep::Access => {
                let accepted = AccRdbRm::decode(&object.body, self.session.text)?;
                // What follows in this reply is in the environment that it names.
                self.replies.typdef = accepted.typdef;
                once(&mut self.accepted, accepted, object.cp)?;
            }
            point if informs_at_login(point) => {}
            _ => {
                if object.cp == cp::SQLCARD && self.accepted.is_none() {
                    self.replies.typdef = Sqlca::environment(&object.body, self.session.sqlam, self.replies.typdef);
                }
                let taken = self.replies.take(&object, &self.session);
                // Before ACCRDBRM nobody has said how a card is written; the refusal in front of it says enough.
                let spare = object.cp == cp::SQLCARD && self.replies.refusal.is_some();
                return if spare { taken.or(Ok(Reception::Failure)) } else { taken };
            }
        }
        Ok(Reception::Normal)
    }

    fn end(&mut self) -> Result<Step<Session>, FlowError> {
        match self.step {
            LoginStep::Attributes => {
                let chained = self.chains_accsec();
                self.read_attributes()?;
                self.requester.meet(&self.session.class)?;
                if chained {
                    self.next(LoginStep::Security);
                    return self.end();
                }
                self.ask()
            }
            LoginStep::Security => {
                if self.read_security()? {
                    return self.prove();
                }
                self.ask()
            }
            LoginStep::Proof => {
                if self.verdict.is_none() {
                    let missing = FlowError::Missing { what: "SECCHKRM", command: "SECCHK" };
                    return Err(self.replies.failure().unwrap_or(missing));
                }
                let mut chain = match self.read_verdict()? {
                    Some(proof) => return Ok(Step::Send(self.proof(&proof)?)),
                    None => Chain::new(),
                };
                self.next(LoginStep::Access);
                chain.secret_command(&self.accrdb()?);
                Ok(Step::Send(chain))
            }
            LoginStep::Access => {
                self.read_access()?;
                if self.session.product != Product::Luw || self.session.text == DdmText::Utf8 {
                    return Ok(Step::Done(self.session.clone()));
                }
                self.next(LoginStep::Utf8);
                let mut chain = Chain::new();
                chain.command(&ExcSat::utf8_text().encode(self.session.text)?);
                Ok(Step::Send(chain))
            }
            LoginStep::Utf8 => {
                // A server that does not know the manager stays with EBCDIC: nothing is lost.
                let level = self.attributes.take().and_then(|a| a.level(cp::CCSIDMGR));
                if level == Some(UTF8) {
                    self.session.text = DdmText::Utf8;
                }
                Ok(Step::Done(self.session.clone()))
            }
        }
    }
}
