//! Who logs in, how, and what it means when the database is not there.

use super::config::{Config, Security};
use super::error::{Error, Kind, Phase, Result};
use crate::flow::connect::{Identity, Login};
use crate::flow::error::FlowError;
use crate::flow::secmec::agreement::EncAlg;
use crate::net::error::NetError;
use crate::wire::ddm::codepoint as cp;
use std::net::{IpAddr, SocketAddr};
use std::time::{SystemTime, UNIX_EPOCH};

pub(super) fn peer(config: &Config) -> String {
    if config.host.contains(':') {
        format!("[{}]:{}", config.host, config.port)
    } else {
        format!("{}:{}", config.host, config.port)
    }
}

/// The mechanism for the configuration. A password in clear needs this machine or a permission.
pub(super) fn login(config: &Config) -> Result<Login> {
    let clear = config.is_loopback() || config.allow_cleartext_password;
    match config.security {
        Security::UserOnly => Ok(Login::UserOnly),
        Security::Auto if config.password.is_none() => Ok(Login::UserOnly),
        Security::Password | Security::Auto if clear => Ok(Login::Password),
        Security::Password => Err(Error::new(
            Kind::Interface,
            Phase::Security,
            "08001",
            "a password is not sent in clear to another machine",
        )
        .hint("choose security=encrypted, or set allow_cleartext_password")),
        Security::Auto | Security::EncryptedAes => Ok(Login::Encrypted(EncAlg::Aes)),
        Security::EncryptedDes => Ok(Login::Encrypted(EncAlg::Des)),
        Security::Substitute => Ok(Login::Substitute),
    }
}

pub(super) fn identity(config: &Config, login: Login, local: Option<SocketAddr>) -> Result<Identity> {
    let mut random = [0; 64];
    getrandom::fill(&mut random)
        .map_err(|e| Error::new(Kind::Operational, Phase::Security, "58004", format!("no random bytes: {e}")))?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let [_, _, unique @ ..] = (now.as_micros() as u64).to_be_bytes();
    let host = match local.map(|l| l.ip()) {
        Some(IpAddr::V4(ip)) => u32::from(ip),
        Some(IpAddr::V6(ip)) => u128::from(ip) as u32,
        None => 0,
    };
    Ok(Identity {
        rdbnam: config.rdbnam(),
        user: config.user.clone().unwrap_or_else(|| "APP".to_owned()),
        password: config.password.clone(),
        login,
        random,
        correlation: (format!("{host:08X}.{:04X}", local.map_or(0, |l| l.port())), unique),
        application: config.application_name.clone(),
    })
}

/// True when the server says that it has no such database, or cannot open it.
pub(super) fn no_database(e: &NetError) -> bool {
    let reply = match e {
        NetError::Flow(FlowError::Sql { reply: Some(reply), .. } | FlowError::Refused(reply)) => reply.cp,
        _ => return false,
    };
    matches!(reply, cp::RDBNFNRM | cp::RDBAFLRM)
}

/// That, with the name as it was sent.
pub(super) fn without_database(e: Error, config: &Config) -> Error {
    let message = format!("the server has no database {:?}, or cannot open it: {}", config.rdbnam(), e.message);
    Error { kind: Kind::Operational, message, sqlstate: Some("08004".to_owned()), ..e }
        .hint("on IBM i it is the name in the RDB directory (WRKRDBDIRE), on z/OS the location")
}
