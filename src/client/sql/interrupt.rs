//! Breaking off what a server runs for a connection: by a second connection, which names the first one by the token that
//! the server gave it.

use crate::client::config::Config;
use crate::client::dial::{channel, dial_again};
use crate::flow::secmec::caution::Caution;
use crate::flow::sql::interrupt::Interrupt;
use crate::flow::sql::interrupt_token::InterruptToken;
use crate::flow::sql::session::Session;
use crate::net::channel::breaking_off::{Interrupter, Told};
use crate::net::error::NetError;
use crate::net::transport::Deadline;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// The second connection has this long, from its first packet to the answer.
const LIMIT: Duration = Duration::from_secs(3);
/// Frames of its replies are short.
const FRAME: usize = 64 * 1024;

/// Opens the second connection, to the same address.
#[derive(Debug)]
pub(super) struct ByToken {
    /// That of the first connection, without its secrets.
    config: Arc<Config>,
    session: Arc<Session>,
    token: InterruptToken,
    address: SocketAddr,
}

impl ByToken {
    /// Of a connection to this address.
    pub(super) fn new(config: &Config, session: &Arc<Session>, token: InterruptToken, address: SocketAddr) -> ByToken {
        let config =
            Config { password: None, password_source: None, new_password: None, token: None, ..config.clone() };
        ByToken { config: Arc::new(config), session: session.clone(), token, address }
    }

    async fn ask(config: Arc<Config>, address: SocketAddr, flow: Interrupt) -> Told {
        let deadline = Deadline::after(LIMIT.min(config.timeout));
        // Whoever wants to hear of what is doubtful about this server has heard it.
        let unheard = Caution::new(|_| Ok(()));
        let dialed = match dial_again(&config, address, &unheard, deadline).await {
            Ok(dialed) => dialed,
            Err(e) => {
                tracing::debug!(error = %e, "the connection to break a statement off did not come about");
                return Told::Refused;
            }
        };
        let channel = channel(dialed.stream, FRAME, Arc::default());
        let answer = channel.run(flow, Some(deadline)).await;
        channel.abort("it was closed");
        match answer {
            Ok(()) => Told::Heard,
            Err(NetError::Timeout { .. }) => Told::Unanswered,
            Err(e) => {
                tracing::debug!(error = %e, "the server does not break statements off");
                Told::Refused
            }
        }
    }
}

impl Interrupter for ByToken {
    fn tell(&self) -> Pin<Box<dyn Future<Output = Told> + Send>> {
        let application = self.config.client.application.clone();
        let flow = Interrupt::new(application, self.session.rdbnam.clone(), self.token.clone());
        Box::pin(ByToken::ask(self.config.clone(), self.address, flow))
    }
}
