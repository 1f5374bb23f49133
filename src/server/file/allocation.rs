//! Locks that a job takes on objects by command: ALCOBJ, DLCOBJ.

use super::cl::{BoundCommand, ClValue, qualified};
use super::job_libraries::JobLibraries;
use super::lock_wait::{LockWaiter, Patience};
use super::locks::{JobId, LockState, ObjectLock};
use super::message::{CommandResult, Fault, Result};
use super::physical::{Contents, PhysicalFile};
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

/// Locks that a job may hold by command.
const LOCKS: usize = 10_000;

/// The objects that a job has allocated.
pub(super) struct AllocatedObjects {
    job: JobId,
    held: Vec<(Arc<PhysicalFile>, ObjectLock)>,
}

impl AllocatedObjects {
    /// None yet.
    pub(super) fn new(job: JobId) -> AllocatedObjects {
        AllocatedObjects { job, held: Vec::new() }
    }

    /// The job that holds them.
    pub(super) fn job(&self) -> JobId {
        self.job
    }

    /// Forgets a file that was deleted.
    pub(super) fn forget(&mut self, file: &Arc<PhysicalFile>) {
        self.held.retain(|(locked, _)| !Arc::ptr_eq(locked, file));
    }

    /// Releases all of them.
    pub(super) fn release_all(&mut self) {
        for (file, _) in std::mem::take(&mut self.held) {
            file.contents().release_all(self.job);
            file.wake();
        }
    }
}

/// ALCOBJ.
pub(super) fn allocate(
    libraries: &JobLibraries,
    allocated: &mut AllocatedObjects,
    waiter: &mut LockWaiter,
    command: &BoundCommand,
) -> CommandResult {
    let wait = match command.word("WAIT").as_deref() {
        Some("*CLS") => Patience::Usual,
        _ => match command.number("WAIT")? {
            Some(seconds) => Patience::For(Duration::from_secs(seconds.into())),
            None => Patience::Usual,
        },
    };
    let mut taken: Vec<(Arc<PhysicalFile>, ObjectLock)> = Vec::new();
    let wanted = wanted_locks(libraries, allocated.job, command)?;
    for (file, lock) in &wanted {
        // Those keep others from reading, or are for a change.
        if !matches!(lock.state, LockState::SharedRead | LockState::SharedNoUpdate) {
            let what = || format!("Cannot allocate object {} in library {}", file.name, file.library);
            libraries.may_change(&file.library, "CPF1002", what)?;
        }
    }
    for (file, lock) in wanted {
        let take = |contents: &mut MutexGuard<'_, Contents>| {
            if contents.meets(&lock, false) {
                return Ok(None);
            }
            contents.locks.push(lock.clone());
            Ok(Some(()))
        };
        let too_many = allocated.held.len() + taken.len() >= LOCKS;
        let done = if too_many { Ok(None) } else { waiter.attempt(&file, wait, take) };
        if let Ok(Some(())) = done {
            taken.push((file, lock));
            continue;
        }
        // All of them or none, also while one is waited for.
        for (file, lock) in &taken {
            file.contents().release(lock);
            file.wake();
        }
        let text = format!("Cannot allocate object {} in library {}.", file.name, file.library);
        return Err(done.err().unwrap_or_else(|| Fault::new("CPF1002", text).into()));
    }
    allocated.held.extend(taken);
    Ok(None)
}

/// DLCOBJ.
pub(super) fn deallocate(
    libraries: &JobLibraries,
    allocated: &mut AllocatedObjects,
    command: &BoundCommand,
) -> CommandResult {
    for (file, lock) in wanted_locks(libraries, allocated.job, command)? {
        let at = allocated.held.iter().position(|(f, l)| Arc::ptr_eq(f, &file) && *l == lock);
        let Some(at) = at else {
            let text = format!("Object {} in library {} is not deallocated.", file.name, file.library);
            return Err(Fault::new("CPF1005", text).into());
        };
        allocated.held.swap_remove(at);
        file.contents().release(&lock);
        file.wake();
    }
    Ok(None)
}

/// The locks that an OBJ parameter names: object, type, state, member.
fn wanted_locks(
    libraries: &JobLibraries,
    job: JobId,
    command: &BoundCommand,
) -> Result<Vec<(Arc<PhysicalFile>, ObjectLock)>> {
    let wrong = || Fault::new("CPD0084", "OBJ is to be (LIBRARY/FILE *FILE state member).");
    let values = command.values("OBJ");
    // One object may stand without brackets of its own.
    let flat = matches!(values.first(), Some(ClValue::Word(_)));
    let sets: Vec<&[ClValue]> = match flat {
        true => vec![values],
        false => values.iter().map(|v| if let ClValue::List(set) = v { set.as_slice() } else { &[] }).collect(),
    };
    let mut out = Vec::new();
    for set in sets {
        let (Some(ClValue::Word(name)), Some(ClValue::Word(kind)), Some(ClValue::Word(state))) =
            (set.first(), set.get(1), set.get(2))
        else {
            return Err(wrong().into());
        };
        let state = LockState::of(state).filter(|_| kind == "*FILE").ok_or_else(wrong)?;
        let (library, name) = qualified(name);
        let file = libraries.find(&library, &name).ok_or_else(|| Fault::no_object(&library, &name))?;
        // The first member where none is named; a file without members is locked itself.
        let member = match set.get(3) {
            Some(ClValue::Word(member)) => {
                let found = file.contents().resolve(member);
                Some(found.ok_or_else(|| Fault::new("CPF9815", format!("Member {member} not found.")))?)
            }
            Some(_) => return Err(wrong().into()),
            None => file.contents().resolve("*FIRST"),
        };
        out.push((file, ObjectLock { job, state, member, open: false }));
    }
    if out.is_empty() { Err(wrong().into()) } else { Ok(out) }
}
