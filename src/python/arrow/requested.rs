//! The schema that a consumer asks for when it takes Arrow data: another form of the same values.
//!
//! A column gets the form asked for where that holds every value of the column's own type: wider integers, decimals and
//! floats, finer units of time, text and bytes with other offsets or as views. Else it keeps its own, as the interface
//! allows; the schema that comes with the data says which it is. Other columns, or values of another sort, are refused.

use std::sync::Arc;

use arrow_array::array::{Array, ArrayRef, GenericByteArray, GenericByteViewArray, PrimitiveArray};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, BinaryType, BinaryViewType, ByteArrayType, ByteViewType, Date32Type, Date64Type,
    Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    LargeBinaryType, LargeUtf8Type, StringViewType, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
    Time64NanosecondType, TimestampMicrosecondType, TimestampMillisecondType, TimestampSecondType, Utf8Type,
};
use arrow_array::{ArrowNativeTypeOp, OffsetSizeTrait, RecordBatch, RecordBatchOptions, RecordBatchReader};
use arrow_buffer::{ArrowNativeType, OffsetBuffer, ScalarBuffer, i256};
use arrow_schema::{
    ArrowError, DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType, Field, Schema, SchemaRef, TimeUnit,
};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use super::{capsule, imported};
use crate::python::errors;

type Result<T> = std::result::Result<T, ArrowError>;

/// Makes the values of a column the ones asked for.
type Change = Box<dyn Fn(&ArrayRef) -> Result<ArrayRef> + Send + Sync>;

/// The form in which a consumer gets the data.
pub(in crate::python) struct Requested {
    schema: SchemaRef,
    /// One for each column; none where it stays as it is.
    changes: Vec<Option<Change>>,
}

impl Requested {
    /// Of data with the schema `own`. `asked` is the argument of the interface: a capsule with a schema, or None.
    pub(in crate::python) fn of(
        py: Python<'_>,
        own: &SchemaRef,
        asked: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Requested> {
        let Some(asked) = asked else { return Ok(Requested { schema: own.clone(), changes: Vec::new() }) };
        let refused = |text: String| errors::interface(py, format!("requested_schema: {text}"));
        let asked = asked.cast::<PyCapsule>().map_err(PyErr::from).and_then(imported::schema_in)?;
        let asked = asked.map_err(|e| refused(capsule::text(&e)))?;
        Requested::between(own, &asked).map_err(refused)
    }

    fn between(own: &SchemaRef, asked: &Schema) -> std::result::Result<Requested, String> {
        let (mine, theirs) = (own.fields(), asked.fields());
        if mine.len() != theirs.len() {
            return Err(format!("it has {} columns, the data {}", theirs.len(), mine.len()));
        }
        let (mut fields, mut changes) = (Vec::with_capacity(mine.len()), Vec::with_capacity(mine.len()));
        for (n, (mine, theirs)) in mine.iter().zip(theirs).enumerate() {
            if mine.name() != theirs.name() {
                return Err(format!("column {} is called {:?}, in the data {:?}", n + 1, theirs.name(), mine.name()));
            }
            let (from, to) = (mine.data_type(), theirs.data_type());
            let change = change(from, to);
            if change.is_none() && sort(from) != sort(to) {
                return Err(format!("column {:?} is {from}, which cannot be had as {to}", mine.name()));
            }
            let nullable = mine.is_nullable() || theirs.is_nullable();
            let data_type = if change.is_some() { to } else { from };
            fields.push(mine.as_ref().clone().with_data_type(data_type.clone()).with_nullable(nullable));
            changes.push(change);
        }
        Ok(Requested { schema: Arc::new(Schema::new_with_metadata(fields, own.metadata().clone())), changes })
    }

    /// The data as a stream in a capsule.
    pub(in crate::python) fn stream<'py, R>(self, py: Python<'py>, reader: R) -> PyResult<Bound<'py, PyCapsule>>
    where
        R: RecordBatchReader + Send + 'static,
    {
        match self.changes.is_empty() {
            true => capsule::stream(py, reader),
            false => capsule::stream(py, Changed { reader, requested: self }),
        }
    }

    /// One batch.
    pub(super) fn batch(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        if self.changes.is_empty() {
            return Ok(batch.clone());
        }
        let columns = batch.columns().iter().zip(&self.changes).zip(self.schema.fields());
        let changed = columns.map(|((column, change), field)| match change {
            Some(change) => change(column).map_err(|e| of_column(field, &e)),
            None => Ok(column.clone()),
        });
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(self.schema.clone(), changed.collect::<Result<_>>()?, &options)
    }
}

/// Batches on their way to a consumer that asked for another form.
struct Changed<R> {
    reader: R,
    requested: Requested,
}

impl<R: RecordBatchReader> Iterator for Changed<R> {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.reader.next().map(|batch| self.requested.batch(&batch?))
    }
}

impl<R: RecordBatchReader> RecordBatchReader for Changed<R> {
    fn schema(&self) -> SchemaRef {
        self.requested.schema.clone()
    }
}

fn of_column(field: &Field, e: &ArrowError) -> ArrowError {
    ArrowError::CDataInterface(format!("column {:?}: {}", field.name(), capsule::text(e)))
}

/// Sorts of values. Types of one sort are forms of the same values.
fn sort(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Dictionary(_, values) => sort(values),
        kind if kind.is_numeric() => "number",
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text",
        kind if kind.is_binary() => "bytes",
        DataType::Boolean => "truth",
        DataType::Date32 | DataType::Date64 => "date",
        DataType::Time32(_) | DataType::Time64(_) => "time",
        DataType::Timestamp(_, None) => "timestamp",
        DataType::Timestamp(_, Some(_)) => "moment",
        _ => "other",
    }
}

/// The way from one type to another that holds all its values, if there is one.
fn change(from: &DataType, to: &DataType) -> Option<Change> {
    use DataType as T;
    use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};
    let seconds = |n| 10_i64.pow(n);
    Some(match (from, to) {
        (from, to) if from == to => return Some(Box::new(|array| Ok(array.clone()))),
        (T::Int8, T::Int16) => scaled::<Int8Type, Int16Type>(to, 1),
        (T::Int8, T::Int32) => scaled::<Int8Type, Int32Type>(to, 1),
        (T::Int8, T::Int64) => scaled::<Int8Type, Int64Type>(to, 1),
        (T::Int16, T::Int32) => scaled::<Int16Type, Int32Type>(to, 1),
        (T::Int16, T::Int64) => scaled::<Int16Type, Int64Type>(to, 1),
        (T::Int32, T::Int64) => scaled::<Int32Type, Int64Type>(to, 1),
        (T::Float32, T::Float64) => scaled::<Float32Type, Float64Type>(to, 1.0),
        (T::Decimal128(p, s), T::Decimal128(q, t)) if *q <= DECIMAL128_MAX_PRECISION && fits((*p, *s), (*q, *t)) => {
            scaled::<Decimal128Type, Decimal128Type>(to, 10_i128.wrapping_pow(apart(*s, *t)))
        }
        (T::Decimal128(p, s), T::Decimal256(q, t)) if fits((*p, *s), (*q, *t)) => {
            scaled::<Decimal128Type, Decimal256Type>(to, i256::from(10_i128).wrapping_pow(apart(*s, *t)))
        }
        (T::Decimal256(p, s), T::Decimal256(q, t)) if fits((*p, *s), (*q, *t)) => {
            scaled::<Decimal256Type, Decimal256Type>(to, i256::from(10_i128).wrapping_pow(apart(*s, *t)))
        }
        (T::Date32, T::Date64) => scaled::<Date32Type, Date64Type>(to, 86_400_000),
        (T::Time32(Second), T::Time32(Millisecond)) => scaled::<Time32SecondType, Time32MillisecondType>(to, 1000),
        (T::Time32(Second), T::Time64(Microsecond)) => {
            scaled::<Time32SecondType, Time64MicrosecondType>(to, seconds(6))
        }
        (T::Time32(Second), T::Time64(Nanosecond)) => scaled::<Time32SecondType, Time64NanosecondType>(to, seconds(9)),
        (T::Time64(Microsecond), T::Time64(Nanosecond)) => {
            scaled::<Time64MicrosecondType, Time64NanosecondType>(to, 1000)
        }
        // Nanoseconds do not reach the years that the others do.
        (T::Timestamp(Second, a), T::Timestamp(Millisecond, b)) if a == b => {
            scaled::<TimestampSecondType, TimestampMillisecondType>(to, 1000)
        }
        (T::Timestamp(Second, a), T::Timestamp(Microsecond, b)) if a == b => {
            scaled::<TimestampSecondType, TimestampMicrosecondType>(to, seconds(6))
        }
        (T::Timestamp(Millisecond, a), T::Timestamp(Microsecond, b)) if a == b => {
            scaled::<TimestampMillisecondType, TimestampMicrosecondType>(to, 1000)
        }
        (T::Utf8, T::LargeUtf8) => longer::<Utf8Type, LargeUtf8Type>(),
        (T::Utf8, T::Utf8View) => viewed::<Utf8Type, StringViewType>(),
        (T::LargeUtf8, T::Utf8) => longer::<LargeUtf8Type, Utf8Type>(),
        (T::LargeUtf8, T::Utf8View) => viewed::<LargeUtf8Type, StringViewType>(),
        (T::Utf8View, T::Utf8) => gathered::<StringViewType, Utf8Type>(),
        (T::Utf8View, T::LargeUtf8) => gathered::<StringViewType, LargeUtf8Type>(),
        (T::Binary, T::LargeBinary) => longer::<BinaryType, LargeBinaryType>(),
        (T::Binary, T::BinaryView) => viewed::<BinaryType, BinaryViewType>(),
        (T::LargeBinary, T::Binary) => longer::<LargeBinaryType, BinaryType>(),
        (T::LargeBinary, T::BinaryView) => viewed::<LargeBinaryType, BinaryViewType>(),
        (T::BinaryView, T::Binary) => gathered::<BinaryViewType, BinaryType>(),
        (T::BinaryView, T::LargeBinary) => gathered::<BinaryViewType, LargeBinaryType>(),
        _ => return None,
    })
}

/// Whether each decimal of so many digits, so many of them after the point, is one of the others. Those have no more
/// digits than any decimal: a schema of C may say more.
fn fits((digits, after): (u8, i8), (more, more_after): (u8, i8)) -> bool {
    let before = |digits: u8, after: i8| i16::from(digits) - i16::from(after);
    more <= DECIMAL256_MAX_PRECISION
        && after >= 0
        && more_after >= after
        && before(more, more_after) >= before(digits, after)
}

fn apart(scale: i8, finer: i8) -> u32 {
    u32::from(finer.abs_diff(scale))
}

/// Values of a wider type, each times `factor`.
fn scaled<F, T>(to: &DataType, factor: T::Native) -> Change
where
    F: ArrowPrimitiveType,
    T: ArrowPrimitiveType,
    T::Native: From<F::Native>,
{
    let to = to.clone();
    Box::new(move |array| {
        let values = array.as_primitive_opt::<F>().ok_or_else(|| other(array))?;
        let values: PrimitiveArray<T> = values.unary(|value| T::Native::from(value).mul_wrapping(factor));
        Ok(Arc::new(values.with_data_type(to.clone())))
    })
}

/// The same text or bytes with offsets of another width.
fn longer<F, T>() -> Change
where
    F: ByteArrayType,
    T: ByteArrayType<Native = F::Native>,
{
    Box::new(|array| {
        let values = array.as_bytes_opt::<F>().ok_or_else(|| other(array))?;
        let ends = values.value_offsets();
        let first = ends.first().map_or(0, |first| first.as_usize());
        let size = ends.last().map_or(0, |last| last.as_usize()) - first;
        room::<T::Offset>(size)?;
        let offsets: Vec<T::Offset> = ends.iter().map(|end| T::Offset::usize_as(end.as_usize() - first)).collect();
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        let bytes = values.values().slice_with_length(first, size);
        Ok(Arc::new(GenericByteArray::<T>::try_new(offsets, bytes, values.nulls().cloned())?))
    })
}

/// The same text or bytes as views.
fn viewed<F, V>() -> Change
where
    F: ByteArrayType,
    V: ByteViewType<Native = F::Native>,
    for<'a> GenericByteViewArray<V>: From<&'a GenericByteArray<F>>,
{
    Box::new(|array| {
        let values = array.as_bytes_opt::<F>().ok_or_else(|| other(array))?;
        room::<i32>(values.values().len())?;
        Ok(Arc::new(GenericByteViewArray::<V>::from(values)))
    })
}

/// The bytes that views show, end to end.
fn gathered<V, T>() -> Change
where
    V: ByteViewType,
    T: ByteArrayType<Native = V::Native>,
{
    Box::new(|array| {
        let values = array.as_byte_view_opt::<V>().ok_or_else(|| other(array))?;
        room::<T::Offset>(values.lengths().map(|length| length as usize).sum())?;
        Ok(Arc::new(values.iter().collect::<GenericByteArray<T>>()))
    })
}

/// Refuses more bytes than offsets of this width reach.
fn room<O: OffsetSizeTrait>(bytes: usize) -> Result<()> {
    match bytes <= O::MAX_OFFSET {
        true => Ok(()),
        false => Err(ArrowError::CDataInterface(format!(
            "a batch has {bytes} bytes of it, more than the requested type holds: request the large type, or \
             smaller batches by batch_rows"
        ))),
    }
}

fn other(array: &ArrayRef) -> ArrowError {
    ArrowError::CDataInterface(format!("the data is {}, not of its schema's type", array.data_type()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_decimal_has_more_digits_than_its_type() {
        use DataType::{Decimal128, Decimal256};
        let own = Decimal128(7, 2);
        for wider in [Decimal128(38, 33), Decimal256(76, 71)] {
            assert!(change(&own, &wider).is_some(), "{wider}");
        }
        for impossible in [Decimal128(39, 2), Decimal128(76, 60), Decimal256(77, 2)] {
            assert!(change(&own, &impossible).is_none(), "{impossible}");
        }
    }
}
