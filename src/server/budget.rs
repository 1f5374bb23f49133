//! The memory that clients make the server hold, in bytes: a budget for each connection, and one for all of them
//! together. What is
//! held has a lease; when that is dropped, its bytes can be had again.

use super::error::SqlError;
use arrow_array::{Array, RecordBatch};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The settings that say how large the budgets are.
const CONNECTION: &str = "max_connection_memory";
const SERVER: &str = "max_memory";

/// The bytes of a batch beside its values, and of each of its columns.
const BATCH: usize = 64;
const COLUMN: usize = 128;

/// Bytes of a batch; of a slice, those that it shows.
pub fn cost(batch: &RecordBatch) -> usize {
    let of =
        |array: &dyn Array| array.to_data().get_slice_memory_size().unwrap_or_else(|_| array.get_array_memory_size());
    around(batch) + batch.columns().iter().map(|column| of(column.as_ref())).sum::<usize>()
}

/// Bytes of a batch without its values.
pub(super) fn around(batch: &RecordBatch) -> usize {
    BATCH + COLUMN * batch.num_columns()
}

/// Bytes in use and the most that may be.
#[derive(Debug)]
struct Account {
    used: AtomicUsize,
    most: usize,
    setting: &'static str,
}

impl Account {
    fn new(most: usize, setting: &'static str) -> Account {
        Account { used: AtomicUsize::new(0), most, setting }
    }

    fn take(&self, bytes: usize) -> Result<(), SqlError> {
        let more = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= self.most);
        match self.used.fetch_update(Ordering::AcqRel, Ordering::Acquire, more) {
            Ok(_) => Ok(()),
            // -289: there is no more room, in what is named.
            Err(_) => Err(SqlError::new(-289, "57011", &[&format!("{}={}", self.setting, self.most)])),
        }
    }

    fn force(&self, bytes: usize) {
        self.used.fetch_add(bytes, Ordering::AcqRel);
    }

    fn give(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::AcqRel);
    }

    fn used(&self) -> usize {
        self.used.load(Ordering::Acquire)
    }
}

/// The budget of a server, from which each connection has its own.
#[derive(Debug, Clone)]
pub(super) struct ServerBudget {
    all: Arc<Account>,
    each: usize,
}

impl ServerBudget {
    /// So many bytes in all, and for each connection.
    pub(super) fn new(all: usize, each: usize) -> ServerBudget {
        ServerBudget { all: Arc::new(Account::new(all, SERVER)), each }
    }

    /// The budget of another connection.
    pub(super) fn connection(&self) -> Budget {
        let own = Account::new(self.each, CONNECTION);
        Budget(Arc::new(BudgetAccounts { own, all: self.all.clone(), batches: AtomicUsize::new(0) }))
    }
}

#[derive(Debug)]
struct BudgetAccounts {
    own: Account,
    all: Arc<Account>,
    /// Leases that have a batch of rows on its way to the client.
    batches: AtomicUsize,
}

/// The budget of a connection.
#[derive(Debug, Clone)]
pub struct Budget(Arc<BudgetAccounts>);

impl Budget {
    /// The most that the connection may hold.
    pub(super) fn most(&self) -> usize {
        self.0.own.most
    }

    /// A lease of nothing yet.
    pub fn empty(&self) -> Lease {
        Lease { accounts: self.0.clone(), bytes: 0, batch: false }
    }

    /// A lease of so many bytes. -289 when the connection's budget, or that of the server, has no more; the condition
    /// names the setting.
    pub fn lease(&self, bytes: usize) -> Result<Lease, SqlError> {
        let mut lease = self.empty();
        lease.resize(bytes).map(|()| lease)
    }
}

/// The right to hold so many bytes.
#[derive(Debug)]
pub struct Lease {
    accounts: Arc<BudgetAccounts>,
    bytes: usize,
    batch: bool,
}

impl Lease {
    /// The bytes that it stands for.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The bytes that it can grow to.
    pub(super) fn room(&self) -> usize {
        let left = |account: &Account| account.most.saturating_sub(account.used());
        self.bytes.saturating_add(left(&self.accounts.own).min(left(&self.accounts.all)))
    }

    /// Makes it one of so many bytes, or leaves it as it is.
    pub fn resize(&mut self, bytes: usize) -> Result<(), SqlError> {
        match bytes.checked_sub(self.bytes) {
            Some(0) => {}
            Some(more) => {
                self.accounts.own.take(more)?;
                self.accounts.all.take(more).inspect_err(|_| self.accounts.own.give(more))?;
            }
            None => self.give(self.bytes - bytes),
        }
        self.bytes = bytes;
        Ok(())
    }

    /// The same for so many bytes more.
    pub fn grow(&mut self, bytes: usize) -> Result<(), SqlError> {
        self.resize(self.bytes.saturating_add(bytes))
    }

    /// Makes it one of so many bytes, which are held already: whoever asks next finds less room.
    pub fn force(&mut self, bytes: usize) {
        if self.resize(bytes).is_err() {
            let more = bytes.saturating_sub(self.bytes);
            self.accounts.own.force(more);
            self.accounts.all.force(more);
            self.bytes = bytes;
        }
    }

    /// Makes it one for a batch of rows on its way to the client, in place of the one before; 0 gives it back.
    /// However large it is, a connection may have one such batch, and so may the only connection that holds anything.
    pub(super) fn batch(&mut self, bytes: usize) -> Result<(), SqlError> {
        self.clear();
        if bytes == 0 {
            return Ok(());
        }
        let BudgetAccounts { own, all, batches } = self.accounts.as_ref();
        let others = all.used().saturating_sub(own.used());
        if let Err(full) = own.take(bytes) {
            if batches.load(Ordering::Acquire) > 0 {
                return Err(full);
            }
            own.force(bytes);
        }
        if let Err(full) = all.take(bytes) {
            if others > 0 {
                own.give(bytes);
                return Err(full);
            }
            all.force(bytes);
        }
        batches.fetch_add(1, Ordering::AcqRel);
        (self.bytes, self.batch) = (bytes, true);
        Ok(())
    }

    /// Gives everything back.
    pub(super) fn clear(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        self.give(bytes);
        if std::mem::take(&mut self.batch) {
            self.accounts.batches.fetch_sub(1, Ordering::AcqRel);
        }
    }

    fn give(&self, bytes: usize) {
        self.accounts.own.give(bytes);
        self.accounts.all.give(bytes);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(error: &SqlError) -> &str {
        assert_eq!((error.sqlcode, error.sqlstate.as_str()), (-289, "57011"));
        error.tokens[0].as_str()
    }

    #[test]
    fn what_is_given_back_can_be_had_again_by_others() {
        let total = ServerBudget::new(150, 100);
        let (one, other) = (total.connection(), total.connection());
        let mut lease = one.lease(60).unwrap();
        lease.grow(40).unwrap();
        assert_eq!(setting(&lease.grow(1).unwrap_err()), "max_connection_memory=100");
        assert_eq!(setting(&one.lease(1).unwrap_err()), "max_connection_memory=100");
        assert_eq!(setting(&other.lease(51).unwrap_err()), "max_memory=150");
        assert_eq!((lease.room(), other.empty().room()), (100, 50));
        let rest = other.lease(50).unwrap();
        drop(rest);
        lease.resize(50).unwrap();
        assert_eq!(other.lease(100).unwrap().bytes, 100);
        drop(lease);
        assert_eq!((total.all.used(), one.0.own.used(), other.0.own.used()), (0, 0, 0));
        assert_eq!(setting(&one.lease(usize::MAX).unwrap_err()), "max_connection_memory=100");
    }

    #[test]
    fn what_is_held_already_leaves_less_room_to_others() {
        let total = ServerBudget::new(150, 100);
        let (one, other) = (total.connection(), total.connection());
        let mut lease = one.empty();
        lease.force(1000);
        assert_eq!(setting(&one.lease(1).unwrap_err()), "max_connection_memory=100");
        assert_eq!(setting(&other.lease(1).unwrap_err()), "max_memory=150");
        assert_eq!(other.empty().room(), 0);
        lease.force(10);
        assert_eq!(total.all.used(), 10);
    }

    #[test]
    fn one_batch_on_its_way_may_be_of_any_size() {
        let total = ServerBudget::new(150, 100);
        let (one, other) = (total.connection(), total.connection());
        let (mut first, mut second, mut third) = (one.empty(), one.empty(), other.empty());
        first.batch(1000).unwrap();
        assert_eq!(setting(&second.batch(1).unwrap_err()), "max_connection_memory=100");
        assert_eq!(setting(&third.batch(1).unwrap_err()), "max_memory=150");
        first.batch(0).unwrap();
        second.batch(200).unwrap();
        second.batch(20).unwrap();
        first.batch(80).unwrap();
        third.batch(50).unwrap();
        assert_eq!(setting(&third.batch(51).unwrap_err()), "max_memory=150");
        drop((first, second, third));
        assert_eq!((total.all.used(), one.0.own.used(), other.0.own.used()), (0, 0, 0));
        assert_eq!(one.0.batches.load(Ordering::Acquire), 0);
    }
}
