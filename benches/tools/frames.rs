//! Chains of DSSs in a byte stream: where each ends, and what a chain of requests says.

use drdarrow::wire::codec::error::WireError;
use drdarrow::wire::ddm::codepoint as cp;
use drdarrow::wire::ddm::object::{objects, params};
use drdarrow::wire::dss::deframe::Deframer;
use drdarrow::wire::dss::header::{DssHeader, DssType, HEADER};

/// Follows the lengths of a stream without keeping its bytes.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    head: Vec<u8>,
    /// Bytes left of the segment in hand, once its header was read.
    segment: Option<usize>,
    /// Another segment of the same frame follows.
    more: bool,
    /// Another frame of the same chain follows.
    chained: bool,
}

impl Scanner {
    /// Takes bytes from the front of `input` up to the end of a chain (true) or of the input.
    pub(crate) fn feed(&mut self, input: &mut &[u8]) -> Result<bool, WireError> {
        loop {
            if let Some(left) = self.segment {
                let n = left.min(input.len());
                *input = input.get(n..).unwrap_or_default();
                if n < left {
                    self.segment = Some(left - n);
                    return Ok(false);
                }
                self.segment = None;
                if !self.more && !self.chained {
                    return Ok(true);
                }
            }
            let need = if self.more { 2 } else { HEADER };
            let n = (need - self.head.len()).min(input.len());
            let (head, tail) = input.split_at(n);
            self.head.extend_from_slice(head);
            *input = tail;
            if self.head.len() < need {
                return Ok(false);
            }
            if let Some(raw) = self.head.first_chunk::<HEADER>() {
                let (header, len, more) = DssHeader::parse(raw)?;
                (self.segment, self.more, self.chained) = (Some(len - HEADER), more, header.chained);
            } else if let Some(raw) = self.head.first_chunk::<2>() {
                let ll = u16::from_be_bytes(*raw);
                (self.segment, self.more) = (Some(usize::from(ll & 0x7FFF).saturating_sub(2)), ll & 0x8000 != 0);
            }
            self.head.clear();
        }
    }
}

/// What a chain of requests asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Request {
    /// Its commands.
    pub(crate) commands: Vec<u16>,
    /// The last statement text in it, as sent.
    pub(crate) sql: Option<Vec<u8>>,
    /// The last section named, and the query instance behind it.
    pub(crate) cursor: Vec<u8>,
    /// The last block size asked for (QRYBLKSZ), else 0.
    pub(crate) block: u32,
}

impl Request {
    /// Reads one whole chain.
    pub(crate) fn read(mut chain: &[u8]) -> Result<Request, WireError> {
        let mut request = Request::default();
        let mut deframer = Deframer::new(64 << 20);
        while let Some(dss) = deframer.feed(&mut chain)? {
            for object in objects(&dss.body) {
                let object = object?;
                if object.cp == cp::SQLSTT {
                    request.sql = Some(object.body.to_vec());
                }
                if !matches!(dss.header.kind, DssType::Request | DssType::RequestNoReply) {
                    continue;
                }
                request.commands.push(object.cp);
                // Parameters of a few commands do not follow the rule; those name no section.
                for (param, data) in params(&object.body).flatten() {
                    match (param, data) {
                        (cp::PKGNAMCSN, name) => request.cursor = name.to_vec(),
                        (cp::QRYBLKSZ, [a, b, c, d]) => request.block = u32::from_be_bytes([*a, *b, *c, *d]),
                        _ => {}
                    }
                }
            }
        }
        Ok(request)
    }

    /// It opens a query.
    pub(crate) fn opens(&self) -> bool {
        self.commands.contains(&cp::OPNQRY)
    }

    /// It asks for a block and for nothing else.
    pub(crate) fn fetches(&self) -> bool {
        self.commands == [cp::CNTQRY]
    }
}
