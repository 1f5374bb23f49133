//! The row walker: finds where every cell of a block lies without touching the values.
//!
//! A row is an SQLCA group (X'FF', or X'00' and a full SQLCA), a group indicator (X'00' a row
//! follows, X'FF' none) and the columns, each with an indicator byte in front when it is nullable.
//! Rows follow each other without padding and may be cut anywhere at the end of a block.

use crate::wire::codec::error::WireError;
use crate::wire::value::cell::NULL;
use crate::wire::value::field::{Field, Shape};
use crate::wire::value::types::{SqlType, Type};

/// Rows walked at a time: few enough that their bytes stay in the cache until they are decoded.
pub const CHUNK: usize = 1024;
/// CCSID of UTF-8.
const UTF8: u16 = 1208;
/// From a column to the next: columns that lie 4096 bytes apart would share one set of the cache.
const STRIDE: usize = CHUNK + 16;

/// How to step over the columns of a row; made once per answer set.
#[derive(Debug, Clone)]
pub struct Walker {
    steps: Vec<WalkStep>,
}

#[derive(Debug, Clone, Copy)]
struct WalkStep {
    nullable: bool,
    shape: Shape,
    /// Longest value, in what the shape counts.
    room: u32,
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
    columns: usize,
    rows: usize,
    cells: Vec<u32>,
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
        Offsets { columns, rows: 0, cells: vec![NULL; columns * STRIDE] }
    }

    /// Rows held.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns of a row.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Forgets the rows.
    pub fn clear(&mut self) {
        self.rows = 0;
    }

    /// The offsets of one column, row by row; empty when there is no such column.
    pub fn column(&self, column: usize) -> &[u32] {
        let start = column * STRIDE;
        self.cells.get(start..start + self.rows).unwrap_or_default()
    }
}

impl Walker {
    /// A walker for rows of these fields, whose lengths count so.
    pub fn new(fields: &[Field], counts: Counts) -> Self {
        let step = |f: &Field| WalkStep { nullable: f.nullable, shape: f.shape, room: room(f, counts) };
        Walker { steps: fields.iter().map(step).collect() }
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
        let mut row = pos;
        let mut after_sqlca = after_sqlca;
        let limit = limit.min(CHUNK);
        while out.rows < limit {
            let mut at = row;
            if !after_sqlca {
                match buf.get(at) {
                    Some(0xFF) => at += 1,
                    Some(0x00) => return Ok(Walked { end: row, stop: WalkStop::Sqlca }),
                    Some(other) => return Err(bad("SQLCA indicator", at, *other)),
                    None => return Ok(Walked { end: row, stop: WalkStop::Short }),
                }
            }
            match buf.get(at) {
                Some(0x00) => at += 1,
                Some(0xFF) => return Ok(Walked { end: at + 1, stop: WalkStop::NoRow }),
                Some(other) => return Err(bad("row indicator", at, *other)),
                None => return Ok(Walked { end: row, stop: WalkStop::Short }),
            }
            match self.row(buf, at, &mut out.cells, out.rows)? {
                RowEnd::Whole(end) => row = end,
                RowEnd::Short => return Ok(Walked { end: row, stop: WalkStop::Short }),
                RowEnd::Overlong => return Ok(Walked { end: row, stop: self.overlong(buf, &out.cells, out.rows) }),
            }
            after_sqlca = false;
            out.rows += 1;
        }
        Ok(Walked { end: row, stop: WalkStop::Full })
    }

    /// One row of column values from `at`; used for the single row of SQLDTARD too.
    fn row(&self, buf: &[u8], mut at: usize, cells: &mut [u32], row: usize) -> Result<RowEnd, WireError> {
        for (step, column) in self.steps.iter().zip(cells.chunks_exact_mut(STRIDE)) {
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
    fn overlong(&self, buf: &[u8], cells: &[u32], row: usize) -> WalkStop {
        let columns = self.steps.iter().zip(cells.chunks_exact(STRIDE)).enumerate();
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
    // LONG VARCHAR and its kin may be described without a length.
    let long =
        matches!(field.lid.form().map(|form| form.sql_type), Some(SqlType::LONG_VARCHAR | SqlType::LONG_VARGRAPHIC));
    match field.shape {
        Shape::NulTerminated => field.length,
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
mod tests {
    use super::*;
    use crate::wire::fdoca::lid;
    use crate::wire::value::typdef::TypDef;

    fn fields() -> Vec<Field> {
        [(0x03, [0, 4]), (0x33, [0, 9]), (0x0E, [5, 2])]
            .map(|(id, size)| lid::field(id, size, &TypDef::OURS, 0).unwrap())
            .to_vec()
    }

    fn walker() -> Walker {
        Walker::new(&fields(), Counts::Bytes)
    }

    #[test]
    fn cells_are_found_and_cuts_are_short() {
        let rows = [
            &[0xFF, 0x00, 0x00, 0, 0, 0, 7, 0x00, 0, 2, b'h', b'i', 0x12, 0x34, 0x5C][..],
            &[0xFF, 0x00, 0xFF, 0xFF, 0x12, 0x34, 0x5C],
        ]
        .concat();
        let walker = walker();
        let mut out = Offsets::new(3);
        let walked = walker.walk(&rows, 0, false, CHUNK, &mut out).unwrap();
        assert_eq!(walked, Walked { end: rows.len(), stop: WalkStop::Short });
        assert_eq!((out.column(0), out.column(1), out.column(2)), (&[3, NULL][..], &[8, NULL][..], &[12, 19][..]));
        for cut in 0..rows.len() {
            out.clear();
            let walked = walker.walk(&rows[..cut], 0, false, CHUNK, &mut out).unwrap();
            assert_eq!((out.rows(), walked.end), if cut < 15 { (0, 0) } else { (1, 15) });
        }
    }

    #[test]
    fn a_value_longer_than_declared_is_named() {
        let row =
            |n: u8| [&[0xFF, 0x00, 0x00, 0, 0, 0, 7, 0x00, 0, n][..], &[b'x'; 200][..n.into()], &[0, 0, 0x5C]].concat();
        let rows = [row(9), row(10)].concat();
        let mut out = Offsets::new(3);
        let walked = walker().walk(&rows, 0, false, CHUNK, &mut out).unwrap();
        // The rows before it are good.
        assert_eq!((out.rows(), walked.end), (1, row(9).len()));
        assert_eq!(walked.stop, WalkStop::Overlong { column: 1, len: 10, room: 9 });
        // Derby counts UTF-16 units of text, and bytes of bytes.
        let mut fields = fields();
        fields[1].ccsid = UTF8;
        let derby = Walker::new(&fields, Counts::Units);
        for (len, stop) in [(27, WalkStop::Short), (28, WalkStop::Overlong { column: 1, len: 28, room: 27 })] {
            out.clear();
            assert_eq!(derby.walk(&row(len), 0, false, CHUNK, &mut out).unwrap().stop, stop);
        }
        fields[1].ty = Type::Binary;
        out.clear();
        let walked = Walker::new(&fields, Counts::Units).walk(&row(10), 0, false, CHUNK, &mut out).unwrap();
        assert!(matches!(walked.stop, WalkStop::Overlong { .. }));
    }

    #[test]
    fn warnings_ends_and_nonsense() {
        let walker = walker();
        let mut out = Offsets::new(3);
        assert_eq!(walker.walk(&[0x00, 1], 0, false, 9, &mut out).unwrap().stop, WalkStop::Sqlca);
        assert_eq!(
            walker.walk(&[0xFF, 0xFF], 0, false, 9, &mut out).unwrap(),
            Walked { end: 2, stop: WalkStop::NoRow }
        );
        assert!(walker.walk(&[0x05], 0, false, 9, &mut out).is_err());
        assert!(walker.walk(&[0xFF, 0x00, 0x90], 0, false, 9, &mut out).is_err());
    }
}
