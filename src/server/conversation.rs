//! One connection's conversation, without the socket: commands go in, the frames of their replies come out. It holds
//! what was agreed, the login, and the state of both sides, and hands each command the part that it needs.

use super::backend::Interrupt;
use super::budget::{Budget, Lease};
use super::catalog::view::Catalog;
use super::environment::Environment;
use super::file::dispatch as file_commands;
use super::file::job::Job;
use super::file::lock_wait::LockWait;
use super::interrupt::intrdbrqs::{Interruptible, intrdbrqs};
use super::interrupt::running::RunningCommand;
use super::login::commands::{self, Opened};
use super::login::encoding;
use super::login::state::{LoginState, PeerLine, Stage};
use super::protocol_error::{ProtocolError, Result, prccnvcd, synerrcd};
use super::request::{After, Replies, Request};
use super::shared::ServerShared;
use super::sql::dispatch as sql_commands;
use super::sql::gather;
use super::sql::session::SqlSession;
use super::sql::xa::link::XaLink;
use crate::flow::secmec::random::Random;
use crate::wire::ddm::codepoint::{self as cp, CodePoint};
use crate::wire::ddm::object::params;
use crate::wire::ddm::reply::Reply;
use crate::wire::dss::chain::Chain;
use crate::wire::dss::header::DssType;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Reply bytes of one chain beyond which its commands are not run: nobody can have asked for that by mistake.
const UNSENT: usize = 64 << 20;

/// Commands that no other connection breaks off: they end a unit of work, or are of a login. (Read: IBM's documents of
/// the drivers.)
const SHIELDED: [CodePoint; 4] = [cp::RDBCMM, cp::RDBRLLBCK, cp::SYNCCTL, cp::ACCRDB];

/// The state of one connection.
pub(super) struct Conversation {
    pub(super) shared: Arc<ServerShared>,
    env: Environment,
    pub(super) login: LoginState,
    /// The database, once it is open.
    sql: Option<SqlSession>,
    /// The job of record access, once the requester has proved who it is.
    files: Option<Job>,
    /// The memory that the requester may make the server hold.
    pub(super) budget: Budget,
    /// For replies that are not sent yet.
    pub(super) unsent: Lease,
    /// Nobody waits for replies any more.
    abandoned: Arc<AtomicBool>,
    /// The command under way, which other connections may break off once the database is open.
    pub(super) running: RunningCommand,
    interruptible: Option<Interruptible>,
    /// So many commands to come are run one by one: at once they could not be.
    one_by_one: usize,
}

impl Conversation {
    /// With fresh random bytes for the keys and seeds of the login.
    pub(super) fn new(shared: Arc<ServerShared>, random: Random, line: PeerLine) -> Conversation {
        let budget = shared.memory.connection();
        Conversation {
            env: Environment::new(shared.persona.clone(), shared.crowd.clone()),
            login: LoginState::new(line, random),
            sql: None,
            files: None,
            unsent: budget.empty(),
            budget,
            abandoned: Arc::default(),
            running: RunningCommand::default(),
            interruptible: None,
            one_by_one: 0,
            shared,
        }
    }

    /// True once the database is open, or files can be.
    pub(super) fn is_open(&self) -> bool {
        self.sql.is_some() || self.files.is_some()
    }

    /// True for a command of a login: it needs no right to run statements. Requesters send the last EXCSAT of a login
    /// once the database is open.
    pub(super) fn is_login(&self, command: CodePoint) -> bool {
        !self.is_open() || command == cp::EXCSAT || self.sql.is_none() && command == cp::ACCRDB
    }

    /// Breaks off the statement under way, where the engine can, and the waiting for a lock, and drops the commands after
    /// it: for when nobody waits any more.
    pub(super) fn interrupt(&self) -> Option<Interrupt> {
        let engine = self.sql.as_ref().map(SqlSession::interrupt);
        let job = self.files.as_ref().map(Job::interrupt);
        let abandoned = self.abandoned.clone();
        (engine.is_some() || job.is_some()).then_some(Arc::new(move || {
            abandoned.store(true, Ordering::Release);
            engine.iter().flatten().chain(&job).for_each(|interrupt| interrupt());
        }))
    }

    /// Breaks off the statement under way, where the engine can, and nothing else.
    pub(super) fn interrupt_statement(&self) -> Option<Interrupt> {
        self.sql.as_ref().and_then(SqlSession::interrupt)
    }

    /// When the branch of a global transaction that is worked for has to be over.
    pub(super) fn branch_deadline(&self) -> Option<Instant> {
        self.sql.as_ref().and_then(SqlSession::branch_deadline)
    }

    /// Rolls that branch back, if its time is over. May block.
    pub(super) fn expire_branch(&mut self) {
        if let Some(sql) = &mut self.sql {
            sql.expire_branch();
        }
    }

    /// The lock that the command waits for that is to be run again.
    pub(super) fn take_wait(&mut self) -> Option<LockWait> {
        self.files.as_mut().and_then(Job::take_wait)
    }

    /// Breaks off everything that the engine is asked for, and undoes what is not committed, before the end.
    pub(super) fn end(mut self) {
        if let Some(sql) = &mut self.sql {
            // An engine that cannot undo it does so with the end of its session.
            let _ = sql.rollback();
        }
    }

    /// Runs the next of some commands, or several that can be run at once, and appends their replies; how many.
    pub(super) fn run_next(&mut self, requests: &[Request], chain: &mut Chain) -> (After, usize) {
        let Some(next) = requests.first() else { return (After::Next, 0) };
        // The end of a branch whose time is over is broken off by nothing, least of all by that time.
        self.running.begin(true);
        self.expire_branch();
        self.running.begin(SHIELDED.contains(&next.command.cp));
        let done = self.run_first(next, requests, chain);
        self.running.end(self.sql.as_mut().is_some_and(SqlSession::take_broken_off));
        done
    }

    fn run_first(&mut self, next: &Request, requests: &[Request], chain: &mut Chain) -> (After, usize) {
        let alike = if self.one_by_one > 0 { 1 } else { gather::alike(requests) };
        if alike > 1 {
            match self.gather(requests.get(..alike).unwrap_or_default(), chain) {
                (After::Next, 0) => self.one_by_one = alike,
                done => return done,
            }
        }
        self.one_by_one = self.one_by_one.saturating_sub(1);
        (self.run(next, chain), 1)
    }

    /// Runs commands that are alike, as many of them as can be run at once.
    fn gather(&mut self, requests: &[Request], chain: &mut Chain) -> (After, usize) {
        let allowed = |c: &mut Conversation, first| c.check(first).and_then(|()| check_known(first)).is_ok();
        if self.abandoned.load(Ordering::Acquire) || !requests.first().is_some_and(|first| allowed(self, first)) {
            return (After::Next, 0);
        }
        let Some(sql) = &mut self.sql else { return (After::Next, 0) };
        let done = gather::run(sql, &self.env, requests, chain);
        let done = match done {
            Ok(count) => (After::Next, count),
            Err((failed, error)) => {
                let id = requests.get(failed).map_or(1, |request| request.id);
                (self.refused(&error, "EXCSQLSTT", &mut Replies::new(chain, id)), failed + 1)
            }
        };
        self.unsent.force(chain.len());
        done
    }

    /// Runs one command and appends its reply.
    fn run(&mut self, request: &Request, chain: &mut Chain) -> After {
        if self.abandoned.load(Ordering::Acquire) {
            return After::Close;
        }
        let mut unwanted = Chain::new();
        let chain = if request.answered { chain } else { &mut unwanted };
        let mut out = Replies::new(chain, request.id);
        let name = request.command.cp.name().unwrap_or("?");
        tracing::trace!(command = name, bytes = request.command.body.len(), "command");
        let done = self.dispatch(request, &mut out);
        let after = done.unwrap_or_else(|error| self.refused(&error, name, &mut out));
        self.unsent.force(chain.len());
        after
    }

    /// The reply to a command that is refused, and what becomes of the rest of its chain.
    fn refused(&self, error: &ProtocolError, name: &str, out: &mut Replies<'_>) -> After {
        tracing::debug!(command = name, reply = error.reply.describe(), "refused");
        match error.reply.encode(self.env.text) {
            Ok(reply) => out.reply(&reply),
            Err(fault) => {
                tracing::warn!(command = name, %fault, "the refusal cannot be written, and the connection ends");
                return After::Close;
            }
        }
        if error.close { After::Close } else { After::Skip }
    }

    /// The reply to something that is no command at all.
    pub(super) fn refuse(&self, id: u16, error: &ProtocolError, chain: &mut Chain) {
        if let Ok(reply) = error.reply.encode(self.env.text) {
            chain.frame(DssType::Reply, id, &reply);
        }
    }

    /// Hands a command to its handler: of the login, of files, of SQL.
    fn dispatch(&mut self, request: &Request, out: &mut Replies<'_>) -> Result<After> {
        let command = request.command.cp;
        // The requester waits for the other end to hang up. (Measured: IBM's CLI driver.)
        if command == cp::DISCONNECT {
            return Ok(After::Close);
        }
        self.check(request)?;
        let Conversation { shared, env, login, sql, files, budget, abandoned, running, interruptible, .. } = self;
        if matches!(command, cp::SECCHK | cp::ACCRDB) {
            encoding::check(env, request)?;
        }
        match command {
            cp::EXCSAT => commands::excsat(login, env, request, out),
            cp::ACCSEC => commands::accsec(login, env, &shared.logins, request, out),
            cp::SECCHK => {
                let after = commands::secchk(login, env, &shared.logins, request, out)?;
                if login.stage == Stage::Proved {
                    *files = shared.job(login.user());
                }
                Ok(after)
            }
            cp::ACCRDB if sql.is_some() => Err(ProtocolError::reply(env.database_reply(cp::RDBACCRM))),
            cp::ACCRDB => {
                *interruptible = env.persona.interrupts.then(|| shared.interrupts.connection(running)).transpose()?;
                let token = interruptible.as_ref().map(|connection| connection.token().to_vec());
                let told = commands::Told { rdbinttkn: token, servers: &shared.server_list };
                let opened = commands::accrdb(login, env, &shared.engines, told, request, out)?;
                let Some(Opened { session: engine, backend, login }) = opened else { return Ok(After::Close) };
                if let Some(connection) = interruptible {
                    connection.open(&env.rdbnam);
                }
                let (mut engine, xa) = match env.xa {
                    true => {
                        let (engine, link) = XaLink::new(&shared.branches, engine, backend, login);
                        (engine, Some(link))
                    }
                    false => (engine, None),
                };
                engine.hold(budget);
                engine.appear_as(&Catalog::new(env.persona.clone()).with_journals(shared.journals()));
                *sql = Some(SqlSession::new(engine, xa, shared.packages.clone(), budget, abandoned.clone()));
                Ok(After::Next)
            }
            cp::INTRDBRQS if env.persona.interrupts => intrdbrqs(&shared.interrupts, env, request, out),
            _ => match (sql_commands::handler(command), sql, file_commands::handler(command), files) {
                (Some(handler), Some(sql), ..) => {
                    check_known(request)?;
                    handler(sql, env, request, out)
                }
                (Some(_), None, ..) => Err(ProtocolError::reply(env.database_reply(cp::RDBNACRM))),
                (.., Some(handler), Some(job)) => file_commands::run(handler, job, request, out),
                _ => Err(ProtocolError::unsupported(cp::CMDNSPRM, command)),
            },
        }
    }

    /// Refuses a command that may not be run now, whatever it is.
    fn check(&mut self, request: &Request) -> Result<()> {
        let command = request.command.cp;
        if !self.is_open() {
            self.login.count_command()?;
        }
        if self.login.stage == Stage::Start && command != cp::EXCSAT {
            return Err(ProtocolError::order(prccnvcd::EXCSAT_FIRST));
        }
        for (_, parameter) in self.env.persona.refused.iter().filter(|(of, _)| *of == command) {
            let holds = |p: std::result::Result<(CodePoint, &[u8]), _>| p.is_ok_and(|(c, _)| c == *parameter);
            if params(&request.command.body).any(holds) {
                return Err(ProtocolError::syntax(synerrcd::NOT_ALLOWED, Some(*parameter)));
            }
        }
        if request.too_long || self.unsent.bytes() > UNSENT {
            return Err(ProtocolError::reply(Reply::new(cp::RSCLMTRM)));
        }
        Ok(())
    }
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
