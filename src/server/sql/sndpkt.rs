//! The answering side of SNDPKT: a packet as long as was asked for. IBM's drivers ask so whether a connection is alive.

use crate::server::protocol_error::{ProtocolError, Result};
use crate::server::request::{After, Replies};
use crate::wire::ddm::codepoint as cp;
use crate::wire::sql::sndpkt::{SndPkt, pktobj};

/// The longest packet: one frame.
const MOST: usize = 32_000;

pub(super) fn sndpkt(command: &SndPkt, out: &mut Replies<'_>) -> Result<After> {
    let bytes = usize::try_from(command.respktsz).unwrap_or(usize::MAX);
    if bytes > MOST {
        return Err(ProtocolError::unsupported(cp::VALNSPRM, cp::RESPKTSZ));
    }
    out.object(&pktobj(bytes));
    Ok(After::Next)
}
