//! Arrow data of other libraries, by the C data interface: streams and single batches.
//!
//! Producers differ. Polars gives the Null type a buffer that it must not have, so the number of buffers is
//! set right before the data is taken over. Run-end encoded columns become dictionaries, which everything
//! here reads. What cannot be taken over is an error that names the column.
#![allow(unsafe_code)]

use std::collections::HashMap;
use std::ffi::{CStr, c_void};
use std::sync::Arc;

use arrow_array::array::{Array, ArrayRef, DictionaryArray, Int32Array, StructArray};
use arrow_array::cast::AsArray;
use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi_and_data_type};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::types::{Int16Type, Int32Type, Int64Type, RunEndIndexType};
use arrow_array::{RecordBatch, RecordBatchOptions, RecordBatchReader, RunArray};
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema, SchemaRef};

/// Rows of another library, batch by batch. Each pull may take as long as its producer likes.
pub(crate) struct Imported {
    source: ImportedSource,
    /// The type as the producer has it: a struct.
    rows: DataType,
    /// The columns as they are handed out.
    schema: SchemaRef,
}

enum ImportedSource {
    Stream(FFI_ArrowArrayStream),
    /// One batch, until it is taken.
    Batch(Option<FFI_ArrowArray>),
}

type Result<T> = std::result::Result<T, ArrowError>;

/// The message without the name of arrow's variant.
pub(crate) fn text(error: &ArrowError) -> String {
    match error {
        ArrowError::ExternalError(e) => e.to_string(),
        ArrowError::CDataInterface(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The schema of rows that a producer exports.
#[cfg(feature = "python")]
pub(crate) fn schema(schema: &FFI_ArrowSchema) -> Result<Schema> {
    columns(schema).map(|(fields, about)| Schema::new(fields).with_metadata(about))
}

impl Imported {
    /// The rows of a stream.
    pub(crate) fn stream(mut stream: FFI_ArrowArrayStream) -> Result<Imported> {
        let schema = schema_of(&mut stream)?;
        Imported::new(ImportedSource::Stream(stream), &schema)
    }

    /// The rows of a single batch.
    pub(crate) fn one_batch(schema: &FFI_ArrowSchema, array: FFI_ArrowArray) -> Result<Imported> {
        if array.is_released() {
            return Err(ArrowError::CDataInterface("the batch was already taken".to_owned()));
        }
        Imported::new(ImportedSource::Batch(Some(array)), schema)
    }

    fn new(source: ImportedSource, schema: &FFI_ArrowSchema) -> Result<Imported> {
        let (fields, about) = columns(schema)?;
        let plain: Fields = fields.iter().map(|field| plain_field(field)).collect();
        let schema = Arc::new(Schema::new(plain).with_metadata(about));
        Ok(Imported { source, rows: DataType::Struct(fields), schema })
    }

    fn batch(&self, mut array: FFI_ArrowArray) -> Result<RecordBatch> {
        // SAFETY: the array is this function's own, and its type is the one that its producer told.
        unsafe { mend((&raw mut array).cast(), &self.rows) }?;
        // SAFETY: as above.
        let data = unsafe { from_ffi_and_data_type(array, self.rows.clone()) }?;
        let rows = StructArray::from(data);
        if let Some(row) = rows.nulls().and_then(|nulls| nulls.iter().position(|valid| !valid)) {
            return Err(ArrowError::CDataInterface(format!("row {} of the batch is NULL as a whole", row + 1)));
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        let columns = rows.columns().iter().map(plain).collect::<Result<Vec<_>>>()?;
        RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)
    }
}

impl Iterator for Imported {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        let array = match &mut self.source {
            ImportedSource::Batch(batch) => batch.take().map(Ok),
            ImportedSource::Stream(stream) => next_of(stream).transpose(),
        };
        array.map(|array| self.batch(array?))
    }
}

impl RecordBatchReader for Imported {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}

fn schema_of(stream: &mut FFI_ArrowArrayStream) -> Result<FFI_ArrowSchema> {
    let ask = stream.get_schema().filter(|_| stream.release().is_some());
    let ask = ask.ok_or_else(|| ArrowError::CDataInterface("the stream was already read".to_owned()))?;
    let mut schema = FFI_ArrowSchema::empty();
    // SAFETY: the stream is whole, and this is its own function, which fills the schema or fails.
    match unsafe { ask(stream, &raw mut schema) } {
        0 => Ok(schema),
        code => Err(told(stream, code)),
    }
}

fn next_of(stream: &mut FFI_ArrowArrayStream) -> Result<Option<FFI_ArrowArray>> {
    let Some(ask) = stream.get_next().filter(|_| stream.release().is_some()) else { return Ok(None) };
    let mut array = FFI_ArrowArray::empty();
    // SAFETY: as in `schema_of`.
    match unsafe { ask(stream, &raw mut array) } {
        0 => Ok(Some(array).filter(|array| !array.is_released())),
        code => Err(told(stream, code)),
    }
}

/// Why the last call of a stream failed, in the producer's words.
fn told(stream: &mut FFI_ArrowArrayStream, code: i32) -> ArrowError {
    // SAFETY: the last call failed, and this is the stream's own function; the text is copied at once.
    let text = stream.get_last_error().and_then(|ask| unsafe {
        let text = ask(stream);
        (!text.is_null()).then(|| CStr::from_ptr(text).to_string_lossy().into_owned())
    });
    let text = text.filter(|text| !text.is_empty());
    ArrowError::CDataInterface(text.unwrap_or_else(|| format!("the producer failed with error number {code}")))
}

/// The columns of a schema of rows, and what else it says.
fn columns(schema: &FFI_ArrowSchema) -> Result<(Fields, HashMap<String, String>)> {
    if schema.release().is_none() {
        return Err(ArrowError::CDataInterface("the schema was already taken".to_owned()));
    }
    if schema.format() != "+s" {
        let what = Field::try_from(schema).map_or_else(|_| schema.format().to_owned(), |f| f.data_type().to_string());
        let text = format!("it holds one column ({what}), not rows of named columns: make a table of it");
        return Err(ArrowError::CDataInterface(text));
    }
    let fields = schema.children().map(|child| {
        Field::try_from(child).map_err(|e| {
            let (name, format) = (child.name().unwrap_or_default(), child.format());
            ArrowError::CDataInterface(format!("column {name:?} of Arrow format {format:?}: {}", text(&e)))
        })
    });
    Ok((fields.collect::<Result<Fields>>()?, schema.metadata()?))
}

/// Arrow's ArrowArray, as the C data interface lays it out.
#[repr(C)]
struct RawArray {
    length: i64,
    null_count: i64,
    offset: i64,
    n_buffers: i64,
    n_children: i64,
    buffers: *mut *const c_void,
    children: *mut *mut RawArray,
    dictionary: *mut RawArray,
    release: Option<unsafe extern "C" fn(*mut RawArray)>,
    private_data: *mut c_void,
}

const _: () = assert!(size_of::<RawArray>() == size_of::<FFI_ArrowArray>());

/// Takes away the buffers of arrays whose type has none, throughout, and refuses children that do not
/// belong to the type.
///
/// # Safety
///
/// `array` is a whole ArrowArray that nobody else uses.
unsafe fn mend(array: *mut RawArray, data_type: &DataType) -> Result<()> {
    let broken = || ArrowError::CDataInterface(format!("the data does not go with its type, {data_type}"));
    // SAFETY: as the caller promises; the same holds for what hangs below it.
    let Some(array) = (unsafe { array.as_mut() }) else { return Err(broken()) };
    if matches!(data_type, DataType::Null | DataType::RunEndEncoded(_, _)) {
        array.n_buffers = 0;
    }
    let below: Vec<&DataType> = match data_type {
        DataType::Struct(fields) => fields.iter().map(|field| field.data_type()).collect(),
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _) => vec![field.data_type()],
        DataType::Union(fields, _) => fields.iter().map(|(_, field)| field.data_type()).collect(),
        DataType::RunEndEncoded(ends, values) => vec![ends.data_type(), values.data_type()],
        DataType::Dictionary(_, values) => {
            // SAFETY: as above.
            return unsafe { mend(array.dictionary, values) };
        }
        _ => return Ok(()),
    };
    if usize::try_from(array.n_children).ok() != Some(below.len()) || (array.children.is_null() && !below.is_empty()) {
        return Err(broken());
    }
    for (n, data_type) in below.into_iter().enumerate() {
        // SAFETY: there are so many pointers to children.
        unsafe { mend(*array.children.add(n), data_type) }?;
    }
    Ok(())
}

/// A column whose type is one that is handed out.
fn plain_field(field: &Field) -> Field {
    match field.data_type() {
        DataType::RunEndEncoded(_, values) => {
            let data_type = DataType::Dictionary(Box::new(DataType::Int32), Box::new(values.data_type().clone()));
            Field::new(field.name(), data_type, true).with_metadata(field.metadata().clone())
        }
        _ => field.clone(),
    }
}

/// Its values.
fn plain(column: &ArrayRef) -> Result<ArrayRef> {
    match column.data_type() {
        DataType::RunEndEncoded(ends, _) => match ends.data_type() {
            DataType::Int16 => spread(column.as_run::<Int16Type>()),
            DataType::Int32 => spread(column.as_run::<Int32Type>()),
            _ => spread(column.as_run::<Int64Type>()),
        },
        _ => Ok(column.clone()),
    }
}

/// Runs as a dictionary: for each row which of the values it is.
fn spread<R: RunEndIndexType>(runs: &RunArray<R>) -> Result<ArrayRef> {
    let too_many = |_| ArrowError::CDataInterface("a run-end encoded column has too many runs".to_owned());
    let keys = (0..runs.len()).map(|row| i32::try_from(runs.get_physical_index(row)).map_err(too_many));
    let keys = Int32Array::from(keys.collect::<Result<Vec<_>>>()?);
    Ok(Arc::new(DictionaryArray::try_new(keys, runs.values().clone())?))
}
