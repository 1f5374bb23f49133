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
    let wanted = wanted_locks(libraries, allocated.job, command)?;
    for (file, lock) in &wanted {
        // Those keep others from reading, or are for a change.
        if !matches!(lock.state, LockState::SharedRead | LockState::SharedNoUpdate) {
            let what = || format!("Cannot allocate object {} in library {}", file.name, file.library);
            libraries.may_change(&file.library, "CPF1002", what)?;
        }
    }
    let in_use = |file: &PhysicalFile| {
        Fault::new("CPF1002", format!("Cannot allocate object {} in library {}.", file.name, file.library))
    };
    if let Some((file, _)) = wanted.get(LOCKS.saturating_sub(allocated.held.len())) {
        return Err(in_use(file).into());
    }
    let free = |contents: &Contents, lock: &ObjectLock| (!contents.meets(lock, false)).then_some(());
    // All of them or none, also while one is waited for. What is not taken yet need not be released, which would wake
    // those who wait for the same files, this job among them.
    for (file, lock) in &wanted {
        if waiter.attempt(file, wait, |contents| Ok(free(contents, lock)))?.is_none() {
            return Err(in_use(file).into());
        }
    }
    let mut taken: Vec<(Arc<PhysicalFile>, ObjectLock)> = Vec::new();
    for (file, lock) in wanted {
        let take = |contents: &mut MutexGuard<'_, Contents>| {
            Ok(free(contents, &lock).map(|()| contents.locks.push(lock.clone())))
        };
        let done = waiter.attempt(&file, wait, take);
        if let Ok(Some(())) = done {
            taken.push((file, lock));
            continue;
        }
        // Another job came between.
        for (file, lock) in &taken {
            file.contents().release(lock);
            file.wake();
        }
        return Err(done.err().unwrap_or_else(|| in_use(&file).into()));
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

#[cfg(test)]
mod tests {
    use super::super::cl::Command;
    use super::super::job::Job;
    use super::super::library::FileStore;
    use super::super::lock_wait::LockWait;
    use super::super::message::Failure;
    use super::super::physical::Definition;
    use super::*;
    use crate::wire::file::format::RecordFormat;
    use tokio::time::timeout;

    fn run(job: &mut Job, text: &str) -> CommandResult {
        let command = Command::parse(text).unwrap().bind(&["OBJ", "WAIT"]).unwrap();
        allocate(&job.libraries, &mut job.allocated, &mut job.waiter, &command)
    }

    fn waits(job: &mut Job, text: &str) -> LockWait {
        assert!(matches!(run(job, text), Err(Failure::Waits)));
        job.take_wait().unwrap()
    }

    async fn sleeps(wait: LockWait) {
        assert!(timeout(Duration::from_millis(100), wait.over()).await.is_err(), "it was woken for nothing");
    }

    fn store() -> (FileStore, Arc<PhysicalFile>) {
        let store = FileStore::with_limits(1 << 20, Duration::from_secs(60));
        let format = RecordFormat { length: 4, ..RecordFormat::default() };
        let definition = Definition { format, ..Definition::default() };
        let file = Arc::new(PhysicalFile::new("QGPL", "F", definition, store.quota(), None).unwrap());
        for member in ["A", "B"] {
            file.add_member(&mut file.contents(), member, "").unwrap();
        }
        store.libraries(|all| all.entry("QGPL".to_owned()).or_default().insert("F".to_owned(), file.clone()));
        (store, file)
    }

    #[tokio::test]
    async fn a_job_that_waits_wakes_neither_itself_nor_others_that_wait() {
        let (store, file) = store();
        let [mut holder, mut one, mut other] = [(); 3].map(|()| Job::new(store.clone(), false, "ME"));
        run(&mut holder, "ALCOBJ ((QGPL/F *FILE *SHRUPD A) (QGPL/F *FILE *SHRUPD B))").unwrap();
        // The first of them is free, and is of the file whose second is waited for.
        let wanted = "ALCOBJ ((QGPL/F *FILE *SHRRD A) (QGPL/F *FILE *EXCL B))";
        let turned = "ALCOBJ ((QGPL/F *FILE *SHRRD B) (QGPL/F *FILE *EXCL A))";
        let (first, second) = (waits(&mut one, wanted), waits(&mut other, turned));
        assert_eq!(file.contents().locks.len(), 2);
        tokio::join!(sleeps(first), sleeps(second));
        // Woken once, they wait again, until they can have everything.
        let (first, second) = (waits(&mut one, wanted), waits(&mut other, turned));
        holder.allocated.release_all();
        tokio::join!(first.over(), second.over());
        run(&mut one, wanted).unwrap();
        assert_eq!((one.allocated.held.len(), file.contents().locks.len()), (2, 2));
        sleeps(waits(&mut other, turned)).await;
        one.allocated.release_all();
        run(&mut other, turned).unwrap();
    }
}
