//! Lists of structs, as ADBC has its trees: the structs of all lists lie one after the other.

use adbc_core::error::{Error, Result};
use arrow_array::{ArrayRef, ListArray, RecordBatch, StringArray, StructArray, new_empty_array, new_null_array};
use arrow_schema::{ArrowError, DataType, Field, SchemaRef};
use std::sync::Arc;

/// The texts of one list.
pub(super) type Texts<'a> = Vec<&'a str>;

/// Structs of one type, to be put into lists.
pub(super) struct Structs {
    item: DataType,
    all: ArrayRef,
}

impl Structs {
    /// None yet.
    pub(super) fn new(item: &DataType) -> Structs {
        Structs { item: item.clone(), all: new_empty_array(item) }
    }

    /// The structs: an array for each field.
    pub(super) fn rows(&mut self, rows: usize, fields: Vec<ArrayRef>) -> Result<()> {
        let DataType::Struct(types) = &self.item else {
            return Err(ArrowError::SchemaError("the items are no structs".to_owned()).into());
        };
        let made = StructArray::try_new_with_length(types.clone(), fields, None, rows).map_err(Error::from)?;
        self.all = Arc::new(made);
        Ok(())
    }

    /// Lists with so many structs each.
    pub(super) fn lists(self, sizes: &[usize]) -> Result<ArrayRef> {
        self.some_lists(&sizes.iter().map(|size| Some(*size)).collect::<Vec<_>>())
    }

    /// The same, where some lists are NULL.
    pub(super) fn some_lists(self, sizes: &[Option<usize>]) -> Result<ArrayRef> {
        lists(self.item, self.all, sizes)
    }

    /// Nothing but NULL.
    pub(super) fn nulls(self, rows: usize) -> Result<ArrayRef> {
        Ok(new_null_array(&DataType::new_list(self.item, true), rows))
    }
}

fn lists(item: DataType, all: ArrayRef, sizes: &[Option<usize>]) -> Result<ArrayRef> {
    let field = Arc::new(Field::new_list_field(item, true));
    let valid = sizes.iter().map(Option::is_some).collect::<Vec<_>>();
    let lengths = sizes.iter().map(|size| size.unwrap_or_default());
    let made = ListArray::try_new(field, arrow_buffer::OffsetBuffer::from_lengths(lengths), all, Some(valid.into()));
    Ok(Arc::new(made.map_err(Error::from)?))
}

/// Lists of texts.
pub(super) fn text_list(texts: &[Texts<'_>]) -> Result<ArrayRef> {
    let sizes: Vec<Option<usize>> = texts.iter().map(|texts| Some(texts.len())).collect();
    let all: StringArray = texts.iter().flatten().map(|text| Some(*text)).collect();
    lists(DataType::Utf8, Arc::new(all), &sizes)
}

/// The rows of an answer.
pub(super) fn rows_of(schema: &SchemaRef, columns: Vec<ArrayRef>) -> Result<RecordBatch> {
    RecordBatch::try_new(schema.clone(), columns).map_err(Error::from)
}
