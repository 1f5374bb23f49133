//! A small engine in memory: Arrow tables that can be read, filtered by one column, filled and
//! emptied, with transactions. Enough to test a client or a pipeline against; SQL beyond that is
//! another backend's.

mod blanks;
mod insert;
mod savepoint;
mod scan;
mod sql;
mod stop;
mod token;
mod types;
mod value;

use super::backend::{
    Backend, ConnectError, Done, Interrupt, Login, Parameters, Prepared, Rows, Session, TableInfo, one_by_one,
};
use super::budget::{Budget, Lease, around};
use super::error::SqlError;
use arrow_array::{ArrayRef, Int32Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use insert::Insert;
use savepoint::Savepoints;
use scan::{Match, select};
use sql::{Filter, Literal, Operand, Plan, SelectedColumns};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use stop::Stop;

/// Statements that a session may have prepared.
const STATEMENTS: usize = 65_536;
/// Columns that a SELECT may name.
const MOST_COLUMNS: usize = i16::MAX as usize;

/// A table: batches of one schema.
#[derive(Debug, Clone)]
pub struct Table {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    /// The column whose values differ from row to row.
    key: Option<usize>,
}

impl Table {
    /// Of these batches; `None` when one has other columns.
    pub fn new(schema: SchemaRef, batches: Vec<RecordBatch>) -> Option<Table> {
        let types = |s: &Schema| s.fields().iter().map(|f| f.data_type().clone()).collect::<Vec<_>>();
        let same = batches.iter().all(|b| types(&b.schema()) == types(&schema));
        same.then_some(Table { schema, batches, key: None })
    }

    /// Takes out the rows of a filter; how many they are.
    fn delete(
        &mut self,
        filter: Option<&Filter>,
        parameters: &Parameters,
        stop: &Stop,
        lease: Option<&mut Lease>,
    ) -> Result<u64, SqlError> {
        let filter = Match::of(filter, self, parameters, stop)?;
        let (mut kept, mut count) = (Vec::new(), 0);
        for batch in &self.batches {
            for (start, rows, hit) in filter.runs(batch)? {
                if hit {
                    count += rows as u64;
                } else {
                    kept.push(batch.slice(start, rows));
                }
            }
        }
        // What is left lies in more pieces than before.
        let more = kept.len().saturating_sub(self.batches.len());
        if let (Some(lease), Some(first)) = (lease, kept.first()) {
            lease.grow(more * around(first))?;
        }
        self.batches = kept;
        Ok(count)
    }

    /// Rows in all.
    pub fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }
}

type Tables = BTreeMap<String, Arc<Table>>;

/// The engine: named tables in one database.
#[derive(Debug, Clone, Default)]
pub struct MemoryTables {
    database: Option<String>,
    tables: Arc<Mutex<Tables>>,
}

impl MemoryTables {
    /// Without a table yet; the database is whatever a client calls it.
    pub fn new() -> MemoryTables {
        MemoryTables::default()
    }

    /// Without a table yet, in a database of this name: there is no other.
    pub fn named(database: &str) -> MemoryTables {
        MemoryTables { database: Some(database.to_owned()), ..MemoryTables::default() }
    }

    /// Adds a table or replaces it.
    pub fn put(&self, name: &str, table: Table) {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), Arc::new(table));
    }

    fn session(&self, user: &str) -> MemorySession {
        MemorySession {
            schema: user.to_uppercase(),
            committed: self.tables.clone(),
            changed: BTreeMap::new(),
            savepoints: Savepoints::default(),
            statements: HashMap::new(),
            next: 0,
            budget: None,
            pending: None,
            stop: Stop::default(),
        }
    }
}

impl Backend for MemoryTables {
    fn connect(&self, login: &Login) -> Result<Box<dyn Session>, ConnectError> {
        let asked = login.database.trim();
        if self.database.as_ref().is_some_and(|name| !name.eq_ignore_ascii_case(asked)) {
            return Err(ConnectError::NoDatabase);
        }
        Ok(Box::new(self.session(&login.user)))
    }
}

/// A table as a transaction found it, and as it left it; `None`: there is none.
#[derive(Debug, Clone)]
struct TableChange {
    before: Option<Arc<Table>>,
    after: Option<Arc<Table>>,
}

struct MemorySession {
    /// The name of the tables' schema: the user's name.
    schema: String,
    committed: Arc<Mutex<Tables>>,
    changed: BTreeMap<String, TableChange>,
    savepoints: Savepoints,
    statements: HashMap<u64, Plan>,
    next: u64,
    budget: Option<Budget>,
    /// For changes that are not committed.
    pending: Option<Lease>,
    stop: Stop,
}

impl Session for MemorySession {
    fn hold(&mut self, budget: &Budget) {
        self.budget = Some(budget.clone());
        self.pending = Some(budget.empty());
    }

    fn rows_are_shared(&self) -> bool {
        true
    }

    fn interrupt(&self) -> Option<Interrupt> {
        let stop = self.stop.clone();
        Some(Arc::new(move || stop.set()))
    }

    fn prepare(&mut self, sql: &str) -> Result<Prepared, SqlError> {
        let plan = sql::parse(sql)?;
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
            Plan::Select { table, columns, filter, limit } => {
                let (_, table) = self.table(table)?;
                let picked = pick(&table, columns)?;
                let filter = Match::of(filter.as_ref(), &table, parameters, &self.stop)?;
                match columns {
                    SelectedColumns::Count => {
                        let mut count = 0i64;
                        for batch in &table.batches {
                            count += filter
                                .runs(batch)?
                                .iter()
                                .map(|(_, n, hit)| if *hit { *n as i64 } else { 0 })
                                .sum::<i64>();
                        }
                        let count = i32::try_from(count).map_err(|_| SqlError::new(-802, "22003", &[]))?;
                        let array: ArrayRef = Arc::new(Int32Array::from(vec![count]));
                        let batch = RecordBatch::try_new(count_schema(), vec![array]);
                        Ok(Box::new(std::iter::once(batch.map_err(|e| SqlError::system(&e.to_string())))))
                    }
                    _ => Ok(select(table, picked, filter, limit.unwrap_or(usize::MAX))),
                }
            }
            _ => Err(SqlError::new(-517, "07005", &["SQL_CUR"])),
        }
    }

    fn execute(&mut self, statement: u64, parameters: &Parameters) -> Result<Done, SqlError> {
        self.stop.begin();
        let plan = self.statements.get(&statement).cloned().ok_or_else(|| SqlError::new(-518, "07003", &[]))?;
        match plan {
            Plan::Insert { table, values } => {
                let count = self.insert(&table, &values, parameters, Table::insert)?;
                Ok(Done { count: Some(count), warning: None })
            }
            Plan::Delete { table, filter } => {
                let (name, before) = self.table(&table)?;
                let (mut table, mut count) = (Table::clone(&before), 0);
                for row in 0..parameters.rows {
                    self.stop.look()?;
                    let lease = self.pending.as_mut();
                    count += table.delete(filter.as_ref(), &parameters.row(row), &self.stop, lease)?;
                }
                if count > 0 {
                    self.change(name, Some(before), Some(table));
                }
                let warning = (count == 0).then(|| SqlError::new(100, "02000", &[]));
                Ok(Done { count: Some(count), warning })
            }
            Plan::Create { table, fields, key } => {
                if self.table(&table).is_ok() {
                    return Err(SqlError::new(-601, "42710", &[&table, "TABLE"]));
                }
                let schema = Arc::new(Schema::new(fields));
                self.change(table, None, Some(Table { schema, batches: Vec::new(), key }));
                Ok(Done::default())
            }
            Plan::Drop { table } => {
                let (name, before) = self.table(&table)?;
                self.change(name, Some(before), None);
                Ok(Done::default())
            }
            Plan::Set => Ok(Done::default()),
            Plan::Savepoint(name) => {
                self.savepoints.set(name, &self.changed, self.budget.as_ref()).map(|()| Done::default())
            }
            Plan::BackTo(name) => {
                self.changed = self.savepoints.back_to(name.as_deref())?;
                Ok(Done::default())
            }
            Plan::Release(name) => self.savepoints.release(&name).map(|()| Done::default()),
            Plan::Values(_) | Plan::Select { .. } => Err(SqlError::new(-84, "42612", &[])),
        }
    }

    fn execute_each(&mut self, statement: u64, parameters: &Parameters) -> Vec<Result<Done, SqlError>> {
        let Some(Plan::Insert { table, values }) = self.statements.get(&statement).cloned() else {
            return one_by_one(parameters, |row| self.execute(statement, row));
        };
        self.stop.begin();
        let each = self.insert(&table, &values, parameters, Table::insert_each);
        each.unwrap_or_else(|error| vec![Err(error); parameters.rows])
    }

    fn forget(&mut self, statement: u64) {
        self.statements.remove(&statement);
    }

    fn set(&mut self, _: &str) -> Result<(), SqlError> {
        Ok(())
    }

    fn commit(&mut self) -> Result<(), SqlError> {
        let changed = std::mem::take(&mut self.changed);
        self.ended();
        let mut tables = self.committed.lock().unwrap_or_else(PoisonError::into_inner);
        let untouched = |(name, change): (&String, &TableChange)| match (tables.get(name), &change.before) {
            (Some(now), Some(before)) => Arc::ptr_eq(now, before),
            (None, None) => true,
            _ => false,
        };
        if !changed.iter().all(untouched) {
            return Err(SqlError::conflict());
        }
        for (name, change) in changed {
            match change.after {
                Some(table) => tables.insert(name, table),
                None => tables.remove(&name),
            };
        }
        Ok(())
    }

    fn rollback(&mut self) -> Result<(), SqlError> {
        self.changed.clear();
        self.ended();
        Ok(())
    }

    fn tables(&mut self) -> Result<Vec<TableInfo>, SqlError> {
        let mut seen = self.committed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (name, change) in &self.changed {
            match &change.after {
                Some(table) => seen.insert(name.clone(), table.clone()),
                None => seen.remove(name),
            };
        }
        let info = |(name, table): (String, Arc<Table>)| TableInfo {
            schema: self.schema.clone(),
            name,
            kind: "TABLE".to_owned(),
            columns: table.schema.clone(),
            key: table.key.into_iter().collect(),
        };
        Ok(seen.into_iter().map(info).collect())
    }
}

impl MemorySession {
    /// A table as this transaction sees it, with its full name.
    fn table(&self, name: &str) -> Result<(String, Arc<Table>), SqlError> {
        let tables = self.committed.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = |name: &str| match self.changed.get(name) {
            Some(change) => change.after.as_ref(),
            None => tables.get(name),
        };
        // One of just this name goes before those that differ in case.
        let others = self.changed.keys().chain(tables.keys()).filter(|other| other.eq_ignore_ascii_case(name));
        let named = std::iter::once(name).chain(others.map(String::as_str));
        let mut found = named.filter_map(|name| seen(name).map(|table| (name.to_owned(), table.clone())));
        found.next().ok_or_else(|| SqlError::no_table(name))
    }

    /// Nothing is pending any more.
    fn ended(&mut self) {
        self.savepoints.clear();
        self.pending = self.budget.as_ref().map(Budget::empty);
    }

    /// Puts rows into a table, in one of the ways in which an INSERT does.
    fn insert<T>(
        &mut self,
        table: &str,
        values: &[Operand],
        parameters: &Parameters,
        put: impl FnOnce(&mut Table, Insert<'_>) -> Result<T, SqlError>,
    ) -> Result<T, SqlError> {
        let (stop, mut pending) = (self.stop.clone(), self.pending.take());
        let done = self.alter(table, |name, table| {
            put(table, Insert { name, values, parameters, stop: &stop, lease: pending.as_mut() })
        });
        self.pending = pending;
        done
    }

    /// Changes a table where it is, once it is this transaction's own. What fails changes nothing.
    fn alter<T>(
        &mut self,
        name: &str,
        change: impl FnOnce(&str, &mut Table) -> Result<T, SqlError>,
    ) -> Result<T, SqlError> {
        let (name, table) = self.table(name)?;
        if !self.changed.contains_key(&name) {
            let mut own = Table::clone(&table);
            let done = change(&name, &mut own)?;
            self.change(name, Some(table), Some(own));
            return Ok(done);
        }
        drop(table);
        let own = self.changed.get_mut(&name).and_then(|change| change.after.as_mut());
        change(&name, Arc::make_mut(own.ok_or_else(|| SqlError::no_table(&name))?))
    }

    /// Notes how a statement leaves a table that it has seen as `before`: what others commit meanwhile is a conflict.
    fn change(&mut self, name: String, before: Option<Arc<Table>>, after: Option<Table>) {
        let change = self.changed.entry(name).or_insert(TableChange { before, after: None });
        change.after = after.map(Arc::new);
    }

    /// Columns of the result and markers of the statement.
    fn describe(&self, plan: &Plan) -> Result<(Option<SchemaRef>, Vec<Field>), SqlError> {
        Ok(match plan {
            Plan::Values(literals) => (Some(literal_schema(literals)), Vec::new()),
            Plan::Select { table, columns, filter, .. } => {
                let (_, table) = self.table(table)?;
                let markers = markers(filter.as_ref(), &table)?;
                let schema = match columns {
                    SelectedColumns::Count => count_schema(),
                    _ => {
                        let picked = pick(&table, columns)?;
                        Arc::new(table.schema.project(&picked).map_err(|e| SqlError::system(&e.to_string()))?)
                    }
                };
                (Some(schema), markers)
            }
            Plan::Insert { table, values } => {
                let (_, table) = self.table(table)?;
                if values.len() != table.schema.fields().len() {
                    return Err(SqlError::new(-117, "42802", &[]));
                }
                let fields = table.schema.fields().iter().zip(values);
                let markers = fields.filter(|(_, v)| matches!(v, Operand::Marker));
                (None, markers.map(|(f, _)| f.as_ref().clone()).collect())
            }
            Plan::Delete { table, filter } => {
                let (_, table) = self.table(table)?;
                (None, markers(filter.as_ref(), &table)?)
            }
            Plan::Drop { table } => {
                self.table(table)?;
                (None, Vec::new())
            }
            Plan::Create { .. } | Plan::Set | Plan::Savepoint(_) | Plan::BackTo(_) | Plan::Release(_) => {
                (None, Vec::new())
            }
        })
    }
}

/// The marker of a filter has the type of the column.
fn markers(filter: Option<&Filter>, table: &Table) -> Result<Vec<Field>, SqlError> {
    let Some(filter) = filter else { return Ok(Vec::new()) };
    let field = table.schema.field(column(table, &filter.column)?).clone().with_nullable(true);
    Ok(if matches!(filter.value, Operand::Marker) { vec![field] } else { Vec::new() })
}

fn column(table: &Table, name: &str) -> Result<usize, SqlError> {
    let fields = table.schema.fields();
    let exact = fields.iter().position(|f| f.name() == name);
    let found = exact.or_else(|| fields.iter().position(|f| f.name().eq_ignore_ascii_case(name)));
    found.ok_or_else(|| SqlError::no_column(name))
}

fn pick(table: &Table, columns: &SelectedColumns) -> Result<Vec<usize>, SqlError> {
    match columns {
        SelectedColumns::All => Ok((0..table.schema.fields().len()).collect()),
        SelectedColumns::Named(names) if names.len() > MOST_COLUMNS => {
            let text = format!("{} columns; a result has at most {MOST_COLUMNS}", names.len());
            Err(SqlError::new(-840, "54004", &[&text]))
        }
        SelectedColumns::Named(names) => {
            let (mut exact, mut folded) = (HashMap::new(), HashMap::new());
            for (n, field) in table.schema.fields().iter().enumerate() {
                exact.entry(field.name().as_str()).or_insert(n);
                folded.entry(field.name().to_ascii_uppercase()).or_insert(n);
            }
            let place = |name: &String| exact.get(name.as_str()).or_else(|| folded.get(&name.to_ascii_uppercase()));
            names.iter().map(|name| place(name).copied().ok_or_else(|| SqlError::no_column(name))).collect()
        }
        SelectedColumns::Count => Ok(Vec::new()),
    }
}

fn count_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("1", DataType::Int32, false)]))
}

fn literal_schema(literals: &[Literal]) -> SchemaRef {
    let field = |(i, l): (usize, &Literal)| l.field(&(i + 1).to_string());
    Arc::new(Schema::new(literals.iter().enumerate().map(field).collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_commit_while_a_statement_runs_is_not_lost() {
        let tables = MemoryTables::new();
        let batch = |values: Vec<i32>| {
            RecordBatch::try_from_iter([("A", Arc::new(Int32Array::from(values)) as ArrayRef)]).unwrap()
        };
        tables.put("N", Table::new(batch(Vec::new()).schema(), Vec::new()).unwrap());
        let (mut one, mut other) = (tables.session("ME"), tables.session("ME"));
        let add = |session: &mut MemorySession, more: &mut dyn FnMut()| {
            session.alter("N", |_, table| {
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
        assert_eq!(one.table("N").unwrap().1.rows(), 2);
    }
}
