//! Merges the row descriptor (layout) and the SQLDA (names) into the fields of an answer set.

use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::wire::sql::sqlda::SqlDa;
use crate::wire::sql::sqlvar::SqlVar;
use crate::wire::value::field::{Field, Shape};
use crate::wire::value::types::{SqlType, Type};

/// Names the fields of the descriptor with what the SQLDA says. Nullability stays the descriptor's.
pub(super) fn merge_descriptions(fields: &[Field], described: &SqlDa) -> Result<Vec<Field>> {
    if fields.len() != described.columns.len() {
        let text = format!("SQLDARD describes {} columns, QRYDSC {}", described.columns.len(), fields.len());
        return Err(Error::new(ErrorClass::Internal, Phase::Execute, "58009", text).broken());
    }
    if let Some(n) = fields.iter().zip(&described.columns).position(|(field, var)| disagree(field, var)) {
        let text = format!("SQLDARD and QRYDSC give column {} different types", n + 1);
        return Err(Error::new(ErrorClass::Internal, Phase::Execute, "58009", text).broken());
    }
    let named = fields.iter().zip(&described.columns).map(|(field, var)| {
        if field.nullable != var.nullable {
            tracing::debug!(column = var.name(), "SQLDA and descriptor disagree about NULL");
        }
        // The bytes after a length were declared with another one: Derby's descriptor doubles that of
        // FOR BIT DATA, a large object's only says how wide its placeholder is.
        let declared = u32::try_from(var.length).ok().filter(|n| *n > 0);
        let length = match field.shape {
            Shape::Var | Shape::VarChars | Shape::Lob(_) => declared.unwrap_or(field.length),
            _ if field.ty == Type::Locator => declared.unwrap_or(field.length),
            _ => field.length,
        };
        Field {
            length,
            name: var.name().to_owned(),
            sqltype: Some(var.sqltype),
            label: var.label().map(str::to_owned),
            ..field.clone()
        }
    });
    Ok(named.collect())
}

/// True when the two descriptions of a number cannot both be right. Other types travel in several
/// forms: Derby sends CHAR as VARCHAR.
fn disagree(field: &Field, var: &SqlVar) -> bool {
    match var.sqltype {
        SqlType::BIGINT => (field.ty, field.length) != (Type::Integer, 8),
        SqlType::INTEGER => (field.ty, field.length) != (Type::Integer, 4),
        SqlType::SMALLINT => (field.ty, field.length) != (Type::Integer, 2),
        SqlType::FLOAT => field.ty != Type::Float || i64::from(field.length) != var.length,
        SqlType::DECIMAL => {
            let digits = (i16::from(field.precision), i16::from(field.scale));
            field.ty != Type::Packed || var.precision > 0 && digits != (var.precision, var.scale)
        }
        _ => false,
    }
}
