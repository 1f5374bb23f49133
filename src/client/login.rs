//! Who logs in and how, from the configuration, and what it means when the database is not there.

use super::config::Config;
use super::config::security::Security;
use super::error::{Error, ErrorClass, Phase, Result};
use super::token::bounded;
use crate::flow::error::FlowError;
use crate::flow::progress::Progress;
use crate::flow::secmec::caution::Caution;
use crate::flow::secmec::choice::Policy;
use crate::flow::secmec::line::Line;
use crate::flow::secmec::random::{RANDOM, Random};
use crate::flow::secmec::requester::Credentials;
use crate::flow::sql::connect::Identity;
use crate::net::error::{ConnectStage, NetError};
use crate::wire::ddm::codepoint as cp;
use std::net::{IpAddr, SocketAddr};
use std::time::{SystemTime, UNIX_EPOCH};

/// The policy that the configuration allows on a line; an error for what can be refused without the server.
pub(super) fn policy(config: &Config, line: Line) -> Result<Policy> {
    let policy = Policy {
        choice: config.security,
        line,
        allow_cleartext_password: config.allow_cleartext_password,
        password: config.password.is_some(),
        renew: config.new_password.is_some(),
        tokens: config.token.is_some(),
        password_level: config.password_level,
        told_level: None,
    };
    policy.check_choice().map_err(|e| Error::from_flow(FlowError::Secmec(e), Phase::Security))?;
    Ok(policy)
}

/// Who the configuration logs in, and who hears what that gives away.
pub(super) fn credentials(config: &Config, caution: &Caution) -> Credentials {
    Credentials {
        user: config.user.clone().unwrap_or_else(|| "APP".to_owned()),
        password: config.password.clone(),
        new_password: config.new_password.clone(),
        additional_factor: config.additional_factor.clone(),
        tokens: config.token.clone().map(|source| bounded(source, config.timeout)),
        caution: caution.clone(),
    }
}

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
        read_only: config.read_only,
        two_phase: config.two_phase,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_show() {
        let mut config =
            Config::from_uri("drda://me:geheim@h/d?new_password=neu-geheim&additional_factor=4711-42").unwrap();
        config.token_source(|_| Ok(Vec::new()));
        let shown = format!("{config:?} {:?}", credentials(&config, &Caution::default()));
        assert!(!shown.contains("geheim") && !shown.contains("4711"), "{shown}");
    }
}
