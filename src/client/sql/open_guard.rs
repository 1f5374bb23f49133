//! An open under way, of a query or of a procedure's result sets. If the wait for it is given up, whatever was
//! opened is closed in the background, so that no cursor stays open on the server.

use super::cursor_state::CursorState;
use super::inner::Inner;
use super::prefetch::Over;
use super::sections::SectionLease;
use crate::flow::sql::call::Called;
use crate::flow::sql::query::{Close, OpenedQuery, QueryOutcome};
use crate::net::channel::Pending;
use crate::net::error::NetError;
use crate::net::transport::Deadline;
use crate::wire::sql::package::PkgNamCsn;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// How long the answer to an open that nobody waits for may take before the connection is given up.
const DRAIN: Duration = Duration::from_secs(2);

/// The thing that an answer opened.
pub(super) trait Opens: Send + 'static {
    /// The queries, with the sections that they are fetched from; that of the command unless told.
    fn opened(&self) -> Vec<(Option<&PkgNamCsn>, &OpenedQuery)>;
}

impl Opens for QueryOutcome {
    fn opened(&self) -> Vec<(Option<&PkgNamCsn>, &OpenedQuery)> {
        match self {
            QueryOutcome::Opened(opened) => vec![(None, opened)],
            QueryOutcome::NoQuery => Vec::new(),
        }
    }
}

impl Opens for Called {
    fn opened(&self) -> Vec<(Option<&PkgNamCsn>, &OpenedQuery)> {
        self.sets.iter().map(|(section, opened)| (Some(section), opened)).collect()
    }
}

/// The open and the section that it uses.
pub(super) struct OpenGuard<T: Opens> {
    pub inner: Arc<Inner>,
    pub under_way: Option<(Pending<T>, SectionLease)>,
}

impl<T: Opens> OpenGuard<T> {
    /// Waits for the outcome; to be called once it returned no more.
    pub(super) async fn wait(&mut self, deadline: Option<Deadline>) -> Result<(T, SectionLease), NetError> {
        let gone = || NetError::Broken("the query was opened already".to_owned());
        let result = match &mut self.under_way {
            Some((pending, _)) => pending.wait(deadline).await,
            None => return Err(gone()),
        };
        // After the deadline the answer may still come: dropping the rest looks after it.
        if let Err(e @ (NetError::Timeout { .. } | NetError::BrokenOff)) = result {
            return Err(e);
        }
        let (_, lease) = self.under_way.take().ok_or_else(gone)?;
        Ok((result?, lease))
    }
}

impl<T: Opens> Drop for OpenGuard<T> {
    fn drop(&mut self) {
        let Some((mut pending, lease)) = self.under_way.take() else { return };
        // Without a runtime there is no task left that could talk to the server either.
        let Ok(runtime) = Handle::try_current() else { return };
        let inner = self.inner.clone();
        // As a reader that was given up: ends of the unit of work and changes of its tables wait for it.
        let cursor = CursorState::new(false);
        inner.reader_opened(&cursor);
        cursor.stop(false);
        pending.breaker().break_off();
        runtime.spawn(async move {
            let _over = Over(cursor.clone());
            match pending.wait(Some(Deadline::after(DRAIN))).await {
                Ok(outcome) => {
                    for (section, opened) in outcome.opened() {
                        if !opened.answer.closed && opened.answer.failure.is_none() {
                            let section = section.unwrap_or(&lease.name).clone();
                            let close = Close::new(inner.session.clone(), section, opened.instance);
                            // A query that is not open any more refuses; that is as good as closed.
                            let _ = inner.channel.run(close, Some(Deadline::after(DRAIN))).await;
                        }
                    }
                }
                Err(NetError::Timeout { .. } | NetError::BrokenOff) => {
                    inner.channel.abort("the server did not answer a request that was given up");
                }
                Err(_) => {}
            }
            drop(lease);
            // Of a connection that is gone its next user hears anyway.
            if let Err(e) = inner.reader_closed(&cursor).await
                && inner.channel.broken().is_none()
            {
                inner.lose(e);
            }
        });
    }
}
