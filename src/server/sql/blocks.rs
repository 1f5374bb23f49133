//! Rows on their way to the requester. Blocks are cut where they are full, in the middle of a row if need be (limited
//! block protocol); rows with large objects go out whole, the objects after them (fixed row protocol).

use super::batch_reader::Wait;
use super::cursors::OpenCursor;
use super::lob_locator::Locators;
use super::rows::LargeValues;
use crate::server::environment::Environment;
use crate::server::error::SqlError;
use crate::server::protocol_error::{ProtocolError, Result, synerrcd};
use crate::server::request::Replies;
use crate::wire::ddm::codepoint as cp;
use crate::wire::sql::execute::extdta;
use crate::wire::sql::sqlca::Sqlca;
use crate::wire::sql::text::SqlText;

/// Block sizes that are taken.
const BLOCK_SIZES: std::ops::RangeInclusive<u32> = 512..=10_485_760;
/// Bytes of a block that are no rows: the frame's header, LL and code point, an extended length.
const OVERHEAD: usize = 14;
/// Blocks sent beyond the first, however many more the requester would take.
const EXTRA: usize = 3;
/// Bytes of rows that one reply has while others wait for their turn, however large the blocks are that were asked for.
const TURN: usize = 1 << 20;
/// After the SQLCA at the end of data: no row.
const NO_ROW: u8 = 0xFF;

/// The state of a query after rows of it were sent.
pub(super) enum Progress {
    /// It can be asked for more.
    Open,
    /// It is over: ENDQRYRM and an SQLCARD follow, of an error where there is one.
    Over(Option<SqlError>),
}

/// Sends rows of queries as the reply to a command.
pub(super) struct RowSender<'a, 'b> {
    pub(super) env: &'a Environment,
    pub(super) locators: &'a mut Locators,
    pub(super) out: &'a mut Replies<'b>,
    /// An error that was told in the place of a row, for the first time.
    pub(super) failed: Option<SqlError>,
}

impl RowSender<'_, '_> {
    /// Sends blocks as full as they get in time.
    pub(super) fn blocks(&mut self, cursor: &mut OpenCursor, size: u32, extra: Option<i16>) -> Result<Progress> {
        let whole = size as usize - OVERHEAD;
        let extra = match extra.unwrap_or(0) {
            n if n < 0 => EXTRA,
            n => usize::from(n.unsigned_abs()).min(EXTRA),
        };
        let mut wait = Wait::default();
        for block in 0..=extra {
            let most = if self.env.crowd.waits() { TURN.saturating_sub(block * whole) } else { whole };
            if block > 0 && most < whole {
                break;
            }
            let payload = whole.min(most);
            let mut nothing = Vec::new();
            let mut large = LargeValues::new(&[], &mut nothing, self.locators);
            cursor.rows.fill(&mut cursor.tail, payload, usize::MAX, &mut large, &mut wait);
            if cursor.rows.end().is_some() && (cursor.tail.len() <= payload || self.ends_in_row(cursor)) {
                if !self.ends_in_row(cursor) {
                    return Ok(self.finish(cursor));
                }
                if self.end_row(cursor, payload)? {
                    return Ok(Progress::Open);
                }
                continue;
            }
            let late = cursor.tail.len() < payload;
            if !late || !cursor.tail.is_empty() {
                self.send(cursor, payload);
            }
            if late {
                break;
            }
            wait.ready = true;
        }
        Ok(Progress::Open)
    }

    /// Sends rows that fit, at least one and at most `most`, with their large objects after them.
    pub(super) fn whole_rows(&mut self, cursor: &mut OpenCursor, size: u32, most: usize) -> Result<Progress> {
        let mut lobs = Vec::new();
        let mut wait = Wait::default();
        let mut large = LargeValues::new(&cursor.wanted, &mut lobs, self.locators);
        // However long the first row is, it goes.
        let first = cursor.rows.fill(&mut cursor.tail, usize::MAX, most.min(1), &mut large, &mut wait);
        if first > 0 {
            cursor.rows.fill(&mut cursor.tail, size as usize, most - first, &mut large, &mut wait);
        }
        let mut objects = Vec::with_capacity(lobs.len());
        for (value, nullable) in lobs {
            objects.push(extdta(&value, nullable, None).map_err(ProtocolError::ours)?);
        }
        // The end is told by itself, unless more rows were asked for than there are.
        let ends = cursor.rows.end().is_some();
        if ends && self.ends_in_row(cursor) && objects.is_empty() {
            self.end_row(cursor, usize::MAX)?;
            return Ok(Progress::Open);
        }
        if !cursor.tail.is_empty() {
            self.send(cursor, usize::MAX);
        }
        objects.iter().for_each(|object| self.out.object(object));
        Ok(if ends && !self.ends_in_row(cursor) { self.finish(cursor) } else { Progress::Open })
    }

    /// Sends a QRYDTA of up to `payload` bytes of what is encoded.
    pub(super) fn send(&mut self, cursor: &mut OpenCursor, payload: usize) {
        let all = std::mem::take(&mut cursor.tail);
        let (now, later) = all.as_slice().split_at(all.len().min(payload));
        self.out.data(cp::QRYDTA, now);
        cursor.tail.bytes(later);
    }

    /// Appends an SQLCA in the place of a row, with a number in its first two SQLERRDs.
    pub(super) fn condition(&mut self, cursor: &mut OpenCursor, condition: &SqlError, number: u64) -> Result<()> {
        let mut sqlca = self.env.sqlca(condition);
        let (high, low) = ((number >> 32) as u32 as i32, (number & 0xFFFF_FFFF) as u32 as i32);
        let [first, second, ..] = &mut sqlca.errd;
        (*first, *second) = if self.env.persona.high_first { (high, low) } else { (low, high) };
        let text = SqlText::new(&self.env.persona.typdef);
        Sqlca::write(Some(&sqlca), &mut cursor.tail, self.env.sqlam, &text).map_err(ProtocolError::ours)?;
        cursor.tail.u8(NO_ROW);
        if condition.sqlcode < 0 && !std::mem::replace(&mut cursor.error_sent, true) {
            self.failed = Some(condition.clone());
        }
        Ok(())
    }

    /// The end is a row rather than a message: the product's habit, or the requester closes. After
    /// it the query can still be asked. (Measured: Derby answers surplus CNTQRYs.)
    fn ends_in_row(&self, cursor: &OpenCursor) -> bool {
        self.env.persona.ends_in_row || !cursor.closes
    }

    /// Sends the rows that are left of a query that the server closes.
    fn finish(&mut self, cursor: &mut OpenCursor) -> Progress {
        if !cursor.tail.is_empty() {
            self.send(cursor, usize::MAX);
        }
        Progress::Over(error(cursor))
    }

    /// Sends the rows that are left and the end of data after them; false when that takes another block.
    fn end_row(&mut self, cursor: &mut OpenCursor, payload: usize) -> Result<bool> {
        // Told again to a requester that asks after the end.
        if !cursor.end_sent || cursor.tail.is_empty() {
            let end = error(cursor).unwrap_or_else(end_of_data);
            let sent = cursor.rows.sent;
            self.condition(cursor, &end, sent)?;
            cursor.end_sent = true;
        }
        self.send(cursor, payload);
        Ok(cursor.tail.is_empty())
    }
}

/// The error that ended the rows.
fn error(cursor: &OpenCursor) -> Option<SqlError> {
    cursor.rows.end().and_then(|end| end.as_ref().err()).cloned()
}

/// +100: there are no more rows.
pub(super) fn end_of_data() -> SqlError {
    SqlError::new(100, "02000", &[])
}

/// SYNTAXRM for a block size that DRDA does not allow.
pub(super) fn check_block_size(size: u32) -> Result<()> {
    if BLOCK_SIZES.contains(&size) { Ok(()) } else { Err(ProtocolError::syntax(synerrcd::VALUE, Some(cp::QRYBLKSZ))) }
}
