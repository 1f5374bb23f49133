//! The buffer of a socket's writer. Bytes that hold secrets are wiped once they are written.

use crate::wire::dss::chain::Chain;
use zeroize::Zeroize;

/// Bytes on their way out.
#[derive(Default)]
pub(super) struct Outgoing {
    bytes: Vec<u8>,
    sent: usize,
    secret: bool,
}

impl Outgoing {
    /// Appends a chain.
    pub(super) fn add(&mut self, chain: Chain) {
        let secret = self.secret || chain.is_secret();
        let mut bytes = chain.into_bytes();
        if self.bytes.is_empty() {
            self.bytes = bytes;
        } else if secret {
            let joined = [self.bytes.as_slice(), &bytes].concat();
            bytes.zeroize();
            self.bytes.zeroize();
            self.bytes = joined;
        } else {
            self.bytes.extend_from_slice(&bytes);
        }
        self.secret = secret;
    }

    /// The bytes that are left to write.
    pub(super) fn rest(&self) -> &[u8] {
        self.bytes.get(self.sent..).unwrap_or_default()
    }

    /// So many more are written.
    pub(super) fn written(&mut self, n: usize) {
        self.sent += n;
        if self.sent == self.bytes.len() {
            self.clear();
        }
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.secret) {
            self.bytes.zeroize();
        }
        self.bytes.clear();
        self.sent = 0;
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(byte: u8, secret: bool) -> Chain {
        let mut chain = Chain::new();
        let object = [0, 5, 0x10, 0x6E, byte];
        if secret {
            chain.secret_command(&object)
        } else {
            chain.command(&object)
        };
        chain
    }

    #[test]
    fn chains_are_written_one_after_the_other() {
        for (first, second) in [(false, false), (true, false), (false, true), (true, true)] {
            let whole = [chain(1, first).into_bytes(), chain(2, second).into_bytes()].concat();
            let mut out = Outgoing::default();
            out.add(chain(1, first));
            out.written(3);
            out.add(chain(2, second));
            assert_eq!((out.rest(), out.secret), (&whole[3..], first || second));
            out.written(whole.len() - 3);
            assert!(out.rest().is_empty() && !out.secret && out.bytes.is_empty());
            out.add(chain(3, false));
            assert_eq!(out.rest(), chain(3, false).into_bytes());
        }
    }
}
