//! Whether a frame belongs to the chain that is being answered: by its correlation id, and by what
//! the frame before it said of it. (DDM: DSS header; the habits of servers as measured with Derby
//! 10.14, IBM's CLI driver and JTOpen.)

use crate::wire::codec::error::{What, WireError};
use crate::wire::dss::header::DssHeader;

/// The reply to one chain as it comes.
#[derive(Debug)]
pub(super) struct Correlation {
    /// Correlation id of the chain's last command; the first has 1.
    last: u16,
    /// The frame before.
    before: Option<DssHeader>,
    /// The server may number its replies 0. (Measured: record access of IBM i with IBM's client for Java.)
    unnumbered: bool,
}

impl Correlation {
    /// For a chain whose last command has the id `last`.
    pub(super) fn new(last: u16, unnumbered: bool) -> Correlation {
        Correlation { last, before: None, unnumbered }
    }

    /// Commands of the chain.
    pub(super) fn commands(&self) -> usize {
        usize::from(self.last)
    }

    /// Takes the next frame, or says why it cannot be one of this reply.
    pub(super) fn admit(&mut self, mut header: DssHeader) -> Result<(), WireError> {
        if self.unnumbered && header.id == 0 {
            header.id = 1;
        }
        let id = header.id;
        let wrong = |what: String| Err(WireError::invalid(What::DssHeader, 4, what));
        if !(1..=self.last).contains(&id) {
            return wrong(format!("correlation id {id} in the reply to a chain of 1 to {}", self.last));
        }
        if !header.chained && (header.same_id || header.continue_on_error) {
            return wrong("an unchained frame says what its follower is".to_owned());
        }
        match self.before.replace(header) {
            Some(before) if id < before.id => wrong(format!("correlation id {id} after {}", before.id)),
            Some(before) if before.chained && before.same_id != (id == before.id) => wrong(format!(
                "correlation id {id} after {}, whose frame said that {} follows",
                before.id,
                if before.same_id { "the same" } else { "another" }
            )),
            _ => Ok(()),
        }
    }

    /// True when the reply is complete with the frame admitted last. A server may unchain in the middle of its
    /// replies (read: Db2 for LUW), or stop after a failure.
    pub(super) fn is_complete(&self, failed: bool) -> bool {
        self.before.is_some_and(|header| !header.chained && (header.id >= self.last || failed))
    }

    /// Ids of commands that may still be answered once the reply was taken for complete, because of a failure.
    pub(super) fn unanswered(&self) -> Option<std::ops::RangeInclusive<u16>> {
        let next = self.before?.id.saturating_add(1).max(2);
        (next <= self.last).then_some(next..=self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::dss::header::DssType;

    fn frame(id: u16, flags: u8) -> DssHeader {
        let (header, ..) = DssHeader::parse(&[0, 6, 0xD0, flags | 3, (id >> 8) as u8, id as u8]).unwrap();
        assert_eq!(header.kind, DssType::Object);
        header
    }

    /// Judges these frames in the reply to a chain of `last` commands: gives the number of the first that is
    /// refused, or whether the reply is complete.
    fn take(last: u16, frames: &[(u16, u8)]) -> Result<bool, usize> {
        let mut reply = Correlation::new(last, false);
        for (n, (id, flags)) in frames.iter().enumerate() {
            reply.admit(frame(*id, *flags)).map_err(|_| n)?;
        }
        Ok(reply.is_complete(false))
    }

    #[test]
    fn replies_as_servers_send_them() {
        assert_eq!(take(1, &[(1, 0)]), Ok(true));
        assert_eq!(take(2, &[(1, 0x50), (1, 0x40), (2, 0x50), (2, 0)]), Ok(true));
        assert_eq!(take(2, &[(1, 0x40)]), Ok(false));
        // Unchained in the middle, and no reply to some commands.
        assert_eq!(take(3, &[(1, 0), (3, 0)]), Ok(true));
        assert_eq!(take(3, &[(1, 0x50), (1, 0), (2, 0)]), Ok(false));
        let mut login = Correlation::new(1, true);
        assert!(login.admit(frame(0, 0)).is_ok() && login.is_complete(false));
    }

    #[test]
    fn frames_that_belong_to_no_command_or_contradict_each_other() {
        assert_eq!(take(2, &[(0, 0)]), Err(0));
        assert_eq!(take(2, &[(3, 0)]), Err(0));
        assert_eq!(take(3, &[(2, 0x40), (1, 0)]), Err(1));
        assert_eq!(take(3, &[(2, 0), (1, 0)]), Err(1));
        // The same was announced and another came, and the other way round.
        assert_eq!(take(2, &[(1, 0x50), (2, 0)]), Err(1));
        assert_eq!(take(2, &[(1, 0x40), (1, 0)]), Err(1));
        assert_eq!(take(1, &[(1, 0x10)]), Err(0));
        assert_eq!(take(1, &[(1, 0x20)]), Err(0));
    }

    #[test]
    fn what_a_failure_leaves_unanswered() {
        let mut reply = Correlation::new(4, false);
        reply.admit(frame(2, 0)).unwrap();
        assert!(!reply.is_complete(false) && reply.is_complete(true));
        assert_eq!(reply.unanswered(), Some(3..=4));
        reply.admit(frame(4, 0)).unwrap();
        assert_eq!(reply.unanswered(), None);
    }
}
