//! The way to a logged-in socket: the addresses of a configuration one after the other, all within its time.

use super::interrupt::ByToken;
use super::told_servers;
use crate::client::config::Config;
use crate::client::config::address::written;
use crate::client::dial::{Dialed, channel, dial, foresee, peer, refused, unreached};
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::client::login::{identity, no_database, policy, stalled, without_database, without_password};
use crate::flow::secmec::caution::Caution;
use crate::flow::sql::connect::Connect;
use crate::flow::sql::session::Session;
use crate::net::channel::Channel;
use crate::net::counters::Counters;
use crate::net::error::NetError;
use crate::net::recognise;
use crate::net::tls::Secured;
use crate::net::transport::Deadline;
use std::sync::Arc;

/// A frame may be longer than the longest large object by this much: a query block.
const FRAME_SLACK: usize = 16 << 20;

/// A socket over which somebody has logged in.
pub(super) struct Arrival {
    pub channel: Channel,
    pub session: Arc<Session>,
    pub tls: Option<Secured>,
    pub caution: Caution,
    /// The configuration with the address that it was.
    pub config: Config,
}

/// Logs in at the first address that lets it, all before `deadline`.
pub(super) async fn arrive(config: &Config, counters: &Arc<Counters>, deadline: Deadline) -> Result<Arrival> {
    config.check()?;
    let named = config.addresses();
    let told = if config.reroute { told_servers::told(config, &named) } else { Vec::new() };
    // Those that the server told have a share together with each one that was named, and later shares of their own: a
    // list of theirs cannot take the time of the others.
    let beside = usize::from(!told.is_empty());
    let mut failures: Vec<Error> = Vec::new();
    for (number, (host, port)) in named.iter().chain(&told).enumerate() {
        let was_told = number >= named.len();
        let shares = if was_told { named.len() + told.len() - number } else { named.len() - number + beside };
        let config = config.at(host, *port);
        match attempt(config, counters, deadline.share(shares)).await {
            Ok(arrival) => {
                if arrival.config.reroute {
                    told_servers::remember(&arrival.config, &named, &arrival.session.servers);
                }
                return Ok(arrival);
            }
            Err(e) => {
                let over = !(was_told || moves_on(&e));
                failures.push(e);
                if over {
                    break;
                }
            }
        }
    }
    Err(together(failures))
}

/// Logs in over any stream.
pub(super) async fn arrive_over(
    dialed: Dialed,
    caution: Caution,
    config: Config,
    counters: &Arc<Counters>,
    deadline: Deadline,
) -> Result<Arrival> {
    let Dialed { stream, line, local, remote, tls } = dialed;
    let peer = peer(&config);
    let policy = policy(&config, line).map_err(|e| e.at(&peer))?;
    let identity = identity(&config, policy, &caution, local).map_err(|e| e.at(&peer))?;
    let connect = Connect::new(identity).map_err(|e| Error::from_flow(e, Phase::Security).at(&peer))?;
    let progress = connect.progress();
    let limit = config.lob_limit as usize + FRAME_SLACK;
    let channel = channel(stream, limit, counters.clone());
    let session = match channel.run(connect, Some(deadline)).await {
        Ok(session) => Arc::new(session),
        Err(e) => {
            channel.abort("the login failed");
            let e = match (e, recognise::cut_short(&channel.heard())) {
                (NetError::Timeout { .. }, Some(what)) => NetError::NotDrda { what },
                (e, _) => stalled(e, &progress),
            };
            let database = no_database(&e);
            let e = Error::from_net(e, Phase::of_login(progress.awaited()));
            let e = refused(without_password(e, &config), tls.as_ref()).at(&peer).broken();
            return Err(if database { without_database(e, &config) } else { e });
        }
    };
    channel.set_limit(limit);
    if let (Some(token), Some(address)) = (session.interrupt.clone(), remote) {
        channel.set_interrupter(Arc::new(ByToken::new(&config, &session, token, address)));
    }
    Ok(Arrival { channel, session, tls, caution, config })
}

/// Logs in at one address.
async fn attempt(config: Config, counters: &Arc<Counters>, deadline: Deadline) -> Result<Arrival> {
    let caution = config.caution.afresh();
    foresee(&config, deadline).await.map_err(|e| e.at(&peer(&config)))?;
    let dialed = dial(&config, config.port, &caution, deadline).await.map_err(|e| unreached(e, &config))?;
    arrive_over(dialed, caution, config, counters, deadline).await
}

/// Whether another address may do better. A server that refuses the user is not asked a second time under another
/// name: it may be the same one, and count.
fn moves_on(e: &Error) -> bool {
    let refused = e.sqlstate.as_deref().is_some_and(|state| state.starts_with("28"));
    matches!(e.kind, ErrorClass::Operational | ErrorClass::Internal) && !refused
}

/// The error of one address as it is, of several with the cause of each.
fn together(mut failures: Vec<Error>) -> Error {
    let Some(last) = failures.pop() else { return Error::interface("host: there is no address") };
    if failures.is_empty() {
        return last;
    }
    let count = failures.len() + 1;
    let cause = |e: &Error| format!("{}: {e}", e.peer.as_deref().unwrap_or_default());
    let causes: Vec<String> = failures.iter().chain([&last]).map(cause).collect();
    let peers: Vec<&str> = failures.iter().chain([&last]).filter_map(|e| e.peer.as_deref()).collect();
    let peer = Some(peers.join(","));
    let text = format!("none of {count} addresses could be connected to: {}", causes.join("; "));
    Error { message: text, peer, hint: None, retryable: false, ..last }
}

/// The address of a configuration, for errors.
pub(super) fn named(config: &Config) -> String {
    written(&config.host, config.port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_another_server_may_do_better_is_tried_there() {
        let e = |kind, state: &str| Error::new(kind, Phase::Tcp, state, "x");
        assert!(moves_on(&e(ErrorClass::Operational, "08001")) && moves_on(&e(ErrorClass::Operational, "08004")));
        assert!(!moves_on(&e(ErrorClass::Operational, "28000")) && !moves_on(&e(ErrorClass::Interface, "")));
    }

    #[test]
    fn the_error_of_several_addresses_names_each_with_its_cause() {
        let e = |peer: &str, text: &str| Error::new(ErrorClass::Operational, Phase::Tcp, "08001", text).at(peer);
        assert_eq!(together(vec![e("a:1", "gone")]).message, "gone");
        let all = together(vec![e("a:1", "gone"), e("[::1]:2", "deaf")]);
        assert_eq!(all.message, "none of 2 addresses could be connected to: a:1: gone; [::1]:2: deaf");
        assert_eq!((all.peer.as_deref(), all.sqlstate.as_deref()), (Some("a:1,[::1]:2"), Some("08001")));
    }
}
