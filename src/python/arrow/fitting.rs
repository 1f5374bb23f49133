//! Values on their way into DuckDB. Texts get the declared length of their columns: blanks at the end of a text that is
//! too long are cut, a column of a fixed length is filled with them. Numbers get the width of Python's, which they have
//! when they go in one by one.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, Int16Type, Int32Type};
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

/// Bytes that blanks may add to the texts of all columns together.
const BLANKS: usize = 16 << 20;

/// Batches with 16-bit integers as 32-bit ones, and 32-bit floats as 64-bit ones. None where there are no such.
pub(super) fn widened(schema: &SchemaRef, batches: &[RecordBatch]) -> Option<(SchemaRef, Vec<RecordBatch>)> {
    let narrow = |field: &Arc<Field>| matches!(field.data_type(), DataType::Int16 | DataType::Float32);
    if !schema.fields().iter().any(narrow) {
        return None;
    }
    let field = |field: &Arc<Field>| match field.data_type() {
        DataType::Int16 => field.as_ref().clone().with_data_type(DataType::Int32),
        DataType::Float32 => field.as_ref().clone().with_data_type(DataType::Float64),
        _ => field.as_ref().clone(),
    };
    let fields: Vec<Field> = schema.fields().iter().map(field).collect();
    let schema = Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()));
    let of = |batch: &RecordBatch| {
        let arrays = batch.columns().iter().map(wide).collect();
        RecordBatch::try_new(schema.clone(), arrays).ok()
    };
    let batches = batches.iter().map(of).collect::<Option<_>>()?;
    Some((schema, batches))
}

fn wide(array: &ArrayRef) -> ArrayRef {
    if let Some(small) = array.as_primitive_opt::<Int16Type>() {
        Arc::new(small.unary::<_, Int32Type>(i32::from))
    } else if let Some(small) = array.as_primitive_opt::<Float32Type>() {
        Arc::new(small.unary::<_, Float64Type>(f64::from))
    } else {
        array.clone()
    }
}

/// Batches with the texts of some columns as long as these are: position, length, whether blanks fill it, whether it
/// counts bytes. None where a text is too long, or no text, or where there would be too many blanks.
pub(super) fn fitted(
    schema: &SchemaRef,
    batches: &[RecordBatch],
    columns: &[(usize, usize, bool, bool)],
) -> Option<Vec<RecordBatch>> {
    let mut room = BLANKS;
    let of = |batch: &RecordBatch| {
        let mut arrays = batch.columns().to_vec();
        for (position, length, filled, bytes) in columns {
            let array = arrays.get_mut(*position)?;
            *array = fit(array, *length, *filled, *bytes, &mut room)?;
        }
        RecordBatch::try_new(schema.clone(), arrays).ok()
    };
    batches.iter().map(of).collect()
}

/// One column. room: bytes that blanks may take.
fn fit(array: &ArrayRef, length: usize, filled: bool, bytes: bool, room: &mut usize) -> Option<ArrayRef> {
    if *array.data_type() == DataType::Null {
        return Some(array.clone());
    }
    let texts: &StringArray = array.as_string_opt()?;
    // A character has one byte at least.
    if !filled && texts.offsets().lengths().max().is_none_or(|longest| longest <= length) {
        return Some(array.clone());
    }
    let size = |text: &str| if bytes { text.len() } else { text.chars().map(char::len_utf16).sum() };
    let (mut parts, mut sum) = (Vec::with_capacity(texts.len()), 0_usize);
    for text in texts {
        let part = match text {
            Some(text) if filled || size(text) > length => {
                let bare = text.trim_end_matches(' ');
                let blanks = length.checked_sub(size(bare))?;
                // Blanks that the text has already are not added.
                *room = room.checked_sub(blanks.saturating_sub(text.len() - bare.len()))?;
                Some((bare, blanks))
            }
            other => other.map(|text| (text, 0)),
        };
        sum = part.map_or(Some(sum), |(bare, blanks)| sum.checked_add(bare.len())?.checked_add(blanks))?;
        parts.push(part);
    }
    // Its offsets have 32 bits.
    i32::try_from(sum).ok()?;
    let mut out = StringBuilder::with_capacity(texts.len(), sum);
    for part in parts {
        match part {
            Some((bare, blanks)) => {
                out.write_str(bare).ok()?;
                write_blanks(&mut out, blanks)?;
                out.append_value("");
            }
            None => out.append_null(),
        }
    }
    Some(Arc::new(out.finish()))
}

fn write_blanks(out: &mut StringBuilder, count: usize) -> Option<()> {
    const SOME: &str = "                                                                ";
    let mut left = count;
    while let Some(blanks) = SOME.get(..left.min(SOME.len())).filter(|blanks| !blanks.is_empty()) {
        out.write_str(blanks).ok()?;
        left -= blanks.len();
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{Float32Array, Int16Array};

    fn made(texts: &[Option<&str>], length: usize, filled: bool, bytes: bool) -> Option<Vec<Option<String>>> {
        let array: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
        let batch = RecordBatch::try_from_iter_with_nullable([("A", array, true)]).unwrap();
        let got = fitted(&batch.schema(), &[batch], &[(0, length, filled, bytes)])?;
        Some(got[0].column(0).as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect())
    }

    #[test]
    fn blanks_are_cut_and_filled_in_and_nothing_else_is() {
        let of = |texts: &[&str]| Some(texts.iter().map(|text| Some((*text).to_owned())).collect::<Vec<_>>());
        assert_eq!(made(&[Some("ab"), Some("abc  "), Some("")], 3, false, true), of(&["ab", "abc", ""]));
        assert_eq!(made(&[Some("ab"), Some("abc  "), Some("")], 3, true, true), of(&["ab ", "abc", "   "]));
        assert_eq!(made(&[Some("é"), Some("éa    ")], 3, true, true), of(&["é ", "éa"]));
        assert_eq!(made(&[Some("é"), Some("éa    ")], 3, true, false), of(&["é  ", "éa "]));
        assert_eq!(made(&[Some("ééé"), Some("éé   ")], 3, false, false), of(&["ééé", "éé "]));
        assert_eq!(made(&[Some("a"), Some("abcd")], 3, false, true), None);
        assert_eq!(made(&[Some("éé")], 3, true, true), None);
        assert_eq!(made(&[None, Some("a")], 2, true, true), Some(vec![None, Some("a ".to_owned())]));
    }

    #[test]
    fn long_columns_have_their_blanks_and_too_many_are_none() {
        for length in [65, 65_535, 65_536, 70_000, 200_000] {
            let of = |text: &str| Some(vec![Some(format!("{text}{}", " ".repeat(length - 1)))]);
            assert_eq!(made(&[Some("x")], length, true, true), of("x"));
            let longer = format!("x{}", " ".repeat(2 * length));
            assert_eq!(made(&[Some(&longer)], length, false, true), of("x"));
            assert_eq!(made(&[Some(&longer)], length, true, false), of("x"));
        }
        assert!(made(&[Some("x"); 256], BLANKS / 256, true, true).is_some());
        assert_eq!(made(&[Some("x"); 257], BLANKS / 256 + 1, true, true), None);
        assert_eq!(made(&[Some("x")], 2_000_000_000, true, true), None);
        assert_eq!(made(&[Some("x"); 3], usize::MAX, true, true), None);
        // The room is that of all columns and batches together.
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["x"; 200]));
        let batch = RecordBatch::try_from_iter([("A", texts.clone()), ("B", texts)]).unwrap();
        let long = (BLANKS / 256, true, true);
        let column = |n: usize| (n, long.0, long.1, long.2);
        assert!(fitted(&batch.schema(), std::slice::from_ref(&batch), &[column(0)]).is_some());
        assert!(fitted(&batch.schema(), std::slice::from_ref(&batch), &[column(0), column(1)]).is_none());
        assert!(fitted(&batch.schema(), &[batch.clone(), batch.clone()], &[column(0)]).is_none());
    }

    #[test]
    fn numbers_get_the_width_of_pythons() {
        let shorts: ArrayRef = Arc::new(Int16Array::from(vec![Some(i16::MIN), None, Some(i16::MAX)]));
        let floats: ArrayRef = Arc::new(Float32Array::from(vec![Some(0.1), None, Some(f32::INFINITY)]));
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "c"]));
        let columns = [("A", shorts, true), ("B", floats, true), ("C", texts.clone(), true)];
        let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        let (schema, got) = widened(&batch.schema(), &[batch.slice(0, 3)]).unwrap();
        assert_eq!(got[0].schema(), schema);
        let wide: Vec<_> = got[0].column(0).as_primitive::<Int32Type>().iter().collect();
        assert_eq!(wide, [Some(-32_768), None, Some(32_767)]);
        let wide: Vec<_> = got[0].column(1).as_primitive::<Float64Type>().iter().collect();
        assert_eq!(wide, [Some(f64::from(0.1_f32)), None, Some(f64::INFINITY)]);
        assert_eq!(got[0].column(2), &texts);
        let batch = RecordBatch::try_from_iter([("A", texts)]).unwrap();
        assert!(widened(&batch.schema(), &[batch]).is_none());
    }
}
