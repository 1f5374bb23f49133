//! The row walker: finds where every cell of a block lies without touching the values.
//!
//! A row is an SQLCA group (X'FF', or X'00' and a full SQLCA), a group indicator (X'00' a row
//! follows, X'FF' none) and the columns, each with an indicator byte in front when it is nullable.
//! Rows follow each other without padding and may be cut anywhere at the end of a block.

use crate::wire::codec::error::WireError;
use crate::wire::value::cell::NULL;
use crate::wire::value::field::{Field, Shape};

/// Rows walked at a time: few enough that their bytes stay in the cache until they are decoded.
pub const CHUNK: usize = 1024;
/// From a column to the next: columns that lie 4096 bytes apart would share one set of the cache.
const STRIDE: usize = CHUNK + 16;

/// How to step over the columns of a row; made once per answer set.
#[derive(Debug, Clone)]
pub struct Walker {
    steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy)]
struct Step {
    nullable: bool,
    shape: Shape,
    /// Longest value of a zero-terminated shape.
    length: u32,
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
pub enum Stop {
    /// The chunk is full; go on at `end`.
    Full,
    /// The block ended, in the middle of the row that begins at `end` unless that is its end.
    Short,
    /// The row at `end` has an SQLCA; its group begins there.
    Sqlca,
    /// The row at `end` has no columns (group indicator X'FF'); `end` is behind it.
    NoRow,
}

/// What was walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walked {
    /// Offset behind the last whole row.
    pub end: usize,
    /// Why it ended there.
    pub stop: Stop,
}

/// What became of one row.
enum Row {
    Whole(usize),
    Short,
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
    /// A walker for rows of these fields.
    pub fn new(fields: &[Field]) -> Self {
        Walker {
            steps: fields.iter().map(|f| Step { nullable: f.nullable, shape: f.shape, length: f.length }).collect(),
        }
    }

    /// Width of a large object's placeholder in that column; 0 when it has none.
    pub fn placeholder(&self, column: usize) -> usize {
        match self.steps.get(column).map(|s| s.shape) {
            Some(Shape::Lob(n)) => usize::from(n),
            _ => 0,
        }
    }

    /// Appends whole rows of `buf` from `pos` on to `out`, at most `limit` of them and no more
    /// than its room. With `behind_sqlca` the walk begins at the group indicator of a row whose
    /// SQLCA was read by the caller.
    pub fn walk(
        &self,
        buf: &[u8],
        pos: usize,
        behind_sqlca: bool,
        limit: usize,
        out: &mut Offsets,
    ) -> Result<Walked, WireError> {
        let mut row = pos;
        let mut behind_sqlca = behind_sqlca;
        let limit = limit.min(CHUNK);
        while out.rows < limit {
            let mut at = row;
            if !behind_sqlca {
                match buf.get(at) {
                    Some(0xFF) => at += 1,
                    Some(0x00) => return Ok(Walked { end: row, stop: Stop::Sqlca }),
                    Some(other) => return Err(bad("SQLCA indicator", at, *other)),
                    None => return Ok(Walked { end: row, stop: Stop::Short }),
                }
            }
            match buf.get(at) {
                Some(0x00) => at += 1,
                Some(0xFF) => return Ok(Walked { end: at + 1, stop: Stop::NoRow }),
                Some(other) => return Err(bad("row indicator", at, *other)),
                None => return Ok(Walked { end: row, stop: Stop::Short }),
            }
            match self.row(buf, at, &mut out.cells, out.rows)? {
                Row::Whole(end) => row = end,
                Row::Short => return Ok(Walked { end: row, stop: Stop::Short }),
            }
            behind_sqlca = false;
            out.rows += 1;
        }
        Ok(Walked { end: row, stop: Stop::Full })
    }

    /// One row of column values from `at`; used for the single row of SQLDTARD too.
    fn row(&self, buf: &[u8], mut at: usize, cells: &mut [u32], row: usize) -> Result<Row, WireError> {
        for (step, column) in self.steps.iter().zip(cells.chunks_exact_mut(STRIDE)) {
            let Some(cell) = column.get_mut(row) else { return Ok(Row::Short) };
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
                    None => return Ok(Row::Short),
                }
            }
            *cell = at as u32;
            at += match step.shape {
                Shape::Fixed(n) => n as usize,
                Shape::Lob(n) => usize::from(n),
                Shape::Var => match prefix(buf, at) {
                    Some(n) => 2 + n,
                    None => return Ok(Row::Short),
                },
                Shape::VarChars => match prefix(buf, at) {
                    Some(n) => 2 + 2 * n,
                    None => return Ok(Row::Short),
                },
                Shape::Pascal => match buf.get(at) {
                    Some(n) => 1 + usize::from(*n),
                    None => return Ok(Row::Short),
                },
                Shape::NulTerminated => {
                    let rest = buf.get(at..).unwrap_or_default();
                    match rest.iter().position(|b| *b == 0) {
                        Some(n) if n <= step.length as usize => n + 1,
                        None if rest.len() <= step.length as usize => return Ok(Row::Short),
                        _ => return Err(WireError::invalid("value", at, "no terminating zero within its length")),
                    }
                }
            };
        }
        Ok(if at <= buf.len() { Row::Whole(at) } else { Row::Short })
    }
}

#[inline]
fn prefix(buf: &[u8], at: usize) -> Option<usize> {
    let raw: [u8; 2] = buf.get(at..at + 2)?.try_into().ok()?;
    Some(usize::from(u16::from_be_bytes(raw)))
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

    #[test]
    fn cells_are_found_and_cuts_are_short() {
        let rows = [
            &[0xFF, 0x00, 0x00, 0, 0, 0, 7, 0x00, 0, 2, b'h', b'i', 0x12, 0x34, 0x5C][..],
            &[0xFF, 0x00, 0xFF, 0xFF, 0x12, 0x34, 0x5C],
        ]
        .concat();
        let walker = Walker::new(&fields());
        let mut out = Offsets::new(3);
        let walked = walker.walk(&rows, 0, false, CHUNK, &mut out).unwrap();
        assert_eq!(walked, Walked { end: rows.len(), stop: Stop::Short });
        assert_eq!((out.column(0), out.column(1), out.column(2)), (&[3, NULL][..], &[8, NULL][..], &[12, 19][..]));
        for cut in 0..rows.len() {
            out.clear();
            let walked = walker.walk(&rows[..cut], 0, false, CHUNK, &mut out).unwrap();
            assert_eq!((out.rows(), walked.end), if cut < 15 { (0, 0) } else { (1, 15) });
        }
    }

    #[test]
    fn warnings_ends_and_nonsense() {
        let walker = Walker::new(&fields());
        let mut out = Offsets::new(3);
        assert_eq!(walker.walk(&[0x00, 1], 0, false, 9, &mut out).unwrap().stop, Stop::Sqlca);
        assert_eq!(walker.walk(&[0xFF, 0xFF], 0, false, 9, &mut out).unwrap(), Walked { end: 2, stop: Stop::NoRow });
        assert!(walker.walk(&[0x05], 0, false, 9, &mut out).is_err());
        assert!(walker.walk(&[0xFF, 0x00, 0x90], 0, false, 9, &mut out).is_err());
    }
}
