//! The commands of record access: each with its message and its handler.

use super::job::Job;
use super::message::{Failure, Result};
use super::reply::{TEXT, message};
use super::{command, commit, open, position, read, write};
use crate::server::protocol_error::Result as ProtocolResult;
use crate::server::request::{After, Replies, Request};
use crate::wire::ddm::codepoint::{self as cp, CodePoint};
use crate::wire::ddm::reply::Reply;
use crate::wire::file::close::{S38Close, S38Feod};
use crate::wire::file::open::S38Open;
use crate::wire::file::read::{S38Get, S38GetD, S38GetK, S38GetM};
use crate::wire::file::session::{CmmUow, RllBckUow, S38Cmd, SxxAspRq};
use crate::wire::file::write::{S38Del, S38PutM, S38Updat};

/// Decodes a command and runs it.
pub(in crate::server) type Handler = fn(&mut Job, &Request, &mut Replies<'_>) -> Result<()>;

/// Runs a command by its handler. Messages of the system are its reply; a command that waits has none.
pub(in crate::server) fn run(
    handler: Handler,
    job: &mut Job,
    request: &Request,
    out: &mut Replies<'_>,
) -> ProtocolResult<After> {
    let done = handler(job, request, out);
    if let Err(Failure::Waits) = done {
        return Ok(After::Wait);
    }
    job.waiter.command_ended();
    match done {
        Ok(()) | Err(Failure::Waits) => {}
        Err(Failure::Protocol(error)) => return Err(error),
        Err(Failure::Told(faults)) => {
            for fault in &faults {
                message(&fault.message(), out)?;
            }
        }
    }
    Ok(After::Next)
}

/// The handler of a command; none for one that is not of record access.
pub(in crate::server) fn handler(command: CodePoint) -> Option<Handler> {
    Some(match command {
        cp::S38OPEN => |job, r, out| {
            let command = S38Open::decode(&r.command.body, TEXT)?;
            open::open(job, command, out)
        },
        cp::S38CLOSE => |job, r, out| {
            let command = S38Close::decode(&r.command.body, TEXT)?;
            position::close(&mut job.open, &command, out)
        },
        cp::S38FEOD => |job, r, out| {
            let command = S38Feod::decode(&r.command.body, TEXT)?;
            position::feod(&mut job.open, &command, out)
        },
        cp::S38GET => |job, r, out| {
            let command = S38Get::decode(&r.command.body, TEXT)?;
            read::get(&mut job.open, &mut job.commitment, &mut job.waiter, command, out)
        },
        cp::S38GETM => |job, r, out| {
            let command = S38GetM::decode(&r.command.body, TEXT)?;
            read::get_many(&mut job.open, &mut job.commitment, &mut job.waiter, command, out)
        },
        cp::S38GETD => |job, r, out| {
            let command = S38GetD::decode(&r.command.body, TEXT)?;
            read::get_direct(&mut job.open, &mut job.commitment, &mut job.waiter, command, out)
        },
        cp::S38GETK => |job, r, out| {
            let command = S38GetK::decode(&r.command.body, TEXT)?;
            read::get_by_key(&mut job.open, &mut job.commitment, &mut job.waiter, command, out)
        },
        cp::S38PUTM => |job, r, out| {
            let command = S38PutM::decode(&r.command.body, TEXT)?;
            let open = job.open.get(command.dclnam)?;
            write::put(open, &mut job.commitment, &mut job.waiter, &r.objects, out)
        },
        cp::S38UPDAT => |job, r, out| {
            let command = S38Updat::decode(&r.command.body, TEXT)?;
            let open = job.open.get(command.dclnam)?;
            write::update(open, &mut job.commitment, &mut job.waiter, &r.objects, out)
        },
        cp::S38DEL => |job, r, out| {
            let command = S38Del::decode(&r.command.body, TEXT)?;
            let open = job.open.get(command.dclnam)?;
            write::delete(open, &mut job.commitment, &mut job.waiter, out)
        },
        cp::S38CMD => |job, r, out| {
            let command = S38Cmd::decode(&r.command.body, TEXT)?;
            command::run(job, &command, out)
        },
        cp::CMMUOW => |job, r, out| {
            CmmUow::decode(&r.command.body, TEXT)?;
            commit::cmmuow(&mut job.commitment, &mut job.open, out)
        },
        cp::RLLBCKUOW => |job, r, out| {
            RllBckUow::decode(&r.command.body, TEXT)?;
            commit::rllbckuow(&mut job.commitment, &mut job.open, out)
        },
        cp::SXXASPRQ => |_, r, out| {
            // There are no independent disk pools: every name leads to the same libraries.
            SxxAspRq::decode(&r.command.body, TEXT)?;
            out.reply(&Reply::new(cp::CMDCMPRM).encode(TEXT)?);
            Ok(())
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ddm::codepoint::{Class, Side};

    #[test]
    fn only_commands_of_this_side_have_handlers() {
        let handled = (0..=u16::MAX).map(CodePoint::new).filter(|point| handler(*point).is_some());
        let of_this_side = |point: CodePoint| (point.class(), point.side()) == (Some(Class::Command), Some(Side::File));
        assert!(handled.clone().count() > 10);
        assert_eq!(handled.filter(|point| !of_this_side(*point)).collect::<Vec<_>>(), []);
    }
}
