//! The sessions of a connection that takes part in global transactions, as the one session that its commands work with.

use super::switch::{Kind, Switch, as_statement, sets};
use crate::server::backend::{Called, Done, Interrupt, Parameters, Prepared, PreparedCall, Rows, Session};
use crate::server::budget::Budget;
use crate::server::catalog::database::Database;
use crate::server::catalog::view::Catalog;
use crate::server::error::SqlError;
use std::sync::{Arc, PoisonError};

/// The sessions as one.
pub(super) struct SwitchedSession(pub(super) Switch);

impl Session for SwitchedSession {
    fn hold(&mut self, budget: &Budget) {
        let mut state = self.0.state();
        state.budget = Some(budget.clone());
        if let Some(open) = &mut state.current {
            open.session.hold(budget);
        }
    }

    fn prepare(&mut self, sql: &str) -> Result<Prepared, SqlError> {
        self.0.call(|state, open| {
            let prepared = open.session.prepare(sql)?;
            Ok(state.know(open, sql, Kind::Plain, prepared))
        })
    }

    fn prepare_updatable(&mut self, sql: &str) -> Result<Prepared, SqlError> {
        self.0.call(|state, open| {
            let prepared = open.session.prepare_updatable(sql)?;
            Ok(state.know(open, sql, Kind::Updatable, prepared))
        })
    }

    fn prepare_at_row(&mut self, sql: &str, of: u64) -> Result<Prepared, SqlError> {
        self.0.call(|state, open| {
            let theirs = state.number(open, of)?;
            let prepared = open.session.prepare_at_row(sql, theirs)?;
            Ok(state.know(open, sql, Kind::AtRow(of), prepared))
        })
    }

    fn prepare_call(&mut self, sql: &str) -> Result<PreparedCall, SqlError> {
        self.0.call(|state, open| {
            let prepared = open.session.prepare_call(sql)?;
            let known = state.know(open, sql, Kind::Call, as_statement(&prepared));
            Ok(PreparedCall { statement: known.statement, ..prepared })
        })
    }

    fn call(&mut self, statement: u64, parameters: &Parameters) -> Result<Called, SqlError> {
        self.0.call(|state, open| {
            let number = state.number(open, statement)?;
            open.session.call(number, parameters)
        })
    }

    fn query(&mut self, statement: u64, parameters: &Parameters) -> Result<Rows, SqlError> {
        self.0.call(|state, open| {
            let number = state.number(open, statement)?;
            open.session.query(number, parameters)
        })
    }

    fn rows_changed(&mut self) -> Option<u64> {
        self.0.call(|_, open| Ok(open.session.rows_changed())).ok().flatten()
    }

    fn execute(&mut self, statement: u64, parameters: &Parameters) -> Result<Done, SqlError> {
        self.0.call(|state, open| {
            let number = state.number(open, statement)?;
            let setting = state.statements.get(&statement).map(|known| known.sql.clone()).filter(|sql| sets(sql));
            let setting = setting.map(|sql| state.setting(&sql, Some(parameters))).transpose()?;
            let done = open.session.execute(number, parameters)?;
            if let Some(setting) = setting {
                state.keep(open, setting);
            }
            Ok(done)
        })
    }

    fn execute_each(&mut self, statement: u64, parameters: &Parameters) -> Vec<Result<Done, SqlError>> {
        let each = self.0.call(|state, open| {
            let number = state.number(open, statement)?;
            Ok(open.session.execute_each(number, parameters))
        });
        each.unwrap_or_else(|error| vec![Err(error); parameters.rows])
    }

    fn execute_gathered(&mut self, statement: u64, rows: &Parameters) -> Option<Vec<Result<Done, SqlError>>> {
        let each = self.0.call(|state, open| {
            let number = state.number(open, statement)?;
            Ok(open.session.execute_gathered(number, rows))
        });
        // Their faults are told when they are run one by one.
        each.unwrap_or_else(|error| Some(if error.rolled_back { vec![Err(error)] } else { Vec::new() }))
    }

    fn forget(&mut self, statement: u64) {
        let mut state = self.0.state();
        state.statements.remove(&statement);
        if let Some(open) = &mut state.current
            && let Some(number) = open.numbers.remove(&statement)
        {
            open.session.forget(number);
        }
    }

    fn set(&mut self, sql: &str) -> Result<(), SqlError> {
        self.0.call(|state, open| {
            let setting = state.setting(sql, None)?;
            open.session.set(sql)?;
            state.keep(open, setting);
            Ok(())
        })
    }

    fn commit(&mut self) -> Result<(), SqlError> {
        self.0.end(|open| open.session.commit())
    }

    fn rollback(&mut self) -> Result<(), SqlError> {
        self.0.end(|open| open.session.rollback())
    }

    fn changed(&self) -> Option<bool> {
        self.0.changed()
    }

    fn interrupt(&self) -> Option<Interrupt> {
        let now = self.0.interrupt.clone();
        Some(Arc::new(move || {
            let interrupt = now.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some(interrupt) = interrupt {
                interrupt();
            }
        }))
    }

    fn rows_are_shared(&self) -> bool {
        self.0.state().shared_rows
    }

    fn appear_as(&mut self, catalog: &Catalog) {
        let mut state = self.0.state();
        state.catalog = Some(catalog.clone());
        if let Some(open) = &mut state.current {
            open.session.appear_as(catalog);
        }
    }

    fn database(&mut self) -> Result<Database, SqlError> {
        self.0.call(|_, open| open.session.database())
    }
}
