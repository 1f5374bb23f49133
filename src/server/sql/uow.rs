//! The end of a unit of work: RDBCMM and RDBRLLBCK, answered by ENDUOWRM and an SQLCARD.

use super::session::SqlSession;
use crate::server::environment::Environment;
use crate::server::error::SqlError;
use crate::server::protocol_error::{ProtocolError, Result};
use crate::server::request::{After, Replies};
use crate::wire::sql::package::RdbNam;
use crate::wire::sql::uow::{EndUowRm, UowDsp};

/// Severity of ENDUOWRM.
const WARNING: u16 = 4;

pub(super) fn rdbcmm(sql: &mut SqlSession, env: &Environment, out: &mut Replies<'_>) -> Result<After> {
    // Queries that end with the unit of work are read no further: their rows need not be kept for that.
    sql.cursors.settle(None, None);
    sql.cursors.end_unit_of_work(false);
    let done = sql.engine().commit();
    ended(sql, env, done, UowDsp::Committed, out)
}

pub(super) fn rdbrllbck(sql: &mut SqlSession, env: &Environment, out: &mut Replies<'_>) -> Result<After> {
    // The rows that open queries have still to come go with them.
    sql.break_off();
    let done = sql.engine().rollback();
    ended(sql, env, done, UowDsp::RolledBack, out)
}

fn ended(
    sql: &mut SqlSession,
    env: &Environment,
    done: std::result::Result<(), SqlError>,
    uowdsp: UowDsp,
    out: &mut Replies<'_>,
) -> Result<After> {
    if let Err(error) = done {
        sql.fail(env, &error, out)?;
        return Ok(After::Next);
    }
    sql.end_unit_of_work(uowdsp == UowDsp::RolledBack);
    let rdbnam = env.persona.names_rdb.then(|| RdbNam(env.rdbnam.clone()));
    out.reply(&EndUowRm { svrcod: WARNING, uowdsp, rdbnam }.encode(env.text).map_err(ProtocolError::ours)?);
    env.short_card(out)?;
    Ok(After::Next)
}
