//! Making a connection: EXCSAT and ACCSEC, then SECCHK and ACCRDB; on Db2 for LUW another EXCSAT
//! that turns DDM text to UTF-8.
//!
//! Who we say we are: EXTNAM and SRVCLSNM are `drdarrow`; SQLAM 11 is asked for. The product id is
//! chosen once the server is known: Derby refuses any that does not begin with DNC.

use super::error::FlowError;
use super::reply::Replies;
use super::secmec::SecMec;
use super::secmec::agreement::{EncAlg, KeyPair, Side};
use super::secmec::substitute::derby::strong;
use super::secmec::substitute::{self, Seeds};
use super::session::{Product, Session};
use super::step::{Flow, Seen, Step};
use crate::wire::ddm::accsec::{AccSec, AccSecRd};
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::excsat::{ExcSat, ExcSatRd};
use crate::wire::ddm::object::Object;
use crate::wire::ddm::secchk::{SecChk, SecChkRm, Secret, secchkcd_text};
use crate::wire::ddm::text::DdmText;
use crate::wire::drda::accrdb::{AccRdb, AccRdbRm, prddta};
use crate::wire::dss::chain::Chain;
use crate::wire::value::typdef::TypDef;
use std::fmt;

const NAME: &str = "drdarrow";
const UTF8: u16 = 1208;
/// The highest levels that this client speaks.
const LEVELS: [(u16, u16); 6] =
    [(cp::AGENT, 10), (cp::SQLAM, 11), (cp::CMNTCPIP, 5), (cp::RDB, 12), (cp::SECMGR, 9), (cp::UNICODEMGR, UTF8)];
/// Product ids by server. (Measured: what Derby takes; what Db2 takes from other open clients.)
const PRDID_DERBY: &str = "DNC10140";
const PRDID: &str = "SQL11058";

/// The login of one mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    /// User id only.
    UserOnly,
    /// User id and password in clear.
    Password,
    /// Strong password substitute.
    Substitute,
    /// Encrypted user id and password.
    Encrypted(EncAlg),
}

impl Login {
    fn secmec(self) -> SecMec {
        match self {
            Login::UserOnly => SecMec::UserOnly,
            Login::Password => SecMec::UserPassword,
            Login::Substitute => SecMec::UserStrongSubstitute,
            Login::Encrypted(_) => SecMec::EncryptedUserPassword,
        }
    }
}

/// What a connection is to be made with.
#[derive(Clone)]
pub struct Identity {
    /// RDB name, with Derby's attributes.
    pub rdbnam: String,
    /// User id.
    pub user: String,
    /// Password.
    pub password: Option<Secret>,
    /// The mechanism.
    pub login: Login,
    /// Fresh random bytes: the private key or the seed.
    pub random: [u8; 64],
    /// Name of the unit of work in the server's monitors: `x.y` of up to eight characters each,
    /// then six bytes that make it unique (CRRTKN).
    pub correlation: (String, [u8; 6]),
    /// Name shown to the server's administrators.
    pub application: String,
}

impl fmt::Debug for Identity {
    /// Without the password and the random bytes: those are a private key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("rdbnam", &self.rdbnam)
            .field("user", &self.user)
            .field("login", &self.login)
            .field("application", &self.application)
            .finish_non_exhaustive()
    }
}

/// The conversation.
pub struct Connect {
    identity: Identity,
    step: At,
    attributes: Option<ExcSatRd>,
    security: Option<AccSecRd>,
    verdict: Option<SecChkRm>,
    accepted: Option<AccRdbRm>,
    session: Session,
    replies: Replies,
    key: Option<KeyPair>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Attributes,
    Security,
    Access,
    Utf8,
}

impl Connect {
    /// With this identity.
    pub fn new(identity: Identity) -> Connect {
        let session = Session {
            product: Product::Other,
            prdid: String::new(),
            class: String::new(),
            release: String::new(),
            sqlam: 0,
            text: DdmText::Ebcdic,
            ours: TypDef::OURS,
            theirs: TypDef::OURS,
            rdbnam: identity.rdbnam.clone(),
            secmec: identity.login.secmec().number(),
        };
        Connect {
            replies: Replies::new(&session),
            identity,
            step: At::Attributes,
            attributes: None,
            security: None,
            verdict: None,
            accepted: None,
            session,
            key: None,
        }
    }

    /// ACCSEC; the key or seed of the mechanism goes with it.
    fn accsec(&mut self) -> Result<Vec<u8>, FlowError> {
        let (sectkn, encalg) = match self.identity.login {
            Login::UserOnly | Login::Password => (None, None),
            Login::Substitute => (self.identity.random.get(..substitute::SEED).map(<[u8]>::to_vec), None),
            Login::Encrypted(algorithm) => {
                let key = KeyPair::new(algorithm, self.identity.random.get(..algorithm.key_len()).unwrap_or_default())?;
                let public = key.public().to_vec();
                self.key = Some(key);
                // DES is the mechanism's first algorithm and goes without saying.
                (Some(public), (algorithm == EncAlg::Aes).then(|| algorithm.number()))
            }
        };
        let command =
            AccSec { secmec: self.session.secmec, rdbnam: Some(self.identity.rdbnam.clone()), sectkn, encalg };
        // What was agreed holds from ACCSECRD on; ACCSEC itself is EBCDIC. (Measured: Derby's client.)
        // A name that EBCDIC cannot spell goes in the encoding agreed, behind EXCSATRD.
        let text = match DdmText::Ebcdic.encode(&self.identity.rdbnam) {
            Ok(_) => DdmText::Ebcdic,
            Err(_) => self.session.text,
        };
        Ok(command.encode(text)?)
    }

    /// Only the mechanisms that need nothing of the server may share a flush with EXCSAT, and only
    /// when the database's name can be written before the encoding is agreed.
    fn chains_accsec(&self) -> bool {
        matches!(self.identity.login, Login::UserOnly | Login::Password)
            && DdmText::Ebcdic.encode(&self.identity.rdbnam).is_ok()
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
        self.session.class = attributes.srvclsnm.clone().unwrap_or_default();
        self.session.release = attributes.srvrlslv.clone().unwrap_or_default();
        if self.session.class == "Apache Derby" {
            self.session.product = Product::Derby;
            // Derby has no such parameter and refuses it. (Measured.)
            self.session.ours.xml = 0;
        }
        Ok(())
    }

    /// Holds the server's choice of mechanism against ours, before any secret is sent.
    fn check_security(&mut self) -> Result<AccSecRd, FlowError> {
        let wanted = self.identity.login.secmec().to_string();
        match self.replies.failure() {
            // A server without the mechanism may not know the parameters of ACCSEC either. (Measured: Derby.)
            Some(FlowError::Refused(reply)) if matches!(reply.cp, cp::SYNTAXRM | cp::PRMNSPRM | cp::VALNSPRM) => {
                return Err(FlowError::Mechanism { wanted, offered: format!("others ({})", reply.describe()) });
            }
            Some(failure) => return Err(failure),
            None => {}
        }
        let security = self.security.take().ok_or(FlowError::Missing { what: "ACCSECRD", command: "ACCSEC" })?;
        if security.accepts(self.session.secmec) {
            return Ok(security);
        }
        let named = |n: &u16| SecMec::from_number(*n).map_or_else(|| n.to_string(), |m| m.to_string());
        let offered: Vec<String> = security.secmecs.iter().map(named).collect();
        Err(FlowError::Mechanism {
            wanted,
            offered: if offered.is_empty() { "no other".to_owned() } else { offered.join(", ") },
        })
    }

    /// SECCHK and ACCRDB.
    fn access(&mut self, security: &AccSecRd) -> Result<Chain, FlowError> {
        let id = &self.identity;
        let mut check = SecChk {
            secmec: self.session.secmec,
            rdbnam: Some(id.rdbnam.clone()),
            usrid: Some(id.user.clone()),
            ..SecChk::default()
        };
        let password = || {
            id.password
                .as_ref()
                .ok_or_else(|| FlowError::Settings("the security mechanism needs a password".to_owned()))
        };
        let token = || security.sectkn.as_deref().ok_or(FlowError::Missing { what: "SECTKN", command: "ACCSEC" });
        match id.login {
            Login::UserOnly => {}
            Login::Password => check.password = Some(password()?.clone()),
            Login::Substitute => {
                let seeds = Seeds::new(id.random.get(..substitute::SEED).unwrap_or_default(), token()?)?;
                check.sectkns = vec![strong(&id.user, password()?.expose(), &seeds).to_vec()];
            }
            Login::Encrypted(_) => {
                let key = self.key.take().ok_or(FlowError::Missing { what: "SECTKN", command: "ACCSEC" })?;
                let cipher = key.agree(token()?, Side::Requester)?;
                check.usrid = None;
                check.sectkns = vec![
                    cipher.encrypt_text("USRID", &id.user, DdmText::Ebcdic)?,
                    cipher.encrypt_text("PASSWORD", password()?.expose(), DdmText::Ebcdic)?,
                ];
            }
        }
        let prdid = if self.session.product == Product::Derby { PRDID_DERBY } else { PRDID };
        let mut crrtkn = self.session.text.encode(&id.correlation.0).unwrap_or_default();
        crrtkn.extend(id.correlation.1);
        let access = AccRdb {
            crrtkn: Some(crrtkn),
            prddta: prddta(prdid, std::env::consts::OS, &id.application, &id.user, "").ok(),
            ..AccRdb::new(&id.rdbnam, prdid, &self.session.ours)
        };
        let mut chain = Chain::new();
        chain.command(&check.encode(self.session.text)?);
        chain.command(&access.encode(self.session.text)?);
        Ok(chain)
    }

    fn read_access(&mut self) -> Result<(), FlowError> {
        if let Some(verdict) = self.verdict.take().filter(|v| !v.is_accepted()) {
            let (words, sqlstate) = secchkcd_text(verdict.secchkcd);
            return Err(FlowError::Login { code: verdict.secchkcd, words: words.to_owned(), sqlstate });
        }
        if let Some(failure) = self.replies.failure() {
            return Err(failure);
        }
        let accepted = self.accepted.take().ok_or(FlowError::Missing { what: "ACCRDBRM", command: "ACCRDB" })?;
        self.session.theirs = accepted.typdef;
        if self.session.product != Product::Derby {
            self.session.product = Product::from_prdid(&accepted.prdid);
        }
        self.session.prdid = accepted.prdid;
        Ok(())
    }

    fn next(&mut self, step: At) {
        self.step = step;
        self.replies = Replies::new(&self.session);
    }
}

impl Flow for Connect {
    type Out = Session;

    fn start(&mut self) -> Result<Chain, FlowError> {
        let hello = ExcSat {
            extnam: Some(self.identity.application.clone()),
            managers: LEVELS.to_vec(),
            srvclsnm: Some(NAME.to_owned()),
            srvnam: Some(NAME.to_owned()),
            srvrlslv: Some(match self.identity.login {
                // Derby keeps this mechanism for clients of its own kind, by their release level. (Measured.)
                Login::Substitute => format!("{PRDID_DERBY}/{NAME} {}", env!("CARGO_PKG_VERSION")),
                _ => env!("CARGO_PKG_VERSION").to_owned(),
            }),
        };
        let mut chain = Chain::new();
        chain.command(&hello.encode(DdmText::Ebcdic)?);
        if self.chains_accsec() {
            chain.command(&self.accsec()?);
        }
        Ok(chain)
    }

    fn object(&mut self, object: Object) -> Result<Seen, FlowError> {
        match object.cp {
            cp::EXCSATRD => self.attributes = Some(ExcSatRd::decode(&object.body, DdmText::Ebcdic)?),
            cp::ACCSECRD => self.security = Some(AccSecRd::decode(&object.body, DdmText::Ebcdic)?),
            cp::SECCHKRM => {
                let verdict = SecChkRm::decode(&object.body, self.session.text)?;
                let accepted = verdict.is_accepted();
                self.verdict = Some(verdict);
                return Ok(if accepted { Seen::Normal } else { Seen::Failure });
            }
            cp::ACCRDBRM => self.accepted = Some(AccRdbRm::decode(&object.body, self.session.text)?),
            _ => return self.replies.take(&object, &self.session),
        }
        Ok(Seen::Normal)
    }

    fn end(&mut self) -> Result<Step<Session>, FlowError> {
        match self.step {
            At::Attributes => {
                let chained = self.chains_accsec();
                self.read_attributes()?;
                self.next(At::Security);
                if chained {
                    return self.end();
                }
                let mut chain = Chain::new();
                chain.command(&self.accsec()?);
                Ok(Step::Send(chain))
            }
            At::Security => {
                let security = self.check_security()?;
                self.next(At::Access);
                Ok(Step::Send(self.access(&security)?))
            }
            At::Access => {
                self.read_access()?;
                if self.session.product != Product::Luw || self.session.text == DdmText::Utf8 {
                    return Ok(Step::Done(self.session.clone()));
                }
                self.next(At::Utf8);
                let mut chain = Chain::new();
                chain.command(&ExcSat::utf8_text().encode(self.session.text)?);
                Ok(Step::Send(chain))
            }
            At::Utf8 => {
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
