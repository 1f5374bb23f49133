//! INTRDBRQS, by which a requester breaks off the statement of another connection: whoever has its token may, and needs
//! no login. So tokens are long and random, one for each connection, and an answer tells nothing of them.

use super::running::RunningCommand;
use crate::server::environment::Environment;
use crate::server::protocol_error::{ProtocolError, Result};
use crate::server::request::{After, Replies, Request};
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::rdbname;
use crate::wire::ddm::reply::Reply;
use crate::wire::sql::intrdbrqs::IntRdbRqs;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes of a token. (Measured: IBM's drivers give tokens of 8 to 200 bytes back unchanged.)
const TOKEN: usize = 16;

type Token = [u8; TOKEN];
type Connections = HashMap<Token, (String, RunningCommand)>;

/// The connections that can be interrupted, by their tokens.
#[derive(Clone, Default)]
pub(in crate::server) struct Interrupts(Arc<Mutex<Connections>>);

/// A connection that can be interrupted, until it is dropped.
pub(in crate::server) struct Interruptible {
    token: Token,
    all: Interrupts,
}

impl Interrupts {
    /// A connection that runs `running`; it can be interrupted once its database is known.
    pub(in crate::server) fn connection(&self, running: &RunningCommand) -> Result<Interruptible> {
        let mut token = Token::default();
        getrandom::fill(&mut token).map_err(ProtocolError::ours)?;
        self.connections().insert(token, (String::new(), running.clone()));
        Ok(Interruptible { token, all: self.clone() })
    }

    fn connections(&self) -> MutexGuard<'_, Connections> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Interruptible {
    /// The token, for the requester alone.
    pub(in crate::server) fn token(&self) -> &[u8] {
        &self.token
    }

    /// Its database is open.
    pub(in crate::server) fn open(&self, database: &str) {
        if let Some((name, _)) = self.all.connections().get_mut(&self.token) {
            *name = database.to_owned();
        }
    }
}

impl Drop for Interruptible {
    fn drop(&mut self) {
        self.all.connections().remove(&self.token);
    }
}

/// INTRDBRQS: the statement is told to end, and is not waited for. A token that nobody has, and a connection that runs
/// nothing, have the same answer.
pub(in crate::server) fn intrdbrqs(
    interrupts: &Interrupts,
    env: &Environment,
    request: &Request,
    out: &mut Replies<'_>,
) -> Result<After> {
    let asked = IntRdbRqs::decode(&request.command.body, env.text)?;
    let token = Token::try_from(asked.rdbinttkn.as_slice()).ok();
    let found = token.and_then(|token| interrupts.connections().get(&token).cloned());
    if let Some((database, running)) = found
        && asked.rdbnam.is_none_or(|name| is_same(&name.0, &database))
    {
        running.interrupt();
    }
    out.reply(&Reply::new(cp::CMDCMPRM).encode(env.text)?);
    Ok(After::Next)
}

/// True for the name of one database. It may be in other capitals, and attributes of Derby may follow it.
fn is_same(name: &str, database: &str) -> bool {
    rdbname::shown(name).trim_end().eq_ignore_ascii_case(database.trim_end())
}
