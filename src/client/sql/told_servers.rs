//! Other addresses of a database, as its servers told them at logins (SRVLST), for the next connection to it. They are
//! only used by those who allow it (`reroute`), and bounded: any server can send any list.

use crate::client::config::Config;
use crate::wire::sql::accrdb::ServerAddress;
use std::collections::VecDeque;
use std::sync::Mutex;

/// Databases of which lists are kept: the latest.
const KEPT: usize = 64;

type Addresses = Vec<(String, u16)>;

/// A database by the addresses that were named and its name.
type Known = (Addresses, String);

static TOLD: Mutex<VecDeque<(Known, Addresses)>> = Mutex::new(VecDeque::new());

/// The addresses that were told of this database beside those that are named, the preferred first.
pub(super) fn told(config: &Config, named: &[(String, u16)]) -> Addresses {
    // A process that was forked may find it locked for good.
    let Ok(all) = TOLD.try_lock() else { return Vec::new() };
    let known = all.iter().find(|((of, database), _)| of == named && *database == config.database);
    let beside = |address: &&(String, u16)| !named.contains(address);
    known.map(|(_, told)| told.iter().filter(beside).cloned().collect()).unwrap_or_default()
}

/// Keeps what a server told of this database. One that told nothing leaves what is there.
pub(super) fn remember(config: &Config, named: &[(String, u16)], servers: &[ServerAddress]) {
    let mut sorted: Vec<&ServerAddress> = servers.iter().collect();
    sorted.sort_by_key(|server| std::cmp::Reverse(server.priority));
    let mut told = Addresses::new();
    for server in sorted {
        let mut plain = Config::empty();
        // A list is no single host.
        let one = server.port > 0 && !server.host.contains(',') && plain.set("host", &server.host).is_ok();
        let address = (plain.host, server.port);
        if one && !told.contains(&address) {
            told.push(address);
        }
    }
    let Ok(mut all) = TOLD.try_lock() else { return };
    if told.is_empty() {
        return;
    }
    all.retain(|((of, database), _)| !(of == named && *database == config.database));
    all.push_front(((named.to_vec(), config.database.clone()), told));
    all.truncate(KEPT);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_bounded_and_held_to_the_rules_of_hosts() {
        let config = Config::new("h", 1, "TOLD").unwrap();
        let server = |priority, host: &str, port| ServerAddress { priority, host: host.to_owned(), port };
        let list =
            [server(1, "b", 2), server(9, "c", 3), server(5, "no host", 4), server(5, "d,e", 4), server(5, "z", 0)];
        remember(&config, &config.addresses(), &list);
        assert_eq!(told(&config, &config.addresses()), [("c".to_owned(), 3), ("b".to_owned(), 2)]);
        remember(&config, &config.addresses(), &[]);
        assert_eq!(told(&config, &config.addresses()).len(), 2);
        assert!(told(&Config::new("h", 1, "OTHER").unwrap(), &config.addresses()).is_empty());
        for number in 0..2 * KEPT {
            let other = Config::new("h", 2, &format!("D{number}")).unwrap();
            remember(&other, &other.addresses(), &list);
        }
        assert!(TOLD.lock().unwrap().len() <= KEPT);
    }
}
