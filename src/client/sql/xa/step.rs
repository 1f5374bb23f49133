//! The commands of the steps.

use super::xid::Xid;
use crate::wire::sql::syncctl::SyncCtl;

/// A step of a branch.
pub(super) fn step(synctype: u8, xid: &Xid) -> SyncCtl {
    SyncCtl { synctype, xid: Some(xid.work()), xaflags: Some(0), timeout: None, rlsconv: None }
}

/// With these flags.
pub(super) fn with(step: SyncCtl, flags: u32) -> SyncCtl {
    SyncCtl { xaflags: Some(flags), ..step }
}
