//! Who may touch a value: only the process that made it ([`Owned`]), and one thread or task at a time.
//!
//! [`OwnedSlot`] hands its value out to one user at a time without ever waiting: a lock that is waited
//! for with Python's own lock held would be a deadlock.

use crate::client::error::{Error, Result};
pub(super) use crate::client::process::Owned;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;

use super::errors::Raise;
use super::runtime;

const TRIES: u32 = 500;
const PAUSE: Duration = Duration::from_millis(2);

impl<T> Owned<Arc<T>> {
    /// The value for work that outlives the call, or an exception.
    pub(super) fn shared(&self, py: Python<'_>) -> PyResult<Arc<T>> {
        self.get().or_raise(py).cloned()
    }
}

/// A place for a value that one user takes and gives back.
pub(super) struct OwnedSlot<T: Default>(Mutex<Option<T>>);

impl<T: Default> OwnedSlot<T> {
    /// With its value.
    pub(super) fn new(value: T) -> Arc<OwnedSlot<T>> {
        Arc::new(OwnedSlot(Mutex::new(Some(value))))
    }

    /// Takes the value until the lease is dropped; `what` names the thing when it is taken already.
    pub(super) fn take(self: &Arc<OwnedSlot<T>>, what: &str) -> Result<OwnedLease<T>> {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(value) => Ok(OwnedLease { slot: self.clone(), value }),
            None => Err(Error::interface(format!("the {what} is in use by another thread or task"))),
        }
    }

    /// As [`take`](Self::take), but a task waits a moment: what a cancelled one had taken comes back when
    /// the runtime drops its work, or when the batch being decoded is done.
    pub(super) async fn take_soon(self: &Arc<OwnedSlot<T>>, what: &str) -> Result<OwnedLease<T>> {
        let tries = if runtime::in_task() { TRIES } else { 0 };
        for _ in 0..tries {
            if let Ok(lease) = self.take(what) {
                return Ok(lease);
            }
            runtime::pause(PAUSE).await;
        }
        self.take(what)
    }
}

/// A value taken from its slot; dropped, it is back.
pub(super) struct OwnedLease<T: Default> {
    slot: Arc<OwnedSlot<T>>,
    value: T,
}

impl<T: Default> Deref for OwnedLease<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Default> DerefMut for OwnedLease<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: Default> Drop for OwnedLease<T> {
    fn drop(&mut self) {
        *self.slot.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(std::mem::take(&mut self.value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_user_at_a_time() {
        let slot = OwnedSlot::new(vec![1]);
        let mut first = slot.take("thing").unwrap();
        assert!(slot.take("thing").err().unwrap().message.contains("the thing is in use"));
        first.push(2);
        drop(first);
        assert_eq!(*slot.take("thing").unwrap(), [1, 2]);
    }
}
