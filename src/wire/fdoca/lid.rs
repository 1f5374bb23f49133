//! DRDA type ids: the one-byte names of types in a descriptor. Even = not nullable, odd = nullable.
//! (FD:OCA local identifiers of DRDA; measured with IBM's CLI driver and Derby.)

use crate::wire::value::field::{CCSID_BINARY, Field, Shape, Type};
use crate::wire::value::typdef::TypDef;

/// A type id that this client has no layout for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("DRDA type X'{lid:02X}' is not supported")]
pub struct UnknownLid {
    /// The id as it stood in the descriptor.
    pub lid: u8,
}

/// The field that a type id and its two length bytes describe in the environment `typdef`.
/// `ccsid` overrides the environment's page (a late descriptor does so); 0 leaves it.
pub fn field(lid: u8, size: [u8; 2], typdef: &TypDef, ccsid: u16) -> Result<Field, UnknownLid> {
    use Shape::{Fixed, Lob, NulTerminated, Pascal, Var, VarChars};
    let length = u32::from(u16::from_be_bytes(size));
    let base = lid & !1;
    // For large objects the length says how wide the placeholder is: X'8004' is four bytes.
    let lob = Lob((length & 0x7FFF).min(16) as u8);
    let (sbc, mbc, dbc) = (typdef.sbc, mixed(typdef), typdef.dbc);
    let (ty, shape, page) = match base {
        0x02 | 0x04 | 0x06 | 0x16 => (Type::Integer, Fixed(length), 0),
        0x08 | 0x0A | 0x0C => (Type::Float, Fixed(length), 0),
        0x0E => (Type::Packed, Fixed((u32::from(size[0]) + 2) / 2), 0),
        0x10 => (Type::Zoned, Fixed(u32::from(size[0])), sbc),
        0x12 => (Type::NumericChar, Fixed(u32::from(size[0]) + 1), sbc),
        0x14 | 0x18 | 0x1A | 0x1C => (Type::Locator, Fixed(4), 0),
        0x1E => (Type::RowId, Var, CCSID_BINARY),
        0x20 => (Type::Date, Fixed(length), sbc),
        0x22 => (Type::Time, Fixed(length), sbc),
        0x24 => (Type::Timestamp, Fixed(length), sbc),
        0xB6 => (Type::TimestampTz, Var, sbc),
        0x26 => (Type::Binary, Fixed(length), CCSID_BINARY),
        0x28 | 0x2A | 0x50 => (Type::Binary, Var, CCSID_BINARY),
        0x2C => (Type::Binary, NulTerminated, CCSID_BINARY),
        0x2E => (Type::Text, NulTerminated, sbc),
        0x30 => (Type::Text, Fixed(length), sbc),
        0x32 | 0x34 => (Type::Text, Var, sbc),
        0x36 => (Type::Graphic, Fixed(length * 2), dbc),
        0x38 | 0x3A | 0xB0 => (Type::Graphic, VarChars, dbc),
        0x3C => (Type::Text, Fixed(length), mbc),
        0x3E | 0x40 | 0xB2 => (Type::Text, Var, mbc),
        0x42 => (Type::Text, NulTerminated, mbc),
        0x44 => (Type::Binary, Pascal, CCSID_BINARY),
        0x46 => (Type::Text, Pascal, sbc),
        0x48 => (Type::Text, Pascal, mbc),
        0x4C => (Type::Datalink, Var, sbc),
        0x4E => (Type::Datalink, Var, mbc),
        0xBA => (Type::DecFloat, Fixed(length), 0),
        0xBE => (Type::Boolean, Fixed(length), 0),
        0xC0 => (Type::Binary, Fixed(length), CCSID_BINARY),
        0xC2 => (Type::Binary, Var, CCSID_BINARY),
        0xBC | 0xC4 | 0xC6 => (Type::Xml, lob, typdef.xml),
        0xC8 => (Type::Binary, lob, CCSID_BINARY),
        0xCA => (Type::Text, lob, sbc),
        0xCC => (Type::Graphic, lob, dbc),
        0xCE => (Type::Text, lob, mbc),
        _ => return Err(UnknownLid { lid }),
    };
    if matches!(ty, Type::Integer) && !matches!(length, 1 | 2 | 4 | 8)
        || matches!(ty, Type::Float) && !matches!(length, 4 | 8)
        || matches!(ty, Type::DecFloat) && !matches!(length, 8 | 16)
        || matches!(ty, Type::Boolean) && !matches!(length, 1 | 2)
        || matches!(shape, Lob(n) if !(1..=9).contains(&n))
    {
        return Err(UnknownLid { lid });
    }
    let decimal = matches!(ty, Type::Packed | Type::Zoned | Type::NumericChar);
    let scale = match ty {
        _ if decimal => size[1],
        // 19 characters to the second, a point and digits beyond.
        Type::Timestamp => length.saturating_sub(20).min(12) as u8,
        // Db2 for LUW adds the fraction's digits to 148. (Measured: IBM's CLI driver.)
        Type::TimestampTz => length.saturating_sub(148).min(12) as u8,
        _ => 0,
    };
    Ok(Field {
        nullable: lid & 1 == 1,
        lid: base,
        length: match shape {
            Fixed(bytes) if decimal => bytes,
            _ => length,
        },
        precision: if decimal { size[0] } else { 0 },
        scale,
        // A character column that is bound to CCSID 65535 is FOR BIT DATA.
        ty: if ccsid == CCSID_BINARY && matches!(ty, Type::Text) { Type::Binary } else { ty },
        ccsid: if ccsid != 0 && page != 0 { ccsid } else { page },
        order: typdef.order(),
        float: typdef.float(),
        ..Field::new(ty, shape)
    })
}

/// The page of mixed data; environments that state none mean their single-byte page.
fn mixed(typdef: &TypDef) -> u16 {
    if typdef.mbc == 0 { typdef.sbc } else { typdef.mbc }
}

#[cfg(test)]
mod tests {
    use super::*;

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
