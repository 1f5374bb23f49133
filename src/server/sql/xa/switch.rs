//! The engine's sessions of a connection that takes part in global transactions. Its work goes to one of them at a time:
//! a branch takes the session along in which it was begun, from connection to connection, and the connection gets
//! another one. Statements that the requester has prepared are there in each of them, read anew where they are needed.

use crate::server::backend::{Backend, ConnectError, Interrupt, Login, Parameters, Prepared, PreparedCall, Session};
use crate::server::budget::{Budget, Lease};
use crate::server::catalog::view::Catalog;
use crate::server::error::SqlError;
use arrow_schema::{Field, SchemaRef};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// SET statements that are said again to each session.
const SETTINGS: usize = 256;
/// Bytes of such a statement.
const SETTING: usize = 32 << 10;
/// Bytes of the statements that stay prepared in a session while it is away with a branch, each with what it takes beside its
/// text.
const AWAY: usize = 8 << 10;
const STATEMENT: usize = 256;

/// A session of the engine, with the numbers that it has for the statements of a connection.
pub(super) struct OpenSession {
    pub(super) session: Box<dyn Session>,
    connection: u64,
    /// The connection that has opened it.
    origin: u64,
    /// The connection whose settings it has, and which of them.
    settings: (u64, u64),
    pub(super) numbers: HashMap<u64, u64>,
}

impl OpenSession {
    /// Forgets statements of the connection.
    fn forget(&mut self, statements: &[u64]) {
        for theirs in statements.iter().filter_map(|ours| self.numbers.remove(ours)) {
            self.session.forget(theirs);
        }
    }
}

/// A statement that the requester has prepared.
pub(super) struct Statement {
    pub(super) sql: String,
    kind: Kind,
    columns: Option<SchemaRef>,
    parameters: Vec<Field>,
}

/// How a statement is read.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Plain,
    Updatable,
    /// For a row of this query.
    AtRow(u64),
    /// A CALL.
    Call,
}

/// A statement that changes the session, in the order in which they came.
pub(super) struct Setting {
    sql: String,
    register: String,
    /// None: by `Session::set`.
    parameters: Option<Parameters>,
    _lease: Option<Lease>,
}

/// The words of a connection for each of its sessions, and the one that it works with.
pub(super) struct State {
    connection: u64,
    backend: Arc<dyn Backend>,
    login: Login,
    pub(super) budget: Option<Budget>,
    pub(super) catalog: Option<Catalog>,
    pub(super) shared_rows: bool,
    pub(super) current: Option<OpenSession>,
    pub(super) statements: HashMap<u64, Statement>,
    next: u64,
    settings: Vec<Setting>,
    /// Of the settings.
    version: u64,
    /// The branch is gone, and the requester does not know it yet.
    refuses: bool,
}

/// The way to change the session that a connection works with.
#[derive(Clone)]
pub(super) struct Switch {
    state: Arc<Mutex<State>>,
    pub(super) interrupt: Arc<Mutex<Option<Interrupt>>>,
}

impl Switch {
    /// The way to change the sessions of a connection, which works with `first` for now.
    pub(super) fn new(first: Box<dyn Session>, connection: u64, backend: Arc<dyn Backend>, login: Login) -> Switch {
        let interrupt = Arc::new(Mutex::new(first.interrupt()));
        let shared_rows = first.rows_are_shared();
        let state = State {
            connection,
            backend,
            login,
            budget: None,
            catalog: None,
            shared_rows,
            current: Some(OpenSession {
                session: first,
                connection,
                origin: connection,
                settings: (connection, 0),
                numbers: HashMap::new(),
            }),
            statements: HashMap::new(),
            next: 0,
            settings: Vec::new(),
            version: 0,
            refuses: false,
        };
        Switch { state: Arc::new(Mutex::new(state)), interrupt }
    }

    /// Takes the session away; the next call gets another one. None where none was needed yet.
    pub(super) fn take(&self) -> Option<OpenSession> {
        self.set_interrupt(None);
        self.state().current.take()
    }

    /// Takes the session away with a branch. Nobody can say how long that will be: of its statements a few stay, the latest,
    /// and others are prepared again when it comes back and they are run.
    pub(super) fn leave(&self) -> Option<OpenSession> {
        let mut open = self.take()?;
        let state = self.state();
        let mut ours: Vec<u64> = open.numbers.keys().copied().collect();
        ours.sort_unstable_by(|a, b| b.cmp(a));
        let mut taken = 0;
        ours.retain(|number| {
            taken += state.statements.get(number).map_or(AWAY, |known| STATEMENT + known.sql.len());
            taken > AWAY
        });
        open.forget(&ours);
        Some(open)
    }

    /// Works with this session from now on, where there is one.
    pub(super) fn put(&self, session: Option<OpenSession>) {
        let Some(mut open) = session else { return };
        let mut state = self.state();
        // Another connection's statements mean nothing here, and some may be forgotten.
        let own = open.connection == state.connection;
        let gone: Vec<u64> =
            open.numbers.keys().copied().filter(|ours| !own || !state.statements.contains_key(ours)).collect();
        open.forget(&gone);
        open.connection = state.connection;
        if let Some(budget) = &state.budget {
            open.session.hold(budget);
        }
        self.set_interrupt(open.session.interrupt());
        state.current = Some(open);
    }

    /// The same for local work, where there is no other. A session of another connection is not for that.
    pub(super) fn put_back(&self, session: Option<OpenSession>) {
        let (empty, connection) = {
            let state = self.state();
            (state.current.is_none(), state.connection)
        };
        if empty {
            self.put(session.filter(|open| open.origin == connection));
        }
    }

    /// Whether the transaction has changed something, as far as the engine knows.
    pub(super) fn changed(&self) -> Option<bool> {
        self.state().current.as_ref().map_or(Some(false), |open| open.session.changed())
    }

    /// The error with which the engine has rolled its transaction back, as long as it was not told.
    pub(super) fn lost(&self) -> Option<SqlError> {
        self.state().current.as_ref().and_then(|open| open.session.lost())
    }

    /// From now on every call is refused, or no longer.
    pub(super) fn refuse(&self, refuses: bool) {
        self.state().refuses = refuses;
    }

    fn set_interrupt(&self, interrupt: Option<Interrupt>) {
        *self.interrupt.lock().unwrap_or_else(PoisonError::into_inner) = interrupt;
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the transaction of the session of now, which needs no settings for that. Without a session there is nothing
    /// to end.
    pub(super) fn end(&self, end: impl FnOnce(&mut OpenSession) -> Result<(), SqlError>) -> Result<(), SqlError> {
        let mut state = self.state();
        if state.refuses {
            return Err(refused());
        }
        state.current.as_mut().map_or(Ok(()), end)
    }

    /// Calls the session of now. Where there is no session, one is opened first.
    pub(super) fn call<T>(
        &self,
        call: impl FnOnce(&mut State, &mut OpenSession) -> Result<T, SqlError>,
    ) -> Result<T, SqlError> {
        let mut state = self.state();
        if state.refuses {
            return Err(refused());
        }
        let mut open = match state.current.take() {
            Some(open) => open,
            None => {
                let open = state.open()?;
                self.set_interrupt(open.session.interrupt());
                open
            }
        };
        let done = state.set_again(&mut open).and_then(|()| call(&mut state, &mut open));
        state.current = Some(open);
        done
    }
}

/// -918: the transaction is gone; the requester has to end it before anything else.
fn refused() -> SqlError {
    SqlError::new(-918, "51021", &[])
}

impl State {
    /// Another session.
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
        let (connection, origin) = (self.connection, self.connection);
        Ok(OpenSession { session, connection, origin, settings: (connection, 0), numbers: HashMap::new() })
    }

    /// Tells a session the settings of this connection that it has not, and no other ones.
    fn set_again(&self, open: &mut OpenSession) -> Result<(), SqlError> {
        let now = (self.connection, self.version);
        if open.settings == now {
            return Ok(());
        }
        let session = &mut open.session;
        if open.settings.0 != self.connection {
            session.reset()?;
        }
        for Setting { sql, parameters, .. } in &self.settings {
            let Some(parameters) = parameters else {
                session.set(sql)?;
                continue;
            };
            let prepared = session.prepare(sql)?;
            let done = session.execute(prepared.statement, parameters);
            session.forget(prepared.statement);
            done?;
        }
        open.settings = now;
        Ok(())
    }

    /// The number of a statement in a session. -518 where it is another statement there: its tables have changed.
    pub(super) fn number(&self, open: &mut OpenSession, statement: u64) -> Result<u64, SqlError> {
        let not_prepared = || SqlError::new(-518, "07003", &[]);
        let known = self.statements.get(&statement).ok_or_else(not_prepared)?;
        if let Some(number) = open.numbers.get(&statement) {
            return Ok(*number);
        }
        let prepared = match known.kind {
            Kind::Plain => open.session.prepare(&known.sql)?,
            Kind::Updatable => open.session.prepare_updatable(&known.sql)?,
            Kind::Call => as_statement(&open.session.prepare_call(&known.sql)?),
            Kind::AtRow(of) => {
                let of = self.number(open, of)?;
                open.session.prepare_at_row(&known.sql, of)?
            }
        };
        if prepared.columns != known.columns || prepared.parameters != known.parameters {
            open.session.forget(prepared.statement);
            return Err(not_prepared());
        }
        open.numbers.insert(statement, prepared.statement);
        Ok(prepared.statement)
    }

    /// Keeps a statement in mind that the requester has prepared.
    pub(super) fn know(&mut self, open: &mut OpenSession, sql: &str, kind: Kind, prepared: Prepared) -> Prepared {
        self.next += 1;
        open.numbers.insert(self.next, prepared.statement);
        let (columns, parameters) = (prepared.columns.clone(), prepared.parameters.clone());
        self.statements.insert(self.next, Statement { sql: sql.to_owned(), kind, columns, parameters });
        Prepared { statement: self.next, ..prepared }
    }

    /// Keeps a SET in mind for other sessions, in the place of one of the same register.
    pub(super) fn keep(&mut self, open: &mut OpenSession, setting: Setting) {
        let is_current = open.settings == (self.connection, self.version);
        self.settings.retain(|other| other.register != setting.register);
        self.settings.push(setting);
        self.version += 1;
        if is_current {
            open.settings.1 = self.version;
        }
    }

    /// The form in which a SET is kept once it is done. -101 where it is too long, or no more of them can
    /// be kept, -289 without memory.
    pub(super) fn setting(&self, sql: &str, parameters: Option<&Parameters>) -> Result<Setting, SqlError> {
        if sql.len() > SETTING {
            let text = format!("a SET of {} bytes; in global transactions it has at most {SETTING}", sql.len());
            return Err(SqlError::new(-101, "54001", &[&text]));
        }
        let register = register(sql);
        let replaces = || self.settings.iter().any(|setting| setting.register == register);
        if self.settings.len() >= SETTINGS && !replaces() {
            return Err(SqlError::new(-101, "54001", &[]));
        }
        let values = parameters.map_or(0, |p| p.columns.iter().map(|column| column.get_array_memory_size()).sum());
        let lease = self.budget.as_ref().map(|budget| budget.lease(2 * sql.len() + values)).transpose()?;
        Ok(Setting { sql: sql.to_owned(), register, parameters: parameters.cloned(), _lease: lease })
    }
}

/// A CALL as a statement that is no query.
pub(super) fn as_statement(call: &PreparedCall) -> Prepared {
    let parameters = call.parameters.iter().map(|(_, field)| field.clone()).collect();
    Prepared { statement: call.statement, columns: None, parameters }
}

/// The words of a SET before its value; the whole text where it may set several things.
fn register(sql: &str) -> String {
    let values = ['=', '\'', '"', '?'];
    let (words, valued) = match sql.find(values) {
        _ if sql.contains(',') || !sets(sql) => return sql.to_owned(),
        Some(value) => (sql.get(..value).unwrap_or(sql), true),
        None => (sql, false),
    };
    let words: Vec<String> = words.split_whitespace().map(str::to_uppercase).collect();
    let named = if valued { words.len() } else { words.len().saturating_sub(1) };
    words.get(..named).unwrap_or_default().join(" ")
}

/// True for a statement that sets something of the session.
pub(super) fn sets(sql: &str) -> bool {
    sql.split_whitespace().next().is_some_and(|word| word.eq_ignore_ascii_case("SET"))
}
