//! The answering side of EXCSQLSTT: a prepared statement with its parameters, an array of them, a
//! static helper of SYSSTAT, or the call that explains an error.
//!
//! An array is atomic unless ATMIND says 1: all rows or none, answered by one SQLCARD with the rows
//! changed in all. Otherwise each row stands for itself and has an SQLCARD of its own, in order.
//! (Measured: what IBM's CLI and JDBC drivers take.)

use super::catalog_call::CatalogCall;
use super::catalog_procedure::catalog;
use super::cursors::OpenCursor;
use super::lob_derby::call_lob;
use super::outcome::{announce_change, executed, outcome};
use super::parameter_array::{ParameterArray, SingleRows};
use super::prepare::prepared_call;
use super::routine;
use super::routine_call::RoutineCall;
use super::section::{Section, SectionStatement, not_prepared};
use super::session::SqlSession;
use super::special_register_set::set_register;
use super::{explain, lob_sysstat, packages, positioned};
use crate::server::backend::Done;
use crate::server::environment::Environment;
use crate::server::error::SqlError;
use crate::server::protocol_error::{ProtocolError, Result};
use crate::server::request::{After, Replies};
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::object::Object;
use crate::wire::sql::execute::ExcSqlStt;

/// The outcomes of rows, one by one.
pub(super) type Answers = Vec<std::result::Result<Done, SqlError>>;

/// ATMIND: all rows or none, as without it; each row for itself.
const ATOMIC: u8 = 0;
const NOT_ATOMIC: u8 = 1;

pub(super) fn excsqlstt(
    sql: &mut SqlSession,
    env: &Environment,
    command: &ExcSqlStt,
    objects: &[Object],
    out: &mut Replies<'_>,
) -> Result<After> {
    let atomic = match command.atmind {
        None | Some(ATOMIC) => true,
        Some(NOT_ATOMIC) => false,
        Some(_) => return Err(ProtocolError::unsupported(cp::VALNSPRM, cp::ATMIND)),
    };
    let array = ParameterArray::read(sql, env, objects, command.nbrrow)?;
    if array.rows > 1 && !env.persona.arrays {
        return Err(ProtocolError::unsupported(cp::PRMNSPRM, cp::NBRROW));
    }
    if array.rows == 0 {
        return executed(sql, env, Ok(Done::default()), out);
    }
    // Not atomic: each row is answered, also where it is the statement that is wrong.
    let answers = if atomic { 1 } else { array.rows };
    let section = match sql.section(&command.pkgnamcsn) {
        Ok(section) => section,
        Err(error) => return refuse_rows(sql, env, &error, answers, out),
    };
    if let Some(name) = &command.prcnam {
        return match CatalogCall::by_name(name) {
            Ok(call) => catalog(sql, env, &call, command, &section, &array, out),
            Err(_) if array.rows > 1 => refuse_rows(sql, env, &one_row_only(), answers, out),
            Err(_) => by_name(sql, env, name, command, &section, &array, out),
        };
    }
    let (statement, defines, (row, at_row), parameters) = match sql.statement(&section) {
        Some(SectionStatement::Prepared { columns, .. }) if !columns.is_empty() => {
            return refuse_rows(sql, env, &SqlError::new(-84, "42612", &[]), answers, out);
        }
        Some(SectionStatement::Prepared { at_row: Some(_), .. }) if array.rows > 1 => {
            return refuse_rows(sql, env, &one_row_only(), answers, out);
        }
        Some(SectionStatement::Prepared { prepared, defines, at_row, .. }) => {
            let row = at_row.as_ref().map(|name| sql.cursors.named(name).and_then(OpenCursor::row_key)).transpose();
            let parameters = match atomic {
                true => array.parameters(&prepared.parameters)?.map(SingleRows::from),
                false => array.parameters_each(&prepared.parameters)?,
            };
            (prepared.statement, *defines, (row, at_row.clone()), parameters)
        }
        Some(_) if array.rows > 1 => return refuse_rows(sql, env, &one_row_only(), answers, out),
        _ if section.1 == packages::HELPERS => {
            return lob_sysstat::sysstat(sql, env, section.2, array.into_input(), out);
        }
        Some(SectionStatement::Explain(_)) => {
            out.object(&explain::answer(array.into_input(), &env.persona)?);
            return Ok(After::Next);
        }
        Some(SectionStatement::Call(call)) => return call_lob(sql, env, *call, array.into_input(), out),
        Some(SectionStatement::ClientInfo(text)) => {
            let text = text.clone();
            let done = sql.engine().set(&text).map(|()| Done::default());
            return executed(sql, env, done, out);
        }
        Some(SectionStatement::Register(register)) => {
            let register = register.clone();
            return set_register(sql, env, register, &array, out);
        }
        Some(SectionStatement::Catalog(call)) => {
            let call = call.clone();
            return catalog(sql, env, &call, command, &section, &array, out);
        }
        Some(SectionStatement::Routine(call)) => {
            let call = call.clone();
            return routine::call(sql, env, &call, command, &section, &array, out);
        }
        None => return refuse_rows(sql, env, &not_prepared(), answers, out),
    };
    let (row, SingleRows { good, mut bad }) = match row.and_then(|row| Ok((row, parameters?))) {
        Ok(ready) => ready,
        Err(error) => return refuse_rows(sql, env, &error, answers, out),
    };
    let good = if bad.is_empty() { good.at_row(row) } else { good };
    let found = |done| match &at_row {
        Some(name) => positioned::found(done, name),
        None => Ok(done),
    };
    if atomic {
        let done = sql.engine().execute(statement, &good).and_then(found);
        if defines && done.is_ok() {
            announce_change(sql, env, out)?;
        }
        return executed(sql, env, done, out);
    }
    let done = sql.engine().execute_each(statement, &good);
    if done.len() != good.rows {
        return Err(ProtocolError::ours("the engine answered for another number of rows"));
    }
    let mut done = done.into_iter().map(|done| done.and_then(found));
    let all = (0..array.rows).filter_map(|row| bad.remove(&row).map(Err).or_else(|| done.next())).collect();
    executed_each(sql, env, all, out)
}

/// Calls a procedure of the engine's by its name.
fn by_name(
    sql: &mut SqlSession,
    env: &Environment,
    name: &str,
    command: &ExcSqlStt,
    section: &Section,
    array: &ParameterArray,
    out: &mut Replies<'_>,
) -> Result<After> {
    let call = match prepared_call(sql, &RoutineCall::text(name.trim(), array.columns()), &env.persona) {
        Ok(call) => call,
        Err(error) => return sql.conclude(env, Err(error), out),
    };
    let answered = routine::call(sql, env, &call, command, section, array, out);
    sql.engine().forget(call.prepared.statement);
    answered
}

/// The same error for each of some rows.
fn refuse_rows(
    sql: &mut SqlSession,
    env: &Environment,
    error: &SqlError,
    rows: usize,
    out: &mut Replies<'_>,
) -> Result<After> {
    sql.fail(env, error, out)?;
    for _ in 1..rows {
        env.card(Some(&env.sqlca(error)), out)?;
    }
    Ok(After::Next)
}

/// Tells what became of the rows of an array that is not atomic: an SQLCARD for each. Where the
/// transaction is gone, no row is in.
fn executed_each(sql: &mut SqlSession, env: &Environment, done: Answers, out: &mut Replies<'_>) -> Result<After> {
    let gone = done.iter().find_map(|row| row.as_ref().err().filter(|e| e.rolled_back));
    if let Some(gone) = gone {
        return refuse_rows(sql, env, gone, done.len(), out);
    }
    if done.iter().flatten().any(|done| done.count.is_some()) {
        announce_change(sql, env, out)?;
    }
    done.iter().filter_map(|row| row.as_ref().err()).for_each(|error| sql.note(error));
    for row in &done {
        let sqlca = match row {
            Ok(done) => outcome(env, done),
            Err(error) => env.sqlca(error),
        };
        env.card(Some(&sqlca), out)?;
    }
    Ok(After::Next)
}

/// -270: an array of rows is not for this statement.
fn one_row_only() -> SqlError {
    SqlError::new(-270, "42997", &["1"])
}
