//! One connection's conversation, without the socket: commands go in, the frames of their replies
//! come out. It knows what was agreed, which statements are prepared and which queries are open.
//! The commands themselves are in the files named after them.

use super::backend::{Interrupt, Session};
use super::budget::{Budget, Lease};
use super::error::SqlError;
use super::file::job::Job;
use super::file::lock_wait::LockWait;
use super::login::entry::{Entry, PeerLine};
use super::persona::Persona;
use super::protocol_error::{ProtocolError, Result, prccnvcd, synerrcd};
use super::shared::ServerShared;
use super::sql::batch_reader::{BatchReader, DELAY};
use super::sql::lob_locator::Locators;
use super::sql::state::{Binding, OpenCursor, Section, Statements};
use crate::flow::secmec::agreement::EncAlg;
use crate::flow::secmec::random::Random;
use crate::flow::secmec::substitute::Seeds;
use crate::wire::ccsid::codec::Codec;
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::codepoint::{self as cp, CodePoint, Side};
use crate::wire::ddm::object::{Object, params, put_head};
use crate::wire::ddm::reply::Reply;
use crate::wire::ddm::text::DdmText;
use crate::wire::dss::chain::Chain;
use crate::wire::dss::header::DssType;
use crate::wire::sql::package::PkgNamCsn;
use crate::wire::sql::sqlca::Sqlca;
use crate::wire::value::typdef::TypDef;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Bytes of an SQLSTATE.
const SQLSTATE: usize = 5;
/// Bytes of a database's name in an SQLCA.
const RDBNAM: usize = 255;
/// Reply bytes of one chain beyond which its commands are not run: nobody can have asked for that by mistake.
const OWED: usize = 64 << 20;
/// A command with the objects that follow it.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) id: u16,
    pub(super) command: Object,
    pub(super) objects: Vec<Object>,
    /// A reply is wanted.
    pub(super) answered: bool,
    /// The objects were more than the server holds, and are not there.
    pub(super) too_long: bool,
}

/// The fate of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// The next command is run.
    Next,
    /// The command is to be run again, once another job has released what it waits for.
    Wait,
    /// The rest of the chain is dropped.
    Skip,
    /// The connection ends.
    Close,
}

/// How far the connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(super) enum Stage {
    Start,
    Exchanged,
    Security,
    Proved,
    Open,
}

/// The state.
pub(super) struct Conversation {
    pub(super) shared: Arc<ServerShared>,
    pub(super) persona: Arc<Persona>,
    pub(super) random: Random,
    pub(super) stage: Stage,
    /// Encoding of DDM text.
    pub(super) text: DdmText,
    /// UTF-8 was agreed and is in force after ACCSECRD.
    pub(super) utf8_next: bool,
    pub(super) sqlam: u16,
    pub(super) secmec: u16,
    pub(super) entry: Entry,
    /// The algorithm agreed and the requester's public key.
    pub(super) key: Option<(EncAlg, Vec<u8>)>,
    /// Both seeds of a password substitute.
    pub(super) seeds: Option<Seeds>,
    /// The database's name in ACCSEC, as either encoding reads it.
    pub(super) announced: Vec<String>,
    pub(super) rdbnam: String,
    pub(super) user: String,
    /// The environment of what the requester sends.
    pub(super) theirs: TypDef,
    /// The memory that it may make the server hold.
    pub(super) budget: Budget,
    /// Nobody waits for what it does any more.
    pub(super) gone: Arc<AtomicBool>,
    /// For replies that are not sent yet.
    pub(super) owed: Lease,
    pub(super) statements: Statements,
    /// Dropped before the session that they read from.
    pub(super) cursors: BTreeMap<(Section, u64), OpenCursor>,
    /// Of a query that was closed while a thread waited for the engine.
    pub(super) leaving: Option<BatchReader>,
    pub(super) session: Option<Box<dyn Session>>,
    /// The job of record access, once the requester has proved who it is.
    pub(super) job: Option<Job>,
    pub(super) next_instance: u64,
    pub(super) locators: Locators,
    pub(super) binding: Option<Binding>,
    /// RDBUPDRM was sent in this unit of work.
    pub(super) updated: bool,
}

impl Conversation {
    /// With fresh random bytes for the keys and seeds of the login.
    pub(super) fn new(shared: Arc<ServerShared>, random: Random, line: PeerLine) -> Conversation {
        let persona = shared.persona.clone();
        let budget = shared.memory.connection();
        Conversation {
            shared,
            persona,
            random,
            stage: Stage::Start,
            text: DdmText::Ebcdic,
            utf8_next: false,
            sqlam: 0,
            secmec: 0,
            entry: Entry::new(line),
            key: None,
            seeds: None,
            announced: Vec::new(),
            rdbnam: String::new(),
            user: String::new(),
            theirs: TypDef::OURS,
            leaving: None,
            session: None,
            job: None,
            locators: Locators::new(&budget),
            gone: Arc::default(),
            owed: budget.empty(),
            budget,
            statements: Statements::default(),
            cursors: BTreeMap::new(),
            next_instance: 0,
            binding: None,
            updated: false,
        }
    }

    /// True once the database is open, or files can be.
    pub(super) fn is_open(&self) -> bool {
        self.stage == Stage::Open || self.job.is_some()
    }

    /// True for a command of a login: it needs no right to run statements. Requesters send the last EXCSAT of a login
    /// once the database is open.
    pub(super) fn is_login(&self, command: CodePoint) -> bool {
        !self.is_open() || command == cp::EXCSAT || self.stage == Stage::Proved && command == cp::ACCRDB
    }

    /// Breaks off the statement under way, where the engine can, and the waiting for a lock, and drops the commands after
    /// it: for when nobody waits any more.
    pub(super) fn interrupt(&self) -> Option<Interrupt> {
        let session = self.session.as_ref().map(|session| session.interrupt());
        let job = self.job.as_ref().map(Job::interrupt);
        let gone = self.gone.clone();
        (session.is_some() || job.is_some()).then_some(Arc::new(move || {
            gone.store(true, Ordering::Release);
            session.iter().flatten().chain(&job).for_each(|interrupt| interrupt());
        }))
    }

    /// True when nobody waits any more.
    pub(super) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    /// What the command waits for that is to be run again.
    pub(super) fn take_wait(&mut self) -> Option<LockWait> {
        self.job.as_mut().and_then(Job::take_wait)
    }

    /// Runs one command and appends its reply.
    pub(super) fn run(&mut self, request: &Request, chain: &mut Chain) -> After {
        if self.is_gone() {
            return After::Close;
        }
        let mut unwanted = Chain::new();
        let chain = if request.answered { chain } else { &mut unwanted };
        let mut out = Out { chain, id: request.id };
        let name = request.command.cp.name().unwrap_or("?");
        tracing::trace!(command = name, bytes = request.command.body.len(), "command");
        // The requester waits for the other end to hang up. (Measured: IBM's CLI driver.)
        let done =
            if request.command.cp == cp::DISCONNECT { Ok(After::Close) } else { self.dispatch(request, &mut out) };
        let after = done.unwrap_or_else(|trouble| {
            tracing::debug!(command = name, reply = trouble.reply.describe(), "refused");
            match trouble.reply.encode(self.text) {
                Ok(reply) => out.reply(&reply),
                Err(_) => return After::Close,
            }
            if trouble.close { After::Close } else { After::Skip }
        });
        self.owed.force(chain.len());
        after
    }

    /// The reply to something that is no command at all.
    pub(super) fn refuse(&self, id: u16, trouble: &ProtocolError, chain: &mut Chain) {
        if let Ok(reply) = trouble.reply.encode(self.text) {
            chain.frame(DssType::Reply, id, &reply);
        }
    }

    fn dispatch(&mut self, request: &Request, out: &mut Out<'_>) -> Result<After> {
        let command = request.command.cp;
        if !self.is_open() {
            self.entry.commands()?;
        }
        if self.stage == Stage::Start && command != cp::EXCSAT {
            return Err(ProtocolError::order(prccnvcd::EXCSAT_FIRST));
        }
        for (of, parameter) in self.persona.refused.iter().filter(|(of, _)| *of == command) {
            let holds = |p: std::result::Result<(CodePoint, &[u8]), _>| p.is_ok_and(|(c, _)| c == *parameter);
            if *of == command && params(&request.command.body).any(holds) {
                return Err(ProtocolError::syntax(synerrcd::NOT_ALLOWED, Some(*parameter)));
            }
        }
        if request.too_long || self.owed.bytes() > OWED {
            return Err(ProtocolError::reply(Reply::new(cp::RSCLMTRM)));
        }
        if self.stage == Stage::Open && is_sql(command) {
            check_known(request)?;
        }
        match command {
            cp::EXCSAT => self.excsat(request, out),
            cp::ACCSEC => self.accsec(request, out),
            cp::SECCHK => self.secchk(request, out),
            cp::ACCRDB => self.accrdb(request, out),
            _ if command.is_command(Side::File) => self.file_command(request, out),
            _ if !is_sql(command) => Err(ProtocolError::unsupported(cp::CMDNSPRM, command)),
            _ if self.stage != Stage::Open => {
                Err(ProtocolError::reply(Reply { rdbnam: Some(self.rdbnam.clone()), ..Reply::new(cp::RDBNACRM) }))
            }
            cp::PRPSQLSTT => self.prpsqlstt(request, out),
            cp::DSCSQLSTT => self.dscsqlstt(request, out),
            cp::OPNQRY => self.opnqry(request, out),
            cp::CNTQRY => self.cntqry(request, out),
            cp::CLSQRY => self.clsqry(request, out),
            cp::EXCSQLSTT => self.excsqlstt(request, out),
            cp::EXCSQLIMM => self.excsqlimm(request, out),
            cp::EXCSQLSET => self.excsqlset(request, out),
            cp::RDBCMM => self.rdbcmm(request, out),
            cp::RDBRLLBCK => self.rdbrllbck(request, out),
            _ => self.package_command(request, out),
        }
    }

    /// Waits until nothing is asked of the engine any more: calls on a session come one at a time. What is asked for
    /// in vain is broken off, where the engine can.
    pub(super) fn settle(&mut self, in_vain: bool) {
        let interrupt = self.session.as_ref().filter(|_| in_vain).and_then(|session| session.interrupt());
        let open = self.cursors.values_mut().filter_map(|cursor| cursor.rows.away());
        for pull in open.chain(self.leaving.as_mut()) {
            while pull.is_away() {
                if let Some(interrupt) = &interrupt {
                    interrupt();
                }
                pull.wait(interrupt.as_ref().map(|_| Instant::now() + DELAY));
            }
        }
        self.leaving = None;
    }

    /// The session, of which nothing is asked; there is one once the database is open.
    pub(super) fn session(&mut self) -> Result<&mut Box<dyn Session>> {
        self.settle(false);
        self.session.as_mut().ok_or_else(|| ProtocolError::reply(Reply::new(cp::RDBNACRM)))
    }

    /// -805 unless statements may run in the package.
    pub(super) fn check_package(&self, name: &PkgNamCsn) -> std::result::Result<Section, SqlError> {
        if self.shared.has_package(&name.collection, &name.package) {
            return Ok((name.collection.clone(), name.package.clone(), name.section));
        }
        let token: String = name.token.iter().map(|b| format!("{b:02X}")).collect();
        let full = format!("{}.{} 0X{token}", name.collection, name.package);
        Err(SqlError::new(-805, "51002", &[&full]))
    }

    /// The environment that a command's data objects are in: the requester's, with what precedes them.
    pub(super) fn typdef_of(&self, objects: &[Object]) -> Result<TypDef> {
        let mut typdef = self.theirs;
        for object in objects {
            crate::wire::sql::typdef::take(&mut typdef, object.cp, &object.body, self.text)?;
        }
        Ok(typdef)
    }

    /// An SQLCA of success with so many rows changed.
    pub(super) fn success(&self, count: Option<u64>) -> Sqlca {
        let mut sqlca = self.sqlca(&SqlError::new(0, self.persona.success, &[]));
        let count = count.unwrap_or(0);
        let [_, _, low, high, ..] = &mut sqlca.errd;
        if self.persona.error_code.is_some() {
            // Derby has a number of eight bytes in two of four.
            *low = (count & 0xFFFF_FFFF) as u32 as i32;
            *high = (count >> 32) as u32 as i32;
        } else {
            *low = i32::try_from(count).unwrap_or(-1);
        }
        sqlca
    }

    /// A condition as the persona tells it.
    pub(super) fn sqlca(&self, error: &SqlError) -> Sqlca {
        let mut sqlca = Sqlca::new(error.sqlcode, &self.fitting(&error.sqlstate, SQLSTATE), &[]);
        sqlca.errproc = self.persona.prdid.to_owned();
        // Each token and its separator, until there is no room.
        let mut room = self.persona.errmc;
        let tokens = error.tokens.iter().map(|token| {
            let token = self.fitting(token, room);
            room = room.saturating_sub(token.len() + 1);
            token
        });
        match self.persona.error_code {
            Some(code) => {
                if error.sqlcode < 0 {
                    sqlca.sqlcode = code;
                    // Arguments, then the key of the message.
                    let tokens = tokens.map(|token| undivided(&token));
                    let parts: Vec<String> = tokens.chain([error.sqlstate.clone()]).collect();
                    sqlca.errmc = parts.join("\u{14}").into_bytes();
                }
            }
            None => {
                sqlca.rdbnam = format!("{:<18}", self.fitting(&self.rdbnam, RDBNAM));
                sqlca.tokens = tokens.collect();
            }
        }
        sqlca
    }

    /// At most `room` bytes of the text, as the page of messages has it: what the page lacks becomes
    /// a question mark.
    fn fitting(&self, text: &str, room: usize) -> String {
        let codec = Codec::new(self.persona.typdef.mbc);
        let known = |c: char| {
            let mut out = Vec::new();
            codec.as_ref().is_ok_and(|codec| codec.encode(c.encode_utf8(&mut [0; 4]), &mut out).is_ok())
        };
        let mut out = String::new();
        for c in text.chars().map(|c| if known(c) { c } else { '?' }) {
            if out.len() + c.len_utf8() > room {
                break;
            }
            out.push(c);
        }
        out
    }

    /// An SQLCARD.
    pub(super) fn card(&self, sqlca: Option<&Sqlca>, out: &mut Out<'_>) -> Result<()> {
        out.object(&Sqlca::encode(sqlca, self.sqlam, &self.persona.typdef).map_err(ProtocolError::ours)?);
        Ok(())
    }

    /// The SQLCARD of success of a statement that counts no rows.
    pub(super) fn nothing_to_say(&self, out: &mut Out<'_>) -> Result<()> {
        let full = (!self.persona.null_sqlca).then(|| self.success(None));
        self.card(full.as_ref(), out)
    }

    /// The SQLCARD of an error, with the message that the transaction is gone where that is so.
    pub(super) fn fail(&mut self, error: &SqlError, out: &mut Out<'_>) -> Result<()> {
        if error.rolled_back {
            self.work_ended(true);
            let gone = Reply { rdbnam: Some(self.rdbnam.clone()), ..Reply::new(cp::ABNUOWRM) };
            out.reply(&gone.encode(self.text)?);
        }
        self.card(Some(&self.sqlca(error)), out)
    }
}

/// A token without what stands between messages and between tokens: Derby's client cuts there.
fn undivided(token: &str) -> String {
    let mut out = String::with_capacity(token.len());
    for c in token.chars().map(|c| if c == '\u{14}' { ' ' } else { c }) {
        if c == ':' && out.ends_with(':') {
            out.push(' ');
        }
        out.push(c);
    }
    out
}

/// PRMNSPRM or OBJNSPRM about a code point that means nothing at all here. One that belongs to other
/// commands is stepped over.
fn check_known(request: &Request) -> Result<()> {
    for param in params(&request.command.body) {
        let (point, _) = param?;
        if point.name().is_none() {
            return Err(ProtocolError::unsupported(cp::PRMNSPRM, point));
        }
    }
    match request.objects.iter().find(|o| o.cp.name().is_none()) {
        Some(object) => Err(ProtocolError::unsupported(cp::OBJNSPRM, object.cp)),
        None => Ok(()),
    }
}

/// True for a command that needs an open database. ACCRDB opens it, and the others no server here knows.
fn is_sql(command: CodePoint) -> bool {
    let elsewhere = matches!(command, cp::ACCRDB | cp::INTRDBRQS | cp::DSCRDBTBL | cp::DISCONNECT);
    command.is_command(Side::Sql) && !elsewhere
}

/// Takes the frames of one command's reply.
pub(super) struct Out<'a> {
    chain: &'a mut Chain,
    id: u16,
}

impl Out<'_> {
    /// A reply message.
    pub(super) fn reply(&mut self, message: &[u8]) {
        self.chain.frame(DssType::Reply, self.id, message);
    }

    /// A data object of this data, which may be long.
    pub(super) fn data(&mut self, cp: CodePoint, data: &[u8]) {
        let mut head = Writer::new();
        put_head(&mut head, cp, data.len());
        self.chain.frame_in_two(DssType::Object, self.id, head.as_slice(), data);
    }

    /// A data object.
    pub(super) fn object(&mut self, object: &[u8]) {
        self.chain.frame(DssType::Object, self.id, object);
    }
}
