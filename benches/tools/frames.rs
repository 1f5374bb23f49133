//! Chains of DSSs in a byte stream: where each ends, and what a chain of requests says.

use drdarrow::wire::codec::error::WireError;
use drdarrow::wire::ddm::codepoint::{self as cp, CodePoint};
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

/// A frame within a chain.
pub(crate) struct Frame {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Correlation id.
    pub(crate) id: u16,
    /// Code point of its first object.
    pub(crate) object: CodePoint,
}

/// The frames of a chain.
pub(crate) fn frames(chain: &[u8]) -> Vec<Frame> {
    let number = |at: usize| match chain.get(at..at + 2) {
        Some(&[high, low]) => u16::from_be_bytes([high, low]),
        _ => 0,
    };
    let (mut out, mut end) = (Vec::new(), 0);
    while end < chain.len() {
        let start = end;
        loop {
            let ll = number(end);
            end += usize::from(ll & 0x7FFF).max(2);
            if ll & 0x8000 == 0 || end >= chain.len() {
                break;
            }
        }
        out.push(Frame { start, end, id: number(start + 4), object: CodePoint::new(number(start + HEADER + 2)) });
    }
    out
}

/// The meaning of a chain of requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Request {
    /// Its commands.
    pub(crate) commands: Vec<CodePoint>,
    /// The last statement text in it, as sent; of an open file, how it is opened; a command in CL.
    pub(crate) sql: Option<Vec<u8>>,
    /// The last section named, and the query instance after it; the name of an open file.
    pub(crate) cursor: Vec<u8>,
    /// The last block size asked for (QRYBLKSZ), else 0.
    pub(crate) block: u32,
    /// Blocks that may follow the first (MAXBLKEXT); below zero: any number.
    pub(crate) extra: i16,
}

impl Request {
    /// Reads one whole chain.
    pub(crate) fn read(chain: &[u8]) -> Result<Request, WireError> {
        let mut all = Request::default();
        for (_, request) in Request::split(chain)? {
            all.commands.extend(request.commands);
            all.sql = request.sql.or(all.sql);
            all.cursor = if request.cursor.is_empty() { all.cursor } else { request.cursor };
            all.block = request.block.max(all.block);
        }
        Ok(all)
    }

    /// Reads one whole chain command by command, with the correlation id of each.
    pub(crate) fn split(mut chain: &[u8]) -> Result<Vec<(u16, Request)>, WireError> {
        let mut requests: Vec<(u16, Request)> = Vec::new();
        let mut deframer = Deframer::new(64 << 20);
        while let Some(dss) = deframer.feed(&mut chain)? {
            let commands = matches!(dss.header.kind, DssType::Request | DssType::RequestNoReply);
            for object in objects(&dss.body) {
                let object = object?;
                if commands {
                    requests.push((dss.header.id, Request::command(object.cp, &object.body)));
                } else if let (cp::SQLSTT, Some((_, request))) = (object.cp, requests.last_mut()) {
                    request.sql = Some(object.body.to_vec());
                }
            }
        }
        Ok(requests)
    }

    fn command(command: CodePoint, body: &[u8]) -> Request {
        let mut request = Request { commands: vec![command], ..Request::default() };
        // Parameters of a few commands do not follow the rule; those name no section.
        for (param, data) in params(body).flatten() {
            match (param, data) {
                (cp::PKGNAMCSN | cp::DCLNAM, name) => request.cursor = name.to_vec(),
                (cp::S38CMDST, cl) => request.sql = Some(cl.to_vec()),
                (cp::QRYBLKSZ, [a, b, c, d]) => request.block = u32::from_be_bytes([*a, *b, *c, *d]),
                (cp::MAXBLKEXT, [a, b]) => request.extra = i16::from_be_bytes([*a, *b]),
                _ => {}
            }
        }
        if command == cp::S38OPEN {
            request.sql = Some(body.to_vec());
        }
        request
    }

    /// It opens a query, or a file.
    pub(crate) fn opens(&self) -> bool {
        self.commands.contains(&cp::OPNQRY) || self.commands.contains(&cp::S38OPEN)
    }

    /// It asks for a block and for nothing else.
    pub(crate) fn fetches(&self) -> bool {
        matches!(self.commands.as_slice(), [cp::CNTQRY | cp::S38GETM])
    }
}
