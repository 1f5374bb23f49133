//! The large values of a row, fetched by their locators: first their lengths, then piece by piece, a window of
//! pieces in a flush. It gives the requests and takes the answers, so the caller may stop between the two and
//! go on later.

use super::locator::{LobKind, LobRequest, Locator};
use crate::flow::error::FlowError;
use crate::wire::codec::reader::Reader;
use crate::wire::value::field::Field;
use crate::wire::value::product::Product;
use crate::wire::value::types::Type;
use bytes::Bytes;

/// Pieces under way at most: about a mebibyte.
const WINDOW: usize = 32;
/// Longest piece in bytes: what a VARCHAR holds.
const BYTES: u32 = 32_672;
/// Longest piece in characters of two bytes.
const GRAPHICS: u32 = 16_336;
/// Longest piece of Derby's text in UTF-16 units: it cuts longer ones to what three bytes each leave.
const UNITS: u32 = 10_890;
/// CCSID of UTF-8.
const UTF8: u16 = 1208;

/// The large values of a row.
#[derive(Debug)]
pub struct LobFetch {
    product: Product,
    row: u64,
    /// Longest value wanted, in bytes.
    limit: usize,
    values: Vec<LobValue>,
}

#[derive(Debug)]
struct LobValue {
    column: usize,
    locator: Locator,
    /// Code page of the column's text.
    ccsid: u16,
    /// In units; unknown until it was asked for.
    total: Option<u64>,
    /// Units in hand.
    at: u64,
    data: Vec<u8>,
    /// Pieces to ask for at a time.
    window: usize,
}

impl LobFetch {
    /// Of row `row`: column, locator and code page of each value. Values of more than `limit` bytes
    /// are refused.
    pub fn new(product: Product, row: u64, limit: usize, values: &[(usize, Locator, u16)]) -> LobFetch {
        let value = |(column, locator, ccsid): &(usize, Locator, u16)| LobValue {
            column: *column,
            locator: *locator,
            ccsid: *ccsid,
            total: None,
            at: 0,
            data: Vec::new(),
            window: 1,
        };
        LobFetch { product, row, limit, values: values.iter().map(value).collect() }
    }

    /// The requests to send next, empty once all is there. They change by [`take`](Self::take) alone.
    pub fn next(&self) -> Vec<LobRequest> {
        self.wanted().into_iter().map(|(_, request)| request).collect()
    }

    /// The same, with the value that each request is about.
    fn wanted(&self) -> Vec<(usize, LobRequest)> {
        let unknown = self.values.iter().enumerate().filter(|(_, v)| v.total.is_none());
        let mut requests: Vec<_> = unknown.map(|(n, v)| (n, LobRequest::Length(v.locator))).collect();
        if requests.is_empty() {
            for (n, value) in self.values.iter().enumerate() {
                let piece = self.piece(value.locator.kind);
                let total = value.total.unwrap_or(0);
                let starts = (value.at..total).step_by(piece as usize).take(value.window);
                requests.extend(starts.map(|start| {
                    let len = u32::try_from(total - start).unwrap_or(u32::MAX).min(piece);
                    (n, LobRequest::Part(value.locator, start + 1, len))
                }));
                if requests.len() >= WINDOW {
                    break;
                }
            }
        }
        requests.truncate(WINDOW);
        requests
    }

    /// Takes the answers to what [`next`](Self::next) said, in order; those at the end may lack.
    pub fn take(&mut self, answers: Vec<(Field, Bytes)>) -> Result<(), FlowError> {
        let asked = self.wanted();
        let (product, row, limit) = (self.product, self.row, self.limit);
        let mut answers = answers.into_iter();
        for (n, request) in asked {
            let Some(value) = self.values.get_mut(n) else { continue };
            let column = value.column + 1;
            let fail = |what: String| FlowError::Lob { row, column, what };
            let whole = match (request, answers.next()) {
                (LobRequest::Length(_), Some((field, answer))) => {
                    let total = length(&field, &answer).map_err(fail)?;
                    value.total = Some(total);
                    value.within(total, row, limit)?;
                    true
                }
                // The part after a gap is asked for again.
                (LobRequest::Part(_, position, len), Some((field, answer))) if position == value.at + 1 => {
                    let whole = value.add(product, &field, &answer, u64::from(len)).map_err(fail)?;
                    value.within(0, row, limit)?;
                    whole
                }
                _ => false,
            };
            value.window = if whole { (value.window * 2).min(WINDOW) } else { 1 };
        }
        Ok(())
    }

    /// The locators, to be freed.
    pub fn locators(&self) -> Vec<Locator> {
        self.values.iter().map(|v| v.locator).collect()
    }

    /// The values: column and data.
    pub fn finish(self) -> impl Iterator<Item = (usize, Bytes)> {
        self.values.into_iter().map(|v| (v.column, v.data.into()))
    }

    /// Longest piece in units.
    fn piece(&self, kind: LobKind) -> u32 {
        match (self.product, kind) {
            (Product::Derby, LobKind::Text) => UNITS,
            (_, LobKind::Graphic) => GRAPHICS,
            _ => BYTES,
        }
    }
}

impl LobValue {
    /// Refuses what is longer than wanted: `total` units, or the bytes in hand.
    fn within(&self, total: u64, row: u64, limit: usize) -> Result<(), FlowError> {
        let width = if self.locator.kind == LobKind::Graphic { 2 } else { 1 };
        let len = usize::try_from(total.saturating_mul(width)).unwrap_or(usize::MAX).max(self.data.len());
        if len > limit {
            return Err(FlowError::LobLimit { row, column: self.column + 1, len, limit });
        }
        Ok(())
    }

    /// Takes the piece of `len` units at `self.at`; false when there is less of it.
    fn add(&mut self, product: Product, field: &Field, piece: &[u8], len: u64) -> Result<bool, String> {
        let rest = self.total.unwrap_or(0).saturating_sub(self.at);
        let text = self.locator.kind != LobKind::Bytes;
        if text && field.ccsid != self.ccsid {
            return Err(format!("a part came in CCSID {}, the column has {}", field.ccsid, self.ccsid));
        }
        if !text && field.ty != Type::Binary {
            return Err(format!("a part came as {}", field.sql_name()));
        }
        let (piece, units) = match (product, self.locator.kind) {
            (Product::Derby, LobKind::Text) => whole_characters(piece, self.ccsid, rest)?,
            (_, LobKind::Graphic) => (piece, piece.len() as u64 / 2),
            _ => (piece, piece.len() as u64),
        };
        if units == 0 || units > len {
            return Err(format!("{len} units were asked for at {} and {units} came", self.at + 1));
        }
        self.data.extend_from_slice(piece);
        self.at += units;
        Ok(units == len)
    }
}

/// A part of Derby's text and its UTF-16 units, `rest` of which are left. Where it ends in the middle
/// of a surrogate pair the server puts a question mark: such an end is left to the next part.
fn whole_characters(piece: &[u8], ccsid: u16, rest: u64) -> Result<(&[u8], u64), String> {
    let text = std::str::from_utf8(piece).ok().filter(|_| ccsid == UTF8);
    let text = text.ok_or("a part came that is no UTF-8")?;
    let units = text.encode_utf16().count() as u64;
    match text.strip_suffix(['?', char::REPLACEMENT_CHARACTER]) {
        Some(whole) if units < rest => Ok((whole.as_bytes(), units - 1)),
        _ => Ok((piece, units)),
    }
}

/// A length as the server tells it.
fn length(field: &Field, value: &[u8]) -> Result<u64, String> {
    let mut r = Reader::new(value, "length");
    let number = match (field.ty, field.length) {
        (Type::Integer, 4) => r.i32_in(field.order).map(i64::from),
        (Type::Integer, 8) => r.i64_in(field.order),
        _ => return Err(format!("its length came as {}", field.sql_name())),
    };
    let number = number.map_err(|e| e.to_string())?;
    u64::try_from(number).map_err(|_| format!("its length is said to be {number}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::fdoca::lid;
    use crate::wire::value::typdef::TypDef;

    fn field(id: u8, size: u16) -> Field {
        lid::field(id, size.to_be_bytes(), &TypDef::OURS, 0).unwrap()
    }

    /// A server's routines over values: `None` is a failure.
    fn answer(values: &[Vec<u16>], bytes: &[Vec<u8>], request: &LobRequest) -> Option<(Field, Bytes)> {
        let (LobRequest::Length(locator) | LobRequest::Part(locator, ..) | LobRequest::Free(locator)) = request;
        let n = locator.number as usize;
        let text = locator.kind == LobKind::Text;
        Some(match request {
            LobRequest::Length(_) => {
                let len = if text { values[n].len() } else { bytes[n].len() } as u64;
                (field(0x17, 8), Bytes::copy_from_slice(&len.to_be_bytes()))
            }
            LobRequest::Part(_, position, len) => {
                let from = *position as usize - 1;
                if text {
                    let part = &values[n][from..from + *len as usize];
                    let java: String = char::decode_utf16(part.iter().copied()).map(|c| c.unwrap_or('?')).collect();
                    (field(0x3F, 0x7FFF), java.into_bytes().into())
                } else {
                    (field(0x29, 0x7FFF), Bytes::copy_from_slice(&bytes[n][from..from + *len as usize]))
                }
            }
            LobRequest::Free(_) => return None,
        })
    }

    #[test]
    fn values_are_put_together_whatever_is_cut() {
        let texts = [
            String::new(),
            "a".into(),
            "?".repeat(40_000),
            "x".repeat(UNITS as usize - 1) + &"𝄞".repeat(30_000) + "?",
            "𝄞".repeat(50_000),
            "ü€".repeat(400_000),
        ];
        let units: Vec<Vec<u16>> = texts.iter().map(|t| t.encode_utf16().collect()).collect();
        let blobs: Vec<Vec<u8>> = [0, 1, 32_672, 32_673, 1_500_000, 7].map(|n| vec![n as u8; n]).to_vec();
        let mut values = Vec::new();
        for n in 0..6 {
            values.push((n, Locator { number: n as u32, kind: LobKind::Text }, UTF8));
            values.push((n + 6, Locator { number: n as u32, kind: LobKind::Bytes }, 0));
        }
        for stop_after in [usize::MAX, 3] {
            let mut reading = LobFetch::new(Product::Derby, 1, 1 << 30, &values);
            let mut rounds = 0;
            loop {
                let requests = reading.next();
                if requests.is_empty() {
                    break;
                }
                assert_eq!(requests, reading.next());
                assert!(requests.len() <= WINDOW);
                let answers = requests.iter().take(stop_after).filter_map(|r| answer(&units, &blobs, r));
                reading.take(answers.collect()).unwrap();
                rounds += 1;
                assert!(rounds < 500);
            }
            for (column, data) in reading.finish() {
                match column.checked_sub(6) {
                    None => assert_eq!(std::str::from_utf8(&data).unwrap(), texts[column]),
                    Some(n) => assert_eq!(data, blobs[n]),
                }
            }
        }
    }

    #[test]
    fn nonsense_is_an_error() {
        let locator = Locator { number: 0, kind: LobKind::Bytes };
        let long = |n: i64| (field(0x17, 8), Bytes::copy_from_slice(&n.to_be_bytes()));
        let part = |bytes: &[u8]| (field(0x29, 0x7FFF), Bytes::copy_from_slice(bytes));
        let begin = || LobFetch::new(Product::Luw, 3, 100, &[(1, locator, 0)]);
        assert!(begin().take(vec![long(-1)]).unwrap_err().to_string().contains("row 3, column 2"));
        assert!(matches!(begin().take(vec![long(101)]), Err(FlowError::LobLimit { len: 101, .. })));
        assert!(begin().take(vec![part(b"x")]).is_err());
        for answer in [part(b""), part(b"abcdef"), (field(0x3F, 9), Bytes::from_static(b"abc")), long(1)] {
            let mut reading = begin();
            reading.take(vec![long(5)]).unwrap();
            assert_eq!(reading.next(), [LobRequest::Part(locator, 1, 5)]);
            assert!(reading.take(vec![answer]).is_err());
        }
        let mut short = begin();
        short.take(vec![long(5)]).unwrap();
        short.take(vec![part(b"abc")]).unwrap();
        assert_eq!(short.next(), [LobRequest::Part(locator, 4, 2)]);
    }
}
