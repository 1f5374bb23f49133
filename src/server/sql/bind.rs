//! Binding packages: BGNBND, BNDSQLSTT for each statement, ENDBND; DRPPKG and REBIND. Dynamic sections need no more of
//! a package than its name.

use super::session::SqlSession;
use crate::server::environment::Environment;
use crate::server::error::SqlError;
use crate::server::protocol_error::{ProtocolError, Result};
use crate::server::request::{After, Replies};
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::command::{FoundParams, ParamSlot};
use crate::wire::ddm::reply::Reply;
use crate::wire::ddm::text::DdmText;
use crate::wire::sql::bind::{BgnBnd, BndSqlStt, EndBnd};
use crate::wire::sql::package::PkgNamCt;

pub(super) fn bgnbnd(sql: &mut SqlSession, env: &Environment, command: BgnBnd, out: &mut Replies<'_>) -> Result<After> {
    sql.binding = Some((command.pkgnamct.collection, command.pkgnamct.package));
    sql.conclude(env, Ok(()), out)
}

pub(super) fn bndsqlstt(
    sql: &mut SqlSession,
    env: &Environment,
    command: &BndSqlStt,
    out: &mut Replies<'_>,
) -> Result<After> {
    check_binding(sql, &command.pkgnamcsn.collection, &command.pkgnamcsn.package)?;
    sql.conclude(env, Ok(()), out)
}

pub(super) fn endbnd(
    sql: &mut SqlSession,
    env: &Environment,
    command: &EndBnd,
    out: &mut Replies<'_>,
) -> Result<After> {
    let PkgNamCt { collection, package, .. } = &command.pkgnamct;
    check_binding(sql, collection, package)?;
    sql.binding = None;
    let done = match sql.packages.bind(collection, package) {
        true => Ok(()),
        false => Err(SqlError::new(-904, "57011", &["00E7009A", "package", package])),
    };
    sql.conclude(env, done, out)
}

pub(super) fn drppkg(sql: &mut SqlSession, env: &Environment, name: &PkgNamCt, out: &mut Replies<'_>) -> Result<After> {
    let known = sql.packages.remove(&name.collection, &name.package);
    sql.conclude(env, if known { Ok(()) } else { Err(missing(name)) }, out)
}

pub(super) fn rebind(sql: &mut SqlSession, env: &Environment, name: &PkgNamCt, out: &mut Replies<'_>) -> Result<After> {
    let known = sql.packages.contains(&name.collection, &name.package);
    sql.conclude(env, if known { Ok(()) } else { Err(missing(name)) }, out)
}

/// The package that a command without other parameters names.
pub(super) fn package(body: &[u8], text: DdmText) -> Result<PkgNamCt> {
    let found = FoundParams::read("package command", body)?;
    Ok(<PkgNamCt as ParamSlot>::take(&found, cp::PKGNAMCT, text)?)
}

/// PKGBNARM unless this package is being bound.
fn check_binding(sql: &SqlSession, collection: &str, package: &str) -> Result<()> {
    match &sql.binding {
        Some((c, p)) if c == collection && p == package => Ok(()),
        _ => Err(ProtocolError::reply(Reply::new(cp::PKGBNARM))),
    }
}

fn missing(name: &PkgNamCt) -> SqlError {
    SqlError::new(-204, "42704", &[&format!("{}.{}", name.collection, name.package)])
}
