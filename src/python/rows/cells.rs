//! Cells of a column as Python objects.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Decimal256Type, DecimalType, Float32Type, Float64Type,
    Time32SecondType, Time64MicrosecondType, Time64NanosecondType, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};
use arrow_array::{Array, ArrayAccessor, downcast_integer};
use arrow_schema::{DataType, Field, TimeUnit};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::decimals::{self, decimal, parsed};
use super::moments::{date, micros, time, timestamp};
use super::recent::Recent;
use crate::python::errors;

type Cells<'py> = PyResult<Vec<Bound<'py, PyAny>>>;

/// The cells of some rows.
pub(super) fn cells<'py>(py: Python<'py>, field: &Field, column: &dyn Array, rows: Range<usize>) -> Cells<'py> {
    let column = Column { py, field, column, rows };
    macro_rules! integers {
        ($type:ty) => {
            column.numbers::<$type>()
        };
    }
    downcast_integer! {
        column.column.data_type() => (integers),
        DataType::Null => column.nulls(),
        DataType::Boolean => column.each(column.column.as_boolean(), |value| value.into_bound_py_any(py)),
        DataType::Float32 => column.primitives::<Float32Type>(|value| f64::from(value).into_bound_py_any(py)),
        DataType::Float64 => column.numbers::<Float64Type>(),
        DataType::Decimal128(precision, scale) => {
            let mut recent = Recent::of(column.rows.len());
            column.primitives::<Decimal128Type>(|value| {
                recent.get(value, decimals::place(value), || decimal(py, value, *precision, *scale))
            })
        }
        DataType::Decimal256(precision, scale) => column.primitives::<Decimal256Type>(|value| {
            parsed(py, &Decimal256Type::format_decimal(value, *precision, *scale))
        }),
        DataType::Utf8 => column.texts(column.column.as_string::<i32>()),
        DataType::LargeUtf8 => column.texts(column.column.as_string::<i64>()),
        DataType::Utf8View => column.texts(column.column.as_string_view()),
        DataType::Binary => column.bytes(column.column.as_binary::<i32>()),
        DataType::LargeBinary => column.bytes(column.column.as_binary::<i64>()),
        DataType::BinaryView => column.bytes(column.column.as_binary_view()),
        DataType::FixedSizeBinary(_) => column.bytes(column.column.as_fixed_size_binary()),
        DataType::Date32 => {
            let mut recent = Recent::of(column.rows.len());
            column.primitives::<Date32Type>(|days| recent.get(days, days as usize, || date(py, field, days.into())))
        }
        DataType::Time32(TimeUnit::Second) => {
            column.primitives::<Time32SecondType>(|seconds| time(py, field, i64::from(seconds) * 1_000_000))
        }
        DataType::Time64(TimeUnit::Microsecond) => {
            column.primitives::<Time64MicrosecondType>(|value| time(py, field, value))
        }
        DataType::Time64(TimeUnit::Nanosecond) => {
            column.primitives::<Time64NanosecondType>(|nanos| time(py, field, micros(py, field, nanos)?))
        }
        DataType::Timestamp(unit, zone) => column.timestamps(*unit, zone.is_some()),
        _ => column.unsupported(),
    }
}

/// Some rows of a column.
struct Column<'py, 'a> {
    py: Python<'py>,
    field: &'a Field,
    column: &'a dyn Array,
    rows: Range<usize>,
}

impl<'py> Column<'py, '_> {
    fn nulls(&self) -> Cells<'py> {
        Ok(self.rows.clone().map(|_| self.py.None().into_bound(self.py)).collect())
    }

    /// None where there is no value.
    fn each<A: ArrayAccessor>(
        &self,
        array: A,
        mut make: impl FnMut(A::Item) -> PyResult<Bound<'py, PyAny>>,
    ) -> Cells<'py> {
        let nulls = self.column.nulls().filter(|nulls| nulls.null_count() > 0);
        let cell = |at| match nulls {
            Some(nulls) if nulls.is_null(at) => Ok(self.py.None().into_bound(self.py)),
            _ => make(array.value(at)),
        };
        self.rows.clone().map(cell).collect()
    }

    fn primitives<T: ArrowPrimitiveType>(
        &self,
        make: impl FnMut(T::Native) -> PyResult<Bound<'py, PyAny>>,
    ) -> Cells<'py> {
        self.each(self.column.as_primitive::<T>(), make)
    }

    fn numbers<T: ArrowPrimitiveType>(&self) -> Cells<'py>
    where
        T::Native: IntoPyObject<'py>,
    {
        self.primitives::<T>(|value| value.into_bound_py_any(self.py))
    }

    fn bytes<'a, A: ArrayAccessor<Item = &'a [u8]>>(&self, array: A) -> Cells<'py> {
        self.each(array, |value| Ok(PyBytes::new(self.py, value).into_any()))
    }

    /// A DECFLOAT travels as text, so that every value is exact; in Python it is a Decimal.
    fn texts<'a, A: ArrayAccessor<Item = &'a str>>(&self, array: A) -> Cells<'py> {
        if self.field.metadata().get("drda:type").is_some_and(|name| name == "DECFLOAT") {
            return self.each(array, |value| parsed(self.py, value));
        }
        self.each(array, |value| value.into_bound_py_any(self.py))
    }

    fn timestamps(&self, unit: TimeUnit, utc: bool) -> Cells<'py> {
        let (py, field) = (self.py, self.field);
        // What overflows is a year that Python has not either.
        let made = |micros: Option<i64>| timestamp(py, field, micros.unwrap_or(i64::MAX), utc);
        match unit {
            TimeUnit::Second => self.primitives::<TimestampSecondType>(|value| made(value.checked_mul(1_000_000))),
            TimeUnit::Millisecond => self.primitives::<TimestampMillisecondType>(|value| made(value.checked_mul(1000))),
            TimeUnit::Microsecond => self.primitives::<TimestampMicrosecondType>(|value| made(Some(value))),
            TimeUnit::Nanosecond => {
                self.primitives::<TimestampNanosecondType>(|value| made(Some(micros(py, field, value)?)))
            }
        }
    }

    /// Without a value there is nothing that has no form.
    fn unsupported(&self) -> Cells<'py> {
        if self.rows.clone().all(|at| self.column.is_null(at)) {
            return self.nulls();
        }
        let message = format!(
            "column {:?} of type {} has no Python form here; fetch_arrow() has it",
            self.field.name(),
            self.field.data_type()
        );
        Err(errors::interface(self.py, message))
    }
}
