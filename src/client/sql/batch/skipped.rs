//! Rows that were left out of a call, and why.

use crate::client::error::{Error, Result};
use crate::column::encode::marked;
use arrow_array::array::{
    Array, ArrayRef, BinaryArray, Int32Array, Int64Array, StringArray, make_array, new_empty_array, new_null_array,
};
use arrow_array::cast::AsArray;
use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_data::ArrayData;
use arrow_data::transform::MutableArrayData;
use arrow_schema::{DataType, Field, Schema};
use std::sync::Arc;

/// Rows that were left out.
#[derive(Debug, Default)]
pub(super) struct Skipped(Vec<SkippedRow>);

#[derive(Debug)]
struct SkippedRow {
    /// Its number over the whole call, from 1.
    number: u64,
    error: Error,
    /// Arrays of one value, which hold nothing of the rows beside it.
    values: Vec<ArrayRef>,
}

impl Skipped {
    /// Notes row `at` of `rows`, which is `number` of the call.
    pub(super) fn push(&mut self, rows: &RecordBatch, at: usize, number: u64, error: Error) -> Result<()> {
        let values = rows.columns().iter().map(|column| plain(&column.slice(at, 1))).collect::<Result<Vec<_>>>()?;
        if let Some(first) = self.0.first() {
            let names = rows.schema_ref().fields().iter().map(|field| field.name().as_str());
            same_types(&values, &first.values, names)?;
        }
        self.0.push(SkippedRow { number, error, values });
        Ok(())
    }

    /// The rows, in order, with a column each for their numbers, SQLSTATE, SQLCODE and message after those of the data.
    /// Dictionaries and views are unpacked.
    pub(super) fn take(&mut self, schema: &Schema) -> Result<RecordBatch> {
        let types: Vec<DataType> = schema.fields().iter().map(|field| plain_type(field.data_type())).collect();
        if let Some(row) = self.0.first() {
            let names = schema.fields().iter().map(|field| field.name().as_str());
            let wanted: Vec<ArrayRef> = types.iter().map(new_empty_array).collect();
            same_types(&row.values, &wanted, names)?;
        }
        let mut rows = std::mem::take(&mut self.0);
        rows.sort_by_key(|row| row.number);
        let column = |(n, data_type): (usize, &DataType)| {
            let values: Vec<&ArrayRef> = rows.iter().filter_map(|row| row.values.get(n)).collect();
            if values.is_empty() { Ok(new_empty_array(data_type)) } else { joined(&values) }
        };
        let mut columns = types.iter().enumerate().map(column).collect::<Result<Vec<_>>>()?;
        let why: [(&str, DataType, ArrayRef); 4] = [
            (
                "error_row",
                DataType::Int64,
                Arc::new(Int64Array::from_iter(rows.iter().map(|r| i64::try_from(r.number).ok()))),
            ),
            (
                "error_sqlstate",
                DataType::Utf8,
                Arc::new(StringArray::from_iter(rows.iter().map(|r| r.error.sqlstate.clone()))),
            ),
            ("error_sqlcode", DataType::Int32, Arc::new(Int32Array::from_iter(rows.iter().map(|r| r.error.sqlcode)))),
            (
                "error_message",
                DataType::Utf8,
                Arc::new(StringArray::from_iter_values(rows.iter().map(|r| &r.error.message))),
            ),
        ];
        let mut fields: Vec<Arc<Field>> = Vec::new();
        for ((field, data_type), column) in schema.fields().iter().zip(types).zip(&columns) {
            // A NULL may be the very thing that the server refused.
            let nullable = field.is_nullable() || column.null_count() > 0;
            fields.push(Arc::new(Field::clone(field).with_data_type(data_type).with_nullable(nullable)));
        }
        for (name, data_type, column) in why {
            fields.push(Arc::new(Field::new(name, data_type, true)));
            columns.push(column);
        }
        batch(Schema::new(fields), columns, rows.len())
    }
}

/// Whether rows have the same columns.
fn same_types<'a>(rows: &[ArrayRef], wanted: &[ArrayRef], names: impl Iterator<Item = &'a str>) -> Result<()> {
    if rows.len() != wanted.len() {
        return Err(Error::interface(format!("{} columns, {} before", rows.len(), wanted.len())));
    }
    for ((got, wanted), name) in rows.iter().zip(wanted).zip(names) {
        let (got, wanted) = (got.data_type(), wanted.data_type());
        if got != wanted {
            return Err(Error::interface(format!("column {name:?} has type {got}, before it was {wanted}")));
        }
    }
    Ok(())
}

/// The type of values by themselves.
fn plain_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Dictionary(_, values) => plain_type(values),
        DataType::Utf8View => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        other => other.clone(),
    }
}

/// An array of one value by itself: without the dictionary, the buffers and the mark that it shares with others.
fn plain(one: &ArrayRef) -> Result<ArrayRef> {
    if let Some(values) = marked::values(one.as_ref()) {
        return plain(values);
    }
    if let Some(dictionary) = one.as_any_dictionary_opt() {
        let key = if one.is_null(0) { None } else { dictionary.normalized_keys().first().copied() };
        return match key {
            Some(key) => plain(&dictionary.values().slice(key, 1)),
            None => Ok(new_null_array(&plain_type(one.data_type()), 1)),
        };
    }
    if let Some(views) = one.as_string_view_opt() {
        // Once more, without room for others.
        return plain(&(Arc::new(StringArray::from_iter(views)) as ArrayRef));
    }
    if let Some(views) = one.as_binary_view_opt() {
        return plain(&(Arc::new(BinaryArray::from_iter(views)) as ArrayRef));
    }
    joined(&[one])
}

/// Arrays of the same type as one, without anything they share with others.
fn joined(arrays: &[&ArrayRef]) -> Result<ArrayRef> {
    let arrays: Vec<_> = arrays.iter().map(|array| array.to_data()).collect();
    let rows = arrays.iter().map(ArrayData::len).sum();
    let bad = |e| Error::interface(format!("rows that were left out: {e}"));
    let mut all = MutableArrayData::try_new(arrays.iter().collect(), true, rows).map_err(bad)?;
    for (n, array) in arrays.iter().enumerate() {
        all.try_extend(n, 0, array.len()).map_err(bad)?;
    }
    Ok(make_array(all.freeze()))
}

fn batch(schema: Schema, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(schema), columns, &options)
        .map_err(|e| Error::interface(format!("rows that were left out: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::error::{ErrorClass, Phase};
    use arrow_array::array::{DictionaryArray, Int8Array, StringViewArray};
    use arrow_array::types::{Int8Type, Int64Type};

    #[test]
    fn rows_that_were_left_out_come_in_order_with_their_values() {
        let rows = RecordBatch::try_from_iter([
            ("k", Arc::new(Int64Array::from_iter_values(0..100)) as ArrayRef),
            (
                "t",
                Arc::new(StringArray::from_iter((0..100).map(|n| (n % 2 == 0).then(|| format!("v{n}"))))) as ArrayRef,
            ),
        ])
        .unwrap();
        let error =
            |code| Error { sqlcode: Some(code), ..Error::new(ErrorClass::Integrity, Phase::Execute, "23505", "twice") };
        let mut skipped = Skipped::default();
        skipped.push(&rows, 7, 1008, error(-803)).unwrap();
        skipped.push(&rows, 40, 41, error(-407)).unwrap();
        let all = skipped.take(&rows.schema()).unwrap();
        assert_eq!(all.column(0).as_primitive::<Int64Type>().values().as_ref(), [40, 7]);
        assert_eq!(all.column(1).as_string::<i32>().iter().collect::<Vec<_>>(), [Some("v40"), None]);
        assert_eq!(all.column_by_name("error_row").unwrap().as_primitive::<Int64Type>().values().as_ref(), [41, 1008]);
        assert_eq!(all.schema().field(4).name(), "error_sqlcode");
        assert_eq!(skipped.take(&rows.schema()).unwrap().num_rows(), 0);
    }

    #[test]
    fn dictionaries_views_and_marks_are_unpacked_one_by_one() {
        let batch = |letter: char| {
            let texts = StringArray::from_iter_values((0..100).map(|n| format!("{letter}{n}")));
            let keys = Int8Array::from_iter((0..100i8).map(|n| (n != 50).then_some(n)));
            let dictionary: ArrayRef = Arc::new(DictionaryArray::<Int8Type>::new(keys, Arc::new(texts)));
            let views: ArrayRef = Arc::new(StringViewArray::from_iter_values((0..100).map(|n| format!("{n:040}"))));
            let ids = arrow_array::array::FixedSizeBinaryArray::try_from_iter((0..100u8).map(|n| [n; 16])).unwrap();
            let ids = marked::uuids(Arc::new(ids)).unwrap();
            RecordBatch::try_from_iter_with_nullable([("d", dictionary, true), ("v", views, true), ("u", ids, true)])
                .unwrap()
        };
        let error = || Error::new(ErrorClass::Integrity, Phase::Execute, "23505", "twice");
        let mut skipped = Skipped::default();
        let (first, second) = (batch('a'), batch('b'));
        for row in 0..100 {
            skipped.push(&first, row, row as u64 + 1, error()).unwrap();
            skipped.push(&second, row, row as u64 + 101, error()).unwrap();
        }
        let sizes = skipped.0.iter().flat_map(|row| row.values.iter().map(|array| array.get_array_memory_size()));
        assert!(sizes.clone().all(|size| size < 1000), "{:?}", sizes.take(9).collect::<Vec<_>>());
        let fields = vec![
            Field::new_dictionary("d", DataType::Int8, DataType::Utf8, true),
            Field::new("v", DataType::Utf8View, false),
            Field::new("u", DataType::FixedSizeBinary(16), true),
        ];
        let all = skipped.take(&Schema::new(fields.clone())).unwrap();
        let texts = all.column(0).as_string::<i32>();
        assert_eq!((texts.value(7), texts.is_null(50), texts.value(199)), ("a7", true, "b99"));
        assert_eq!(all.column(1).as_string::<i32>().value(103), format!("{:040}", 3));
        assert_eq!(all.column(2).as_fixed_size_binary().value(9), [9; 16]);
        assert_eq!(skipped.take(&Schema::new(fields)).unwrap().schema(), all.schema());
    }

    #[test]
    fn a_column_of_another_type_is_refused_and_no_row_is_lost() {
        let error = || Error::new(ErrorClass::Integrity, Phase::Execute, "23505", "twice");
        let one = RecordBatch::try_from_iter([("k", Arc::new(Int64Array::from(vec![1])) as ArrayRef)]).unwrap();
        let other = RecordBatch::try_from_iter([("k", Arc::new(Int32Array::from(vec![1])) as ArrayRef)]).unwrap();
        let mut skipped = Skipped::default();
        skipped.push(&one, 0, 1, error()).unwrap();
        assert!(skipped.push(&other, 0, 2, error()).unwrap_err().message.contains("column \"k\" has type Int32"));
        assert!(skipped.take(&other.schema()).is_err());
        assert_eq!(skipped.take(&one.schema()).unwrap().num_rows(), 1);
    }
}
