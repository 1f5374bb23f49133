//! The answering side of a query: OPNQRY opens it, CNTQRY continues it, CLSQRY closes it. Rows with large objects go
//! out only when asked for by CNTQRY: the requester may want locators in their place (OUTOVR).

use super::blocks::{Progress, RowSender, check_block_size, end_of_data};
use super::cursors::{CursorId, OpenCursor};
use super::describe;
use super::lob_locator;
use super::meter::Meter;
use super::outcome::announce_change;
use super::parameter_array::ParameterArray;
use super::positioned::{self, UpdatableCursor};
use super::scroll;
use super::scroll_rows::ScrollRows;
use super::section::{Section, SectionStatement, not_prepared};
use super::session::SqlSession;
use crate::server::backend::Rows;
use crate::server::environment::Environment;
use crate::server::error::SqlError;
use crate::server::protocol_error::{ProtocolError, Result};
use crate::server::request::{After, Replies};
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::object::Object;
use crate::wire::ddm::reply::Reply;
use crate::wire::fdoca::descriptor;
use crate::wire::sql::query::{ClsQry, CntQry, OpnQry, OpnQryRm, rtnextdta};

/// QRYATTSNS: changes made later do not show.
const INSENSITIVE: u8 = 1;
/// The same of a cursor whose rows can be changed where it stands. (Measured: Derby.)
const SENSITIVE: u8 = 2;
/// QRYATTUPD: what becomes of rows where the cursor stands.
const READ_ONLY: u8 = 1;
const UPDATE: u8 = 4;
/// QRYCLSIMP: the requester closes.
const NOT_CLOSED: u8 = 2;

pub(super) fn opnqry(
    sql: &mut SqlSession,
    env: &Environment,
    command: &OpnQry,
    objects: &[Object],
    out: &mut Replies<'_>,
) -> Result<After> {
    check_block_size(command.qryblksz)?;
    let opened = match sql.section(&command.pkgnamcsn) {
        Ok(section) => {
            // Before anything is asked of the engine: it must not be at work for a query that nobody keeps.
            sql.cursors.remove_ended(&section);
            sql.cursors.check_room()?;
            let dynamic = command.dyndtafmt == Some(true);
            open(sql, env, &section, objects, dynamic)?.map(|cursor| (section, cursor))
        }
        Err(error) => Err(error),
    };
    let (section, mut cursor) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            // IBM's and Derby's drivers take the message that the unit of work is gone in place of this one, not after it.
            if !error.rolled_back {
                out.reply(&env.database_reply(cp::OPNQFLRM).encode(env.text)?);
            }
            if env.persona.goes_on && error == not_prepared() {
                // Derby tells of the failed prepare once, and of the open nothing more.
                env.card(Some(&env.success(None)), out)?;
            } else {
                sql.fail(env, &error, out)?;
            }
            return Ok(After::Next);
        }
    };
    cursor.closes = command.qryclsimp != Some(NOT_CLOSED);
    if command.qryblkctl == Some(cp::FRCFIXROW) {
        cursor.fixed = true;
    }
    let id = sql.cursors.new_id(section);
    let (scrolls, updatable) = (cursor.scroll.is_some(), cursor.update.is_some());
    let opened = OpnQryRm {
        qryattscr: scrolls.then_some(true),
        qryattsns: scrolls.then_some(if updatable { SENSITIVE } else { INSENSITIVE }),
        qryattupd: Some(if updatable { UPDATE } else { READ_ONLY }),
        ..OpnQryRm::read_only(cursor.fixed, cursor.held, id.1)
    };
    if cursor.changed.is_some() {
        announce_change(sql, env, out)?;
    }
    out.reply(&opened.encode(env.text).map_err(ProtocolError::ours)?);
    if cursor.changed.is_some() {
        // Measured: IBM's JDBC driver takes the number of rows from here.
        env.card(Some(&env.success(cursor.changed)), out)?;
    }
    let described = descriptor::encode_result(cursor.rows.fields(), &env.persona.typdef);
    out.data(cp::QRYDSC, &described.map_err(ProtocolError::ours)?);
    let mut sender = RowSender { env, locators: &mut sql.locators, out, failed: None };
    let progress = match command.qryrowset {
        _ if cursor.fixed => Progress::Open,
        Some(rows) if scrolls && rows > 0 => {
            scroll::first_rows(&mut sender, &mut cursor, command.qryblksz, rows)?;
            Progress::Open
        }
        _ if scrolls => Progress::Open,
        _ => sender.blocks(&mut cursor, command.qryblksz, command.maxblkext)?,
    };
    let failed = sender.failed;
    match progress {
        Progress::Over(error) => end_query(sql, env, error, out),
        Progress::Open => {
            stays(sql, id, cursor, failed.as_ref());
            Ok(After::Next)
        }
    }
}

pub(super) fn cntqry(
    sql: &mut SqlSession,
    env: &Environment,
    command: &CntQry,
    objects: &[Object],
    out: &mut Replies<'_>,
) -> Result<After> {
    check_block_size(command.qryblksz)?;
    let id = sql.cursors.find(&command.pkgnamcsn, command.qryinsid)?;
    sql.cursors.settle(Some(&id), None);
    let cursor = sql.cursors.get(&id)?;
    if let Some(outovr) = objects.iter().find(|o| o.cp == cp::OUTOVR) {
        cursor.wanted = lob_locator::wanted(&outovr.body, cursor.rows.fields())?;
    }
    if let Some(update) = &mut cursor.update {
        update.waits = false;
    }
    let mut sender = RowSender { env, locators: &mut sql.locators, out, failed: None };
    let progress = if cursor.scroll.is_some() {
        scroll::rows(&mut sender, cursor, command)?;
        Progress::Open
    } else if cursor.fixed {
        let most = match command.rtnextdta {
            // A row that is changed is the one that was sent last: a cursor that only goes on cannot step back to it.
            _ if cursor.update.is_some() => 1,
            Some(rtnextdta::ALL) => usize::MAX,
            _ => command.qryrowset.or(command.nbrrow).map_or(1, |n| n as usize),
        };
        sender.whole_rows(cursor, command.qryblksz, most.max(1))?
    } else {
        sender.blocks(cursor, command.qryblksz, command.maxblkext)?
    };
    let failed = sender.failed;
    match progress {
        Progress::Over(error) => {
            sql.cursors.remove(&id);
            end_query(sql, env, error, out)
        }
        Progress::Open => {
            if failed.is_some()
                && let Some(cursor) = sql.cursors.remove(&id)
            {
                stays(sql, id, cursor, failed.as_ref());
            }
            Ok(After::Next)
        }
    }
}

/// Keeps a query open. One that has told an error in the place of a row can be closed yet, whatever that error has ended.
fn stays(sql: &mut SqlSession, id: CursorId, mut cursor: OpenCursor, failed: Option<&SqlError>) {
    if failed.is_some_and(|error| sql.undo(error))
        && let Some(update) = &mut cursor.update
    {
        update.waits = true;
    }
    sql.cursors.insert(id, cursor);
}

pub(super) fn clsqry(
    sql: &mut SqlSession,
    env: &Environment,
    command: &ClsQry,
    out: &mut Replies<'_>,
) -> Result<After> {
    let id = sql.cursors.find(&command.pkgnamcsn, command.qryinsid)?;
    sql.cursors.close(&id);
    sql.conclude(env, Ok(()), out)
}

/// Runs the query of a section. With `dynamic` its large values are in the dynamic data format.
fn open(
    sql: &mut SqlSession,
    env: &Environment,
    section: &Section,
    objects: &[Object],
    dynamic: bool,
) -> Result<std::result::Result<OpenCursor, SqlError>> {
    let array = ParameterArray::one_row(sql, env, objects)?;
    let Some(SectionStatement::Prepared { prepared, columns, held, scrolls, updatable, .. }) = sql.statement(section)
    else {
        return Ok(Err(not_prepared()));
    };
    if columns.is_empty() {
        // No query: the cursor has none as its statement.
        return Ok(Err(SqlError::new(-517, "07005", &[&format!("SQL_CUR{}", section.2)])));
    }
    let parameters = match array.parameters(&prepared.parameters)? {
        Ok(parameters) => parameters,
        Err(error) => return Ok(Err(error)),
    };
    let (statement, mut columns, held, scrolls) = (prepared.statement, columns.clone(), *held, *scrolls);
    let updatable = *updatable;
    if dynamic {
        columns.iter_mut().for_each(describe::make_dynamic);
    }
    let none: fn() -> Rows = || Box::new(std::iter::empty());
    let engine = sql.engine();
    let (rows, shared) = (engine.query(statement, &parameters), engine.rows_are_shared());
    let changed = engine.rows_changed();
    Ok(rows.map(|rows| {
        let meter = Meter::new(&sql.budget, shared);
        let (rows, update) = if updatable {
            let (rows, keys) = positioned::keyed(rows, scrolls);
            (rows, Some(UpdatableCursor { statement, keys, waits: false }))
        } else {
            (rows, None)
        };
        let mut cursor = if scrolls {
            OpenCursor::new(columns, none(), Some(ScrollRows::new(rows, meter)), held, None)
        } else {
            OpenCursor::new(columns, rows, None, held, Some(meter))
        };
        cursor.fixed |= updatable;
        cursor.update = update;
        cursor.changed = changed;
        cursor
    }))
}

/// ENDQRYRM and its SQLCARD, of an error or of the end of data.
pub(super) fn end_query(
    sql: &mut SqlSession,
    env: &Environment,
    error: Option<SqlError>,
    out: &mut Replies<'_>,
) -> Result<After> {
    out.reply(&Reply::new(cp::ENDQRYRM).encode(env.text)?);
    match error {
        Some(error) => sql.fail(env, &error, out)?,
        None => env.card(Some(&env.sqlca(&end_of_data())), out)?,
    }
    Ok(After::Next)
}
