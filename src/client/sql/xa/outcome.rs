//! The answers to the steps of a branch, as errors that name the branch and the cure.

use super::step::step;
use super::xid::Xid;
use crate::client::error::{Error, ErrorClass, Phase, Result, of_outcome};
use crate::client::sql::inner::Inner;
use crate::flow::sql::sync::Sync;
use crate::net::error::NetError;
use crate::wire::sql::syncctl::{SyncCrd, SyncCtl, XaRetVal, synctype};

/// The cure of a branch that may wait for its outcome.
const CURE: &str = "look for it with tpc_recover() on another connection: where it is listed it waits, and \
                    tpc_commit(xid) or tpc_rollback(xid) ends it";

/// Refuses what the two sides have not agreed to.
pub(super) fn agreed(inner: &Inner) -> Result<()> {
    let refusal = |text: &str| Error::new(ErrorClass::NotSupported, Phase::Execute, "0A000", text).at(&inner.peer);
    match (inner.session.two_phase, inner.config.two_phase) {
        (true, _) => Ok(()),
        (false, false) => {
            Err(refusal("the connection takes no part in global transactions").hint("connect with two_phase=True"))
        }
        (false, true) => Err(refusal("the server takes no part in global transactions (XAMGR)")),
    }
}

/// A wait for the answers to some steps. Given up, nobody knows what became of them: so the connection goes.
struct Waiting<'a>(&'a Inner, bool);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.1 {
            self.0.channel.abort("the answer to a step of a global transaction was not waited for");
        }
    }
}

/// Takes steps of a branch; an answer for each.
pub(super) async fn take<const N: usize>(inner: &Inner, xid: &Xid, steps: [SyncCtl; N]) -> Result<[SyncCrd; N]> {
    let last = steps.last().map_or(synctype::LIST, |step| step.synctype);
    let tells = matches!(last, synctype::PREPARE | synctype::COMMIT);
    inner.work.branches().tell(xid, tells);
    let mut waiting = Waiting(inner, false);
    let flow = Sync::new(inner.session.clone(), steps.to_vec());
    let answered = inner.channel.run(flow, inner.end_deadline()).await;
    waiting.1 = true;
    let unheard = answered.as_ref().err().is_some_and(|e| inner.loses_the_answer(e));
    if !unheard && inner.channel.broken().is_none() {
        inner.work.branches().tell(xid, false);
    }
    match answered {
        Ok(answers) => answers.try_into().map_err(|_| Error::interface("an answer for each step is missing")),
        Err(e) if unheard => Err(lost(inner, xid, last, e)),
        Err(e) => Err(about(xid, inner.explained(e, Phase::Execute).await)),
    }
}

/// A step whose answer did not come.
fn lost(inner: &Inner, xid: &Xid, synctype: u8, e: NetError) -> Error {
    let commits = synctype == synctype::COMMIT;
    let phase = if commits { Phase::Commit } else { Phase::Execute };
    let e = inner.without_secrets(Error::from_net(e, phase)).at(&inner.peer).broken();
    let text = match synctype {
        synctype::PREPARE => format!("{xid} may be prepared: {}", e.message),
        synctype::ROLLBACK => format!("{xid} may not be rolled back: {}", e.message),
        _ => format!("{xid}: {}", e.message),
    };
    let e = inner.give_up_after(Error { message: text, ..e });
    if synctype == synctype::NEW { e } else { e.hint(CURE) }
}

fn about(xid: &Xid, e: Error) -> Error {
    Error { message: format!("{xid}: {}", e.message), ..e }
}

/// An answer that is not the one hoped for. `did` says what was tried: "prepare".
pub(super) fn refused(inner: &Inner, xid: &Xid, did: &str, answer: XaRetVal) -> Error {
    let (kind, state) = of_outcome(answer);
    let text = format!("{did} of {xid}: the server answered {}", answer.name());
    let retryable = matches!(state, "40001" | "57033");
    Error { retryable, ..Error::new(kind, Phase::Commit, state, text).at(&inner.peer) }
}

/// The same for a branch that was prepared and is not committed: the server has not kept its promise.
pub(super) fn broken_promise(inner: &Inner, xid: &Xid, answer: XaRetVal) -> Error {
    let text = format!("commit of {xid}, which was prepared: the server answered {}", answer.name());
    Error::new(ErrorClass::Integrity, Phase::Commit, "40003", text)
        .at(&inner.peer)
        .hint("somebody else has ended it, or the server has lost it; look at the data")
}

/// The same for a branch that still waits.
pub(super) fn still_waits(inner: &Inner, xid: &Xid, did: &str, answer: XaRetVal) -> Error {
    let e = refused(inner, xid, did, answer);
    e.hint(
        "the branch may still wait: call it again, here or with its xid on another connection; tpc_recover() lists \
            those that wait",
    )
}

/// The connection of a branch was lost, which is prepared or may be, or may be committed.
pub(super) fn lost_branch(inner: &Inner, xid: &Xid, told: bool, why: &str, phase: Phase) -> Error {
    let how = if told { "may wait for its outcome, or have ended" } else { "is prepared, and was told nothing" };
    let text = format!("{xid} {how}: the connection was lost ({why})");
    Error::new(ErrorClass::Operational, phase, "08007", text).at(&inner.peer).hint(CURE)
}

/// `e`, before which nothing was sent, of a branch that is prepared.
pub(super) fn waits(xid: &Xid, e: Error) -> Error {
    Error { message: format!("{xid} is prepared, and was told nothing: {}", e.message), ..e }.hint(CURE)
}

/// A commit of which nobody knows whether it was done.
pub(super) fn unknown(inner: &Inner, xid: &Xid, why: &str) -> Error {
    let text = format!("the outcome of the commit of {xid} is unknown: {why}");
    Error::new(ErrorClass::Operational, Phase::Commit, "08007", text).at(&inner.peer).hint(CURE)
}

/// A branch that has ended without its transaction manager's word: the server may forget it. Not an error where it ended as
/// it was to end.
pub(super) async fn heuristic(inner: &Inner, xid: &Xid, did: &str, answer: XaRetVal) -> Result<()> {
    let as_wanted = match answer {
        XaRetVal::HEURISTIC_COMMIT => did == "commit",
        XaRetVal::HEURISTIC_ROLLBACK => did == "rollback",
        _ => false,
    };
    tracing::warn!(%xid, outcome = answer.name(), "a branch ended without its transaction manager's word");
    let forgotten = take(inner, xid, [step(synctype::FORGET, xid)]).await;
    let e = refused(inner, xid, did, answer);
    let kept = match forgotten {
        Ok([done]) if done.xaretval == XaRetVal::OK => None,
        Ok([done]) => Some(done.xaretval.name()),
        Err(e) => Some(e.message),
    };
    match (as_wanted, kept) {
        (true, _) => Ok(()),
        (false, None) => Err(e.hint("look at the data: the server has forgotten the branch")),
        (false, Some(why)) => Err(e.hint(format!("look at the data; the server was to forget the branch, and: {why}"))),
    }
}
