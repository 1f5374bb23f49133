//! The replies that tell how a statement ended.

use super::session::SqlSession;
use crate::server::backend::Done;
use crate::server::environment::Environment;
use crate::server::error::SqlError;
use crate::server::protocol_error::{ProtocolError, Result};
use crate::server::request::{After, Replies};
use crate::wire::ddm::codepoint as cp;
use crate::wire::sql::sqlca::Sqlca;

/// Tells what became of a statement; the first change of a unit of work is announced.
pub(super) fn executed(
    sql: &mut SqlSession,
    env: &Environment,
    done: std::result::Result<Done, SqlError>,
    out: &mut Replies<'_>,
) -> Result<After> {
    let done = match done {
        Ok(done) => done,
        Err(error) => {
            sql.fail(env, &error, out)?;
            return Ok(After::Next);
        }
    };
    if done.count.is_some() {
        announce_change(sql, env, out)?;
    }
    if done.count.is_none() && done.warning.is_none() {
        env.short_card(out)?;
    } else {
        env.card(Some(&outcome(env, &done)), out)?;
    }
    Ok(After::Next)
}

/// The SQLCA of a statement that was run.
pub(super) fn outcome(env: &Environment, done: &Done) -> Sqlca {
    let mut sqlca = env.success(done.count);
    if let Some(warning) = &done.warning {
        let errd = sqlca.errd;
        sqlca = env.sqlca(warning);
        sqlca.errd = errd;
        if warning.sqlcode == 100 {
            sqlca.sqlcode = env.persona.no_row;
        }
    }
    sqlca
}

/// RDBUPDRM before the first change of a unit of work.
pub(super) fn announce_change(sql: &mut SqlSession, env: &Environment, out: &mut Replies<'_>) -> Result<()> {
    if sql.uow.first_change() {
        out.reply(&env.database_reply(cp::RDBUPDRM).encode(env.text).map_err(ProtocolError::ours)?);
    }
    Ok(())
}
