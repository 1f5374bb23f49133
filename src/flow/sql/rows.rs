//! Blocks in, chunks of rows out: joins rows that were cut between blocks, reads the SQLCAs that stand among
//! rows, and gives each row the large objects that travelled after it.

use super::locator::{LobKind, Locator};
use super::row_lobs::{Objects, RowLobs};
use super::session::Session;
use crate::flow::bounds::ABSENT_ROWS;
use crate::flow::error::FlowError;
use crate::wire::codec::error::WireError;
use crate::wire::codec::reader::Reader;
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::error::MessageError;
use crate::wire::fdoca::row::{Counts, Offsets, WalkStop, Walker};
use crate::wire::sql::error::DrdaError;
use crate::wire::sql::sqlca::Sqlca;
use crate::wire::sql::text::SqlText;
use crate::wire::value::cell::{Lob, NULL};
use crate::wire::value::field::Field;
use crate::wire::value::product::Product;
use crate::wire::value::typdef::TypDef;
use bytes::Bytes;
use std::collections::VecDeque;

/// The contents of one reply: rows, and the large objects after them.
#[derive(Debug, Clone, Default)]
pub struct QueryBlock {
    /// Data of QRYDTA.
    pub rows: Bytes,
    /// Data of each EXTDTA, in order.
    pub lobs: Vec<Bytes>,
}

impl QueryBlock {
    /// Bytes held.
    pub fn len(&self) -> usize {
        self.rows.len() + self.lobs.iter().map(Bytes::len).sum::<usize>()
    }

    /// True when nothing is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Rows whose cells were found; the offsets are in the [`Offsets`] handed to [`RowAssembler::next`].
#[derive(Debug)]
pub struct RowChunk {
    /// The bytes that the offsets point into.
    pub buf: Bytes,
    /// The large objects, for each column that has them: (column, row by row).
    pub lobs: Vec<(usize, Vec<Lob>)>,
    /// Of a row with locators: (column, locator unless NULL). Their values are still to be fetched.
    pub locators: Vec<(usize, Option<Locator>)>,
    /// Number of the first row in the result, from 1.
    pub first_row: u64,
}

/// The result of [`RowAssembler::next`].
#[derive(Debug)]
pub enum Event {
    /// Rows.
    Rows(RowChunk),
    /// A warning about the row that follows, or about the whole.
    Warning(Box<Sqlca>),
    /// Another block is needed.
    NeedBlock,
    /// There are no more rows.
    End,
}

/// The state of one answer set being read.
#[derive(Debug)]
pub struct RowAssembler {
    walker: Walker,
    /// Columns with locators: position, what they are of.
    locator_columns: Vec<(usize, LobKind)>,
    sqlam: u16,
    text: SqlText,
    queue: VecDeque<Bytes>,
    block: Bytes,
    pos: usize,
    /// The beginning of a row that was cut.
    tail: Vec<u8>,
    /// Bytes that the tail needs at least before it is worth another look.
    wanted: usize,
    lobs: RowLobs,
    delivered: u64,
    /// Rows announced as absent since the last one that was there.
    absent: usize,
    /// Bytes of a cut row and of what follows it that are put together at most.
    row_limit: usize,
    after_sqlca: bool,
    /// The last SQLCA that stood among the rows.
    condition: Option<Box<Sqlca>>,
    closed: bool,
    ended: bool,
}

/// Bytes added to a cut row at a time until it is whole.
const SPLICE: usize = 4096;
/// Longest SQLCA among rows; one that claims more is damaged, and would be waited for without end.
const SQLCA_LIMIT: usize = 256 << 10;

impl RowAssembler {
    /// For rows of these fields, sent by a server of this level and environment.
    pub fn new(fields: &[Field], sqlam: u16, typdef: TypDef) -> RowAssembler {
        RowAssembler::counting(fields, sqlam, typdef, Counts::Bytes)
    }

    fn counting(fields: &[Field], sqlam: u16, typdef: TypDef, counts: Counts) -> RowAssembler {
        let walker = Walker::new(fields, counts);
        let locators = fields.iter().enumerate().filter_map(|(i, f)| Some((i, LobKind::of_locator(f)?)));
        RowAssembler {
            row_limit: SQLCA_LIMIT + 2 * walker.longest_row() + 2 * SPLICE,
            walker,
            locator_columns: locators.collect(),
            sqlam,
            text: SqlText::new(&typdef),
            queue: VecDeque::new(),
            block: Bytes::new(),
            pos: 0,
            tail: Vec::new(),
            wanted: 0,
            lobs: RowLobs::new(fields, typdef.order()),
            delivered: 0,
            absent: 0,
            after_sqlca: false,
            condition: None,
            closed: false,
            ended: false,
        }
    }

    /// For rows of these fields, as the server of this session sends them.
    pub fn of(session: &Session, fields: &[Field]) -> RowAssembler {
        let counts = if session.product == Product::Derby { Counts::Units } else { Counts::Bytes };
        RowAssembler::counting(fields, session.sqlam, session.theirs, counts)
    }

    /// Refuses large objects of more than `bytes`.
    pub fn with_lob_limit(mut self, bytes: usize) -> RowAssembler {
        self.lobs.set_limit(bytes);
        self
    }

    /// Takes a block in.
    pub fn push(&mut self, block: QueryBlock) {
        self.queue.push_back(block.rows);
        self.lobs.push(block.lobs);
    }

    /// The server said that no block follows.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// Rows handed out so far.
    pub fn delivered(&self) -> u64 {
        self.delivered
    }

    /// The last condition that stood among the rows.
    pub fn condition(&self) -> Option<&Sqlca> {
        self.condition.as_deref()
    }

    /// True when the end of the rows was seen.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Finds the next rows, at most `limit`. `offsets` is cleared and filled.
    pub fn next(&mut self, limit: usize, offsets: &mut Offsets) -> Result<Event, FlowError> {
        let most = if self.locator_columns.is_empty() { self.lobs.together() } else { 1 };
        let limit = limit.min(most);
        loop {
            if self.ended {
                return Ok(Event::End);
            }
            offsets.clear();
            if self.pos >= self.block.len() {
                self.pos = 0;
                self.block = Bytes::new();
                match self.queue.pop_front() {
                    Some(block) => self.block = block,
                    None if self.closed => return self.end(),
                    None => return Ok(Event::NeedBlock),
                }
                if self.block.is_empty() && self.tail.is_empty() {
                    continue;
                }
            }
            let event = if self.tail.is_empty() { self.whole(limit, offsets)? } else { self.spliced(offsets)? };
            if let Some(event) = event {
                return Ok(event);
            }
        }
    }

    /// Walks the block in hand.
    fn whole(&mut self, limit: usize, offsets: &mut Offsets) -> Result<Option<Event>, FlowError> {
        let walked = self.walker.walk(&self.block, self.pos, self.after_sqlca, limit, offsets)?;
        if offsets.rows() > 0 {
            let buf = self.block.clone();
            let objects = self.lobs.of(&self.walker, self.delivered + 1, &buf, offsets)?;
            let mut end = walked.end;
            self.lobs.note(&objects, offsets.rows());
            if objects.rows < offsets.rows() {
                offsets.clear();
                end = self.walker.walk(&self.block, self.pos, self.after_sqlca, objects.rows, offsets)?.end;
            }
            self.after_sqlca = false;
            self.pos = end;
            return Ok(Some(Event::Rows(self.chunk(buf, offsets, objects)?)));
        }
        match walked.stop {
            WalkStop::Sqlca => {
                let block = self.block.clone();
                match self.read_sqlca(block.get(walked.end..).unwrap_or_default())? {
                    Some((n, event)) => {
                        self.pos = walked.end + n;
                        Ok(event)
                    }
                    None => self.keep_tail(walked.end),
                }
            }
            WalkStop::NoRow => {
                self.pos = walked.end;
                self.after_sqlca = false;
                self.count_absent()?;
                Ok(None)
            }
            WalkStop::Overlong { column, len, room } => Err(self.overlong(column, len, room)),
            WalkStop::Short | WalkStop::Full => self.keep_tail(walked.end),
        }
    }

    /// The row from `at` on is not whole: it is kept until the next block.
    fn keep_tail(&mut self, at: usize) -> Result<Option<Event>, FlowError> {
        self.tail.extend_from_slice(self.block.get(at..).unwrap_or_default());
        self.pos = self.block.len();
        Ok(None)
    }

    /// Completes the cut row with bytes from the front of the block.
    fn spliced(&mut self, offsets: &mut Offsets) -> Result<Option<Event>, FlowError> {
        loop {
            let had = self.tail.len();
            let more = self.block.get(self.pos..).unwrap_or_default();
            let take = more.len().min(SPLICE.max(had));
            if had > self.row_limit {
                return Err(WireError::TooLong { what: "row".into(), len: had, max: self.row_limit }.into());
            }
            self.tail.extend_from_slice(more.get(..take).unwrap_or_default());
            self.pos += take;
            if self.tail.len() < self.wanted {
                if self.pos >= self.block.len() {
                    return Ok(None);
                }
                continue;
            }
            self.wanted = 0;
            let walked = self.walker.walk(&self.tail, 0, self.after_sqlca, 1, offsets)?;
            if offsets.rows() > 0 {
                let row = Bytes::copy_from_slice(self.tail.get(..walked.end).unwrap_or_default());
                self.settle(walked.end, take);
                self.after_sqlca = false;
                let objects = self.lobs.of(&self.walker, self.delivered + 1, &row, offsets)?;
                return Ok(Some(Event::Rows(self.chunk(row, offsets, objects)?)));
            } else if walked.stop == WalkStop::Sqlca {
                let tail = std::mem::take(&mut self.tail);
                let read = self.read_sqlca(tail.get(walked.end..).unwrap_or_default())?;
                self.tail = tail;
                if let Some((n, event)) = read {
                    self.settle(walked.end + n, take);
                    return Ok(event);
                }
            } else if walked.stop == WalkStop::NoRow {
                self.settle(walked.end, take);
                self.after_sqlca = false;
                self.count_absent()?;
                return Ok(None);
            } else if let WalkStop::Overlong { column, len, room } = walked.stop {
                return Err(self.overlong(column, len, room));
            }
            if self.pos >= self.block.len() {
                return Ok(None);
            }
        }
    }

    /// `used` bytes of the tail are done with. Of the rest, what came from the block (`take`
    /// bytes were added last) goes back to it.
    fn settle(&mut self, used: usize, take: usize) {
        self.tail.drain(..used.min(self.tail.len()));
        let back = self.tail.len().min(take);
        self.pos -= back;
        self.tail.truncate(self.tail.len() - back);
    }

    /// Reads an SQLCA among the rows. None: it is cut. Else its length and what to report.
    fn read_sqlca(&mut self, bytes: &[u8]) -> Result<Option<(usize, Option<Event>)>, FlowError> {
        let mut r = Reader::new(bytes, "SQLCAGRP");
        let sqlca = match Sqlca::read_in_row(&mut r, self.sqlam, &self.text) {
            Ok(sqlca) => sqlca,
            Err(DrdaError::Message(MessageError::Wire(WireError::Truncated { at, need, .. }))) => {
                let len = at.saturating_add(need).max(bytes.len());
                if len > SQLCA_LIMIT {
                    return Err(WireError::TooLong { what: "SQLCAGRP".into(), len, max: SQLCA_LIMIT }.into());
                }
                self.wanted = len;
                return Ok(None);
            }
            Err(e) => return Err(e.into()),
        };
        self.after_sqlca = true;
        let Some(sqlca) = sqlca else { return Ok(Some((r.pos(), None))) };
        self.condition = Some(Box::new(sqlca.clone()));
        if sqlca.sqlcode < 0 {
            return Err(FlowError::Sql { sqlca: Box::new(sqlca), reply: None });
        }
        if sqlca.sqlcode == 100 {
            // The message that there is no row may follow, but nothing else.
            let rest = bytes.get(r.pos()..).unwrap_or_default();
            if !matches!(rest, [] | [0xFF]) {
                return Err(WireError::Trailing {
                    what: "QRYDTA after SQLCODE 100".into(),
                    at: r.pos(),
                    left: rest.len(),
                }
                .into());
            }
            self.ended = true;
            self.lobs.all_used()?;
            return Ok(Some((r.pos(), Some(Event::End))));
        }
        let event = (sqlca.sqlcode > 0).then(|| Event::Warning(Box::new(sqlca)));
        Ok(Some((r.pos(), event)))
    }

    /// A row that is not there brings nothing.
    fn count_absent(&mut self) -> Result<(), FlowError> {
        self.absent += 1;
        if self.absent > ABSENT_ROWS {
            let what = format!("{} rows without columns in a row", self.absent);
            return Err(WireError::invalid(cp::QRYDTA, 0, what).into());
        }
        Ok(())
    }

    #[cold]
    fn overlong(&self, column: usize, len: u32, room: u32) -> FlowError {
        FlowError::Overlong { row: self.delivered + 1, column: column + 1, len: len as usize, max: room as usize }
    }

    /// The server closed the query: nothing may be left half.
    fn end(&mut self) -> Result<Event, FlowError> {
        if !self.tail.is_empty() {
            let have = self.tail.len();
            return Err(WireError::Truncated { what: "row".into(), at: 0, need: have + 1, have }.into());
        }
        self.lobs.all_used()?;
        self.ended = true;
        Ok(Event::End)
    }

    /// Makes a chunk of the rows found in `buf`, which are as many as have these objects.
    fn chunk(&mut self, buf: Bytes, offsets: &Offsets, objects: Objects) -> Result<RowChunk, FlowError> {
        let first_row = self.delivered + 1;
        let lobs = self.lobs.hand_out(objects);
        let mut locators = Vec::with_capacity(self.locator_columns.len());
        for (column, kind) in &self.locator_columns {
            let at = offsets.column(*column).first().filter(|at| **at != NULL);
            let locator = at.map(|at| {
                let number = Reader::new(buf.get(*at as usize..).unwrap_or_default(), "locator").u32()?;
                Ok::<_, WireError>(Locator { number, kind: *kind })
            });
            locators.push((*column, locator.transpose()?));
        }
        self.delivered += offsets.rows() as u64;
        self.absent = 0;
        Ok(RowChunk { buf, lobs, locators, first_row })
    }
}
