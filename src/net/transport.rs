//! Opening a TCP connection within a deadline.

use super::error::{ConnectStage, NetError};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout_at};

/// One absolute limit over several waits.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    at: Instant,
    allowed: Duration,
}

impl Deadline {
    /// So much from now on.
    pub fn after(allowed: Duration) -> Self {
        Deadline { at: Instant::now() + allowed, allowed }
    }

    /// The same, or so much from now on if that is earlier.
    pub fn within(&self, allowed: Duration) -> Self {
        let sooner = Deadline::after(allowed);
        if sooner.at < self.at { sooner } else { *self }
    }

    /// An equal share of the time that is left, for one of so many.
    pub fn share(&self, of: usize) -> Self {
        let left = self.at.saturating_duration_since(Instant::now());
        self.within(left / u32::try_from(of.max(1)).unwrap_or(u32::MAX))
    }

    /// The moment.
    pub fn at(&self) -> Instant {
        self.at
    }

    /// The error for a wait that did not end in time.
    pub fn passed(&self, stage: ConnectStage) -> NetError {
        NetError::Timeout { stage, after: self.allowed }
    }
}

/// Silence after which the kernel probes whether the peer is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// The addresses of `host`, each once.
pub async fn resolve(host: &str, deadline: Deadline) -> Result<Vec<IpAddr>, NetError> {
    let found = timeout_at(deadline.at(), lookup_host((host, 0)))
        .await
        .map_err(|_| deadline.passed(ConnectStage::Dns))?
        .map_err(|source| NetError::Dns { host: host.to_owned(), source })?;
    let mut addresses: Vec<IpAddr> = Vec::new();
    for address in found {
        if !addresses.contains(&address.ip()) {
            addresses.push(address.ip());
        }
    }
    Ok(addresses)
}

/// Connects to the first address of `host` that answers.
pub async fn connect(host: &str, port: u16, deadline: Deadline) -> Result<TcpStream, NetError> {
    let addresses = timeout_at(deadline.at(), lookup_host((host, port)))
        .await
        .map_err(|_| deadline.passed(ConnectStage::Dns))?
        .map_err(|source| NetError::Dns { host: host.to_owned(), source })?;
    let mut last = std::io::Error::new(std::io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        match connect_to(address, deadline).await? {
            Ok(stream) => return Ok(stream),
            Err(e) => last = e,
        }
    }
    Err(NetError::Tcp { host: host.to_owned(), port, source: last })
}

/// Connects to an address: the system's error where that does not work.
pub async fn connect_to(address: SocketAddr, deadline: Deadline) -> Result<std::io::Result<TcpStream>, NetError> {
    let connecting = timeout_at(deadline.at(), TcpStream::connect(address));
    Ok(connecting.await.map_err(|_| deadline.passed(ConnectStage::Tcp))?.and_then(|stream| {
        // Requests are small and answered one by one: waiting to fill a packet only delays.
        stream.set_nodelay(true)?;
        socket2::SockRef::from(&stream).set_tcp_keepalive(&socket2::TcpKeepalive::new().with_time(KEEP_ALIVE))?;
        Ok(stream)
    }))
}
