//! Commands about libraries, the library list and the locks of objects: CRTLIB, DLTLIB, CHGCURLIB,
//! ADDLIBLE, RMVLIBLE, ALCOBJ, DLCOBJ, CHKOBJ.

use super::cl::{BoundCommand, ClValue, qualified};
use super::command::CommandResult;
use super::job::{Job, QTEMP};
use super::library::{GENERAL, is_name};
use super::locks::{LockState, ObjectLock};
use super::message::{Fault, Result};
use super::physical::{Contents, PhysicalFile};
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

/// Libraries that a server may have.
const LIBRARIES: usize = 10_000;
/// Locks that a job may hold by command.
const LOCKS: usize = 10_000;

impl Job {
    pub(super) fn create_library(&mut self, command: &BoundCommand) -> CommandResult {
        let name = command.need("LIB")?;
        self.may_change(&name, "CPF2111", || format!("Library {name} is not created"))?;
        if !is_name(&name) {
            return Err(Fault::new("CPD0084", format!("{name} is no name of a library.")).into());
        }
        let made = self.store.libraries(|all| {
            let free = name != QTEMP && !all.contains_key(&name);
            if free && all.len() < LIBRARIES {
                all.insert(name.clone(), Default::default());
                return Ok(());
            }
            Err(if free { "there is no room for it" } else { "it exists already" })
        });
        match made {
            Ok(()) => Ok(Some(Fault::done("CPC2102", format!("Library {name} created.")))),
            Err(why) => Err(Fault::new("CPF2111", format!("Library {name} is not created: {why}.")).into()),
        }
    }

    pub(super) fn delete_library(&mut self, command: &BoundCommand) -> CommandResult {
        let name = command.need("LIB")?;
        self.may_change(&name, "CPF2182", || format!("Library {name} is not deleted"))?;
        let files: Vec<Arc<PhysicalFile>> = self
            .store
            .libraries(|all| all.get(&name).map(|files| files.values().cloned().collect()))
            .ok_or_else(|| Fault::no_library(&name))?;
        let in_use = |file: &Arc<PhysicalFile>| {
            let contents = file.contents();
            !contents.locks.is_empty() || contents.is_pending(None)
        };
        if name == GENERAL || files.iter().any(in_use) {
            return Err(Fault::new("CPF2113", format!("Library {name} cannot be allocated.")).into());
        }
        self.store.libraries(|all| all.remove(&name));
        Ok(Some(Fault::done("CPC2194", format!("Library {name} deleted."))))
    }

    pub(super) fn change_current(&mut self, command: &BoundCommand) -> CommandResult {
        let name = command.need("CURLIB")?;
        let name = if name == "*CRTDFT" { GENERAL.to_owned() } else { name };
        self.known_library(&name)?;
        self.current.clone_from(&name);
        Ok(Some(Fault::done("CPC2101", format!("Current library changed to {name}."))))
    }

    pub(super) fn add_to_list(&mut self, command: &BoundCommand) -> CommandResult {
        let name = command.need("LIB")?;
        self.known_library(&name)?;
        let mut list = match &self.list {
            Some(list) if list.contains(&name) => {
                return Err(Fault::new("CPF2103", format!("Library {name} is in the library list already.")).into());
            }
            Some(list) => list.clone(),
            // It was all of them, in no order that matters: they stay.
            None => self.store.libraries(|all| all.keys().filter(|library| **library != name).cloned().collect()),
        };
        match command.word("POSITION").as_deref() {
            Some("*LAST") => list.push(name.clone()),
            None | Some("*FIRST") => list.insert(0, name.clone()),
            Some(other) => return Err(Fault::new("CPD0084", format!("Position {other} is not supported.")).into()),
        }
        self.list = Some(list);
        Ok(Some(Fault::done("CPC2196", format!("Library {name} added to the library list."))))
    }

    pub(super) fn remove_from_list(&mut self, command: &BoundCommand) -> CommandResult {
        let name = command.need("LIB")?;
        let all = || self.store.libraries(|all| all.keys().cloned().collect());
        let mut list = self.list.clone().unwrap_or_else(all);
        if !list.contains(&name) {
            return Err(Fault::new("CPF2104", format!("Library {name} is not in the library list.")).into());
        }
        list.retain(|library| *library != name);
        self.list = Some(list);
        Ok(Some(Fault::done("CPC2197", format!("Library {name} removed from the library list."))))
    }

    pub(super) fn check_object(&mut self, command: &BoundCommand) -> CommandResult {
        let (library, name) = command.object("OBJ")?;
        match command.word("OBJTYPE").as_deref() {
            Some("*LIB") if self.has_library(&name) => {}
            Some("*FILE") => {
                if !library.starts_with('*') && !self.has_library(&library) {
                    return Err(Fault::new("CPF9810", format!("Library {library} not found.")).into());
                }
                let file = self.find(&library, &name).ok_or_else(|| no_object(&library, &name))?;
                if let Some(member) = command.word("MBR").filter(|m| m != "*NONE")
                    && file.contents().resolve(&member).is_none()
                {
                    return Err(Fault::new("CPF9815", format!("Member {member} in file {name} not found.")).into());
                }
            }
            Some("*LIB") => return Err(no_object(&library, &name).into()),
            Some(other) => return Err(Fault::new("CPD0084", format!("OBJTYPE({other}) is not supported.")).into()),
            None => return Err(Fault::new("CPD0071", "Parameter OBJTYPE is required.").into()),
        }
        Ok(None)
    }

    pub(super) fn allocate(&mut self, command: &BoundCommand) -> CommandResult {
        let wait = match command.word("WAIT").as_deref() {
            // As long as usual.
            Some("*CLS") => None,
            _ => command.number("WAIT")?.map(|n| Duration::from_secs(n.into())),
        };
        let mut taken: Vec<(Arc<PhysicalFile>, ObjectLock)> = Vec::new();
        let wanted = self.wanted_locks(command)?;
        for (file, lock) in &wanted {
            // Those keep others from reading, or are for a change.
            if !matches!(lock.state, LockState::SharedRead | LockState::SharedNoUpdate) {
                let what = || format!("Cannot allocate object {} in library {}", file.name, file.library);
                self.may_change(&file.library, "CPF1002", what)?;
            }
        }
        for (file, lock) in wanted {
            let take = |_: &mut Job, contents: &mut MutexGuard<'_, Contents>| {
                if contents.meets(&lock, false) {
                    return Ok(None);
                }
                contents.locks.push(lock.clone());
                Ok(Some(()))
            };
            let too_many = self.explicit.len() + taken.len() >= LOCKS;
            let allocated = if too_many { Ok(None) } else { self.patiently_for(&file, take, wait) };
            if let Ok(Some(())) = allocated {
                taken.push((file, lock));
                continue;
            }
            // All of them or none, also while one is waited for.
            for (file, lock) in &taken {
                file.contents().release(lock);
                file.wake();
            }
            let text = format!("Cannot allocate object {} in library {}.", file.name, file.library);
            return Err(allocated.err().unwrap_or_else(|| Fault::new("CPF1002", text).into()));
        }
        self.explicit.extend(taken);
        Ok(None)
    }

    pub(super) fn deallocate(&mut self, command: &BoundCommand) -> CommandResult {
        for (file, lock) in self.wanted_locks(command)? {
            let at = self.explicit.iter().position(|(f, l)| Arc::ptr_eq(f, &file) && *l == lock);
            let Some(at) = at else {
                let text = format!("Object {} in library {} is not deallocated.", file.name, file.library);
                return Err(Fault::new("CPF1005", text).into());
            };
            self.explicit.swap_remove(at);
            file.contents().release(&lock);
            file.wake();
        }
        Ok(None)
    }

    /// The locks that an OBJ parameter names: object, type, state, member.
    fn wanted_locks(&self, command: &BoundCommand) -> Result<Vec<(Arc<PhysicalFile>, ObjectLock)>> {
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
            let file = self.find(&library, &name).ok_or_else(|| no_object(&library, &name))?;
            // The first member where none is named; a file without members is locked itself.
            let member = match set.get(3) {
                Some(ClValue::Word(member)) => {
                    let found = file.contents().resolve(member);
                    Some(found.ok_or_else(|| Fault::new("CPF9815", format!("Member {member} not found.")))?)
                }
                Some(_) => return Err(wrong().into()),
                None => file.contents().resolve("*FIRST"),
            };
            out.push((file, ObjectLock { job: self.id, state, member, open: false }));
        }
        if out.is_empty() { Err(wrong().into()) } else { Ok(out) }
    }

    fn known_library(&self, name: &str) -> Result<()> {
        match self.has_library(name) {
            true => Ok(()),
            false => Err(Fault::no_library(name).into()),
        }
    }

    /// True when there is such a library.
    pub(super) fn has_library(&self, name: &str) -> bool {
        name == QTEMP || self.store.libraries(|all| all.contains_key(name))
    }
}

fn no_object(library: &str, name: &str) -> Fault {
    Fault::new("CPF9801", format!("Object {name} in library {library} not found."))
}
