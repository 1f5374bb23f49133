//! The catalog procedures (SYSIBM.SQLTABLES and its like): the result sets of JDBC's getTables, getColumns and so on,
//! of ODBC's SQLTables and the rest. (Measured: Derby's JDBC client, IBM's CLI and JDBC drivers.)

use super::database::Database;
use super::definition::{Column, Definition, Parameter, Pick, Place, all};
use super::relation::Asked;
use super::value::Value;
use super::view::{batch, table};
use crate::server::error::SqlError;
use crate::server::persona::Persona;
use crate::wire::sql::like;
use arrow_array::{Array, ArrayRef, Int16Array, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field};
use std::collections::HashMap;

/// The schema of the procedures.
const SCHEMA: &str = "SYSIBM";
/// The parameter whose text says more.
const OPTIONS: &str = "OPTIONS";
/// Results in the place of that of SQLTABLES, by what the options say.
const INSTEAD: [(&str, &str); 4] = [
    ("GETTABLETYPES=1", "SQLTABLETYPES"),
    ("GETCATALOGS=1", "SQLCATALOGS"),
    ("GETSCHEMAS=1", "SQLSCHEMAS"),
    ("GETSCHEMAS=2", "SQLSCHEMAS"),
];
/// The order of a result about the parents of a table, in place of the one about its children.
const BY_PARENT: [&str; 4] = ["PKTABLE_SCHEM", "PKTABLE_NAME", "FK_NAME", "KEY_SEQ"];

/// A procedure.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct CatalogProcedure(&'static Definition);

impl PartialEq for CatalogProcedure {
    fn eq(&self, other: &CatalogProcedure) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for CatalogProcedure {}

/// An argument: a number or a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::server) struct Argument(Value);

impl Argument {
    /// NULL.
    pub(in crate::server) const NULL: Argument = Argument(Value::Null);

    pub(in crate::server) fn text(text: &str) -> Argument {
        Argument(Value::from(text))
    }

    pub(in crate::server) fn number(n: i64) -> Argument {
        Argument(Value::from(n))
    }

    /// The first value of a marker's array.
    pub(in crate::server) fn of(array: &ArrayRef) -> Option<Argument> {
        if array.is_null(0) {
            return Some(Argument::NULL);
        }
        let any = array.as_any();
        let number = any
            .downcast_ref::<Int16Array>()
            .map(|a| i64::from(a.value(0)))
            .or_else(|| any.downcast_ref::<Int32Array>().map(|a| i64::from(a.value(0))))
            .or_else(|| any.downcast_ref::<Int64Array>().map(|a| a.value(0)));
        let text = any.downcast_ref::<StringArray>().map(|a| Argument::text(a.value(0)));
        number.map(Argument::number).or(text)
    }
}

impl CatalogProcedure {
    /// By its name, with or without its schema.
    pub(in crate::server) fn named(name: &str) -> Option<CatalogProcedure> {
        let name = name.trim();
        let name = match name.split_once('.') {
            Some((schema, name)) if schema.trim().eq_ignore_ascii_case(SCHEMA) => name.trim(),
            Some(_) => return None,
            None => name,
        };
        let found = all().iter().find(|d| d.parameters.is_some() && d.name.eq_ignore_ascii_case(name));
        found.map(CatalogProcedure)
    }

    /// Its name.
    pub(in crate::server) fn name(self) -> &'static str {
        self.0.name
    }

    fn parameters(self) -> &'static [Parameter] {
        self.0.parameters.as_deref().unwrap_or_default()
    }

    /// Its parameters, as markers for them are described.
    pub(in crate::server) fn fields(self) -> Vec<Field> {
        let field = |parameter: &Parameter| {
            if parameter.is_number {
                return Field::new(parameter.name, DataType::Int16, true);
            }
            let length = if parameter.name == OPTIONS { "4000" } else { "128" };
            let told = [("drda:type", "VARCHAR"), ("drda:length", length)].map(|(k, v)| (k.to_owned(), v.to_owned()));
            Field::new(parameter.name, DataType::Utf8, true).with_metadata(HashMap::from(told))
        };
        self.parameters().iter().map(field).collect()
    }

    /// The rows for these arguments.
    pub(in crate::server) fn answer(
        self,
        arguments: &[Argument],
        database: &Database,
        persona: &Persona,
    ) -> Result<RecordBatch, SqlError> {
        let given = |name: &str| {
            let at = self.parameters().iter().position(|p| p.name == name)?;
            arguments.get(at).and_then(|argument| argument.0.text())
        };
        let options = options(given(OPTIONS).unwrap_or_default());
        let jdbc = options.iter().any(|option| option == "DATATYPE='JDBC'");
        let has = |option: &str| options.iter().any(|known| known == option);
        let asked = Asked { database, persona, jdbc };
        let instead = INSTEAD.iter().find(|(option, _)| self.0.name == "SQLTABLES" && has(option));
        if let Some((option, name)) = instead {
            let pattern = given("SCHEMA").filter(|_| *option == "GETSCHEMAS=2").map(str::to_owned);
            return other(name, pattern.as_deref(), &asked);
        }
        let columns: Vec<&Column> = self.0.columns.iter().filter(|c| jdbc || c.place != Place::Jdbc).collect();
        let mut rows = table(self.0, &columns, &asked)?;
        let place = |name: &str| columns.iter().position(|column| column.name == name);
        for (parameter, Argument(argument)) in self.parameters().iter().zip(arguments) {
            rows.retain(|row| {
                let value = |column: &str| place(column).and_then(|at| row.get(at)).unwrap_or(&Value::Null);
                picks(parameter.pick, argument, value)
            });
        }
        let table = |name: &str| given(name).is_some_and(|table| !table.is_empty());
        let by_parent = has("IMPORTEDKEY=1") || table("FKTABLE") && !table("PKTABLE");
        let order = if self.0.name == "SQLFOREIGNKEYS" && by_parent { &BY_PARENT[..] } else { &self.0.order };
        sort(&mut rows, order.iter().filter_map(|name| place(name)).collect());
        // The columns of the view alone stand last.
        let columns: Vec<&Column> = columns.into_iter().filter(|column| column.place != Place::View).collect();
        batch(&columns, &rows)
    }
}

/// The result of a definition that is no procedure.
fn other(name: &str, pattern: Option<&str>, asked: &Asked<'_>) -> Result<RecordBatch, SqlError> {
    let found = all().iter().find(|d| d.schema == SCHEMA && d.name == name);
    let definition = found.ok_or_else(|| SqlError::no_routine(name))?;
    let columns: Vec<&Column> = definition.columns.iter().collect();
    let mut rows = table(definition, &columns, asked)?;
    rows.retain(|row| like::matches(pattern, row.first().and_then(Value::text).unwrap_or_default()));
    sort(&mut rows, (0..columns.len()).collect());
    batch(&columns, &rows)
}

fn sort(rows: &mut [Vec<Value>], order: Vec<usize>) {
    rows.sort_by(|a, b| order.iter().map(|at| a.get(*at)).cmp(order.iter().map(|at| b.get(*at))));
}

/// `KEY=VALUE` with semicolons between, in upper case and without blanks.
fn options(text: &str) -> Vec<String> {
    let short = |option: &str| option.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_uppercase();
    text.split(';').map(short).filter(|option| !option.is_empty()).collect()
}

/// True for a row whose values an argument picks.
fn picks<'a>(pick: Pick, argument: &Value, value: impl Fn(&str) -> &'a Value) -> bool {
    match (pick, argument) {
        (Pick::Nothing, _) => true,
        (Pick::Among(column), Value::Number(n)) => *n == 0 || value(column).number() == Some(*n),
        (Pick::Unique(column), Value::Number(n)) => *n != 0 || value(column).number() != Some(1),
        (Pick::Is(column), Value::Number(n)) => value(column).number() == Some(*n),
        (Pick::Like(column), Value::Text(pattern)) => {
            like::matches(Some(pattern), value(column).text().unwrap_or_default().trim_end())
        }
        // A sign that stands for itself may have a mark in front all the same; % and nothing are everything. (Measured:
        // IBM's JDBC driver names no other table so.)
        (Pick::Is(column), Value::Text(text)) => {
            let stored = value(column).text().unwrap_or_default().trim_end();
            text.is_empty() || text == "%" || stored == text.trim_end() || stored == like::unescaped(text.trim_end())
        }
        (Pick::In(column), Value::Text(list)) => is_listed(list, value(column).text().unwrap_or_default().trim_end()),
        _ => true,
    }
}

/// True when a list of kinds in quotes, with commas, has this one; an empty list has every one.
fn is_listed(list: &str, kind: &str) -> bool {
    let list = list.trim();
    let mut kinds = list.split(',').map(|k| k.trim().trim_matches('\'').trim_end());
    list.is_empty() || list == "%" || kinds.any(|known| known.eq_ignore_ascii_case(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_with_blanks_and_in_any_case() {
        assert_eq!(
            options(" DATATYPE='JDBC';GetSchemas=1; CURSORHOLD=1;"),
            ["DATATYPE='JDBC'", "GETSCHEMAS=1", "CURSORHOLD=1"]
        );
    }

    #[test]
    fn lists_of_kinds_are_in_quotes() {
        assert!(is_listed("'TABLE','VIEW'", "VIEW") && is_listed("", "X") && is_listed("TABLE, VIEW", "VIEW"));
        assert!(!is_listed("'VIEW'", "TABLE"));
    }

    #[test]
    fn procedures_are_found_by_their_names() {
        for name in ["SYSIBM.SQLTABLES", "sysibm . sqlColumns", "SQLFOREIGNKEYS"] {
            assert!(CatalogProcedure::named(name).is_some(), "{name}");
        }
        for name in ["OTHER.SQLTABLES", "SYSIBM.SQLSCHEMAS", "SYSIBM.NOTHING", ""] {
            assert!(CatalogProcedure::named(name).is_none(), "{name}");
        }
        let kinds = CatalogProcedure::named("SQLSTATISTICS").unwrap().fields();
        let kinds: Vec<&DataType> = kinds.iter().map(Field::data_type).collect();
        let (text, number) = (&DataType::Utf8, &DataType::Int16);
        assert_eq!(kinds, [text, text, text, number, number, text]);
    }
}
