//! Setting the registers that Derby's clients keep in mind. A SET of one goes to the backend as it is, and after its
//! SQLCARD the requester is told what is new, in a PBSD. (Measured: Derby and its JDBC client, of setSchema and setTransactionIsolation.)

use super::outcome::executed;
use super::parameter_array::ParameterArray;
use super::session::SqlSession;
use super::special_register::Register;
use crate::server::backend::{Done, Parameters, Session};
use crate::server::environment::Environment;
use crate::server::error::SqlError;
use crate::server::protocol_error::{ProtocolError, Result};
use crate::server::request::{After, Replies};
use crate::wire::sql::accrdb::Pbsd;

/// Sets a register.
pub(super) fn set_register(
    sql: &mut SqlSession,
    env: &Environment,
    register: Register,
    array: &ParameterArray,
    out: &mut Replies<'_>,
) -> Result<After> {
    let parameters = array.parameters(&register.parameters())?;
    let done = parameters.and_then(|parameters| {
        let register = register.with(&parameters)?;
        run(sql.engine(), &register.sql()?).map(|()| register)
    });
    let register = match done {
        Ok(register) => register,
        Err(error) => return executed(sql, env, Err(error), out),
    };
    let after = executed(sql, env, Ok(Done::default()), out)?;
    let news = match register {
        Register::Schema(schema) => Pbsd { isolation: None, schema },
        Register::Isolation(level) => Pbsd { isolation: Some(level), schema: None },
    };
    out.reply(&news.encode(env.text).map_err(ProtocolError::ours)?);
    Ok(after)
}

fn run(session: &mut dyn Session, sql: &str) -> std::result::Result<(), SqlError> {
    let prepared = session.prepare(sql)?;
    let done = session.execute(prepared.statement, &Parameters::none());
    session.forget(prepared.statement);
    done.map(drop)
}
