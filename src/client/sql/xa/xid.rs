//! The name of a branch of a global transaction.

use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::wire::sql::syncctl::{WorkId, Xid as WireXid};
use std::fmt;

/// The name of a branch, chosen by its transaction manager.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Xid(WireXid);

impl Xid {
    /// Of a form, the name of the global transaction (1 to 64 bytes), and that of the branch in it (up to 64).
    pub fn new(format: i64, gtrid: Vec<u8>, bqual: Vec<u8>) -> Result<Xid> {
        let bad = |text: String| Err(Error::new(ErrorClass::Programming, Phase::Execute, "", text));
        let Some(number) = i32::try_from(format).ok().filter(|format| *format >= 0) else {
            return bad(format!("xid: format_id is {format}, 0 to 2147483647 is allowed"));
        };
        let xid = WireXid { format: number, gtrid, bqual };
        if !xid.is_valid() {
            let (global, branch) = (xid.gtrid.len(), xid.bqual.len());
            return bad(format!(
                "xid: the global transaction has {global} bytes, 1 to 64 are allowed, and the branch {branch}, 0 to 64"
            ));
        }
        Ok(Xid(xid))
    }

    /// One that a server has; it may have been made by others, by other rules.
    pub(super) fn listed(xid: WireXid) -> Xid {
        Xid(xid)
    }

    /// As a step names it.
    pub(super) fn work(&self) -> WorkId {
        WorkId::Branch(self.0.clone())
    }

    /// The form of the rest, as the transaction manager means it.
    pub fn format(&self) -> i32 {
        self.0.format
    }

    /// The global transaction.
    pub fn gtrid(&self) -> &[u8] {
        &self.0.gtrid
    }

    /// The branch.
    pub fn bqual(&self) -> &[u8] {
        &self.0.bqual
    }
}

impl fmt::Display for Xid {
    /// As Python writes it, so that it can be used from there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (gtrid, bqual) = (self.0.gtrid.escape_ascii(), self.0.bqual.escape_ascii());
        write!(f, "xid({}, b\"{gtrid}\", b\"{bqual}\")", self.0.format)
    }
}
