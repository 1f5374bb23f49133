//! The views of a catalog: rows of facts under the names that a product has for them.

use super::database::Database;
use super::definition::{Column, Definition, Source, all};
use super::facts;
use super::relation::{Asked, Row};
use super::value::Value;
use crate::server::error::SqlError;
use crate::server::journal::journals::Journals;
use crate::server::persona::Persona;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{Field, Schema, SchemaRef};
use std::sync::Arc;

/// The catalog of a product: its views, over whatever database.
#[derive(Debug, Clone)]
pub struct Catalog {
    persona: Arc<Persona>,
    /// The journals of record files, where the server has some.
    journals: Option<Journals>,
}

impl Catalog {
    /// Of a product.
    pub fn new(persona: Arc<Persona>) -> Catalog {
        Catalog { persona, journals: None }
    }

    /// The same with the journals of a server's files.
    pub(in crate::server) fn with_journals(self, journals: Option<Journals>) -> Catalog {
        Catalog { journals, ..self }
    }

    /// The names of its views, with their schemas: `SYSCAT.TABLES`.
    pub fn names(&self) -> Vec<String> {
        let journals = self.journals.iter().flat_map(Journals::names).map(str::to_owned);
        self.views().map(|view| format!("{}.{}", view.schema, view.name)).chain(journals).collect()
    }

    /// The columns and rows of a view that is the same for every engine, and whose rows the server holds in any case:
    /// what is known of journals.
    pub fn held(&self, name: &str) -> Option<(SchemaRef, Vec<RecordBatch>)> {
        let journals = self.journals.as_ref()?;
        Some((journals.schema(name)?, journals.rows(name)?))
    }

    /// Whether entries of journals come in the order of their numbers.
    pub fn journals_in_order(&self) -> bool {
        self.journals.as_ref().is_none_or(Journals::in_order)
    }

    /// The columns of a view; `None` when there is none of the name, which is in upper case.
    pub fn schema(&self, name: &str) -> Option<SchemaRef> {
        let view = self.find(name).map(|view| schema(view.columns.iter()));
        view.or_else(|| self.journals.as_ref()?.schema(name))
    }

    /// The rows of a view over a database.
    pub fn rows(&self, name: &str, database: &Database) -> Result<RecordBatch, SqlError> {
        let view = self.find(name).ok_or_else(|| SqlError::no_table(name))?;
        let asked = Asked { database, persona: &self.persona, jdbc: false };
        let columns: Vec<&Column> = view.columns.iter().collect();
        batch(&columns, &table(view, &columns, &asked)?)
    }

    fn views(&self) -> impl Iterator<Item = &'static Definition> {
        let name = self.persona.name;
        all().iter().filter(move |view| view.personas.contains(&name))
    }

    fn find(&self, name: &str) -> Option<&'static Definition> {
        let (schema, name) = name.split_once('.')?;
        self.views().find(|view| view.schema == schema && view.name == name)
    }
}

/// The rows of a definition, with the columns that are wanted.
pub(super) fn table(view: &Definition, columns: &[&Column], asked: &Asked<'_>) -> Result<Vec<Vec<Value>>, SqlError> {
    let unknown = |what: &str| SqlError::system(&format!("{}.{}: no {what}", view.schema, view.name));
    let rows = facts::rows(view.relation, asked).ok_or_else(|| unknown(view.relation))??;
    let Some(first) = rows.first() else { return Ok(Vec::new()) };
    let place = |fact: &str| first.position(fact).ok_or_else(|| unknown(fact));
    let only = view.only.as_ref().map(|(fact, values)| place(fact).map(|at| (at, values))).transpose()?;
    let taken = |row: &&Row| match &only {
        Some((at, values)) => row.value(*at).text().is_some_and(|value| values.contains(&value)),
        None => true,
    };
    let sources: Result<Vec<Result<usize, &Value>>, SqlError> = columns
        .iter()
        .map(|column| match &column.source {
            Source::Fact(name) => place(name).map(Ok),
            Source::Constant(value) => Ok(Err(value)),
        })
        .collect();
    let sources = sources?;
    let value = |row: &Row, source: &Result<usize, &Value>| match source {
        Ok(at) => row.value(*at),
        Err(constant) => (*constant).clone(),
    };
    Ok(rows.iter().filter(taken).map(|row| sources.iter().map(|s| value(row, s)).collect()).collect())
}

/// Rows as Arrow.
pub(super) fn batch(columns: &[&Column], rows: &[Vec<Value>]) -> Result<RecordBatch, SqlError> {
    let array = |(n, column): (usize, &&Column)| {
        let values = rows.iter().map(|row| row.get(n).cloned().unwrap_or(Value::Null));
        column.kind.array(column.name, values)
    };
    let arrays: Result<Vec<ArrayRef>, SqlError> = columns.iter().enumerate().map(array).collect();
    let made = RecordBatch::try_new(schema(columns.iter().copied()), arrays?);
    made.map_err(|e| SqlError::system(&e.to_string()))
}

fn schema<'a>(columns: impl Iterator<Item = &'a Column>) -> SchemaRef {
    Arc::new(Schema::new(columns.map(|column| column.kind.field(column.name)).collect::<Vec<Field>>()))
}

#[cfg(test)]
mod tests {
    use super::super::database::{
        Constraint, IndexInfo, Mode, ProcedureInfo, ProcedureParameter, Rule, SequenceInfo, TableInfo,
    };
    use super::*;
    use crate::server::persona::{DERBY, IBMI, LUW, ZOS};
    use arrow_array::Array;
    use arrow_schema::DataType;

    /// At least one row for each relation.
    fn sample() -> Database {
        let field = |name: &str, nullable| Field::new(name, DataType::Int32, nullable);
        let identity: std::collections::HashMap<String, String> =
            [("drda:identity".to_owned(), "ALWAYS".to_owned())].into();
        let constraint = |name: &str, rule, columns: &[&str]| Constraint {
            name: name.to_owned(),
            rule,
            columns: columns.iter().map(|c| (*c).to_owned()).collect(),
        };
        let parent = Rule::Foreign { schema: "S".to_owned(), table: "T".to_owned(), columns: vec!["A".to_owned()] };
        let table = TableInfo {
            schema: "S".to_owned(),
            name: "T".to_owned(),
            kind: "TABLE".to_owned(),
            columns: Arc::new(Schema::new(vec![field("A", false).with_metadata(identity), field("B", true)])),
            constraints: vec![
                constraint("P1", Rule::Primary, &["A"]),
                constraint("U1", Rule::Unique, &["B"]),
                constraint("F1", parent, &["B"]),
                constraint("C1", Rule::Check("B > 0".to_owned()), &[]),
            ],
            indexes: vec![IndexInfo { name: "I1".to_owned(), unique: false, columns: vec![("B".to_owned(), true)] }],
            ..TableInfo::default()
        };
        let view = TableInfo {
            name: "V".to_owned(),
            kind: "VIEW".to_owned(),
            constraints: Vec::new(),
            indexes: Vec::new(),
            text: Some("CREATE VIEW V AS SELECT * FROM T".to_owned()),
            ..table.clone()
        };
        let sequence = SequenceInfo { schema: "S".to_owned(), name: "Q".to_owned(), ..SequenceInfo::default() };
        let procedure = ProcedureInfo {
            schema: "S".to_owned(),
            name: "P".to_owned(),
            specific: "P1".to_owned(),
            parameters: vec![ProcedureParameter { mode: Mode::InOut, column: field("A", true) }],
            results: 1,
            access: "READS".to_owned(),
            deterministic: true,
            text: Some("CREATE PROCEDURE P (INOUT A INTEGER) BEGIN END".to_owned()),
        };
        let (tables, sequences, procedures) = (vec![table, view], vec![sequence], vec![procedure]);
        Database { tables, sequences, procedures, ..Database::default() }
    }

    #[test]
    fn every_view_of_every_product_is_made() {
        let empty = ["nothing"];
        for persona in [&LUW, &IBMI, &ZOS, &DERBY] {
            let catalog = Catalog::new(Arc::new(persona.clone()));
            assert!(catalog.names().len() > 8, "{}", persona.name);
            for name in catalog.names() {
                let rows = catalog.rows(&name, &sample()).unwrap_or_else(|e| panic!("{name}: {e}"));
                let definition = catalog.find(&name).unwrap();
                assert_eq!(rows.num_rows() == 0, empty.contains(&definition.relation), "{name}");
                let columns = rows.schema().fields().len();
                assert!(columns > 0 && columns == definition.columns.len(), "{name}");
                assert_eq!(rows.schema(), catalog.schema(&name).unwrap());
                assert_eq!(catalog.rows(&name, &Database::default()).unwrap().schema(), rows.schema());
            }
            assert_eq!(catalog.rows("SYSCAT.NOWHERE", &sample()).unwrap_err().sqlcode, -204);
        }
    }

    #[test]
    fn a_view_has_the_rows_that_its_condition_takes() {
        let catalog = Catalog::new(Arc::new(LUW.clone()));
        let rows = catalog.rows("SYSCAT.VIEWS", &sample()).unwrap();
        assert_eq!(rows.num_rows(), 1);
        let name = rows.column_by_name("VIEWNAME").unwrap();
        let name = name.as_any().downcast_ref::<arrow_array::StringArray>().unwrap();
        assert_eq!(name.value(0), "V");
        assert!(!name.is_null(0));
    }
}
