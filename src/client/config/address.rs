//! The addresses of a server: one, or several that stand for each other, tried in their order.

use super::{ConfigError, error, host, number};

/// An address; without a port it has that of the setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: Option<u16>,
}

/// The first host, and all addresses where there are several: `a`, or `a:446,[::1]:447`.
pub(super) fn hosts(text: &str) -> Result<(String, Vec<Address>), ConfigError> {
    if !text.contains(',') {
        return Ok((host(text)?, Vec::new()));
    }
    let addresses = text.split(',').map(Address::read).collect::<Result<Vec<_>, _>>()?;
    let first = addresses.first().map(|first| first.host.clone()).unwrap_or_default();
    Ok((first, addresses))
}

impl Address {
    /// Reads `host`, `host:port` or `[address]:port`.
    pub(super) fn read(text: &str) -> Result<Address, ConfigError> {
        let (name, port) = split(text.trim())?;
        let port = port.map(|port| number("port", port, 1..=65_535)).transpose()?;
        Ok(Address { host: host(name)?, port: port.map(|port| port as u16) })
    }
}

/// Host and port as they are written: an IPv6 address with its brackets.
pub(super) fn split(address: &str) -> Result<(&str, Option<&str>), ConfigError> {
    if let Some(rest) = address.strip_prefix('[') {
        let (inside, rest) = rest.split_once(']').ok_or_else(|| error("host", "a bracket is not closed"))?;
        // With its brackets: only an IPv6 address may stand in them.
        let host = address.get(..inside.len() + 2).unwrap_or(inside);
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(error("host", "expected [address]:port")),
        };
    }
    match address.split_once(':') {
        Some((_, port)) if port.contains(':') => {
            Err(error("host", "an IPv6 address is written in brackets: [::1]:446"))
        }
        Some((host, port)) => Ok((host, Some(port))),
        None => Ok((address, None)),
    }
}

/// An address as errors and URIs write it.
pub(in crate::client) fn written(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

#[cfg(test)]
mod tests {
    use crate::client::config::Config;

    #[test]
    fn addresses_after_commas_stand_for_each_other() {
        let told = |uri: &str| Config::from_uri(uri).unwrap().addresses();
        let pair = |host: &str, port| (host.to_owned(), port);
        assert_eq!(told("drda://a:1,b:2/D"), [pair("a", 1), pair("b", 2)]);
        assert_eq!(told("drda://me:p,w@[::1]:1,b,c:3/D"), [pair("::1", 1), pair("b", 446), pair("c", 3)]);
        assert_eq!(told("drda://a:5/D"), [pair("a", 5)]);
        let mut config = Config::empty();
        config.set("host", "a:1, b").unwrap();
        config.set("port", "7").unwrap();
        assert_eq!((config.host.as_str(), config.addresses()), ("a", vec![pair("a", 1), pair("b", 7)]));
        assert_eq!(Config::from_uri("drda://[::1]:1,b/D").unwrap().authority(), "[::1]:1,b:446");
        config.set("host", "c").unwrap();
        assert_eq!(config.addresses(), [pair("c", 7)]);
    }

    #[test]
    fn an_address_in_a_list_is_held_to_the_rules_of_one() {
        for uri in
            ["drda://a:0,b/D", "drda://a,,b/D", "drda://a,::1/D", "drda://a,b:x/D", "drda://a,b c/D", "drda://,/D"]
        {
            let e = Config::from_uri(uri).unwrap_err();
            assert!(["host", "port"].contains(&e.setting.as_str()), "{uri}: {e}");
        }
        assert_eq!(Config::empty().set("host", "a:1").unwrap_err().setting, "host");
    }
}
