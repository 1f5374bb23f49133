//! SQLCA: how a statement went. As the object SQLCARD (X'2408'), and as the group SQLCAGRP at the
//! head of an SQLDARD and of every row. One byte FF stands for "success, nothing to say".
//! Up to SQLAM 6 the database's name stands in front of SQLERRD with a fixed width and there are
//! no diagnostics. (Layouts read from a Db2 for z/OS answer at level 6 and from Derby at 7.)

use super::error::{DrdaError, Result};
use super::sqlcode;
use super::sqldiag::DiagGroup;
use super::text::{NULL, Page, SqlText, present, put_var};
use crate::wire::codec::error::WireError;
use crate::wire::codec::reader::Reader;
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::error::MessageError;
use crate::wire::ddm::{codepoint, param};
use crate::wire::value::typdef::{TypDef, TypDefName};

/// Longest SQLERRMC among rows: Db2 has 70 bytes, Derby 2,400. (Read: Derby's source.)
const TOKENS_IN_ROW: usize = 8 << 10;
/// Longest name of a database. (Read: Derby's source; the names of Db2 are shorter.)
const RDBNAM: usize = 1024;
/// Between the tokens of SQLERRMC: Db2 writes the bare byte, whatever the CCSID.
const DB2_SEPARATOR: u8 = 0xFF;
/// The same from Derby, whose last token is the key of the message.
const DERBY_SEPARATOR: u8 = 0x14;

/// No product's SQLCODE is larger, whatever its sign.
const SQLCODE_LIMIT: u32 = 99_999;

/// The server's report on a statement.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sqlca {
    /// Negative: error; 0: success; 100: no row; other positive: warning.
    pub sqlcode: i32,
    /// Five characters, for Derby's success five blanks.
    pub sqlstate: String,
    /// The product and module that set the code (SQLERRP), eight characters.
    pub errproc: String,
    /// SQLERRD1 to 6. Row counts: see [`update_count`](Self::update_count).
    pub errd: [i32; 6],
    /// SQLWARN0 to A: eleven characters, blank or a letter.
    pub warn: String,
    /// The database that set the code, padded as it came.
    pub rdbnam: String,
    /// SQLERRMC as it came: the values to put into the message's text, with separators.
    pub errmc: Vec<u8>,
    /// The same split at its separators and decoded.
    pub tokens: Vec<String>,
    /// Conditions in detail, when the server was asked for them.
    pub diag: Option<DiagGroup>,
    /// A diagnostics group at the end of an SQLCARD that could not be read; the fields above
    /// still hold.
    pub diag_unread: Vec<u8>,
}

impl Sqlca {
    /// A condition with its tokens, for an answering side.
    pub fn new(sqlcode: i32, sqlstate: &str, tokens: &[&str]) -> Self {
        Sqlca {
            sqlcode,
            sqlstate: sqlstate.into(),
            warn: " ".repeat(11),
            tokens: tokens.iter().map(|t| (*t).to_owned()).collect(),
            ..Sqlca::default()
        }
    }

    /// Reads the data of an SQLCARD; `None` is success without anything to say.
    pub fn decode(body: &[u8], sqlam: u16, typdef: &TypDef) -> Result<Option<Sqlca>> {
        let mut r = Reader::new(body, codepoint::SQLCARD);
        let text = SqlText::new(typdef);
        let Some(mut sqlca) = read_basic(&mut r, sqlam, &text)? else {
            r.end()?;
            return Ok(None);
        };
        if sqlam >= 7 {
            let mut tail = r.clone();
            match DiagGroup::read(&mut tail, &text).and_then(|diag| Ok(tail.end().map(|()| diag)?)) {
                Ok(diag) => {
                    sqlca.diag = diag;
                    r = tail;
                }
                // The layout of the group is not beyond doubt; the code in front of it is.
                Err(error) => match r.rest() {
                    [0, unread @ ..] if !unread.is_empty() => sqlca.diag_unread = unread.to_vec(),
                    _ => return Err(error),
                },
            }
        }
        r.end()?;
        Ok(Some(sqlca))
    }

    /// The environment of an SQLCARD whose sender has not said which it has: `guess`, or the one with the other
    /// byte order where only that gives an SQLCODE that there can be. No product's codes reach beyond
    /// ±99,999: Db2's end near -30,111, Informix's near -32,000, Derby has its own up to 50,000.
    pub fn environment(body: &[u8], sqlam: u16, guess: TypDef) -> TypDef {
        let name = match guess.name {
            TypDefName::X86 => TypDefName::Asc,
            TypDefName::Asc | TypDefName::Jvm => TypDefName::X86,
            // The machines that these stand for have one order only.
            TypDefName::Os400 | TypDefName::S370 => return guess,
        };
        let other = TypDef { name, ..guess };
        let possible = |typdef: &TypDef| match Sqlca::decode(body, sqlam, typdef) {
            Ok(sqlca) => sqlca.is_none_or(|ca| ca.sqlcode.unsigned_abs() <= SQLCODE_LIMIT),
            Err(_) => false,
        };
        if !possible(&guess) && possible(&other) { other } else { guess }
    }

    /// Reads an SQLCAGRP where more follows: exactly the group is consumed.
    pub fn read(r: &mut Reader<'_>, sqlam: u16, text: &SqlText) -> Result<Option<Sqlca>> {
        let Some(mut sqlca) = read_basic(r, sqlam, text)? else { return Ok(None) };
        if sqlam >= 7 {
            sqlca.diag = DiagGroup::read(r, text)?;
        }
        Ok(Some(sqlca))
    }

    /// The same among rows, where a length that is damaged would swallow those after it.
    pub fn read_in_row(r: &mut Reader<'_>, sqlam: u16, text: &SqlText) -> Result<Option<Sqlca>> {
        let mut probe = r.clone();
        match read_basic(&mut probe, sqlam, text) {
            Ok(Some(ca)) if ca.errmc.len() > TOKENS_IN_ROW => {
                Err(probe.invalid(format!("{} bytes of SQLERRMC in a row", ca.errmc.len())).into())
            }
            Err(DrdaError::Message(MessageError::Wire(WireError::Truncated { need, .. }))) if need > TOKENS_IN_ROW => {
                Err(probe.invalid(format!("{need} bytes of SQLERRMC in a row")).into())
            }
            _ => Sqlca::read(r, sqlam, text),
        }
    }

    /// A whole SQLCARD.
    pub fn encode(sqlca: Option<&Sqlca>, sqlam: u16, typdef: &TypDef) -> Result<Vec<u8>> {
        let text = SqlText::new(typdef);
        param::message(codepoint::SQLCARD, |w| Sqlca::write(sqlca, w, sqlam, &text))
    }

    /// Writes an SQLCAGRP.
    pub fn write(sqlca: Option<&Sqlca>, w: &mut Writer, sqlam: u16, text: &SqlText) -> Result<()> {
        let Some(ca) = sqlca else {
            w.u8(NULL);
            return Ok(());
        };
        let order = text.order();
        w.u8(0);
        w.i32_in(ca.sqlcode, order);
        text.put_fixed(w, "SQLSTATE", &ca.sqlstate, 5)?;
        text.put_fixed(w, "SQLERRPROC", &ca.errproc, 8)?;
        w.u8(0);
        if sqlam < 7 {
            text.put_fixed(w, codepoint::RDBNAM, &ca.rdbnam, 18)?;
        }
        ca.errd.iter().for_each(|n| w.i32_in(*n, order));
        text.put_fixed(w, "SQLWARN", &ca.warn, 11)?;
        if sqlam >= 7 {
            text.put_single(w, codepoint::RDBNAM, &ca.rdbnam)?;
        }
        put_var(w, "SQLERRMC", &ca.message_bytes(text.mixed())?)?;
        w.u16(0);
        if sqlam >= 7 {
            DiagGroup::write(ca.diag.as_ref(), w, text)?;
        }
        Ok(())
    }

    /// True for a negative code.
    pub fn is_error(&self) -> bool {
        self.sqlcode < 0
    }

    /// True when there is no (further) row: +100.
    pub fn is_end(&self) -> bool {
        self.sqlcode == 100
    }

    /// True when Derby set the code.
    pub fn is_derby(&self) -> bool {
        self.errproc.starts_with("CSS")
    }

    /// Rows that an INSERT, UPDATE, DELETE or MERGE changed (SQLERRD3; with Derby SQLERRD4 is the
    /// upper half). `None` when the server says -1: not known.
    pub fn update_count(&self) -> Option<u64> {
        let [_, _, low, high, ..] = self.errd;
        if self.is_derby() { halves(high, low) } else { u64::try_from(low).ok() }
    }

    /// Rows of a finished result (SQLERRD1 upper, SQLERRD2 lower half). Derby only; elsewhere
    /// these hold diagnostics.
    pub fn row_count(&self) -> Option<u64> {
        let [high, low, ..] = self.errd;
        if self.is_derby() { halves(high, low) } else { None }
    }

    /// The event in words: the text of the code with its tokens, or the tokens alone, followed by
    /// SQLCODE and SQLSTATE. A message that the server itself sent goes before both.
    pub fn message(&self) -> String {
        let sent = self.diag.iter().flat_map(|d| &d.conditions).find_map(|c| c.message.as_deref());
        let own = if self.is_derby() { None } else { sqlcode::text(self.sqlcode, &self.tokens) };
        let said = match (sent, own) {
            (Some(text), _) if !text.trim().is_empty() => text.trim().to_owned(),
            (_, Some(text)) => text,
            _ if self.is_derby() => self.derby_message(),
            _ => self.tokens.join(", "),
        };
        let gap = if said.is_empty() { "" } else { " " };
        format!("{said}{gap}(SQLCODE {}, SQLSTATE {})", self.sqlcode, self.sqlstate.trim())
    }

    /// Derby sends either whole texts or arguments followed by the message's key.
    fn derby_message(&self) -> String {
        match self.tokens.split_last() {
            Some((key, args)) if !args.is_empty() => format!("{} [{key}]", args.join(", ")),
            _ => self.tokens.join(", "),
        }
    }

    /// SQLERRMC to send: as it came, else the tokens with Db2's separator.
    fn message_bytes(&self, page: &Page) -> Result<Vec<u8>> {
        if !self.errmc.is_empty() {
            return Ok(self.errmc.clone());
        }
        let mut out = Vec::new();
        for (i, token) in self.tokens.iter().enumerate() {
            if i > 0 {
                out.push(DB2_SEPARATOR);
            }
            out.extend(page.encode(token)?);
        }
        Ok(out)
    }
}

/// The group up to and without the diagnostics.
fn read_basic(r: &mut Reader<'_>, sqlam: u16, text: &SqlText) -> Result<Option<Sqlca>> {
    if !present(r)? {
        return Ok(None);
    }
    let order = text.order();
    let sqlcode = r.i32_in(order)?;
    let raw = r.clone().bytes(5)?;
    if !is_state(raw) {
        return Err(r.invalid(format!("X'{}' is no SQLSTATE", in_hex(raw))).into());
    }
    let sqlstate = text.fixed(r, 5)?;
    if sqlcode == 100 && !sqlstate.starts_with("02") && !sqlstate.trim().is_empty() {
        return Err(r.invalid(format!("SQLCODE 100 with SQLSTATE {sqlstate}")).into());
    }
    let mut ca = Sqlca { sqlcode, sqlstate, errproc: text.fixed(r, 8)?, warn: " ".repeat(11), ..Sqlca::default() };
    if !present(r)? {
        return Ok(Some(ca));
    }
    if sqlam < 7 {
        ca.rdbnam = text.fixed(r, 18)?;
    }
    for n in &mut ca.errd {
        *n = r.i32_in(order)?;
    }
    ca.warn = text.fixed(r, 11)?;
    if sqlam >= 7 {
        let name = r.clone().var()?;
        if name.len() > RDBNAM {
            return Err(r.invalid(format!("{} bytes of RDBNAM", name.len())).into());
        }
        ca.rdbnam = text.single(r)?;
    }
    let (errmc, page) = text.raw_pair(r)?;
    ca.errmc = errmc.to_vec();
    ca.tokens = tokens(errmc, page);
    Ok(Some(ca))
}

/// Five letters or digits, or five blanks, whichever page they are in: a card may come before its page is known.
/// (Measured: Derby and Informix say success by blanks, Derby a changed row by `rwupd`.)
fn is_state(raw: &[u8]) -> bool {
    let ebcdic = |b: &u8| {
        let (zone, digit) = (b >> 4, b & 15);
        zone == 0xF && digit <= 9
            || matches!(zone, 0x8 | 0x9 | 0xC | 0xD) && (1..=9).contains(&digit)
            || matches!(zone, 0xA | 0xE) && (2..=9).contains(&digit)
    };
    raw.iter().all(u8::is_ascii_alphanumeric)
        || raw.iter().all(ebcdic)
        || raw.iter().all(|b| *b == b' ')
        || raw.iter().all(|b| *b == 0x40)
}

fn in_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02X}")).collect()
}

/// Splits SQLERRMC. The text may have been cut in the middle of a character.
fn tokens(errmc: &[u8], page: &Page) -> Vec<String> {
    if errmc.is_empty() {
        return Vec::new();
    }
    let separator = if errmc.contains(&DB2_SEPARATOR) { DB2_SEPARATOR } else { DERBY_SEPARATOR };
    errmc.split(|b| *b == separator).map(|token| page.lossy(token)).collect()
}

fn halves(high: i32, low: i32) -> Option<u64> {
    let n = (i64::from(high) << 32) | i64::from(low as u32);
    u64::try_from(n).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ddm::param::hex;
    use crate::wire::value::typdef::TypDefName;

    const DERBY: TypDef = TypDef { name: TypDefName::Asc, sbc: 1208, dbc: 0, mbc: 1208, xml: 0 };
    const LUW: TypDef = TypDef { name: TypDefName::X86, sbc: 1208, dbc: 1200, mbc: 1208, xml: 1208 };
    const ZOS: TypDef = TypDef { name: TypDefName::S370, sbc: 37, dbc: 0, mbc: 0, xml: 0 };

    fn read(text: &str, sqlam: u16, typdef: &TypDef) -> Sqlca {
        let body = hex(text);
        let got = Sqlca::decode(&body, sqlam, typdef).unwrap().unwrap();
        assert_eq!(Sqlca::encode(Some(&got), sqlam, typdef).unwrap()[4..], body);
        for cut in 0..body.len() {
            assert!(Sqlca::decode(&body[..cut], sqlam, typdef).is_err(), "cut at {cut}");
        }
        let mut r = Reader::new(&body, "row");
        let text = SqlText::new(typdef);
        assert_eq!(Sqlca::read(&mut r, sqlam, &text).unwrap().unwrap(), got);
        assert!(r.is_empty());
        got
    }

    #[test]
    fn success_of_derby_with_an_update_count() {
        let got = read(
            "00 00000000 2020202020 4353533130313430 00 00000000 00000000 00000001 00000000 00000000 00000000 \
             2020202020202020202020 0000 0000 0000 ff",
            7,
            &DERBY,
        );
        assert_eq!((got.sqlcode, got.is_derby(), got.update_count()), (0, true, Some(1)));
    }

    #[test]
    fn an_error_of_derby() {
        let got = read(
            "00ffffb1df343258303543535331303134300000000000000000000000000000000000000000000000000020202020\
             202020202020200000000c4e4f535543481434325830350000ff",
            7,
            &DERBY,
        );
        assert_eq!(got.tokens, ["NOSUCH", "42X05"]);
        assert!(got.is_error());
        assert_eq!(got.message(), "NOSUCH [42X05] (SQLCODE -20001, SQLSTATE 42X05)");
    }

    #[test]
    fn an_error_in_the_form_of_db2_for_luw() {
        let got = read(
            "00 34ffffff 3432373034 53514c3131303539 00 00000000 00000000 00000000 00000000 00000000 00000000 \
             2020202020202020202020 0012 544553544442202020202020202020202020 \
             000c 444232494e5354312e464f4f 0000 ff",
            11,
            &LUW,
        );
        assert_eq!((got.sqlcode, got.sqlstate.as_str(), got.tokens.len()), (-204, "42704", 1));
        assert_eq!(got.rdbnam, "TESTDB            ");
        assert!(got.message().contains("DB2INST1.FOO"), "{}", got.message());
    }

    #[test]
    fn the_end_of_a_result_of_zos_at_level_6() {
        let got = read(
            "0000000064F0F2F0F0F0C4E2D5E7D9C6D54000C4C2F2C5E2E8E24040404040404040404040FFFFFF92000000000000\
             0000FFFFFFFF0000000000000000404040404040404040404000000000",
            6,
            &ZOS,
        );
        assert!(got.is_end());
        assert_eq!((got.sqlstate.as_str(), got.errproc.as_str()), ("02000", "DSNXRFN "));
        assert_eq!(got.errd, [-110, 0, 0, -1, 0, 0]);
        assert_eq!((got.update_count(), got.row_count()), (Some(0), None));
    }

    #[test]
    fn what_cannot_be_an_sqlca() {
        let whole = Sqlca::encode(Some(&Sqlca::new(1, "01003", &["X"])), 7, &DERBY).unwrap()[4..].to_vec();
        let read = |bytes: &[u8]| Sqlca::read_in_row(&mut Reader::new(bytes, "row"), 7, &SqlText::new(&DERBY));
        assert!(read(&whole).is_ok());
        for state in [&[0u8; 5][..], b"0100\0", b"01 03", b"01\xFF03", &[0x40, 0x40, 0x40, 0x40, 0xF0]] {
            let mut bad = whole.clone();
            bad[5..10].copy_from_slice(state);
            let e = read(&bad).unwrap_err().to_string();
            assert!(e.contains("is no SQLSTATE"), "{e}");
            assert!(Sqlca::decode(&bad, 7, &DERBY).is_err());
        }
        for state in [&b"     "[..], &[0x40; 5], b"rwupd", &[0xF4, 0xF2, 0xE7, 0xF0, 0xF1]] {
            let mut good = whole.clone();
            good[5..10].copy_from_slice(state);
            assert!(read(&good).is_ok(), "{state:02X?}");
        }
        // The end of the rows has a state of its own.
        let mut end = whole.clone();
        end[4] = 100;
        assert!(read(&end).unwrap_err().to_string().contains("SQLCODE 100 with SQLSTATE 01003"));
        // Lengths of names and tokens that no server has.
        let names = whole.len() - 1 - 2 - 3 - 2;
        for at in [names, names + 2] {
            let mut long = whole.clone();
            long[at] = 0x60;
            long.extend([b'x'; 40_000]);
            assert!(read(&long).is_err(), "{at}");
            assert!(read(&long[..whole.len()]).is_err(), "{at}");
        }
    }

    #[test]
    fn nothing_to_say_and_no_extension() {
        assert_eq!(Sqlca::decode(&[0xFF], 7, &DERBY).unwrap(), None);
        assert_eq!(Sqlca::encode(None, 7, &DERBY).unwrap(), hex("00052408ff"));
        assert!(Sqlca::decode(&[0xFF, 0xFF], 7, &DERBY).is_err());
        let got = Sqlca::decode(&hex("00 00000000 3030303030 53514c3131303539 ff ff"), 7, &DERBY).unwrap().unwrap();
        assert_eq!(got.sqlstate, "00000");
    }

    #[test]
    fn tokens_of_db2_are_split_at_a_bare_ff_and_may_end_in_half_a_character() {
        let page = SqlText::new(&LUW).mixed().clone();
        assert_eq!(tokens(b"A\xFF\xC3\xA9\xFF\xC3", &page), ["A", "é", "\u{FFFD}"]);
        let made = Sqlca::new(-104, "42601", &["FROM", "x", "é"]);
        let whole = Sqlca::encode(Some(&made), 11, &LUW).unwrap();
        let got = Sqlca::decode(&whole[4..], 11, &LUW).unwrap().unwrap();
        assert_eq!(got.errmc, b"FROM\xFFx\xFF\xC3\xA9");
        assert_eq!(got.tokens, made.tokens);
    }

    #[test]
    fn diagnostics_of_another_layout_do_not_hide_the_code() {
        let mut whole = Sqlca::encode(Some(&Sqlca::new(-204, "42704", &["X"])), 11, &LUW).unwrap();
        whole.pop();
        whole.extend([0, 0x77, 1, 2, 3]);
        let got = Sqlca::decode(&whole[4..], 11, &LUW).unwrap().unwrap();
        assert_eq!((got.sqlcode, got.diag_unread.as_slice()), (-204, &[0x77, 1, 2, 3][..]));
    }
}
