//! Logins that failed, by the peer's address and by the name that it gave. From the fifth on, proofs of the address are
//! looked at later and later, and wrong ones of the name are answered so, until minutes have passed without another.

use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::hash::{BuildHasher, Hash};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout};

/// Failures that cost nothing.
const FREE: u32 = 4;
/// The longest delay.
const LONGEST: Duration = Duration::from_secs(10);
/// Forgotten after so long without another.
const QUIET: Duration = Duration::from_secs(300);
/// Addresses, and names, that are remembered.
const REMEMBERED: usize = 4096;
/// Proofs of one address that wait at a time: more at once would be as many guesses.
const WAITING: u32 = 4;
/// Characters of a user's name in a log.
const SHOWN: usize = 64;

/// Logins that failed.
pub(in crate::server) struct FailedLogins {
    first: Duration,
    hasher: RandomState,
    records: Mutex<FailureRecords>,
}

#[derive(Default)]
struct FailureRecords {
    addresses: HashMap<IpAddr, FailureRecord>,
    /// By their hashes.
    names: HashMap<u64, FailureRecord>,
}

struct FailureRecord {
    count: u32,
    last: Instant,
    waiting: u32,
}

/// Too many proofs of the address wait already.
#[derive(Debug)]
pub(in crate::server) struct TooManyWaiting;

/// A proof that waits.
struct WaitingPeer<'a>(&'a FailedLogins, IpAddr);

impl Drop for WaitingPeer<'_> {
    fn drop(&mut self) {
        if let Some(record) = self.0.records().addresses.get_mut(&self.1) {
            record.waiting = record.waiting.saturating_sub(1);
        }
    }
}

impl FailedLogins {
    /// None yet; the first delay, none at all where it is zero.
    pub(in crate::server) fn new(first: Duration) -> FailedLogins {
        FailedLogins { first, hasher: RandomState::new(), records: Mutex::default() }
    }

    /// Waits until a proof of the peer may be looked at, and for the right to do so. Tells how long the failures of its
    /// address made it wait.
    pub(in crate::server) async fn admit(
        &self,
        peer: IpAddr,
        permits: &Arc<Semaphore>,
    ) -> Result<(Option<OwnedSemaphorePermit>, Duration), TooManyWaiting> {
        let peer = network(peer);
        let mut waited = Duration::ZERO;
        loop {
            // Others may have failed meanwhile.
            let due = self.due(&peer).saturating_sub(waited);
            if !due.is_zero() {
                let _waiting = self.wait(peer)?;
                sleep(due).await;
                waited += due;
            }
            let Ok(permit) = timeout(LONGEST, permits.clone().acquire_owned()).await else {
                return Err(TooManyWaiting);
            };
            if self.due(&peer) <= waited {
                return Ok((permit.ok(), waited));
            }
        }
    }

    /// Notes a failure. Tells how long the answer is to take by the name's failures.
    pub(in crate::server) fn failed(&self, peer: IpAddr, user: &str, code: u32) -> Duration {
        let shown: String = user.chars().take(SHOWN).collect();
        tracing::warn!(%peer, user = ?shown, code, "login failed");
        let name = self.hasher.hash_one(user.trim_end().to_uppercase());
        let mut records = self.records();
        count_failure(&mut records.addresses, network(peer));
        let count = count_failure(&mut records.names, name);
        self.delay(count)
    }

    fn due(&self, peer: &IpAddr) -> Duration {
        let records = self.records();
        let fresh = records.addresses.get(peer).filter(|record| record.last.elapsed() < QUIET);
        fresh.map_or(Duration::ZERO, |record| self.delay(record.count))
    }

    fn delay(&self, count: u32) -> Duration {
        match count.checked_sub(FREE + 1) {
            None => Duration::ZERO,
            Some(doubled) => self.first.saturating_mul(1 << doubled.min(16)).min(LONGEST),
        }
    }

    fn wait(&self, peer: IpAddr) -> Result<WaitingPeer<'_>, TooManyWaiting> {
        match self.records().addresses.get_mut(&peer) {
            Some(record) if record.waiting >= WAITING => return Err(TooManyWaiting),
            Some(record) => record.waiting += 1,
            None => {}
        }
        Ok(WaitingPeer(self, peer))
    }

    fn records(&self) -> MutexGuard<'_, FailureRecords> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One more failure; how many there are.
fn count_failure<K: Copy + Eq + Hash>(records: &mut HashMap<K, FailureRecord>, key: K) -> u32 {
    let now = Instant::now();
    if records.len() >= REMEMBERED && !records.contains_key(&key) {
        // Somebody makes them up: those that nobody waits for are forgotten, all at once.
        records.retain(|_, record| record.count > FREE && record.last.elapsed() < QUIET);
        if records.len() >= REMEMBERED
            && let Some(least) = records.iter().min_by_key(|(_, r)| (r.count, r.last)).map(|(key, _)| *key)
        {
            records.remove(&least);
        }
    }
    match records.entry(key) {
        Entry::Vacant(free) => {
            free.insert(FailureRecord { count: 1, last: now, waiting: 0 });
            1
        }
        Entry::Occupied(known) => {
            let record = known.into_mut();
            record.count = if record.last.elapsed() < QUIET { record.count.saturating_add(1) } else { 1 };
            record.last = now;
            record.count
        }
    }
}

/// The addresses that one peer can have: one of IPv4, of IPv6 all that begin with the same 64 bits.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(100);

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn delays_grow_from_the_fifth_failure_on_and_are_forgotten() {
        let failures = FailedLogins::new(FIRST);
        let (peer, other) = (address("198.51.100.7"), address("198.51.100.8"));
        let permits = Arc::new(Semaphore::new(1));
        let told: Vec<u128> = (0..14).map(|_| failures.failed(peer, "app", 0).as_millis()).collect();
        assert_eq!(told, [0, 0, 0, 0, 100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000]);
        let begun = Instant::now();
        assert_eq!(failures.admit(peer, &permits).await.unwrap().1, LONGEST);
        assert_eq!(begun.elapsed(), LONGEST);
        // The name is delayed elsewhere as well, but only what is wrong.
        assert_eq!(failures.admit(other, &permits).await.unwrap().1, Duration::ZERO);
        assert_eq!(failures.failed(other, "APP ", 0), LONGEST);
        assert_eq!(failures.failed(other, "somebody", 0), Duration::ZERO);
        tokio::time::advance(QUIET).await;
        assert_eq!(failures.admit(peer, &permits).await.unwrap().1, Duration::ZERO);
        assert_eq!(failures.failed(peer, "app", 0), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn few_proofs_of_an_address_wait_at_a_time() {
        let failures = Arc::new(FailedLogins::new(FIRST));
        let permits = Arc::new(Semaphore::new(1));
        let peer = address("2001:db8::1");
        for _ in 0..20 {
            failures.failed(peer, "app", 0);
        }
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..100 {
            let (failures, permits) = (failures.clone(), permits.clone());
            // One peer has all of these addresses.
            let peer = address(&format!("2001:db8::{n:x}"));
            tasks.spawn(async move { failures.admit(peer, &permits).await.is_ok() });
        }
        let mut admitted = 0;
        while let Some(done) = tasks.join_next().await {
            admitted += u32::from(done.unwrap());
        }
        assert_eq!(admitted, WAITING);
        assert!(failures.admit(peer, &permits).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn proofs_that_began_before_the_first_failure_wait_as_well() {
        let failures = Arc::new(FailedLogins::new(FIRST));
        let permits = Arc::new(Semaphore::new(2));
        let peer = address("198.51.100.7");
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..200 {
            let (failures, permits) = (failures.clone(), permits.clone());
            tasks.spawn(async move {
                let Ok((_permit, _)) = failures.admit(peer, &permits).await else { return false };
                tokio::task::yield_now().await;
                failures.failed(peer, "app", 0);
                true
            });
        }
        let mut looked_at = 0;
        while let Some(done) = tasks.join_next().await {
            looked_at += u32::from(done.unwrap());
        }
        assert!(looked_at <= 20, "{looked_at} guesses");
    }

    #[tokio::test(start_paused = true)]
    async fn made_up_names_and_addresses_take_bounded_room() {
        let failures = FailedLogins::new(FIRST);
        let peer = address("198.51.100.7");
        for _ in 0..6 {
            failures.failed(peer, "app", 0);
        }
        for n in 0..10_000u32 {
            let made_up = IpAddr::V4((n + (10 << 24)).into());
            assert_eq!(failures.failed(made_up, &format!("user {n}"), 0), Duration::ZERO);
        }
        let records = failures.records();
        let (addresses, names) = (records.addresses.len(), records.names.len());
        drop(records);
        assert!(addresses <= REMEMBERED && names <= REMEMBERED, "{addresses} {names}");
        // Whoever fails often is not forgotten for them.
        assert!(!failures.failed(peer, "app", 0).is_zero());
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_delay_nobody_waits() {
        let failures = FailedLogins::new(Duration::ZERO);
        let told: Duration = (0..100).map(|_| failures.failed(address("::1"), "app", 0)).sum();
        assert_eq!(told, Duration::ZERO);
    }

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn the_log_of_a_failure_names_user_and_address_in_one_harmless_line() {
        let sink = Sink::default();
        let writer = sink.clone();
        let log = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).finish();
        tracing::subscriber::with_default(log, || {
            let user = format!("eve\n\u{1b}]0;x\u{7}\u{202e}{}", "y".repeat(1000));
            // Other tests may have told `tracing` meanwhile that nobody reads this line.
            for _ in 0..100 {
                tracing::callsite::rebuild_interest_cache();
                FailedLogins::new(FIRST).failed(address("198.51.100.7"), &user, 15);
                if !sink.0.lock().unwrap().is_empty() {
                    break;
                }
            }
        });
        let told = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        assert!(told.contains("WARN") && told.contains("198.51.100.7") && told.contains("eve"), "{told}");
        assert!(told.len() < 300 && told.trim_end().chars().all(|c| (' '..='~').contains(&c)), "{told:?}");
    }
}
