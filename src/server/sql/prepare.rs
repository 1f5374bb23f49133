//! Statements and sections: PRPSQLSTT puts a statement into a section, DSCSQLSTT describes it,
//! EXCSQLIMM runs one without a section, EXCSQLSET sets registers.

use super::catalog_call::CatalogCall;
use super::cursors::OpenCursor;
use super::describe;
use super::explain;
use super::jdbc_escape;
use super::limits;
use super::lob_locator;
use super::outcome::{announce_change, executed};
use super::parameter_array::ParameterArray;
use super::positioned;
use super::routine_call::RoutineCall;
use super::section::{Call, FilledSection, SectionStatement, not_prepared};
use super::session::SqlSession;
use super::special_register::Register;
use super::special_register_set::set_register;
use crate::server::backend::{Done, Parameters, Prepared};
use crate::server::environment::Environment;
use crate::server::error::SqlError;
use crate::server::persona::Persona;
use crate::server::protocol_error::{ProtocolError, Result, synerrcd};
use crate::server::request::{After, Replies};
use crate::wire::ddm::codepoint::{self as cp, CodePoint};
use crate::wire::ddm::object::Object;
use crate::wire::ddm::reply::Reply;
use crate::wire::sql::layout::{ServerClass, SqldaLayout};
use crate::wire::sql::package::holds;
use crate::wire::sql::prepare::{DscSqlStt, ExcSqlImm, PrpSqlStt, typsqlda};
use crate::wire::sql::sqlda::SqlDa;
use crate::wire::sql::sqlvar::SqlVar;
use crate::wire::sql::text;
use crate::wire::value::field::Field;
use std::borrow::Cow;
use std::sync::Arc;

/// The page of messages that are asked for.
const UTF8: u16 = 1208;
/// Sections that a connection may have filled at a time.
const SECTIONS: usize = 4096;
/// Bytes of a statement's text, which is Db2's limit, and of what stands around it in an SQLSTT.
const LONGEST: usize = 2_097_152;
const AROUND: usize = 6;
/// A prepared statement is so many times as long as its text, and takes so many bytes for each column and marker.
const COPIES: usize = 4;
const FIELD: usize = 256;

/// The attributes of a cursor: those in SQLATTR, and the one that its package has. (Measured: IBM's JDBC driver names
/// packages of its holdability and sends no attribute.)
#[derive(Debug, Clone, Copy, Default)]
struct CursorAttributes {
    held: bool,
    scrolls: bool,
    updates: bool,
}

impl CursorAttributes {
    fn of(attributes: &str, package: &str) -> CursorAttributes {
        let attributes = attributes.to_ascii_uppercase();
        let held = attributes.contains("WITH HOLD") || holds(package) && !attributes.contains("WITHOUT HOLD");
        let (scrolls, updates) = (attributes.contains("SCROLL"), attributes.contains("FOR UPDATE"));
        CursorAttributes { held, scrolls, updates }
    }
}

pub(super) fn prpsqlstt(
    sql: &mut SqlSession,
    env: &Environment,
    command: &PrpSqlStt,
    objects: &[Object],
    out: &mut Replies<'_>,
) -> Result<After> {
    let text = statement(env, objects)?;
    let attributes = statement_text(env, objects, cp::SQLATTR)?;
    let prepared = sql.section(&command.pkgnamcsn).and_then(|section| {
        // The statement before this one is gone, also where this one fails.
        sql.clear_section(&section);
        let (text, attributes) = (text?, attributes?);
        let cursor = CursorAttributes::of(&attributes.unwrap_or_default(), &section.1);
        fill(sql, env, &text, cursor).map(|filled| (section, filled))
    });
    let (section, filled) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => {
            out.reply(&Reply::new(cp::SQLERRRM).encode(env.text)?);
            sql.fail(env, &error, out)?;
            return Ok(if env.persona.goes_on { After::Next } else { After::Skip });
        }
    };
    if command.rtnsqlda == Some(true) {
        sqldard(env, &filled.statement.sqlda(command.typsqlda.unwrap_or_default(), &env.persona), out)?;
    } else {
        env.card(Some(&env.success(None)), out)?;
    }
    if sql.statements.len() >= SECTIONS {
        return Err(ProtocolError::reply(Reply::new(cp::RSCLMTRM)));
    }
    sql.statements.insert(section, filled);
    Ok(After::Next)
}

pub(super) fn dscsqlstt(
    sql: &mut SqlSession,
    env: &Environment,
    command: &DscSqlStt,
    out: &mut Replies<'_>,
) -> Result<After> {
    let found = sql.section(&command.pkgnamcsn).and_then(|section| {
        let statement = sql.statement(&section).ok_or_else(not_prepared)?;
        Ok(statement.sqlda(command.typsqlda.unwrap_or_default(), &env.persona))
    });
    match found {
        Ok(sqlda) => sqldard(env, &sqlda, out)?,
        Err(error) => sql.fail(env, &error, out)?,
    }
    Ok(After::Next)
}

pub(super) fn excsqlimm(
    sql: &mut SqlSession,
    env: &Environment,
    command: &ExcSqlImm,
    objects: &[Object],
    out: &mut Replies<'_>,
) -> Result<After> {
    let text = statement(env, objects)?;
    let prepared = sql.section(&command.pkgnamcsn).and_then(|_| {
        let text = text?;
        Ok((prepare(sql, env, &text, CursorAttributes::default())?, text))
    });
    let done = match prepared {
        Ok((SectionStatement::Prepared { prepared, columns, parameters, at_row, .. }, text)) => {
            let row = at_row.as_ref().map(|name| sql.cursors.named(name).and_then(OpenCursor::row_key)).transpose();
            let engine = sql.engine();
            let done = if !columns.is_empty() {
                Err(SqlError::new(-84, "42612", &[]))
            } else if !parameters.is_empty() {
                Err(SqlError::new(-313, "07001", &[]))
            } else {
                row.and_then(|row| engine.execute(prepared.statement, &Parameters::none().at_row(row)))
            };
            let done = match &at_row {
                Some(name) => done.and_then(|done| positioned::found(done, name)),
                None => done,
            };
            engine.forget(prepared.statement);
            if done.is_ok() && defines(&text) {
                announce_change(sql, env, out)?;
            }
            done
        }
        Ok((SectionStatement::ClientInfo(text), _)) => sql.engine().set(&text).map(|()| Done::default()),
        Ok((SectionStatement::Register(register), _)) => {
            return set_register(sql, env, register, &ParameterArray::none(), out);
        }
        Ok((SectionStatement::Routine(call), _)) => {
            let engine = sql.engine();
            let done = match call.prepared.parameters.is_empty() {
                true => engine.call(call.prepared.statement, &Parameters::none()).map(|called| called.changed),
                false => Err(SqlError::new(-313, "07001", &[])),
            };
            engine.forget(call.prepared.statement);
            if let Ok(true) = done {
                announce_change(sql, env, out)?;
            }
            done.map(|_| Done::default())
        }
        Ok((SectionStatement::Explain(_) | SectionStatement::Call(_) | SectionStatement::Catalog(_), _)) => {
            Err(SqlError::new(-313, "07001", &[]))
        }
        Err(error) => Err(error),
    };
    executed(sql, env, done, out)
}

pub(super) fn excsqlset(
    sql: &mut SqlSession,
    env: &Environment,
    objects: &[Object],
    out: &mut Replies<'_>,
) -> Result<After> {
    let typdef = env.typdef_of(objects)?;
    let mut done = Ok(());
    for object in objects.iter().filter(|o| o.cp == cp::SQLSTT) {
        done = match short(object) {
            Ok(()) => {
                let text = text::decode(&object.body, &typdef, env.sqlam)?;
                done.and(sql.engine().set(&text))
            }
            Err(error) => done.and(Err(error)),
        };
    }
    sql.conclude(env, done, out)
}

/// A statement for a section, as far as there is memory for it.
fn fill(
    sql: &mut SqlSession,
    env: &Environment,
    text: &str,
    cursor: CursorAttributes,
) -> std::result::Result<FilledSection, SqlError> {
    let statement = prepare(sql, env, text, cursor)?;
    let fields = match &statement {
        SectionStatement::Prepared { columns, parameters, .. } => columns.len() + parameters.len(),
        SectionStatement::Routine(call) => call.prepared.parameters.len(),
        _ => 0,
    };
    match sql.budget.lease(text.len() * COPIES + fields * FIELD) {
        Ok(lease) => Ok(FilledSection { statement, _lease: lease }),
        Err(full) => {
            match statement {
                SectionStatement::Prepared { prepared, .. } => sql.engine().forget(prepared.statement),
                SectionStatement::Routine(call) => sql.engine().forget(call.prepared.statement),
                _ => {}
            }
            Err(full)
        }
    }
}

/// Has the backend read a statement, and describes it in the persona's terms.
fn prepare(
    sql: &mut SqlSession,
    env: &Environment,
    text: &str,
    cursor: CursorAttributes,
) -> std::result::Result<SectionStatement, SqlError> {
    let persona = env.persona.as_ref();
    let text = if persona.escapes { jdbc_escape::resolved(text) } else { Cow::Borrowed(text) };
    let text = text.as_ref();
    // Its parameters are in UTF-8.
    if let Some(markers) = explain::markers(text).filter(|_| persona.typdef.mbc == UTF8) {
        return Ok(SectionStatement::Explain(markers));
    }
    if let Some(call) = Call::of(text).filter(|_| persona.calls) {
        return Ok(SectionStatement::Call(call));
    }
    if let Some(call) = CatalogCall::of(text) {
        return Ok(SectionStatement::Catalog(call));
    }
    if !persona.calls && sets_client_info(text) {
        return Ok(SectionStatement::ClientInfo(text.to_owned()));
    }
    if let Some(register) = Register::of(text).filter(|_| persona.session_data) {
        return Ok(SectionStatement::Register(register));
    }
    if lob_locator::is_free(text) {
        return Ok(SectionStatement::Call(Call::Release));
    }
    if RoutineCall::is_one(text) {
        return prepared_call(sql, text, persona).map(SectionStatement::Routine);
    }
    let (mut prepared, updatable, at_row) = read(sql, text, cursor)?;
    if updatable {
        prepared.columns = prepared.columns.map(|schema| Arc::new(positioned::without_key(&schema)));
    }
    if at_row.is_some() {
        prepared.parameters.pop();
    }
    let engine = sql.engine();
    let columns = match &prepared.columns {
        Some(schema) => describe::fields(schema, persona),
        None => Ok(Vec::new()),
    };
    let fields = prepared.parameters.iter().enumerate().map(|(i, f)| describe::field(f, i, persona));
    let parameters: std::result::Result<Vec<Field>, SqlError> = fields.collect();
    let described = columns.and_then(|columns| {
        let parameters = parameters?;
        limits::describable(&columns, parameters.len(), persona)?;
        Ok((columns, limits::nameable(parameters, persona)))
    });
    match described {
        Ok((columns, parameters)) => {
            let (CursorAttributes { held, scrolls, .. }, defines) = (cursor, defines(text));
            let gathers = at_row.is_none();
            Ok(SectionStatement::Prepared {
                prepared,
                columns,
                parameters,
                held,
                scrolls,
                updatable,
                at_row,
                defines,
                gathers,
            })
        }
        Err(error) => {
            engine.forget(prepared.statement);
            Err(error)
        }
    }
}

/// Has the engine read a CALL.
pub(super) fn prepared_call(
    sql: &mut SqlSession,
    text: &str,
    persona: &Persona,
) -> std::result::Result<RoutineCall, SqlError> {
    let prepared = sql.engine().prepare_call(text)?;
    let statement = prepared.statement;
    RoutineCall::of(prepared, persona).inspect_err(|_| sql.engine().forget(statement))
}

/// Has the engine read a statement; whether rows of its result can be changed where its cursor stands; the cursor for
/// whose row it is.
fn read(
    sql: &mut SqlSession,
    text: &str,
    cursor: CursorAttributes,
) -> std::result::Result<(Prepared, bool, Option<String>), SqlError> {
    if let Some((head, name)) = positioned::current_of(text) {
        let update = sql.cursors.named(&name)?.update.as_ref().map(|update| update.statement);
        let of = update.ok_or_else(|| SqlError::new(-510, "42828", &[&name]))?;
        return Ok((sql.engine().prepare_at_row(head, of)?, false, Some(name)));
    }
    if cursor.updates || positioned::is_for_update(text) {
        match sql.engine().prepare_updatable(text) {
            Ok(prepared) => return Ok((prepared, true, None)),
            Err(error) if error.rolled_back => return Err(error),
            // Its rows can be read all the same, or what is wrong with it is told.
            Err(_) => {}
        }
    }
    Ok((sql.engine().prepare(text)?, false, None))
}

fn sqldard(env: &Environment, sqlda: &SqlDa, out: &mut Replies<'_>) -> Result<()> {
    let layout = SqldaLayout::expected(env.sqlam, ServerClass::from_srvclsnm(env.persona.class));
    out.object(&sqlda.encode(env.sqlam, layout, &env.persona.typdef).map_err(ProtocolError::ours)?);
    Ok(())
}

/// The text of the statement that a command has to have.
fn statement(env: &Environment, objects: &[Object]) -> Result<std::result::Result<String, SqlError>> {
    let text = statement_text(env, objects, cp::SQLSTT)?.transpose();
    text.ok_or_else(|| ProtocolError::syntax(synerrcd::MISSING, Some(cp::SQLSTT)))
}

fn statement_text(
    env: &Environment,
    objects: &[Object],
    point: CodePoint,
) -> Result<std::result::Result<Option<String>, SqlError>> {
    let typdef = env.typdef_of(objects)?;
    let Some(object) = objects.iter().find(|o| o.cp == point) else { return Ok(Ok(None)) };
    match short(object) {
        Ok(()) => Ok(Ok(Some(text::decode(&object.body, &typdef, env.sqlam)?))),
        Err(error) => Ok(Err(error)),
    }
}

/// -101 for a text that is longer than a statement may be, before anybody reads it.
fn short(object: &Object) -> std::result::Result<(), SqlError> {
    if object.body.len() <= LONGEST + AROUND {
        return Ok(());
    }
    Err(SqlError::new(-101, "54001", &[&format!("a statement of more than {LONGEST} bytes")]))
}

impl SectionStatement {
    /// A kind of description (TYPSQLDA): odd ones are about the parameters, the last two extended.
    fn sqlda(&self, kind: u8, persona: &Persona) -> SqlDa {
        let input = kind & 1 == 1;
        let ours: Vec<Field>;
        let fields = match self {
            SectionStatement::Prepared { parameters, .. } if input => parameters.as_slice(),
            SectionStatement::Prepared { columns, .. } => columns.as_slice(),
            SectionStatement::Explain(markers) if input => return explain::parameters(*markers),
            SectionStatement::Call(call) if input => return call.parameters(),
            SectionStatement::Routine(call) if input => return call.parameters(),
            SectionStatement::Catalog(_) | SectionStatement::Register(_) if input => {
                let fields = match self {
                    SectionStatement::Catalog(call) => call.parameters(),
                    SectionStatement::Register(register) => register.parameters(),
                    _ => Vec::new(),
                };
                ours = fields.iter().enumerate().filter_map(|(i, f)| describe::field(f, i, persona).ok()).collect();
                ours.as_slice()
            }
            SectionStatement::Explain(_)
            | SectionStatement::Call(_)
            | SectionStatement::Routine(_)
            | SectionStatement::Catalog(_)
            | SectionStatement::Register(_)
            | SectionStatement::ClientInfo(_) => &[],
        };
        let mode = if input { describe::MODE_IN } else { describe::MODE_NONE };
        let extended = kind >= typsqlda::OUTPUT_EXTENDED;
        let mut columns: Vec<SqlVar> = fields.iter().map(|f| describe::sqlvar(f, extended.then_some(mode))).collect();
        if let (SectionStatement::Prepared { prepared: Prepared { columns: Some(schema), .. }, .. }, false) =
            (self, input)
        {
            columns.iter_mut().zip(schema.fields()).for_each(|(var, field)| describe::add_origin(var, field));
        }
        SqlDa { sqlca: None, header: None, columns }
    }
}

/// True for a statement that changes what there is in the database, not what stands in it.
fn defines(sql: &str) -> bool {
    let word = sql.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    let words = ["CREATE", "DROP", "ALTER", "RENAME", "COMMENT", "LABEL", "GRANT", "REVOKE", "TRUNCATE"];
    words.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// True for a call, without markers, of the procedure by which the registers of client information are
/// set at Db2 for i, and can be at the others.
fn sets_client_info(sql: &str) -> bool {
    let mut words = sql.split(|c: char| c.is_whitespace() || c == '(').filter(|word| !word.is_empty());
    let is = |word: Option<&str>, names: &[&str]| word.is_some_and(|w| names.iter().any(|n| w.eq_ignore_ascii_case(n)));
    is(words.next(), &["CALL"])
        && is(words.next(), &["SYSPROC.WLM_SET_CLIENT_INFO", "WLM_SET_CLIENT_INFO"])
        && !words.any(|word| word.trim_matches([',', ')']) == "?")
}
