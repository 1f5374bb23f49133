//! The tokio runtime below the classes, and the three ways to wait on it: blocking a Python thread,
//! as an asyncio future, and as CPU work in the blocking pool. The only file here that names tokio.
//!
//! The runtime is that of the process (`client::process`): a fork has its own.

use std::future::Future;
use std::pin::Pin;
use std::sync::{OnceLock, PoisonError, RwLock};
use std::thread::ThreadId;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3_async_runtimes::{TaskLocals, generic};
use tokio::runtime::{Handle, Runtime};
use tokio::task::{JoinHandle, futures::TaskLocalFuture};

use super::errors::{self, Raise};
use crate::client::error::Result;
use crate::client::giving_up::give_up;
pub(super) use crate::client::process::enter;
use crate::client::process::{self, PerProcess};

/// How long a thread waits before it looks for signals.
const SLICE: Duration = Duration::from_millis(50);

/// A future that puts its result where it is wanted.
type Work<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// One process: its runtime, and the state of the interpreter's end.
struct Home {
    runtime: &'static Runtime,
    /// Held for reading while a thread of ours calls into Python.
    calls: RwLock<()>,
    /// Set when the interpreter ends: the thread that ends it.
    ended_by: OnceLock<ThreadId>,
}

static HOMES: PerProcess<Home> = PerProcess::new();

impl Home {
    /// This process's home, started when there is none yet. Called with Python's lock held, so that
    /// no fork can fall into its making.
    fn here() -> Result<&'static Home> {
        HOMES.here(|| Ok(Home { runtime: process::runtime()?, calls: RwLock::new(()), ended_by: OnceLock::new() }))
    }

    /// This process's home if it was started.
    fn found() -> Option<&'static Home> {
        HOMES.found()
    }

    /// Waits for work, but no longer than a slice; true when it is done.
    fn slice(&self, work: &mut Work<'_>) -> bool {
        self.runtime.block_on(async { tokio::time::timeout(SLICE, work).await.is_ok() })
    }

    /// Taking Python's lock back ends a daemon thread by force once the interpreter is being torn
    /// down; such a thread stays here instead. The one that ends the interpreter goes on.
    fn stay_if_over(&self) {
        while self.ended_by.get().is_some_and(|ender| *ender != std::thread::current().id()) {
            std::thread::park();
        }
    }
}

/// Waits for `future` on this thread with Python's lock released, looking for signals every 50 ms;
/// Ctrl-C drops the future and raises `KeyboardInterrupt`.
pub(super) fn block_on<F>(py: Python<'_>, future: F) -> PyResult<F::Output>
where
    F: Future + Send,
    F::Output: Send,
{
    let mut output = None;
    block_on_work(py, Box::pin(async { output = Some(future.await) }))?;
    output.ok_or_else(|| errors::raise(py, &errors::internal("a wait ended without its result")))
}

/// [`block_on`] once for all futures: its code is not repeated for each.
fn block_on_work(py: Python<'_>, mut work: Work<'_>) -> PyResult<()> {
    let home = Home::here().map_err(|e| errors::raise(py, &e))?;
    loop {
        let done = py.detach(|| {
            let done = home.slice(&mut work);
            home.stay_if_over();
            done
        });
        if done {
            return Ok(());
        }
        if let Err(interrupt) = py.check_signals() {
            py.detach(|| {
                let _inside = home.runtime.enter();
                give_up(work);
            });
            return Err(interrupt);
        }
    }
}

/// Waits for `work` on this thread, as [`block_on`]; its error becomes an exception.
pub(super) fn wait<F, T>(py: Python<'_>, work: F) -> PyResult<T>
where
    F: Future<Output = Result<T>> + Send,
    T: Send,
{
    block_on(py, work)?.or_raise(py)
}

/// Waits for `future` on a thread that does not hold Python's lock. Between two slices `look` says
/// whether to give up.
pub(super) fn block_on_detached<F, E>(
    future: F,
    mut look: impl FnMut() -> std::result::Result<(), E>,
) -> Option<std::result::Result<F::Output, E>>
where
    F: Future + Send,
    F::Output: Send,
{
    let home = Home::found()?;
    let mut output = None;
    let mut work: Work<'_> = Box::pin(async { output = Some(future.await) });
    while !home.slice(&mut work) {
        if let Err(reason) = look() {
            let _inside = home.runtime.enter();
            give_up(work);
            return Some(Err(reason));
        }
    }
    drop(work);
    output.map(Ok)
}

/// Starts the runtime, unless it runs. Called with Python's lock held.
pub(super) fn start() -> Result<()> {
    Home::here().map(|_| ())
}

/// Whether this is a task of asyncio; else a thread waits.
pub(super) fn in_task() -> bool {
    tokio::task::try_id().is_some()
}

/// CPU work: on the thread that waits for it, for a task off the threads that drive sockets.
pub(super) async fn compute<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    if !in_task() {
        let done = work();
        // Between two pieces of work the thread looks for signals.
        tokio::task::yield_now().await;
        return Ok(done);
    }
    Handle::current().spawn_blocking(work).await.map_err(|e| errors::internal(format!("decoding failed: {e}")))
}

/// Calls into Python from a thread of ours; none once the interpreter ends.
pub(super) fn inside<T>(call: impl FnOnce(Python<'_>) -> T) -> Option<T> {
    foreign(|| Python::try_attach(call))?
}

/// Runs code of others that may take Python's lock by itself; none once the interpreter ends. Not to
/// be nested: the interpreter's end may wait in between.
pub(super) fn foreign<T>(call: impl FnOnce() -> T) -> Option<T> {
    let home = Home::found()?;
    let _inside = home.calls.read().unwrap_or_else(PoisonError::into_inner);
    if home.ended_by.get().is_some() { None } else { Some(call()) }
}

/// Calls into Python from a thread that another one, which is in [`foreign`], waits for: the interpreter's end waits for
/// both.
pub(super) fn beside<T>(call: impl FnOnce(Python<'_>) -> T) -> Option<T> {
    Python::try_attach(call)
}

/// Runs `future` with nobody waiting for it.
pub(super) fn background<F: Future<Output = ()> + Send + 'static>(future: F) {
    if let Some(home) = Home::found() {
        home.runtime.spawn(future);
    }
}

/// Waits for `future` a while; none when it took longer.
pub(super) async fn within<F: Future>(limit: Duration, future: F) -> Option<F::Output> {
    tokio::time::timeout(limit, future).await.ok()
}

/// A lock that is waited for as a task waits.
pub(super) type Turn<T> = tokio::sync::Mutex<T>;

/// Lets time pass.
pub(super) async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}

/// The same from a thread that drives sockets: others take them over meanwhile.
pub(super) fn aside<T>(call: impl FnOnce(Python<'_>) -> T) -> Option<T> {
    tokio::task::block_in_place(|| inside(call))
}

/// Called at exit, before Python is torn down: waits until no thread of ours is inside Python and
/// lets none in any more.
#[pyfunction]
pub(super) fn _leave(py: Python<'_>) {
    if let Some(home) = Home::found() {
        let me = std::thread::current().id();
        py.detach(|| {
            home.ended_by.get_or_init(|| me);
            drop(home.calls.write());
        });
    }
}

/// Our runtime in the words of `pyo3_async_runtimes`.
pub(super) struct Tokio;

tokio::task_local! {
    static LOCALS: Option<TaskLocals>;
}

impl generic::Runtime for Tokio {
    type JoinError = tokio::task::JoinError;
    type JoinHandle = JoinHandle<()>;

    fn spawn<F>(future: F) -> Self::JoinHandle
    where
        F: Future<Output = ()> + Send + 'static,
    {
        handle().spawn(future)
    }

    /// The calls that come here call into Python.
    fn spawn_blocking<F>(call: F) -> Self::JoinHandle
    where
        F: FnOnce() + Send + 'static,
    {
        handle().spawn_blocking(move || {
            if let Some(home) = Home::found() {
                let _inside = home.calls.read().unwrap_or_else(PoisonError::into_inner);
                if home.ended_by.get().is_none() {
                    call();
                }
            }
        })
    }
}

impl generic::ContextExt for Tokio {
    fn scope<F, R>(locals: TaskLocals, future: F) -> Pin<Box<dyn Future<Output = R> + Send>>
    where
        F: Future<Output = R> + Send + 'static,
    {
        let scoped: TaskLocalFuture<_, F> = LOCALS.scope(Some(locals), future);
        Box::pin(scoped)
    }

    fn get_task_locals() -> Option<TaskLocals> {
        LOCALS.try_with(Clone::clone).ok().flatten()
    }
}

/// The handle for a spawn: of this process's runtime, which [`start`] has started, or of the task
/// that is running.
fn handle() -> Handle {
    Home::found().map_or_else(Handle::current, |home| home.runtime.handle().clone())
}
