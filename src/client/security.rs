//! Builds the security policy and the credentials from the configuration.

use super::config::Config;
use super::error::{Error, Phase, Result};
use super::token::bounded;
use crate::flow::error::FlowError;
use crate::flow::secmec::caution::Caution;
use crate::flow::secmec::choice::Policy;
use crate::flow::secmec::line::Line;
use crate::flow::secmec::requester::Credentials;

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
