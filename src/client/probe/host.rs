//! The host of a look, and its time.

use crate::net::transport::Deadline;
use std::net::IpAddr;
use std::time::Duration;

/// The facts about the host that the look at one port needs.
#[derive(Debug)]
pub(super) struct Host {
    pub name: String,
    pub addresses: Vec<IpAddr>,
    pub deadline: Deadline,
    pub timeout: Duration,
    pub database: Option<String>,
}

impl Host {
    /// A part of the whole time from now on, within its limit.
    pub(super) fn share(&self, part: f64) -> Deadline {
        self.deadline.within(self.timeout.mul_f64(part))
    }
}
