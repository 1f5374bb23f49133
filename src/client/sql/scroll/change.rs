//! Changes of the row where a cursor stands: an UPDATE or DELETE of its own section, which names the cursor in its text.
//! (Measured: Derby's client and server, IBM's JDBC driver: the cursor's name is made of its section's.)

use super::ScrollCursor;
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::client::sql::identifier::{as_it_is, folded, table};
use crate::client::sql::parameters;
use crate::client::sql::update_result::UpdateResult;
use crate::client::warning::Warning;
use crate::flow::sql::execute::Execute;
use crate::flow::sql::prepare::Prepare;
use crate::flow::sql::scroll::{Place, is_hole};
use crate::wire::sql::sqlvar::SqlVar;
use arrow_array::RecordBatch;

impl ScrollCursor {
    /// Gives columns of the row that was fetched last other values: `columns` are named, `values` has a row of them.
    /// `named` is the table, where the server does not tell it.
    pub async fn update(
        &self,
        held: usize,
        named: Option<&str>,
        columns: &[String],
        values: &RecordBatch,
    ) -> Result<UpdateResult> {
        if columns.is_empty() {
            return Err(Error::interface("no column is given another value"));
        }
        let mut set: Vec<String> = Vec::with_capacity(columns.len());
        for name in columns {
            let assignment = format!("{} = ?", self.column(name)?);
            if set.contains(&assignment) {
                return Err(Error::interface(format!("column {name:?} is given two values")));
            }
            set.push(assignment);
        }
        let text = format!("UPDATE {} SET {}", self.table(named)?, set.join(", "));
        self.change(held, text, values).await
    }

    /// Deletes the row that was fetched last.
    pub async fn delete(&self, held: usize, named: Option<&str>) -> Result<UpdateResult> {
        let none = parameters::one_row(&[])?;
        self.change(held, format!("DELETE FROM {}", self.table(named)?), &none).await
    }

    async fn change(&self, held: usize, text: String, values: &RecordBatch) -> Result<UpdateResult> {
        Box::pin(self.changed(held, text, values)).await
    }

    async fn changed(&self, held: usize, text: String, values: &RecordBatch) -> Result<UpdateResult> {
        let not_there = |text: &str| Error::new(ErrorClass::Programming, Phase::Execute, "24504", text);
        if !self.updatable {
            return Err(Error::new(ErrorClass::Programming, Phase::Execute, "42828", "the cursor only reads")
                .hint("open it with updatable=True"));
        }
        let inner = &self.inner;
        inner.may_run(&text)?;
        let _turn = inner.turn().await?;
        inner.usable(Phase::Execute)?;
        self.open()?;
        let mut state = self.state.lock().await;
        let (row, beyond) = state.at(held);
        if row == 0 || beyond || !state.was_fetched(held) {
            return Err(not_there("the cursor is not on a row: fetch it first"));
        }
        if state.deleted == Some(row) {
            return Err(not_there(&format!("row {row} was deleted")));
        }
        if self.scrolls {
            let answer = self.ask(self.request(false).to(Place::Row(row), None)).await?;
            let condition = state.condition(answer).map_err(|e| self.failed(e))?;
            if condition.is_some_and(|sqlca| sqlca.is_end() || is_hole(&sqlca)) {
                return Err(not_there(&format!("row {row} is not there any more")));
            }
        }
        let package = self.section.package.trim_end();
        let name = format!("SQL_CUR{}C{}", package.strip_prefix("SYS").unwrap_or(package), self.section.section);
        let sql = format!("{text} WHERE CURRENT OF {name}");
        inner.opens_work(false);
        let lease = inner.lease(Phase::Execute)?;
        let prepare = Prepare::new(inner.session.clone(), lease.name.clone(), sql, values.num_columns() > 0);
        let prepared = inner.talk(prepare, Phase::Execute).await?;
        let input = match &prepared.parameters {
            Some(described) => vec![parameters::encode(&described.columns, values, &inner.session)?],
            None => Vec::new(),
        };
        let flow = Execute::new(inner.session.clone(), lease.name.clone(), input, false);
        let executed = match inner.talk(flow, Phase::Execute).await? {
            Ok(executed) => executed,
            Err(failed) => return Err(inner.explained(failed.error.into(), Phase::Execute).await),
        };
        let count = executed.counts.iter().copied().sum::<Option<u64>>();
        if count == Some(0) {
            return Err(not_there(&format!("row {row} was not changed: it is not there any more")));
        }
        if values.num_columns() == 0 {
            state.deleted = Some(row);
        }
        Ok(UpdateResult { count, warnings: executed.warnings.iter().map(Warning::from).collect() })
    }

    /// The table of the columns, in quotes.
    fn table(&self, named: Option<&str>) -> Result<String> {
        if let Some(named) = named {
            return table(None, named);
        }
        let told = |var: &SqlVar| {
            let base = var.opt.as_ref()?.ext.as_ref()?;
            (!base.basename.trim().is_empty()).then(|| (base.schema.trim().to_owned(), base.basename.trim().to_owned()))
        };
        let mut tables: Vec<(String, String)> = self.described.columns.iter().filter_map(told).collect();
        tables.dedup();
        match tables.as_slice() {
            [(schema, name)] if schema.is_empty() => Ok(as_it_is(name)),
            [(schema, name)] => Ok(format!("{}.{}", as_it_is(schema), as_it_is(name))),
            _ => Err(Error::interface("the server does not tell the table of the query: name it by table=…")),
        }
    }

    /// A column of the result in quotes, called as it is there or as SQL reads the name: by its name in the table, where
    /// the server tells that.
    fn column(&self, name: &str) -> Result<String> {
        let place = |name: &str| self.fields.iter().position(|field| field.name == name);
        let folded = folded(name);
        let found = place(name).map(|place| (place, name)).or_else(|| place(&folded).map(|place| (place, &*folded)));
        let Some((place, name)) = found else {
            return Err(Error::interface(format!("the result has no column {name:?}")));
        };
        let base = self.described.columns.get(place).and_then(|var| var.opt.as_ref()?.ext.as_ref());
        let told = base.map(|base| base.name.trim()).filter(|told| !told.is_empty());
        Ok(as_it_is(told.unwrap_or(name)))
    }
}
