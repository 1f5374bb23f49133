//! The row walker: finds where every cell of a block lies without touching the values.
//!
//! A row is an SQLCA group (X'FF', or X'00' and a full SQLCA), a group indicator (X'00' a row
//! follows, X'FF' none) and the columns, each with an indicator byte in front when it is nullable.
//! Rows follow each other without padding and may be cut anywhere at the end of a block.

use super::places::{self, Places, STRIDE, WalkStep};
use super::runs::Runs;
use crate::wire::codec::error::WireError;
use crate::wire::value::cell::NULL;
use crate::wire::value::field::{Field, Shape};
use crate::wire::value::types::{SqlType, Type};

/// Rows walked at a time: few enough that their bytes stay in the cache until they are decoded.
pub const CHUNK: usize = places::ROWS;
/// CCSID of UTF-8.
const UTF8: u16 = 1208;

/// How to step over the columns of a row; made once per answer set.
#[derive(Debug, Clone)]
pub struct Walker {
    steps: Vec<WalkStep>,
    /// The same columns by runs, if they can be.
    runs: Option<Runs>,
}

/// The unit in which the length of a column of UTF-8 text counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// Bytes, as Db2 does.
    Bytes,
    /// UTF-16 units, each of which is up to three bytes. (Measured: Derby 10.14 declares VARCHAR(5) with 5 and sends
    /// 15 bytes.)
    Units,
}

/// The offsets of a chunk of rows, column by column.
#[derive(Debug, Clone)]
pub struct Offsets {
    rows: usize,
    cells: Vec<[u32; STRIDE]>,
    /// The runs of the walker that filled it last.
    runs: Option<Runs>,
}

/// Why the walk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WalkStop {
    /// The chunk is full; go on at `end`.
    Full,
    /// The block ended, in the middle of the row that begins at `end` unless that is its end.
    Short,
    /// The row at `end` has an SQLCA; its group begins there.
    Sqlca,
    /// The row at `end` has no columns (group indicator X'FF'); `end` is the offset after it.
    NoRow,
    /// The row at `end` has a value that is longer than its column was declared.
    Overlong {
        /// The column, from 0.
        column: usize,
        /// The value's length, in what the column counts.
        len: u32,
        /// The length that was declared.
        room: u32,
    },
}

/// The result of a walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walked {
    /// Offset after the last whole row.
    pub end: usize,
    /// Why it ended there.
    pub stop: WalkStop,
}

/// The outcome of one row.
enum RowEnd {
    Whole(usize),
    Short,
    /// A value is longer than declared: which, [`Walker::overlong`] finds out.
    Overlong,
}

impl Offsets {
    /// Room for a chunk of rows of so many columns.
    pub fn new(columns: usize) -> Self {
        Offsets { rows: 0, cells: vec![[NULL; STRIDE]; columns], runs: None }
    }

    /// Rows held.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns of a row.
    pub fn columns(&self) -> usize {
        self.cells.len()
    }

    /// Forgets the rows.
    pub fn clear(&mut self) {
        self.rows = 0;
    }

    /// The offsets of one column, row by row; empty when there is no such column.
    pub fn column(&self, column: usize) -> &[u32] {
        self.cells.get(column).and_then(|cells| cells.get(..self.rows)).unwrap_or_default()
    }
}

impl Walker {
    /// A walker for rows of these fields, whose lengths count so.
    pub fn new(fields: &[Field], counts: Counts) -> Self {
        let step = |f: &Field| WalkStep { nullable: f.nullable, shape: f.shape, room: room(f, counts) };
        let steps: Vec<_> = fields.iter().map(step).collect();
        Walker { runs: Runs::new(&steps), steps }
    }

    /// Bytes of the longest row, without the SQLCA in front of it.
    pub fn longest_row(&self) -> usize {
        let value = |step: &WalkStep| match step.shape {
            Shape::Fixed(n) => n as usize,
            Shape::Lob(n) => usize::from(n),
            Shape::Var | Shape::Pascal | Shape::NulTerminated => 2 + step.room as usize,
            Shape::VarChars => 2 + 2 * step.room as usize,
        };
        1 + self.steps.iter().map(|step| 1 + value(step)).sum::<usize>()
    }

    /// Width of a large object's placeholder in that column; 0 when it has none.
    pub fn placeholder(&self, column: usize) -> usize {
        match self.steps.get(column).map(|s| s.shape) {
            Some(Shape::Lob(n)) => usize::from(n),
            _ => 0,
        }
    }

    /// Appends whole rows of `buf` from `pos` on to `out`, at most `limit` of them and no more
    /// than its room. With `after_sqlca` the walk begins at the group indicator of a row whose
    /// SQLCA was read by the caller.
    pub fn walk(
        &self,
        buf: &[u8],
        pos: usize,
        after_sqlca: bool,
        limit: usize,
        out: &mut Offsets,
    ) -> Result<Walked, WireError> {
        if let Some(runs) = &self.runs
            && out.runs.as_ref().is_none_or(|own| own.others(runs))
        {
            out.runs = Some(runs.clone());
        } else if self.runs.is_none() {
            out.runs = None;
        }
        let start = out.rows;
        if let Some(runs) = &mut out.runs {
            runs.begin(start);
        }
        let walked = self.rows(buf, pos, after_sqlca, limit.min(CHUNK), out);
        if let Some(runs) = &mut out.runs {
            runs.end(start, out.rows, &mut out.cells);
        }
        walked
    }

    fn rows(
        &self,
        buf: &[u8],
        pos: usize,
        mut after_sqlca: bool,
        limit: usize,
        out: &mut Offsets,
    ) -> Result<Walked, WireError> {
        let mut row = pos;
        while out.rows < limit {
            if let (Some(runs), false) = (&mut out.runs, after_sqlca) {
                (out.rows, row) = runs.pass(buf, row, out.rows..limit, &mut out.cells);
                if out.rows == limit {
                    break;
                }
            }
            match self.careful(buf, row, after_sqlca, out)? {
                Ok(end) => row = end,
                Err(walked) => return Ok(walked),
            }
            after_sqlca = false;
        }
        Ok(Walked { end: row, stop: WalkStop::Full })
    }

    /// A row in any form: where it ends, or why it is not a row.
    fn careful(
        &self,
        buf: &[u8],
        row: usize,
        after_sqlca: bool,
        out: &mut Offsets,
    ) -> Result<Result<usize, Walked>, WireError> {
        let mut at = row;
        if !after_sqlca {
            match buf.get(at) {
                Some(0xFF) => at += 1,
                Some(0x00) => return Ok(Err(Walked { end: row, stop: WalkStop::Sqlca })),
                Some(other) => return Err(bad("SQLCA indicator", at, *other)),
                None => return Ok(Err(Walked { end: row, stop: WalkStop::Short })),
            }
        }
        match buf.get(at) {
            Some(0x00) => at += 1,
            Some(0xFF) => return Ok(Err(Walked { end: at + 1, stop: WalkStop::NoRow })),
            Some(other) => return Err(bad("row indicator", at, *other)),
            None => return Ok(Err(Walked { end: row, stop: WalkStop::Short })),
        }
        if let Some(runs) = &mut out.runs {
            runs.settle(out.rows, &mut out.cells);
        }
        match self.row(buf, at, &mut out.cells, out.rows)? {
            RowEnd::Whole(end) => {
                if let Some(runs) = &mut out.runs {
                    runs.taken(out.rows);
                }
                out.rows += 1;
                Ok(Ok(end))
            }
            RowEnd::Short => Ok(Err(Walked { end: row, stop: WalkStop::Short })),
            RowEnd::Overlong => Ok(Err(Walked { end: row, stop: self.overlong(buf, &out.cells, out.rows) })),
        }
    }

    /// One row of column values from `at`.
    fn row(&self, buf: &[u8], mut at: usize, cells: &mut Places, row: usize) -> Result<RowEnd, WireError> {
        for (step, column) in self.steps.iter().zip(cells) {
            let Some(cell) = column.get_mut(row) else { return Ok(RowEnd::Short) };
            if step.nullable {
                match buf.get(at) {
                    Some(0..=0x7F) => at += 1,
                    // FE: the value could not be computed; the server warns of it in the SQLCA.
                    Some(0xFE | 0xFF) => {
                        *cell = NULL;
                        at += 1;
                        continue;
                    }
                    Some(other) => return Err(bad("null indicator", at, *other)),
                    None => return Ok(RowEnd::Short),
                }
            }
            *cell = at as u32;
            at += match step.shape {
                Shape::Fixed(n) => n as usize,
                Shape::Lob(n) => usize::from(n),
                Shape::Var => match prefix(buf, at) {
                    Some(n) if n <= step.room => 2 + n as usize,
                    Some(_) => return Ok(RowEnd::Overlong),
                    None => return Ok(RowEnd::Short),
                },
                Shape::VarChars => match prefix(buf, at) {
                    Some(n) if n <= step.room => 2 + 2 * n as usize,
                    Some(_) => return Ok(RowEnd::Overlong),
                    None => return Ok(RowEnd::Short),
                },
                Shape::Pascal => match buf.get(at).map(|n| u32::from(*n)) {
                    Some(n) if n <= step.room => 1 + n as usize,
                    Some(_) => return Ok(RowEnd::Overlong),
                    None => return Ok(RowEnd::Short),
                },
                Shape::NulTerminated => {
                    let rest = buf.get(at..).unwrap_or_default();
                    match rest.iter().position(|b| *b == 0) {
                        Some(n) if n <= step.room as usize => n + 1,
                        None if rest.len() <= step.room as usize => return Ok(RowEnd::Short),
                        _ => return Err(WireError::invalid("value", at, "no terminating zero within its length")),
                    }
                }
            };
        }
        Ok(if at <= buf.len() { RowEnd::Whole(at) } else { RowEnd::Short })
    }

    /// Finds the fault of the row whose walk ended at a value that is longer than declared.
    #[cold]
    fn overlong(&self, buf: &[u8], cells: &Places, row: usize) -> WalkStop {
        let columns = self.steps.iter().zip(cells).enumerate();
        let mut values = columns.filter_map(|(column, (step, cells))| {
            let at = cells.get(row).copied().filter(|at| *at != NULL)? as usize;
            let len = match step.shape {
                Shape::Var | Shape::VarChars => prefix(buf, at)?,
                Shape::Pascal => u32::from(*buf.get(at)?),
                _ => return None,
            };
            (len > step.room).then_some(WalkStop::Overlong { column, len, room: step.room })
        });
        values.next().unwrap_or(WalkStop::Short)
    }
}

/// Declared lengths from here on mean "as long as it can be". (Measured: Derby's client declares every text with
/// 32,767 and sends up to 65,535 bytes.)
const UNBOUNDED: u32 = 0x7FFF;

/// The longest value of a field that varies, in what its shape counts.
fn room(field: &Field, counts: Counts) -> u32 {
    let text = matches!(field.ty, Type::Text | Type::Datalink) && field.ccsid == UTF8;
    let sql_type = field.lid.form().map(|form| form.sql_type);
    // LONG VARCHAR and its kin may be described without a length.
    let long = matches!(sql_type, Some(SqlType::LONG_VARCHAR | SqlType::LONG_VARGRAPHIC));
    match field.shape {
        Shape::NulTerminated => field.length,
        // The length of a Java object means nothing. (Measured: Derby 10.14 declares 15 and sends 157 bytes.)
        Shape::Var if sql_type == Some(SqlType::UDT) => u32::from(u16::MAX),
        Shape::Var | Shape::VarChars if field.length >= UNBOUNDED || long && field.length == 0 => u32::from(u16::MAX),
        Shape::Var if text && counts == Counts::Units => field.length * 3,
        _ => field.length,
    }
}

#[inline]
fn prefix(buf: &[u8], at: usize) -> Option<u32> {
    let raw: [u8; 2] = buf.get(at..at + 2)?.try_into().ok()?;
    Some(u32::from(u16::from_be_bytes(raw)))
}

#[cold]
fn bad(what: &'static str, at: usize, byte: u8) -> WireError {
    WireError::invalid(what, at, format!("X'{byte:02X}' has no meaning there"))
}

#[cfg(test)]
mod tests;
