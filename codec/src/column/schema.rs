//! Column descriptions to an Arrow schema. SQL attributes that Arrow lacks are kept as metadata: `drda:type`,
//! `drda:length`, `drda:precision`, `drda:scale`, `drda:ccsid`, `drda:forced_ccsid`, `drda:label`.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::{Schema, SchemaRef};

use super::error::ColumnError;
use super::kind::ColumnKind;
use super::options::Options;
use crate::wire::value::field::Field;
use crate::wire::value::record_layout::PlacedField;
use crate::wire::value::types::Type;

/// The Arrow field of the column at `index` (from 0). A column without a name is called by its
/// ordinal from 1, as Derby and Db2 do: `"1"`.
pub fn arrow_field(field: &Field, index: usize, options: &Options) -> Result<arrow_schema::Field, ColumnError> {
    let kind = ColumnKind::of(field, index, options)?;
    Ok(of_kind(&kind, field, index, options))
}

/// The Arrow field of a field of a record. `drda:dds` is its type in DDS, `drda:text` its text.
pub fn placed_field(place: &PlacedField, index: usize, options: &Options) -> Result<arrow_schema::Field, ColumnError> {
    let kind = ColumnKind::placed(place, index, options)?;
    let mut out = of_kind(&kind, &place.field, index, options);
    let mut map = out.metadata().clone();
    map.insert("drda:dds".to_owned(), place.dds.to_string());
    if !place.text.is_empty() {
        map.insert("drda:text".to_owned(), place.text.clone());
    }
    out.set_metadata(map);
    Ok(out)
}

fn of_kind(kind: &ColumnKind, field: &Field, index: usize, options: &Options) -> arrow_schema::Field {
    let name = if field.name.is_empty() { (index + 1).to_string() } else { field.name.clone() };
    let nullable = field.nullable || kind.nullable(options);
    let mut map = metadata(field);
    if let Some(forced) = options.force_ccsid.get(&field.name) {
        map.insert("drda:forced_ccsid".to_owned(), forced.to_string());
    }
    arrow_schema::Field::new(name, kind.data_type(), nullable).with_metadata(map)
}

/// The Arrow schema of an answer set. Names that occur twice are kept.
pub fn schema(fields: &[Field], options: &Options) -> Result<SchemaRef, ColumnError> {
    let fields: Result<Vec<_>, _> =
        fields.iter().enumerate().map(|(index, field)| arrow_field(field, index, options)).collect();
    Ok(Arc::new(Schema::new(fields?)))
}

fn metadata(field: &Field) -> HashMap<String, String> {
    let mut map = HashMap::from([("drda:type".to_owned(), field.sql_name().to_owned())]);
    let mut put = |key: &str, value: String| map.insert(format!("drda:{key}"), value);
    if field.length > 0 {
        put("length", field.length.to_string());
    }
    match field.ty {
        Type::Packed | Type::Zoned | Type::NumericChar => {
            put("precision", field.precision.to_string());
            put("scale", field.scale.to_string());
        }
        ty if ty.has_seconds() => {
            put("scale", field.scale.to_string());
        }
        _ => {}
    }
    if field.ccsid != 0 {
        put("ccsid", field.ccsid.to_string());
    }
    if let Some(label) = &field.label {
        put("label", label.clone());
    }
    map
}

#[cfg(test)]
mod tests {
    use super::super::options::DecFloatAs;
    use super::*;
    use crate::wire::value::field::{CCSID_BINARY, Shape};
    use crate::wire::value::typdef::FloatForm;
    use crate::wire::value::types::{SqlType, TypeId};
    use arrow_schema::{DataType, TimeUnit};

    fn text(shape: Shape, ccsid: u16) -> Field {
        Field { ccsid, ..Field::new(Type::Text, shape) }
    }

    fn data_type(field: &Field, options: &Options) -> DataType {
        arrow_field(field, 0, options).unwrap().data_type().clone()
    }

    #[test]
    fn every_type_has_its_arrow_type() {
        let fixed = |ty, n| Field::new(ty, Shape::Fixed(n));
        let decimal = |p, s| Field { precision: p, scale: s, ..fixed(Type::Packed, 16) };
        let hex = |n| Field { float: FloatForm::Hexadecimal, ..fixed(Type::Float, n) };
        for (field, expected) in [
            (fixed(Type::Integer, 1), DataType::Int8),
            (fixed(Type::Integer, 2), DataType::Int16),
            (fixed(Type::Integer, 4), DataType::Int32),
            (fixed(Type::Integer, 8), DataType::Int64),
            (fixed(Type::Float, 4), DataType::Float32),
            (fixed(Type::Float, 8), DataType::Float64),
            (hex(4), DataType::Float64),
            (hex(8), DataType::Float64),
            (decimal(31, 2), DataType::Decimal128(31, 2)),
            (decimal(39, 39), DataType::Decimal256(39, 39)),
            (fixed(Type::DecFloat, 16), DataType::Utf8),
            (fixed(Type::Boolean, 2), DataType::Boolean),
            (fixed(Type::Date, 10), DataType::Date32),
            (fixed(Type::Time, 8), DataType::Time32(TimeUnit::Second)),
            (fixed(Type::Timestamp, 32), DataType::Timestamp(TimeUnit::Microsecond, None)),
            (Field::new(Type::TimestampTz, Shape::Var), DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))),
            (text(Shape::Var, 1208), DataType::Utf8),
            (text(Shape::Fixed(3), 37), DataType::Utf8),
            (text(Shape::Var, CCSID_BINARY), DataType::Binary),
            (text(Shape::Lob(4), 1208), DataType::LargeUtf8),
            (fixed(Type::Binary, 3), DataType::Binary),
            (Field::new(Type::Binary, Shape::Lob(4)), DataType::LargeBinary),
            (Field { ccsid: 1200, ..Field::new(Type::Graphic, Shape::VarChars) }, DataType::Utf8),
            (Field::new(Type::RowId, Shape::Var), DataType::Binary),
            (Field::new(Type::Xml, Shape::Lob(8)), DataType::LargeUtf8),
            (Field::new(Type::Datalink, Shape::Var), DataType::Utf8),
        ] {
            assert_eq!(data_type(&field, &Options::default()), expected, "{field:?}");
        }
    }

    #[test]
    fn options_change_the_type() {
        let mut options = Options { decfloat: DecFloatAs::Decimal { precision: 34, scale: 6 }, ..Options::default() };
        let decfloat = Field::new(Type::DecFloat, Shape::Fixed(16));
        assert_eq!(data_type(&decfloat, &options), DataType::Decimal128(34, 6));
        options.timestamp_unit = TimeUnit::Nanosecond;
        let timestamp = Field::new(Type::Timestamp, Shape::Fixed(26));
        assert_eq!(data_type(&timestamp, &options), DataType::Timestamp(TimeUnit::Nanosecond, None));
        options.bit_data_ccsid = Some(37);
        assert_eq!(data_type(&text(Shape::Var, CCSID_BINARY), &options), DataType::Utf8);
        let varbinary = Field { lid: TypeId::VARBINARY, ..Field::new(Type::Binary, Shape::Var) };
        assert_eq!(data_type(&varbinary, &options), DataType::Binary);
        options.force_ccsid.insert("X".into(), CCSID_BINARY);
        assert_eq!(data_type(&Field { name: "X".into(), ..text(Shape::Var, 37) }, &options), DataType::Binary);
    }

    #[test]
    fn what_cannot_be_read_is_refused_up_front() {
        let refused = |field: &Field| arrow_field(field, 4, &Options::default()).unwrap_err();
        let locator = Field {
            sqltype: Some(SqlType::CLOB_LOCATOR),
            name: "DOC".into(),
            ..Field::new(Type::Locator, Shape::Fixed(4))
        };
        let error = refused(&locator);
        assert_eq!(error.to_string(), "column 5 \"DOC\": LOCATOR (type 964) is not supported");
        assert_eq!(error.sqlstate(), "56084");
        assert_eq!(refused(&text(Shape::Var, 4711)).sqlstate(), "22021");
        assert!(matches!(refused(&text(Shape::Var, 0)), ColumnError::Ccsid { .. }));
        assert!(matches!(refused(&Field::new(Type::Float, Shape::Fixed(16))), ColumnError::Unsupported { .. }));
        assert!(matches!(refused(&Field::new(Type::Packed, Shape::Fixed(3))), ColumnError::Unsupported { .. }));
    }

    #[test]
    fn names_nullability_and_metadata() {
        let named = Field {
            name: "A".into(),
            nullable: true,
            precision: 15,
            scale: 2,
            label: Some("Amount".into()),
            ..Field::new(Type::Packed, Shape::Fixed(8))
        };
        let nameless = Field { ccsid: 37, length: 3, ..text(Shape::Fixed(3), 37) };
        let schema = schema(&[named.clone(), nameless, named], &Options::default()).unwrap();
        let names: Vec<_> = schema.fields().iter().map(|f| f.name().as_str()).collect();
        assert_eq!(names, ["A", "2", "A"]);
        assert!(schema.field(0).is_nullable());
        assert!(!schema.field(1).is_nullable());
        assert_eq!(schema.field(0).metadata()["drda:type"], "DECIMAL");
        assert_eq!(schema.field(0).metadata()["drda:precision"], "15");
        assert_eq!(schema.field(0).metadata()["drda:label"], "Amount");
        assert_eq!(schema.field(1).metadata()["drda:ccsid"], "37");
    }
}
