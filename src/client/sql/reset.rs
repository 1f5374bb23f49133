//! A connection begun anew: another login on a socket of its own, after which nothing of the session before is left;
//! also after the connection was lost, where that cost no work.
//!
//! A second login on the same socket would save a handshake, but what it leaves differs by server. (Measured: Derby 10.14
//! answers another EXCSAT with levels by MGRLVLRM, and SECCHK with ACCRDB after one without by AGNPRMRM, and hangs up.)

use super::arrival::{Arrival, arrive, named};
use super::client_info;
use super::cursor_state::CursorState;
use super::inner::{Inner, lost_session};
use super::xa::goodbye::{leave_branches, lose_branch};
use crate::client::error::{Error, ErrorClass, Phase, Result, unknown_outcome};
use crate::client::token::with_password_of_now;
use crate::flow::sql::uow::EndWork;
use crate::net::transport::Deadline;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;
use tokio::time::timeout;

/// The answer to a rollback on the way out is waited for this long.
const GOODBYE: Duration = Duration::from_secs(2);

/// Makes a connection as it was when it was opened. When that fails it is closed.
pub(super) async fn reset(inner: &Inner) -> Result<()> {
    inner.work.outside_of_blocks()?;
    let _turn = inner.turn().await?;
    if inner.closed.load(Ordering::Acquire) {
        inner.usable(Phase::Execute)?;
    }
    let unfinished = Unfinished { inner, closes: true, why: "it could not be reset" };
    dismiss_readers(inner, "the reader was ended by a reset of the connection").await;
    if inner.channel.broken().is_none() {
        leave_branches(inner, Deadline::after(GOODBYE)).await;
        // The server undoes it by itself when the socket closes; locks are free sooner so.
        let goodbye = EndWork::rollback(inner.session.clone());
        let _ = inner.channel.run(goodbye, Some(Deadline::after(GOODBYE))).await;
    }
    begin_anew(inner).await?;
    inner.autocommit.store(inner.config.autocommit, Ordering::Release);
    inner.read_only.store(inner.config.read_only, Ordering::Release);
    unfinished.finish();
    Ok(())
}

/// Connects anew where the connection was lost, the user chose that, and neither work nor anything that statements had
/// set was lost with it; else the error of the loss is told, once.
pub(super) async fn come_back(inner: &Inner, phase: Phase) -> Result<()> {
    if !inner.is_away() {
        return Ok(());
    }
    let _returning = inner.returning.lock().await;
    if !inner.is_away() {
        return Ok(());
    }
    dismiss_readers(inner, "the connection was lost").await;
    lose_work(inner, phase)?;
    inner.found()?;
    begin_anew(inner).await
}

/// Ends the unit of work and the session of a connection that was lost: an error where there was something in them.
pub(super) fn lose_work(inner: &Inner, phase: Phase) -> Result<()> {
    let why = inner.channel.broken().unwrap_or_default();
    inner.end_readers(true, "the connection was lost");
    let waiting = lose_branch(inner, &why, phase);
    let work = &inner.work;
    let batch = work.batches.load(Ordering::Acquire) > 0;
    let open = work.open.load(Ordering::Acquire) || batch || work.outside_of_blocks().is_err();
    let lost = inner.lost_work(&why, phase);
    work.rolled_back();
    let untold = inner.untold.swap(false, Ordering::AcqRel);
    if let Some(e) = waiting {
        return Err(e);
    }
    if untold {
        // Somebody stopped waiting for the answer to a commit.
        return Err(Error { connection_usable: true, ..unknown_outcome(&why) }.at(&inner.peer));
    }
    match (open, inner.touched.swap(false, Ordering::AcqRel)) {
        (true, _) => Err(lost),
        (false, true) => Err(lost_session(&why, phase).at(&inner.peer)),
        (false, false) => Ok(()),
    }
}

/// Ends all readers, and waits until their tasks are over: none of them is to speak on another socket.
async fn dismiss_readers(inner: &Inner, why: &str) {
    let cursors: Vec<Arc<CursorState>> = {
        let readers = inner.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.iter().filter_map(Weak::upgrade).collect()
    };
    inner.end_readers(true, why);
    let gone = async {
        for cursor in cursors {
            cursor.closed().await;
        }
    };
    if timeout(GOODBYE, gone).await.is_err() {
        inner.channel.abort("a result was not ended in time");
    }
}

/// A change of sockets under way. Given up before its end, or failed, it leaves nothing that is half done: the socket is
/// given up, and with `closes` the connection.
struct Unfinished<'a> {
    inner: &'a Inner,
    closes: bool,
    why: &'static str,
}

impl Unfinished<'_> {
    fn finish(self) {
        std::mem::forget(self);
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if self.closes {
            self.inner.closed.store(true, Ordering::Release);
        }
        self.inner.channel.abort(self.why);
    }
}

/// Logs in on a new socket and goes on with that.
async fn begin_anew(inner: &Inner) -> Result<()> {
    if !inner.dials {
        let text = "the connection was made over a stream that was given: it cannot be made again";
        return Err(Error::new(ErrorClass::NotSupported, Phase::Config, "0A000", text).at(&inner.peer));
    }
    let config = with_password_of_now(inner.config.clone()).map_err(|e| e.at(&inner.peer))?;
    let deadline = Deadline::after(config.timeout);
    let arrival = arrive(&config, &inner.channel.counters(), deadline).await?;
    if !arrival.session.is_like(&inner.session) {
        let text = "the server is of another kind or release than before: open a connection of its own for it";
        arrival.channel.abort("its server is another one");
        return Err(Error::new(ErrorClass::Operational, Phase::Access, "08001", text).at(&named(&arrival.config)));
    }
    let Arrival { channel, session, tls, config, .. } = arrival;
    channel.set_depth(inner.depth());
    inner.peer.set(named(&config));
    inner.now().arrived(session, tls, (config.host, config.port));
    inner.channel.replace(&channel);
    let unfinished = Unfinished { inner, closes: false, why: "it was not told who works here" };
    inner.work.rolled_back();
    inner.untold.store(false, Ordering::Release);
    inner.touched.store(false, Ordering::Release);
    // Of a commit whose outcome nobody heard, nobody asks any more.
    let _ = inner.found();
    client_info::introduce(inner, deadline).await.map_err(|e| e.at(&inner.peer))?;
    unfinished.finish();
    tracing::info!(peer = %inner.peer, product = inner.session.prdid, "connection opened anew");
    Ok(())
}
