//! The end of a unit of work: RDBCMM and RDBRLLBCK, answered by ENDUOWRM and an SQLCARD.

use super::session::SqlSession;
use super::xa::link::XaLink;
use crate::server::environment::Environment;
use crate::server::error::SqlError;
use crate::server::protocol_error::{ProtocolError, Result};
use crate::server::request::{After, Replies};
use crate::wire::sql::package::RdbNam;
use crate::wire::sql::uow::{EndUowRm, UowDsp};

/// Severity of ENDUOWRM.
const WARNING: u16 = 4;

pub(super) fn rdbcmm(sql: &mut SqlSession, env: &Environment, out: &mut Replies<'_>) -> Result<After> {
    let done = local(sql, -925).and_then(|()| sql.commit());
    ended(sql, env, done, UowDsp::Committed, out)
}

pub(super) fn rdbrllbck(sql: &mut SqlSession, env: &Environment, out: &mut Replies<'_>) -> Result<After> {
    let done = local(sql, -926).and_then(|()| sql.rollback());
    ended(sql, env, done, UowDsp::RolledBack, out)
}

/// -925 or -926 where the unit of work is a branch: its transaction manager ends it.
fn local(sql: &SqlSession, sqlcode: i32) -> std::result::Result<(), SqlError> {
    match sql.xa.as_ref().is_some_and(XaLink::is_associated) {
        true => Err(SqlError::new(sqlcode, "2D521", &[])),
        false => Ok(()),
    }
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
    let rdbnam = env.persona.names_rdb.then(|| RdbNam(env.rdbnam.clone()));
    out.reply(&EndUowRm { svrcod: WARNING, uowdsp, rdbnam }.encode(env.text).map_err(ProtocolError::ours)?);
    env.short_card(out)?;
    Ok(After::Next)
}
