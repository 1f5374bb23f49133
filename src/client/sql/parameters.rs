//! Parameters: columns of Arrow values encoded as the server described the markers of the statement. The rows of a
//! batch are encoded column by column and lie in one buffer; a row with a value that is too long for its row goes by
//! itself.

use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::column::encode::rows::RowEncoder;
use crate::column::encode::{encode_value, length};
use crate::column::error::{ColumnError, Reason};
use crate::flow::sql::input::{Input, RowBlock};
use crate::flow::sql::session::Session;
use crate::wire::codec::writer::Writer;
use crate::wire::fdoca::lid;
use crate::wire::sql::sqlvar::{SqlVar, parmmode};
use crate::wire::value::error::ValueError;
use crate::wire::value::field::{CCSID_BINARY, Field};
use crate::wire::value::product::Product;
use crate::wire::value::types::{Form, SqlType, TypeId};
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, NullArray, OffsetSizeTrait, RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Schema};
use bytes::Bytes;
use std::sync::Arc;

/// Longest value that travels inside the row; a longer one goes after it as EXTDTA.
const INLINE: usize = 32_000;

/// Rows of a chain that are encoded before their bytes are counted.
const TILE: usize = 32;

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

/// True where rows of these parameters may be sent as an array: large objects are not for those. (Read: Db2 for LUW,
/// INSERT with FOR n ROWS.)
pub(super) fn fit_arrays(described: &[SqlVar]) -> bool {
    !described.is_empty() && described.iter().all(|var| !var.sqltype.is_large())
}

/// One row of parameters: the first value of each array. The columns are named by their positions.
pub fn one_row(values: &[ArrayRef]) -> Result<RecordBatch> {
    let numbers: Vec<String> = (1..=values.len()).map(|n| n.to_string()).collect();
    one_row_named(&numbers, values)
}

/// The same with a name for each.
pub fn one_row_named(names: &[String], values: &[ArrayRef]) -> Result<RecordBatch> {
    let first = |(name, array): (&String, &ArrayRef)| match array.is_empty() {
        false => Ok((name.clone(), array.slice(0, 1))),
        true => Err(Error::interface(format!("parameter {name} has no value"))),
    };
    batch(names.iter().zip(values).map(first).collect::<Result<_>>()?, 1)
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

/// Encodes the one row of a batch, which has a column for each parameter.
pub(super) fn encode(described: &[SqlVar], batch: &RecordBatch, session: &Session) -> Result<Input> {
    counted(described, batch)?;
    by_itself(described, batch, 0, session).map_err(|bad| bad.error)
}

/// Refuses rows of another number of values than a statement has parameters.
fn counted(described: &[SqlVar], batch: &RecordBatch) -> Result<()> {
    if described.len() == batch.num_columns() {
        return Ok(());
    }
    let text = format!("the statement has {} parameters, {} were given", described.len(), batch.num_columns());
    Err(Error::new(ErrorClass::Programming, Phase::Execute, "07001", text))
}

/// How much is sent at a time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// Rows.
    pub rows: usize,
    /// Bytes, unless one row has more.
    pub bytes: usize,
    /// The rows are one command: nobody has to know where each of them ends.
    pub array: bool,
}

/// Some rows, encoded.
#[derive(Debug)]
pub(super) enum Piece {
    /// Rows whose values all lie in them.
    Rows(RowBlock),
    /// A row with values that go after it.
    Single(Input),
}

/// Rows of a batch, which has a column for each parameter, to be encoded piece by piece. It is kept for the batches
/// after it: parameters are many and batches may be small.
#[derive(Debug)]
pub(super) struct RowsToSend {
    described: Arc<Vec<SqlVar>>,
    fields: Arc<Vec<Field>>,
    /// Made for the first rows that go together.
    encoder: Option<RowEncoder<'static>>,
    /// With NULL for parameters that only come out: their values do not matter.
    batch: RecordBatch,
    given: RecordBatch,
    /// Rows that go by themselves, in order.
    large: Vec<usize>,
}

impl RowsToSend {
    /// For `batch`, which has rows.
    pub(super) fn new(
        described: &Arc<Vec<SqlVar>>,
        batch: &RecordBatch,
        session: &Session,
    ) -> std::result::Result<RowsToSend, BadRow> {
        let first = |error| BadRow { row: 0, error };
        counted(described, batch).map_err(first)?;
        let fields = described.iter().enumerate().map(|(n, var)| field(n, var, false, session));
        let fields = Arc::new(fields.collect::<Result<Vec<Field>>>().map_err(first)?);
        let large = large_rows(described, batch);
        let given = batch.clone();
        let batch = only_in(described, batch).map_err(first)?;
        let described = described.clone();
        Ok(RowsToSend { described, fields, encoder: None, batch, given, large })
    }

    /// True for the parameters that rows are encoded for.
    pub(super) fn is_for(&self, described: &Arc<Vec<SqlVar>>) -> bool {
        Arc::ptr_eq(&self.described, described)
    }

    /// Goes on with the rows of another batch.
    pub(super) fn take(&mut self, batch: &RecordBatch) -> std::result::Result<(), BadRow> {
        let first = |error| BadRow { row: 0, error };
        counted(&self.described, batch).map_err(first)?;
        self.batch = only_in(&self.described, batch).map_err(first)?;
        self.large = large_rows(&self.described, batch);
        self.given = batch.clone();
        if let Some(encoder) = &mut self.encoder {
            encoder.take(&self.batch);
        }
        Ok(())
    }

    /// Lets go of the batch, until there is another one.
    pub(super) fn rest(&mut self) {
        let nothing = RecordBatch::new_empty(Arc::new(Schema::empty()));
        (self.batch, self.given, self.large) = (nothing.clone(), nothing, Vec::new());
        if let Some(encoder) = &mut self.encoder {
            encoder.rest();
        }
    }

    /// The rows from `at` on that go together: them, and how many they are.
    pub(super) fn next(
        &mut self,
        at: usize,
        room: Room,
        session: &Session,
    ) -> std::result::Result<(Piece, usize), BadRow> {
        let large = self.large.get(self.large.partition_point(|row| *row < at)..).and_then(|rows| rows.first());
        let end = self.batch.num_rows().min(at.saturating_add(room.rows));
        let end = large.map_or(end, |large| end.min(*large));
        if end <= at {
            return by_itself(&self.described, &self.given, at, session).map(|input| (Piece::Single(input), 1));
        }
        let mut encoder = match self.encoder.take() {
            Some(encoder) => encoder,
            None => {
                RowEncoder::kept(&RowBlock::PRESENT, &self.fields, &self.batch).map_err(|e| self.refused(at, &e))?
            }
        };
        let (mut w, mut ends) = (Writer::new(), Vec::new());
        let (rows, fault) = match room.array {
            true => encoder.encode(at..end, room.bytes, &mut w),
            false => {
                let (mut next, mut fault) = (at, None);
                while next < end && w.len() < room.bytes && fault.is_none() {
                    let tile = next..end.min(next + TILE);
                    next = tile.end;
                    fault = encoder.encode_all(tile, &mut w, &mut ends);
                }
                (ends.len(), fault)
            }
        };
        self.encoder = Some(encoder);
        match fault {
            Some(fault) if rows == 0 => Err(self.refused(at, &fault)),
            // The row with the fault is the first of the next ones.
            _ => {
                let data = Bytes::from(w.into_vec());
                Ok((Piece::Rows(RowBlock { fields: self.fields.clone(), data, rows, ends }), rows))
            }
        }
    }

    /// Why `row` cannot be sent.
    fn refused(&self, row: usize, e: &ColumnError) -> BadRow {
        let n = match e {
            ColumnError::Value(bad) => bad.index,
            _ => usize::MAX,
        };
        let error = match (self.described.get(n), self.fields.get(n), self.batch.columns().get(n)) {
            (Some(var), Some(field), Some(values)) => {
                let e = refused(n, var, field, values, row, e);
                Error { column: Some(column(&self.given, n, var)), ..e }
            }
            _ => Error::from_column(e, Phase::Execute),
        };
        BadRow { row, error }
    }
}

/// Rows that have a value which goes after them.
fn large_rows(described: &[SqlVar], batch: &RecordBatch) -> Vec<usize> {
    let columns = described.iter().zip(batch.columns()).filter(|(var, values)| may_follow(var) && may_be_large(values));
    let columns: Vec<&ArrayRef> = columns.map(|(_, values)| values).collect();
    if columns.is_empty() {
        return Vec::new();
    }
    let large = |row: &usize| columns.iter().any(|values| length(values.as_ref(), *row) > INLINE);
    (0..batch.num_rows()).filter(large).collect()
}

/// False for a column none of whose values is long, as far as that is seen at a glance.
fn may_be_large(values: &ArrayRef) -> bool {
    fn any<T: OffsetSizeTrait>(offsets: &[T]) -> bool {
        offsets.windows(2).any(|ends| matches!(ends, [start, end] if end.as_usize() - start.as_usize() > INLINE))
    }
    match values.data_type() {
        DataType::Utf8 => any(values.as_string::<i32>().value_offsets()),
        DataType::LargeUtf8 => any(values.as_string::<i64>().value_offsets()),
        DataType::Binary => any(values.as_binary::<i32>().value_offsets()),
        DataType::LargeBinary => any(values.as_binary::<i64>().value_offsets()),
        data_type => !data_type.is_primitive() && *data_type != DataType::Boolean && *data_type != DataType::Null,
    }
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
            .map_err(|e| refused(n, var, &field, values, row, &e))
            .map_err(|e| BadRow { row, error: Error { column: Some(column(batch, n, var)), ..e } })?;
        if let Some(data) = large.filter(|data| !data.is_empty()) {
            lobs.push((n, data));
        }
        fields.push(field);
    }
    Ok(Input { fields: Arc::new(fields), row: w.into_vec().into(), lobs })
}

/// The name of parameter `n`: that of its values, else that of its column; its number where neither has one.
fn column(rows: &RecordBatch, n: usize, var: &SqlVar) -> String {
    let is_name = |name: &&str| !name.is_empty() && !name.bytes().all(|byte| byte.is_ascii_digit());
    let given = rows.schema_ref().fields().get(n).map(|field| field.name().as_str());
    let name = given.filter(is_name).or_else(|| Some(var.name()).filter(is_name));
    name.map_or_else(|| (n + 1).to_string(), str::to_owned)
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
pub(super) fn field(n: usize, var: &SqlVar, follows: bool, session: &Session) -> Result<Field> {
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
