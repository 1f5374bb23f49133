//! The part that a connection for files, its open files and its scans share.

use super::config::FileConfig;
use super::file_name::FileName;
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::column::batch_memory::BatchMemory;
use crate::flow::error::FlowError;
use crate::flow::file::command;
use crate::flow::file::connect::FileSession;
use crate::flow::file::exchange::{Exchange, FileReply, TextEncoding};
use crate::flow::secmec::caution::Caution;
use crate::net::channel::{Channel, Pending};
use crate::net::error::NetError;
use crate::net::transport::Deadline;
use crate::wire::ddm::error::MessageError;
use crate::wire::file::message::HostMessage;
use crate::wire::file::system_name::DclNam;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

/// The part that they share.
#[derive(Debug)]
pub(super) struct FileInner {
    pub config: FileConfig,
    pub peer: String,
    pub session: FileSession,
    pub channel: Channel,
    /// Warnings about the connection from when it was made.
    pub caution: Caution,
    pub closed: AtomicBool,
    /// Commitment control was started.
    pub commit: AtomicBool,
    /// Files opened so far.
    pub opened: AtomicU32,
    /// One starts commitment control at a time.
    pub starting: tokio::sync::Mutex<()>,
    /// One describes at a time: the outfiles have fixed names.
    pub describing: tokio::sync::Mutex<()>,
    /// Of the batches of its scans.
    pub memory: BatchMemory,
}

impl FileInner {
    pub(super) fn speech(&self) -> TextEncoding {
        self.session.speech
    }

    /// A name in the page of the job, before anything is sent.
    pub(super) fn spelt(&self, name: &FileName) -> Result<FileName> {
        name.in_page(self.speech().ccsid).map_err(|e| Error::from(e).at(&self.peer))
    }

    /// A name for another open file.
    pub(super) fn dclnam(&self) -> DclNam {
        DclNam::numbered(self.opened.fetch_add(1, Ordering::Relaxed).wrapping_add(1))
    }

    pub(super) fn usable(&self, phase: Phase) -> Result<()> {
        if self.closed.load(Ordering::Acquire) {
            let e = Error::new(ErrorClass::Interface, phase, "08003", "the connection is closed");
            return Err(e.at(&self.peer).broken());
        }
        match self.channel.broken() {
            None => Ok(()),
            Some(why) => Err(self.error(NetError::Broken(why), phase)),
        }
    }

    pub(super) fn error(&self, e: NetError, phase: Phase) -> Error {
        let e = Error::from_net(e, phase).at(&self.peer);
        if self.channel.broken().is_some() {
            return e.broken();
        }
        if !e.connection_usable {
            self.channel.abort(&e.message);
        }
        e
    }

    pub(super) fn flow_error(&self, e: FlowError, phase: Phase) -> Error {
        self.error(NetError::Flow(e), phase)
    }

    /// A request and its answer.
    pub(super) async fn talk(
        &self,
        exchange: std::result::Result<Exchange, MessageError>,
        phase: Phase,
    ) -> Result<FileReply> {
        let mut pending = self.submit(exchange, phase)?;
        self.wait(&mut pending, phase).await
    }

    /// A request whose answer is waited for later.
    pub(super) fn submit(
        &self,
        exchange: std::result::Result<Exchange, MessageError>,
        phase: Phase,
    ) -> Result<Pending<FileReply>> {
        self.usable(phase)?;
        // What cannot be spelled was never sent: the connection is as it was.
        let exchange =
            exchange.map_err(|e| Error::new(ErrorClass::Interface, phase, "22021", e.to_string()).at(&self.peer))?;
        self.channel.submit(exchange).map_err(|e| self.error(e, phase))
    }

    pub(super) async fn wait(&self, pending: &mut Pending<FileReply>, phase: Phase) -> Result<FileReply> {
        self.wait_for(pending, phase, self.config.base.statement_timeout).await
    }

    /// The same for no longer than `limit`, if there is one.
    pub(super) async fn wait_for(
        &self,
        pending: &mut Pending<FileReply>,
        phase: Phase,
        limit: Option<Duration>,
    ) -> Result<FileReply> {
        let deadline = limit.map(Deadline::after);
        pending.wait(deadline).await.map_err(|e| self.error(e, phase))
    }

    /// Runs a CL command: its messages, none of which means failure, or all of them as an error.
    pub(super) async fn command(&self, cl: &str) -> Result<Vec<HostMessage>> {
        let answer = self.talk(command::command(self.speech(), cl), Phase::Execute).await?;
        let mut messages = command::messages(answer).map_err(|e| self.flow_error(e, Phase::Execute))?;
        let Some(at) = messages.iter().position(is_failure) else { return Ok(messages) };
        let first = Box::new(messages.remove(at));
        Err(self.flow_error(FlowError::Host { first, rest: messages }, Phase::Execute))
    }
}

/// Messages with the letters of errors that only inform: outfiles created and filled.
const INFORMING: [&str; 4] = ["CPF9861", "CPF9862", "CPF3030", "CPF427D"];

/// Escape messages begin with CPF, or MCH for what the machine found; CPC, CPI and CPD never end a command.
fn is_failure(message: &HostMessage) -> bool {
    let letters = message.id.get(..3).unwrap_or_default();
    matches!(letters, "CPF" | "MCH" | "SQL" | "RNX") && !INFORMING.contains(&message.id.as_str())
}
