//! Who logs in, how, and what it means when the database is not there.

use super::config::Config;
use super::config::security::Security;
use super::error::{Error, ErrorClass, Phase, Result};
use super::security::credentials;
use crate::flow::error::FlowError;
use crate::flow::progress::Progress;
use crate::flow::secmec::caution::Caution;
use crate::flow::secmec::choice::Policy;
use crate::flow::secmec::random::{RANDOM, Random};
use crate::flow::sql::connect::Identity;
use crate::net::error::{ConnectStage, NetError};
use crate::wire::ddm::codepoint as cp;
use std::net::{IpAddr, SocketAddr};
use std::time::{SystemTime, UNIX_EPOCH};

pub(super) fn identity(
    config: &Config,
    policy: Policy,
    caution: &Caution,
    local: Option<SocketAddr>,
) -> Result<Identity> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let [_, _, unique @ ..] = (now.as_micros() as u64).to_be_bytes();
    let host = match local.map(|l| l.ip()) {
        Some(IpAddr::V4(ip)) => u32::from(ip),
        Some(IpAddr::V6(ip)) => u128::from(ip) as u32,
        None => 0,
    };
    Ok(Identity {
        rdbnam: config.rdbnam(),
        credentials: credentials(config, caution),
        policy,
        random: random()?,
        correlation: (format!("{host:08X}.{:04X}", local.map_or(0, |l| l.port())), unique),
        application: config.client.application.clone().filter(|name| !name.is_empty()),
        accounting: config.client.accounting.clone().unwrap_or_default(),
    })
}

/// Fresh random bytes for one connection.
pub(super) fn random() -> Result<Random> {
    let mut random = [0; RANDOM];
    getrandom::fill(&mut random)
        .map_err(|e| Error::new(ErrorClass::Operational, Phase::Security, "58004", format!("no random bytes: {e}")))?;
    Ok(Random::new(random))
}

/// A login that got no answer in time, with what it waited for.
pub(super) fn stalled(e: NetError, progress: &Progress) -> NetError {
    match e {
        NetError::Timeout { after, .. } => NetError::Timeout { stage: ConnectStage::Login(progress.awaited()), after },
        e => e,
    }
}

/// True when the server says that it has no such database, or cannot open it.
pub(super) fn no_database(e: &NetError) -> bool {
    let reply = match e {
        NetError::Flow(FlowError::Sql { reply: Some(reply), .. } | FlowError::Refused(reply)) => reply.cp,
        _ => return false,
    };
    matches!(reply, cp::RDBNFNRM | cp::RDBAFLRM)
}

/// That, with the name.
pub(super) fn without_database(e: Error, config: &Config) -> Error {
    let message = format!("the server has no database {:?}, or cannot open it: {}", config.database, e.message);
    Error { kind: ErrorClass::Operational, message, sqlstate: Some("08004".to_owned()), ..e }
        .hint("on IBM i it is the name in the RDB directory (WRKRDBDIRE), on z/OS the location")
}

/// The error of a login, without secrets that the server repeats; what to do about one that wants a password, where none was
/// given.
pub(super) fn without_password(e: Error, config: &Config) -> Error {
    let e = Error { message: config.without_secrets(&e.message), ..e };
    let mechanism = e.phase == Phase::Security && e.sqlstate.as_deref() == Some("08001");
    match (mechanism, &config.password, config.security) {
        (true, None, Security::Auto) => e.hint("no password was given, and a user id alone is not enough there"),
        _ => e,
    }
}
