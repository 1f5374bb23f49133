//! The answer to a call: RSLSETRM with the section of each result set, SQLCARD or SQLDTARD, SQLRSLRD; then for each set
//! OPNQRYRM, SQLCINRD, QRYDSC and the first QRYDTA; the rest goes by CNTQRY. (Measured: Derby. IBM's CLI and JDBC drivers
//! take the end of the rows after the first ones, as ENDQRYRM and SQLCARD.)

use super::blocks::{Progress, RowSender, check_block_size};
use super::cursors::OpenCursor;
use super::describe;
use super::meter::Meter;
use super::query::end_query;
use super::section::Section;
use super::session::SqlSession;
use crate::server::backend::Rows;
use crate::server::environment::Environment;
use crate::server::error::SqlError;
use crate::server::protocol_error::{ProtocolError, Result};
use crate::server::request::{After, Replies};
use crate::wire::ddm::codepoint as cp;
use crate::wire::fdoca::descriptor;
use crate::wire::sql::execute::ExcSqlStt;
use crate::wire::sql::layout::{ServerClass, SqldaLayout};
use crate::wire::sql::query::OpnQryRm;
use crate::wire::sql::resultset::{self, PkgSnLst, RslSetRm};
use crate::wire::sql::sqlca::Sqlca;
use crate::wire::sql::sqlda::SqlDa;
use crate::wire::value::field::Field;

/// Block size where the requester names none.
const BLOCK: u32 = 32_767;

/// A result set that is to be sent.
pub(super) struct ResultSet {
    /// The cursor's name.
    pub(super) name: String,
    pub(super) columns: Vec<Field>,
    pub(super) rows: Rows,
}

/// The outcome of the call itself.
pub(super) enum Outcome {
    /// An SQLCARD.
    Card(Box<Sqlca>),
    /// An SQLDTARD with what comes out, and the large values after it.
    Values(Vec<Vec<u8>>),
}

/// SYNTAXRM for a block size that DRDA does not allow.
pub(super) fn block_size(command: &ExcSqlStt) -> Result<u32> {
    let size = command.qryblksz.unwrap_or(BLOCK);
    check_block_size(size).map(|()| size)
}

/// How many result sets the requester takes.
pub(super) fn wanted(command: &ExcSqlStt) -> usize {
    match command.maxrslcnt.unwrap_or(0) {
        most if most < 0 => usize::MAX,
        most => usize::from(most.unsigned_abs()),
    }
}

/// +464: the procedure has more result sets than the requester takes.
pub(super) fn too_many(env: &Environment, procedure: &str, sets: usize, most: usize) -> Sqlca {
    let tokens = [procedure, &sets.to_string(), &most.to_string()];
    let mut sqlca = env.sqlca(&SqlError::new(464, "0100E", &tokens));
    sqlca.errd = [0; 6];
    sqlca
}

/// Sends the outcome of a call and its result sets, of which there may be none.
pub(super) fn send(
    sql: &mut SqlSession,
    env: &Environment,
    command: &ExcSqlStt,
    section: &Section,
    outcome: Outcome,
    sets: Vec<ResultSet>,
    out: &mut Replies<'_>,
) -> Result<After> {
    let persona = env.persona.as_ref();
    let size = block_size(command)?;
    if !sets.is_empty() {
        let named = sets.iter().map(|_| command.pkgnamcsn.clone()).collect();
        let announced = RslSetRm { svrcod: 0, pkgsnlst: PkgSnLst(named) };
        out.reply(&announced.encode(env.text).map_err(ProtocolError::ours)?);
    }
    match outcome {
        Outcome::Card(sqlca) => env.card(Some(&sqlca), out)?,
        Outcome::Values(objects) => objects.iter().for_each(|object| out.object(object)),
    }
    if sets.is_empty() {
        return Ok(After::Next);
    }
    let list: Vec<_> = sets
        .iter()
        .map(|set| resultset::ResultSet { rows: 1, name: set.name.clone(), ..resultset::ResultSet::default() })
        .collect();
    out.object(&resultset::encode(&list, env.sqlam, &persona.typdef).map_err(ProtocolError::ours)?);
    for set in sets {
        // One at a time: the engine may still be at work for the one before.
        sql.cursors.settle(None, None);
        sql.cursors.check_room()?;
        open(sql, env, command, section, set, size, out)?;
    }
    Ok(After::Next)
}

/// Opens a result set and sends its first rows.
fn open(
    sql: &mut SqlSession,
    env: &Environment,
    command: &ExcSqlStt,
    section: &Section,
    set: ResultSet,
    size: u32,
    out: &mut Replies<'_>,
) -> Result<()> {
    let persona = env.persona.as_ref();
    let ResultSet { mut columns, rows, .. } = set;
    let sqlda = SqlDa { columns: columns.iter().map(|f| describe::sqlvar(f, None)).collect(), ..SqlDa::default() };
    if command.dyndtafmt == Some(true) {
        columns.iter_mut().for_each(describe::make_dynamic);
    }
    let mut cursor = OpenCursor::new(columns, rows, None, true, Some(Meter::new(&sql.budget, false)));
    // Derby's clients ask for the end themselves.
    cursor.closes = !persona.ends_in_row;
    let id = sql.cursors.new_id(section.clone());
    let opened = OpnQryRm::read_only(cursor.fixed, cursor.held, id.1);
    out.object(&opened.encode(env.text).map_err(ProtocolError::ours)?);
    let layout = SqldaLayout::expected(env.sqlam, ServerClass::from_srvclsnm(persona.class));
    out.object(&sqlda.encode_sqlcinrd(layout, &persona.typdef).map_err(ProtocolError::ours)?);
    let described = descriptor::encode_result(cursor.rows.fields(), &persona.typdef);
    out.data(cp::QRYDSC, &described.map_err(ProtocolError::ours)?);
    let progress = if cursor.fixed {
        // Large objects go out when they are asked for: the requester may want locators.
        Progress::Open
    } else {
        let mut sender = RowSender { env, locators: &mut sql.locators, out, failed: None };
        sender.blocks(&mut cursor, size, command.maxblkext)?
    };
    match progress {
        Progress::Open => sql.cursors.insert(id, cursor),
        Progress::Over(error) => drop(end_query(sql, env, error, out)?),
    }
    Ok(())
}
