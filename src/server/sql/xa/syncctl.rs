//! The answering side of SYNCCTL: the steps of a branch of a global transaction, and local work on a connection that takes
//! part in those. An engine has no log of what is prepared: that lives as long as the server.
//!
//! (States and outcomes: read, Derby's sources. Measured: IBM's JDBC driver and Derby's client.)

use super::branches::{BranchName, Step};
use super::link::{XaLink, outcome};
use super::switch::OpenSession;
use crate::server::environment::Environment;
use crate::server::protocol_error::{ProtocolError, Result, synerrcd};
use crate::server::request::{After, Replies};
use crate::server::sql::session::SqlSession;
use crate::wire::ddm::codepoint as cp;
use crate::wire::sql::syncctl::{SyncCrd, SyncCtl, WorkId, XaRetVal, Xids, synctype, xaflags};
use std::time::{Duration, Instant};

/// Flags that mean nothing in the steps after the end. (Measured: IBM's JDBC driver leaves that of the end there, and takes
/// no notice when it is refused.)
const LEFT: u32 = xaflags::SUCCESS | xaflags::FAIL | xaflags::SUSPEND;

type Outcome = std::result::Result<XaRetVal, XaRetVal>;

pub(in crate::server::sql) fn syncctl(
    sql: &mut SqlSession,
    env: &Environment,
    body: &[u8],
    out: &mut Replies<'_>,
) -> Result<After> {
    // Without an agreement nobody knows what it says.
    if sql.xa.is_none() {
        return Err(ProtocolError::unsupported(cp::CMDNSPRM, cp::SYNCCTL));
    }
    let command = SyncCtl::decode(body, env.text)?;
    let Some(mut link) = sql.xa.take() else { return Err(ProtocolError::ours("no part in global transactions")) };
    let done = step(sql, &mut link, &command);
    sql.xa = Some(link);
    let (xaretval, prphrclst) = done?;
    out.reply(&SyncCrd { xaretval, prphrclst }.encode(env.text)?);
    // The statement that comes after it would be run outside the branch.
    let begins = command.synctype == synctype::NEW && xaretval != XaRetVal::OK;
    Ok(if begins { After::Skip } else { After::Next })
}

fn step(sql: &mut SqlSession, link: &mut XaLink, command: &SyncCtl) -> Result<(XaRetVal, Option<Xids>)> {
    let flags = command.xaflags.unwrap_or(0);
    let xid = match (command.synctype, &command.xid) {
        (synctype::LIST, _) => {
            let starts = command.xaflags.is_none_or(|flags| flags & xaflags::START_SCAN != 0);
            let valid = flags & !(xaflags::START_SCAN | xaflags::END_SCAN) == 0;
            let xids = if starts && valid { link.waiting() } else { Vec::new() };
            return Ok((if valid { XaRetVal::OK } else { XaRetVal::INVALID }, Some(Xids(xids))));
        }
        (synctype::MIGRATE | synctype::MIGRATED, _) => return Ok((XaRetVal::INVALID, None)),
        (
            synctype::NEW
            | synctype::END
            | synctype::PREPARE
            | synctype::COMMIT
            | synctype::ROLLBACK
            | synctype::FORGET,
            xid,
        ) => xid.as_ref().ok_or_else(|| ProtocolError::syntax(synerrcd::MISSING, Some(cp::XID)))?,
        _ => return Err(ProtocolError::unsupported(cp::VALNSPRM, cp::SYNCTYPE)),
    };
    let done = match xid {
        WorkId::Local => local(sql, link, command),
        WorkId::Branch(xid) if !xid.is_valid() => Err(XaRetVal::INVALID),
        WorkId::Branch(xid) => {
            let name = link.name(xid);
            match command.synctype {
                synctype::NEW => start(sql, link, name, flags, command.timeout),
                synctype::END => end(sql, link, &name, flags),
                synctype::PREPARE => only(flags, LEFT).and_then(|()| prepare(link, &name)),
                synctype::COMMIT => {
                    let one_phase = flags & xaflags::ONE_PHASE != 0;
                    only(flags, xaflags::ONE_PHASE | LEFT).and_then(|()| commit(link, &name, one_phase))
                }
                synctype::ROLLBACK => only(flags, LEFT).and_then(|()| rollback(link, &name)),
                _ => only(flags, LEFT).and_then(|()| link.branches.forget(&name)).map(|()| XaRetVal::OK),
            }
        }
    };
    Ok((done.unwrap_or_else(|refused| refused), None))
}

/// Refuses other flags.
fn only(flags: u32, allowed: u32) -> std::result::Result<(), XaRetVal> {
    if flags & !allowed == 0 { Ok(()) } else { Err(XaRetVal::INVALID) }
}

/// Local work, which such a connection begins and ends by SYNCCTL.
fn local(sql: &mut SqlSession, link: &XaLink, command: &SyncCtl) -> Outcome {
    only(command.xaflags.unwrap_or(0), xaflags::LOCAL)?;
    if link.is_associated() || command.timeout.is_some() {
        return Err(XaRetVal::PROTOCOL);
    }
    let rolls_back = match command.synctype {
        synctype::NEW => return Ok(XaRetVal::OK),
        synctype::COMMIT => false,
        synctype::ROLLBACK => true,
        _ => return Err(XaRetVal::INVALID),
    };
    if rolls_back {
        return sql.rollback().map(|()| XaRetVal::OK).map_err(|_| XaRetVal::SERVER_ERROR);
    }
    let Err(error) = sql.commit() else { return Ok(XaRetVal::OK) };
    // Only that it is undone can be told: so it is.
    let undone = sql.rollback().is_ok();
    if error.rolled_back && !undone {
        sql.end_unit_of_work(true);
    }
    Err(if error.rolled_back || undone { outcome(&error) } else { XaRetVal::SERVER_ERROR })
}

/// Starts, joins or resumes a branch.
fn start(sql: &mut SqlSession, link: &mut XaLink, name: BranchName, flags: u32, timeout: Option<u64>) -> Outcome {
    if !matches!(flags, 0 | xaflags::JOIN | xaflags::RESUME) {
        return Err(XaRetVal::INVALID);
    }
    if link.is_associated() || flags != 0 && timeout.is_some() {
        return Err(XaRetVal::PROTOCOL);
    }
    sql.cursors.settle(None, None);
    if link.switch.changed().unwrap_or_else(|| sql.uow.has_changed()) {
        return Err(XaRetVal::OUTSIDE);
    }
    sql.rollback().map_err(|_| XaRetVal::SERVER_ERROR)?;
    if flags == 0 {
        let deadline = timeout.filter(|timeout| *timeout > 0);
        let deadline = deadline.and_then(|timeout| Instant::now().checked_add(Duration::from_millis(timeout)));
        link.start(name, deadline, &sql.budget)?;
    } else {
        link.go_on(name, flags == xaflags::RESUME)?;
    }
    Ok(XaRetVal::OK)
}

/// Ends or suspends the association with a branch. What its queries have still to give is gone. Where an error among that
/// has cost the transaction, the branch can only be rolled back, and its manager hears it here.
fn end(sql: &mut SqlSession, link: &mut XaLink, name: &BranchName, flags: u32) -> Outcome {
    let (suspends, fails) = match flags {
        xaflags::SUSPEND => (true, false),
        xaflags::FAIL => (false, true),
        xaflags::SUCCESS => (false, false),
        _ => return Err(XaRetVal::INVALID),
    };
    if link.works_for(name) {
        sql.cursors.settle(None, None);
        sql.end_unit_of_work(true);
        if let Some(error) = link.lost() {
            link.doom(&error);
            // It has nothing to undo.
            let _ = sql.engine().rollback();
        }
        return Ok(link.end(suspends, fails));
    }
    if suspends {
        return Err(XaRetVal::PROTOCOL);
    }
    link.end_suspended(name, fails).map(|()| XaRetVal::OK)
}

/// Prepares a branch. One that has changed nothing is over.
fn prepare(link: &XaLink, name: &BranchName) -> Outcome {
    let mut ending = link.branches.end(name, Step::Prepare)?;
    let Some(work) = &mut ending.work else { return Err(XaRetVal::PROTOCOL) };
    let Some(open) = work.session.as_mut().filter(|_| work.changed && work.doomed.is_none()) else {
        let (doomed, session) = (work.doomed, work.session.take());
        return give_back(link, session, doomed.is_some()).and_then(|()| doomed.map_or(Ok(XaRetVal::READ_ONLY), Err));
    };
    match open.session.prepare_to_commit() {
        Ok(()) => {
            ending.prepared();
            Ok(XaRetVal::OK)
        }
        Err(error) => {
            give_back(link, work.session.take(), true)?;
            Err(outcome(&error))
        }
    }
}

/// Commits a branch, in one phase or as the second.
fn commit(link: &XaLink, name: &BranchName, one_phase: bool) -> Outcome {
    let mut ending = link.branches.end(name, Step::Commit { one_phase })?;
    let Some(work) = &mut ending.work else { return Err(XaRetVal::PROTOCOL) };
    let (doomed, session) = (work.doomed, work.session.take());
    // Until the engine has answered nobody knows, and that has to stay known should it never answer.
    ending.stays(XaRetVal::HAZARD);
    match give_back(link, session, doomed.is_some()) {
        Ok(()) => {
            ending.over();
            doomed.map_or(Ok(XaRetVal::OK), Err)
        }
        Err(XaRetVal::HAZARD) => {
            tracing::warn!("nobody knows whether a branch of a global transaction was committed");
            Err(XaRetVal::HAZARD)
        }
        Err(error) if one_phase => {
            ending.over();
            Err(error)
        }
        Err(_) => {
            // The engine could not keep what it had promised.
            tracing::warn!("a prepared branch of a global transaction was rolled back");
            ending.stays(XaRetVal::HEURISTIC_ROLLBACK);
            Err(XaRetVal::HEURISTIC_ROLLBACK)
        }
    }
}

fn rollback(link: &XaLink, name: &BranchName) -> Outcome {
    let mut ending = link.branches.end(name, Step::Rollback)?;
    let session = ending.work.as_mut().and_then(|work| work.session.take());
    give_back(link, session, true).map(|()| XaRetVal::OK)
}

/// Ends the transaction of a branch's session. The connection works on with it where it has none. A commit that fails is
/// undone; HAZARD where that fails as well.
fn give_back(link: &XaLink, session: Option<OpenSession>, rolls_back: bool) -> std::result::Result<(), XaRetVal> {
    let Some(mut open) = session else { return Ok(()) };
    let done = if rolls_back { open.session.rollback() } else { open.session.commit() };
    match done {
        Ok(()) => {
            link.switch.put_back(Some(open));
            Ok(())
        }
        // Dropped, the session rolls back.
        Err(error) if rolls_back || error.rolled_back || open.session.rollback().is_ok() => Err(outcome(&error)),
        Err(_) => Err(XaRetVal::HAZARD),
    }
}
