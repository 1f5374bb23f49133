//! The kind of a column, decided once from its description and the options. The schema and the choice of a
//! decoder both use it, so they cannot disagree. The way back is here too: the SQL type for values of an Arrow type, of
//! which the client makes the columns of a new table, and the server those of a result.

use arrow_schema::{DataType, TimeUnit};

use super::error::ColumnError;
use super::options::{BadValues, DecFloatAs, Options, StringType, TextErrors, TimeAs, WideDecimalAs};
use crate::wire::ccsid::codec::Codec;
use crate::wire::ccsid::error::CcsidError;
use crate::wire::value::field::{CCSID_BINARY, Field, Shape};
use crate::wire::value::named_type::{NamedType, TypeKind};
use crate::wire::value::record_layout::{FieldForm, PlacedField};
use crate::wire::value::typdef::FloatForm;
use crate::wire::value::types::{Form, SqlType, Type, TypeId, forms};

/// The SQL type that takes the values of an Arrow type as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqlForm {
    /// One without a length of its own.
    Plain(TypeId),
    /// DECIMAL: digits, and those after the point, which may be negative.
    Decimal(u8, i8),
    /// One with so many digits of a second.
    Seconds(TypeId, u8),
    /// Text of any length.
    Text {
        /// It may be larger than a VARCHAR.
        large: bool,
    },
    /// Bytes of any length.
    Bytes {
        /// They may be more than a VARBINARY has.
        large: bool,
    },
    /// So many bytes.
    FixedBytes(i32),
    /// Nothing but NULL.
    Null,
}

impl SqlForm {
    /// For values of an Arrow type, if there is one.
    pub fn of(data_type: &DataType) -> Option<SqlForm> {
        Some(match data_type {
            DataType::Null => SqlForm::Null,
            DataType::Boolean => SqlForm::Plain(TypeId::BOOLEAN),
            DataType::Int8 | DataType::UInt8 | DataType::Int16 => SqlForm::Plain(TypeId::SMALLINT),
            DataType::UInt16 | DataType::Int32 => SqlForm::Plain(TypeId::INTEGER),
            DataType::UInt32 | DataType::Int64 => SqlForm::Plain(TypeId::BIGINT),
            DataType::UInt64 => SqlForm::Decimal(20, 0),
            DataType::Float16 | DataType::Float32 => SqlForm::Plain(TypeId::REAL),
            DataType::Float64 => SqlForm::Plain(TypeId::DOUBLE),
            DataType::Decimal32(p, s)
            | DataType::Decimal64(p, s)
            | DataType::Decimal128(p, s)
            | DataType::Decimal256(p, s) => SqlForm::Decimal(*p, *s),
            DataType::Utf8 | DataType::Utf8View => SqlForm::Text { large: false },
            DataType::LargeUtf8 => SqlForm::Text { large: true },
            DataType::Binary | DataType::BinaryView => SqlForm::Bytes { large: false },
            DataType::LargeBinary => SqlForm::Bytes { large: true },
            DataType::FixedSizeBinary(n) => SqlForm::FixedBytes(*n),
            DataType::Date32 | DataType::Date64 => SqlForm::Plain(TypeId::DATE),
            DataType::Time32(_) | DataType::Time64(_) => SqlForm::Plain(TypeId::TIME),
            DataType::Timestamp(unit, None) => SqlForm::Seconds(TypeId::TIMESTAMP, unit_digits(*unit)),
            DataType::Timestamp(unit, Some(_)) => SqlForm::Seconds(TypeId::TIMESTAMP_TZ, unit_digits(*unit)),
            DataType::Dictionary(_, values) => return SqlForm::of(values),
            _ => return None,
        })
    }
}

/// The types without a length of their own, each with its name and its Arrow type.
pub fn plain_types() -> impl Iterator<Item = (&'static str, DataType)> {
    forms().filter_map(plain_type)
}

/// The name of such a type.
pub fn plain_name(id: TypeId) -> Option<&'static str> {
    id.form().and_then(plain_type).map(|(name, _)| name)
}

fn plain_type(form: &Form) -> Option<(&'static str, DataType)> {
    let length = u32::from(form.usual);
    let field = Field { length, ..Field::new(form.ty, Shape::Fixed(length)) };
    let data_type = ColumnKind::of(&field, 0, &Options::default()).ok()?.data_type();
    (SqlForm::of(&data_type) == Some(SqlForm::Plain(form.id))).then(|| (field.sql_name(), data_type))
}

/// The names of the SQL types whose values are numbers, text and so on, by the names that PEP 249 has for those.
pub fn type_names() -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    TypeKind::ALL.into_iter().map(|(kind, called)| (called, NamedType::names(kind).collect()))
}

/// Digits after the point of a second that a unit has.
pub(super) fn unit_digits(unit: TimeUnit) -> u8 {
    match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 9,
    }
}

/// The Arrow form of a column.
#[derive(Debug, Clone)]
pub(super) enum ColumnKind {
    Integer(u32),
    Single,
    Double,
    Decimal {
        precision: u8,
        scale: u8,
    },
    /// A decimal as text, as a float.
    DecimalText {
        precision: u8,
        scale: u8,
        form: StringType,
    },
    DecimalFloat {
        precision: u8,
        scale: u8,
    },
    DecFloatText(StringType),
    DecFloatDecimal {
        precision: u8,
        scale: u8,
    },
    Boolean,
    /// The characters 1 and 0.
    Flag,
    Date,
    Time(TimeUnit),
    TimeText(StringType),
    Timestamp(TimeUnit),
    TimestampTz(TimeUnit),
    Text {
        codec: Codec,
        lob: bool,
        form: StringType,
    },
    Binary {
        lob: bool,
        form: StringType,
    },
}

impl ColumnKind {
    /// Decides, or says why the column cannot be read.
    pub(super) fn of(field: &Field, index: usize, options: &Options) -> Result<ColumnKind, ColumnError> {
        let lob = matches!(field.shape, Shape::Lob(_));
        let form = if lob { options.string_type.of_lobs() } else { options.string_type };
        let unsupported = || Err(unsupported(field, index, field.sql_name().to_owned()));
        let width = match field.shape {
            Shape::Fixed(n) => Some(n),
            _ => None,
        };
        Ok(match field.ty {
            Type::Integer => match width {
                Some(n @ (1 | 2 | 4 | 8)) => ColumnKind::Integer(n),
                _ => return unsupported(),
            },
            Type::Float => match (width, field.float) {
                (Some(4), FloatForm::Ieee) => ColumnKind::Single,
                (Some(8), FloatForm::Ieee) | (Some(4 | 8), FloatForm::Hexadecimal) => ColumnKind::Double,
                _ => return unsupported(),
            },
            Type::Packed | Type::Zoned | Type::NumericChar => {
                let (precision, scale) = (field.precision, field.scale);
                if width.is_none_or(|n| n == 0) || !sane(precision, scale) {
                    let what = format!("{}({precision},{scale})", field.sql_name());
                    return Err(self::unsupported(field, index, what));
                }
                match options.wide_decimal {
                    WideDecimalAs::Text if precision > 38 => ColumnKind::DecimalText { precision, scale, form },
                    WideDecimalAs::Float64 if precision > 38 => ColumnKind::DecimalFloat { precision, scale },
                    _ => ColumnKind::Decimal { precision, scale },
                }
            }
            Type::DecFloat => match (width, options.decfloat) {
                (Some(8 | 16), DecFloatAs::Text) => ColumnKind::DecFloatText(form),
                (Some(8 | 16), DecFloatAs::Decimal { precision, scale }) if sane(precision, scale) => {
                    ColumnKind::DecFloatDecimal { precision, scale }
                }
                _ => return unsupported(),
            },
            Type::Boolean if matches!(width, Some(1 | 2)) => ColumnKind::Boolean,
            Type::Date if width == Some(10) => ColumnKind::Date,
            Type::Time if width == Some(8) => ColumnKind::time(options),
            Type::Timestamp if !lob => ColumnKind::Timestamp(options.timestamp_unit),
            Type::TimestampTz if !lob => ColumnKind::TimestampTz(options.timestamp_unit),
            Type::Text | Type::Graphic | Type::Binary | Type::Xml | Type::Datalink => {
                match text_ccsid(field, options) {
                    CCSID_BINARY => ColumnKind::Binary { lob, form },
                    _ if raw(field, options) => ColumnKind::Binary { lob, form },
                    ccsid => ColumnKind::Text { codec: codec(field, index, ccsid)?, lob, form },
                }
            }
            Type::RowId => ColumnKind::Binary { lob, form },
            Type::Boolean | Type::Date | Type::Time | Type::Timestamp | Type::TimestampTz | Type::Locator => {
                return unsupported();
            }
        })
    }

    fn time(options: &Options) -> ColumnKind {
        match options.time_unit {
            TimeAs::Seconds => ColumnKind::Time(TimeUnit::Second),
            TimeAs::Microseconds => ColumnKind::Time(TimeUnit::Microsecond),
            TimeAs::Text => ColumnKind::TimeText(options.string_type),
        }
    }

    /// The same for a field of a record.
    pub(super) fn placed(place: &PlacedField, index: usize, options: &Options) -> Result<ColumnKind, ColumnError> {
        let (field, words) = (&place.field, |what: &str| format!("a field of DDS type {} with {what}", place.dds));
        Ok(match place.form {
            FieldForm::Date(form, _) if field.shape == Shape::Fixed(form.width()) => ColumnKind::Date,
            FieldForm::Time(..) if field.shape == Shape::Fixed(8) => ColumnKind::time(options),
            // Every number of so many bytes has room.
            FieldForm::Scaled => match (field.shape, field.scale) {
                (Shape::Fixed(2), scale @ 0..=5) => ColumnKind::Decimal { precision: 5, scale },
                (Shape::Fixed(4), scale @ 0..=10) => ColumnKind::Decimal { precision: 10, scale },
                (Shape::Fixed(8), scale @ 0..=19) => ColumnKind::Decimal { precision: 19, scale },
                (_, scale) => return Err(unsupported(field, index, words(&format!("a scale of {scale}")))),
            },
            FieldForm::Flag if field.shape == Shape::Fixed(1) => ColumnKind::Flag,
            FieldForm::Date(..) | FieldForm::Time(..) | FieldForm::Flag => {
                return Err(unsupported(field, index, words("another width")));
            }
            FieldForm::Plain | FieldForm::DoubleOnly | FieldForm::DoubleOrSingle if field.ty == Type::Locator => {
                return Err(unsupported(field, index, words(&format!("{} bytes", place.width))));
            }
            FieldForm::Plain | FieldForm::DoubleOnly | FieldForm::DoubleOrSingle => {
                ColumnKind::of(field, index, options)?
            }
        })
    }

    /// The Arrow type.
    pub(super) fn data_type(&self) -> DataType {
        match self {
            ColumnKind::Integer(1) => DataType::Int8,
            ColumnKind::Integer(2) => DataType::Int16,
            ColumnKind::Integer(4) => DataType::Int32,
            ColumnKind::Integer(_) => DataType::Int64,
            ColumnKind::Single => DataType::Float32,
            ColumnKind::Double | ColumnKind::DecimalFloat { .. } => DataType::Float64,
            ColumnKind::Decimal { precision, scale } | ColumnKind::DecFloatDecimal { precision, scale } => {
                // The scale was checked to be at most the precision, which is at most 76.
                let signed = scale.cast_signed();
                if *precision <= 38 {
                    DataType::Decimal128(*precision, signed)
                } else {
                    DataType::Decimal256(*precision, signed)
                }
            }
            ColumnKind::Boolean | ColumnKind::Flag => DataType::Boolean,
            ColumnKind::Date => DataType::Date32,
            ColumnKind::Time(TimeUnit::Second) => DataType::Time32(TimeUnit::Second),
            ColumnKind::Time(unit) => DataType::Time64(*unit),
            ColumnKind::Timestamp(unit) => DataType::Timestamp(*unit, None),
            ColumnKind::TimestampTz(unit) => DataType::Timestamp(*unit, Some("UTC".into())),
            ColumnKind::DecFloatText(form)
            | ColumnKind::TimeText(form)
            | ColumnKind::DecimalText { form, .. }
            | ColumnKind::Text { form, .. } => form.text(),
            ColumnKind::Binary { form, .. } => form.bytes(),
        }
    }

    /// True when a bad value of this kind may become NULL under the options.
    pub(super) fn nullable(&self, options: &Options) -> bool {
        if let ColumnKind::Text { .. } = self {
            return options.text_errors == TextErrors::Null;
        }
        options.bad_values == BadValues::Null
            && matches!(
                self,
                ColumnKind::Decimal { .. }
                    | ColumnKind::DecimalText { .. }
                    | ColumnKind::DecimalFloat { .. }
                    | ColumnKind::Flag
                    | ColumnKind::DecFloatDecimal { .. }
                    | ColumnKind::Date
                    | ColumnKind::Time(_)
                    | ColumnKind::TimeText(_)
                    | ColumnKind::Timestamp(_)
                    | ColumnKind::TimestampTz(_)
            )
    }
}

fn sane(precision: u8, scale: u8) -> bool {
    (1..=76).contains(&precision) && scale <= precision
}

fn unsupported(field: &Field, index: usize, what: String) -> ColumnError {
    let number = field.sqltype.map_or(u16::from(field.lid.byte()), SqlType::number);
    ColumnError::Unsupported { column: field.name.clone(), index, number, what }
}

/// The page the column is read in; [`CCSID_BINARY`] for bytes.
fn text_ccsid(field: &Field, options: &Options) -> u16 {
    // BINARY, VARBINARY and BLOB never hold characters.
    let bytes_only = matches!(field.lid, TypeId::BINARY | TypeId::VARBINARY) || matches!(field.shape, Shape::Lob(_));
    let binary = field.ty == Type::Binary || field.ccsid == CCSID_BINARY;
    if let Some(forced) = options.force_ccsid.get(&field.name) {
        return *forced;
    }
    match (binary, options.bit_data_ccsid) {
        (true, Some(ccsid)) if !bytes_only => ccsid,
        (true, _) => CCSID_BINARY,
        // These say nothing of their page when they are in the one of the connection.
        (false, _) if field.ccsid == 0 && matches!(field.ty, Type::Xml | Type::Datalink) => 1208,
        (false, _) => field.ccsid,
    }
}

/// Text is wanted as the bytes that it came in.
fn raw(field: &Field, options: &Options) -> bool {
    options.text_errors == TextErrors::Raw && !options.force_ccsid.contains_key(&field.name)
}

fn codec(field: &Field, index: usize, ccsid: u16) -> Result<Codec, ColumnError> {
    Codec::new(ccsid).map_err(|reason: CcsidError| ColumnError::Ccsid { column: field.name.clone(), index, reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_type_is_made_of_the_arrow_type_that_it_becomes() {
        let all: Vec<_> = plain_types().collect();
        assert_eq!(
            all,
            [
                ("INTEGER", DataType::Int32),
                ("SMALLINT", DataType::Int16),
                ("BIGINT", DataType::Int64),
                ("DOUBLE", DataType::Float64),
                ("REAL", DataType::Float32),
                ("BOOLEAN", DataType::Boolean),
                ("DATE", DataType::Date32),
                ("TIME", DataType::Time32(TimeUnit::Second)),
            ]
        );
    }
}
