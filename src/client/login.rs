//! Who logs in, how, and what it means when the database is not there.

use super::config::Config;
use super::config::security::Security;
use super::config::tls::UNVERIFIED;
use super::error::{Error, ErrorClass, Phase, Result};
use super::security::{credentials, policy};
use crate::flow::error::FlowError;
use crate::flow::progress::Progress;
use crate::flow::secmec::caution::Caution;
use crate::flow::secmec::choice::Policy;
use crate::flow::secmec::line::Line;
use crate::flow::secmec::random::{RANDOM, Random};
use crate::flow::sql::connect::Identity;
use crate::net::error::{ConnectStage, NetError};
use crate::net::tls::{Connector, Secured};
use crate::net::transport::{self, Deadline};
use crate::wire::ddm::codepoint as cp;
use std::net::{IpAddr, SocketAddr};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::net::TcpStream;

pub(super) fn peer(config: &Config) -> String {
    if config.host.contains(':') {
        format!("[{}]:{}", config.host, config.port)
    } else {
        format!("{}:{}", config.host, config.port)
    }
}

/// Judges a line that was just connected.
pub(super) fn line(stream: &TcpStream) -> Line {
    stream.peer_addr().map_or(Line::Open, |peer| Line::to(peer.ip()))
}

/// Refuses before connecting what no connection to this host could allow. The last word is had where the connection
/// arrived.
pub(super) async fn foresee(config: &Config, deadline: Deadline) -> Result<()> {
    let tls = config.tls_settings()?;
    let on = |line: Line| tls.as_ref().map_or(line, |tls| line.under_tls(tls.trust.is_verified()));
    policy(config, on(Line::Local))?;
    let Err(refusal) = policy(config, on(Line::Open)) else { return Ok(()) };
    // Only this machine would do.
    match transport::resolve(&config.host, deadline).await {
        Ok(found) if !found.is_empty() && found.iter().all(|address| Line::to(*address) == Line::Open) => Err(refusal),
        _ => Ok(()),
    }
}

/// Says of TLS to whoever answers what it is worth, before anything is sent over it.
pub(super) fn doubt(secured: &Secured, caution: &Caution) -> std::result::Result<(), FlowError> {
    if !secured.verified {
        caution.say(UNVERIFIED)?;
    }
    Ok(())
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
    })
}

/// Fresh random bytes for one connection.
pub(super) fn random() -> Result<Random> {
    let mut random = [0; RANDOM];
    getrandom::fill(&mut random)
        .map_err(|e| Error::new(ErrorClass::Operational, Phase::Security, "58004", format!("no random bytes: {e}")))?;
    Ok(Random::new(random))
}

/// Reads what TLS needs, when the connection is to be TLS.
pub(super) async fn connector(config: &Config, deadline: Deadline) -> Result<Option<Connector>> {
    let Some(settings) = config.tls_settings()? else { return Ok(None) };
    let made = Connector::new(&config.host, settings, deadline).await;
    made.map(Some).map_err(|e| Error::from_net(e, Phase::Tls).at(&peer(config)))
}

/// The error of a login, for a connection that is TLS already: then it is not TLS that is missing.
pub(super) fn behind_tls(e: Error) -> Error {
    match e.phase {
        Phase::Exchange if e.hint.is_some() => e.hint(
            "TLS was agreed; the server may want a client certificate (tls_cert, tls_key) or refuse this address",
        ),
        _ => e,
    }
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
