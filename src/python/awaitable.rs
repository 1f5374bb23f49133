//! Work of asyncio that is dropped before the task that awaited it hears of its cancellation. The bridge to asyncio
//! alone drops it a little later on another thread, and what the task does next could overtake that: a DROP TABLE
//! the close of a query that was given up.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::task::{Context, Poll};
use std::time::Duration;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3_async_runtimes::generic;

use super::errors::{self, FutureResult, Raise};
use super::runtime::{self, Tokio};
use crate::client::error::Result;

/// Work that is being done this very moment is waited for so often, so long.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(1);

/// `future` as an awaitable of the running asyncio loop; cancelling the awaiting task drops it, before the task goes on.
pub(super) fn asyncio<'py, F, T>(py: Python<'py>, future: F) -> PyResult<Bound<'py, PyAny>>
where
    F: Future<Output = Result<T>> + Send + 'static,
    T: for<'a> IntoPyObject<'a> + Send + 'static,
{
    asyncio_work(py, Box::pin(async move { FutureResult::of(future.await) }))
}

/// [`asyncio`] once for all futures: the bridge to asyncio's loop is large.
fn asyncio_work(py: Python<'_>, work: AsyncWork) -> PyResult<Bound<'_, PyAny>> {
    runtime::start().or_raise(py)?;
    let shared = Arc::new(Mutex::new(Stage::Running(work)));
    let future = generic::future_into_py::<Tokio, _, _>(py, Droppable(shared.clone()))?;
    // Its callbacks run in their order: whoever awaits the future comes after this one.
    future.call_method1(intern!(py, "add_done_callback"), (DropOnCancel(shared),))?;
    Ok(future)
}

/// Work of a future of asyncio.
type AsyncWork = Pin<Box<dyn Future<Output = FutureResult> + Send>>;

/// How far the work is.
enum Stage {
    Running(AsyncWork),
    /// Its result waits to be handed over.
    Done(FutureResult),
    /// It was handed over, or given up.
    Over,
}

type Shared = Arc<Mutex<Stage>>;

/// The work, for the task that does it.
struct Droppable(Shared);

impl Future for Droppable {
    type Output = PyResult<Delivery>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<PyResult<Delivery>> {
        let mut stage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Stage::Running(work) = &mut *stage {
            match work.as_mut().poll(context) {
                Poll::Ready(result) => *stage = Stage::Done(result),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(Delivery(self.0.clone())))
    }
}

/// A result on its way to Python.
struct Delivery(Shared);

impl<'py> IntoPyObject<'py> for Delivery {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let stage = mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), Stage::Over);
        match stage {
            Stage::Done(result) => result.into_pyobject(py),
            // Nobody waits for it.
            Stage::Running(_) | Stage::Over => Err(errors::interface(py, "the call was cancelled")),
        }
    }
}

/// Called when the future is done: drops the work of one that was cancelled.
#[pyclass(frozen, module = "drdarrow._core")]
struct DropOnCancel(Shared);

#[pymethods]
impl DropOnCancel {
    fn __call__(&self, py: Python<'_>, future: &Bound<'_, PyAny>) -> PyResult<()> {
        if future.call_method0("cancelled")?.extract()? {
            py.detach(|| self.drop_work());
        }
        Ok(())
    }
}

impl DropOnCancel {
    /// Without Python's lock, which work under way may need for a step. A step that takes long is not waited for:
    /// the bridge drops the work after it.
    fn drop_work(&self) {
        let _inside = runtime::enter();
        for _ in 0..TRIES {
            let mut stage = match self.0.try_lock() {
                Ok(stage) => stage,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {
                    std::thread::sleep(PAUSE);
                    continue;
                }
            };
            let dropped = mem::replace(&mut *stage, Stage::Over);
            drop(stage);
            drop(dropped);
            return;
        }
    }
}
