//! Blanks at the end of a text: they do not count when values are compared, and are cut before a value is too long for
//! its column. So do Db2 and Derby, also of bytes that are FOR BIT DATA.

use crate::wire::ccsid::codec::Codec;
use crate::wire::value::field::{CCSID_BINARY, Field, Shape};
use crate::wire::value::types::{SqlType, Type};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, StringArray};
use arrow_schema::DataType;
use std::sync::Arc;

/// The blank of bytes that are FOR BIT DATA. (Read: Db2 for LUW, assignments of strings.)
const BIT_BLANK: [u8; 1] = [0x20];
/// Bytes of the indicator, and of a count in front of a value.
const INDICATOR: usize = 1;
const COUNT: usize = 2;

/// The part of a nullable value, as it is written for the wire, that tells it apart from others.
pub(super) fn key<'a>(field: &Field, written: &'a [u8]) -> &'a [u8] {
    let Some(blank) = blank(field) else { return written };
    let from = match field.shape {
        Shape::Fixed(_) => INDICATOR,
        Shape::Var | Shape::VarChars => INDICATOR + COUNT,
        _ => return written,
    };
    // A NULL is its indicator alone.
    let Some(mut value) = written.get(from..) else { return written };
    while let Some(shorter) = value.strip_suffix(blank.as_slice()) {
        value = shorter;
    }
    value
}

/// The blank that may stand at the end of a column's values.
fn blank(field: &Field) -> Option<Vec<u8>> {
    match field.ty {
        Type::Text | Type::Graphic => Codec::new(field.ccsid).ok().map(|codec| codec.blank().to_vec()),
        Type::Binary
            if field.ccsid == CCSID_BINARY
                && matches!(field.sqltype, Some(SqlType::VARCHAR | SqlType::CHAR | SqlType::LONG_VARCHAR)) =>
        {
            Some(BIT_BLANK.to_vec())
        }
        _ => None,
    }
}

/// The text at `row` as an array of its own, without its last blanks; `None` for what is no text or has none.
pub(super) fn trimmed(array: &dyn Array, row: usize) -> Option<ArrayRef> {
    let text = match array.data_type() {
        _ if row >= array.len() || array.is_null(row) => return None,
        DataType::Utf8 => array.as_string::<i32>().value(row),
        DataType::LargeUtf8 => array.as_string::<i64>().value(row),
        DataType::Utf8View => array.as_string_view().value(row),
        _ => return None,
    };
    let shorter = text.trim_end_matches(' ');
    (shorter.len() < text.len()).then(|| Arc::new(StringArray::from(vec![shorter])) as ArrayRef)
}

/// The same text with so many blanks at its end.
pub(super) fn with_blanks(array: &ArrayRef, blanks: usize) -> ArrayRef {
    let text = array.as_string_opt::<i32>().map_or("", |texts| texts.value(0));
    Arc::new(StringArray::from(vec![format!("{text}{}", " ".repeat(blanks))]))
}

#[cfg(test)]
mod tests {
    use super::super::value::TYPES;
    use super::*;
    use crate::server::sql::describe;
    use std::collections::HashMap;

    fn field(data_type: DataType, sql: &str) -> Field {
        let told = [("drda:type", sql), ("drda:length", "5")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        let arrow = arrow_schema::Field::new("C", data_type, true).with_metadata(HashMap::from(told));
        describe::field(&arrow, 0, &TYPES).unwrap()
    }

    #[test]
    fn blanks_at_the_end_tell_no_texts_apart() {
        let fixed = field(DataType::Utf8, "CHAR");
        assert_eq!(key(&fixed, b"\0ab   "), b"ab");
        let varying = field(DataType::Utf8, "VARCHAR");
        assert_eq!(key(&varying, b"\0\0\x04ab  "), key(&varying, b"\0\0\x02ab"));
        assert_ne!(key(&varying, b"\0\0\x03 ab"), key(&varying, b"\0\0\x02ab"));
        assert_eq!(key(&varying, &[0xFF]), [0xFF]);
        let bits = field(DataType::Binary, "VARCHAR FOR BIT DATA");
        assert_eq!(key(&bits, b"\0\0\x02\x01\x20"), [1]);
        let bytes = field(DataType::Binary, "VARBINARY");
        assert_eq!(key(&bytes, b"\0\0\x02\x01\x20"), b"\0\0\x02\x01\x20");
    }
}
