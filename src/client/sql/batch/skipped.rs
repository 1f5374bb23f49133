//! Rows that were left out of a call, and why.

use crate::client::error::{Error, Result};
use crate::column::encode::{length, marked};
use arrow_array::array::{
    Array, ArrayRef, BinaryArray, Int32Array, Int64Array, StringArray, make_array, new_empty_array, new_null_array,
};
use arrow_array::cast::AsArray;
use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_data::ArrayData;
use arrow_data::transform::MutableArrayData;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use std::sync::Arc;

/// Bytes of texts and the like in rows that were left out: they are held in memory.
const BYTES: usize = 64 << 20;
/// Rows that are held one by one before they are joined.
const JOINED: usize = 1024;

/// Rows that were left out.
#[derive(Debug)]
pub(super) struct Skipped {
    /// So many may be.
    most: usize,
    rows: usize,
    bytes: usize,
    /// Those with the same columns, in order.
    joined: Vec<RecordBatch>,
    /// The last ones, which have the same columns.
    last: Vec<SkippedRow>,
}

#[derive(Debug)]
struct SkippedRow {
    /// Its number over the whole call, from 1.
    number: u64,
    error: Error,
    /// Names of the columns, and arrays of one value, which hold nothing of the rows beside it.
    schema: SchemaRef,
    values: Vec<ArrayRef>,
}

impl Skipped {
    /// At most so many rows.
    pub(super) fn up_to(most: usize) -> Skipped {
        Skipped { most, rows: 0, bytes: 0, joined: Vec::new(), last: Vec::new() }
    }

    /// Notes row `at` of `rows`, which is `number` of the call. The error is that of the row where there is no more room.
    pub(super) fn push(&mut self, rows: &RecordBatch, at: usize, number: u64, error: Error) -> Result<()> {
        self.bytes += rows.columns().iter().map(|column| length(column.as_ref(), at)).sum::<usize>();
        if self.rows >= self.most || self.bytes > BYTES {
            let text = match self.rows >= self.most {
                true => format!("{}; more than {} rows were refused", error.message, self.most),
                false => format!("{}; rows of more than {} MiB were refused", error.message, BYTES >> 20),
            };
            return Err(
                Error { message: text, ..error }.hint("max_skipped is how many may be; they are held in memory")
            );
        }
        let values = rows.columns().iter().map(|column| plain(&column.slice(at, 1))).collect::<Result<Vec<_>>>()?;
        let alike = |row: &SkippedRow| {
            let types = row.values.iter().map(|array| array.data_type());
            values.iter().map(|array| array.data_type()).eq(types) && names(&row.schema).eq(names(rows.schema_ref()))
        };
        if self.last.len() >= JOINED || self.last.first().is_some_and(|first| !alike(first)) {
            self.join()?;
        }
        self.rows += 1;
        self.last.push(SkippedRow { number, error, schema: rows.schema(), values });
        Ok(())
    }

    /// Makes a batch of the last ones.
    fn join(&mut self) -> Result<()> {
        let mut rows = std::mem::take(&mut self.last);
        rows.sort_by_key(|row| row.number);
        let Some(first) = rows.first() else { return Ok(()) };
        let mut fields: Vec<Arc<Field>> = Vec::new();
        let mut columns: Vec<ArrayRef> = Vec::new();
        for (n, name) in names(&first.schema).enumerate() {
            let values: Vec<&ArrayRef> = rows.iter().filter_map(|row| row.values.get(n)).collect();
            let column = joined(&values)?;
            fields.push(Arc::new(Field::new(name, column.data_type().clone(), true)));
            columns.push(column);
        }
        let number = |row: &SkippedRow| i64::try_from(row.number).ok();
        let why: [ArrayRef; 5] = [
            Arc::new(Int64Array::from_iter(rows.iter().map(number))),
            Arc::new(StringArray::from_iter(rows.iter().map(|row| row.error.column.as_deref()))),
            Arc::new(StringArray::from_iter(rows.iter().map(|row| row.error.sqlstate.as_deref()))),
            Arc::new(Int32Array::from_iter(rows.iter().map(|row| row.error.sqlcode))),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.error.message))),
        ];
        fields.extend(why_fields());
        columns.extend(why);
        self.joined.push(batch(Schema::new(fields), columns, rows.len())?);
        Ok(())
    }

    /// The rows, in order, a batch for each run of them with the same columns; a column each for their numbers, the
    /// columns at fault, SQLSTATE, SQLCODE and message after those of the data. Dictionaries and views are unpacked.
    pub(super) fn take_runs(&mut self) -> Result<Vec<RecordBatch>> {
        self.join()?;
        self.bytes = 0;
        Ok(std::mem::take(&mut self.joined))
    }

    /// The same as one batch, for rows that all have these columns.
    pub(super) fn take(&mut self, schema: &Schema) -> Result<RecordBatch> {
        self.join()?;
        let types: Vec<DataType> = schema.fields().iter().map(|field| plain_type(field.data_type())).collect();
        let wanted: Vec<ArrayRef> = types.iter().map(new_empty_array).collect();
        for run in &self.joined {
            let (values, _) = run.columns().split_at(run.num_columns() - WHY);
            same_types(values, &wanted, names(schema))?;
        }
        let runs = self.take_runs()?;
        let rows = runs.iter().map(RecordBatch::num_rows).sum();
        let mut fields: Vec<Arc<Field>> = Vec::new();
        let mut columns = Vec::new();
        let of_data = schema
            .fields()
            .iter()
            .zip(types)
            .map(|(field, data_type)| field.as_ref().clone().with_data_type(data_type));
        for (n, field) in of_data.chain(why_fields().map(|field| field.as_ref().clone())).enumerate() {
            let parts: Vec<&ArrayRef> = runs.iter().filter_map(|run| run.columns().get(n)).collect();
            let column = if parts.is_empty() { new_empty_array(field.data_type()) } else { joined(&parts)? };
            // A NULL may be the very thing that the server refused.
            let nullable = field.is_nullable() || column.null_count() > 0;
            fields.push(Arc::new(field.with_nullable(nullable)));
            columns.push(column);
        }
        batch(Schema::new(fields), columns, rows)
    }
}

/// The columns after those of the data.
const WHY: usize = 5;

fn why_fields() -> impl Iterator<Item = Arc<Field>> {
    let text = DataType::Utf8;
    let fields: [(&str, DataType); WHY] = [
        ("error_row", DataType::Int64),
        ("error_column", text.clone()),
        ("error_sqlstate", text.clone()),
        ("error_sqlcode", DataType::Int32),
        ("error_message", text),
    ];
    fields.into_iter().map(|(name, data_type)| Arc::new(Field::new(name, data_type, true)))
}

fn names(schema: &Schema) -> impl Iterator<Item = &str> {
    schema.fields().iter().map(|field| field.name().as_str())
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
    if let Some(value) = marked::first(one.as_ref()) {
        return plain(&value);
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
        let mut skipped = Skipped::up_to(1000);
        skipped.push(&rows, 7, 1008, error(-803)).unwrap();
        skipped.push(&rows, 40, 41, error(-407)).unwrap();
        let all = skipped.take(&rows.schema()).unwrap();
        assert_eq!(all.column(0).as_primitive::<Int64Type>().values().as_ref(), [40, 7]);
        assert_eq!(all.column(1).as_string::<i32>().iter().collect::<Vec<_>>(), [Some("v40"), None]);
        assert_eq!(all.column_by_name("error_row").unwrap().as_primitive::<Int64Type>().values().as_ref(), [41, 1008]);
        assert_eq!(all.schema().field(5).name(), "error_sqlcode");
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
        let mut skipped = Skipped::up_to(1000);
        let (first, second) = (batch('a'), batch('b'));
        for row in 0..100 {
            skipped.push(&first, row, row as u64 + 1, error()).unwrap();
            skipped.push(&second, row, row as u64 + 101, error()).unwrap();
        }
        let sizes = skipped.last.iter().flat_map(|row| row.values.iter().map(|array| array.get_array_memory_size()));
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
    fn a_column_of_another_type_is_another_run_and_no_row_is_lost() {
        let error = || Error::new(ErrorClass::Integrity, Phase::Execute, "23505", "twice");
        let one = RecordBatch::try_from_iter([("k", Arc::new(Int64Array::from(vec![1])) as ArrayRef)]).unwrap();
        let other = RecordBatch::try_from_iter([("k", Arc::new(Int32Array::from(vec![1])) as ArrayRef)]).unwrap();
        let mut skipped = Skipped::up_to(1000);
        for (number, rows) in [&one, &one, &other, &one].into_iter().enumerate() {
            skipped.push(rows, 0, number as u64 + 1, error()).unwrap();
        }
        assert!(skipped.take(&one.schema()).unwrap_err().message.contains("column \"k\" has type Int32"));
        let runs: Vec<usize> = skipped.take_runs().unwrap().iter().map(RecordBatch::num_rows).collect();
        assert_eq!(runs, [2, 1, 1]);
        assert!(skipped.take_runs().unwrap().is_empty());
    }

    #[test]
    fn rows_beyond_the_limit_end_the_call() {
        let error = || Error::new(ErrorClass::Integrity, Phase::Execute, "23505", "twice");
        let one = RecordBatch::try_from_iter([("k", Arc::new(Int64Array::from(vec![1])) as ArrayRef)]).unwrap();
        let mut skipped = Skipped::up_to(2);
        skipped.push(&one, 0, 1, error()).unwrap();
        skipped.push(&one, 0, 2, error()).unwrap();
        let e = skipped.push(&one, 0, 3, error()).unwrap_err();
        assert_eq!((e.kind, e.message.as_str()), (ErrorClass::Integrity, "twice; more than 2 rows were refused"));
        assert_eq!(skipped.take(&one.schema()).unwrap().num_rows(), 2);
        let text = StringArray::from(vec!["x".repeat(BYTES / 2)]);
        let large = RecordBatch::try_from_iter([("t", Arc::new(text) as ArrayRef)]).unwrap();
        let mut skipped = Skipped::up_to(1000);
        skipped.push(&large, 0, 1, error()).unwrap();
        skipped.push(&large, 0, 2, error()).unwrap();
        assert!(skipped.push(&large, 0, 3, error()).unwrap_err().message.contains("64 MiB"));
    }
}
