//! Parameters: Arrow values encoded as the server described the markers of the statement.

use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::column::encode::{encode_value, length};
use crate::column::error::{ColumnError, Reason};
use crate::flow::sql::execute::Input;
use crate::flow::sql::session::{Product, Session};
use crate::wire::codec::writer::Writer;
use crate::wire::fdoca::lid;
use crate::wire::sql::sqlvar::{SqlVar, parmmode};
use crate::wire::value::error::ValueError;
use crate::wire::value::field::{CCSID_BINARY, Field};
use crate::wire::value::typdef::TypDef;
use crate::wire::value::types::{SqlType, TypeId};
use arrow_array::ArrayRef;
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_schema::DataType;
use std::sync::Arc;

/// Longest value that travels inside the row; a longer one goes after it as EXTDTA.
const INLINE: usize = 32_000;

/// Where values come from that have NaN for what is missing.
const NOT_NULL: &str = "NaN is a number's value and not NULL: send None for what is missing, or the data frame itself, \
                        whose missing values are NULL; DECFLOAT, REAL and DOUBLE have NaN";

/// The indicator of a NULL.
const NULL: u8 = 0xFF;

/// Encodes one row of parameters: an array of one element for each. Of those that only come out the
/// value does not matter.
pub(super) fn encode(described: &[SqlVar], row: &[ArrayRef], session: &Session) -> Result<Input> {
    if described.len() != row.len() {
        let text = format!("the statement has {} parameters, {} were given", described.len(), row.len());
        return Err(Error::new(ErrorClass::Programming, Phase::Execute, "07001", text));
    }
    let mut fields = Vec::with_capacity(row.len());
    let mut w = Writer::new();
    let mut lobs = Vec::new();
    for (n, (var, value)) in described.iter().zip(row).enumerate() {
        let field = field(n, var, value, session)?;
        if mode(var) == parmmode::OUT {
            w.u8(NULL);
            fields.push(field);
            continue;
        }
        let large =
            encode_value(&field, n, value.as_ref(), 0, &mut w).map_err(|e| refused(n, var, &field, value, &e))?;
        if let Some(data) = large.filter(|data| !data.is_empty()) {
            lobs.push((n, data));
        }
        fields.push(field);
    }
    Ok(Input { fields: Arc::new(fields), row: w.into_vec(), lobs })
}

/// Whether a parameter goes in or comes out, where the server was asked and told.
pub(super) fn mode(var: &SqlVar) -> i16 {
    var.opt.as_ref().and_then(|opt| opt.ext.as_ref()).map_or(0, |ext| ext.parmmode)
}

/// How parameter `n` travels: as its SQL type says, always nullable.
fn field(n: usize, var: &SqlVar, value: &ArrayRef, session: &Session) -> Result<Field> {
    let ours = &session.ours;
    let digits = [var.precision.clamp(1, 31) as u8, var.scale.clamp(0, 31) as u8];
    let bits = var.ccsid == CCSID_BINARY || var.ccsid == 0;
    let behind = length(value.as_ref(), 0) > INLINE;
    let id = match var.sqltype {
        SqlType::FLOAT if var.length == 4 => Some(TypeId::REAL),
        SqlType::CHAR | SqlType::VARCHAR | SqlType::LONG_VARCHAR if bits => Some(TypeId::VARCHAR_BITS),
        SqlType::BLOB if behind => Some(TypeId::BLOB),
        other => match other.sent_as() {
            Some(TypeId::VARCHAR_MIXED) if behind => Some(TypeId::CLOB_MIXED),
            id => id,
        },
    };
    let Some(form) = id.and_then(TypeId::form) else {
        let text = format!("parameter {}: SQL type {} is not supported", n + 1, var.sqltype);
        return Err(Error::new(ErrorClass::NotSupported, Phase::Execute, "56084", text));
    };
    let size = match form.id {
        TypeId::DECIMAL => digits,
        TypeId::DECFLOAT if var.length <= 8 => 8u16.to_be_bytes(),
        // Derby takes exactly nine digits; Db2 those of the column, or blanks after them. (Measured.)
        TypeId::TIMESTAMP if session.product == Product::Derby => 29u16.to_be_bytes(),
        _ => form.usual.to_be_bytes(),
    };
    let field = lid::field(form.id.nullable(), size, &TypDef { ..*ours }, 0)
        .map_err(|e| Error::new(ErrorClass::Internal, Phase::Execute, "58009", e.to_string()))?;
    let name = if var.name().is_empty() { format!("parameter {}", n + 1) } else { var.name().to_owned() };
    Ok(Field { name, sqltype: Some(var.sqltype), ..field })
}

/// Why a value cannot be sent, in terms of its parameter: advice for values that are read does not help here.
fn refused(n: usize, var: &SqlVar, field: &Field, value: &ArrayRef, e: &ColumnError) -> Error {
    let plain = Error::from_column(e, Phase::Execute);
    let ColumnError::Value(bad) = e else { return plain };
    let name = if var.name().is_empty() { String::new() } else { format!("{}, ", var.name()) };
    let mut message = format!("parameter {} ({name}{}): {}", n + 1, field.sql_name(), bad.reason);
    if !bad.bytes.is_empty() {
        message.push_str("; bytes ");
        message.extend(bad.bytes.iter().map(|byte| format!("{byte:02X}")));
    }
    let e = Error { message, hint: None, ..plain };
    match (&bad.reason, value.data_type()) {
        (Reason::Type { .. }, DataType::Timestamp(_, Some(_))) => e.hint(
            "the type has no time zone: send the date and time without one, in the zone that the column is meant in",
        ),
        (Reason::Type { from, .. }, _) if from == "UUID" => {
            e.hint("a UUID goes into CHAR(36) and VARCHAR as text, into BINARY(16) and CHAR(16) FOR BIT DATA as bytes")
        }
        (Reason::Value(ValueError::NotFinite(_)), _) => e.hint(NOT_NULL),
        (Reason::Type { .. }, _) if is_nan(value) => e.hint(NOT_NULL),
        _ => e,
    }
}

fn is_nan(value: &ArrayRef) -> bool {
    value.as_primitive_opt::<Float64Type>().is_some_and(|floats| floats.iter().flatten().any(f64::is_nan))
}
