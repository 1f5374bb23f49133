//! Records of a fixed length: sixteen fields in the shape of LINEITEM with the types of an old file,
//! and values for them.

use std::sync::Arc;

use arrow_array::{ArrayRef, Date32Array, Decimal128Array, Int16Array, StringArray};
use drdarrow::wire::file::format::{DdsType, RecordField, RecordFormat};

/// Name, type, bytes, digits, decimals.
const FIELDS: [(&str, DdsType, u32, u8, u8); 16] = [
    ("ORDER", DdsType::ZONED, 9, 9, 0),
    ("PART", DdsType::PACKED, 5, 9, 0),
    ("SUPPLIER", DdsType::PACKED, 4, 7, 0),
    ("LINE", DdsType::BINARY, 2, 4, 0),
    ("QUANTITY", DdsType::PACKED, 5, 9, 2),
    ("PRICE", DdsType::PACKED, 8, 15, 2),
    ("DISCOUNT", DdsType::ZONED, 5, 5, 2),
    ("TAX", DdsType::ZONED, 11, 11, 2),
    ("FLAG", DdsType::CHARACTER, 1, 0, 0),
    ("STATUS", DdsType::CHARACTER, 1, 0, 0),
    ("SHIPPED", DdsType::DATE, 10, 0, 0),
    ("COMMITTED", DdsType::DATE, 10, 0, 0),
    ("RECEIVED", DdsType::DATE, 10, 0, 0),
    ("INSTRUCT", DdsType::CHARACTER, 25, 0, 0),
    ("MODE", DdsType::CHARACTER, 10, 0, 0),
    ("COMMENT", DdsType::CHARACTER, 44, 0, 0),
];

/// The record format.
pub(crate) fn format() -> RecordFormat {
    let mut format = RecordFormat { name: "LINE".into(), ..RecordFormat::default() };
    for (name, dds, length, digits, decimals) in FIELDS {
        let offset = format.length;
        let ccsid = if dds == DdsType::CHARACTER { 37 } else { 65535 };
        let field =
            RecordField { name: name.into(), dds, offset, length, digits, decimals, ccsid, ..Default::default() };
        format.fields.push(field);
        format.length += length;
    }
    format
}

/// So many values for each field.
pub(crate) fn columns(rows: usize) -> Vec<ArrayRef> {
    const WORDS: &str = "furiously final requests sleep quickly above the pending blithely regular ideas";
    let rows = || 0..rows as i64;
    let decimal = |n: usize, precision: u8, scale: i8| -> ArrayRef {
        let limit = 10i64.pow(u32::from(precision));
        let values = rows().map(|row| i128::from(row * 7_919_137 * (n as i64 + 1) % limit - row % 2));
        let array = Decimal128Array::from_iter_values(values).with_precision_and_scale(precision, scale);
        Arc::new(array.unwrap_or_else(|_| Decimal128Array::from_iter_values([])))
    };
    let text = |n: usize, width: usize| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rows().map(|row| {
            let start = (row as usize * 11 + n) % 30;
            &WORDS[start..start + width.min(1 + row as usize % width)]
        })))
    };
    let mut out = Vec::new();
    for (n, (_, dds, length, digits, decimals)) in FIELDS.into_iter().enumerate() {
        out.push(match dds {
            DdsType::DATE => {
                Arc::new(Date32Array::from_iter_values(rows().map(|row| 8_000 + (row % 10_000) as i32))) as ArrayRef
            }
            DdsType::CHARACTER => text(n, length as usize),
            DdsType::BINARY => Arc::new(Int16Array::from_iter_values(rows().map(|row| row as i16))),
            _ => decimal(n, digits, decimals as i8),
        });
    }
    out
}
