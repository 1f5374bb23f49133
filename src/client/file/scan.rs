//! A whole file, or a part of it, as Arrow record batches. The next blocks are asked for before one is decoded, so
//! they travel meanwhile: the request after the one under way waits in the queue of the connection, which sends it
//! as soon as that one is answered, however long a block takes its reader. No more than these three wait.

use super::handle::Handle;
use super::open_member::OpenMember;
use super::position::number;
use super::range::{KeyRange, Start, Taken};
use crate::client::batch_source::{BatchSource, Wait};
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::client::limits::{BatchDelay, Decoded, Limits, until};
use crate::client::spare_memory::let_go_soon;
use crate::client::warning::Warning;
use crate::column::file::decode::RecordDecoder;
use crate::flow::file::exchange::FileReply;
use crate::flow::file::read::{self, FoundRecord, RecordBlock};
use crate::net::channel::Pending;
use crate::net::transport::Deadline;
use crate::wire::file::control::{Share, Which};
use crate::wire::value::record_layout::Stride;
use arrow_schema::SchemaRef;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle as Runtime;

/// Records decoded between two looks at the size of the batch.
const CHUNK: usize = 1024;
/// Blocks asked for ahead of the one being decoded.
const AHEAD: usize = 2;
/// How long a block that nobody waits for may take before the connection is given up.
const DRAIN: Duration = Duration::from_secs(30);

/// Which records are wanted.
#[derive(Debug)]
pub(super) enum ScanPart {
    All,
    /// Those with numbers from the first to the last.
    Numbers(u32, u32),
    /// Those with keys of a range.
    Keys(Box<KeyRange>),
}

/// Records being read. Dropped before its end, it closes its open file in the background.
pub struct ScanStream {
    remote: Arc<OpenMember>,
    handle: Option<Handle>,
    stride: Stride,
    count: u16,
    decoder: RecordDecoder,
    limits: Limits,
    /// How long records in hand wait for more.
    patience: BatchDelay,
    /// The next blocks, on their way or asked for as soon as those before them have come.
    under_way: VecDeque<Pending<FileReply>>,
    /// The block being decoded, and its first record that was not.
    block: Option<(RecordBlock, usize)>,
    part: ScanPart,
    handed_out: u64,
    /// Values that were counted as made NULL.
    counted: BTreeMap<String, u64>,
    /// The server has said that there are no more.
    ended: bool,
    failure: Option<Error>,
    /// The values that were made NULL have been told.
    warned: bool,
}

impl std::fmt::Debug for ScanStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScanStream")
            .field("file", &self.remote.name)
            .field("rows", &self.handed_out)
            .finish_non_exhaustive()
    }
}

impl ScanStream {
    pub(super) async fn new(remote: Arc<OpenMember>, handle: Handle, mut part: ScanPart) -> Result<ScanStream> {
        let start = match &mut part {
            ScanPart::Numbers(first, _) if *first > 1 => {
                seek(&remote, &handle, *first).await?;
                None
            }
            ScanPart::Keys(range) => range.start.take(),
            _ => None,
        };
        let decoder = RecordDecoder::new(&remote.shown, &remote.options.values)
            .map_err(|e| remote.bad(&e.into(), Phase::Fetch))?;
        let stride = handle.received();
        if stride.rrn.is_none() && (matches!(part, ScanPart::Numbers(..)) || remote.options.values.rrn.is_some()) {
            let text = format!("{}: the server sends no record numbers with this file", remote.name);
            return Err(Error::new(ErrorClass::NotSupported, Phase::Fetch, "0A000", text));
        }
        let limits = Limits { delay: remote.inner.config.base.batch_delay, ..Limits::default() };
        let mut stream = ScanStream {
            stride,
            count: handle.block(remote.block()),
            handle: None,
            remote,
            decoder,
            limits,
            patience: BatchDelay::default(),
            under_way: VecDeque::new(),
            block: None,
            part,
            handed_out: 0,
            counted: BTreeMap::new(),
            ended: false,
            failure: None,
            warned: false,
        };
        let found = match start {
            Some(start) => Some(first(&stream.remote, &handle, start).await?),
            None => None,
        };
        stream.handle = Some(handle);
        match found {
            None => stream.ask(1)?,
            Some(Some(block)) => stream.take(block)?,
            Some(None) => stream.end(),
        }
        Ok(stream)
    }

    /// Records handed out so far.
    pub fn rows(&self) -> u64 {
        self.handed_out
    }

    /// Waits for a block, or for the records in hand to be due.
    async fn ready(&mut self) -> Result<()> {
        if self.block.is_some() || self.ended || self.failure.is_some() {
            return Ok(());
        }
        let handed_out = if self.decoder.is_empty() { None } else { self.patience.end(self.limits.delay) };
        let Some(pending) = self.under_way.front_mut() else { return Ok(()) };
        let answer = tokio::select! {
            biased;
            answer = self.remote.inner.wait(pending, Phase::Fetch) => answer,
            () = until(handed_out) => {
                self.patience.run_out();
                return Ok(());
            }
        };
        self.under_way.pop_front();
        let found = answer.and_then(|answer| {
            let layout = &self.handle.as_ref().map(|h| h.layout);
            let layout = layout.ok_or_else(|| Error::interface("the scan is closed"))?;
            read::found(answer, &layout).map_err(|e| self.remote.inner.flow_error(e, Phase::Fetch))
        });
        match found {
            Ok(FoundRecord::Records(block)) => self.take(block),
            Ok(FoundRecord::End(_)) => {
                self.end();
                Ok(())
            }
            Ok(FoundRecord::Nothing(message)) => {
                let e = crate::flow::error::FlowError::Host { first: Box::new(message), rest: Vec::new() };
                let e = self.remote.inner.flow_error(e, Phase::Fetch);
                self.fail(e);
                Ok(())
            }
            Err(e) => {
                let rows = self.handed_out + self.decoder.len() as u64;
                let e = self.remote.about(e);
                self.fail(Error { message: format!("{} after {rows} records", e.message), ..e });
                Ok(())
            }
        }
    }

    /// A block has come: keeps what is wanted of it and asks for the next.
    fn take(&mut self, block: RecordBlock) -> Result<()> {
        let (mut first, mut last) = (0, block.count);
        // A block that is not full means that the end is near, and so does a number within reach of the last one.
        let mut ahead = if block.count >= usize::from(self.count) { AHEAD } else { 1 };
        match &mut self.part {
            ScanPart::All => {}
            ScanPart::Numbers(from, to) => {
                let numbers = |at: usize| {
                    let slot = block.slots.get(at * self.stride.increment..).unwrap_or_default();
                    number(slot, &self.stride).unwrap_or(0)
                };
                first = (0..block.count).take_while(|at| numbers(*at) < *from).count();
                last = (0..block.count).take_while(|at| numbers(*at) <= *to).count();
                match to.saturating_sub(numbers(block.count - 1)) {
                    0 => ahead = 0,
                    left if left <= u32::from(self.count) => ahead = 1,
                    _ => {}
                }
            }
            ScanPart::Keys(range) => match range.take(&block.slots, &self.stride, block.count) {
                Taken::All => {}
                Taken::First(count) => last = count,
                Taken::Disorder(_) => {
                    let text = "the server orders the keys otherwise than it describes them: read such records by \
                                read_key and next";
                    let e =
                        Error::new(ErrorClass::NotSupported, Phase::Fetch, "0A000", text).at(&self.remote.inner.peer);
                    let e = self.remote.about(e);
                    self.fail(e);
                    return Ok(());
                }
            },
        }
        let all = last == block.count;
        if first < last {
            self.block = Some((RecordBlock { count: last, ..block }, first));
        }
        if all && ahead > 0 {
            return self.ask(ahead);
        }
        self.end();
        Ok(())
    }

    /// Asks until so many blocks are on their way.
    fn ask(&mut self, ahead: usize) -> Result<()> {
        let Some(handle) = &self.handle else { return Ok(()) };
        let inner = &self.remote.inner;
        while self.under_way.len() < ahead {
            let request =
                read::get_many(inner.speech(), handle.dclnam, Which::Next, Share::Read, self.count, &handle.layout);
            match inner.submit(request, Phase::Fetch) {
                Ok(pending) => self.under_way.push_back(pending),
                // Those under way may have come, or know the cause.
                Err(_) if !self.under_way.is_empty() => break,
                // Records that have come are handed out first.
                Err(e) => {
                    self.fail(e);
                    break;
                }
            }
        }
        Ok(())
    }

    fn size(&self) -> usize {
        self.decoder.bytes()
    }

    fn batch(&mut self) -> Result<Decoded> {
        self.patience.renew();
        match self.decoder.finish() {
            Ok(batch) => {
                self.handed_out += batch.num_rows() as u64;
                self.remote.count(&self.decoder, &mut self.counted);
                Ok(Decoded::Batch(batch))
            }
            Err(e) => {
                let e = self.remote.bad(&e, Phase::Fetch);
                Err(self.fail(e))
            }
        }
    }

    /// No more records are read; the error is told again and again.
    fn fail(&mut self, e: Error) -> Error {
        self.failure.get_or_insert_with(|| e.clone());
        self.block = None;
        self.let_go();
        e
    }

    fn end(&mut self) {
        self.ended = true;
        self.let_go();
    }

    /// No batch comes any more.
    fn let_go_of_memory(&mut self) {
        self.decoder.let_go();
        let_go_soon(&self.remote.options.values.values.memory);
    }

    /// Closes in the background, after the blocks that are on their way: nobody wants them, but who gave them up
    /// early would give up the connection too.
    fn let_go(&mut self) {
        let (under_way, handle) = (std::mem::take(&mut self.under_way), self.handle.take());
        drop(handle);
        if under_way.is_empty() {
            return;
        }
        let Ok(runtime) = Runtime::try_current() else { return };
        runtime.spawn(async move {
            for mut pending in under_way {
                let _ = pending.wait(Some(Deadline::after(DRAIN))).await;
            }
        });
    }
}

impl BatchSource for ScanStream {
    fn schema(&self) -> SchemaRef {
        self.decoder.schema()
    }

    fn set_limits(&mut self, limits: Limits) {
        self.limits = limits.of_a_row_or_more();
    }

    fn decode(&mut self) -> Result<Decoded> {
        loop {
            if self.decoder.len() >= self.limits.rows || !self.decoder.is_empty() && self.size() >= self.limits.most() {
                return self.batch();
            }
            let Some((block, at)) = &mut self.block else {
                let over = self.ended || self.failure.is_some();
                return match (over, self.decoder.is_empty()) {
                    (false, _) if self.patience.is_over() => self.batch(),
                    (false, _) => Ok(Decoded::NeedBlock),
                    (true, false) => self.batch(),
                    (true, true) => {
                        self.let_go_of_memory();
                        self.failure.clone().map_or(Ok(Decoded::End), Err)
                    }
                };
            };
            let rows = CHUNK.min(self.limits.rows - self.decoder.len()).min(block.count - *at);
            let slots = block.slots.get(*at * self.stride.increment..).unwrap_or_default();
            let appended = self.decoder.append(slots, &self.stride, rows);
            *at += rows;
            if *at >= block.count {
                self.block = None;
            }
            if let Err(e) = appended {
                let e = self.remote.bad(&e, Phase::Fetch);
                // The columns are no longer of one length: what was begun is lost with the reader.
                if let Ok(decoder) = RecordDecoder::new(&self.remote.shown, &self.remote.options.values) {
                    self.decoder = decoder;
                }
                return Err(self.fail(e));
            }
        }
    }

    fn wait(&mut self) -> Wait<'_, ()> {
        Box::pin(self.ready())
    }

    /// Once it is over: how many values of which fields were read as NULL, a single time.
    fn take_warnings(&mut self) -> Vec<Warning> {
        let over = (self.ended || self.failure.is_some()) && self.block.is_none() && self.decoder.is_empty();
        if !over || std::mem::replace(&mut self.warned, true) {
            return Vec::new();
        }
        let nulled = self.counted.iter();
        let told = nulled.map(|(field, n)| format!("field {field}: {n} values that mean nothing were read as NULL"));
        told.map(|text| Warning::general(&text)).collect()
    }
}

impl Drop for ScanStream {
    fn drop(&mut self) {
        self.let_go();
        self.let_go_of_memory();
    }
}

/// The first record of a range of keys, if there is one.
async fn first(remote: &OpenMember, handle: &Handle, start: Start) -> Result<Option<RecordBlock>> {
    let Start { which, fields, key } = start;
    let (speech, format) = (remote.inner.speech(), &remote.format.name);
    let request = read::get_key(speech, handle.dclnam, which, Share::Read, format, fields, key);
    let answer = remote.inner.talk(request, Phase::Fetch).await.map_err(|e| remote.about(e))?;
    let found = read::found(answer, &handle.layout);
    match found.map_err(|e| remote.about(remote.inner.flow_error(e, Phase::Fetch)))? {
        FoundRecord::Records(block) => Ok(Some(block)),
        FoundRecord::End(_) | FoundRecord::Nothing(_) => Ok(None),
    }
}

/// Puts the position in front of the first record with a number of at least `first`, or somewhat
/// before it: a record that is not there cannot be gone to, so steps that double look for one.
async fn seek(remote: &OpenMember, handle: &Handle, first: u32) -> Result<()> {
    let speech = remote.inner.speech();
    let (mut back, mut rrn) = (1, first - 1);
    while rrn > 0 {
        let request = read::get_direct(speech, handle.dclnam, Share::Read, &remote.format.name, rrn);
        let answer = remote.inner.talk(request, Phase::Fetch).await.map_err(|e| remote.about(e))?;
        let found = read::found(answer, &handle.layout);
        match found.map_err(|e| remote.about(remote.inner.flow_error(e, Phase::Fetch)))? {
            FoundRecord::Records(_) => return Ok(()),
            FoundRecord::End(_) | FoundRecord::Nothing(_) => rrn = rrn.saturating_sub(back),
        }
        back = back.saturating_mul(2);
    }
    let answer = remote.inner.talk(read::feod(speech, handle.dclnam, true), Phase::Fetch).await?;
    read::positioned(answer).map_err(|e| remote.about(remote.inner.flow_error(e, Phase::Fetch)))
}
