//! Calls of the catalog procedures: a CALL whose arguments are markers or constants, answered by a
//! result set: RSLSETRM with the section of it, SQLCARD, SQLRSLRD, then OPNQRYRM, SQLCINRD, QRYDSC
//! and the first QRYDTA; the rest goes by CNTQRY. The call is a prepared CALL, or the procedure's name in PRCNAM.
//! (Measured: Derby; IBM's CLI driver prepares, its JDBC driver names. Both take the end of the rows after the first
//! ones, as ENDQRYRM and SQLCARD.)

use super::blocks::{Progress, RowSender, check_block_size};
use super::catalog_call::CatalogCall;
use super::cursors::OpenCursor;
use super::describe;
use super::meter::Meter;
use super::parameter_array::ParameterArray;
use super::query::end_query;
use super::section::Section;
use super::session::SqlSession;
use crate::server::environment::Environment;
use crate::server::error::SqlError;
use crate::server::protocol_error::{ProtocolError, Result};
use crate::server::request::{After, Replies};
use crate::wire::ddm::codepoint as cp;
use crate::wire::fdoca::descriptor;
use crate::wire::sql::execute::ExcSqlStt;
use crate::wire::sql::layout::{ServerClass, SqldaLayout};
use crate::wire::sql::query::OpnQryRm;
use crate::wire::sql::resultset::{self, PkgSnLst, ResultSet, RslSetRm};
use crate::wire::sql::sqlda::SqlDa;

/// Block size where the requester names none.
const BLOCK: u32 = 32_767;

/// Runs the call and sends its result set.
pub(super) fn catalog(
    sql: &mut SqlSession,
    env: &Environment,
    call: &CatalogCall,
    command: &ExcSqlStt,
    section: Section,
    array: &ParameterArray,
    out: &mut Replies<'_>,
) -> Result<After> {
    let size = command.qryblksz.unwrap_or(BLOCK);
    check_block_size(size)?;
    let persona = env.persona.as_ref();
    let parameters = array.parameters(&call.parameters())?;
    let made = parameters.and_then(|parameters| {
        let values = call.values(&parameters)?;
        let batch = call.procedure.answer(&values, &sql.engine().database()?, persona)?;
        Ok((describe::fields(&batch.schema(), persona)?, batch))
    });
    let (columns, batch) = match made {
        Ok(made) => made,
        Err(error) => return sql.conclude(env, Err(error), out),
    };
    if command.maxrslcnt.unwrap_or(0) == 0 {
        // There is a result set more than the requester takes.
        let mut sqlca = env.sqlca(&SqlError::new(464, "0100E", &[call.procedure.name(), "1", "0"]));
        sqlca.errd = [0; 6];
        env.card(Some(&sqlca), out)?;
        return Ok(After::Next);
    }
    sql.cursors.check_room()?;
    let sqlda = SqlDa { columns: columns.iter().map(|f| describe::sqlvar(f, None)).collect(), ..SqlDa::default() };
    let (rows, meter) = (Box::new(std::iter::once(Ok(batch))), Meter::new(&sql.budget, false));
    let mut cursor = OpenCursor::new(columns, rows, None, true, Some(meter));
    // Derby's clients ask for the end themselves.
    cursor.closes = !persona.ends_in_row;
    let sets = RslSetRm { svrcod: 0, pkgsnlst: PkgSnLst(vec![command.pkgnamcsn.clone()]) };
    out.reply(&sets.encode(env.text).map_err(ProtocolError::ours)?);
    env.card(Some(&env.success(None)), out)?;
    let list = [ResultSet { rows: 1, ..ResultSet::default() }];
    out.object(&resultset::encode(&list, env.sqlam, &persona.typdef).map_err(ProtocolError::ours)?);
    let id = sql.cursors.new_id(section);
    let opened = OpnQryRm::read_only(cursor.fixed, cursor.held, id.1);
    out.object(&opened.encode(env.text).map_err(ProtocolError::ours)?);
    let layout = SqldaLayout::expected(env.sqlam, ServerClass::from_srvclsnm(persona.class));
    out.object(&sqlda.encode_sqlcinrd(layout, &persona.typdef).map_err(ProtocolError::ours)?);
    let described = descriptor::encode_result(cursor.rows.fields(), &persona.typdef);
    out.data(cp::QRYDSC, &described.map_err(ProtocolError::ours)?);
    match (RowSender { env, locators: &mut sql.locators, out, failed: None }).blocks(
        &mut cursor,
        size,
        command.maxblkext,
    )? {
        Progress::Open => {
            sql.cursors.insert(id, cursor);
            Ok(After::Next)
        }
        Progress::Over(error) => end_query(sql, env, error, out),
    }
}
