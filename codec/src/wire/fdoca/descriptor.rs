//! FD:OCA descriptors: triplets that say how the columns of a row (QRYDSC, SQLDTARD) or the
//! parameters of a statement (SQLDTA, OUTOVR) lie. (DRDA: FD:OCA early and late descriptors.)
//!
//! A triplet is length, type, id, data. A group (N-GDA, X'76') lists three bytes a column: type id
//! and two length bytes; X'7F' continues it. A pair MDD (X'78') and SDA (X'70') defines a new type
//! id for a type with a CCSID of its own. Row layouts (RLO, X'71') follow.

use super::lid::{self, UnknownLid};
use crate::wire::codec::error::WireError;
use crate::wire::codec::reader::Reader;
use crate::wire::codec::writer::Writer;
use crate::wire::value::field::{Field, Shape};
use crate::wire::value::typdef::TypDef;
use crate::wire::value::types::{Type, TypeId};

const SDA: u8 = 0x70;
const RLO: u8 = 0x71;
const GDA: u8 = 0x76;
const MDD: u8 = 0x78;
const CPT: u8 = 0x7F;

/// Columns in one group triplet: its length is one byte.
const GROUP: usize = 84;
/// Ids that no DRDA type has, for those that a descriptor defines: the low bit says nullable.
const OWN: std::ops::RangeInclusive<u8> = 0x60..=0xAE;
/// Classes that an MDD introduces: a type, a group, a row, rows.
const TYPE_CLASS: u8 = 1;
const GROUP_CLASS: u8 = 2;
const ROW_CLASS: u8 = 3;
const ROWS_CLASS: u8 = 4;
/// FD:OCA's field types: characters of a fixed length, of a length in front, a large object of them.
const FIXED_CHARACTERS: u8 = 0x10;
const VARYING_CHARACTERS: u8 = 0x11;
const LARGE_CHARACTERS: u8 = 0x51;
const NULLABLE: u8 = 0x80;

/// Row layouts after the groups of a result.
const RESULT_ROWS: [u8; 15] = [9, RLO, 0xE0, 0x54, 0, 1, 0xD0, 0, 1, 6, RLO, 0xF0, 0xE0, 0, 0];
/// Row layout after the groups of one row of input.
const INPUT_ROW: [u8; 6] = [6, RLO, 0xE4, 0xD0, 0, 1];
/// After that, where several rows follow each other. (Measured: IBM's CLI and JDBC drivers.)
const INPUT_ROWS: [u8; 6] = [6, RLO, 0xF4, 0xE4, 0, 0];

/// A descriptor that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DescriptorError {
    /// Malformed bytes.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// A column of a type without a layout.
    #[error("column {column}: {source}")]
    Unsupported {
        /// Position of the column, from 1.
        column: usize,
        /// Its type id.
        source: UnknownLid,
    },
    /// More kinds of text, each in a page of its own, than there are ids for.
    #[error("the columns are in too many different CCSIDs")]
    TooManyPages,
}

/// Reads a descriptor into fields without names.
pub fn decode(body: &[u8], typdef: &TypDef) -> Result<Vec<Field>, DescriptorError> {
    let mut r = Reader::new(body, "FD:OCA descriptor");
    let mut fields = Vec::new();
    let mut overrides: Vec<Override> = Vec::new();
    let mut meaning = None;
    while !r.is_empty() {
        let at = r.pos();
        let len = usize::from(r.u8()?);
        let (kind, id) = (r.u8()?, r.u8()?);
        let body =
            len.checked_sub(3).ok_or_else(|| WireError::invalid("FD:OCA triplet", at, format!("length {len}")))?;
        let mut t = r.sub(body, "FD:OCA triplet")?;
        match kind {
            GDA | CPT => {
                meaning = None;
                while !t.is_empty() {
                    let [id, a, b] = t.array::<3>()?;
                    fields.push(column(id, [a, b], typdef, &overrides, fields.len() + 1)?);
                }
            }
            // Class, kind and the DRDA type that the next SDA stands for.
            MDD => meaning = t.rest().last().copied(),
            SDA => {
                let fdtype = t.u8()?;
                let ccsid = t.u32()? as u16;
                overrides.push(Override { id, lid: meaning.take().unwrap_or(id), fdtype, ccsid });
            }
            RLO => {}
            other => {
                return Err(WireError::invalid("FD:OCA triplet", at, format!("unknown type X'{other:02X}'")).into());
            }
        }
    }
    Ok(fields)
}

/// A type id defined by the descriptor itself.
struct Override {
    id: u8,
    lid: u8,
    fdtype: u8,
    ccsid: u16,
}

fn column(id: u8, size: [u8; 2], typdef: &TypDef, overrides: &[Override], n: usize) -> Result<Field, DescriptorError> {
    let unsupported = |source| DescriptorError::Unsupported { column: n, source };
    match overrides.iter().rev().find(|o| o.id == id) {
        None => lid::field(id, size, typdef, 0).map_err(unsupported),
        Some(o) => {
            // The field type's high bit says nullable; so does the low bit of the type it stands for.
            let nullable = o.fdtype & 0x80 != 0 || o.lid & 1 == 1;
            let field = lid::field(o.lid & !1, size, typdef, o.ccsid).map_err(unsupported)?;
            Ok(Field { nullable, ..field })
        }
    }
}

/// Writes the descriptor of a result (QRYDSC, SQLDTARD) in the environment `typdef`. Types are
/// defined for the columns whose page is not that of the environment.
pub fn encode_result(fields: &[Field], typdef: &TypDef) -> Result<Vec<u8>, DescriptorError> {
    let mut w = Writer::new();
    let mut own: Vec<(u8, u16)> = Vec::new();
    let mut columns = Vec::with_capacity(fields.len());
    for (n, field) in fields.iter().enumerate() {
        let (lid, size) = (field.lid.with_null(field.nullable).byte(), size(field));
        let usual = lid::field(lid, size, typdef, 0)
            .map_err(|source| DescriptorError::Unsupported { column: n + 1, source })?;
        let id = if usual.ccsid == field.ccsid {
            lid
        } else {
            let known = own.iter().position(|kind| *kind == (lid, field.ccsid));
            let place = known.unwrap_or(own.len());
            let id = u8::try_from(place * 2).ok().and_then(|n| n.checked_add(*OWN.start()));
            let id = id.filter(|id| OWN.contains(id)).ok_or(DescriptorError::TooManyPages)? | lid & 1;
            if known.is_none() {
                own.push((lid, field.ccsid));
                define(id, lid, field, &mut w);
            }
            id
        };
        columns.push([id, size[0], size[1]]);
    }
    // After one type that is defined, groups and rows have to be introduced as well. (Measured:
    // IBM's CLI driver and Derby's client refuse less.)
    let introduce = |class: u8, id: u8, w: &mut Writer| {
        if !own.is_empty() {
            w.bytes(&[7, MDD, 0, 5, class, 1, id]);
        }
    };
    let (row, rows) = RESULT_ROWS.split_at(9);
    introduce(GROUP_CLASS, 0xD0, &mut w);
    triplets(columns.into_iter(), &mut w);
    introduce(ROW_CLASS, 0xE0, &mut w);
    w.bytes(row);
    introduce(ROWS_CLASS, 0xF0, &mut w);
    w.bytes(rows);
    Ok(w.into_vec())
}

/// Defines `id` as the type `lid` in the page of the field.
fn define(id: u8, lid: u8, field: &Field, w: &mut Writer) {
    w.bytes(&[7, MDD, 0, 5, TYPE_CLASS, 1, lid]);
    let kind = match field.shape {
        Shape::Fixed(_) => FIXED_CHARACTERS,
        Shape::Lob(_) => LARGE_CHARACTERS,
        _ => VARYING_CHARACTERS,
    };
    let nullable = if lid & 1 == 1 { NULLABLE } else { 0 };
    w.bytes(&[12, SDA, id, kind | nullable]);
    w.u32(u32::from(field.ccsid));
    // Bytes a character; how truncation is told; the longest, which each column tells itself.
    w.bytes(&[if field.ty == Type::Graphic { 2 } else { 1 }, 0]);
    w.u16(0x7FFF);
}

/// Writes the descriptor of one row of parameters (FDODSC of SQLDTA).
pub fn encode_input(fields: &[Field]) -> Vec<u8> {
    let mut w = Writer::new();
    groups(fields, &mut w);
    w.bytes(&INPUT_ROW);
    w.into_vec()
}

/// Writes the descriptor of many rows of parameters: an array.
pub fn encode_input_rows(fields: &[Field]) -> Vec<u8> {
    let mut descriptor = encode_input(fields);
    descriptor.extend_from_slice(&INPUT_ROWS);
    descriptor
}

/// Writes the descriptor of an OUTOVR: the type id by which a column is wanted, four bytes wide as
/// locators are; `None` leaves it as it is.
pub fn encode_override(columns: &[Option<TypeId>]) -> Vec<u8> {
    let mut w = Writer::new();
    triplets(columns.iter().map(|lid| lid.map_or([0; 3], |lid| [lid.byte(), 0, 4])), &mut w);
    w.bytes(&RESULT_ROWS);
    w.into_vec()
}

fn groups(fields: &[Field], w: &mut Writer) {
    let column = |field: &Field| {
        let [high, low] = size(field);
        [field.lid.with_null(field.nullable).byte(), high, low]
    };
    triplets(fields.iter().map(column), w);
}

fn triplets(columns: impl ExactSizeIterator<Item = [u8; 3]>, w: &mut Writer) {
    let mut left = columns.len();
    for (i, column) in columns.enumerate() {
        if i % GROUP == 0 {
            w.u8((3 + left.min(GROUP) * 3) as u8);
            w.bytes(if i == 0 { &[GDA, 0xD0] } else { &[CPT, 0x00] });
        }
        w.bytes(&column);
        left -= 1;
    }
}

/// The two length bytes of a field.
fn size(field: &Field) -> [u8; 2] {
    match (field.ty, field.shape) {
        (Type::Packed | Type::Zoned | Type::NumericChar, _) => [field.precision, field.scale],
        (_, Shape::Lob(n)) => (0x8000 | u16::from(n)).to_be_bytes(),
        _ => u16::try_from(field.length).unwrap_or(u16::MAX).to_be_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The QRYDSC of a real Db2 for z/OS (IBM's i5/OS 5.4 documentation).
    const ZOS: [u8; 27] = [
        0x0C, 0x76, 0xD0, 0x05, 0x00, 0x02, 0x31, 0x00, 0x03, 0x0A, 0x00, 0x08, 0x09, 0x71, 0xE0, 0x54, 0x00, 0x01,
        0xD0, 0x00, 0x01, 0x06, 0x71, 0xF0, 0xE0, 0x00, 0x00,
    ];

    #[test]
    fn a_real_descriptor_both_ways() {
        let typdef = TypDef { name: crate::wire::value::typdef::TypDefName::S370, sbc: 500, dbc: 0, mbc: 0, xml: 0 };
        let fields = decode(&ZOS, &typdef).unwrap();
        assert_eq!(fields.iter().map(Field::sql_name).collect::<Vec<_>>(), ["SMALLINT", "CHAR", "DOUBLE"]);
        assert_eq!(fields.iter().map(|f| f.nullable).collect::<Vec<_>>(), [true, true, false]);
        assert_eq!(fields[1].ccsid, 500);
        assert_eq!(encode_result(&fields, &typdef).unwrap(), ZOS);
        for cut in 0..ZOS.len() {
            let _ = decode(&ZOS[..cut], &typdef);
        }
    }

    #[test]
    fn an_override_gives_a_column_its_own_page() {
        let mut bytes = vec![7, MDD, 0, 5, 1, 1, 0x3F];
        bytes.extend([12, SDA, 0x61, 0x91, 0, 0, 0x01, 0xA4, 1, 0, 0, 0]);
        bytes.extend([6, GDA, 0xD0, 0x61, 0, 40]);
        bytes.extend(RESULT_ROWS);
        let fields = decode(&bytes, &TypDef::OURS).unwrap();
        assert_eq!((fields[0].ty, fields[0].ccsid, fields[0].nullable, fields[0].length), (Type::Text, 420, true, 40));
    }

    #[test]
    fn columns_in_pages_of_their_own_both_ways() {
        let of = |lid, ccsid| lid::field(lid, [0, 9], &TypDef::OURS, ccsid).unwrap();
        let large = |ccsid| lid::field(0xCF, [0x80, 8], &TypDef::OURS, ccsid).unwrap();
        let fields = [of(0x31, 37), of(0x30, 37), of(0x3F, 1399), of(0x31, 37), of(0x39, 300), of(0x3E, 0), large(930)];
        let bytes = encode_result(&fields, &TypDef::OURS).unwrap();
        assert_eq!(decode(&bytes, &TypDef::OURS).unwrap(), fields);
        // Defined once, each.
        assert_eq!(bytes[..19], [7, MDD, 0, 5, 1, 1, 0x31, 12, SDA, 0x61, 0x90, 0, 0, 0, 37, 1, 0, 0x7F, 0xFF]);
        assert_eq!(bytes.windows(5).filter(|w| w[..5] == [7, MDD, 0, 5, 1]).count(), 5);
        let many: Vec<Field> = (1..100).map(|ccsid| of(0x31, ccsid)).collect();
        assert_eq!(encode_result(&many, &TypDef::OURS), Err(DescriptorError::TooManyPages));
        assert!(encode_result(&many[..40], &TypDef::OURS).is_ok());
    }

    #[test]
    fn more_columns_than_a_group_holds() {
        let fields: Vec<Field> = (0..200).map(|_| lid::field(0x03, [0, 4], &TypDef::OURS, 0).unwrap()).collect();
        let bytes = encode_input(&fields);
        assert_eq!(decode(&bytes, &TypDef::OURS).unwrap(), fields);
    }

    #[test]
    fn an_override_as_ibms_driver_and_derbys_client_write_it() {
        let want = [&[12, GDA, 0xD0, 0, 0, 0, 0x1B, 0, 4, 0x19, 0, 4][..], &RESULT_ROWS].concat();
        assert_eq!(
            encode_override(&[None, Some(TypeId::CLOB_LOCATOR.nullable()), Some(TypeId::BLOB_LOCATOR.nullable())]),
            want
        );
    }

    #[test]
    fn an_unknown_type_names_its_column() {
        let bytes = [9, GDA, 0xD0, 0x02, 0, 4, 0xE9, 0, 1];
        assert_eq!(
            decode(&bytes, &TypDef::OURS).unwrap_err().to_string(),
            "column 2: DRDA type X'E9' is not supported"
        );
    }
}
