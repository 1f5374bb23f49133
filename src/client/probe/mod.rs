//! The probe of a host, without a login: which ports answer, in clear or over TLS, DRDA or something
//! else; how a DRDA server introduces itself and which security mechanisms it takes; what there is to
//! improve. Nothing secret is needed and nothing secret is sent.

mod advice;
mod host;
mod port;
mod protocols;
pub mod report;

use super::config::Config;
use super::error::{Error, ErrorClass, Phase, Result};
use crate::net::transport::{self, Deadline};
use host::Host;
use report::{Report, USUAL};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Ports at a time; more wait their turn.
const AT_ONCE: usize = 64;

/// The host and ports to look at.
#[derive(Debug, Clone)]
pub struct ProbeTarget {
    /// Name or address.
    pub host: String,
    /// Ports; none for the usual ones.
    pub ports: Vec<u16>,
    /// Limit for everything together.
    pub timeout: Duration,
    /// A database to name where servers tell their mechanisms only to those who name one.
    pub database: Option<String>,
}

impl ProbeTarget {
    /// The usual ports of a host, within two seconds.
    pub fn new(host: &str) -> ProbeTarget {
        ProbeTarget { host: host.to_owned(), ports: Vec::new(), timeout: Duration::from_secs(2), database: None }
    }
}

/// Looks at every port, all within the time that is given; a few short connections each. An error only
/// when the host has no address: a port that does not answer is a finding.
pub async fn probe(target: ProbeTarget) -> Result<Report> {
    Config::empty().set("host", &target.host)?;
    let started = Instant::now();
    let deadline = Deadline::after(target.timeout);
    let addresses = transport::resolve(&target.host, deadline)
        .await
        .map_err(|e| Error::from_net(e, Phase::Dns).at(&target.host).broken())?;
    if addresses.is_empty() {
        let text = format!("cannot resolve {}: the name has no address", target.host);
        return Err(Error::new(ErrorClass::Operational, Phase::Dns, "08001", text).broken());
    }
    let mut numbers = target.ports;
    if numbers.is_empty() {
        numbers = USUAL.iter().map(|(port, _)| *port).collect();
    }
    numbers.sort_unstable();
    numbers.dedup();
    let host =
        Arc::new(Host { name: target.host, addresses, deadline, timeout: target.timeout, database: target.database });
    let mut waiting = numbers.into_iter();
    let mut looking = JoinSet::new();
    let mut ports = Vec::new();
    loop {
        while looking.len() < AT_ONCE {
            let Some(number) = waiting.next() else { break };
            looking.spawn(port::look(host.clone(), number));
        }
        match looking.join_next().await {
            None => break,
            Some(Ok(port)) => ports.push(port),
            Some(Err(e)) => return Err(Error::new(ErrorClass::Internal, Phase::Exchange, "58009", e.to_string())),
        }
    }
    ports.sort_unstable_by_key(|port| port.port);
    let advice = advice::advice(&ports, advice::now());
    Ok(Report {
        host: host.name.clone(),
        addresses: host.addresses.clone(),
        timeout: host.timeout,
        elapsed: started.elapsed(),
        ports,
        advice,
    })
}
