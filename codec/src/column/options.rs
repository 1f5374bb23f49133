//! Options of a reader, for values on which SQL and Arrow do not agree.

use std::collections::BTreeMap;

use arrow_schema::{DataType, TimeUnit};

use super::batch_memory::BatchMemory;

/// Treatment of digits of a second that are finer than the unit chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Excess {
    /// An error, unless they are zero.
    #[default]
    Raise,
    /// Cut them off.
    Truncate,
}

/// Treatment of moments after the year 9999: 9999-12-31-24.00.00 stands for "for ever" in many tables of
/// Db2 for z/OS and IBM i.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EndOfTime {
    /// A bad value: an error, or NULL where bad values are.
    #[default]
    Raise,
    /// The last moment before it that the unit has: 9999-12-31 23:59:59.999999.
    Last,
    /// The moment itself, 10000-01-01 00:00:00, as any other midnight. Python's `datetime` does not reach it.
    Next,
}

/// The Arrow form of TIME.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeAs {
    /// Seconds of the day in 32 bits.
    #[default]
    Seconds,
    /// Microseconds of the day in 64 bits, as tables of Iceberg and Delta Lake have them.
    Microseconds,
    /// Text, `HH:MM:SS`. It has the end of the day, 24:00:00.
    Text,
}

/// The Arrow form of text and bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StringType {
    /// With offsets of 32 bits; large objects with those of 64.
    #[default]
    Utf8,
    /// With offsets of 64 bits.
    LargeUtf8,
    /// Views.
    Utf8View,
}

impl StringType {
    /// The form of large objects.
    pub(super) fn of_lobs(self) -> StringType {
        if self == StringType::Utf8 { StringType::LargeUtf8 } else { self }
    }

    /// For text.
    pub(super) fn text(self) -> DataType {
        match self {
            StringType::Utf8 => DataType::Utf8,
            StringType::LargeUtf8 => DataType::LargeUtf8,
            StringType::Utf8View => DataType::Utf8View,
        }
    }

    /// For bytes.
    pub(super) fn bytes(self) -> DataType {
        match self {
            StringType::Utf8 => DataType::Binary,
            StringType::LargeUtf8 => DataType::LargeBinary,
            StringType::Utf8View => DataType::BinaryView,
        }
    }
}

/// The Arrow form of DECFLOAT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DecFloatAs {
    /// Text, exact in every case: the exponent differs from value to value.
    #[default]
    Text,
    /// A decimal of fixed point; a value that it cannot hold exactly is an error.
    Decimal {
        /// Digits, 1 to 76.
        precision: u8,
        /// Digits after the point.
        scale: u8,
    },
}

/// The Arrow form of a DECIMAL or NUMERIC of more than 38 digits, which many libraries do not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WideDecimalAs {
    /// A decimal of 256 bits.
    #[default]
    Decimal256,
    /// Text with all its digits.
    Text,
    /// The nearest float of 64 bits: some 15 digits are left.
    Float64,
}

/// Treatment of bytes that are not characters of their page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TextErrors {
    /// An error naming column, row and bytes.
    #[default]
    Strict,
    /// Put U+FFFD for them.
    Replace,
    /// Make the value NULL. Such columns are nullable in the schema.
    Null,
    /// Columns of text become binary and hold the bytes as they came, also those of a page that is not
    /// known. A column that `force_ccsid` names stays text.
    Raw,
}

/// Treatment of decimals, dates and times that mean nothing (a blank in a packed field).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BadValues {
    /// An error naming column, row and bytes.
    #[default]
    Raise,
    /// Make them NULL. Such columns are nullable in the schema, whatever the server says.
    Null,
}

/// How columns become Arrow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The unit of TIMESTAMP. Microseconds hold the years 0001 to 9999; nanoseconds only 1677 to
    /// 2262, and a value outside is an error.
    pub timestamp_unit: TimeUnit,
    /// For timestamps finer than that.
    pub timestamp_excess: Excess,
    /// For timestamps after the year 9999.
    pub end_of_time: EndOfTime,
    /// The form of TIME.
    pub time_unit: TimeAs,
    /// The form of text and bytes.
    pub string_type: StringType,
    /// The form of DECFLOAT.
    pub decfloat: DecFloatAs,
    /// The form of decimals of more than 38 digits.
    pub wide_decimal: WideDecimalAs,
    /// For text that cannot be decoded.
    pub text_errors: TextErrors,
    /// For numbers and dates that cannot be decoded.
    pub bad_values: BadValues,
    /// Columns, by name, whose text is in another page than the server says; 65535 makes the
    /// column binary.
    pub force_ccsid: BTreeMap<String, u16>,
    /// Read character columns marked as not text (FOR BIT DATA, CCSID 65535) as text in this page.
    /// BINARY, VARBINARY and BLOB stay binary.
    pub bit_data_ccsid: Option<u16>,
    /// A BOOLEAN that is neither 0 nor 1 is true, not an error. (Read: IBM's tests of its Python driver call a procedure
    /// with 11, and Db2 takes it.)
    pub any_true: bool,
    /// The memory that readers leave for the next one: of a connection, its own.
    pub memory: BatchMemory,
}

impl Options {
    /// The same with memory of its own: for decoders after which nobody sees to it that what they leave is let go.
    pub fn apart(&self) -> Options {
        Options { memory: BatchMemory::default(), ..self.clone() }
    }
}

impl Default for Options {
    fn default() -> Self {
        Options {
            timestamp_unit: TimeUnit::Microsecond,
            timestamp_excess: Excess::default(),
            end_of_time: EndOfTime::default(),
            time_unit: TimeAs::default(),
            string_type: StringType::default(),
            decfloat: DecFloatAs::default(),
            wide_decimal: WideDecimalAs::default(),
            text_errors: TextErrors::default(),
            bad_values: BadValues::default(),
            force_ccsid: BTreeMap::new(),
            bit_data_ccsid: None,
            any_true: false,
            memory: BatchMemory::default(),
        }
    }
}
