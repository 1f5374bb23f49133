//! One run of a row: columns of a fixed width that are passed in one step, and the column of varying length after them.

use std::ops::Range;

use super::places::{Places, STRIDE, WalkStep};
use crate::wire::value::cell::NULL;
use crate::wire::value::field::Shape;

/// A change in one row of so many is often.
const OFTEN: usize = 16;
/// A branch that goes the other way in one row of so many costs more than a mask.
const FICKLE: usize = 5;
/// Rows from which the next ones are judged, at least.
const ENOUGH: usize = 64;
/// Bytes whose indicators are looked at together.
const PIECE: usize = size_of::<u64>();
/// No place at all.
const NOWHERE: usize = usize::MAX >> 1;

/// Columns of a fixed width that follow each other, and the column of varying length after them.
#[derive(Debug, Clone)]
pub(super) struct Run {
    /// Where their indicators are.
    marks: Vec<Marks>,
    /// Bytes of the fixed columns and their indicators when none is NULL.
    width: usize,
    /// The first row of the first column, and of the column after the fixed ones, among the places of all.
    slots: (usize, usize),
    pub(super) then: Then,
    pub(super) fixed: Vec<FixedStep>,
    /// The first column.
    first: usize,
    pub(super) seen: Seen,
}

/// One of the fixed columns.
#[derive(Debug, Clone, Copy)]
pub(super) struct FixedStep {
    nullable: bool,
    /// NULLs come and go.
    fickle: bool,
    width: u32,
    /// From the start of the run to the value when nothing is NULL.
    delta: u32,
}

/// The indicators in a piece of the run.
#[derive(Debug, Clone, Copy)]
struct Marks {
    piece: usize,
    mask: u64,
}

/// The column after the fixed ones.
#[derive(Debug, Clone, Copy)]
pub(super) enum Then {
    /// None.
    End,
    /// One with an indicator and a length in bytes, as nearly all are.
    Usual(Length),
    /// Any other whose length, after its indicator, is in the first four bytes.
    Length(Length),
}

/// The length in front of a value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Length {
    /// Bits of the first four bytes after the length.
    shift: u32,
    /// Bytes of the indicator, and of the length.
    mark: u32,
    head: u32,
    /// The length counts pairs of bytes.
    pairs: bool,
    /// The largest number that it can be.
    most: u32,
    room: u32,
    fickle: bool,
}

/// Findings about a run, kept from one chunk to the next.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    /// NULLs are frequent: every row is stepped through.
    pub(super) stepped: bool,
    /// Rows with a NULL in this chunk.
    nulls: usize,
    /// Rows of this chunk whose places are counted.
    pub(super) counted: usize,
    /// The lengths of values differ often, or did not so far.
    uneven: bool,
    surprises: usize,
    /// The length of the value before, and once more.
    len: u32,
    again: u32,
}

impl Run {
    /// A run from this column on, without any yet.
    pub(super) fn at(first: usize) -> Run {
        let (marks, fixed) = (Vec::new(), Vec::new());
        Run { marks, width: 0, slots: (NOWHERE, 0), then: Then::End, fixed, first, seen: Seen::default() }
    }

    /// One more column of a fixed width.
    pub(super) fn push(&mut self, nullable: bool, width: u32) {
        let delta = self.width as u32 + u32::from(nullable);
        self.fixed.push(FixedStep { nullable, fickle: false, width, delta });
        self.width = delta as usize + width as usize;
    }

    /// Notes where indicators and places are, once all columns are known.
    pub(super) fn survey(&mut self) {
        for step in self.fixed.iter().filter(|step| step.nullable) {
            let at = step.delta as usize - 1;
            let (piece, mask) = (at / PIECE, 0xFF << (8 * (at % PIECE)));
            match self.marks.last_mut() {
                Some(last) if last.piece == piece => last.mask |= mask,
                _ => self.marks.push(Marks { piece, mask }),
            }
        }
        self.slots.1 = (self.first + self.fixed.len()) * STRIDE;
        if !self.fixed.is_empty() {
            self.slots.0 = self.first * STRIDE;
        }
    }

    /// Begins with the rows from `start` on.
    pub(super) fn begin(&mut self, start: usize) {
        self.seen = Seen { nulls: 0, surprises: 0, counted: start, ..self.seen };
    }

    /// The end of the run if nothing is NULL or odd.
    #[inline(always)]
    pub(super) fn plain(&mut self, buf: &[u8], at: usize, row: usize, cells: &mut [u32]) -> Option<usize> {
        let bytes = buf.get(at..)?;
        let (pieces, _) = bytes.as_chunks::<PIECE>();
        for marks in &self.marks {
            if u64::from_le_bytes(*pieces.get(marks.piece)?) & marks.mask != 0 {
                return None;
            }
        }
        if let Some(cell) = cells.get_mut(self.slots.0 + row) {
            *cell = at as u32;
        }
        let end = at + self.width;
        if let Then::End = self.then {
            return Some(end);
        }
        let word = u32::from_be_bytes(*bytes.get(self.width..)?.first_chunk()?);
        // An indicator stands above the length, so that it too would be beyond the room.
        match self.then {
            Then::Usual(form) if word >> 8 <= form.room => {
                *cells.get_mut(self.slots.1 + row)? = end as u32 + 1;
                Some(end + 3 + self.seen.foresee(word >> 8))
            }
            Then::Length(form) if word >> form.shift <= form.room => {
                *cells.get_mut(self.slots.1 + row)? = end as u32 + form.mark;
                let len = (word >> form.shift) as usize;
                Some(end + (form.mark + form.head) as usize + if form.pairs { 2 * len } else { len })
            }
            _ => None,
        }
    }

    /// The end of the run, with NULLs in it or not, if nothing is odd.
    #[inline(always)]
    pub(super) fn mixed(&mut self, buf: &[u8], at: usize, row: usize, cells: &mut Places) -> Option<usize> {
        if !self.seen.stepped {
            if let Some(end) = self.plain(buf, at, row, cells.as_flattened_mut()) {
                return Some(end);
            }
            self.count(cells, row);
            self.seen.counted = row + 1;
        }
        let (end, nulls) = self.step(buf, at, row, cells.as_flattened_mut())?;
        self.seen.nulls += (nulls & 1) as usize;
        Some(end)
    }

    /// The end of the run column by column, and an odd number if there were NULLs.
    #[inline(always)]
    fn step(&self, buf: &[u8], mut at: usize, row: usize, cells: &mut [u32]) -> Option<(usize, u32)> {
        let (mut nulls, mut odd) = (0, false);
        let mut slot = self.first * STRIDE + row;
        for step in &self.fixed {
            let cell = cells.get_mut(slot)?;
            slot += STRIDE;
            if step.fickle {
                let mark = *buf.get(at)?;
                at += 1;
                let null = i32::from(mark.cast_signed()).cast_unsigned();
                odd |= mark.wrapping_add(1) > 1;
                nulls |= null;
                *cell = at as u32 | null;
                at += (step.width & !null) as usize;
                continue;
            }
            if step.nullable {
                let mark = *buf.get(at)?;
                at += 1;
                if mark != 0 {
                    // Other indicators are for the careful walk.
                    odd |= mark != 0xFF;
                    nulls = 1;
                    *cell = NULL;
                    continue;
                }
            }
            *cell = at as u32;
            at += step.width as usize;
        }
        if let Then::Length(form) | Then::Usual(form) = self.then {
            let cell = cells.get_mut(slot)?;
            let word = u32::from_be_bytes(*buf.get(at..)?.first_chunk()?);
            at += form.mark as usize;
            let mark = if form.mark > 0 { (word >> 24) as u8 } else { 0 };
            let null = i32::from(mark.cast_signed()).cast_unsigned();
            let len = word >> form.shift & form.most;
            odd |= (mark.wrapping_add(1) > 1) | ((len & !null) > form.room);
            nulls |= null;
            let rest = form.head + if form.pairs { 2 * len } else { len };
            if form.fickle {
                *cell = at as u32 | null;
                at += (rest & !null) as usize;
            } else if null == 0 {
                *cell = at as u32;
                at += rest as usize;
            } else {
                *cell = NULL;
            }
        }
        (!odd).then_some((at, nulls))
    }

    /// Counts the places of the rows up to `end` of which only the start of the run is written down.
    #[inline]
    pub(super) fn count(&mut self, cells: &mut Places, end: usize) {
        let rows = self.seen.counted..end;
        if rows.is_empty() || self.seen.stepped {
            return;
        }
        self.seen.counted = end;
        let Some((own, others)) = cells.get_mut(self.first..).and_then(|cells| cells.split_first_mut()) else { return };
        let (Some(own), Some((first, rest))) = (own.get_mut(rows.clone()), self.fixed.split_first()) else { return };
        for (step, column) in rest.iter().zip(others) {
            for (cell, start) in column.get_mut(rows.clone()).unwrap_or_default().iter_mut().zip(&*own) {
                *cell = *start + step.delta;
            }
        }
        if first.delta > 0 {
            own.iter_mut().for_each(|cell| *cell += first.delta);
        }
    }

    /// Decides by these rows how those to come are passed.
    pub(super) fn look_back(&mut self, rows: Range<usize>, cells: &Places) {
        let all = rows.len();
        // A few rows, such as one that was cut between blocks, say nothing about the next thousand.
        if all < ENOUGH {
            return;
        }
        self.seen.stepped = self.seen.nulls * OFTEN > all;
        self.seen.uneven |= self.seen.surprises * OFTEN > all + OFTEN;
        if !self.seen.stepped {
            return;
        }
        let fickle = |cells: &[u32]| {
            let nulls = cells.iter().fold(0, |nulls, at| nulls + u32::from(*at == NULL)) as usize;
            nulls.min(all - nulls) * FICKLE > all
        };
        let mut columns = cells.iter().skip(self.first).map(|cells| cells.get(rows.clone()).unwrap_or_default());
        for (step, cells) in self.fixed.iter_mut().zip(&mut columns) {
            step.fickle = step.nullable && fickle(cells);
        }
        if let (Then::Length(form) | Then::Usual(form), Some(cells)) = (&mut self.then, columns.next()) {
            form.fickle = form.mark > 0 && fickle(cells);
        }
    }
}

impl Seen {
    /// The length of a value, most often that of the one before. Then the processor goes on after the value before
    /// it has read the length, since both copies of the old one are in memory and it need not be told that they agree.
    #[inline(always)]
    fn foresee(&mut self, len: u32) -> usize {
        if self.uneven {
            len as usize
        } else if self.len == len {
            self.again as usize
        } else {
            self.surprise(len) as usize
        }
    }

    #[cold]
    #[inline(never)]
    fn surprise(&mut self, len: u32) -> u32 {
        (self.len, self.again) = (len, len);
        self.surprises += 1;
        len
    }
}

impl Length {
    /// How the rest of the row begins after a column of this shape; none where its length does not stand in front.
    pub(super) fn of(shape: Shape, step: &WalkStep) -> Option<Then> {
        let (head, pairs) = match shape {
            Shape::Var => (2, false),
            Shape::VarChars => (2, true),
            Shape::Pascal => (1, false),
            _ => return None,
        };
        let mark = step.nullable.into();
        let most = (1 << (8 * head)) - 1;
        // Room for more than the length can say would let an indicator above it pass.
        let room = step.room.min(most);
        let form = Length { shift: 32 - 8 * (mark + head), mark, head, pairs, most, room, fickle: false };
        Some(if mark + head == 3 && !pairs { Then::Usual(form) } else { Then::Length(form) })
    }
}
