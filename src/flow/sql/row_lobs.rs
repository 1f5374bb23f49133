//! The large objects that travel after their rows (EXTDTA): each row gets those that belong to it.

use crate::flow::error::FlowError;
use crate::wire::codec::error::WireError;
use crate::wire::codec::reader::ByteOrder;
use crate::wire::ddm::codepoint as cp;
use crate::wire::fdoca::row::{CHUNK, Offsets, Walker};
use crate::wire::sql::execute::decode_extdta;
use crate::wire::sql::placeholder::Placeholder;
use crate::wire::value::cell::{Lob, NULL};
use crate::wire::value::field::{Field, Shape};
use bytes::Bytes;
use std::collections::VecDeque;

/// Bytes of large objects that are handed out together; one may be longer.
const TOGETHER: usize = 64 << 10;

/// Large objects that came and wait for their rows.
#[derive(Debug)]
pub(super) struct RowLobs {
    /// Columns with large objects: position and whether an indicator stands in the EXTDTA.
    columns: Vec<(usize, bool)>,
    waiting: VecDeque<Bytes>,
    /// Bytes of the longest one that is taken.
    limit: usize,
    /// Rows that are looked for at a time.
    together: usize,
    /// Of the numbers that the server sends.
    order: ByteOrder,
}

/// The large objects of some rows.
pub(super) struct Objects {
    /// For each column that has them: (column, row by row).
    lobs: Vec<(usize, Vec<Lob>)>,
    /// How many of those that came belong to the rows.
    used: usize,
    /// How many rows have theirs.
    pub(super) rows: usize,
}

/// Where a large object belongs.
struct LobPlace {
    row: u64,
    column: usize,
    nullable: bool,
    /// Of its placeholder.
    width: usize,
}

impl RowLobs {
    pub(super) fn new(fields: &[Field], order: ByteOrder) -> RowLobs {
        let columns = fields.iter().enumerate().filter(|(_, f)| matches!(f.shape, Shape::Lob(_)));
        let columns = columns.map(|(i, f)| (i, f.nullable)).collect();
        RowLobs { columns, waiting: VecDeque::new(), limit: usize::MAX, together: CHUNK, order }
    }

    /// Refuses those of more than `bytes`.
    pub(super) fn set_limit(&mut self, bytes: usize) {
        self.limit = bytes;
    }

    /// Rows that are looked for at a time.
    pub(super) fn together(&self) -> usize {
        if self.columns.is_empty() { CHUNK } else { self.together }
    }

    /// Notes how many of some rows have theirs: the next rows are likely to be alike.
    pub(super) fn note(&mut self, objects: &Objects, rows: usize) {
        let all = objects.rows == rows;
        self.together = if all { (objects.rows * 2).clamp(1, CHUNK) } else { objects.rows.max(1) };
    }

    pub(super) fn push(&mut self, lobs: Vec<Bytes>) {
        self.waiting.extend(lobs);
    }

    /// The objects are handed out with their rows.
    pub(super) fn hand_out(&mut self, objects: Objects) -> Vec<(usize, Vec<Lob>)> {
        self.waiting.drain(..objects.used);
        objects.lobs
    }

    /// At the end of the rows: each one belonged to a row.
    pub(super) fn all_used(&self) -> Result<(), FlowError> {
        match self.waiting.len() {
            0 => Ok(()),
            n => Err(WireError::invalid(cp::EXTDTA, 0, format!("{n} large objects belong to no row")).into()),
        }
    }

    /// The large objects of the rows found in `buf`, up to the first row that lacks one or brings a wrong one: that
    /// is an error once it is the first of them.
    pub(super) fn of(
        &self,
        walker: &Walker,
        first_row: u64,
        buf: &Bytes,
        offsets: &Offsets,
    ) -> Result<Objects, FlowError> {
        let mut objects = Objects { lobs: Vec::with_capacity(self.columns.len()), used: 0, rows: offsets.rows() };
        objects.lobs.extend(self.columns.iter().map(|(column, _)| (*column, Vec::with_capacity(offsets.rows()))));
        if self.columns.is_empty() {
            return Ok(objects);
        }
        let mut bytes = 0;
        for row in 0..offsets.rows() {
            let before = objects.used;
            for ((_, nullable), (column, values)) in self.columns.iter().zip(&mut objects.lobs) {
                let at = offsets.column(*column).get(row).copied().unwrap_or(NULL);
                let place = LobPlace {
                    row: first_row,
                    column: *column,
                    nullable: *nullable,
                    width: walker.placeholder(*column),
                };
                match self.object(buf, at, place, &mut objects.used) {
                    Ok(value) => values.push(value),
                    Err(e) if row == 0 => return Err(e),
                    Err(_) => {
                        objects.lobs.iter_mut().for_each(|(_, values)| values.truncate(row));
                        (objects.used, objects.rows) = (before, row);
                        return Ok(objects);
                    }
                }
            }
            bytes += self.waiting.range(before..objects.used).map(Bytes::len).sum::<usize>();
            if bytes >= TOGETHER {
                objects.rows = row + 1;
                break;
            }
        }
        Ok(objects)
    }

    /// One large object, the next of those that came unless the row says that none is due.
    fn object(&self, buf: &Bytes, at: u32, place: LobPlace, used: &mut usize) -> Result<Lob, FlowError> {
        let LobPlace { row, column, nullable, width } = place;
        let fail = |what: String| FlowError::Lob { row, column: column + 1, what };
        let placeholder = buf.get(at as usize..).and_then(|b| b.get(..width));
        match placeholder.map(|bytes| Placeholder::new(bytes, self.order)) {
            _ if at == NULL => Ok(Lob::Null),
            None => Err(fail("its placeholder is cut".to_owned())),
            Some(p) if p.is_empty() => Ok(Lob::Value(Bytes::new())),
            Some(p) => {
                // They come in the same reply as the row that they belong to.
                let body = self.waiting.get(*used);
                let body = body.ok_or_else(|| fail("the large object did not come".to_owned()))?;
                *used += 1;
                // An indicator in front does not count among its bytes.
                let (len, limit) = (body.len().saturating_sub(usize::from(nullable)), self.limit);
                if len > limit {
                    return Err(FlowError::LobLimit { row, column: column + 1, len, limit });
                }
                lob_value(p, width, body, nullable).map_err(fail)
            }
        }
    }
}

/// The value of an EXTDTA, held against what its placeholder announced.
fn lob_value(placeholder: Placeholder<'_>, width: usize, body: &Bytes, nullable: bool) -> Result<Lob, String> {
    let Some(data) = decode_extdta(body, nullable, false).map_err(|e| e.to_string())? else { return Ok(Lob::Null) };
    let (claimed, len) = (placeholder.announced(), data.len());
    // Derby writes the placeholder's own descriptor length in place of the value's. (Measured.)
    let derby = claimed == 0x8000 | width as u64;
    if derby || placeholder.allows(len) {
        Ok(Lob::Value(data))
    } else {
        Err(format!("{claimed} bytes were announced and {len} came"))
    }
}
