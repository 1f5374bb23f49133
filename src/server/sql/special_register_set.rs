//! Setting the registers that Derby's clients keep in mind. A SET of one goes to the backend as it is, and after its
//! SQLCARD the requester is told what is new, in a PBSD. (Measured: Derby and its JDBC client, of setSchema and setTransactionIsolation.)

use super::outcome::executed;
use super::parameter_array::ParameterArray;
use super::parameters::Input;
use super::session::SqlSession;
use super::special_register::Register;
use crate::server::backend::{Done, Parameters, Session};
use crate::server::environment::Environment;
use crate::server::error::SqlError;
use crate::server::protocol_error::{ProtocolError, Result};
use crate::server::request::{After, Replies};
use crate::wire::codec::reader::Reader;
use crate::wire::sql::accrdb::Pbsd;
use crate::wire::value::field::Shape;

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

/// Sets the current schema as the keyword CURRENTSCHEMA of IBM's CLI driver asks for it: by a name in an SQLDTA.
pub(super) fn set_schema(
    sql: &mut SqlSession,
    env: &Environment,
    input: &Input,
    out: &mut Replies<'_>,
) -> Result<After> {
    let name = match (input.fields.as_ref(), input.first_row()?.first()) {
        ([field], Some(Some(cell))) if field.shape == Shape::Var => {
            String::from_utf8(Reader::new(cell, "schema").var()?.to_vec()).ok()
        }
        _ => None,
    };
    let name = name.ok_or_else(|| SqlError::new(-301, "07006", &["1"]));
    let done = name.and_then(|name| run(sql.engine(), &Register::Schema(Some(name.trim_end().to_owned())).sql()?));
    sql.conclude(env, done, out)
}

fn run(session: &mut dyn Session, sql: &str) -> std::result::Result<(), SqlError> {
    let prepared = session.prepare(sql)?;
    let done = session.execute(prepared.statement, &Parameters::none());
    session.forget(prepared.statement);
    done.map(drop)
}
