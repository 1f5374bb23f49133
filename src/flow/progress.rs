//! The progress of a login. The conversation notes it; when no answer comes, the error reads from it what was
//! being waited for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// The command whose reply a login waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Awaited {
    /// EXCSAT: who each side is.
    #[default]
    Attributes,
    /// ACCSEC: the security mechanism.
    Mechanism,
    /// A security token, of whoever connects.
    Token,
    /// SECCHK: the proof.
    Proof,
    /// ACCRDB: the database.
    Access,
    /// The later EXCSAT that turns DDM text to UTF-8.
    Text,
    /// SXXASPRQ: an independent disk pool of IBM i.
    Pool,
}

const ALL: [Awaited; 7] = [
    Awaited::Attributes,
    Awaited::Mechanism,
    Awaited::Token,
    Awaited::Proof,
    Awaited::Access,
    Awaited::Text,
    Awaited::Pool,
];

impl Awaited {
    /// The missing answer, in words.
    pub fn missing(self) -> &'static str {
        match self {
            Awaited::Attributes | Awaited::Text => "no reply to EXCSAT",
            Awaited::Mechanism => "no reply to ACCSEC",
            Awaited::Token => "no security token of the callable token",
            Awaited::Proof => "no reply to SECCHK",
            Awaited::Access => "no reply to ACCRDB",
            Awaited::Pool => "no reply to SXXASPRQ",
        }
    }

    /// The commands that were answered before, in words.
    pub fn answered(self) -> &'static str {
        match self {
            Awaited::Attributes => "connected",
            Awaited::Mechanism => "connected, EXCSAT answered",
            Awaited::Token | Awaited::Proof => "connected, EXCSAT and ACCSEC answered",
            Awaited::Access | Awaited::Pool => "connected, the user accepted",
            Awaited::Text => "connected, the database opened",
        }
    }
}

/// Shared by the conversation and its caller.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<AtomicU8>);

impl Progress {
    /// Notes what is waited for from now on.
    pub(in crate::flow) fn set(&self, awaited: Awaited) {
        self.0.store(awaited as u8, Ordering::Relaxed);
    }

    /// The command whose reply is being waited for.
    pub fn awaited(&self) -> Awaited {
        let number = self.0.load(Ordering::Relaxed);
        ALL.into_iter().find(|awaited| *awaited as u8 == number).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_is_read_by_the_other_side() {
        let (ours, theirs) = (Progress::default(), Progress::default());
        assert_eq!(ours.awaited(), Awaited::Attributes);
        let shared = ours.clone();
        for awaited in ALL {
            ours.set(awaited);
            assert_eq!((shared.awaited(), theirs.awaited()), (awaited, Awaited::Attributes));
        }
    }
}
