//! Parameters as they come in: an SQLDTA describes itself, so its rows are walked and decoded like
//! those of a result; large values stand in EXTDTAs behind it, in the order of the parameters.

use super::backend::Parameters;
use super::conversation::Conversation;
use super::error::SqlError;
use super::trouble::{Result, Trouble, synerrcd};
use crate::column::decode::{ColumnDecoder, decoder};
use crate::column::options::Options;
use crate::wire::codec::reader::ByteOrder;
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::object::Object;
use crate::wire::ddm::reply::Reply;
use crate::wire::drda::execute::{Described, decode_extdta};
use crate::wire::drda::placeholder::Placeholder;
use crate::wire::fdoca::descriptor;
use crate::wire::fdoca::row::{CHUNK, Offsets, Stop, Walker};
use crate::wire::value::cell::{Cells, Lob, NULL};
use crate::wire::value::field::{Field, Shape, Type};
use arrow_schema::{DataType, TimeUnit};
use bytes::Bytes;

/// Behind the last row of an array. (Measured: IBM's CLI driver.)
const END_OF_ROWS: u8 = 0xFD;

/// Width of a placeholder with a mode byte, and the mode of a value that follows as EXTDTA.
const WITH_MODE: usize = 9;
const FOLLOWS: u8 = 0x02;

/// An SQLDTA, split and described.
pub(super) struct Input {
    pub(super) fields: Vec<Field>,
    data: Bytes,
    lobs: Vec<Bytes>,
}

impl Input {
    /// The bytes of the value at `index` of the first row, when it is no large one; `None` is NULL.
    pub(super) fn first_row(&self) -> Result<Vec<Option<Bytes>>> {
        let mut offsets = Offsets::new(self.fields.len());
        let walked = Walker::new(&self.fields).walk(&self.data, 0, true, 1, &mut offsets)?;
        if walked.stop != Stop::Full {
            return Err(Trouble::syntax(synerrcd::LENGTH, Some(cp::FDODTA)));
        }
        let cell = |column: usize| match offsets.column(column).first() {
            Some(at) if *at != NULL => Some(self.data.slice((*at as usize).min(self.data.len())..)),
            _ => None,
        };
        Ok((0..self.fields.len()).map(cell).collect())
    }
}

impl Conversation {
    /// The SQLDTA among a command's objects.
    pub(super) fn input(&self, objects: &[Object]) -> Result<Option<Input>> {
        let Some(object) = objects.iter().find(|o| o.cp == cp::SQLDTA) else { return Ok(None) };
        let typdef = self.typdef_of(objects)?;
        let described = Described::decode(&object.body)?;
        let fields = descriptor::decode(&described.fdodsc, &typdef)?;
        let lobs = objects.iter().filter(|o| o.cp == cp::EXTDTA).map(|o| o.body.clone()).collect();
        Ok(Some(Input { fields, data: described.fdodta, lobs }))
    }

    /// The values for a statement's markers, `expected` of them. `rows` bounds the array of rows.
    pub(super) fn parameters(
        &self,
        input: Option<Input>,
        expected: &[arrow_schema::Field],
        rows: usize,
    ) -> Result<std::result::Result<Parameters, SqlError>> {
        let Some(input) = input else {
            let none = if expected.is_empty() { Ok(Parameters::none()) } else { Err(wrong_count()) };
            return Ok(none);
        };
        if input.fields.len() != expected.len() {
            return Ok(Err(wrong_count()));
        }
        let mut decoders = Vec::with_capacity(input.fields.len());
        for (n, (field, wanted)) in input.fields.iter().zip(expected).enumerate() {
            // A small fraction has fewer digits than its scale. (Measured: Derby's client, of 0.00001.)
            let mut field = field.clone();
            if field.ty == Type::Packed {
                field.precision = field.precision.max(field.scale);
            }
            match decoder(&field, n, &options(wanted)) {
                Ok(decoder) => decoders.push(decoder),
                Err(e) => return Ok(Err(SqlError::from(&e))),
            }
        }
        self.decode(&input, decoders, rows)
    }

    fn decode(
        &self,
        input: &Input,
        mut decoders: Vec<Box<dyn ColumnDecoder>>,
        limit: usize,
    ) -> Result<std::result::Result<Parameters, SqlError>> {
        let walker = Walker::new(&input.fields);
        let mut offsets = Offsets::new(input.fields.len());
        let mut extdtas = input.lobs.iter();
        let (mut at, mut rows) = (0, 0);
        loop {
            offsets.clear();
            while offsets.rows() < CHUNK && rows + offsets.rows() < limit {
                match input.data.get(at) {
                    None | Some(&END_OF_ROWS) => break,
                    Some(_) => {}
                }
                let had = offsets.rows();
                let walked = walker.walk(&input.data, at, true, had + 1, &mut offsets)?;
                if offsets.rows() == had {
                    return Err(Trouble::syntax(synerrcd::LENGTH, Some(cp::FDODTA)));
                }
                at = walked.end;
            }
            if offsets.rows() == 0 {
                break;
            }
            let lobs = self.large(input, &offsets, &mut extdtas)?;
            for ((column, decoder), lobs) in decoders.iter_mut().enumerate().zip(&lobs) {
                let first_row = rows as u64 + 1;
                let cells = Cells { buf: &input.data, offsets: offsets.column(column), lobs, first_row };
                if let Err(e) = decoder.append(&cells) {
                    return Ok(Err(SqlError::from(&e)));
                }
            }
            rows += offsets.rows();
        }
        match input.data.get(at..) {
            Some([] | [END_OF_ROWS]) => {}
            _ => return Err(Trouble::syntax(synerrcd::LENGTH, Some(cp::FDODTA))),
        }
        let arrays: std::result::Result<Vec<_>, _> = decoders.iter_mut().map(|d| d.finish()).collect();
        Ok(match arrays {
            Ok(columns) => Ok(Parameters { columns, rows }),
            Err(e) => Err(SqlError::from(&e)),
        })
    }

    /// The large values of these rows, column by column; they came row by row.
    fn large<'a>(
        &self,
        input: &Input,
        offsets: &Offsets,
        extdtas: &mut impl Iterator<Item = &'a Bytes>,
    ) -> Result<Vec<Vec<Lob>>> {
        let mut out = vec![Vec::new(); input.fields.len()];
        let columns: Vec<(usize, usize, bool, ByteOrder)> = input
            .fields
            .iter()
            .enumerate()
            .filter_map(|(n, f)| match f.shape {
                Shape::Lob(width) => Some((n, usize::from(width), f.nullable, f.order)),
                _ => None,
            })
            .collect();
        for row in 0..if columns.is_empty() { 0 } else { offsets.rows() } {
            for (column, width, nullable, order) in &columns {
                let at = offsets.column(*column).get(row).copied().unwrap_or(NULL);
                let placeholder = input.data.get(at as usize..).and_then(|d| d.get(..*width));
                // In nine bytes a mode precedes the length: 2, the value follows. (Measured: IBM's CLI
                // driver.)
                let placeholder = match placeholder {
                    Some([FOLLOWS, length @ ..]) if *width == WITH_MODE => Some(length),
                    Some(_) if *width == WITH_MODE && at != NULL => return Err(mismatch()),
                    other => other,
                };
                let value = match placeholder {
                    _ if at == NULL => Lob::Null,
                    Some(p) if p.iter().all(|b| *b == 0) => Lob::Value(Bytes::new()),
                    Some(p) => {
                        let extdta = extdtas.next().ok_or_else(mismatch)?;
                        let value = decode_extdta(extdta, *nullable, self.persona.extdta_status)?;
                        match value {
                            Some(value) if Placeholder::new(p, *order).allows(value.len()) => Lob::Value(value),
                            Some(_) => return Err(mismatch()),
                            None => Lob::Null,
                        }
                    }
                    None => return Err(Trouble::syntax(synerrcd::LENGTH, Some(cp::FDODTA))),
                };
                if let Some(values) = out.get_mut(*column) {
                    values.push(value);
                }
            }
        }
        Ok(out)
    }
}

/// DTAMCHRM: description and data do not belong together; the connection ends.
fn mismatch() -> Trouble {
    Trouble { reply: Box::new(Reply::new(cp::DTAMCHRM)), close: true }
}

fn wrong_count() -> SqlError {
    SqlError::new(-313, "07001", &[])
}

/// Timestamps in the unit that the statement's parameter has.
fn options(wanted: &arrow_schema::Field) -> Options {
    Options { timestamp_unit: unit_of(wanted.data_type()), ..Options::default() }
}

/// The unit of an Arrow type, where it has one.
pub(super) fn unit_of(data_type: &DataType) -> TimeUnit {
    match data_type {
        DataType::Timestamp(unit, _) => *unit,
        _ => TimeUnit::Microsecond,
    }
}
