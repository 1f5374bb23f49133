//! The indexes of tables, put together from the indexes and their columns.

use super::ask::Ask;
use super::filter::Condition;
use super::listing::IndexRow;
use super::raw::RawRow;
use crate::client::error::Result;
use std::collections::BTreeMap;

/// So many indexes are asked for their columns one by one. That is no slower than the join, and a server that knows no
/// joins answers as well.
const ONE_BY_ONE: usize = 3;

/// A column of an index.
#[derive(Debug)]
struct IndexColumn {
    place: i32,
    name: String,
    order: Option<String>,
}

/// The indexes of some tables.
#[derive(Debug, Default)]
pub(super) struct Indexes {
    indexes: Vec<IndexRow>,
    /// By schema and name of the index.
    columns: BTreeMap<(String, String), Vec<IndexColumn>>,
}

impl Indexes {
    /// An index, without its columns.
    pub(super) fn add(&mut self, index: IndexRow) {
        self.indexes.push(index);
    }

    /// The question about their columns: `part` is the statement for one of them, by the columns `names`, `join`
    /// under `of_all` the one for all.
    pub(super) async fn parts(
        &self,
        ask: &Ask,
        part: &str,
        names: [&'static str; 2],
        join: &str,
        of_all: &[Condition],
    ) -> Result<Vec<RawRow>> {
        if self.indexes.len() > ONE_BY_ONE {
            return ask.rows(join, of_all).await;
        }
        let mut rows = Vec::new();
        let [schema, name] = names;
        for index in &self.indexes {
            let of_one = [Condition::is(schema, &index.index_schema), Condition::is(name, &index.name)];
            rows.extend(ask.rows(part, &of_one).await?);
        }
        Ok(rows)
    }

    /// A column of the index with this schema and name.
    pub(super) fn column(&mut self, of: (String, String), place: i32, name: String, order: Option<String>) {
        self.columns.entry(of).or_default().push(IndexColumn { place, name, order });
    }

    /// A row for each column.
    pub(super) fn rows(self) -> Vec<IndexRow> {
        let mut rows = Vec::new();
        for index in self.indexes {
            let columns = self.columns.get(&(index.index_schema.clone(), index.name.clone()));
            rows.extend(columns.into_iter().flatten().map(|column| IndexRow {
                position: column.place,
                column: column.name.clone(),
                order: column.order.clone(),
                ..index.clone()
            }));
        }
        rows
    }
}
