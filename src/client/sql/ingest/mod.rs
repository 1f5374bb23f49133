//! Arrow data into a table by its name: the columns are matched by theirs, and the table is made where that is
//! wanted. The rows are a [`batch`](super::batch), which is kept as a whole or not at all; the definition of the table
//! belongs to it.

mod definition;

use super::batch::Batch;
use super::identifier::{self, as_it_is, folded, quoted};
use super::inner::Inner;
use super::missing_package::with_package;
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::flow::sql::prepare::Prepare;
use crate::net::transport::Deadline;
use crate::wire::value::product::Product;
use arrow_array::RecordBatch;
use arrow_schema::Schema;
use std::sync::Arc;

/// The fate of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IngestMode {
    /// The rows are added to a table that is there.
    #[default]
    Append,
    /// The table is created; that there is one is an error.
    Create,
    /// A table that is there is dropped first.
    Replace,
    /// The table is created unless it is there.
    CreateAppend,
}

impl IngestMode {
    /// By its name: `append`, `create`, `replace`, `create_append`.
    pub fn from_name(name: &str) -> Option<IngestMode> {
        Some(match name {
            "append" => IngestMode::Append,
            "create" => IngestMode::Create,
            "replace" => IngestMode::Replace,
            "create_append" => IngestMode::CreateAppend,
            _ => return None,
        })
    }
}

/// How data goes into a table.
#[derive(Debug, Clone, Default)]
pub struct IngestOptions {
    /// The fate of the table.
    pub mode: IngestMode,
    /// The schema of the table, unless its name has one or the connection's is meant.
    pub schema: Option<String>,
    /// The table is a declared temporary one, `SESSION.NAME`, which ends with the connection.
    pub temporary: bool,
    /// Types of columns of a table that is created, in SQL, by the columns' names.
    pub types: Vec<(String, String)>,
    /// Rows in one command, at most.
    pub batch_rows: Option<usize>,
    /// Rows that are refused are left out, up to so many, and told by [`Batch::take_skipped`].
    pub skip: Option<usize>,
}

/// Begins to put rows into a table, as [`Connection::ingest`](super::connection::Connection::ingest) says.
pub(super) async fn ingest(
    inner: &Arc<Inner>,
    table: &str,
    schema: &Schema,
    sample: Option<&RecordBatch>,
    options: &IngestOptions,
) -> Result<Batch> {
    let name = match (options.temporary, options.schema.as_deref()) {
        (false, schema) => identifier::table(schema, table)?,
        (true, None) => {
            // Refuses a name with a schema.
            identifier::table(Some("SESSION"), table)?;
            format!("SESSION.{}", identifier::quoted_part(table))
        }
        (true, Some(_)) => return Err(bad("42601", format!("{table}: a temporary table is in the schema SESSION"))),
    };
    if schema.fields().is_empty() {
        return Err(bad("42601", format!("{table}: the data has no columns")));
    }
    let product = inner.session.product;
    let mode = options.mode;
    if mode != IngestMode::Append && product == Product::Other {
        let text = format!("no table is created at a server of this kind ({})", inner.session.prdid);
        return Err(Error::new(ErrorClass::NotSupported, Phase::Execute, "0A000", text)
            .hint("create it by a statement of your own, and append"));
    }
    // Nobody is to change the table between its description and the rows.
    let turn = Batch::turn(inner).await?;
    let known = columns_of(inner, &name).await?;
    let mut statements = Vec::new();
    let columns = match (&known, mode) {
        (None, IngestMode::Append) => {
            return Err(bad("42704", format!("there is no table {name}")).hint("mode=\"create\" creates it"));
        }
        // Some servers end the transaction at a definition that fails.
        (Some(_), IngestMode::Create) => {
            return Err(bad("42710", format!("there is a table {name}")).hint("mode=\"append\" adds to it"));
        }
        (Some(known), IngestMode::Append | IngestMode::CreateAppend) => matched(&name, schema, known)?,
        _ => {
            if known.is_some() {
                statements.push(format!("DROP TABLE {name}"));
            }
            let columns = definition::columns(product, schema, sample, &options.types)?;
            statements.push(match options.temporary {
                false => format!("CREATE TABLE {name} {columns}"),
                true => declaration(product, &name, &columns),
            });
            schema.fields().iter().map(|field| quoted(field.name())).collect()
        }
    };
    let markers = vec!["?"; schema.fields().len()].join(", ");
    // The columns are named: another connection may change the table meanwhile.
    let sql = format!("INSERT INTO {name} ({}) VALUES ({markers})", columns.join(", "));
    super::connection::check_sql(&sql)?;
    inner.may_run(&sql)?;
    let batch = Batch::begin(inner, turn, sql);
    let batch = batch.after(statements).at_most(options.batch_rows);
    Ok(match options.skip {
        Some(most) => batch.skipping(most),
        None => batch,
    })
}

/// The declaration of a temporary table that keeps its rows over commits.
fn declaration(product: Product, name: &str, columns: &str) -> String {
    // Derby has no others. (Read: Derby's reference manual.)
    let logged = if product == Product::Derby { " NOT LOGGED" } else { "" };
    format!("DECLARE GLOBAL TEMPORARY TABLE {name} {columns} ON COMMIT PRESERVE ROWS{logged}")
}

/// The names of a table's columns; `None` where there is no table.
async fn columns_of(inner: &Inner, name: &str) -> Result<Option<Vec<String>>> {
    inner.usable(Phase::Execute)?;
    let describe = async || {
        let lease = inner.lease(Phase::Execute)?;
        let sql = format!("SELECT * FROM {name}");
        let prepare = Prepare::new(inner.session.clone(), lease.name.clone(), sql, false);
        inner.talk(prepare, Phase::Execute).await
    };
    let deadline = || inner.config.statement_timeout.map(Deadline::after);
    let prepared = match with_package!(inner, deadline(), describe().await) {
        Ok(prepared) => prepared,
        // Derby says 42X05, and 42Y07 of a schema.
        Err(e) if matches!(e.sqlstate.as_deref(), Some("42704" | "42X05" | "42Y07")) => return Ok(None),
        Err(e) => return Err(e),
    };
    Ok(Some(prepared.columns.columns.iter().map(|column| column.name().to_owned()).collect()))
}

/// The table's columns for those of the data, in quotes.
fn matched(table: &str, schema: &Schema, known: &[String]) -> Result<Vec<String>> {
    let (mut found, mut unknown) = (Vec::new(), Vec::new());
    for field in schema.fields() {
        let name = field.name();
        let exact = known.iter().find(|column| *column == name);
        // Some databases take all names in any case for the same.
        let mut alike = known.iter().filter(|column| column.eq_ignore_ascii_case(name));
        let alike = alike.next().filter(|_| alike.next().is_none());
        match exact.or_else(|| known.iter().find(|column| **column == folded(name))).or(alike) {
            Some(column) if found.contains(&column) => {
                return Err(bad("42701", format!("two columns of the data are {column:?} of {table}")));
            }
            Some(column) => found.push(column),
            None => unknown.push(format!("{name:?}")),
        }
    }
    if unknown.is_empty() {
        return Ok(found.into_iter().map(|column| as_it_is(column)).collect());
    }
    let left: Vec<_> = known.iter().filter(|column| !found.contains(column)).map(|c| format!("{c:?}")).collect();
    let left = match left.as_slice() {
        [] => "all columns of the table have data".to_owned(),
        left => format!("columns of the table without data: {}", left.join(", ")),
    };
    Err(bad("42703", format!("{table} has no column for {} of the data; {left}", unknown.join(", "))))
}

fn bad(state: &str, text: String) -> Error {
    Error::new(ErrorClass::Programming, Phase::Execute, state, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_schema::{DataType, Field};

    #[test]
    fn columns_are_matched_by_name() {
        let schema = |names: &[&str]| {
            Schema::new(names.iter().map(|name| Field::new(*name, DataType::Int8, true)).collect::<Vec<_>>())
        };
        let known = ["ID", "Name", "NAME", "a\"b"].map(str::to_owned);
        let of = |names: &[&str]| matched("T", &schema(names), &known);
        assert_eq!(of(&["a\"b", "id", "Name"]).unwrap(), [r#""a""b""#, r#""ID""#, r#""Name""#]);
        assert_eq!(of(&["name"]).unwrap(), [r#""NAME""#]);
        assert!(of(&["id", "ID"]).unwrap_err().message.contains("two columns"));
        let e = of(&["id", "x", "y z"]).unwrap_err();
        assert_eq!(
            e.message,
            "T has no column for \"x\", \"y z\" of the data; columns of the table without data: \"Name\", \"NAME\", \
             \"a\\\"b\""
        );
    }
}
