//! Columns of large objects whose rows hold locators: because they were asked for (OUTOVR), or because the
//! server described them so. Their values are fetched before the row is decoded, so the decoders see the same
//! as if they had followed it.

use crate::client::config::Lobs;
use crate::flow::sql::lob_fetch::LobFetch;
use crate::flow::sql::locator::{LobKind, Locator};
use crate::flow::sql::rows::RowChunk;
use crate::wire::fdoca::{descriptor, lid};
use crate::wire::value::cell::Lob;
use crate::wire::value::field::Field;
use crate::wire::value::product::Product;
use crate::wire::value::typdef::TypDef;
use crate::wire::value::types::TypeId;

/// Width of the placeholder of the form that stands for a value fetched by locator. It is never sent.
const PLACEHOLDER: [u8; 2] = [0x80, 0x04];

/// The two forms of an answer set's columns.
pub(super) struct LobForms {
    /// As they lie in the rows.
    pub rows: Vec<Field>,
    /// As they are decoded.
    pub values: Vec<Field>,
    /// The descriptor of the OUTOVR that makes the rows so.
    pub outovr: Option<Vec<u8>>,
}

impl LobForms {
    /// Of the columns as described. Rows that came with the open are in the described form, and
    /// so are then all.
    pub(super) fn new(fields: Vec<Field>, lobs: Lobs, rows_came: bool, theirs: &TypDef) -> LobForms {
        let ask = lobs == Lobs::Locator && !rows_came;
        let mut forms = LobForms { rows: Vec::new(), values: Vec::new(), outovr: None };
        let mut wanted = Vec::new();
        for field in fields {
            let large = LobKind::of_value(&field).filter(|_| ask);
            let described = LobKind::of_locator(&field);
            wanted.push(large.or(described).map(|large| large.locator_id().with_null(field.nullable)));
            let (row, value) = match (large, described) {
                (Some(large), _) => (shaped(&field, large.locator_id(), [0, 4], theirs), field),
                (None, Some(large)) => {
                    let value = shaped(&field, large.value_id(), PLACEHOLDER, theirs);
                    (field, value)
                }
                (None, None) => (field.clone(), field),
            };
            forms.rows.push(row);
            forms.values.push(value);
        }
        forms.outovr = (ask && wanted.iter().any(Option::is_some)).then(|| descriptor::encode_override(&wanted));
        forms
    }

    /// True when rows hold locators.
    pub(super) fn by_locator(&self) -> bool {
        self.rows.iter().any(|f| LobKind::of_locator(f).is_some())
    }
}

/// The column in the form of another type id; what the SQLDA said of it stays.
fn shaped(field: &Field, id: TypeId, size: [u8; 2], theirs: &TypDef) -> Field {
    // These ids have a layout; as described, a column would be refused by its decoder.
    let Ok(made) = lid::field(id.with_null(field.nullable), size, theirs, 0) else { return field.clone() };
    let Field { name, sqltype, label, length, .. } = field.clone();
    Field { name, sqltype, label, length, ..made }
}

/// A row that waits for its large values.
#[derive(Debug)]
pub(super) struct PendingRow {
    chunk: RowChunk,
    pub reading: LobFetch,
}

impl PendingRow {
    /// The row of `chunk`; `values` are the columns as they are decoded.
    pub(super) fn new(chunk: RowChunk, values: &[Field], product: Product, limit: usize) -> PendingRow {
        let there = |(column, locator): &(usize, Option<Locator>)| {
            Some((*column, (*locator)?, values.get(*column).map_or(0, |f| f.ccsid)))
        };
        let wanted: Vec<_> = chunk.locators.iter().filter_map(there).collect();
        PendingRow { reading: LobFetch::new(product, chunk.first_row, limit, &wanted), chunk }
    }

    /// True when every value is there.
    pub(super) fn is_whole(&self) -> bool {
        self.reading.next().is_empty()
    }

    /// The row with its values.
    pub(super) fn finish(self) -> RowChunk {
        let PendingRow { mut chunk, reading } = self;
        let nulls = chunk.locators.iter().filter(|(_, locator)| locator.is_none());
        chunk.lobs.extend(nulls.map(|(column, _)| (*column, vec![Lob::Null])));
        chunk.lobs.extend(reading.finish().map(|(column, data)| (column, vec![Lob::Value(data)])));
        chunk
    }
}
