//! S38CMD: commands of the control language about files, members, libraries, locks and commitment
//! control. Some that only concern how a job runs are taken and have no effect.

use super::cl::Command;
use super::job::Job;
use super::message::{CCSID, CommandResult, Failure, Fault, Result};
use super::reply::message;
use super::{allocation, change, commit, create, display, journal_commands, objects};
use crate::server::request::Replies;
use crate::wire::file::message::S38MsgRm;
use crate::wire::file::session::S38Cmd;

/// Keywords of file commands that change nothing here: how much room, who may, what to print.
const CREATE: &[&str] = &[
    "FILE",
    "RCDLEN",
    "SRCFILE",
    "SRCMBR",
    "MBR",
    "TEXT",
    "REUSEDLT",
    "FILETYPE",
    "MAXMBRS",
    "OPTION",
    "GENLVL",
    "FLAG",
    "SIZE",
    "ALLOCATE",
    "CONTIG",
    "AUT",
    "LVLCHK",
    "WAITFILE",
    "WAITRCD",
    "SHARE",
    "DLTPCT",
    "MAINT",
    "RECOVER",
    "FRCRATIO",
    "EXPDATE",
    "SYSTEM",
    "CCSID",
    "IGCDTA",
    "FRCACCPTH",
    "UNIT",
];

/// Runs a command.
pub(super) fn run(job: &mut Job, command: &S38Cmd, out: &mut Replies<'_>) -> Result<()> {
    let text = command.command(CCSID);
    let text = text.map_err(|_| Fault::new("CPF0006", "The command is not in the page of the job."))?;
    let said = Command::parse(&text).and_then(|command| perform(job, command));
    match said {
        Ok(None) => message(&S38MsgRm::ok(), out)?,
        Ok(Some(said)) => message(&said.message(), out)?,
        Err(Failure::Told(mut faults)) => {
            // Diagnostics of the command itself come before the message that ends it.
            if faults.first().is_some_and(|f| f.id.starts_with("CPD")) {
                faults.push(Fault::new("CPF0006", "Errors occurred in command."));
            }
            return Err(Failure::Told(faults));
        }
        Err(other) => return Err(other),
    }
    Ok(())
}

/// Hands a command to its handler, with the keywords that it may have.
fn perform(job: &mut Job, command: Command) -> CommandResult {
    let Job { id, libraries, open, allocated, commitment, waiter } = job;
    let name = command.name.clone();
    let bind = |keywords| command.bind(keywords);
    match name.as_str() {
        "DSPFFD" => display::fields(libraries, *id, &bind(&["FILE", "OUTPUT", "OUTFILE", "OUTMBR"])?),
        "DSPFD" => display::file(libraries, *id, &bind(&["FILE", "TYPE", "OUTPUT", "FILEATR", "OUTFILE", "OUTMBR"])?),
        "DSPOBJD" => {
            display::objects(libraries, *id, &bind(&["OBJ", "OBJTYPE", "DETAIL", "OUTPUT", "OUTFILE", "OUTMBR"])?)
        }
        "CRTPF" => create::file(libraries, &bind(CREATE)?),
        "CRTSRCPF" => create::source_physical(libraries, &bind(CREATE)?),
        "DLTF" => change::delete_file(libraries, allocated, &bind(&["FILE"])?),
        "ADDPFM" => change::add_member(libraries, &bind(&["FILE", "MBR", "TEXT", "EXPDATE", "SRCTYPE"])?),
        "RMVM" => change::remove_member(libraries, *id, &bind(&["FILE", "MBR"])?),
        "CLRPFM" => change::clear_member(libraries, *id, &bind(&["FILE", "MBR"])?),
        "CHGPF" => change::change_file(libraries, &bind(&["FILE", "SRCFILE", "CCSID", "REUSEDLT", "MAXMBRS", "SIZE"])?),
        "CRTLIB" => objects::create_library(libraries, &bind(&["LIB", "TYPE", "TEXT", "AUT"])?),
        "DLTLIB" => objects::delete_library(libraries, &bind(&["LIB"])?),
        "ALCOBJ" => allocation::allocate(libraries, allocated, waiter, &bind(&["OBJ", "WAIT"])?),
        "DLCOBJ" => allocation::deallocate(libraries, allocated, &bind(&["OBJ"])?),
        "CHKOBJ" => objects::check_object(libraries, &bind(&["OBJ", "OBJTYPE", "MBR", "AUT"])?),
        "STRCMTCTL" => commit::start(commitment, &bind(&["LCKLVL", "NFYOBJ", "CMTSCOPE", "TEXT"])?).map(Some),
        "ENDCMTCTL" => commit::end(commitment, open).map(Some),
        "COMMIT" => commit::commit(commitment, open).map(Some),
        "ROLLBACK" => commit::roll_back(commitment, open).map(Some),
        "CHGJRN" => journal_commands::change_journal(libraries, &bind(&["JRN", "JRNRCV", "SEQOPT"])?),
        "DLTJRNRCV" => journal_commands::delete_receiver(libraries, &bind(&["JRNRCV", "DLTOPT"])?),
        "CHGCURLIB" => objects::change_current(libraries, &bind(&["CURLIB"])?),
        "ADDLIBLE" => objects::add_to_list(libraries, &bind(&["LIB", "POSITION"])?),
        "RMVLIBLE" => objects::remove_from_list(libraries, &bind(&["LIB"])?),
        "CHGJOB" | "DSPLIB" | "DSPJOB" | "RCLRSC" => Ok(None),
        _ => Err(Fault::new("CPD0030", format!("Command {name} in library *LIBL not found.")).into()),
    }
}
