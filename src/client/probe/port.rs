//! The look at one port: DRDA in clear, then TLS, then the questions of other protocols. One connection
//! at a time but for the last questions: some servers take no second one beside the first.

use super::host::Host;
use super::protocols::{self, Guess, readable};
use super::report::{OfferedMechanism, Port, PortState, ServerReport, Service, TlsReport};
use crate::client::login::random;
use crate::client::server_info;
use crate::flow::error::FlowError;
use crate::flow::probe::{Hello, Mechanisms, Offered};
use crate::flow::secmec::SecMec;
use crate::flow::secmec::agreement::EncAlg;
use crate::net::any_stream::BoxedStream;
use crate::net::channel::Channel;
use crate::net::error::{NetError, TlsError};
use crate::net::recognise;
use crate::net::tls::{Connector, Encrypted};
use crate::net::transport::{self, Deadline};
use crate::wire::ddm::excsat::ExcSatRd;
use crate::wire::value::product::Product;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpStream;

const SIGN_ON: [u16; 2] = [8476, 9476];
const MAPPER: u16 = 449;
/// Ports on which TLS is tried first.
const TLS_FIRST: [u16; 9] = [448, 9470, 9471, 9472, 9473, 9474, 9475, 9476, 50001];
/// Longest frame that is taken.
const FRAME: usize = 64 * 1024;
/// Managers and mechanisms that are told at most; servers have a dozen.
const MOST: usize = 64;

/// Parts of the whole time: for an address that is not the last, for the first answer in DRDA, for TLS,
/// for each other question.
const ADDRESS: f64 = 0.2;
const FIRST: f64 = 0.4;
const HANDSHAKE: f64 = 0.3;
const QUESTION: f64 = 0.2;

/// Looks at a port.
pub(super) async fn look(host: Arc<Host>, number: u16) -> Port {
    let mut port = Port::new(number);
    let first = match reach(&host, number).await {
        Ok(stream) => stream,
        Err((state, words)) => {
            port.state = state;
            port.words = words;
            return port;
        }
    };
    let Ok(address) = first.peer_addr() else { return port };
    port.state = PortState::Open;
    port.address = Some(address);
    let mut line = ProbeLine { host: &host, address, first: Some(first) };
    line.look(&mut port).await;
    port
}

/// Connects to the first address that takes it; else how the port looks, and why.
async fn reach(host: &Host, number: u16) -> Result<TcpStream, (PortState, String)> {
    let mut told: Option<(PortState, String)> = None;
    for (n, address) in host.addresses.iter().enumerate() {
        let last = n + 1 == host.addresses.len();
        let deadline = if last { host.deadline } else { host.share(ADDRESS) };
        let state = match transport::connect(&address.to_string(), number, deadline).await {
            Ok(stream) => return Ok(stream),
            Err(NetError::Timeout { .. }) => (PortState::Silent, "no answer; a firewall may be in the way".to_owned()),
            Err(NetError::Tcp { source, .. }) if source.kind() == ErrorKind::ConnectionRefused => {
                (PortState::Refused, String::new())
            }
            Err(e) => (PortState::Unreachable, e.to_string()),
        };
        // A refusal tells most: somebody is there.
        if told.as_ref().is_none_or(|(before, _)| state.0 == PortState::Refused || *before == PortState::Unreachable) {
            told = Some(state);
        }
    }
    Err(told.unwrap_or((PortState::Unreachable, String::new())))
}

/// Whom an attempt in DRDA met.
enum Met {
    Server(Box<ServerReport>),
    Other(&'static str),
    Tls,
    /// Nobody who could be told; why.
    Nobody(String),
}

/// The way to one port.
struct ProbeLine<'a> {
    host: &'a Host,
    address: SocketAddr,
    /// The connection that showed the port to be open, until it is used.
    first: Option<TcpStream>,
}

impl ProbeLine<'_> {
    async fn look(&mut self, port: &mut Port) {
        let tls_first = TLS_FIRST.contains(&port.port);
        if tls_first && self.over_tls(port).await {
            return;
        }
        let special = match (port.port, self.host.share(FIRST)) {
            (number, patience) if SIGN_ON.contains(&number) => {
                let Some(mut stream) = self.connect().await else { return };
                protocols::sign_on(&mut stream, self.host, patience).await
            }
            (MAPPER, patience) => {
                let Some(mut stream) = self.connect().await else { return };
                protocols::mapper(&mut stream, patience).await
            }
            _ => Guess::default(),
        };
        if settle(port, special) {
            return;
        }
        let Some(stream) = self.connect().await else { return };
        match drda(stream, self.host, self.host.share(FIRST)).await {
            Met::Server(server) => {
                port.service = Service::Drda;
                port.server = Some(*server);
                return;
            }
            Met::Other(name) => {
                port.service = Service::Other(name);
                return;
            }
            Met::Tls => {
                if tls_first || !self.over_tls(port).await {
                    port.service = Service::Other("TLS");
                }
                return;
            }
            Met::Nobody(words) => port.words = words,
        }
        // A server of TLS may hang up or wait when it hears something else.
        if !tls_first && self.over_tls(port).await {
            return;
        }
        self.guess(port).await;
    }

    /// The first connection, or another.
    async fn connect(&mut self) -> Option<BoxedStream> {
        match self.first.take() {
            Some(stream) => Some(Box::new(stream)),
            None => self.again().await,
        }
    }

    async fn again(&self) -> Option<BoxedStream> {
        let (ip, port): (IpAddr, u16) = (self.address.ip(), self.address.port());
        let stream = transport::connect(&ip.to_string(), port, self.host.deadline).await.ok()?;
        Some(Box::new(stream))
    }

    /// True when the port speaks TLS; then the service inside TLS was looked at too.
    async fn over_tls(&mut self, port: &mut Port) -> bool {
        let Some((done, seen)) = self.handshake().await else { return false };
        let failure = match done {
            Ok((stream, secured)) => {
                let (version, cipher) = (Some(secured.version), Some(secured.cipher));
                port.tls = Some(TlsReport { version, cipher, seen, failure: None });
                port.words.clear();
                self.ask_over_tls(Box::new(stream), port).await;
                return true;
            }
            // Somebody who shows a certificate or refuses in TLS speaks it.
            Err(NetError::Tls(e @ (TlsError::Refused(_) | TlsError::Failed(_)))) => e.to_string(),
            Err(e) if seen.is_some() => e.to_string(),
            Err(_) => return false,
        };
        port.service = Service::Other("TLS");
        port.words.clear();
        port.tls = Some(TlsReport { version: None, cipher: None, seen, failure: Some(failure) });
        true
    }

    async fn handshake(&mut self) -> Option<Handshake> {
        let deadline = self.host.share(HANDSHAKE);
        let connector = Connector::to_look(&self.host.name, deadline).await.ok()?;
        let stream = self.connect().await?;
        Some(connector.look(stream, deadline).await)
    }

    async fn ask_over_tls(&mut self, mut stream: BoxedStream, port: &mut Port) {
        port.service = Service::Other("TLS");
        let met = if SIGN_ON.contains(&port.port) {
            let guess = protocols::sign_on(&mut stream, self.host, self.host.share(FIRST)).await;
            if settle(port, guess) {
                return;
            }
            Met::Nobody(String::new())
        } else {
            drda(stream, self.host, self.host.share(FIRST)).await
        };
        match met {
            Met::Server(server) => {
                port.service = Service::Drda;
                port.server = Some(*server);
            }
            Met::Other(name) => port.service = Service::Other(name),
            Met::Tls => {}
            Met::Nobody(words) => {
                port.words = words;
                let Some((Ok((stream, _)), _)) = self.handshake().await else { return };
                let mut stream: BoxedStream = Box::new(stream);
                settle(port, protocols::http(&mut stream, self.host.share(QUESTION)).await);
            }
        }
    }

    /// Questions of other protocols, until one is answered.
    async fn guess(&mut self, port: &mut Port) {
        let Some(mut stream) = self.connect().await else { return };
        let web = protocols::http(&mut stream, self.host.share(QUESTION)).await;
        drop(stream);
        if web.service == Some(Service::Other("TLS")) {
            self.over_tls(port).await;
            return;
        }
        if settle(port, web) {
            return;
        }
        let (host, this) = (self.host, &*self);
        let (postgresql, tds, sign_on) = tokio::join!(
            async { protocols::postgresql(&mut this.again().await?, host.share(QUESTION)).await.into() },
            async { protocols::tds(&mut this.again().await?, host.share(QUESTION)).await.into() },
            async { protocols::sign_on(&mut this.again().await?, host, host.share(QUESTION)).await.into() },
        );
        let found: [Option<Guess>; 3] = [sign_on, postgresql, tds];
        for guess in found.into_iter().flatten() {
            if settle(port, guess) {
                return;
            }
        }
    }
}

/// A handshake, and the certificate that was shown.
type Handshake =
    (Result<(Encrypted, crate::net::tls::Secured), NetError>, Option<crate::net::tls::AcceptedCertificate>);

/// Takes over what a guess found; true when that was something.
fn settle(port: &mut Port, guess: Guess) -> bool {
    let Some(service) = guess.service else {
        if !guess.heard.is_empty() {
            port.words = format!("it answered \"{}\"", recognise::shown(&guess.heard));
        }
        return false;
    };
    port.service = service;
    port.sign_on = guess.sign_on;
    port.words.clear();
    true
}

/// EXCSAT and ACCSEC over a stream that is connected.
async fn drda(stream: BoxedStream, host: &Host, patience: Deadline) -> Met {
    let channel = Channel::spawn(stream, FRAME);
    let met = match channel.run(Hello::new(), Some(patience)).await {
        Ok(attributes) => {
            let offered = offered(&channel, host).await;
            Met::Server(Box::new(server(&attributes, offered)))
        }
        Err(NetError::Flow(e @ FlowError::Refused(_))) => Met::Server(Box::new(ServerReport {
            product: "unknown",
            refusal: Some(e.to_string()),
            ..ServerReport::default()
        })),
        Err(e) => {
            let heard = channel.heard();
            match recognise::name(&heard) {
                Some("TLS") => Met::Tls,
                Some(name) => Met::Other(name),
                None if recognise::is_dss(&heard) => Met::Nobody(format!("it begins like DRDA, but {e}")),
                None if heard.is_empty() => Met::Nobody(e.to_string()),
                None => Met::Nobody(format!("it answered \"{}\"", recognise::shown(&heard))),
            }
        }
    };
    // Nothing is owed to the server, and it may take no other connection meanwhile.
    channel.abort("it was looked at");
    met
}

async fn offered(channel: &Channel, host: &Host) -> Offered {
    let refused = |why: String| Offered { refusal: Some(why), ..Offered::default() };
    let random = match random() {
        Ok(random) => random,
        Err(e) => return refused(e.message),
    };
    let flow = match Mechanisms::new(host.database.as_deref(), &random) {
        Ok(flow) => flow,
        Err(e) => return refused(e.to_string()),
    };
    channel.run(flow, Some(host.deadline)).await.unwrap_or_else(|e| refused(e.to_string()))
}

/// The report on a server from its attributes and mechanisms.
fn server(attributes: &ExcSatRd, offered: Offered) -> ServerReport {
    let text = |text: &Option<String>| readable(text.as_deref().unwrap_or_default());
    let (class, release) = (text(&attributes.srvclsnm), text(&attributes.srvrlslv));
    let product = product(&class, &release);
    let mechanisms: Vec<OfferedMechanism> =
        offered.mechanisms.iter().take(MOST).map(|number| mechanism(*number)).collect();
    ServerReport {
        product: server_info::words(product),
        version: version(product, &release),
        name: text(&attributes.extnam),
        system: text(&attributes.srvnam),
        class,
        release,
        managers: attributes
            .managers
            .iter()
            .filter_map(|(manager, level)| manager.name().map(|name| (name, *level)))
            .take(MOST)
            .collect(),
        mechanisms: offered.refusal.is_none().then_some(mechanisms),
        complete: offered.complete,
        cipher: offered.algorithm.map(|algorithm| match algorithm {
            EncAlg::Aes => "AES-256",
            EncAlg::Des => "DES",
        }),
        refusal: offered.refusal.map(|why| readable(&why)),
    }
}

fn mechanism(number: u16) -> OfferedMechanism {
    match SecMec::from_number(number) {
        Some(known) => OfferedMechanism { number, name: known.name(), words: known.words() },
        None => OfferedMechanism { number, name: "", words: "unknown" },
    }
}

/// By the release level, which begins with a product id on most; else by the class.
fn product(class: &str, release: &str) -> Product {
    match Product::from_prdid(release) {
        Product::Other => match class {
            "Apache Derby" => Product::Derby,
            "QAS" => Product::IbmI,
            "QDB2" => Product::Zos,
            class if class.starts_with("QDB2/") => Product::Luw,
            _ => Product::Other,
        },
        product => product,
    }
}

/// `11.5.8` of `SQL11058`, `7.5.0` of `V07R05M00`, `10.14.2.0` of `CSS10140/10.14.2.0 - (1828579)`.
fn version(product: Product, release: &str) -> Option<String> {
    if let Some((_, after)) = release.split_once('/').filter(|_| product == Product::Derby) {
        let told = after.split_whitespace().next()?;
        return told.starts_with(|c: char| c.is_ascii_digit()).then(|| told.to_owned());
    }
    if let Some(rest) = release.strip_prefix('V') {
        let (version, rest) = rest.split_once('R')?;
        let (release, modification) = rest.split_once('M')?;
        let parts = [version, release, modification];
        let parts: Vec<u8> = parts.iter().filter_map(|part| part.trim().parse().ok()).collect();
        return matches!(parts.as_slice(), [_, _, _]).then(|| dotted(&parts));
    }
    let digits = release.get(3..8).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
    let parts: Vec<u8> = [0..2, 2..4, 4..5].into_iter().filter_map(|at| digits.get(at)?.parse().ok()).collect();
    (product != Product::Other).then(|| dotted(&parts))
}

fn dotted(parts: &[u8]) -> String {
    parts.iter().map(u8::to_string).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_and_versions() {
        for (class, release, product_, version_) in [
            ("QDB2/LINUXX8664", "SQL11058", Product::Luw, Some("11.5.8")),
            ("QDB2/LINUXX8664", "", Product::Luw, None),
            ("QDB2", "DSN13015", Product::Zos, Some("13.1.5")),
            ("QAS", "V7R5M0", Product::IbmI, Some("7.5.0")),
            ("QAS", "V07R05M00", Product::IbmI, Some("7.5.0")),
            ("QAS", "V7R", Product::IbmI, None),
            ("Apache Derby", "CSS10140/10.14.2.0 - (1828579)", Product::Derby, Some("10.14.2.0")),
            ("Apache Derby", "CSS10140/", Product::Derby, None),
            ("mine", "1.0", Product::Other, None),
            ("mine", "XYZ01020", Product::Other, None),
        ] {
            let found = product(class, release);
            assert_eq!((found, version(found, release).as_deref()), (product_, version_), "{class} {release}");
        }
    }
}
