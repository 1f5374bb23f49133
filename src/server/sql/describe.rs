//! Arrow columns to DRDA fields in the form that a persona gives them, and fields to the
//! descriptions of an SQLDA: the way back of [`column::schema`](mod@crate::column::schema). Metadata
//! that was written there is honoured, so that a table goes out as the types it came in.

use crate::column::kind::{SqlForm, plain_name};
use crate::server::error::SqlError;
use crate::server::persona::{Persona, Width};
use crate::wire::fdoca::{descriptor, lid};
use crate::wire::sql::sqlvar::{SqlDx, SqlVar, SqlVarOpt};
use crate::wire::value::field::{CCSID_BINARY, Field, Shape};
use crate::wire::value::length_rule::LengthRule;
use crate::wire::value::types::{Type, TypeId};
use arrow_schema::{DataType, Schema};

/// Length of a VARCHAR or VARBINARY that is not told: the longest there is.
const LONGEST: u32 = 32_672;
/// Longest CHAR or BINARY.
const LONGEST_FIXED: u32 = 32_672;
/// Digits that a DECIMAL has at most.
const DIGITS: u8 = 31;

/// The fields of a result.
pub(super) fn fields(schema: &Schema, persona: &Persona) -> Result<Vec<Field>, SqlError> {
    let fields: Result<Vec<Field>, _> = schema.fields().iter().enumerate().map(|(i, f)| field(f, i, persona)).collect();
    let fields = fields?;
    match descriptor::encode_result(&fields, &persona.typdef) {
        Ok(_) => Ok(fields),
        Err(e) => Err(SqlError::new(-351, "56084", &[&e.to_string()])),
    }
}

/// The field of one column at `index` (from 0).
pub(in crate::server) fn field(
    arrow: &arrow_schema::Field,
    index: usize,
    persona: &Persona,
) -> Result<Field, SqlError> {
    let unsupported = || {
        let what = format!("{} ({}, {})", index + 1, arrow.name(), arrow.data_type());
        SqlError::new(-351, "56084", &[&what])
    };
    let told = ColumnMetadata::read(arrow);
    let form = ColumnForm::of(arrow.data_type(), &told, persona).ok_or_else(unsupported)?;
    let mut made = lid::field(form.lid, form.size, &persona.typdef, 0).map_err(|_| unsupported())?;
    if let (Type::Text | Type::Graphic, Some(ccsid)) = (made.ty, told.page(persona)) {
        // A column of characters cannot be in a page of GRAPHIC, nor the other way round.
        let graphic = Width::of(ccsid).map(|width| width == Width::Double);
        if graphic != Some(made.ty == Type::Graphic) {
            let what = format!("{} {}", made.sql_name(), arrow.name());
            return Err(SqlError::new(-332, "57017", &[&ccsid.to_string(), &what]));
        }
        made.ccsid = ccsid;
    }
    Ok(Field {
        name: arrow.name().clone(),
        nullable: arrow.is_nullable() || arrow.data_type() == &DataType::Null,
        sqltype: form.lid.form().map(|form| form.sql_type),
        label: arrow.metadata().get("drda:label").cloned(),
        length: form.declared.unwrap_or(made.length),
        ..made
    })
}

/// PARMMODE of a column.
pub(super) const MODE_NONE: i16 = 0;
/// PARMMODE of a parameter that goes in.
pub(super) const MODE_IN: i16 = 1;
/// PARMMODE of a parameter that goes in and comes out.
pub(super) const MODE_INOUT: i16 = 2;
/// PARMMODE of a parameter that comes out.
pub(super) const MODE_OUT: i16 = 4;

/// The description of a field; an extended one tells the mode of a parameter.
pub(super) fn sqlvar(field: &Field, mode: Option<i16>) -> SqlVar {
    let decimal = matches!(field.ty, Type::Packed | Type::Zoned | Type::NumericChar);
    let text = matches!(field.ty, Type::Text | Type::Graphic | Type::Binary | Type::Xml);
    SqlVar {
        precision: i16::from(field.precision),
        scale: i16::from(field.scale),
        length: if decimal {
            i64::from(field.precision) << 8 | i64::from(field.scale)
        } else {
            i64::from(field.length)
        },
        sqltype: field.sqltype.unwrap_or_default(),
        nullable: field.nullable,
        ccsid: if text { field.ccsid } else { 0 },
        opt: Some(SqlVarOpt {
            name: field.name.clone(),
            label: field.label.clone().unwrap_or_default(),
            ext: mode.map(|parmmode| SqlDx { parmmode, ..SqlDx::default() }),
            ..SqlVarOpt::default()
        }),
        ..SqlVar::default()
    }
}

/// Adds the column of a table that a column of a result is, where that is told, to an extended description.
pub(super) fn add_origin(var: &mut SqlVar, arrow: &arrow_schema::Field) {
    let told = |key: &str| arrow.metadata().get(key).cloned().unwrap_or_default();
    if let Some(SqlVarOpt { ext: Some(ext), .. }) = &mut var.opt {
        (ext.schema, ext.basename, ext.name) = (told("drda:schema"), told("drda:table"), told("drda:column"));
        ext.updatable = i16::from(!ext.basename.is_empty());
    }
}

/// The description of a parameter of a call, of the usual length.
pub(super) fn parameter(id: TypeId, parmmode: i16) -> SqlVar {
    let (sqltype, length) = id.form().map_or_else(Default::default, |form| (form.sql_type, i64::from(form.usual)));
    let opt = Some(SqlVarOpt { ext: Some(SqlDx { parmmode, ..SqlDx::default() }), ..SqlVarOpt::default() });
    SqlVar { length, sqltype, nullable: true, opt, ..SqlVar::default() }
}

/// The contents of the metadata.
#[derive(Default)]
struct ColumnMetadata<'a> {
    name: &'a str,
    length: Option<u32>,
    scale: Option<u8>,
    /// [`CCSID_BINARY`] for bytes that stand for characters.
    ccsid: Option<&'a str>,
}

impl<'a> ColumnMetadata<'a> {
    fn read(arrow: &'a arrow_schema::Field) -> ColumnMetadata<'a> {
        let get = |key: &str| arrow.metadata().get(key).map(String::as_str);
        ColumnMetadata {
            name: get("drda:type").unwrap_or_default(),
            length: get("drda:length").and_then(|n| n.parse().ok()).filter(|n| *n > 0),
            scale: get("drda:scale").and_then(|n| n.parse().ok()),
            ccsid: get("drda:ccsid"),
        }
    }

    /// The page of its own that a column of characters has. Bytes have none.
    fn page(&self, persona: &Persona) -> Option<u16> {
        let ccsid = self.ccsid.filter(|_| persona.pages)?;
        // What is no number is no known page either.
        Some(ccsid.parse().unwrap_or(0)).filter(|ccsid| *ccsid != CCSID_BINARY)
    }

    /// True for bytes that are FOR BIT DATA.
    fn is_bit_data(&self) -> bool {
        self.ccsid.is_some_and(|ccsid| ccsid.parse() == Ok(CCSID_BINARY))
    }

    /// A length of two bytes; `None` when there is none that fits.
    fn fits(&self, most: u32) -> Option<u32> {
        self.length.filter(|n| *n <= most)
    }
}

/// A type id with its two length bytes and, where these differ, the length that the column was declared with.
struct ColumnForm {
    lid: TypeId,
    size: [u8; 2],
    declared: Option<u32>,
}

impl ColumnForm {
    fn new(lid: TypeId, length: u32) -> ColumnForm {
        // Every caller has held the length against its limit.
        ColumnForm { lid, size: u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes(), declared: None }
    }

    /// Of the length that a type without one of its own has.
    fn usual(lid: TypeId) -> Option<ColumnForm> {
        Some(ColumnForm::new(lid, lid.form()?.usual.into()))
    }

    fn decfloat(told: &ColumnMetadata<'_>) -> ColumnForm {
        ColumnForm::new(TypeId::DECFLOAT, if told.length == Some(8) { 8 } else { 16 })
    }

    fn large(lid: TypeId, told: &ColumnMetadata<'_>, persona: &Persona) -> ColumnForm {
        let declared = Some(told.length.unwrap_or(i32::MAX.unsigned_abs()));
        ColumnForm { declared, ..ColumnForm::new(lid, 0x8000 | u32::from(persona.placeholder)) }
    }

    fn of(data_type: &DataType, told: &ColumnMetadata<'_>, persona: &Persona) -> Option<ColumnForm> {
        Some(match SqlForm::of(data_type)? {
            SqlForm::Plain(id) if !plain_name(id).is_some_and(|name| persona.has(name)) => return None,
            SqlForm::Plain(TypeId::BOOLEAN) => ColumnForm::new(TypeId::BOOLEAN, persona.boolean.into()),
            SqlForm::Plain(TypeId::DOUBLE) if told.name == "REAL" => ColumnForm::usual(TypeId::REAL)?,
            SqlForm::Plain(TypeId::DOUBLE) if told.name == "DECFLOAT" && persona.has(told.name) => {
                ColumnForm::decfloat(told)
            }
            SqlForm::Plain(id) => ColumnForm::usual(id)?,
            SqlForm::Decimal(p, s) => {
                let scale = u8::try_from(s).ok().filter(|s| *s <= p)?;
                if p == 0 || p > DIGITS {
                    return None;
                }
                let lid = if persona.zoned && told.name == "NUMERIC" { TypeId::NUMERIC } else { TypeId::DECIMAL };
                ColumnForm { size: [p, scale], ..ColumnForm::new(lid, 0) }
            }
            SqlForm::Seconds(TypeId::TIMESTAMP, unit) => {
                let digits = persona.timestamp_digits.unwrap_or_else(|| told.scale.unwrap_or(unit).min(12));
                ColumnForm::new(TypeId::TIMESTAMP, if digits == 0 { 19 } else { 20 + u32::from(digits) })
            }
            SqlForm::Seconds(id, unit) => {
                let form = id.form().filter(|form| form.sql_type.name().is_some_and(|name| persona.has(name)))?;
                let LengthRule::VarSeconds(before) = form.length else { return None };
                ColumnForm::new(id, before + u32::from(told.scale.unwrap_or(unit).min(12)))
            }
            SqlForm::Text { large } => ColumnForm::text(told, large, persona),
            SqlForm::Bytes { large } => ColumnForm::bytes(told, large, persona),
            SqlForm::FixedBytes(n) => {
                let n = u32::try_from(n).ok().filter(|n| (1..=LONGEST_FIXED).contains(n))?;
                let told = told.name == "CHAR FOR BIT DATA" || told.name.is_empty() && told.is_bit_data();
                if persona.bit_data || told {
                    ColumnForm::new(TypeId::CHAR_BITS, n)
                } else {
                    ColumnForm::new(TypeId::BINARY, n)
                }
            }
            SqlForm::Null => ColumnForm::new(if persona.mixed { TypeId::VARCHAR_MIXED } else { TypeId::VARCHAR }, 1),
        })
    }

    fn text(told: &ColumnMetadata<'_>, large: bool, persona: &Persona) -> ColumnForm {
        let width = told.page(persona).and_then(Width::of);
        let mixed = match width {
            Some(width) => width == Width::Mixed,
            None => persona.mixed,
        };
        let double = width == Some(Width::Double);
        let (fixed, var, long, clob) = if mixed {
            (TypeId::CHAR_MIXED, TypeId::VARCHAR_MIXED, TypeId::LONG_VARCHAR_MIXED, TypeId::CLOB_MIXED)
        } else {
            (TypeId::CHAR, TypeId::VARCHAR, TypeId::LONG_VARCHAR, TypeId::CLOB)
        };
        let graphic = persona.typdef.dbc != 0;
        let most = if graphic { LONGEST_FIXED / 2 } else { 0 };
        match told.name {
            "CHAR" if told.fits(LONGEST_FIXED).is_some() => ColumnForm::new(fixed, told.length.unwrap_or(1)),
            "LONG VARCHAR" => ColumnForm::new(long, told.fits(LONGEST + 28).unwrap_or(LONGEST)),
            "GRAPHIC" if told.fits(most).is_some() => ColumnForm::new(TypeId::GRAPHIC, told.length.unwrap_or(1)),
            "VARGRAPHIC" if graphic => ColumnForm::new(TypeId::VARGRAPHIC, told.fits(most).unwrap_or(most)),
            "DECFLOAT" if persona.has(told.name) => ColumnForm::decfloat(told),
            "DBCLOB" if graphic => ColumnForm::large(TypeId::DBCLOB, told, persona),
            "" | "VARCHAR" | "CLOB" if double && (large || told.name == "CLOB") => {
                ColumnForm::large(TypeId::DBCLOB, told, persona)
            }
            "" | "VARCHAR" if double => ColumnForm::new(TypeId::VARGRAPHIC, told.fits(most).unwrap_or(most)),
            // It has no length, and its page is that of the environment.
            "XML" if persona.has(told.name) => {
                ColumnForm { declared: Some(0), ..ColumnForm::large(TypeId::XML_EXTERNAL, told, persona) }
            }
            "CLOB" | "XML" | "DBCLOB" => ColumnForm::large(clob, told, persona),
            _ if large => ColumnForm::large(clob, told, persona),
            "" | "VARCHAR" | "CHAR" => ColumnForm::new(var, told.fits(LONGEST).unwrap_or(LONGEST)),
            // The length of another type says nothing about the text.
            _ => ColumnForm::new(var, LONGEST),
        }
    }

    fn bytes(told: &ColumnMetadata<'_>, large: bool, persona: &Persona) -> ColumnForm {
        let fits = told.fits(LONGEST_FIXED);
        match (told.name, fits) {
            ("BINARY", Some(n)) if !persona.bit_data => ColumnForm::new(TypeId::BINARY, n),
            ("CHAR FOR BIT DATA" | "BINARY", Some(n)) => ColumnForm::new(TypeId::CHAR_BITS, n),
            ("LONG VARCHAR FOR BIT DATA", _) => ColumnForm::new(TypeId::LONG_VARCHAR_BITS, fits.unwrap_or(LONGEST)),
            ("VARCHAR FOR BIT DATA", _) => ColumnForm::new(TypeId::VARCHAR_BITS, fits.unwrap_or(LONGEST)),
            ("ROWID", _) => ColumnForm::new(TypeId::ROWID, told.fits(40).unwrap_or(40)),
            ("BLOB", _) => ColumnForm::large(TypeId::BLOB, told, persona),
            _ if large => ColumnForm::large(TypeId::BLOB, told, persona),
            _ if persona.bit_data => ColumnForm::new(TypeId::VARCHAR_BITS, fits.unwrap_or(LONGEST)),
            ("", _) if told.is_bit_data() => ColumnForm::new(TypeId::VARCHAR_BITS, fits.unwrap_or(LONGEST)),
            _ => ColumnForm::new(TypeId::VARBINARY, fits.unwrap_or(LONGEST)),
        }
    }
}

/// True for a column whose values may travel after the row.
pub(super) fn is_large(field: &Field) -> bool {
    matches!(field.shape, Shape::Lob(_))
}

/// Width of a placeholder in the dynamic data format: a mode and a length of eight bytes.
const DYNAMIC: u8 = 9;

/// Puts the values of a column of large ones into the dynamic data format. (Measured: IBM's CLI and JDBC drivers ask for
/// it and read it.)
pub(super) fn make_dynamic(field: &mut Field) {
    if is_large(field) {
        field.shape = Shape::Lob(DYNAMIC);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::persona::{DERBY, LUW, ZOS};
    use crate::wire::value::types::SqlType;
    use arrow_schema::TimeUnit;

    fn made(data_type: DataType, metadata: &[(&str, &str)], persona: &Persona) -> Result<Field, SqlError> {
        let metadata: std::collections::HashMap<String, String> =
            metadata.iter().map(|(k, v)| (format!("drda:{k}"), (*v).to_owned())).collect();
        field(&arrow_schema::Field::new("C", data_type, true).with_metadata(metadata), 0, persona)
    }

    #[test]
    fn the_type_is_the_one_that_was_told() {
        let char5 = made(DataType::Utf8, &[("type", "CHAR"), ("length", "5")], &LUW).unwrap();
        assert_eq!((char5.sqltype, char5.shape, char5.sql_name()), (Some(SqlType::CHAR), Shape::Fixed(5), "CHAR"));
        let plain = made(DataType::Utf8, &[], &LUW).unwrap();
        assert_eq!((plain.sqltype, plain.length, plain.ccsid), (Some(SqlType::VARCHAR), LONGEST, 1208));
        assert_eq!(made(DataType::Utf8, &[], &ZOS).unwrap().ccsid, 1047);
        let blob = made(DataType::LargeBinary, &[("length", "77")], &DERBY).unwrap();
        assert_eq!((blob.sql_name(), blob.length, blob.shape), ("BLOB", 77, Shape::Lob(4)));
        // A length that belongs to a type which the persona lacks says nothing about the text.
        let text = made(DataType::Utf8, &[("type", "DECFLOAT"), ("length", "16")], &DERBY).unwrap();
        assert_eq!((text.sql_name(), text.length), ("VARCHAR", LONGEST));
        let stamp = made(DataType::Timestamp(TimeUnit::Microsecond, None), &[("scale", "12")], &LUW).unwrap();
        assert_eq!((stamp.length, stamp.scale), (32, 12));
    }

    #[test]
    fn what_has_no_type_is_refused() {
        for (data_type, persona) in [
            (DataType::Decimal128(38, 2), &LUW),
            (DataType::Decimal128(5, -1), &LUW),
            (DataType::Duration(TimeUnit::Second), &LUW),
            (DataType::Timestamp(TimeUnit::Second, Some("UTC".into())), &DERBY),
        ] {
            assert_eq!(made(data_type, &[], persona).unwrap_err().sqlcode, -351);
        }
    }
}
