//! Blocks of statements that are kept or undone as a whole: a transaction, and savepoints for blocks within it. A block
//! ends exactly once, and what is not sure to be undone is not committed later: the connection is given up then.

use super::connection::Connection;
use super::inner::Inner;
use super::reset::come_back;
use super::unit_of_work::Blocks;
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::wire::sql::package::Isolation;
use crate::wire::value::product::Product;
use std::sync::atomic::Ordering;

/// The blocks of a connection.
#[derive(Debug)]
pub struct Transactions<'a>(pub &'a Connection);

impl Transactions<'_> {
    /// Begins the block of this name, which [`end`](Self::end) wants. The first one is a transaction: autocommit rests
    /// until its end. One within it is a savepoint. `owner` tells who it is: two at a time would undo each other's work.
    pub async fn begin(&self, owner: u64, block: u64) -> Result<()> {
        let inner = &self.0.0;
        if inner.is_within() {
            return Err(Error::interface("a transaction cannot begin while a call of many rows takes them"));
        }
        come_back(inner, Phase::Execute).await?;
        let turn = inner.turn().await?;
        inner.usable(Phase::Execute)?;
        inner.work.branches().outside()?;
        let depth = {
            let mut blocks = inner.work.blocks();
            if blocks.begun.is_empty() {
                return first_block(inner, &mut blocks, owner, block);
            }
            if blocks.owner != owner {
                let text = "another thread or task is in a transaction of this connection: use a connection of its own";
                return Err(Error::interface(text));
            }
            blocks.begun.len()
        };
        drop(turn);
        let set = format!("SAVEPOINT {} ON ROLLBACK RETAIN CURSORS", savepoint(depth + 1));
        self.0.run(&set, &[]).await.map_err(|e| match e.sqlstate.as_deref() {
            Some("3B002") => e.hint("Derby has one savepoint at a time: a third block has none"),
            _ => e,
        })?;
        inner.work.blocks().begun.push(block);
        Ok(())
    }

    /// Ends the block of this name: keeps its work when it went `well`, else undoes it, and that of blocks within it
    /// that have not ended. The end of the first one is a commit or a rollback. When the wait is given up the
    /// connection is closed. Nothing is to be undone of a block that did not begin.
    pub async fn end(&self, block: u64, well: bool) -> Result<()> {
        let inner = &self.0.0;
        let (place, depth, whole) = {
            let blocks = inner.work.blocks();
            let place = blocks.begun.iter().position(|begun| *begun == block);
            (place, blocks.begun.len(), blocks.ends == Some(inner.work.ends()))
        };
        let Some(number) = place.map(|place| place + 1) else {
            let text = "the block of transaction() is not under way: it did not begin, or ended with one around it";
            return if well { Err(Error::interface(text)) } else { Ok(()) };
        };
        let ending = Ending(inner, number);
        let kept = well && number == depth;
        let ended = match (number, kept, whole) {
            (1, true, true) => self.commit_block().await,
            (1, true, false) => self.undo_all().await.and(Err(cut(inner))),
            (1, false, _) => self.undo_all().await,
            (_, true, true) => self.0.run(&format!("RELEASE SAVEPOINT {}", savepoint(number)), &[]).await.map(drop),
            (_, true, false) => Err(cut(inner)),
            (_, false, true) => match self.0.run(&format!("ROLLBACK TO SAVEPOINT {}", savepoint(number)), &[]).await {
                Ok(_) => Ok(()),
                // The outer blocks find out at their ends.
                Err(e) => self.undo_all().await.and(Err(e)),
            },
            // The server has undone it with the rest.
            (_, false, false) => Ok(()),
        };
        ending.finish();
        if well && !kept && ended.is_ok() {
            let text = "blocks of transaction() end in the opposite order in which they began: this one is undone, with \
                        those within it";
            return Err(Error::interface(text));
        }
        ended
    }

    /// Commits; what cannot be committed is undone.
    async fn commit_block(&self) -> Result<()> {
        let committed = self.0.commit_now().await;
        match committed {
            Err(e) if e.connection_usable => self.undo_all().await.and(Err(e)),
            other => other,
        }
    }

    /// Undoes the whole unit of work: by the end of the connection, where the server does not do it.
    async fn undo_all(&self) -> Result<()> {
        let undone = self.0.rollback_now().await;
        undone.inspect_err(|e| self.0.0.channel.abort(&format!("a transaction was not rolled back: {}", e.message)))
    }
}

/// Begins a transaction. Its work is there from the start, so that a batch in it is undone by a savepoint.
fn first_block(inner: &Inner, blocks: &mut Blocks, owner: u64, block: u64) -> Result<()> {
    if inner.session.product == Product::IbmI && inner.config.isolation == Isolation::NoCommit {
        let text = "isolation=nc has no transactions: what is done stays";
        return Err(Error::new(ErrorClass::NotSupported, Phase::Execute, "0A000", text));
    }
    if inner.work.open.load(Ordering::Acquire) {
        let text = "statements before it were not committed: commit() or rollback() before transaction(), or \
                    connect with autocommit=True";
        return Err(Error::new(ErrorClass::Interface, Phase::Execute, "25001", text));
    }
    let autocommit = inner.autocommit.swap(false, Ordering::AcqRel);
    inner.work.open.store(true, Ordering::Release);
    *blocks = Blocks { begun: vec![block], owner, autocommit, ends: Some(inner.work.ends()) };
    Ok(())
}

fn savepoint(number: usize) -> String {
    format!("DRDARROW_T{number}")
}

/// Why a block cannot be kept as a whole.
fn cut(inner: &Inner) -> Error {
    let text = "the server rolled the transaction back before its end: nothing of it is kept";
    Error { retryable: true, ..Error::new(ErrorClass::Operational, Phase::Commit, "40000", text).at(&inner.peer) }
}

/// A block that is ending, and its number from 1. Given up in between, it leaves work of which nobody knows: so the connection goes.
struct Ending<'a>(&'a Inner, usize);

impl Ending<'_> {
    /// It has ended, well or not.
    fn finish(self) {
        self.leave();
        std::mem::forget(self);
    }

    fn leave(&self) {
        let mut blocks = self.0.work.blocks();
        blocks.begun.truncate(self.1 - 1);
        if blocks.begun.is_empty() {
            self.0.autocommit.store(blocks.autocommit, Ordering::Release);
        }
    }
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.channel.abort("the end of a transaction was not waited for");
        self.leave();
    }
}
