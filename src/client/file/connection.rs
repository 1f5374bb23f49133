//! A connection for files: a job on the system in which files are opened and commands run. Cheap to
//! clone; all clones share one socket. It is a connection and a unit of work of its own.

use super::config::{FileConfig, JOB_CCSID};
use super::describe;
use super::file_name::FileName;
use super::inner::FileInner;
use super::job::{JobInfo, Lock};
use super::list;
use super::open_file::OpenFile;
use super::options::OpenOptions;
use super::partition::Partition;
use super::scan::ScanStream;
use super::signon;
use crate::client::config::security::Security;
use crate::client::dial::{self, Dialed, channel, dial, foresee, peer, refused, unreached};
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::client::login::{credentials, policy};
use crate::client::login::{random, stalled};
use crate::client::warning::Warning;
use crate::column::batch_memory::BatchMemory;
use crate::flow::error::FlowError;
use crate::flow::file::command;
use crate::flow::file::connect::{FileConnect, FileIdentity};
use crate::flow::secmec::caution::Caution;
use crate::flow::secmec::choice::Policy;
use crate::flow::secmec::line::Line;
use crate::net::error::NetError;
use crate::net::transport::Deadline;
use crate::wire::file::describe::MemberDescription;
use crate::wire::file::format::FileFormats;
use crate::wire::file::message::HostMessage;
use crate::wire::file::open::CommitLevel;
use arrow_array::RecordBatch;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

/// The answer to a rollback on the way out is waited for this long.
const GOODBYE: Duration = Duration::from_secs(2);
/// The longest frame that is taken: a block of the largest records.
const FRAME: usize = 32 << 20;

/// A connection for files.
#[derive(Debug, Clone)]
pub struct FileConnection(pub(super) Arc<FileInner>);

impl FileConnection {
    /// Connects and logs in, all within the time limit. The sign-on server is asked first, if a password
    /// level has to be known and is not.
    pub async fn connect(mut config: FileConfig) -> Result<FileConnection> {
        config.check()?;
        let peer = peer(&config.base);
        let deadline = Deadline::after(config.base.timeout);
        foresee(&config.base, deadline).await.map_err(|e| e.at(&peer))?;
        let mut login = FileLogin { told_level: None, by_level: true, caution: config.base.caution.afresh(), deadline };
        learn(&mut config, &mut login).await.map_err(|e| e.at(&peer))?;
        match FileConnection::attempt(&config, &login).await {
            Err(LoginFailure::Mechanism) => {
                let other = FileLogin { by_level: false, ..login };
                FileConnection::attempt(&config, &other).await.map_err(LoginFailure::into_error)
            }
            made => made.map_err(LoginFailure::into_error),
        }
    }

    /// Logs in over any stream that is already connected, over TLS within it where `config` says so; `line` says who
    /// else may be on it, as for [`Connection::over`](crate::client::sql::connection::Connection::over). Nobody is asked for
    /// the password level.
    pub async fn over<S>(stream: S, line: Line, mut config: FileConfig) -> Result<FileConnection>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        config.check()?;
        let deadline = Deadline::after(config.base.timeout);
        let login = FileLogin { told_level: None, by_level: false, caution: config.base.caution.afresh(), deadline };
        let dialed = dial::take(Box::new(stream), line, &config.base, &login.caution, deadline).await;
        let dialed = dialed.map_err(|e| unreached(e, &config.base))?;
        FileConnection::log_in(dialed, &config, &login).await.map_err(LoginFailure::into_error)
    }

    async fn attempt(config: &FileConfig, login: &FileLogin) -> std::result::Result<FileConnection, LoginFailure> {
        let dialed = dial(&config.base, config.base.port, &login.caution, login.deadline).await;
        FileConnection::log_in(dialed.map_err(|e| unreached(e, &config.base))?, config, login).await
    }

    async fn log_in(
        dialed: Dialed,
        config: &FileConfig,
        login: &FileLogin,
    ) -> std::result::Result<FileConnection, LoginFailure> {
        let Dialed { stream, line, tls, .. } = dialed;
        let peer = peer(&config.base);
        let policy = policy(&config.base, line).map_err(|e| e.at(&peer))?;
        let policy = Policy { told_level: login.told_level, ..policy };
        // What IBM's own clients do first; a server that wants more says so.
        let by_level = login.by_level && policy.begins_with_substitute();
        let policy = if by_level { Policy { choice: Security::Substitute, ..policy } } else { policy };
        let identity = FileIdentity {
            credentials: credentials(&config.base, &login.caution),
            policy,
            pool: config.pool.clone(),
            application: config.base.client.application.clone().filter(|name| !name.is_empty()),
            ccsid: config.job_ccsid.unwrap_or(JOB_CCSID),
        };
        let connect = FileConnect::new(identity, random()?);
        let connect = connect.map_err(|e| Error::from_flow(e, Phase::Security).at(&peer))?;
        let progress = connect.progress();
        let channel = channel(stream, FRAME, Arc::default());
        let session = match channel.run(connect, Some(login.deadline)).await {
            Ok(session) => session,
            Err(e) => {
                channel.abort("the login failed");
                let e = match e {
                    NetError::Flow(FlowError::Mechanism { .. }) if by_level => return Err(LoginFailure::Mechanism),
                    // Something spoke, or hung up, before we had said a word.
                    NetError::Broken(what) => NetError::NotDrda { what },
                    e => stalled(e, &progress),
                };
                let e = Error::from_net(e, Phase::of_login(progress.awaited()));
                return Err(refused(e, tls.as_ref()).at(&peer).broken().into());
            }
        };
        channel.set_limit(FRAME);
        tracing::info!(peer, job = session.job, "connection for files opened");
        Ok(FileConnection(Arc::new(FileInner {
            config: config.clone(),
            peer,
            session,
            channel,
            caution: login.caution.clone(),
            closed: AtomicBool::new(false),
            commit: AtomicBool::new(false),
            opened: AtomicU32::new(0),
            starting: tokio::sync::Mutex::new(()),
            describing: tokio::sync::Mutex::new(()),
            memory: BatchMemory::default(),
        })))
    }

    /// Opens a file.
    pub async fn open(&self, name: &FileName, options: OpenOptions) -> Result<OpenFile> {
        let name = self.0.spelt(name)?;
        if let Some(level) = options.commit {
            self.start_commit(level).await?;
        }
        OpenFile::open(self.0.clone(), &name, options).await
    }

    /// The record formats and keys of a file.
    pub async fn describe(&self, name: &FileName) -> Result<FileFormats> {
        describe::describe_file(&self.0, &self.0.spelt(name)?).await
    }

    /// The members of a file.
    pub async fn members(&self, name: &FileName) -> Result<Vec<MemberDescription>> {
        describe::members(&self.0, &self.0.spelt(name)?).await
    }

    /// The database files of a library as a table: `files` is `*ALL`, a name, or the beginning of names and `*`.
    pub async fn list(&self, library: &str, files: &str) -> Result<RecordBatch> {
        list::list(&self.0, library, files).await
    }

    /// Runs a CL command in the job: what it says. A message that means failure is an error.
    pub async fn command(&self, cl: &str) -> Result<Vec<HostMessage>> {
        if cl.trim().is_empty() || cl.contains('\0') {
            let e = Error::new(ErrorClass::Programming, Phase::Execute, "42617", "the command is empty or holds NUL");
            return Err(e.at(&self.0.peer));
        }
        self.0.command(cl).await
    }

    /// Adds a member to a physical file.
    pub async fn add_member(&self, name: &FileName) -> Result<()> {
        let name = self.0.spelt(name)?;
        self.0.command(&format!("QSYS/ADDPFM FILE({}) MBR({})", name.qualified(), name.member)).await.map(drop)
    }

    /// Removes a member with its records.
    pub async fn remove_member(&self, name: &FileName) -> Result<()> {
        let name = self.0.spelt(name)?;
        self.0.command(&format!("QSYS/RMVM FILE({}) MBR({})", name.qualified(), name.member)).await.map(drop)
    }

    /// Removes all records of a member.
    pub async fn clear_member(&self, name: &FileName) -> Result<()> {
        let name = self.0.spelt(name)?;
        self.0.command(&format!("QSYS/CLRPFM FILE({}) MBR({})", name.qualified(), name.member)).await.map(drop)
    }

    /// Deletes a file.
    pub async fn delete_file(&self, name: &FileName) -> Result<()> {
        let name = self.0.spelt(name)?;
        self.0.command(&format!("QSYS/DLTF FILE({})", name.qualified())).await.map(drop)
    }

    /// Locks a member against other jobs, until it is unlocked or the connection ends.
    pub async fn lock(&self, name: &FileName, lock: Lock) -> Result<()> {
        self.object_lock("ALCOBJ", name, lock).await
    }

    /// Lets a lock go.
    pub async fn unlock(&self, name: &FileName, lock: Lock) -> Result<()> {
        self.object_lock("DLCOBJ", name, lock).await
    }

    async fn object_lock(&self, command: &str, name: &FileName, lock: Lock) -> Result<()> {
        let name = self.0.spelt(name)?;
        let (file, member) = (name.qualified(), &name.member);
        let cl = format!("QSYS/{command} OBJ(({file} *FILE *{} {member}))", lock.keyword());
        self.0.command(&cl).await.map(drop)
    }

    /// Makes the changes of files that are open under commitment control last. Files stay open.
    pub async fn commit(&self) -> Result<()> {
        self.end_work(true).await
    }

    /// Undoes them.
    pub async fn rollback(&self) -> Result<()> {
        self.end_work(false).await
    }

    async fn end_work(&self, commit: bool) -> Result<()> {
        let (inner, phase) = (&self.0, if commit { Phase::Commit } else { Phase::Execute });
        inner.usable(Phase::Execute)?;
        if !inner.commit.load(Ordering::Acquire) {
            return Ok(());
        }
        // The outcome is unknown only of what was sent: on a lost connection the system undoes the work.
        let mut pending = inner.submit(command::end_work(inner.speech(), commit), Phase::Execute)?;
        let answer = inner.wait_for(&mut pending, phase, Some(inner.config.base.end_limit())).await?;
        command::work_ended(answer, commit).map_err(|e| inner.flow_error(e, phase))
    }

    /// Starts commitment control, if it was not: the first file that is opened under it says at which
    /// level.
    async fn start_commit(&self, level: CommitLevel) -> Result<()> {
        let _turn = self.0.starting.lock().await;
        if self.0.commit.load(Ordering::Acquire) {
            return Ok(());
        }
        let word = match level {
            CommitLevel::None | CommitLevel::Default => return Ok(()),
            CommitLevel::Change => "*CHG",
            CommitLevel::CursorStability => "*CS",
            CommitLevel::All => "*ALL",
        };
        self.0.command(&format!("QSYS/STRCMTCTL LCKLVL({word})")).await?;
        self.0.commit.store(true, Ordering::Release);
        Ok(())
    }

    /// Closes; changes under commitment control that were not committed are undone. Closing twice is
    /// allowed.
    pub async fn close(&self) -> Result<()> {
        if self.0.closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        if self.0.commit.load(Ordering::Acquire)
            && let Ok(goodbye) = command::end_work(self.0.speech(), false)
        {
            // Whatever the answer, the job ends here and the system rolls back.
            let _ = self.0.channel.run(goodbye, Some(Deadline::after(GOODBYE))).await;
        }
        self.abort();
        Ok(())
    }

    /// Gives the connection up at once, without a word to the server.
    pub fn abort(&self) {
        self.0.closed.store(true, Ordering::Release);
        self.0.channel.abort("it was closed");
        tracing::info!(peer = self.0.peer, "connection for files closed");
    }

    /// True once closed or lost.
    pub fn is_closed(&self) -> bool {
        self.0.closed.load(Ordering::Acquire) || self.0.channel.broken().is_some()
    }

    /// The server's description of itself.
    pub fn info(&self) -> JobInfo {
        let session = &self.0.session;
        JobInfo {
            job: session.job.clone(),
            class: session.class.clone(),
            release: session.release.clone(),
            ccsid: session.speech.ccsid,
            secmec: session.security.secmec().number(),
            peer: self.0.peer.clone(),
        }
    }

    /// Warnings about the connection itself that no listener heard when it was made (`Config::caution`).
    pub fn warnings(&self) -> Vec<Warning> {
        self.0.caution.unheard().iter().map(|text| Warning::general(text)).collect()
    }

    /// The settings it was made with.
    pub fn config(&self) -> &FileConfig {
        &self.0.config
    }
}

impl Partition {
    /// Opens the file and begins to read the part.
    pub async fn scan(&self, connection: &FileConnection) -> Result<ScanStream> {
        let file = connection.open(&self.name, self.options.clone()).await?;
        file.scan_range(self.first, self.last).await
    }
}

/// The parts of a login beside the stream and the settings.
struct FileLogin {
    /// The password level that the sign-on server told.
    told_level: Option<u8>,
    /// Begin with a substitute where the level is known and allows it.
    by_level: bool,
    caution: Caution,
    deadline: Deadline,
}

/// Asks the sign-on server, where that helps.
async fn learn(config: &mut FileConfig, login: &mut FileLogin) -> Result<()> {
    let base = &config.base;
    let (Some(user), Some(password)) = (&base.user, &base.password) else { return Ok(()) };
    let helps = matches!(base.security, Security::Auto | Security::Substitute) && base.password_level.is_none();
    if config.signon_port() == 0 || !helps {
        return Ok(());
    }
    let mut seed = [0; 8];
    seed.copy_from_slice(random()?.seed());
    let policy = policy(base, Line::Open)?;
    match signon::ask(base, config.signon_port(), (user, password), policy, seed, &login.caution).await {
        Ok(told) => {
            login.told_level = Some(told.password_level);
            config.job_ccsid = config.job_ccsid.or(told.ccsid);
            Ok(())
        }
        // Without that server the mechanism that needs no level is left.
        Err(
            e @ (NetError::Tcp { .. } | NetError::Timeout { .. } | NetError::Closed { .. } | NetError::NotDrda { .. }),
        ) if base.security == Security::Auto => {
            tracing::debug!(error = %e, "the sign-on server does not answer");
            Ok(())
        }
        Err(e) => Err(Error::from_net(e, Phase::Security).broken()),
    }
}

/// A login that failed.
enum LoginFailure {
    /// The server wants another mechanism than the first choice, and there is a second.
    Mechanism,
    /// For good.
    Error(Error),
}

impl LoginFailure {
    fn into_error(self) -> Error {
        match self {
            LoginFailure::Error(e) => e,
            LoginFailure::Mechanism => {
                Error::new(ErrorClass::Operational, Phase::Security, "08001", "no security mechanism is left").broken()
            }
        }
    }
}

impl From<Error> for LoginFailure {
    fn from(e: Error) -> LoginFailure {
        LoginFailure::Error(e)
    }
}
