//! Things of one process: the runtime that blocking callers wait on, and values that a forked child must not
//! touch. A runtime's threads do not survive a fork, so each process id has its own, started when it is first needed.
//! It is never dropped: nothing at the end of a process waits for it.

use super::error::{Error, ErrorClass, Phase, Result};
use std::sync::OnceLock;
use tokio::runtime::{Builder, EnterGuard, Runtime};

const WORKERS: usize = 2;

static RUNTIME: PerProcess<Runtime> = PerProcess::new();

/// A value of which each process makes its own, for good.
#[derive(Debug)]
pub(crate) struct PerProcess<T: 'static>(OnceLock<Box<Made<T>>>);

/// The value of one process.
#[derive(Debug)]
struct Made<T: 'static> {
    pid: u32,
    value: T,
    /// That of a process forked from this one.
    child: PerProcess<T>,
}

impl<T: 'static> PerProcess<T> {
    /// Not made yet.
    pub(crate) const fn new() -> PerProcess<T> {
        PerProcess(OnceLock::new())
    }

    /// This process's value, made when there is none yet.
    pub(crate) fn here(&'static self, make: impl FnOnce() -> Result<T>) -> Result<&'static T> {
        let pid = std::process::id();
        let mut place = self;
        while let Some(made) = place.0.get() {
            if made.pid == pid {
                return Ok(&made.value);
            }
            place = &made.child;
        }
        let new = Box::new(Made { pid, value: make()?, child: PerProcess::new() });
        // Another thread may have been faster.
        Ok(&place.0.get_or_init(|| new).value)
    }

    /// This process's value if it was made.
    pub(crate) fn found(&'static self) -> Option<&'static T> {
        let pid = std::process::id();
        let mut made = self.0.get()?;
        while made.pid != pid {
            made = made.child.0.get()?;
        }
        Some(&made.value)
    }
}

/// The runtime of this process, started unless it runs.
pub(crate) fn runtime() -> Result<&'static Runtime> {
    RUNTIME.here(|| {
        let built = Builder::new_multi_thread().worker_threads(WORKERS).thread_name("drdarrow").enable_all().build();
        built.map_err(|e| Error::new(ErrorClass::Operational, Phase::Config, "", format!("cannot start threads: {e}")))
    })
}

/// While held, dropping a connection or a result can start its goodbye in the background.
pub(crate) fn enter() -> Option<EnterGuard<'static>> {
    RUNTIME.found().map(Runtime::enter)
}

/// A value that belongs to the process that made it. After a fork the child holds copies of the parent's sockets: so
/// that nothing in the child writes to them or closes them, every use there is refused and the value is leaked.
#[derive(Debug)]
pub(crate) struct Owned<T> {
    pid: u32,
    // None only while being dropped.
    value: Option<T>,
}

impl<T> Owned<T> {
    /// Made here and now.
    pub(crate) fn new(value: T) -> Owned<T> {
        Owned { pid: std::process::id(), value: Some(value) }
    }

    /// The value, in its own process.
    pub(crate) fn get(&self) -> Result<&T> {
        self.value.as_ref().filter(|_| self.pid == std::process::id()).ok_or_else(foreign)
    }

    /// The value to be changed, in its own process.
    #[cfg(feature = "adbc")]
    pub(crate) fn get_mut(&mut self) -> Result<&mut T> {
        self.value.as_mut().filter(|_| self.pid == std::process::id()).ok_or_else(foreign)
    }
}

fn foreign() -> Error {
    Error::interface("it was opened in another process: after a fork, open a connection of your own")
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        let value = self.value.take();
        if self.pid == std::process::id() {
            // Closing in the background starts tasks.
            let _inside = enter();
            drop(value);
        } else {
            std::mem::forget(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn nothing_is_dropped_in_another_process() {
        let value = Arc::new(());
        let mut owned = Owned::new(value.clone());
        owned.pid ^= 1;
        assert!(owned.get().unwrap_err().message.contains("opened in another process"));
        drop(owned);
        assert_eq!(Arc::strong_count(&value), 2);
    }

    #[test]
    fn a_process_makes_its_value_once() {
        static VALUE: PerProcess<u32> = PerProcess::new();
        assert!(VALUE.found().is_none());
        assert!(VALUE.here(|| Err(Error::interface("not now"))).is_err());
        assert_eq!(VALUE.here(|| Ok(1)).unwrap(), &1);
        assert_eq!((VALUE.here(|| Ok(2)).unwrap(), VALUE.found()), (&1, Some(&1)));
    }
}
