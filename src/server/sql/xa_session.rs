//! The engine's sessions of a connection that takes part in global transactions. Its work goes to one of them at a time:
//! a branch takes the session along in which it was begun, from connection to connection, and the connection gets
//! another one. Statements that the requester has prepared are there in each of them, read anew where they are needed.

use crate::server::backend::{Backend, ConnectError, Done, Interrupt, Login, Parameters, Prepared, Rows, Session};
use crate::server::budget::Budget;
use crate::server::catalog::database::Database;
use crate::server::catalog::view::Catalog;
use crate::server::error::SqlError;
use arrow_schema::{Field, SchemaRef};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// SET statements that are said again to each session.
const SETTINGS: usize = 256;

/// A session of the engine, with the numbers that it has for the statements of a connection.
pub(super) struct OpenSession {
    pub(super) session: Box<dyn Session>,
    connection: u64,
    numbers: HashMap<u64, u64>,
}

/// A statement that the requester has prepared.
struct Statement {
    sql: String,
    columns: Option<SchemaRef>,
    parameters: Vec<Field>,
}

/// A statement that changes the session, in the order in which they came.
#[derive(Clone, PartialEq, Eq)]
struct Setting {
    sql: String,
    /// By `Session::set`.
    by_driver: bool,
}

struct State {
    connection: u64,
    backend: Arc<dyn Backend>,
    login: Login,
    budget: Option<Budget>,
    catalog: Option<Catalog>,
    shared_rows: bool,
    current: Option<OpenSession>,
    statements: HashMap<u64, Statement>,
    next: u64,
    settings: Vec<Setting>,
    /// The branch is gone, and the requester does not know it yet.
    refuses: bool,
}

/// The way to change the session that a connection works with.
#[derive(Clone)]
pub(super) struct Switch {
    state: Arc<Mutex<State>>,
    interrupt: Arc<Mutex<Option<Interrupt>>>,
}

/// The sessions as one.
pub(super) struct SwitchedSession(Switch);

/// A connection's sessions, `first` for now, and the way to change it.
pub(super) fn switched(
    first: Box<dyn Session>,
    connection: u64,
    backend: Arc<dyn Backend>,
    login: Login,
) -> (SwitchedSession, Switch) {
    let interrupt = Arc::new(Mutex::new(first.interrupt()));
    let shared_rows = first.rows_are_shared();
    let state = State {
        connection,
        backend,
        login,
        budget: None,
        catalog: None,
        shared_rows,
        current: Some(OpenSession { session: first, connection, numbers: HashMap::new() }),
        statements: HashMap::new(),
        next: 0,
        settings: Vec::new(),
        refuses: false,
    };
    let switch = Switch { state: Arc::new(Mutex::new(state)), interrupt };
    (SwitchedSession(switch.clone()), switch)
}

impl Switch {
    /// Takes the session away; the next call gets another one. None where none was needed yet.
    pub(super) fn take(&self) -> Option<OpenSession> {
        self.set_interrupt(None);
        self.state().current.take()
    }

    /// Works with this session from now on, where there is one.
    pub(super) fn put(&self, session: Option<OpenSession>) {
        let Some(mut open) = session else { return };
        let mut state = self.state();
        // Another connection's statements mean nothing here, and some may be forgotten.
        let own = open.connection == state.connection;
        let gone: Vec<u64> =
            open.numbers.keys().copied().filter(|ours| !own || !state.statements.contains_key(ours)).collect();
        for theirs in gone.iter().filter_map(|ours| open.numbers.remove(ours)) {
            open.session.forget(theirs);
        }
        open.connection = state.connection;
        self.set_interrupt(open.session.interrupt());
        state.current = Some(open);
    }

    /// The same, where there is no other.
    pub(super) fn put_back(&self, session: Option<OpenSession>) {
        let empty = self.state().current.is_none();
        if empty {
            self.put(session);
        }
    }

    /// Whether the transaction has changed something, as far as the engine knows.
    pub(super) fn changed(&self) -> Option<bool> {
        self.state().current.as_ref().map_or(Some(false), |open| open.session.changed())
    }

    /// From now on every call is refused, or no longer.
    pub(super) fn refuse(&self, refuses: bool) {
        self.state().refuses = refuses;
    }

    fn set_interrupt(&self, interrupt: Option<Interrupt>) {
        *self.interrupt.lock().unwrap_or_else(PoisonError::into_inner) = interrupt;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls the session of now. One is opened first if there is none.
    fn call<T>(&self, call: impl FnOnce(&mut State, &mut OpenSession) -> Result<T, SqlError>) -> Result<T, SqlError> {
        let mut state = self.state();
        if state.refuses {
            // -918: the transaction is gone; the requester has to end it before anything else.
            return Err(SqlError::new(-918, "51021", &[]));
        }
        let mut open = match state.current.take() {
            Some(open) => open,
            None => {
                let open = state.open()?;
                self.set_interrupt(open.session.interrupt());
                open
            }
        };
        let done = call(&mut state, &mut open);
        state.current = Some(open);
        done
    }
}

impl State {
    /// Another session, which is told what the others were.
    fn open(&self) -> Result<OpenSession, SqlError> {
        let mut session = self.backend.connect(&self.login).map_err(|error| match error {
            ConnectError::Failed(error) => error,
            other => SqlError::system(&other.to_string()),
        })?;
        if let Some(budget) = &self.budget {
            session.hold(budget);
        }
        if let Some(catalog) = &self.catalog {
            session.appear_as(catalog);
        }
        for Setting { sql, by_driver } in &self.settings {
            if *by_driver {
                session.set(sql)?;
            } else {
                let prepared = session.prepare(sql)?;
                let done = session.execute(prepared.statement, &Parameters::none());
                session.forget(prepared.statement);
                done?;
            }
        }
        Ok(OpenSession { session, connection: self.connection, numbers: HashMap::new() })
    }

    /// The number of a statement in a session. -518 where it is another statement there: its tables have changed.
    fn number(&self, open: &mut OpenSession, statement: u64) -> Result<u64, SqlError> {
        let not_prepared = || SqlError::new(-518, "07003", &[]);
        let known = self.statements.get(&statement).ok_or_else(not_prepared)?;
        if let Some(number) = open.numbers.get(&statement) {
            return Ok(*number);
        }
        let prepared = open.session.prepare(&known.sql)?;
        if prepared.columns != known.columns || prepared.parameters != known.parameters {
            open.session.forget(prepared.statement);
            return Err(not_prepared());
        }
        open.numbers.insert(statement, prepared.statement);
        Ok(prepared.statement)
    }

    /// Keeps a SET in mind for sessions to come.
    fn keep(&mut self, sql: &str, by_driver: bool) {
        let setting = Setting { sql: sql.to_owned(), by_driver };
        self.settings.retain(|other| *other != setting);
        self.settings.push(setting);
    }

    /// -101 where no more of them can be kept.
    fn check_room(&self, sql: &str) -> Result<(), SqlError> {
        let known = self.settings.len() < SETTINGS || self.settings.iter().any(|setting| setting.sql == sql);
        if known { Ok(()) } else { Err(SqlError::new(-101, "54001", &[])) }
    }
}

/// True for a statement that sets something of the session.
fn sets(sql: &str) -> bool {
    sql.split_whitespace().next().is_some_and(|word| word.eq_ignore_ascii_case("SET"))
}

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
            state.next += 1;
            open.numbers.insert(state.next, prepared.statement);
            let (columns, parameters) = (prepared.columns.clone(), prepared.parameters.clone());
            state.statements.insert(state.next, Statement { sql: sql.to_owned(), columns, parameters });
            Ok(Prepared { statement: state.next, ..prepared })
        })
    }

    fn query(&mut self, statement: u64, parameters: &Parameters) -> Result<Rows, SqlError> {
        self.0.call(|state, open| {
            let number = state.number(open, statement)?;
            open.session.query(number, parameters)
        })
    }

    fn execute(&mut self, statement: u64, parameters: &Parameters) -> Result<Done, SqlError> {
        self.0.call(|state, open| {
            let number = state.number(open, statement)?;
            let setting = state.statements.get(&statement).map(|known| known.sql.clone()).filter(|sql| sets(sql));
            setting.as_ref().map_or(Ok(()), |sql| state.check_room(sql))?;
            let done = open.session.execute(number, parameters)?;
            if let Some(sql) = setting {
                state.keep(&sql, false);
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
        // What is wrong is told when they are run one by one.
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
            state.check_room(sql)?;
            open.session.set(sql)?;
            state.keep(sql, true);
            Ok(())
        })
    }

    fn commit(&mut self) -> Result<(), SqlError> {
        self.0.call(|_, open| open.session.commit())
    }

    fn rollback(&mut self) -> Result<(), SqlError> {
        self.0.call(|_, open| open.session.rollback())
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
