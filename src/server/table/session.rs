//! One connection's session: its statements, run on the tables that its transaction sees.

use super::columns::{count_schema, counted, literal_schema, markers, pick, placed};
use super::current_schema::{self, CurrentSchema};
use super::held_tables::HeldTables;
use super::insert::Insert;
use super::objects;
use super::plan::{Literal, Operand, Plan, Register};
use super::scan::{Match, distinct, select};
use super::sql;
use super::stop::Stop;
use super::transaction::Transaction;
use super::{Table, Tables};
use crate::server::backend::{Done, Interrupt, Parameters, Prepared, Rows, Session, one_by_one};
use crate::server::budget::Budget;
use crate::server::catalog::database::Database;
use crate::server::catalog::view::Catalog;
use crate::server::error::SqlError;
use arrow_array::RecordBatch;
use arrow_schema::{Field, Schema, SchemaRef};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// Statements that a session may have prepared.
const STATEMENTS: usize = 65_536;

/// A session.
pub(super) struct MemorySession {
    schema: CurrentSchema,
    /// The name by which the client knows the database.
    pub(super) database: String,
    transaction: Transaction,
    statements: HashMap<u64, Plan>,
    next: u64,
    stop: Stop,
    catalog: Option<Catalog>,
}

impl Session for MemorySession {
    fn hold(&mut self, budget: &Budget) {
        self.transaction.bound(budget);
    }

    fn rows_are_shared(&self) -> bool {
        true
    }

    fn interrupt(&self) -> Option<Interrupt> {
        let stop = self.stop.clone();
        Some(Arc::new(move || stop.set()))
    }

    fn prepare(&mut self, sql: &str) -> Result<Prepared, SqlError> {
        let plan = match sql::parse(sql)? {
            Plan::Register(Register::Schema) => Plan::Values(vec![Literal::Text(self.schema.name().to_owned())]),
            Plan::Register(Register::Server) => Plan::Values(vec![Literal::Text(self.database.clone())]),
            plan => plan,
        };
        let (columns, parameters) = self.describe(&plan)?;
        if self.statements.len() >= STATEMENTS {
            return Err(SqlError::new(-101, "54001", &[]));
        }
        self.next += 1;
        self.statements.insert(self.next, plan);
        Ok(Prepared { statement: self.next, columns, parameters })
    }

    fn query(&mut self, statement: u64, parameters: &Parameters) -> Result<Rows, SqlError> {
        self.stop.begin();
        let plan = self.statements.get(&statement).ok_or_else(|| SqlError::new(-518, "07003", &[]))?;
        match plan {
            Plan::Values(literals) => {
                let columns = literals.iter().map(Literal::array).collect();
                let schema = literal_schema(literals);
                let batch = RecordBatch::try_new(schema, columns).map_err(|e| SqlError::system(&e.to_string()))?;
                Ok(Box::new(std::iter::once(Ok(batch))))
            }
            Plan::Select { table, columns, filters, never, limit, distinct: once } => {
                let table = self.readable(table)?;
                let picked = pick(&table, columns)?;
                let filter = Match::of(filters, &table, parameters, &self.stop)?;
                let filter = if *never { Match::None } else { filter };
                let limit = limit.unwrap_or(usize::MAX);
                match count_schema(columns) {
                    Some(schema) => {
                        let mut count = 0i64;
                        for batch in table.batches.iter() {
                            count += filter
                                .runs(batch)?
                                .iter()
                                .map(|(_, n, hit)| if *hit { *n as i64 } else { 0 })
                                .sum::<i64>();
                        }
                        Ok(Box::new(std::iter::once(counted(count, schema))))
                    }
                    _ if *once => Ok(distinct(select(table, picked, filter, usize::MAX, self.stop.clone()), limit)),
                    _ => Ok(select(table, picked, filter, limit, self.stop.clone())),
                }
            }
            _ => Err(SqlError::new(-517, "07005", &["SQL_CUR"])),
        }
    }

    fn execute(&mut self, statement: u64, parameters: &Parameters) -> Result<Done, SqlError> {
        self.stop.begin();
        let plan = self.statements.get(&statement).cloned().ok_or_else(|| SqlError::new(-518, "07003", &[]))?;
        match plan {
            Plan::Insert { table, columns, values } => {
                let count = self.insert((&table, columns.as_deref(), &values), parameters, Table::insert)?;
                Ok(Done { count: Some(count), warning: None })
            }
            Plan::Delete { table, filter } => {
                let (name, before) = self.transaction.table(&table)?;
                let (mut table, mut count) = (Table::clone(&before), 0);
                for row in 0..parameters.rows {
                    self.stop.look()?;
                    let lease = self.transaction.pending.as_mut();
                    count += table.delete(filter.as_ref(), &parameters.row(row), &self.stop, lease)?;
                }
                if count > 0 {
                    self.transaction.change(name, Some(before), Some(table));
                }
                let warning = (count == 0).then(|| SqlError::new(100, "02000", &[]));
                Ok(Done { count: Some(count), warning })
            }
            Plan::Create { table, fields, key } => {
                if self.transaction.table(&table).is_ok() {
                    return Err(SqlError::new(-601, "42710", &[&table, "TABLE"]));
                }
                let schema = Arc::new(Schema::new(fields));
                self.transaction.change(table, None, Some(Table::empty(schema, key)));
                Ok(Done::default())
            }
            Plan::Drop { table } => {
                let (name, before) = self.transaction.table(&table)?;
                self.transaction.change(name, Some(before), None);
                Ok(Done::default())
            }
            Plan::Set => Ok(Done::default()),
            Plan::SetSchema(name) => self.schema.set(&name, parameters).map(|()| Done::default()),
            Plan::Savepoint { name, unique } => self.transaction.set_savepoint(name, unique).map(|()| Done::default()),
            Plan::BackTo(name) => self.transaction.back_to(name.as_deref()).map(|()| Done::default()),
            Plan::Release(name) => self.transaction.release(&name).map(|()| Done::default()),
            Plan::Values(_) | Plan::Register(_) | Plan::Select { .. } => Err(SqlError::new(-84, "42612", &[])),
        }
    }

    fn execute_each(&mut self, statement: u64, parameters: &Parameters) -> Vec<Result<Done, SqlError>> {
        let Some(Plan::Insert { table, columns, values }) = self.statements.get(&statement).cloned() else {
            return one_by_one(parameters, |row| self.execute(statement, row));
        };
        self.stop.begin();
        let each = self.insert((&table, columns.as_deref(), &values), parameters, Table::insert_each);
        each.unwrap_or_else(|error| vec![Err(error); parameters.rows])
    }

    fn execute_gathered(&mut self, statement: u64, rows: &Parameters) -> Option<Vec<Result<Done, SqlError>>> {
        let Plan::Insert { table, columns, values } = self.statements.get(&statement).cloned()? else { return None };
        self.stop.begin();
        // Where there is no memory for all of them, there may be for some.
        let each = self.insert((&table, columns.as_deref(), &values), rows, |table, insert| {
            table.insert_each(Insert { alone: true, ..insert })
        });
        Some(each.unwrap_or_default())
    }

    fn forget(&mut self, statement: u64) {
        self.statements.remove(&statement);
    }

    fn set(&mut self, sql: &str) -> Result<(), SqlError> {
        match sql::parse(sql) {
            Ok(Plan::SetSchema(name)) => self.schema.set(&name, &Parameters::none()),
            _ => Ok(()),
        }
    }

    fn reset(&mut self) -> Result<(), SqlError> {
        self.schema.reset();
        Ok(())
    }

    fn prepare_to_commit(&mut self) -> Result<(), SqlError> {
        self.transaction.prepare_to_commit()
    }

    fn changed(&self) -> Option<bool> {
        Some(self.transaction.has_changes())
    }

    fn commit(&mut self) -> Result<(), SqlError> {
        self.transaction.commit()
    }

    fn rollback(&mut self) -> Result<(), SqlError> {
        self.transaction.rollback();
        Ok(())
    }

    fn appear_as(&mut self, catalog: &Catalog) {
        self.catalog = Some(catalog.clone());
    }

    fn database(&mut self) -> Result<Database, SqlError> {
        Ok(self.objects())
    }
}

impl MemorySession {
    /// Of a user, over the tables that are committed.
    pub(super) fn new(user: &str, committed: Arc<Mutex<Tables>>, held: HeldTables) -> MemorySession {
        MemorySession {
            schema: CurrentSchema::new(user),
            database: String::new(),
            transaction: Transaction::new(committed, held),
            statements: HashMap::new(),
            next: 0,
            stop: Stop::default(),
            catalog: None,
        }
    }

    /// A table, or a view of the catalog.
    fn readable(&self, name: &str) -> Result<Arc<Table>, SqlError> {
        match (self.transaction.table(name), &self.catalog) {
            (Err(_), Some(catalog)) if name.contains('.') => objects::view(catalog, name, &self.objects()),
            (found, _) => found.map(|(_, table)| table),
        }
    }

    /// The tables that this transaction sees, as objects.
    fn objects(&self) -> Database {
        objects::database(self.schema.name(), &self.transaction.tables())
    }

    /// Puts rows into a table, into the columns that are named, in one of the ways in which an INSERT does.
    fn insert<T>(
        &mut self,
        (table, columns, values): (&str, Option<&[String]>, &[Operand]),
        parameters: &Parameters,
        put: impl FnOnce(&mut Table, Insert<'_>) -> Result<T, SqlError>,
    ) -> Result<T, SqlError> {
        let (stop, mut pending) = (self.stop.clone(), self.transaction.pending.take());
        let done = self.transaction.alter(table, |name, table| {
            let values = &placed(table, columns, values)?;
            put(table, Insert { name, values, parameters, stop: &stop, alone: false, lease: pending.as_mut() })
        });
        self.transaction.pending = pending;
        done
    }

    /// Columns of the result and markers of the statement.
    fn describe(&self, plan: &Plan) -> Result<(Option<SchemaRef>, Vec<Field>), SqlError> {
        Ok(match plan {
            Plan::Values(literals) => (Some(literal_schema(literals)), Vec::new()),
            Plan::Select { table, columns, filters, .. } => {
                let table = self.readable(table)?;
                let markers = markers(filters, &table)?;
                let schema = match count_schema(columns) {
                    Some(schema) => schema,
                    None => {
                        let picked = pick(&table, columns)?;
                        Arc::new(table.schema.project(&picked).map_err(|e| SqlError::system(&e.to_string()))?)
                    }
                };
                (Some(schema), markers)
            }
            Plan::Insert { table, columns, values } => {
                let (_, table) = self.transaction.table(table)?;
                let row = placed(&table, columns.as_deref(), values)?;
                let fields = table.schema.fields().iter().zip(row.iter());
                let mut markers: Vec<(usize, Field)> = fields
                    .filter_map(|(field, value)| match value {
                        Operand::Marker(at) => Some((*at, field.as_ref().clone())),
                        Operand::Literal(_) => None,
                    })
                    .collect();
                markers.sort_by_key(|(at, _)| *at);
                (None, markers.into_iter().map(|(_, field)| field).collect())
            }
            Plan::Delete { table, filter } => {
                let (_, table) = self.transaction.table(table)?;
                (None, markers(filter.as_ref().map(std::slice::from_ref).unwrap_or_default(), &table)?)
            }
            Plan::Drop { table } => {
                self.transaction.table(table)?;
                (None, Vec::new())
            }
            Plan::SetSchema(name) => (None, current_schema::markers(name)),
            Plan::Create { .. }
            | Plan::Set
            | Plan::Register(_)
            | Plan::Savepoint { .. }
            | Plan::BackTo(_)
            | Plan::Release(_) => (None, Vec::new()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::MemoryTables;
    use super::*;
    use arrow_array::{ArrayRef, Int32Array};

    #[test]
    fn what_others_commit_while_a_statement_runs_is_not_lost() {
        let tables = MemoryTables::new();
        let batch = |values: Vec<i32>| {
            RecordBatch::try_from_iter([("A", Arc::new(Int32Array::from(values)) as ArrayRef)]).unwrap()
        };
        tables.put("N", Table::new(batch(Vec::new()).schema(), Vec::new()).unwrap());
        let (mut one, mut other) = (tables.session("ME"), tables.session("ME"));
        let add = |session: &mut MemorySession, more: &mut dyn FnMut()| {
            session.transaction.alter("N", |_, table| {
                more();
                table.batches.push(batch(vec![1]));
                Ok(())
            })
        };
        add(&mut one, &mut || {
            add(&mut other, &mut || {}).unwrap();
            other.commit().unwrap();
        })
        .unwrap();
        assert_eq!(one.commit().unwrap_err().sqlstate, SqlError::conflict().sqlstate);
        add(&mut one, &mut || {}).unwrap();
        one.commit().unwrap();
        assert_eq!(one.transaction.table("N").unwrap().1.rows(), 2);
    }

    #[test]
    fn an_insert_may_name_its_columns() {
        let mut session = MemoryTables::new().session("ME");
        let mut run = |sql: &str, columns: Vec<ArrayRef>| {
            let prepared = session.prepare(sql)?;
            session.execute(prepared.statement, &Parameters { rows: 1, columns })?;
            Ok::<_, SqlError>(prepared.parameters)
        };
        run("CREATE TABLE T (A INTEGER NOT NULL, B VARCHAR(9), \"c d\" INTEGER)", vec![]).unwrap();
        let number = |n: i32| -> ArrayRef { Arc::new(Int32Array::from(vec![n])) };
        let markers = run("INSERT INTO T (\"c d\", a) VALUES (?, ?)", vec![number(7), number(1)]).unwrap();
        assert_eq!(markers.iter().map(Field::name).collect::<Vec<_>>(), ["c d", "A"]);
        for (sql, code) in [
            ("INSERT INTO T (B) VALUES ('x')", -407),
            ("INSERT INTO T (A, B) VALUES (1)", -117),
            ("INSERT INTO T VALUES (1)", -117),
            ("INSERT INTO T (A, A) VALUES (1, 2)", -121),
            ("INSERT INTO T (A, X) VALUES (1, 2)", -206),
        ] {
            assert_eq!(run(sql, vec![]).unwrap_err().sqlcode, code, "{sql}");
        }
        let table = session.transaction.table("T").unwrap().1;
        let row = &table.batches.iter().next().unwrap();
        assert_eq!(row.column(0).as_ref(), &Int32Array::from(vec![1]) as &dyn arrow_array::Array);
        assert_eq!((row.column(1).is_null(0), row.num_rows()), (true, 1));
        assert_eq!(row.column(2).as_ref(), &Int32Array::from(vec![7]) as &dyn arrow_array::Array);
    }
}
