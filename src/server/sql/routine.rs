//! Calls of the procedures that the engine has: an SQLDTARD with the values that come out, or an SQLCARD where none does,
//! and the rows of the cursors that are left open. SQLERRD(1) has the status that RETURN gave.

use super::batch_reader::Wait;
use super::describe;
use super::outcome::announce_change;
use super::parameter_array::ParameterArray;
use super::result_sets::{self, Outcome, ResultSet};
use super::routine_call::RoutineCall;
use super::rows::{LargeValues, RowSource};
use super::section::Section;
use super::session::SqlSession;
use crate::server::backend::{CalledRows, Rows};
use crate::server::environment::Environment;
use crate::server::error::SqlError;
use crate::server::protocol_error::{ProtocolError, Result};
use crate::server::request::{After, Replies};
use crate::wire::codec::writer::Writer;
use crate::wire::fdoca::descriptor;
use crate::wire::sql::execute::{DescribedData, ExcSqlStt, extdta};
use crate::wire::sql::sqlca::Sqlca;
use crate::wire::sql::text::SqlText;

/// Runs a call and answers it.
pub(super) fn call(
    sql: &mut SqlSession,
    env: &Environment,
    call: &RoutineCall,
    command: &ExcSqlStt,
    section: &Section,
    array: &ParameterArray,
    out: &mut Replies<'_>,
) -> Result<After> {
    result_sets::block_size(command)?;
    let expected: Vec<_> = call.prepared.parameters.iter().map(|(_, field)| field.clone()).collect();
    let parameters = match array.parameters(&expected)? {
        Ok(parameters) => parameters,
        Err(error) => return sql.conclude(env, Err(error), out),
    };
    let called = match sql.engine().call(call.prepared.statement, &parameters) {
        Ok(called) => called,
        Err(error) => return sql.conclude(env, Err(error), out),
    };
    if called.changed {
        announce_change(sql, env, out)?;
    }
    let (wanted, sets) = (result_sets::wanted(command), called.results.len());
    let mut sqlca = match sets > wanted {
        true => result_sets::too_many(env, &call.prepared.procedure, sets, wanted),
        false => env.success(None),
    };
    if let Some(status) = sqlca.errd.first_mut() {
        *status = called.status;
    }
    let outcome = match called.values {
        Some(values) => match values_out(sql, env, call, &sqlca, values)? {
            Ok(objects) => Outcome::Values(objects),
            Err(error) => return sql.conclude(env, Err(error), out),
        },
        None => Outcome::Card(Box::new(sqlca)),
    };
    let described = called.results.into_iter().take(wanted).map(|CalledRows { name, schema, rows }| {
        Ok(ResultSet { name, columns: describe::fields(&schema, &env.persona)?, rows })
    });
    match described.collect::<std::result::Result<Vec<_>, SqlError>>() {
        Ok(sets) => result_sets::send(sql, env, command, section, outcome, sets, out),
        Err(error) => sql.conclude(env, Err(error), out),
    }
}

/// The SQLDTARD of the values that come out, and the large ones after it.
fn values_out(
    sql: &mut SqlSession,
    env: &Environment,
    call: &RoutineCall,
    sqlca: &Sqlca,
    values: Rows,
) -> Result<std::result::Result<Vec<Vec<u8>>, SqlError>> {
    let (mut row, mut lobs) = (Writer::new(), Vec::new());
    let mut source = RowSource::new(call.fields.clone(), values, None);
    let mut large = LargeValues::new(&[], &mut lobs, &mut sql.locators);
    let rows = source.fill(&mut row, usize::MAX, 1, &mut large, &mut Wait::default());
    if rows == 0 {
        let missing = || SqlError::system("no values came out of the procedure");
        return Ok(Err(source.end().and_then(|end| end.clone().err()).unwrap_or_else(missing)));
    }
    let mut w = Writer::new();
    Sqlca::write(Some(sqlca), &mut w, env.sqlam, &SqlText::new(&env.persona.typdef)).map_err(ProtocolError::ours)?;
    // In front of a row stands the mark that there is no SQLCA.
    w.bytes(row.as_slice().get(1..).unwrap_or_default());
    let fdodsc = descriptor::encode_result(&call.fields, &env.persona.typdef).map_err(ProtocolError::ours)?;
    let described = DescribedData { fdodsc: fdodsc.into(), fdodta: w.into_vec().into() };
    let mut objects = vec![described.encode_sqldtard().map_err(ProtocolError::ours)?];
    for (value, nullable) in lobs {
        objects.push(extdta(&value, nullable, None).map_err(ProtocolError::ours)?);
    }
    Ok(Ok(objects))
}
