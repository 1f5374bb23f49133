//! The rows of a cursor that scrolls, and the moves among them.

use super::meter::Meter;
use crate::server::backend::Rows;
use crate::server::error::SqlError;
use crate::wire::sql::query::orientation;
use arrow_array::RecordBatch;

/// The rows of a scrolling cursor, as far as they were looked at, and where it is.
pub(in crate::server) struct ScrollRows {
    rows: Rows,
    /// Each with the number of rows before it.
    batches: Vec<(u64, RecordBatch)>,
    /// Rows so far.
    pub(super) count: u64,
    meter: Meter,
    /// There are no more, or an error stands in their place.
    pub(super) end: Option<std::result::Result<(), SqlError>>,
    /// 0 is before the first row, one more than there are is after the last.
    pub(super) at: u64,
}

/// Where a move leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScrollTarget {
    Row(u64),
    Before,
    After,
}

impl ScrollRows {
    pub(in crate::server) fn new(rows: Rows, meter: Meter) -> ScrollRows {
        ScrollRows { rows, batches: Vec::new(), count: 0, meter, end: None, at: 0 }
    }

    /// Reads on until there are `rows` rows or no more, as far as there is memory for them.
    pub(super) fn reach(&mut self, rows: u64) {
        while self.end.is_none() && self.count < rows {
            match self.rows.next() {
                None => self.end = Some(Ok(())),
                Some(Err(error)) => self.end = Some(Err(error)),
                Some(Ok(batch)) if batch.num_rows() == 0 => {}
                Some(Ok(batch)) => {
                    if let Err(full) = self.meter.more(&batch) {
                        self.end = Some(Err(full));
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
    pub(in crate::server) fn slice(&self, row: u64, most: u64) -> Option<RecordBatch> {
        let index = self.batches.partition_point(|(before, _)| *before < row).checked_sub(1)?;
        let (before, batch) = self.batches.get(index)?;
        let skip = usize::try_from(row - before - 1).ok()?;
        let rows = batch.num_rows().checked_sub(skip)?;
        let rows = rows.min(usize::try_from(most).unwrap_or(usize::MAX));
        (rows > 0).then(|| batch.slice(skip, rows))
    }

    /// Where a move from here leads; what is known of the rows grows as far as that takes.
    pub(super) fn target(&mut self, orientation: u8, number: i64) -> Option<ScrollTarget> {
        let target = match orientation {
            orientation::RELATIVE => {
                let from = i128::from(self.at);
                let after = self.end.is_some() && self.at > self.count;
                if after && number > 0 { ScrollTarget::After } else { forward(from + i128::from(number)) }
            }
            orientation::ABSOLUTE if number < 0 => {
                self.reach(u64::MAX);
                forward(i128::from(self.count) + 1 + i128::from(number))
            }
            orientation::ABSOLUTE => forward(i128::from(number)),
            orientation::AFTER => ScrollTarget::After,
            orientation::BEFORE => ScrollTarget::Before,
            _ => return None,
        };
        Some(match target {
            ScrollTarget::Row(row) => {
                self.reach(row);
                if row <= self.count { target } else { ScrollTarget::After }
            }
            other => other,
        })
    }
}

fn forward(row: i128) -> ScrollTarget {
    match u64::try_from(row) {
        Ok(0) | Err(_) if row <= 0 => ScrollTarget::Before,
        Ok(row) => ScrollTarget::Row(row),
        Err(_) => ScrollTarget::After,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::budget::ServerBudget;
    use arrow_array::Int32Array;
    use std::sync::Arc;

    fn scroll(batches: &[i32], memory: usize, shared: bool) -> ScrollRows {
        let made: Vec<_> = batches
            .iter()
            .map(|n| {
                RecordBatch::try_from_iter([("N", Arc::new(Int32Array::from_iter_values(0..*n)) as _)])
                    .map_err(|_| SqlError::conflict())
            })
            .collect();
        ScrollRows::new(Box::new(made.into_iter()), Meter::new(&ServerBudget::new(memory, memory).connection(), shared))
    }

    #[test]
    fn moves_lead_to_rows_or_beside_them() {
        use orientation::{ABSOLUTE, AFTER, BEFORE, RELATIVE};
        let mut s = scroll(&[3, 0, 4], 1 << 20, false);
        let mut to = |at, orn, number| {
            s.at = at;
            s.target(orn, number).unwrap()
        };
        assert_eq!(to(0, RELATIVE, 1), ScrollTarget::Row(1));
        assert_eq!(to(3, RELATIVE, 2), ScrollTarget::Row(5));
        assert_eq!(to(3, RELATIVE, -3), ScrollTarget::Before);
        assert_eq!(to(0, ABSOLUTE, 7), ScrollTarget::Row(7));
        assert_eq!(to(0, ABSOLUTE, 8), ScrollTarget::After);
        assert_eq!(to(0, ABSOLUTE, -1), ScrollTarget::Row(7));
        assert_eq!(to(0, ABSOLUTE, -8), ScrollTarget::Before);
        assert_eq!(to(8, RELATIVE, 1), ScrollTarget::After);
        assert_eq!(to(8, RELATIVE, -1), ScrollTarget::Row(7));
        assert_eq!(to(3, RELATIVE, i64::MAX), ScrollTarget::After);
        assert_eq!(to(3, ABSOLUTE, i64::MIN), ScrollTarget::Before);
        assert_eq!((to(3, AFTER, 1), to(3, BEFORE, 1)), (ScrollTarget::After, ScrollTarget::Before));
        assert_eq!(s.target(9, 1), None);
        let rows = |s: &ScrollRows, row, most| s.slice(row, most).map(|b| b.num_rows());
        assert_eq!(
            [rows(&s, 1, 9), rows(&s, 3, 9), rows(&s, 4, 2), rows(&s, 8, 1), rows(&s, 0, 1)],
            [Some(3), Some(1), Some(2), None, None]
        );
    }

    #[test]
    fn more_rows_than_there_is_room_for_are_an_error() {
        let mut s = scroll(&[1000, 1000], 6000, false);
        s.reach(u64::MAX);
        assert_eq!(s.count, 1000);
        assert!(matches!(&s.end, Some(Err(error)) if error.sqlcode == -289));
        // The engine has them in any case.
        let mut s = scroll(&[1000, 1000], 6000, true);
        s.reach(u64::MAX);
        assert_eq!((s.count, &s.end), (2000, &Some(Ok(()))));
    }
}
