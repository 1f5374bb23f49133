//! Rows by runs: columns of a fixed width are passed in one step, together with the length of the column after them.
//!
//! A run without NULLs is an addition and a look at its indicators. Only where it begins is written down, and the
//! places of its columns are counted afterwards, for many rows at once. A row with a NULL is stepped through; where a
//! column had many NULLs among the rows before, its indicator becomes a mask instead of a branch.
//!
//! Whatever is odd ends the way, and [`Walker`](super::row::Walker) takes the row column by column.

use std::ops::Range;
use std::sync::Arc;

use super::places::{Places, WalkStep};
use super::run::{Length, Run};
use crate::wire::value::field::Shape;

/// The columns of a row as runs.
#[derive(Debug, Clone)]
pub(super) struct Runs {
    plan: Arc<[Run]>,
    /// The same with what was seen of late.
    runs: Vec<Run>,
}

impl Runs {
    /// `None` if a column has no length in front: it ends where its end is found.
    pub(super) fn new(steps: &[WalkStep]) -> Option<Runs> {
        let mut runs = vec![Run::at(0)];
        for (column, step) in steps.iter().enumerate() {
            let Some(run) = runs.last_mut() else { continue };
            match step.shape {
                Shape::Fixed(width) => run.push(step.nullable, width),
                Shape::Lob(width) => run.push(step.nullable, width.into()),
                shape => {
                    run.then = Length::of(shape, step)?;
                    runs.push(Run::at(column + 1));
                }
            }
        }
        runs.pop_if(|last| last.fixed.is_empty());
        for run in &mut runs {
            run.survey();
        }
        Some(Runs { plan: runs.clone().into(), runs })
    }

    /// The runs of other rows.
    pub(super) fn others(&self, runs: &Runs) -> bool {
        !Arc::ptr_eq(&self.plan, &runs.plan)
    }

    /// Begins with the rows from `start` on.
    pub(super) fn begin(&mut self, start: usize) {
        for run in &mut self.runs {
            run.begin(start);
        }
    }

    /// Passes rows from `at` on: the one that is odd or cut, and where it begins.
    pub(super) fn pass(&mut self, buf: &[u8], mut at: usize, rows: Range<usize>, cells: &mut Places) -> (usize, usize) {
        let Range { start: mut row, end } = rows;
        while row < end {
            let before = row;
            if !self.runs.iter().any(|run| run.seen.stepped) {
                (row, at) = self.plain(buf, at, row..end, cells);
                // The row after these has a NULL, or is odd.
                (row, at) = self.mixed(buf, at, row..end.min(row + 1), cells);
            } else {
                (row, at) = self.mixed(buf, at, row..end, cells);
            }
            if row == before {
                break;
            }
        }
        (row, at)
    }

    /// Passes rows as long as they are plain. By itself, since it needs every register.
    #[inline(never)]
    fn plain(&mut self, buf: &[u8], mut at: usize, rows: Range<usize>, cells: &mut Places) -> (usize, usize) {
        let cells = cells.as_flattened_mut();
        let end = rows.end;
        for row in rows {
            let Some([0xFF, 0x00]) = buf.get(at..at + 2) else { return (row, at) };
            match self.runs.iter_mut().try_fold(at + 2, |at, run| run.plain(buf, at, row, cells)) {
                Some(end) if end <= buf.len() => at = end,
                _ => return (row, at),
            }
        }
        (end, at)
    }

    /// Passes rows with NULLs among them.
    #[inline(never)]
    fn mixed(&mut self, buf: &[u8], mut at: usize, rows: Range<usize>, cells: &mut Places) -> (usize, usize) {
        let end = rows.end;
        for row in rows {
            let Some([0xFF, 0x00]) = buf.get(at..at + 2) else { return (row, at) };
            match self.runs.iter_mut().try_fold(at + 2, |at, run| run.mixed(buf, at, row, cells)) {
                Some(end) if end <= buf.len() => at = end,
                _ => return (row, at),
            }
        }
        (end, at)
    }

    /// Row `row` is for the careful walk: the places of those before it are counted.
    pub(super) fn settle(&mut self, row: usize, cells: &mut Places) {
        for run in &mut self.runs {
            run.count(cells, row);
        }
    }

    /// The careful walk found the places of row `row`.
    pub(super) fn taken(&mut self, row: usize) {
        for run in &mut self.runs {
            run.seen.counted = row + 1;
        }
    }

    /// Counts the places of the rows from `start` to `end`, and looks at what was seen of them.
    pub(super) fn end(&mut self, start: usize, end: usize, cells: &mut Places) {
        for run in &mut self.runs {
            run.count(cells, end);
            run.look_back(start..end, cells);
        }
    }
}
