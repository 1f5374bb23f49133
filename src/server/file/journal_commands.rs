//! Commands about journals: CHGJRN attaches another receiver, DLTJRNRCV deletes one that is not attached.

use super::cl::BoundCommand;
use super::job_libraries::JobLibraries;
use super::message::{CommandResult, Fault, Result};
use crate::server::journal::journal::Journal;
use std::sync::Arc;

/// CHGJRN.
pub(super) fn change_journal(libraries: &JobLibraries, command: &BoundCommand) -> CommandResult {
    let (library, name) = command.object("JRN")?;
    let journal = journal(libraries, &library, Some(&name))?;
    if command.need("JRNRCV")? != "*GEN" {
        return Err(Fault::new("CPD0084", "JRNRCV is to be *GEN.").into());
    }
    let reset = match command.word("SEQOPT").as_deref() {
        None | Some("*CONT") => false,
        Some("*RESET") => true,
        Some(other) => return Err(Fault::new("CPD0084", format!("SEQOPT({other}) is not valid.")).into()),
    };
    journal.change_receiver(reset);
    Ok(None)
}

/// DLTJRNRCV.
pub(super) fn delete_receiver(libraries: &JobLibraries, command: &BoundCommand) -> CommandResult {
    let (library, name) = command.object("JRNRCV")?;
    match journal(libraries, &library, None)?.delete_receiver(&name) {
        true => Ok(None),
        false => {
            let text = format!("Receiver {name} in library {library} is not there, or is attached to its journal.");
            Err(Fault::new("CPF2105", text).into())
        }
    }
}

/// The journal of a library, which is to have this name.
fn journal(libraries: &JobLibraries, library: &str, name: Option<&str>) -> Result<Arc<Journal>> {
    let library = libraries.library(library);
    libraries.may_change(&library, "CPF7002", || format!("The journal of library {library} not changed"))?;
    let found = libraries.store.journals().find(&library).filter(|journal| name.is_none_or(|n| n == journal.name()));
    found.ok_or_else(|| Fault::no_object(&library, name.unwrap_or("QSQJRN")).into())
}
