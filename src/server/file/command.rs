//! S38CMD: commands of the control language about files, members, libraries, locks and commitment
//! control. Some that only concern how a job runs are taken and have no effect.

use super::cl::{BoundCommand, Command};
use super::dispatch::{TEXT, message};
use super::job::Job;
use super::message::{CCSID, Failure, Fault, Result};
use crate::server::request::Replies;
use crate::wire::file::message::S38MsgRm;
use crate::wire::file::session::S38Cmd;

/// The message of a command that has done its work.
pub(super) type CommandResult = Result<Option<Fault>>;

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

impl Job {
    pub(super) fn command(&mut self, body: &[u8], out: &mut Replies<'_>) -> Result<()> {
        let text = S38Cmd::decode(body, TEXT)?.command(CCSID);
        let text = text.map_err(|_| Fault::new("CPF0006", "The command is not in the page of the job."))?;
        let said = Command::parse(&text).and_then(|command| self.perform(command));
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

    fn perform(&mut self, command: Command) -> CommandResult {
        let name = command.name.clone();
        let bind = |keywords| command.bind(keywords);
        match name.as_str() {
            "DSPFFD" => self.display_fields(&bind(&["FILE", "OUTPUT", "OUTFILE", "OUTMBR"])?),
            "DSPFD" => self.display_file(&bind(&["FILE", "TYPE", "OUTPUT", "FILEATR", "OUTFILE", "OUTMBR"])?),
            "DSPOBJD" => self.display_objects(&bind(&["OBJ", "OBJTYPE", "DETAIL", "OUTPUT", "OUTFILE", "OUTMBR"])?),
            "CRTPF" => self.create_file(&bind(CREATE)?),
            "CRTSRCPF" => self.create_source(&bind(CREATE)?),
            "DLTF" => self.delete_file(&bind(&["FILE"])?),
            "ADDPFM" => self.add_member(&bind(&["FILE", "MBR", "TEXT", "EXPDATE", "SRCTYPE"])?),
            "RMVM" => self.remove_member(&bind(&["FILE", "MBR"])?),
            "CLRPFM" => self.clear_member(&bind(&["FILE", "MBR"])?),
            "CHGPF" => self.change_file(&bind(&["FILE", "SRCFILE", "CCSID", "REUSEDLT", "MAXMBRS", "SIZE"])?),
            "CRTLIB" => self.create_library(&bind(&["LIB", "TYPE", "TEXT", "AUT"])?),
            "DLTLIB" => self.delete_library(&bind(&["LIB"])?),
            "ALCOBJ" => self.allocate(&bind(&["OBJ", "WAIT"])?),
            "DLCOBJ" => self.deallocate(&bind(&["OBJ"])?),
            "CHKOBJ" => self.check_object(&bind(&["OBJ", "OBJTYPE", "MBR", "AUT"])?),
            "STRCMTCTL" => self.start_commitment(&bind(&["LCKLVL", "NFYOBJ", "CMTSCOPE", "TEXT"])?).map(Some),
            "ENDCMTCTL" => self.end_commitment().map(Some),
            "COMMIT" => self.commit_now().map(Some),
            "ROLLBACK" => self.roll_back_now().map(Some),
            "CHGCURLIB" => self.change_current(&bind(&["CURLIB"])?),
            "ADDLIBLE" => self.add_to_list(&bind(&["LIB", "POSITION"])?),
            "RMVLIBLE" => self.remove_from_list(&bind(&["LIB"])?),
            "CHGJOB" | "DSPLIB" | "DSPJOB" | "RCLRSC" => Ok(None),
            _ => Err(Fault::new("CPD0030", format!("Command {name} in library *LIBL not found.")).into()),
        }
    }

    /// The text of a TEXT parameter.
    pub(super) fn text(command: &BoundCommand) -> String {
        command.word("TEXT").filter(|text| text != "*BLANK" && text != "*SRCMBRTXT").unwrap_or_default()
    }
}
