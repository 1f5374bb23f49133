//! Parameters: columns of Arrow values encoded as the server described the markers of the statement. The rows of a
//! batch are encoded column by column and lie in one buffer; a row with a value that is too long for its row goes by
//! itself.

use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::column::encode::rows::RowEncoder;
use crate::column::encode::{encode_value, length};
use crate::column::error::{ColumnError, Reason};
use crate::flow::sql::execute::Input;
use crate::flow::sql::session::{Product, Session};
use crate::wire::codec::writer::Writer;
use crate::wire::fdoca::lid;
use crate::wire::sql::sqlvar::{SqlVar, parmmode};
use crate::wire::value::error::ValueError;
use crate::wire::value::field::{CCSID_BINARY, Field};
use crate::wire::value::types::{Form, SqlType, TypeId};
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, NullArray, RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Schema};
use bytes::Bytes;
use std::ops::Range;
use std::sync::Arc;

/// Longest value that travels inside the row; a longer one goes after it as EXTDTA.
const INLINE: usize = 32_000;

/// Where values come from that have NaN for what is missing.
const NOT_NULL: &str = "NaN is a number's value and not NULL: send None for what is missing, or the data frame itself, \
                        whose missing values are NULL; DECFLOAT, REAL and DOUBLE have NaN";

/// The indicator of a NULL.
const NULL: u8 = 0xFF;

/// A row of a batch that cannot be sent.
#[derive(Debug)]
pub(super) struct BadRow {
    /// Which one, from 0.
    pub row: usize,
    /// Why.
    pub error: Error,
}

/// One row of parameters: the first value of each array. The columns are named by their positions.
pub fn one_row(values: &[ArrayRef]) -> Result<RecordBatch> {
    let first = |(n, array): (usize, &ArrayRef)| match array.is_empty() {
        false => Ok(((n + 1).to_string(), array.slice(0, 1))),
        true => Err(Error::interface(format!("parameter {} has no value", n + 1))),
    };
    batch(values.iter().enumerate().map(first).collect::<Result<_>>()?, 1)
}

fn batch(columns: Vec<(String, ArrayRef)>, rows: usize) -> Result<RecordBatch> {
    let (fields, columns): (Vec<_>, Vec<_>) =
        columns.into_iter().map(|(name, a)| (arrow_schema::Field::new(name, a.data_type().clone(), true), a)).unzip();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)
        .map_err(|e| Error::interface(format!("parameters: {e}")))
}

/// True for rows that have values.
pub(super) fn are_given(rows: &[RecordBatch]) -> bool {
    rows.iter().any(|batch| batch.num_columns() > 0)
}

/// Encodes the rows of a batch, which has a column for each parameter. Of those that only come out the values do not
/// matter.
pub(super) fn encode(
    described: &[SqlVar],
    batch: &RecordBatch,
    session: &Session,
) -> std::result::Result<Vec<Input>, BadRow> {
    let rows = batch.num_rows();
    if described.len() != batch.num_columns() {
        let text = format!("the statement has {} parameters, {} were given", described.len(), batch.num_columns());
        let error = Error::new(ErrorClass::Programming, Phase::Execute, "07001", text);
        return if rows == 0 { Ok(Vec::new()) } else { Err(BadRow { row: 0, error }) };
    }
    let mut inputs = Vec::with_capacity(rows);
    while inputs.len() < rows {
        let start = inputs.len();
        let end = (start..rows).find(|row| has_large(described, batch, *row)).unwrap_or(rows);
        match end > start {
            true => in_a_block(described, batch, start..end, session, &mut inputs)?,
            false => inputs.push(by_itself(described, batch, start, session)?),
        }
    }
    Ok(inputs)
}

/// True when a value of the row goes after it.
fn has_large(described: &[SqlVar], batch: &RecordBatch, row: usize) -> bool {
    let large = |(var, values): (&SqlVar, &ArrayRef)| may_follow(var) && length(values.as_ref(), row) > INLINE;
    described.iter().zip(batch.columns()).any(large)
}

/// Rows whose values all lie in them: one description, and one buffer for all.
fn in_a_block(
    described: &[SqlVar],
    batch: &RecordBatch,
    rows: Range<usize>,
    session: &Session,
    inputs: &mut Vec<Input>,
) -> std::result::Result<(), BadRow> {
    let at = |row: usize| move |error: Error| BadRow { row, error };
    let fields: Result<Vec<Field>> =
        described.iter().enumerate().map(|(n, var)| field(n, var, false, session)).collect();
    let fields = fields.map_err(at(rows.start))?;
    let batch = &only_in(described, batch).map_err(at(rows.start))?;
    let about = |row: usize, e: &ColumnError| {
        let n = match e {
            ColumnError::Value(bad) => bad.index,
            _ => usize::MAX,
        };
        let error = match (described.get(n), fields.get(n), batch.columns().get(n)) {
            (Some(var), Some(field), Some(values)) => refused(n, var, field, values, row, e),
            _ => Error::from_column(e, Phase::Execute),
        };
        BadRow { row, error }
    };
    let mut encoder = RowEncoder::new(&[], &fields, batch).map_err(|e| about(rows.start, &e))?;
    let (mut w, mut ends) = (Writer::new(), Vec::with_capacity(rows.len()));
    if let Some(fault) = encoder.encode_all(rows.clone(), &mut w, &mut ends) {
        return Err(about(rows.start + ends.len(), &fault));
    }
    drop(encoder);
    let (fields, data, mut start) = (Arc::new(fields), Bytes::from(w.into_vec()), 0);
    for end in ends {
        inputs.push(Input { fields: fields.clone(), row: data.slice(start..end), lobs: Vec::new() });
        start = end;
    }
    Ok(())
}

/// The batch with NULL for parameters that only come out.
fn only_in(described: &[SqlVar], given: &RecordBatch) -> Result<RecordBatch> {
    if described.iter().all(|var| mode(var) != parmmode::OUT) {
        return Ok(given.clone());
    }
    let columns = described.iter().zip(given.columns()).enumerate().map(|(n, (var, values))| {
        let values = match mode(var) {
            parmmode::OUT => Arc::new(NullArray::new(values.len())),
            _ => values.clone(),
        };
        (n.to_string(), values)
    });
    batch(columns.collect(), given.num_rows())
}

/// One row, some of whose values go after it.
fn by_itself(
    described: &[SqlVar],
    batch: &RecordBatch,
    row: usize,
    session: &Session,
) -> std::result::Result<Input, BadRow> {
    let mut fields = Vec::with_capacity(described.len());
    let mut w = Writer::new();
    let mut lobs = Vec::new();
    for (n, (var, values)) in described.iter().zip(batch.columns()).enumerate() {
        let follows = may_follow(var) && length(values.as_ref(), row) > INLINE;
        let field = field(n, var, follows, session).map_err(|error| BadRow { row, error })?;
        if mode(var) == parmmode::OUT {
            w.u8(NULL);
            fields.push(field);
            continue;
        }
        let large = encode_value(&field, n, values.as_ref(), row, &mut w)
            .map_err(|e| BadRow { row, error: refused(n, var, &field, values, row, &e) })?;
        if let Some(data) = large.filter(|data| !data.is_empty()) {
            lobs.push((n, data));
        }
        fields.push(field);
    }
    Ok(Input { fields: Arc::new(fields), row: w.into_vec().into(), lobs })
}

/// Whether a parameter goes in or comes out, where the server was asked and told.
pub(super) fn mode(var: &SqlVar) -> i16 {
    var.opt.as_ref().and_then(|opt| opt.ext.as_ref()).map_or(0, |ext| ext.parmmode)
}

/// The id by which a parameter is sent.
fn sent_as(var: &SqlVar) -> Option<TypeId> {
    let bits = var.ccsid == CCSID_BINARY || var.ccsid == 0;
    match var.sqltype {
        SqlType::FLOAT if var.length == 4 => Some(TypeId::REAL),
        SqlType::CHAR | SqlType::VARCHAR | SqlType::LONG_VARCHAR if bits => Some(TypeId::VARCHAR_BITS),
        other => other.sent_as(),
    }
}

/// True for a parameter whose long values go after its row.
fn may_follow(var: &SqlVar) -> bool {
    mode(var) != parmmode::OUT && matches!(sent_as(var), Some(TypeId::VARCHAR_MIXED | TypeId::LONG_VARCHAR_BITS))
}

/// How parameter `n` travels: as its SQL type says, always nullable; after the row where it `follows` it.
fn field(n: usize, var: &SqlVar, follows: bool, session: &Session) -> Result<Field> {
    let id = match sent_as(var) {
        Some(TypeId::VARCHAR_MIXED) if follows => Some(TypeId::CLOB_MIXED),
        Some(TypeId::LONG_VARCHAR_BITS) if follows => Some(TypeId::BLOB),
        id => id,
    };
    let Some(form) = id.and_then(TypeId::form) else {
        let text = format!("parameter {}: SQL type {} is not supported", n + 1, var.sqltype);
        return Err(Error::new(ErrorClass::NotSupported, Phase::Execute, "56084", text));
    };
    let field = lid::field(form.id.nullable(), size(form, var, session), &session.ours, 0)
        .map_err(|e| Error::new(ErrorClass::Internal, Phase::Execute, "58009", e.to_string()))?;
    let name = if var.name().is_empty() { format!("parameter {}", n + 1) } else { var.name().to_owned() };
    Ok(Field { name, sqltype: Some(var.sqltype), ..field })
}

/// The length bytes of a parameter.
fn size(form: &Form, var: &SqlVar, session: &Session) -> [u8; 2] {
    match form.id {
        TypeId::DECIMAL => [var.precision.clamp(1, 31) as u8, var.scale.clamp(0, 31) as u8],
        TypeId::DECFLOAT if var.length <= 8 => 8u16.to_be_bytes(),
        // Derby takes exactly nine digits; Db2 those of the column, or blanks after them. (Measured.)
        TypeId::TIMESTAMP if session.product == Product::Derby => 29u16.to_be_bytes(),
        _ => form.usual.to_be_bytes(),
    }
}

/// Why a value cannot be sent, in terms of its parameter: advice for values that are read does not help here.
fn refused(n: usize, var: &SqlVar, field: &Field, values: &ArrayRef, row: usize, e: &ColumnError) -> Error {
    let plain = Error::from_column(e, Phase::Execute);
    let ColumnError::Value(bad) = e else { return plain };
    let name = if var.name().is_empty() { String::new() } else { format!("{}, ", var.name()) };
    let mut message = format!("parameter {} ({name}{}): {}", n + 1, field.sql_name(), bad.reason);
    if !bad.bytes.is_empty() {
        message.push_str("; bytes ");
        message.extend(bad.bytes.iter().map(|byte| format!("{byte:02X}")));
    }
    let e = Error { message, hint: None, ..plain };
    match (&bad.reason, values.data_type()) {
        (Reason::Type { .. }, DataType::Timestamp(_, Some(_))) => e.hint(
            "the type has no time zone: send the date and time without one, in the zone that the column is meant in",
        ),
        (Reason::Type { from, .. }, _) if from == "UUID" => {
            e.hint("a UUID goes into CHAR(36) and VARCHAR as text, into BINARY(16) and CHAR(16) FOR BIT DATA as bytes")
        }
        (Reason::Value(ValueError::NotFinite(_)), _) => e.hint(NOT_NULL),
        (Reason::Type { .. }, _) if is_nan(values, row) => e.hint(NOT_NULL),
        _ => e,
    }
}

fn is_nan(values: &ArrayRef, row: usize) -> bool {
    let floats = values.as_primitive_opt::<Float64Type>().filter(|floats| row < floats.len());
    floats.is_some_and(|floats| floats.is_valid(row) && floats.value(row).is_nan())
}
