//! Type ids of a descriptor (FD:OCA local identifiers) to fields, by the table of SQL types.

use crate::wire::value::field::{CCSID_BINARY, Field, Shape};
use crate::wire::value::length_rule::{LengthRule, Page};
use crate::wire::value::typdef::TypDef;
use crate::wire::value::types::{Form, Type, TypeId};

/// Widest placeholder of a large object that is read.
const PLACEHOLDER: u32 = 9;

/// A type id that this client has no layout for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("DRDA type X'{lid:02X}' is not supported")]
pub struct UnknownLid {
    /// The id as it stood in the descriptor.
    pub lid: u8,
}

/// The field that a type id and its two length bytes describe in the environment `typdef`.
/// `ccsid` overrides the environment's page (a late descriptor does so); 0 leaves it.
pub fn field(id: impl Into<TypeId>, size: [u8; 2], typdef: &TypDef, ccsid: u16) -> Result<Field, UnknownLid> {
    let id = id.into();
    let unknown = UnknownLid { lid: id.byte() };
    let form = id.form().ok_or(unknown)?;
    let length = u32::from(u16::from_be_bytes(size));
    let shape = shape(form, size).ok_or(unknown)?;
    let page = match form.page {
        Page::Absent => 0,
        Page::Binary => CCSID_BINARY,
        Page::Single => typdef.sbc,
        Page::Mixed => mixed(typdef),
        Page::Double => typdef.dbc,
        Page::Xml => typdef.xml,
    };
    let digits = |before: u32| length.saturating_sub(before).min(12) as u8;
    let (length, precision, scale) = match (form.length, shape) {
        (LengthRule::Packed | LengthRule::Zoned | LengthRule::SignedZoned, Shape::Fixed(bytes)) => {
            (bytes, size[0], size[1])
        }
        (LengthRule::Seconds(before) | LengthRule::VarSeconds(before), _) => (length, 0, digits(before)),
        _ => (length, 0, 0),
    };
    Ok(Field {
        nullable: id.is_nullable(),
        lid: form.id,
        length,
        precision,
        scale,
        // A character column that is bound to CCSID 65535 is FOR BIT DATA.
        ty: if ccsid == CCSID_BINARY && form.ty == Type::Text { Type::Binary } else { form.ty },
        ccsid: if ccsid != 0 && page != 0 { ccsid } else { page },
        order: typdef.order(),
        float: typdef.float(),
        ..Field::new(form.ty, shape)
    })
}

/// The field of an id with its usual length.
pub fn usual(id: TypeId, typdef: &TypDef) -> Result<Field, UnknownLid> {
    let length = id.form().map_or(0, |form| form.usual);
    field(id, length.to_be_bytes(), typdef, 0)
}

/// How the values lie; none of a width that the type does not have.
fn shape(form: &Form, size: [u8; 2]) -> Option<Shape> {
    let length = u32::from(u16::from_be_bytes(size));
    let digits = u32::from(size[0]);
    Some(match form.length {
        LengthRule::Bytes | LengthRule::Seconds(_) => Shape::Fixed(length),
        LengthRule::OneOf(widths) => Shape::Fixed(*widths.iter().find(|width| **width == length)?),
        LengthRule::Handle => Shape::Fixed(4),
        LengthRule::Characters => Shape::Fixed(length * 2),
        LengthRule::Packed => Shape::Fixed((digits + 2) / 2),
        LengthRule::Zoned => Shape::Fixed(digits),
        LengthRule::SignedZoned => Shape::Fixed(digits + 1),
        LengthRule::Var | LengthRule::VarSeconds(_) => Shape::Var,
        LengthRule::VarChars => Shape::VarChars,
        LengthRule::Pascal => Shape::Pascal,
        LengthRule::NulTerminated => Shape::NulTerminated,
        LengthRule::Lob => {
            let width = Some(length & 0x7FFF).filter(|width| (1..=PLACEHOLDER).contains(width))?;
            Shape::Lob(width as u8)
        }
    })
}

/// The page of mixed data; environments that state none mean their single-byte page.
fn mixed(typdef: &TypDef) -> u16 {
    if typdef.mbc == 0 { typdef.sbc } else { typdef.mbc }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::value::named_type::NamedType;
    use crate::wire::value::types::forms;

    #[test]
    fn every_type_of_a_column_has_its_facts() {
        for form in forms().filter(|form| form.ty != Type::Locator) {
            let told = usual(form.id, &TypDef::OURS).map_or("FLOAT(16)", |field| field.sql_name());
            assert!(NamedType::of(told).is_some(), "{form:?}");
        }
    }

    #[test]
    fn nullability_is_the_low_bit() {
        let f = field(0x03, [0, 4], &TypDef::OURS, 0).unwrap();
        assert_eq!((f.ty, f.shape, f.nullable), (Type::Integer, Shape::Fixed(4), true));
        let f = field(0x0E, [31, 5], &TypDef::OURS, 0).unwrap();
        assert_eq!((f.ty, f.shape, f.precision, f.scale), (Type::Packed, Shape::Fixed(16), 31, 5));
        let f = field(0xCF, [0x80, 4], &TypDef::OURS, 0).unwrap();
        assert_eq!((f.ty, f.shape), (Type::Text, Shape::Lob(4)));
        assert_eq!(field(0x25, [0, 29], &TypDef::OURS, 0).unwrap().scale, 9);
    }

    #[test]
    fn what_has_no_layout_is_refused() {
        for (lid, size) in [(0xFF, [0, 1]), (0x02, [0, 3]), (0xC8, [0x80, 0]), (0xBE, [0, 9])] {
            assert_eq!(field(lid, size, &TypDef::OURS, 0), Err(UnknownLid { lid }));
        }
    }
}
