//! Options of a reader of records. Old files hold invalid values: blanks in numbers, dates of all zeros. Their
//! treatment is declared, never guessed, and they are counted.

use std::collections::BTreeMap;

use crate::column::options::{BadValues, Options, TextErrors};
use crate::wire::value::field::{CCSID_BINARY, Field, Shape};
use crate::wire::value::record_layout::{FieldForm, PlacedField};
use crate::wire::value::types::{Type, TypeId};

/// Treatment of a value that means nothing: bad digits or signs, dates that do not exist, bytes
/// that are not characters, a length beyond the field, a field that the system could not map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnError {
    /// An error naming field, record, offset and bytes.
    #[default]
    Raise,
    /// NULL, and counted.
    Null,
    /// The column holds the bytes of the field as they lie in the record, whatever they are.
    Raw,
}

/// How records become Arrow.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecordOptions {
    /// The options for columns of any origin. Its `bad_values` is not looked at: `on_error` is.
    pub values: Options,
    /// For all fields that are not named below.
    pub on_error: OnError,
    /// By the name of the field.
    pub on_error_of: BTreeMap<String, OnError>,
    /// The name of a column with the relative record number, in front of the others.
    pub rrn: Option<String>,
}

impl RecordOptions {
    /// The treatment that holds for a field.
    pub fn policy(&self, field: &str) -> OnError {
        self.on_error_of.get(field).copied().unwrap_or(self.on_error)
    }

    /// The field as its policy makes it, and the options that it is decoded with.
    pub(super) fn apply(&self, place: &PlacedField) -> (PlacedField, Options) {
        let policy = self.policy(&place.field.name);
        let mut options = Options { bad_values: BadValues::Raise, ..self.values.clone() };
        match policy {
            OnError::Raise => {}
            OnError::Null => (options.bad_values, options.text_errors) = (BadValues::Null, TextErrors::Null),
            OnError::Raw => {
                options.force_ccsid.remove(&place.field.name);
                return (raw(place), options);
            }
        }
        (place.clone(), options)
    }
}

/// The field as nothing but bytes.
fn raw(place: &PlacedField) -> PlacedField {
    let width = u32::try_from(place.width).unwrap_or(u32::MAX);
    let field = Field {
        name: place.field.name.clone(),
        nullable: place.field.nullable,
        label: place.field.label.clone(),
        // BINARY, which no option makes text of.
        lid: TypeId::BINARY,
        length: width,
        ccsid: CCSID_BINARY,
        ..Field::new(Type::Binary, Shape::Fixed(width))
    };
    PlacedField { field, form: FieldForm::Plain, ..place.clone() }
}
