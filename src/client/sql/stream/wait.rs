//! The waiting half of a result set: for blocks, and for large values that locators stand for.

use super::QueryStream;
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::client::giving_up;
use crate::client::limits::{passed, until};
use crate::client::sql::cursor_state::CursorState;
use crate::client::sql::inner::sqlca;
use crate::client::sql::prefetch::Fetched;
use crate::flow::sql::locator::Ask;
use crate::net::error::{ConnectStage, NetError};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

impl QueryStream {
    /// Waits for a block, for large values, or for the rows in hand to be due.
    pub(super) async fn ready(&mut self) -> Result<()> {
        if self.ended {
            if let Some(settled) = &mut self.settled {
                // Nothing is said where all went well.
                self.failure = settled.await.ok();
                self.settled = None;
            }
            return Ok(());
        }
        let handed_out = if self.batch.rows() > 0 { self.patience.end(self.limits.delay) } else { None };
        if self.parked.is_some() {
            // Those that came with the open may be many.
            if passed(handed_out) && !self.joined {
                self.patience.run_out();
                return Ok(());
            }
            self.fetch_large().await;
            return Ok(());
        }
        if let Ok(received) = self.blocks.try_recv() {
            self.receive(received).await;
            return Ok(());
        }
        if passed(handed_out) && !self.joined {
            self.patience.run_out();
            // Who allowed a wait reads on; who did not may never ask again.
            if !self.by_locator && self.limits.delay != Some(Duration::ZERO) {
                self.cursor.demand();
            }
            return Ok(());
        }
        self.joined |= self.by_locator && self.batch.rows() > 0;
        self.cursor.demand();
        let limit = self.inner.config.statement_timeout;
        let gives_up = limit.and_then(|limit| Instant::now().checked_add(limit));
        let mut asking = Asking(Some(self.cursor.clone()));
        tokio::select! {
            biased;
            // Ended from outside: decode() tells why.
            () = self.cursor.changed.notified() => {}
            received = self.blocks.recv() => {
                let lost = || Err(NetError::Broken(self.inner.channel.broken().unwrap_or_default()));
                let received = received.unwrap_or_else(lost);
                self.receive(received).await;
            }
            () = until(handed_out), if !self.joined => self.patience.run_out(),
            () = until(gives_up) => self.overdue(limit.unwrap_or_default()).await,
        }
        asking.0 = None;
        Ok(())
    }

    /// The fetch takes too long: the server is told to break it off, and answers to that.
    async fn overdue(&mut self, after: Duration) {
        if self.cursor.break_off() {
            match self.blocks.recv().await {
                Some(Err(NetError::BrokenOff | NetError::Broken(_))) | None => {}
                Some(received) => return self.receive(received).await,
            }
            // Ended from outside: decode() tells why.
            if self.cursor.why_ended().is_some() || self.cursor.is_cancelled() {
                return;
            }
        }
        self.inner.channel.abort("a fetch took longer than statement_timeout");
        let e = NetError::Timeout { stage: ConnectStage::Reply, after };
        self.fail(Error::from_net(e, Phase::Fetch).at(&self.inner.peer).broken());
    }

    /// Takes in what the pump has fetched.
    async fn receive(&mut self, received: Fetched) {
        match received {
            Ok((answer, permit)) => {
                self.permit = Some(permit);
                if let Some(failure) = self.take(answer) {
                    // Kept before it is asked about: a caller that stops waiting here must not lose it.
                    let failure = failure.into();
                    let sqlca = sqlca(&failure);
                    let e = self.inner.error(failure, Phase::Fetch);
                    self.failure = Some(e.clone());
                    if let Some(sqlca) = sqlca {
                        self.failure = Some(self.inner.in_words(e, sqlca).await);
                    }
                }
            }
            Err(e) => {
                let e = self.inner.error(e, Phase::Fetch);
                self.failure =
                    Some(Error { message: format!("{} after {} rows", e.message, self.rows.delivered()), ..e });
            }
        }
    }

    /// Fetches the large values of the row in hand. Cancel safe: what was fetched is kept.
    async fn fetch_large(&mut self) {
        let Some(lease) = self.inner.sections.take() else {
            return self.fail(Error::new(ErrorClass::Operational, Phase::Fetch, "54000", "too many open readers"));
        };
        while let Some(parked) = self.parked.as_mut() {
            let requests = parked.reading.next();
            if requests.is_empty() {
                self.inner.free(parked.reading.locators());
                return;
            }
            let ask = Ask::new(self.inner.session.clone(), lease.name.clone(), requests);
            let failure = match self.inner.talk(ask, Phase::Fetch).await {
                Ok(answers) => parked.reading.take(answers).err().map(|e| self.error(e)),
                // Ended from outside: decode() tells why.
                Err(_) if self.cursor.why_ended().is_some() => return,
                Err(e) => Some(e),
            };
            if let Some(e) = failure {
                return self.fail(e);
            }
        }
    }
}

/// A wait for rows. Interrupted, it ends what the server does for them.
struct Asking(Option<Arc<CursorState>>);

impl Drop for Asking {
    fn drop(&mut self) {
        if let Some(cursor) = self.0.take().filter(|_| giving_up::is_wanted()) {
            cursor.break_off();
        }
    }
}
