//! Making a connection for files: EXCSAT with the managers of record access, ACCSEC and SECCHK as ever, and
//! no ACCRDB; an independent disk pool is attached by SXXASPRQ. The managers and their levels are those that
//! IBM's client for Java names. (Measured.)

use super::exchange::{FileReply, TextEncoding};
use crate::flow::error::FlowError;
use crate::flow::placement::{informs_at_login, once};
use crate::flow::progress::{Awaited, Progress};
use crate::flow::secmec::choice::Policy;
use crate::flow::secmec::mechanism::Mechanism;
use crate::flow::secmec::random::Random;
use crate::flow::secmec::requester::{Credentials, Proof, Requester, Verdict};
use crate::flow::step::{Flow, Reception, Step};
use crate::wire::ddm::accsec::AccSecRd;
use crate::wire::ddm::codepoint::{self as cp, CodePoint};
use crate::wire::ddm::excsat::{ExcSat, ExcSatRd};
use crate::wire::ddm::object::Object;
use crate::wire::ddm::secchk::SecChkRm;
use crate::wire::ddm::text::DdmText;
use crate::wire::dss::chain::Chain;
use crate::wire::file::session::{Pool, SxxAspRq};

const NAME: &str = "drdarrow";
const MANAGERS: [(CodePoint, u16); 23] = [
    (cp::AGENT, 3),
    (cp::ALTINDF, 3),
    (cp::CMBACCAM, 3),
    (cp::CMBKEYAM, 3),
    (cp::CMBRNBAM, 3),
    (cp::CMNTCPIP, 5),
    (cp::DICTIONARY, 1),
    (cp::DIRECTORY, 3),
    (cp::DIRFIL, 3),
    (cp::DRCAM, 3),
    (cp::KEYFIL, 3),
    (cp::LCKMGR, 3),
    (cp::RDB, 3),
    (cp::RELKEYAM, 3),
    (cp::RELRNBAM, 3),
    (cp::SECMGR, 9),
    (cp::SEQFIL, 3),
    (cp::SQLAM, 3),
    (cp::STRAM, 3),
    (cp::STRFIL, 3),
    (cp::SUPERVISOR, 3),
    (cp::SYSCMDMGR, 4),
    (cp::RSCRCVM, 4),
];
/// DDM text of the login is EBCDIC: no UNICODEMGR is asked for.
const TEXT: DdmText = DdmText::Ebcdic;

/// The input of a connection for files.
#[derive(Debug, Clone)]
pub struct FileIdentity {
    /// Who logs in, and with what.
    pub credentials: Credentials,
    /// Which mechanisms may be used.
    pub policy: Policy,
    /// Independent disk pool.
    pub pool: Option<String>,
    /// Name shown to the server's administrators, where it is another one than ours.
    pub application: Option<String>,
    /// The page of the server's job.
    pub ccsid: u16,
}

/// The agreement.
#[derive(Debug, Clone)]
pub struct FileSession {
    /// How requests are spelled.
    pub speech: TextEncoding,
    /// The server's job, as it names itself.
    pub job: String,
    /// Its class: `QAS`.
    pub class: String,
    /// Its release.
    pub release: String,
    /// The security mechanism in force.
    pub security: Mechanism,
}

/// The conversation.
pub struct FileConnect {
    pool: Option<String>,
    application: String,
    requester: Requester,
    step: FileLoginStep,
    progress: Progress,
    attributes: Option<ExcSatRd>,
    security: Option<AccSecRd>,
    verdict: Option<SecChkRm>,
    answer: FileReply,
    session: FileSession,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FileLoginStep {
    Attributes,
    Security,
    Proof,
    Pool,
}

impl FileConnect {
    /// With this identity; settings that contradict each other are refused before anything is sent.
    pub fn new(identity: FileIdentity, random: Random) -> Result<FileConnect, FlowError> {
        let session = FileSession {
            // Names are in the page of the job, as commands are.
            speech: TextEncoding { text: DdmText::Job(identity.ccsid), ccsid: identity.ccsid },
            job: String::new(),
            class: String::new(),
            release: String::new(),
            security: Mechanism::UserOnly,
        };
        Ok(FileConnect {
            pool: identity.pool,
            application: identity.application.unwrap_or_else(|| NAME.to_owned()),
            requester: Requester::new(identity.credentials, identity.policy, random)?,
            step: FileLoginStep::Attributes,
            progress: Progress::default(),
            attributes: None,
            security: None,
            verdict: None,
            answer: FileReply::default(),
            session,
        })
    }

    /// How far it has come, to be read while it runs.
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    fn next(&mut self, step: FileLoginStep) {
        self.step = step;
        self.progress.set(match step {
            FileLoginStep::Attributes => Awaited::Attributes,
            FileLoginStep::Security => Awaited::Mechanism,
            FileLoginStep::Proof => Awaited::Proof,
            FileLoginStep::Pool => Awaited::Pool,
        });
    }

    fn read_attributes(&mut self) -> Result<(), FlowError> {
        self.answer.refusal()?;
        let attributes = self.attributes.take().ok_or(FlowError::Missing { what: "EXCSATRD", command: "EXCSAT" })?;
        let trimmed = |text: Option<String>| text.map(|t| t.trim().to_owned()).unwrap_or_default();
        self.session.job = trimmed(attributes.extnam);
        self.session.class = trimmed(attributes.srvclsnm);
        self.session.release = trimmed(attributes.srvrlslv);
        self.requester.meet(&self.session.class)
    }

    fn ask(&mut self) -> Result<Step<FileSession>, FlowError> {
        self.next(FileLoginStep::Security);
        self.answer = FileReply::default();
        // No database is named: that is what tells such connections from those for SQL.
        Ok(Step::Send(command(&self.requester.ask(None)?.encode(TEXT)?)))
    }

    /// True when the proof may follow, false when there is another question.
    fn read_security(&mut self) -> Result<bool, FlowError> {
        match self.answer.refusal() {
            Err(FlowError::Refused(reply)) if matches!(reply.cp, cp::SYNTAXRM | cp::PRMNSPRM | cp::VALNSPRM) => {
                self.requester.refused(&reply)?;
                return Ok(false);
            }
            other => other?,
        }
        let security = self.security.take().ok_or(FlowError::Missing { what: "ACCSECRD", command: "ACCSEC" })?;
        self.requester.answer(security)
    }

    fn prove(&mut self, proof: &Proof) -> Result<Step<FileSession>, FlowError> {
        self.next(FileLoginStep::Proof);
        let mut chain = Chain::new();
        chain.secret_command(&proof.check.encode(TEXT)?);
        if let Some(object) = &proof.object {
            chain.object(object);
        }
        Ok(Step::Send(chain))
    }
}

impl Flow for FileConnect {
    type Out = FileSession;

    fn start(&mut self) -> Result<Chain, FlowError> {
        let hello = ExcSat {
            extnam: Some(DdmText::Ebcdic.spellable(&self.application)),
            managers: MANAGERS.to_vec(),
            srvclsnm: Some(NAME.to_owned()),
            // IBM i answers what is asked, its release only to those who name theirs. (Measured by others.)
            srvrlslv: Some(env!("CARGO_PKG_VERSION").to_owned()),
            ..ExcSat::default()
        };
        Ok(command(&hello.encode(TEXT)?))
    }

    fn object(&mut self, object: Object) -> Result<Reception, FlowError> {
        match object.cp {
            cp::EXCSATRD if self.step == FileLoginStep::Attributes => {
                once(&mut self.attributes, ExcSatRd::decode(&object.body, TEXT)?, object.cp)?;
            }
            cp::ACCSECRD if self.step == FileLoginStep::Security => {
                once(&mut self.security, AccSecRd::decode(&object.body, TEXT)?, object.cp)?;
            }
            cp::SECCHKRM if self.step == FileLoginStep::Proof => {
                once(&mut self.verdict, SecChkRm::decode(&object.body, TEXT)?, object.cp)?;
            }
            point if informs_at_login(point) => {}
            _ => return self.answer.take(&object, self.session.speech),
        }
        Ok(Reception::Normal)
    }

    fn is_unnumbered(&self) -> bool {
        true
    }

    fn end(&mut self) -> Result<Step<FileSession>, FlowError> {
        match self.step {
            FileLoginStep::Attributes => {
                self.read_attributes()?;
                self.ask()
            }
            FileLoginStep::Security => {
                if !self.read_security()? {
                    return self.ask();
                }
                self.session.security = self.requester.mechanism();
                if self.requester.asks_for_tokens() {
                    self.progress.set(Awaited::Token);
                }
                let proof = self.requester.prove(self.pool.as_deref(), TEXT)?;
                self.prove(&proof)
            }
            FileLoginStep::Proof => {
                let Some(verdict) = self.verdict.take() else {
                    self.answer.refusal()?;
                    return Err(FlowError::Missing { what: "SECCHKRM", command: "SECCHK" });
                };
                if self.requester.may_go_on() {
                    self.progress.set(Awaited::Token);
                }
                if let Verdict::More(proof) = self.requester.verdict(&verdict, self.pool.as_deref())? {
                    return self.prove(&proof);
                }
                let Some(pool) = self.pool.clone() else { return Ok(Step::Done(self.session.clone())) };
                self.next(FileLoginStep::Pool);
                Ok(Step::Send(command(&SxxAspRq { rdbnam: Pool(pool) }.encode(TEXT)?)))
            }
            FileLoginStep::Pool => {
                self.answer.refusal()?;
                match (self.answer.failure(), self.answer.complete) {
                    (Some(failure), _) => Err(failure),
                    (None, true) => Ok(Step::Done(self.session.clone())),
                    (None, false) => Err(FlowError::Missing { what: "CMDCMPRM", command: "SXXASPRQ" }),
                }
            }
        }
    }
}

fn command(object: &[u8]) -> Chain {
    let mut chain = Chain::new();
    chain.command(object);
    chain
}
