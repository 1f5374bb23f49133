//! Commands of a chain that follow each other and run one and the same statement, each with a row of its own: so Derby's
//! client, batches of JDBC and adbc-driver-db2 send many rows. Those that are here already are run at once, where the
//! engine can, and each is answered as if it had been run by itself.

use super::execute;
use super::outcome::executed;
use super::parameter_array::ParameterArray;
use super::section::SectionStatement;
use super::session::SqlSession;
use crate::server::environment::Environment;
use crate::server::protocol_error::{ProtocolError, Result};
use crate::server::request::{Replies, Request};
use crate::wire::ddm::codepoint as cp;
use crate::wire::dss::chain::Chain;
use crate::wire::sql::execute::ExcSqlStt;

/// Commands that are run at once, at most.
const MOST: usize = 8192;

/// How many of the commands, from the first on, may be run at once: they differ in their rows alone.
pub(in crate::server) fn alike(requests: &[Request]) -> usize {
    let Some(first) = requests.first().filter(|first| brings_a_row(first)) else { return 0 };
    let same = |other: &&Request| brings_a_row(other) && other.command.body == first.command.body;
    requests.iter().take(MOST).take_while(same).count()
}

/// EXCSQLSTT with an SQLDTA, and with what belongs to that.
fn brings_a_row(request: &Request) -> bool {
    let mut objects = request.objects.iter().map(|object| object.cp);
    request.command.cp == cp::EXCSQLSTT
        && request.answered
        && !request.too_long
        && objects.next() == Some(cp::SQLDTA)
        && objects.all(|point| point == cp::EXTDTA)
}

/// Runs commands that are alike, and answers as many of them as were run; none where they are to be run one after the
/// other.
pub(in crate::server) fn run(
    sql: &mut SqlSession,
    env: &Environment,
    requests: &[Request],
    chain: &mut Chain,
) -> std::result::Result<usize, (usize, ProtocolError)> {
    // What is wrong with them is told when they are run one by one.
    let Some(answers) = execute_all(sql, env, requests).unwrap_or_default() else { return Ok(0) };
    let count = answers.len();
    for (n, (done, request)) in answers.into_iter().zip(requests).enumerate() {
        executed(sql, env, done, &mut Replies::new(chain, request.id)).map_err(|error| (n, error))?;
    }
    Ok(count)
}

/// The outcomes of as many as were run.
fn execute_all(sql: &mut SqlSession, env: &Environment, requests: &[Request]) -> Result<Option<execute::Answers>> {
    let Some(first) = requests.first() else { return Ok(None) };
    let command = ExcSqlStt::decode(&first.command.body, env.text)?;
    if command.nbrrow.is_some() || command.atmind.is_some() {
        return Ok(None);
    }
    let Ok(section) = sql.section(&command.pkgnamcsn) else { return Ok(None) };
    let Some(SectionStatement::Prepared { prepared, columns, gathers: true, .. }) = sql.statement(&section) else {
        return Ok(None);
    };
    if !columns.is_empty() {
        return Ok(None);
    }
    let Some(array) = ParameterArray::of_commands(sql, env, requests)? else { return Ok(None) };
    let (statement, parameters) = (prepared.statement, array.parameters(&prepared.parameters)?);
    let Ok(parameters) = parameters else { return Ok(None) };
    let answers = sql.engine().execute_gathered(statement, &parameters);
    match answers {
        Some(answers) if answers.len() > requests.len() => {
            Err(ProtocolError::ours("the engine answered for more rows than there are"))
        }
        None => {
            sql.gathers_no_more(&section);
            Ok(None)
        }
        answers => Ok(answers),
    }
}
