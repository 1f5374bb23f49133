//! The table that a statement fills, by the options `adbc.ingest.*`.

use adbc_core::constants::{
    ADBC_INGEST_OPTION_MODE, ADBC_INGEST_OPTION_TARGET_CATALOG, ADBC_INGEST_OPTION_TARGET_DB_SCHEMA,
    ADBC_INGEST_OPTION_TEMPORARY,
};
use adbc_core::options::IngestMode;
use std::collections::BTreeSet;

/// A table that is to be filled.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub table: Option<String>,
    pub catalog: Option<String>,
    pub schema: Option<String>,
    pub mode: IngestMode,
    pub temporary: bool,
    /// The options that were set since rows were sent.
    pub given: BTreeSet<String>,
}

impl Default for Target {
    fn default() -> Target {
        let (table, catalog, schema) = (None, None, None);
        Target { table, catalog, schema, mode: IngestMode::Create, temporary: false, given: BTreeSet::new() }
    }
}

impl Target {
    /// Names the next table. Programs that use a statement again set what they mean and not what they do not: the schema of
    /// the last table does not count for this one, and so with the other options that were not set since.
    pub(super) fn begin(&mut self, table: Option<String>) {
        let old = std::mem::take(self);
        let given = |option: &str| old.given.contains(option);
        *self = Target {
            table,
            catalog: old.catalog.filter(|_| given(ADBC_INGEST_OPTION_TARGET_CATALOG)),
            schema: old.schema.filter(|_| given(ADBC_INGEST_OPTION_TARGET_DB_SCHEMA)),
            mode: if given(ADBC_INGEST_OPTION_MODE) { old.mode } else { IngestMode::Create },
            temporary: old.temporary && given(ADBC_INGEST_OPTION_TEMPORARY),
            given: old.given,
        };
    }
}
