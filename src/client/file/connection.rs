//! A connection for files: a job on the system in which files are opened and commands run. Cheap to
//! clone; all clones share one socket. It is a connection and a unit of work of its own.

use super::describe;
use super::job::{JobInfo, Lock};
use super::listed;
use super::name::FileName;
use super::options::OpenOptions;
use super::partition::Partition;
use super::remote::RemoteFile;
use super::scan::FileStream;
use super::settings::{FileConfig, JOB_CCSID};
use super::shared::FileInner;
use super::signon;
use crate::client::config::security::Security;
use crate::client::error::{Error, Kind, Phase, Result};
use crate::client::login::{behind_tls, connector, line, peer, random, stalled};
use crate::client::security::{credentials, policy};
use crate::flow::bounds::LOGIN_FRAME;
use crate::flow::error::FlowError;
use crate::flow::file::command;
use crate::flow::file::connect::{FileConnect, FileIdentity};
use crate::flow::secmec::choice::{Choice, Policy};
use crate::net::channel::Channel;
use crate::net::error::NetError;
use crate::net::tls::Connector;
use crate::net::trace::Traced;
use crate::net::transport::{self, Deadline};
use crate::wire::record::describe::Member;
use crate::wire::record::format::FileFormats;
use crate::wire::record::message::HostMessage;
use crate::wire::record::open::CommitLevel;
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
        let mut wanted = policy(&config.base, line(&config.base)).map_err(|e| e.at(&peer))?;
        let deadline = Deadline::after(config.base.timeout);
        learn(&mut config, &mut wanted).await.map_err(|e| e.at(&peer))?;
        let by_level = wanted.choice == Choice::Auto && wanted.password_level.is_some() && !wanted.renew;
        if by_level {
            // What IBM's own clients do first; a server that wants more says so.
            let substitute = Policy { choice: Choice::Substitute, ..wanted };
            match FileConnection::attempt(&config, substitute, deadline).await {
                Err(Failed::Mechanism) => {}
                other => return other.map_err(Failed::into_error),
            }
        }
        FileConnection::attempt(&config, wanted, deadline).await.map_err(Failed::into_error)
    }

    /// Logs in over any stream that is already connected, over TLS within it where `config` says so.
    /// Nobody is asked for the password level.
    pub async fn over<S>(stream: S, mut config: FileConfig) -> Result<FileConnection>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        config.check()?;
        let wanted = policy(&config.base, line(&config.base)).map_err(|e| e.at(&peer(&config.base)))?;
        let deadline = Deadline::after(config.base.timeout);
        let connector = connector(&config.base, deadline).await?;
        let made = FileConnection::secure(stream, connector, &config, wanted, deadline).await;
        made.map_err(Failed::into_error)
    }

    async fn attempt(
        config: &FileConfig,
        policy: Policy,
        deadline: Deadline,
    ) -> std::result::Result<FileConnection, Failed> {
        let connector = connector(&config.base, deadline).await?;
        let stream = transport::connect(&config.base.host, config.base.port, deadline)
            .await
            .map_err(|e| Error::from_net(e, Phase::Tcp).at(&peer(&config.base)).broken())?;
        FileConnection::secure(stream, connector, config, policy, deadline).await
    }

    /// Shakes hands for TLS where it is to be, and logs in.
    async fn secure<S>(
        stream: S,
        connector: Option<Connector>,
        config: &FileConfig,
        policy: Policy,
        deadline: Deadline,
    ) -> std::result::Result<FileConnection, Failed>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Some(connector) = connector else { return FileConnection::log_in(stream, config, policy, deadline).await };
        let (stream, _) = connector
            .connect(stream, deadline)
            .await
            .map_err(|e| Error::from_net(e, Phase::Tls).at(&peer(&config.base)).broken())?;
        let made = FileConnection::log_in(stream, config, policy, deadline).await;
        made.map_err(|failed| match failed {
            Failed::Error(e) => Failed::Error(behind_tls(e)),
            Failed::Mechanism => Failed::Mechanism,
        })
    }

    async fn log_in<S>(
        stream: S,
        config: &FileConfig,
        policy: Policy,
        deadline: Deadline,
    ) -> std::result::Result<FileConnection, Failed>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let peer = peer(&config.base);
        let identity = FileIdentity {
            credentials: credentials(&config.base),
            policy,
            pool: config.pool.clone(),
            application: config.base.client.application.clone().filter(|name| !name.is_empty()),
            ccsid: config.job_ccsid.unwrap_or(JOB_CCSID),
        };
        let connect = FileConnect::new(identity, random()?);
        let connect = connect.map_err(|e| Error::from_flow(e, Phase::Security).at(&peer))?;
        let progress = connect.progress();
        let channel = if tracing::enabled!(tracing::Level::TRACE) {
            Channel::spawn(Traced::new(stream, FRAME), LOGIN_FRAME)
        } else {
            Channel::spawn(stream, LOGIN_FRAME)
        };
        let session = match channel.run(connect, Some(deadline)).await {
            Ok(session) => session,
            Err(e) => {
                channel.abort("the login failed");
                let e = match e {
                    NetError::Flow(FlowError::Mechanism { .. })
                        if policy.choice == Choice::Substitute && config.base.security == Security::Auto =>
                    {
                        return Err(Failed::Mechanism);
                    }
                    // Something spoke, or hung up, before we had said a word.
                    NetError::Broken(what) => NetError::NotDrda { what },
                    e => stalled(e, &progress),
                };
                return Err(Error::from_net(e, Phase::of_login(progress.awaited())).at(&peer).broken().into());
            }
        };
        channel.set_limit(FRAME);
        tracing::info!(peer, job = session.job, "connection for files opened");
        Ok(FileConnection(Arc::new(FileInner {
            config: config.clone(),
            peer,
            session,
            channel,
            closed: AtomicBool::new(false),
            commit: AtomicBool::new(false),
            opened: AtomicU32::new(0),
            starting: tokio::sync::Mutex::new(()),
            describing: tokio::sync::Mutex::new(()),
        })))
    }

    /// Opens a file.
    pub async fn open(&self, name: &FileName, options: OpenOptions) -> Result<RemoteFile> {
        let name = self.0.spelt(name)?;
        if let Some(level) = options.commit {
            self.start_commit(level).await?;
        }
        RemoteFile::open(self.0.clone(), &name, options).await
    }

    /// The record formats and keys of a file.
    pub async fn describe(&self, name: &FileName) -> Result<FileFormats> {
        describe::describe_file(&self.0, &self.0.spelt(name)?).await
    }

    /// The members of a file.
    pub async fn members(&self, name: &FileName) -> Result<Vec<Member>> {
        describe::members(&self.0, &self.0.spelt(name)?).await
    }

    /// The database files of a library as a table: `files` is `*ALL`, a name, or the beginning of names and `*`.
    pub async fn list(&self, library: &str, files: &str) -> Result<RecordBatch> {
        listed::list(&self.0, library, files).await
    }

    /// Runs a CL command in the job: what it says. A message that means failure is an error.
    pub async fn command(&self, cl: &str) -> Result<Vec<HostMessage>> {
        if cl.trim().is_empty() || cl.contains('\0') {
            let e = Error::new(Kind::Programming, Phase::Execute, "42617", "the command is empty or holds NUL");
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
        let answer = inner.wait(&mut pending, phase).await?;
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

    /// What the server says of itself.
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

    /// The settings it was made with.
    pub fn config(&self) -> &FileConfig {
        &self.0.config
    }
}

impl Partition {
    /// Opens the file and begins to read the part.
    pub async fn scan(&self, connection: &FileConnection) -> Result<FileStream> {
        let file = connection.open(&self.name, self.options.clone()).await?;
        file.scan_range(self.first, self.last).await
    }
}

/// Asks the sign-on server, where that helps.
async fn learn(config: &mut FileConfig, wanted: &mut Policy) -> Result<()> {
    let base = &config.base;
    let (Some(user), Some(password)) = (&base.user, &base.password) else { return Ok(()) };
    let helps = matches!(base.security, Security::Auto | Security::Substitute) && wanted.password_level.is_none();
    if config.signon_port() == 0 || !helps {
        return Ok(());
    }
    let mut seed = [0; 8];
    seed.copy_from_slice(random()?.seed());
    match signon::ask(base, config.signon_port(), user, password, seed).await {
        Ok(told) => {
            wanted.password_level = Some(told.password_level);
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
enum Failed {
    /// The server wants another mechanism than the first choice, and there is a second.
    Mechanism,
    /// For good.
    Error(Error),
}

impl Failed {
    fn into_error(self) -> Error {
        match self {
            Failed::Error(e) => e,
            Failed::Mechanism => {
                Error::new(Kind::Operational, Phase::Security, "08001", "no security mechanism is left").broken()
            }
        }
    }
}

impl From<Error> for Failed {
    fn from(e: Error) -> Failed {
        Failed::Error(e)
    }
}
