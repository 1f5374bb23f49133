//! Texts on their way into columns of a declared length: blanks at the end of a text that is too long are cut, a column
//! of a fixed length is filled with them.

use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow_schema::{DataType, SchemaRef};

/// Batches with the texts of some columns as long as these are: position, length, whether blanks fill it, whether it
/// counts bytes. None where a text is too long, or no text.
pub(super) fn fitted(
    schema: &SchemaRef,
    batches: &[RecordBatch],
    columns: &[(usize, usize, bool, bool)],
) -> Option<Vec<RecordBatch>> {
    let of = |batch: &RecordBatch| {
        let mut arrays = batch.columns().to_vec();
        for (position, length, filled, bytes) in columns {
            let array = arrays.get_mut(*position)?;
            *array = fit(array, *length, *filled, *bytes)?;
        }
        RecordBatch::try_new(schema.clone(), arrays).ok()
    };
    batches.iter().map(of).collect()
}

fn fit(array: &ArrayRef, length: usize, filled: bool, bytes: bool) -> Option<ArrayRef> {
    if *array.data_type() == DataType::Null {
        return Some(array.clone());
    }
    let texts: &StringArray = array.as_string_opt()?;
    // A character has one byte at least.
    if !filled && texts.offsets().lengths().max().is_none_or(|longest| longest <= length) {
        return Some(array.clone());
    }
    let size = |text: &str| if bytes { text.len() } else { text.chars().count() };
    let mut out = StringBuilder::with_capacity(texts.len(), texts.values().len());
    for text in texts {
        let Some(text) = text else {
            out.append_null();
            continue;
        };
        if !filled && size(text) <= length {
            out.append_value(text);
            continue;
        }
        let bare = text.trim_end_matches(' ');
        let blanks = length.checked_sub(size(bare))?;
        out.append_value(format_args!("{bare}{:blanks$}", "").to_string());
    }
    Some(Arc::new(out.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
