//! An open file on the server. Dropped, it is closed in the background. If the wait for an open is given up,
//! nothing stays open.

use super::inner::FileInner;
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::flow::file::open;
use crate::net::transport::Deadline;
use crate::wire::file::buffer::BufferLayout;
use crate::wire::file::open::Ufcb;
use crate::wire::file::opnfb::OpenFeedback;
use crate::wire::file::system_name::DclNam;
use crate::wire::value::record_layout::Stride;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle as Runtime;

/// How long a close that nobody waits for may take before the connection is given up.
const DRAIN: Duration = Duration::from_secs(30);
/// From the end of a record to its number.
const RRN: usize = 2;

/// An open file.
#[derive(Debug)]
pub(super) struct Handle {
    pub inner: Arc<FileInner>,
    pub dclnam: DclNam,
    pub feedback: OpenFeedback,
    pub layout: BufferLayout,
    /// How many fields there are is known from the feedback alone.
    told: bool,
    open: bool,
}

impl Handle {
    /// Opens what `ufcb` says, whose records have so many fields, where that is known.
    pub(super) async fn open(inner: &Arc<FileInner>, ufcb: Ufcb, fields: Option<usize>) -> Result<Handle> {
        let inner = inner.clone();
        // A task of its own: if nobody waits any more, what it opened is dropped, and so closed.
        let task = tokio::spawn(async move {
            let dclnam = inner.dclnam();
            let answer = inner.talk(open::open(inner.speech(), dclnam, ufcb), Phase::Execute).await?;
            let opened = open::opened(answer).map_err(|e| inner.flow_error(e, Phase::Execute));
            let (feedback, advice) = opened?;
            for message in advice {
                tracing::debug!(id = message.id, text = message.text, "advice at an open");
            }
            let layout = BufferLayout { record: 0, increment: 0, null_map: None, fields: 0 };
            let mut handle = Handle { inner, dclnam, feedback, layout, told: false, open: true };
            handle.lay(fields)?;
            Ok(handle)
        });
        let gone = |e: tokio::task::JoinError| Error::new(ErrorClass::Internal, Phase::Execute, "58004", e.to_string());
        task.await.map_err(gone)?
    }

    /// Takes so many fields for those of its records, or as many as its feedback has room for. What does not fit is
    /// wrong with this file alone: the talk goes on.
    pub(super) fn lay(&mut self, fields: Option<usize>) -> Result<()> {
        let layout = match fields {
            Some(fields) => BufferLayout::new(&self.feedback, fields),
            None => BufferLayout::told(&self.feedback),
        };
        self.layout = layout.map_err(|e| {
            let text = format!("its open feedback makes no sense: {e}");
            Error::new(ErrorClass::Internal, Phase::Execute, "58009", text).at(&self.inner.peer)
        })?;
        self.told = fields.is_none();
        Ok(())
    }

    /// How its slots lie as the server sends them.
    pub(super) fn received(&self) -> Stride {
        let BufferLayout { record, increment, null_map, .. } = self.layout;
        let rrn = Some(record + RRN).filter(|at| at + 4 <= increment);
        Stride { record, increment, null_map, rrn }
    }

    /// How its slots lie as the server takes them.
    pub(super) fn sent(&self) -> Stride {
        let BufferLayout { record, increment, null_map, .. } = self.layout;
        // Where the number of fields is not known, none of them is made NULL, wherever their map begins.
        let null_map = if self.told { null_map } else { self.layout.null_map_sent() };
        Stride { record, increment, null_map, rrn: None }
    }

    /// The most records of one request, of those that were asked for.
    pub(super) fn block(&self, asked: u16) -> u16 {
        match self.feedback.block {
            0 => asked,
            most => asked.min(most),
        }
    }

    /// Closes it.
    pub(super) async fn close(mut self) -> Result<()> {
        self.open = false;
        let answer = self.inner.talk(open::close(self.inner.speech(), self.dclnam), Phase::Close).await?;
        open::closed(answer).map_err(|e| self.inner.flow_error(e, Phase::Close))
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if !self.open || self.inner.channel.broken().is_some() {
            return;
        }
        // Without a runtime there is no task left that could talk to the server either.
        let Ok(runtime) = Runtime::try_current() else { return };
        let Ok(close) = open::close(self.inner.speech(), self.dclnam) else { return };
        // In the queue before whatever its owner asks next: a file that is open cannot be deleted.
        let Ok(mut pending) = self.inner.channel.submit(close) else { return };
        runtime.spawn(async move {
            // Whether it closes or not, nobody uses it any more.
            if let Err(e) = pending.wait(Some(Deadline::after(DRAIN))).await {
                tracing::debug!(error = %e, "a file was not closed");
            }
        });
    }
}
