//! A connection: statements in, results out. Cheap to clone; all clones share one socket.

use super::config::{Config, Security};
use super::error::{Error, Kind, Phase, Result};
use super::parameters;
use super::pump::Cursor;
use super::sections::{Lease, Sections};
use super::stream::RecordStream;
use super::words::{self, Hint};
use crate::flow::bind::Bind;
use crate::flow::connect::{Connect, Identity, Login};
use crate::flow::error::FlowError;
use crate::flow::execute::{Execute, Executed, Failed, Immediate, Input};
use crate::flow::explain::Explain;
use crate::flow::prepare::{Prepare, Prepared};
use crate::flow::query::{Open, Opened, Outcome as OpenOutcome};
use crate::flow::secmec::agreement::EncAlg;
use crate::flow::session::{Product, Session};
use crate::flow::step::Flow;
use crate::flow::uow::EndWork;
use crate::net::channel::Channel;
use crate::net::error::{NetError, Stage};
use crate::net::transport::{self, Deadline};
use crate::wire::ddm::codepoint as cp;
use crate::wire::drda::sqlca::Sqlca;
use crate::wire::drda::sqlda::SqlDa;
use crate::wire::value::field::{Field, Shape};
use arrow_array::ArrayRef;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Requests that may be under way at servers shown to take several. (Measured: Derby.)
const DEPTH_DERBY: usize = 4;
/// The answer to a rollback on the way out is waited for this long.
const GOODBYE: Duration = Duration::from_secs(2);
/// The text of an error is waited for this long.
const EXPLAIN: Duration = Duration::from_secs(5);
/// Longest statement text: what the architecture's servers take.
const SQL_LIMIT: usize = 2 << 20;
/// Rows of parameters in one chain.
const BATCH: usize = 256;

/// A warning of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// SQLCODE, above zero.
    pub sqlcode: i32,
    /// SQLSTATE.
    pub sqlstate: String,
    /// In words.
    pub message: String,
}

impl From<&Sqlca> for Warning {
    fn from(sqlca: &Sqlca) -> Warning {
        Warning { sqlcode: sqlca.sqlcode, sqlstate: sqlca.sqlstate.trim().to_owned(), message: sqlca.message() }
    }
}

/// A statement that returned no rows.
#[derive(Debug, Clone, Default)]
pub struct Done {
    /// Rows changed, where the server counts them.
    pub count: Option<u64>,
    /// Warnings.
    pub warnings: Vec<Warning>,
}

/// What a statement came to.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "it is taken apart where it is returned")]
pub enum Outcome {
    /// A result set.
    Rows(RecordStream),
    /// None.
    Done(Done),
}

/// The server in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerInfo {
    /// The product, in words.
    pub product: &'static str,
    /// Product id: letters, version, release, modification.
    pub prdid: String,
    /// Server class name.
    pub class: String,
    /// Release level.
    pub release: String,
    /// Level of SQL application management agreed.
    pub sqlam: u16,
    /// The environment of its data: `QTDSQLASC`, …
    pub typdef: &'static str,
    /// CCSIDs of its single-byte, double-byte and mixed data; 0 when not stated.
    pub ccsids: (u16, u16, u16),
    /// Number of the security mechanism in force.
    pub secmec: u16,
    /// Database.
    pub database: String,
    /// `host:port`.
    pub peer: String,
}

/// A connection to a database.
#[derive(Debug, Clone)]
pub struct Connection(Arc<Inner>);

/// What a connection and its open readers share.
#[derive(Debug)]
pub(super) struct Inner {
    pub config: Config,
    pub peer: String,
    pub session: Arc<Session>,
    pub channel: Channel,
    sections: Arc<Sections>,
    readers: Mutex<Vec<Weak<Cursor>>>,
    autocommit: AtomicBool,
    closed: AtomicBool,
}

impl Inner {
    pub(super) fn depth(&self) -> usize {
        if self.session.product == Product::Derby { DEPTH_DERBY } else { 1 }
    }

    pub(super) fn reader_opened(&self, cursor: &Arc<Cursor>) {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.retain(|r| r.strong_count() > 0);
        readers.push(Arc::downgrade(cursor));
    }

    /// In autocommit the work of a query ends with its last reader.
    pub(super) async fn reader_closed(&self, cursor: &Arc<Cursor>) {
        let idle = {
            let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
            readers.retain(|r| r.strong_count() > 0 && !std::ptr::eq(r.as_ptr(), Arc::as_ptr(cursor)));
            readers.is_empty()
        };
        if idle && self.autocommit.load(Ordering::Acquire) && self.channel.broken().is_none() {
            let ended = self.channel.run(EndWork::commit(self.session.clone()), None).await;
            if let Err(e) = ended {
                tracing::debug!(error = %e, "the commit behind a query failed");
            }
        }
    }

    /// Ends readers whose cursors the server no longer has.
    fn end_readers(&self, held_too: bool, why: &str) {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.retain(|reader| match reader.upgrade() {
            Some(cursor) if held_too || !cursor.held => {
                cursor.end(why);
                false
            }
            Some(_) => true,
            None => false,
        });
    }

    fn error(&self, e: NetError, phase: Phase) -> Error {
        let e = Error::from_net(e, phase).at(&self.peer);
        if self.channel.broken().is_some() { e.broken() } else { e }
    }

    /// The error with the server's own words, where it has to be asked for them.
    pub(super) async fn explained(&self, e: NetError, phase: Phase) -> Error {
        let NetError::Flow(FlowError::Sql { sqlca, .. }) = &e else { return self.error(e, phase) };
        let mut words = None;
        let asks = self.session.product == Product::Derby && self.channel.broken().is_none();
        if let Some(lease) = if asks { self.sections.take() } else { None } {
            let ask = Explain::new(self.session.clone(), lease.name.clone(), Sqlca::clone(sqlca));
            // Without an answer the arguments of the message have to do.
            words = self.channel.run(ask, Some(Deadline::after(EXPLAIN))).await.ok().flatten();
        }
        let e = self.error(e, phase);
        match words {
            Some(words) => {
                let codes =
                    format!("(SQLCODE {}, SQLSTATE {})", e.sqlcode.unwrap_or(0), e.sqlstate.as_deref().unwrap_or(""));
                Error { message: format!("{words} {codes}"), ..e }
            }
            None => e,
        }
    }

    async fn talk<F: Flow + 'static>(&self, flow: F, phase: Phase) -> Result<F::Out> {
        let deadline = self.config.statement_timeout.map(Deadline::after);
        match self.channel.run(flow, deadline).await {
            Ok(out) => Ok(out),
            Err(e) => Err(self.explained(e, phase).await),
        }
    }
}

impl Connection {
    /// Connects and logs in, all within `config.timeout`.
    pub async fn connect(config: Config) -> Result<Connection> {
        config.check()?;
        let peer = peer(&config);
        let login = login(&config).map_err(|e| e.at(&peer))?;
        let deadline = Deadline::after(config.timeout);
        let fail = |e: NetError, phase| Error::from_net(e, phase).at(&peer).broken();
        let stream = transport::connect(&config.host, config.port, deadline).await.map_err(|e| fail(e, Phase::Tcp))?;
        let local = stream.local_addr().ok();
        let channel = Channel::spawn(stream, config.lob_limit as usize + (16 << 20));
        let identity = identity(&config, login, local)?;
        let session = match channel.run(Connect::new(identity), Some(deadline)).await {
            Ok(session) => Arc::new(session),
            Err(e) => {
                channel.abort("the login failed");
                let e = match e {
                    NetError::Timeout { after, .. } => NetError::Timeout { stage: Stage::FirstReply, after },
                    // Something spoke, or hung up, before we had said a word.
                    NetError::Broken(what) => NetError::NotDrda { what },
                    e => e,
                };
                let database = no_database(&e);
                let e = fail(e, Phase::Access);
                return Err(if database { without_database(e, &config) } else { e });
            }
        };
        let sections = Sections::new(&config, &session.rdbnam);
        let autocommit = AtomicBool::new(config.autocommit);
        let inner = Inner {
            peer,
            session,
            channel,
            sections,
            readers: Mutex::default(),
            autocommit,
            closed: AtomicBool::new(false),
            config,
        };
        inner.channel.set_depth(inner.depth());
        tracing::info!(peer = inner.peer, product = inner.session.prdid, "connection opened");
        Ok(Connection(Arc::new(inner)))
    }

    /// Runs a statement: a result set, or what it changed. Each of `rows` holds an array of one
    /// element per parameter; several rows execute the statement once each.
    pub async fn run(&self, sql: &str, rows: Vec<Vec<ArrayRef>>) -> Result<Outcome> {
        self.usable(Phase::Execute)?;
        check_sql(sql)?;
        match self.attempt(sql, &rows).await {
            Err(e) if e.sqlcode == Some(-805) && self.0.config.package.is_none() => {
                self.bind().await?;
                self.attempt(sql, &rows).await
            }
            other => other,
        }
    }

    /// Runs a statement that returns rows.
    pub async fn query(&self, sql: &str, parameters: &[ArrayRef]) -> Result<RecordStream> {
        match self.run(sql, one_row(parameters)).await? {
            Outcome::Rows(stream) => Ok(stream),
            Outcome::Done(_) => {
                Err(Error::new(Kind::Programming, Phase::Execute, "07005", "the statement returns no rows"))
            }
        }
    }

    /// Runs a statement that returns none.
    pub async fn execute(&self, sql: &str, parameters: &[ArrayRef]) -> Result<Done> {
        match self.run(sql, one_row(parameters)).await? {
            Outcome::Done(done) => Ok(done),
            Outcome::Rows(_) => {
                Err(Error::new(Kind::Programming, Phase::Execute, "07005", "the statement returns rows")
                    .hint("read them with query()"))
            }
        }
    }

    /// Makes the changes last. Readers that the server does not hold end with an error.
    pub async fn commit(&self) -> Result<()> {
        self.usable(Phase::Commit)?;
        self.0.end_readers(false, "the reader was ended by a commit");
        self.0.talk(EndWork::commit(self.0.session.clone()), Phase::Commit).await
    }

    /// Undoes the changes. Open readers end with an error.
    pub async fn rollback(&self) -> Result<()> {
        self.usable(Phase::Commit)?;
        self.0.end_readers(true, "the reader was ended by a rollback");
        self.0.talk(EndWork::rollback(self.0.session.clone()), Phase::Execute).await
    }

    /// Rolls back and closes. Closing twice is allowed.
    pub async fn close(&self) -> Result<()> {
        if self.0.closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        self.0.end_readers(true, "the connection was closed");
        if self.0.channel.broken().is_none() {
            let goodbye = EndWork::rollback(self.0.session.clone());
            // Whatever the answer, the connection ends here and the server rolls back.
            let _ = self.0.channel.run(goodbye, Some(Deadline::after(GOODBYE))).await;
        }
        self.abort();
        Ok(())
    }

    /// Gives the connection up at once, without a word to the server.
    pub fn abort(&self) {
        self.0.closed.store(true, Ordering::Release);
        self.0.end_readers(true, "the connection was closed");
        self.0.channel.abort("it was closed");
        tracing::info!(peer = self.0.peer, "connection closed");
    }

    /// Commits behind every statement, from the next one on.
    pub fn set_autocommit(&self, on: bool) {
        self.0.autocommit.store(on, Ordering::Release);
    }

    /// Whether every statement is committed.
    pub fn autocommit(&self) -> bool {
        self.0.autocommit.load(Ordering::Acquire)
    }

    /// True once closed or lost.
    pub fn is_closed(&self) -> bool {
        self.0.closed.load(Ordering::Acquire) || self.0.channel.broken().is_some()
    }

    /// What the server says of itself.
    pub fn info(&self) -> ServerInfo {
        let s = &self.0.session;
        ServerInfo {
            product: match s.product {
                Product::Derby => "Apache Derby",
                Product::Luw => "Db2 for Linux, UNIX and Windows",
                Product::IbmI => "Db2 for i",
                Product::Zos => "Db2 for z/OS",
                Product::Other => "unknown",
            },
            prdid: s.prdid.clone(),
            class: s.class.clone(),
            release: s.release.clone(),
            sqlam: s.sqlam,
            typdef: s.theirs.name.name(),
            ccsids: (s.theirs.sbc, s.theirs.dbc, s.theirs.mbc),
            secmec: s.secmec,
            database: self.0.config.database.clone(),
            peer: self.0.peer.clone(),
        }
    }

    fn usable(&self, phase: Phase) -> Result<()> {
        if self.0.closed.load(Ordering::Acquire) {
            return Err(Error::new(Kind::Interface, phase, "08003", "the connection is closed")
                .at(&self.0.peer)
                .broken());
        }
        match self.0.channel.broken() {
            None => Ok(()),
            Some(why) => Err(self.0.error(NetError::Broken(why), phase)),
        }
    }

    async fn attempt(&self, sql: &str, rows: &[Vec<ArrayRef>]) -> Result<Outcome> {
        let lease = self.0.sections.take().ok_or_else(|| {
            Error::new(Kind::Operational, Phase::Execute, "54000", "too many open readers on this connection")
        })?;
        if rows.iter().all(Vec::is_empty) {
            match words::hint(sql) {
                Hint::Query => return self.open_at_once(sql, lease).await,
                Hint::Statement => {
                    let flow =
                        Immediate::new(self.0.session.clone(), lease.name.clone(), sql.to_owned(), self.autocommit());
                    return self.done(self.0.talk(flow, Phase::Execute).await?, 0).await.map(Outcome::Done);
                }
                Hint::Unknown => {}
            }
        }
        let with_parameters = rows.iter().any(|row| !row.is_empty());
        let prepare = Prepare::new(self.0.session.clone(), lease.name.clone(), sql.to_owned(), with_parameters);
        let prepared = self.0.talk(prepare, Phase::Execute).await?;
        let inputs = self.inputs(&prepared, rows)?;
        if prepared.columns.columns.is_empty() {
            return self.execute_prepared(lease, inputs).await;
        }
        if inputs.len() > 1 {
            return Err(Error::new(Kind::Programming, Phase::Execute, "07005", "a query takes one row of parameters"));
        }
        let open = Open::new(
            self.0.session.clone(),
            lease.name.clone(),
            None,
            inputs.into_iter().next(),
            self.0.config.block_size,
        );
        match self.0.talk(open, Phase::Execute).await? {
            OpenOutcome::Opened(opened) => self.rows(lease, opened, &prepared.columns).await,
            OpenOutcome::NoQuery => self.execute_prepared(lease, Vec::new()).await,
        }
    }

    /// Prepare and open in one flush.
    async fn open_at_once(&self, sql: &str, lease: Lease) -> Result<Outcome> {
        let open =
            Open::new(self.0.session.clone(), lease.name.clone(), Some(sql.to_owned()), None, self.0.config.block_size);
        match self.0.talk(open, Phase::Execute).await? {
            OpenOutcome::Opened(mut opened) => {
                let described = opened.described.take().ok_or_else(|| {
                    let missing = FlowError::Missing { what: "SQLDARD", command: "PRPSQLSTT" };
                    Error::from_flow(missing, Phase::Execute).at(&self.0.peer)
                })?;
                self.rows(lease, opened, &described).await
            }
            OpenOutcome::NoQuery => self.execute_prepared(lease, Vec::new()).await,
        }
    }

    async fn rows(&self, lease: Lease, opened: Opened, described: &SqlDa) -> Result<Outcome> {
        let fields = name_fields(&opened.fields, described).map_err(|e| {
            self.0.channel.abort("the server's descriptions disagree");
            e.at(&self.0.peer)
        })?;
        RecordStream::new(self.0.clone(), lease, opened, fields).await.map(Outcome::Rows)
    }

    /// Encodes the parameters as the server described them.
    fn inputs(&self, prepared: &Prepared, rows: &[Vec<ArrayRef>]) -> Result<Vec<Input>> {
        let Some(described) = &prepared.parameters else { return Ok(Vec::new()) };
        rows.iter()
            .enumerate()
            .map(|(n, row)| {
                parameters::encode(&described.columns, row, &self.0.session).map_err(|e| match rows.len() {
                    1 => e,
                    _ => Error { message: format!("row {} of the batch: {}", n + 1, e.message), ..e },
                })
            })
            .collect()
    }

    async fn execute_prepared(&self, lease: Lease, mut inputs: Vec<Input>) -> Result<Outcome> {
        let mut done = Done { count: Some(0), warnings: Vec::new() };
        let mut before = 0;
        loop {
            let rest = inputs.split_off(inputs.len().min(BATCH));
            let size = inputs.len();
            let flow = Execute::new(self.0.session.clone(), lease.name.clone(), inputs, self.autocommit());
            let part = self.done(self.0.talk(flow, Phase::Execute).await?, before).await?;
            done.count = done.count.zip(part.count).map(|(a, b)| a + b);
            done.warnings.extend(part.warnings);
            before += size;
            inputs = rest;
            if inputs.is_empty() {
                return Ok(Outcome::Done(done));
            }
        }
    }

    async fn done(&self, result: std::result::Result<Executed, Failed>, before: usize) -> Result<Done> {
        let executed = match result {
            Ok(executed) => executed,
            Err(failed) => {
                let e = self.0.explained(failed.error.into(), Phase::Execute).await;
                return Err(match before + failed.before {
                    0 => e,
                    n => Error { message: format!("row {} of the batch: {}", n + 1, e.message), ..e },
                });
            }
        };
        let count = executed.counts.iter().copied().sum::<Option<u64>>();
        Ok(Done { count, warnings: executed.warnings.iter().map(Warning::from).collect() })
    }

    /// Binds the package of the pool's first section.
    async fn bind(&self) -> Result<()> {
        let Some(lease) = self.0.sections.take() else { return Ok(()) };
        tracing::debug!(package = lease.name.package, "binding a missing package");
        let bind = Bind::new(self.0.session.clone(), lease.name.clone(), self.0.config.isolation);
        self.0
            .talk(bind, Phase::Execute)
            .await
            .map_err(|e| e.hint("the package is missing and could not be bound: name one that exists with package=…"))
    }
}

/// True when the server says that it has no such database, or cannot open it.
fn no_database(e: &NetError) -> bool {
    let reply = match e {
        NetError::Flow(FlowError::Sql { reply: Some(reply), .. } | FlowError::Refused(reply)) => reply.cp,
        _ => return false,
    };
    matches!(reply, cp::RDBNFNRM | cp::RDBAFLRM)
}

/// That, with the name as it was sent.
fn without_database(e: Error, config: &Config) -> Error {
    let message = format!("the server has no database {:?}, or cannot open it: {}", config.rdbnam(), e.message);
    Error { kind: Kind::Operational, message, sqlstate: Some("08004".to_owned()), ..e }
        .hint("on IBM i it is the name in the RDB directory (WRKRDBDIRE), on z/OS the location")
}

/// Names the fields of the descriptor with what the SQLDA says. Nullability stays the descriptor's.
fn name_fields(fields: &[Field], described: &SqlDa) -> Result<Vec<Field>> {
    if fields.len() != described.columns.len() {
        let text = format!("SQLDARD describes {} columns, QRYDSC {}", described.columns.len(), fields.len());
        return Err(Error::new(Kind::Internal, Phase::Execute, "58009", text).broken());
    }
    let named = fields.iter().zip(&described.columns).map(|(field, var)| {
        if field.nullable != var.nullable {
            tracing::debug!(column = var.name(), "SQLDA and descriptor disagree about NULL");
        }
        // What lies behind a length was declared with another one: Derby's descriptor doubles that of
        // FOR BIT DATA, a large object's only says how wide its placeholder is.
        let declared = u32::try_from(var.length).ok().filter(|n| *n > 0);
        let length = match field.shape {
            Shape::Var | Shape::VarChars | Shape::Lob(_) => declared.unwrap_or(field.length),
            _ => field.length,
        };
        Field {
            length,
            name: var.name().to_owned(),
            sqltype: Some(var.sqltype),
            label: var.label().map(str::to_owned),
            ..field.clone()
        }
    });
    Ok(named.collect())
}

fn one_row(parameters: &[ArrayRef]) -> Vec<Vec<ArrayRef>> {
    if parameters.is_empty() { Vec::new() } else { vec![parameters.to_vec()] }
}

fn check_sql(sql: &str) -> Result<()> {
    let bad = |state: &str, text: &str| Err(Error::new(Kind::Programming, Phase::Execute, state, text));
    if words::is_blank(sql) {
        return bad("42617", "the statement is empty");
    }
    if let Some(at) = sql.find('\0') {
        return bad("42601", &format!("the statement has a NUL character at byte {at}"));
    }
    if sql.len() > SQL_LIMIT {
        return bad("54001", &format!("the statement has {} bytes, the limit is {SQL_LIMIT}", sql.len()));
    }
    Ok(())
}

fn peer(config: &Config) -> String {
    if config.host.contains(':') {
        format!("[{}]:{}", config.host, config.port)
    } else {
        format!("{}:{}", config.host, config.port)
    }
}

/// The mechanism for the configuration. A password in clear needs this machine or a permission.
fn login(config: &Config) -> Result<Login> {
    let clear = config.is_loopback() || config.allow_cleartext_password;
    match config.security {
        Security::UserOnly => Ok(Login::UserOnly),
        Security::Auto if config.password.is_none() => Ok(Login::UserOnly),
        Security::Password | Security::Auto if clear => Ok(Login::Password),
        Security::Password => Err(Error::new(
            Kind::Interface,
            Phase::Security,
            "08001",
            "a password is not sent in clear to another machine",
        )
        .hint("choose security=encrypted, or set allow_cleartext_password")),
        Security::Auto | Security::EncryptedAes => Ok(Login::Encrypted(EncAlg::Aes)),
        Security::EncryptedDes => Ok(Login::Encrypted(EncAlg::Des)),
        Security::Substitute => Ok(Login::Substitute),
    }
}

fn identity(config: &Config, login: Login, local: Option<SocketAddr>) -> Result<Identity> {
    let mut random = [0; 64];
    getrandom::fill(&mut random)
        .map_err(|e| Error::new(Kind::Operational, Phase::Security, "58004", format!("no random bytes: {e}")))?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let [_, _, unique @ ..] = (now.as_micros() as u64).to_be_bytes();
    let host = match local.map(|l| l.ip()) {
        Some(IpAddr::V4(ip)) => u32::from(ip),
        Some(IpAddr::V6(ip)) => u128::from(ip) as u32,
        None => 0,
    };
    Ok(Identity {
        rdbnam: config.rdbnam(),
        user: config.user.clone().unwrap_or_else(|| "APP".to_owned()),
        password: config.password.clone(),
        login,
        random,
        correlation: (format!("{host:08X}.{:04X}", local.map_or(0, |l| l.port())), unique),
        application: config.application_name.clone(),
    })
}
