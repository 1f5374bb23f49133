//! Cursors that scroll: the rows are kept as they came from the backend, so they can be asked for in
//! any order; later changes do not show (insensitive). CNTQRY says where to go (QRYSCRORN,
//! QRYROWNBR) and how many rows are wanted from there (QRYROWSET). What is no row is told by an
//! SQLCA in a row's place, with the number of rows that there are. (Measured: Derby.)

use super::backend::Rows;
use super::conversation::{Conversation, Out};
use super::describe::is_large;
use super::error::SqlError;
use super::held::Cursor;
use super::query::{NO_ROW, send_rows};
use super::rows::RowSource;
use super::trouble::{Result, Trouble, synerrcd};
use crate::wire::ddm::codepoint as cp;
use crate::wire::drda::execute::extdta;
use crate::wire::drda::query::{CntQry, orientation};
use crate::wire::drda::sqlca::Sqlca;
use crate::wire::drda::text::SqlText;
use crate::wire::fdoca::row::CHUNK;
use arrow_array::{Array, RecordBatch};

/// Bytes of rows that a connection's scrolling cursors may keep.
const KEPT: usize = 256 << 20;
/// Rows that are sent at a time, however many are asked for.
const ROWSET: u32 = 32_767;

/// The rows of a scrolling cursor, as far as they were looked at, and where it is.
pub(super) struct Scroll {
    rows: Rows,
    /// Each with the number of rows before it.
    batches: Vec<(u64, RecordBatch)>,
    count: u64,
    bytes: usize,
    end: Option<std::result::Result<(), SqlError>>,
    /// 0 is before the first row, one more than there are is behind the last.
    at: u64,
}

/// Where a move leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Row(u64),
    Before,
    After,
}

impl Scroll {
    pub(super) fn new(rows: Rows) -> Scroll {
        Scroll { rows, batches: Vec::new(), count: 0, bytes: 0, end: None, at: 0 }
    }

    /// Reads on until there are `rows` rows or no more, and not more than `room` bytes.
    fn reach(&mut self, rows: u64, room: usize) {
        while self.end.is_none() && self.count < rows {
            match self.rows.next() {
                None => self.end = Some(Ok(())),
                Some(Err(error)) => self.end = Some(Err(error)),
                Some(Ok(batch)) if batch.num_rows() == 0 => {}
                Some(Ok(batch)) => {
                    self.bytes = self.bytes.saturating_add(size(&batch));
                    if self.bytes > room {
                        self.end = Some(Err(SqlError::new(-289, "57011", &["TEMPSPACE1"])));
                        return;
                    }
                    let rows = batch.num_rows() as u64;
                    self.batches.push((self.count, batch));
                    self.count += rows;
                }
            }
        }
    }

    /// The rows from `row` on, up to `most` of them and to the end of a batch.
    fn slice(&self, row: u64, most: u64) -> Option<RecordBatch> {
        let index = self.batches.partition_point(|(before, _)| *before < row).checked_sub(1)?;
        let (before, batch) = self.batches.get(index)?;
        let skip = usize::try_from(row - before - 1).ok()?;
        let rows = batch.num_rows().checked_sub(skip)?;
        let rows = rows.min(usize::try_from(most).unwrap_or(usize::MAX));
        (rows > 0).then(|| batch.slice(skip, rows))
    }

    /// Where a move from here leads; what is known of the rows grows as far as that takes.
    fn target(&mut self, orientation: u8, number: i64, room: usize) -> Option<Target> {
        let target = match orientation {
            orientation::RELATIVE => {
                let from = i128::from(self.at);
                let behind = self.end.is_some() && self.at > self.count;
                if behind && number > 0 { Target::After } else { forward(from + i128::from(number)) }
            }
            orientation::ABSOLUTE if number < 0 => {
                self.reach(u64::MAX, room);
                forward(i128::from(self.count) + 1 + i128::from(number))
            }
            orientation::ABSOLUTE => forward(i128::from(number)),
            orientation::AFTER => Target::After,
            orientation::BEFORE => Target::Before,
            _ => return None,
        };
        Some(match target {
            Target::Row(row) => {
                self.reach(row, room);
                if row <= self.count { target } else { Target::After }
            }
            other => other,
        })
    }
}

fn forward(row: i128) -> Target {
    match u64::try_from(row) {
        Ok(0) | Err(_) if row <= 0 => Target::Before,
        Ok(row) => Target::Row(row),
        Err(_) => Target::After,
    }
}

impl Conversation {
    /// The first rows, with the open.
    pub(super) fn scroll_first(&mut self, cursor: &mut Cursor, size: u32, rows: u32, out: &mut Out<'_>) -> Result<()> {
        let target = self.target_of(cursor, orientation::RELATIVE, 1)?;
        self.scroll_rows(cursor, target, false, size, rows, out)
    }

    /// The rows that a CNTQRY asks for.
    pub(super) fn scroll_to(&mut self, cursor: &mut Cursor, command: &CntQry, out: &mut Out<'_>) -> Result<()> {
        let orientation = command.qryscrorn.unwrap_or(orientation::RELATIVE);
        let target = self.target_of(cursor, orientation, command.qryrownbr.unwrap_or(1))?;
        let rows = command.qryrowset.or(command.nbrrow).unwrap_or(1);
        if command.qryrtndta == Some(false) {
            return self.scroll_move(cursor, target, orientation, out);
        }
        let quiet = orientation == orientation::AFTER;
        self.scroll_rows(cursor, target, quiet, command.qryblksz, rows, out)
    }

    fn target_of(&self, cursor: &mut Cursor, orientation: u8, number: i64) -> Result<Target> {
        let room = self.room();
        let scroll = cursor.scroll.as_mut().ok_or_else(|| Trouble::unsupported(cp::PRMNSPRM, cp::QRYSCRORN))?;
        let target = scroll.target(orientation, number, room);
        target.ok_or_else(|| Trouble::syntax(synerrcd::VALUE, Some(cp::QRYSCRORN)))
    }

    /// What the cursors in place leave for another one.
    fn room(&self) -> usize {
        let kept = |cursor: &Cursor| cursor.scroll.as_ref().map_or(0, |s| s.bytes);
        KEPT.saturating_sub(self.cursors.values().map(kept).sum())
    }

    /// Goes there and says no more than what there is.
    fn scroll_move(&mut self, cursor: &mut Cursor, target: Target, orn: u8, out: &mut Out<'_>) -> Result<()> {
        match (target, &mut cursor.scroll) {
            (Target::Row(row), Some(scroll)) => {
                scroll.at = row;
                cursor.tail.bytes(&[NO_ROW, NO_ROW]);
            }
            _ => self.no_row(cursor, target, orn == orientation::AFTER)?,
        }
        send_rows(cursor, usize::MAX, out);
        Ok(())
    }

    /// Sends up to `rows` rows from there on, as many as a block holds but one at least.
    fn scroll_rows(
        &mut self,
        cursor: &mut Cursor,
        target: Target,
        quiet: bool,
        size: u32,
        rows: u32,
        out: &mut Out<'_>,
    ) -> Result<()> {
        let room = self.room();
        let mut lobs = Vec::new();
        let mut over = true;
        if let (Target::Row(first), Some(scroll)) = (target, &mut cursor.scroll) {
            let most = u64::from(rows.clamp(1, ROWSET));
            // A row more than is wanted: whether the last one is among them is told with them.
            scroll.reach(first.saturating_add(most - 1), room);
            let mut row = first;
            let mut full = false;
            while row < first + most && !full {
                let Some(batch) = scroll.slice(row, (first + most - row).min(CHUNK as u64)) else { break };
                let fields = cursor.rows.fields().to_vec();
                let large = fields.iter().any(is_large);
                let mut source = RowSource::new(fields, Box::new(std::iter::once(Ok(batch))));
                loop {
                    let used =
                        cursor.tail.len() + lobs.iter().map(|(l, _): &(bytes::Bytes, bool)| l.len()).sum::<usize>();
                    full = row > first && used >= size as usize;
                    let before = cursor.tail.len();
                    if full || source.end().is_some() {
                        break;
                    }
                    let one = if large { 1 } else { usize::MAX };
                    let bytes = if large { usize::MAX } else { size as usize };
                    let had = source.sent;
                    source.fill(&mut cursor.tail, bytes, one, &cursor.wanted, &mut lobs, &mut self.locators);
                    row += source.sent - had;
                    if cursor.tail.len() == before {
                        break;
                    }
                }
                if let Some(Err(error)) = source.end() {
                    scroll.end = Some(Err(error.clone()));
                    break;
                }
            }
            scroll.at = row - 1;
            // Behind the last row, or where the rows broke off.
            over = row < first + most && !full;
        }
        if over {
            let target = if matches!(target, Target::Row(_)) { Target::After } else { target };
            self.no_row(cursor, target, quiet)?;
        }
        send_rows(cursor, usize::MAX, out);
        for (value, nullable) in lobs {
            out.object(&extdta(&value, nullable, None).map_err(Trouble::ours)?);
        }
        Ok(())
    }

    /// Goes where no row is and appends the SQLCA that says so: 100, or 0 where that was the wish.
    fn no_row(&mut self, cursor: &mut Cursor, target: Target, quiet: bool) -> Result<()> {
        let room = self.room();
        let Some(scroll) = &mut cursor.scroll else { return Ok(()) };
        scroll.reach(u64::MAX, room);
        scroll.at = if target == Target::Before { 0 } else { scroll.count + 1 };
        let (code, state) = if quiet { (0, "00000") } else { (100, "02000") };
        let condition = match &scroll.end {
            Some(Err(error)) => error.clone(),
            _ => SqlError::new(code, state, &[]),
        };
        let count = scroll.count;
        let mut sqlca = self.sqlca(&condition);
        let [high, low, ..] = &mut sqlca.errd;
        *high = (count >> 32) as u32 as i32;
        *low = (count & 0xFFFF_FFFF) as u32 as i32;
        let text = SqlText::new(&self.persona.typdef);
        Sqlca::write(Some(&sqlca), &mut cursor.tail, self.sqlam, &text).map_err(Trouble::ours)?;
        cursor.tail.u8(NO_ROW);
        Ok(())
    }
}

/// Bytes of a batch; of a slice, those that it shows.
fn size(batch: &RecordBatch) -> usize {
    let of =
        |array: &dyn Array| array.to_data().get_slice_memory_size().unwrap_or_else(|_| array.get_array_memory_size());
    batch.columns().iter().map(|column| of(column.as_ref())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::Int32Array;
    use std::sync::Arc;

    fn scroll(batches: &[i32]) -> Scroll {
        let made: Vec<_> = batches
            .iter()
            .map(|n| {
                RecordBatch::try_from_iter([("N", Arc::new(Int32Array::from_iter_values(0..*n)) as _)])
                    .map_err(|_| SqlError::conflict())
            })
            .collect();
        Scroll::new(Box::new(made.into_iter()))
    }

    #[test]
    fn moves_lead_to_rows_or_beside_them() {
        use orientation::{ABSOLUTE, AFTER, BEFORE, RELATIVE};
        let mut s = scroll(&[3, 0, 4]);
        let mut to = |at, orn, number| {
            s.at = at;
            s.target(orn, number, KEPT).unwrap()
        };
        assert_eq!(to(0, RELATIVE, 1), Target::Row(1));
        assert_eq!(to(3, RELATIVE, 2), Target::Row(5));
        assert_eq!(to(3, RELATIVE, -3), Target::Before);
        assert_eq!(to(0, ABSOLUTE, 7), Target::Row(7));
        assert_eq!(to(0, ABSOLUTE, 8), Target::After);
        assert_eq!(to(0, ABSOLUTE, -1), Target::Row(7));
        assert_eq!(to(0, ABSOLUTE, -8), Target::Before);
        assert_eq!(to(8, RELATIVE, 1), Target::After);
        assert_eq!(to(8, RELATIVE, -1), Target::Row(7));
        assert_eq!(to(3, RELATIVE, i64::MAX), Target::After);
        assert_eq!(to(3, ABSOLUTE, i64::MIN), Target::Before);
        assert_eq!((to(3, AFTER, 1), to(3, BEFORE, 1)), (Target::After, Target::Before));
        assert_eq!(s.target(9, 1, KEPT), None);
        let rows = |s: &Scroll, row, most| s.slice(row, most).map(|b| b.num_rows());
        assert_eq!(
            [rows(&s, 1, 9), rows(&s, 3, 9), rows(&s, 4, 2), rows(&s, 8, 1), rows(&s, 0, 1)],
            [Some(3), Some(1), Some(2), None, None]
        );
    }

    #[test]
    fn more_rows_than_there_is_room_for_are_an_error() {
        let mut s = scroll(&[1000, 1000]);
        s.reach(u64::MAX, 6000);
        assert_eq!(s.count, 1000);
        assert!(matches!(&s.end, Some(Err(error)) if error.sqlcode == -289));
    }
}
