//! Calls of the catalog procedures: a CALL whose arguments are markers or constants, answered by a result set. The call is
//! a prepared CALL, or the procedure's name in PRCNAM. (Measured: IBM's CLI driver prepares, its JDBC driver names.)

use super::catalog_call::CatalogCall;
use super::describe;
use super::parameter_array::ParameterArray;
use super::result_sets::{self, Outcome, ResultSet};
use super::section::Section;
use super::session::SqlSession;
use crate::server::environment::Environment;
use crate::server::protocol_error::Result;
use crate::server::request::{After, Replies};
use crate::wire::sql::execute::ExcSqlStt;

/// Runs the call and sends its result set.
pub(super) fn catalog(
    sql: &mut SqlSession,
    env: &Environment,
    call: &CatalogCall,
    command: &ExcSqlStt,
    section: &Section,
    array: &ParameterArray,
    out: &mut Replies<'_>,
) -> Result<After> {
    result_sets::block_size(command)?;
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
    let name = call.procedure.name();
    if result_sets::wanted(command) == 0 {
        let outcome = Outcome::Card(Box::new(result_sets::too_many(env, name, 1, 0)));
        return result_sets::send(sql, env, command, section, outcome, Vec::new(), out);
    }
    let set = ResultSet { name: String::new(), columns, rows: Box::new(std::iter::once(Ok(batch))) };
    result_sets::send(sql, env, command, section, Outcome::Card(Box::new(env.success(None))), vec![set], out)
}
