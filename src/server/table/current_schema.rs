//! The current schema of a session. The engine has one schema, which has whatever name is the current one.

use super::plan::SchemaName;
use super::types::told;
use crate::server::backend::Parameters;
use crate::server::error::SqlError;
use arrow_array::{Array, StringArray};
use arrow_schema::{DataType, Field};

/// The name of the tables' schema.
#[derive(Debug, Clone)]
pub(super) struct CurrentSchema {
    user: String,
    told: Option<String>,
}

impl CurrentSchema {
    /// The one of a user.
    pub(super) fn new(user: &str) -> CurrentSchema {
        CurrentSchema { user: user.to_uppercase(), told: None }
    }

    /// The name.
    pub(super) fn name(&self) -> &str {
        self.told.as_deref().unwrap_or(&self.user)
    }

    /// The user's again.
    pub(super) fn reset(&mut self) {
        self.told = None;
    }

    /// Another one. -301 for a marker without a name.
    pub(super) fn set(&mut self, name: &SchemaName, parameters: &Parameters) -> Result<(), SqlError> {
        self.told = match name {
            SchemaName::Told(name) => Some(name.clone()),
            SchemaName::User => None,
            SchemaName::Marker => {
                let given = parameters.columns.first().and_then(|array| array.as_any().downcast_ref::<StringArray>());
                let given = given.filter(|array| !array.is_empty() && array.is_valid(0));
                let name = given.map(|array| array.value(0).trim_end()).filter(|name| !name.is_empty());
                Some(name.ok_or_else(|| SqlError::new(-301, "07006", &["1"]))?.to_owned())
            }
        };
        Ok(())
    }
}

/// The markers of a SET.
pub(super) fn markers(name: &SchemaName) -> Vec<Field> {
    match name {
        SchemaName::Marker => vec![told(Field::new("1", DataType::Utf8, true), "VARCHAR", Some(128))],
        SchemaName::Told(_) | SchemaName::User => Vec::new(),
    }
}
