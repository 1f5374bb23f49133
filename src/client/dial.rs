//! The way to a server up to its login: the TCP connection, and TLS where the settings ask for it. Nothing secret is
//! said on it.

use super::config::Config;
use super::config::address::written;
use super::config::tls::UNVERIFIED;
use super::error::{Error, Phase, Result};
use super::login::policy;
use crate::flow::bounds::LOGIN_FRAME;
use crate::flow::error::FlowError;
use crate::flow::secmec::caution::Caution;
use crate::flow::secmec::line::Line;
use crate::net::any_stream::BoxedStream;
use crate::net::channel::Channel;
use crate::net::counters::Counters;
use crate::net::error::NetError;
use crate::net::tls::{Connector, Secured};
use crate::net::trace::Traced;
use crate::net::transport::{self, Deadline};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpStream;

/// The host and port, as errors name them.
pub(super) fn peer(config: &Config) -> String {
    written(&config.host, config.port)
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

/// A stream to a server, ready for a login.
pub(super) struct Dialed {
    pub stream: BoxedStream,
    /// Who else may be on it.
    pub line: Line,
    /// Our address, where it is known.
    pub local: Option<SocketAddr>,
    /// That of the server, where we connected to it.
    pub remote: Option<SocketAddr>,
    /// None on a stream in clear.
    pub tls: Option<Secured>,
}

/// Connects to a port of the host.
pub(super) async fn dial(
    config: &Config,
    port: u16,
    caution: &Caution,
    deadline: Deadline,
) -> std::result::Result<Dialed, NetError> {
    let connector = connector(config, deadline).await?;
    let stream = transport::connect(&config.host, port, deadline).await?;
    secure(connected(stream), connector, caution, deadline).await
}

/// Connects once more to the address that another connection has.
pub(super) async fn dial_again(
    config: &Config,
    address: SocketAddr,
    caution: &Caution,
    deadline: Deadline,
) -> std::result::Result<Dialed, NetError> {
    let connector = connector(config, deadline).await?;
    let stream = transport::connect_to(address, deadline).await?;
    let stream = stream.map_err(|source| NetError::Tcp { host: config.host.clone(), port: address.port(), source })?;
    secure(connected(stream), connector, caution, deadline).await
}

/// A TCP connection.
fn connected(stream: TcpStream) -> Dialed {
    let (local, remote) = (stream.local_addr().ok(), stream.peer_addr().ok());
    let line = remote.map_or(Line::Open, |peer| Line::to(peer.ip()));
    Dialed { stream: Box::new(stream), line, local, remote, tls: None }
}

/// Takes a stream that is connected already.
pub(super) async fn take(
    stream: BoxedStream,
    line: Line,
    config: &Config,
    caution: &Caution,
    deadline: Deadline,
) -> std::result::Result<Dialed, NetError> {
    let connector = connector(config, deadline).await?;
    secure(Dialed { stream, line, local: None, remote: None, tls: None }, connector, caution, deadline).await
}

/// Reads what TLS needs, when the connection is to be TLS.
async fn connector(config: &Config, deadline: Deadline) -> std::result::Result<Option<Connector>, NetError> {
    let settings = config.tls_settings().map_err(|e| FlowError::Settings(e.to_string()))?;
    let Some(settings) = settings else { return Ok(None) };
    Connector::new(&config.host, settings, deadline).await.map(Some)
}

/// Shakes hands for TLS where it is to be, and says what it is worth, before anything is sent over it.
async fn secure(
    clear: Dialed,
    connector: Option<Connector>,
    caution: &Caution,
    deadline: Deadline,
) -> std::result::Result<Dialed, NetError> {
    let Some(connector) = connector else { return Ok(clear) };
    let (stream, secured) = connector.connect(clear.stream, deadline).await?;
    if !secured.verified {
        caution.say(UNVERIFIED).map_err(FlowError::from)?;
    }
    let line = clear.line.under_tls(secured.verified);
    Ok(Dialed { stream: Box::new(stream), line, tls: Some(secured), ..clear })
}

/// A channel over a stream, for frames of up to `limit` bytes once the login is over, that adds to `counters`.
pub(super) fn channel(stream: BoxedStream, limit: usize, counters: Arc<Counters>) -> Channel {
    if tracing::enabled!(tracing::Level::TRACE) {
        Channel::counted(Box::new(Traced::new(stream, limit)), LOGIN_FRAME, counters)
    } else {
        Channel::counted(stream, LOGIN_FRAME, counters)
    }
}

/// The error of a way that did not come about.
pub(super) fn unreached(e: NetError, config: &Config) -> Error {
    Error::from_net(e, Phase::Tls).at(&peer(config))
}

/// The error of a login. Over TLS it is not TLS that is missing.
pub(super) fn refused(e: Error, tls: Option<&Secured>) -> Error {
    match (tls, e.phase) {
        (Some(_), Phase::Exchange) if e.hint.is_some() => e.hint(
            "TLS was agreed; the server may want a client certificate (tls_cert, tls_key) or refuse this address",
        ),
        _ => e,
    }
}
