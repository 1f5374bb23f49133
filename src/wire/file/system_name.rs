//! Names of the file side: the ten characters of a system name, and the eight of a declared name
//! (DDM: DCLNAM X'1136'), by which an open file is called in every request after its open.
//!
//! A name begins with a letter; letters are A to Z and whatever a page has at X'5B', X'7B' and X'7C': $ # @ in
//! the pages 37 and 500, Å Ä Ö in 278. The system looks at the bytes, so the same file has another name in a job of
//! another page. Between double quotes, which belong to the name, stands anything but blanks, controls and * ? ' ".
//! (IBM's documentation of CL: names, quoted names, variant characters.)

use crate::wire::ccsid::codec::Codec;
use crate::wire::ccsid::error::CcsidError;
use crate::wire::codec::error::What;
use crate::wire::codec::reader::Reader;
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::command::{Param, trimmed};
use crate::wire::ddm::error::{MessageError, Result};
use crate::wire::ddm::text::DdmText;

/// Characters of a system name: a file, library, member, format or field.
pub const WIDTH: usize = 10;
/// Where every page has a letter of its nation, and the characters that stand there in most.
const NATIONAL: [(u8, char); 3] = [(0x5B, '$'), (0x7B, '#'), (0x7C, '@')];
/// Between quotes: not even there. * ? ' "
const NEVER: [u8; 4] = [0x5C, 0x6F, 0x7D, 0x7F];

/// DCLNAM: eight bytes, chosen by the requester.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DclNam(pub [u8; 8]);

impl DclNam {
    /// A number in EBCDIC digits, padded with blanks, as IBM's client writes it. Numbers of more
    /// than eight digits begin anew.
    pub fn numbered(number: u32) -> Self {
        let mut out = [0x40; 8];
        for (slot, digit) in out.iter_mut().zip((number % 100_000_000).to_string().bytes()) {
            *slot = 0xF0 | (digit & 0x0F);
        }
        DclNam(out)
    }
}

impl std::fmt::Debug for DclNam {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DclNam({:?})", trimmed(&self.0, DdmText::Ebcdic))
    }
}

impl Param for DclNam {
    fn write(&self, w: &mut Writer, _: DdmText) -> Result<()> {
        w.bytes(&self.0);
        Ok(())
    }

    fn read(what: What, data: &[u8], _: DdmText) -> Result<Self> {
        let mut r = Reader::new(data, what);
        let name = r.array()?;
        r.end()?;
        Ok(DclNam(name))
    }
}

/// Writes a system name, padded with blanks.
pub fn put(w: &mut Writer, what: &'static str, name: &str, text: DdmText) -> Result<()> {
    let bytes = text.encode_padded(name, WIDTH).map_err(|source| MessageError::Ccsid { parameter: what, source })?;
    if bytes.len() > WIDTH {
        return Err(MessageError::Limit { what: what.into(), len: bytes.len(), max: WIDTH });
    }
    w.bytes(&bytes);
    Ok(())
}

/// Reads a system name.
pub fn read(r: &mut Reader<'_>, text: DdmText) -> Result<String> {
    Ok(trimmed(r.bytes(WIDTH)?, text))
}

/// The reason why a text is not a name in a page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// A character that no name has there.
    #[error(
        "is not a name in the page {ccsid} of the job: {character:?} is not a letter there (beside A to Z those are {national})"
    )]
    Character {
        /// It.
        character: char,
        /// The page.
        ccsid: u16,
        /// The letters of that page beside A to Z.
        national: String,
    },
    /// Between quotes, a character that the page does not have.
    #[error("is not a name: {0:?} cannot be between quotes in the page {1} of the job")]
    Quoted(char, u16),
    /// No letter first, or too long, or empty.
    #[error("is not a system name")]
    Form,
    /// A page that is not known, or not one of EBCDIC.
    #[error("cannot be written: the job's page {0} is not a known page of EBCDIC")]
    Page(u16),
}

/// True for a text in double quotes.
pub fn is_quoted(text: &str) -> bool {
    text.len() > 1 && text.starts_with('"') && text.ends_with('"')
}

/// Where a character stands first outside of double quotes.
pub fn unquoted(text: &str, wanted: char) -> Option<usize> {
    let mut quoted = false;
    text.char_indices().find_map(|(at, c)| {
        quoted ^= c == '"';
        (c == wanted && !quoted).then_some(at)
    })
}

/// True for what is a name in some page: letters beyond ASCII are left to [`in_page`].
pub fn may_be_name(text: &str) -> bool {
    let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).filter(|_| text.len() > 1);
    let count = text.chars().count();
    match inner {
        Some(inner) => {
            let plain = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '*' | '?' | '\'' | '"');
            (3..=WIDTH).contains(&count) && inner.chars().all(plain)
        }
        None => {
            let letter = |c: char| match c.is_ascii() {
                true => c.is_ascii_uppercase() || matches!(c, '$' | '#' | '@'),
                false => !c.is_whitespace() && !c.is_control(),
            };
            let more = |c: char| letter(c) || c.is_ascii_digit() || matches!(c, '_' | '.');
            (1..=WIDTH).contains(&count) && text.starts_with(letter) && text.chars().all(more)
        }
    }
}

/// A name as a job of the page `ccsid` writes it: national letters in the case that the page has, $ # @ as the
/// letters that it has in their places, no quotes around what needs none.
pub fn in_page(name: &str, ccsid: u16) -> std::result::Result<String, NameError> {
    let page = page(ccsid).map_err(|_| NameError::Page(ccsid))?;
    if !may_be_name(name) {
        return Err(NameError::Form);
    }
    if is_quoted(name) {
        let inner = name.trim_matches('"');
        let bad = inner.chars().find(|c| !matches!(byte(&page, *c), Some(0x41..=0xFE)) || is_never(&page, *c));
        return match bad {
            Some(c) => Err(NameError::Quoted(c, ccsid)),
            None if may_be_name(inner) && in_page(inner, ccsid).as_deref() == Ok(inner) => Ok(inner.to_owned()),
            None => Ok(name.to_owned()),
        };
    }
    name.chars()
        .map(|c| if is_plain(c) { Some(c) } else { letter(&page, c) }.ok_or(c))
        .collect::<std::result::Result<_, _>>()
        .map_err(|character| {
            let national: Vec<String> =
                NATIONAL.iter().filter_map(|(at, _)| char_at(&page, *at)).map(String::from).collect();
            NameError::Character { character, ccsid, national: national.join(" ") }
        })
}

/// The page, if it is one of EBCDIC.
fn page(ccsid: u16) -> std::result::Result<Codec, CcsidError> {
    let page = Codec::new(ccsid)?;
    if byte(&page, 'A') == Some(0xC1) { Ok(page) } else { Err(CcsidError::Unknown(ccsid)) }
}

/// True for characters that every page has in the same places.
fn is_plain(c: char) -> bool {
    c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, '_' | '.')
}

/// A letter that the page has in one of the national places: this one, in either case, or the one in the place of
/// $, # or @.
fn letter(page: &Codec, c: char) -> Option<char> {
    let is_national = |c: &char| byte(page, *c).is_some_and(|b| NATIONAL.iter().any(|(at, _)| *at == b));
    let mut cases = [c].into_iter().chain(c.to_uppercase()).chain(c.to_lowercase());
    // A character whose other case is several has none here.
    let cased = cases.clone().count() <= 3;
    let own = cases.find(is_national).filter(|found| *found == c || cased);
    let place = NATIONAL.iter().find(|(_, usual)| *usual == c).map(|(at, _)| *at);
    own.or_else(|| char_at(page, place?))
}

fn is_never(page: &Codec, c: char) -> bool {
    byte(page, c).is_some_and(|byte| NEVER.contains(&byte))
}

/// The one byte of a character.
fn byte(page: &Codec, c: char) -> Option<u8> {
    let mut out = Vec::new();
    page.encode(c.encode_utf8(&mut [0; 4]), &mut out).ok()?;
    match out.as_slice() {
        [byte] => Some(*byte),
        _ => None,
    }
}

/// The character of a byte.
fn char_at(page: &Codec, byte: u8) -> Option<char> {
    let mut out = Vec::new();
    page.decode(&[byte], &mut out).ok()?;
    std::str::from_utf8(&out).ok()?.chars().next().filter(|c| !c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_names_count() {
        assert_eq!(DclNam::numbered(14).0, [0xF1, 0xF4, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40]);
        assert_eq!(DclNam::numbered(123_456_789).0[..2], [0xF2, 0xF3]);
        assert_eq!(format!("{:?}", DclNam::numbered(7)), "DclNam(\"7\")");
        assert!(DclNam::read("DCLNAM".into(), &[0x40; 7], DdmText::Ebcdic).is_err());
        assert!(DclNam::read("DCLNAM".into(), &[0x40; 9], DdmText::Ebcdic).is_err());
    }

    #[test]
    fn system_names_are_never_cut() {
        let text = DdmText::Job(37);
        let mut w = Writer::new();
        put(&mut w, "file", "CUST", text).unwrap();
        assert_eq!(read(&mut Reader::new(w.as_slice(), "file"), text).unwrap(), "CUST");
        assert!(matches!(put(&mut w, "file", "ELEVENCHARS", text), Err(MessageError::Limit { len: 11, .. })));
        assert!(matches!(put(&mut w, "file", "日", text), Err(MessageError::Ccsid { parameter: "file", .. })));
        assert!(read(&mut Reader::new(&[0x40; 9], "file"), text).is_err());
    }

    #[test]
    fn the_national_letters_of_a_page_are_its_bytes() {
        for (ccsid, letters) in [
            (37, "$#@"),
            (500, "$#@"),
            (273, "$#§"),
            (277, "ÅÆØ"),
            (278, "ÅÄÖ"),
            (280, "$£§"),
            (284, "$Ñ@"),
            (285, "£#@"),
            (297, "$£à"),
            (1141, "$#§"),
            (1143, "ÅÄÖ"),
        ] {
            assert_eq!(in_page(letters, ccsid).as_deref(), Ok(letters), "{ccsid}");
            assert_eq!(in_page("$#@", ccsid).as_deref(), Ok(letters), "{ccsid}");
            let mut w = Writer::new();
            put(&mut w, "file", letters, DdmText::Job(ccsid)).unwrap();
            assert_eq!(w.as_slice()[..4], [0x5B, 0x7B, 0x7C, 0x40], "{ccsid}");
            assert_eq!(read(&mut Reader::new(w.as_slice(), "file"), DdmText::Job(ccsid)).unwrap(), letters);
        }
        assert_eq!(in_page("KöP", 278).as_deref(), Ok("KÖP"));
        assert_eq!(in_page("KÀP", 297).as_deref(), Ok("KàP"));
    }

    #[test]
    fn what_a_page_has_elsewhere_is_no_letter_of_names() {
        for (name, ccsid) in [("TABÄPB", 37), ("TABÄPB", 273), ("K§P", 278), ("É", 297), ("日", 37), ("Æ", 278)] {
            let e = in_page(name, ccsid).unwrap_err();
            assert!(matches!(e, NameError::Character { .. }), "{name} in {ccsid}: {e:?}");
        }
        for ccsid in [0, 1208, 1252, 65535] {
            assert_eq!(in_page("A", ccsid), Err(NameError::Page(ccsid)));
        }
    }

    #[test]
    fn quotes_keep_what_is_between_them() {
        for (name, kept) in [
            ("\"a.b\"", "\"a.b\""),
            ("\"AB\"", "AB"),
            ("\"A-B\"", "\"A-B\""),
            ("\"a/(b)\"", "\"a/(b)\""),
            ("\"1A\"", "\"1A\""),
            ("\"Äx\"", "\"Äx\""),
        ] {
            assert_eq!(in_page(name, 37).as_deref(), Ok(kept));
        }
        assert_eq!(in_page("\"日\"", 37), Err(NameError::Quoted('日', 37)));
        for bad in
            ["\"a b\"", "\"a*\"", "\"a?\"", "\"a'\"", "\"\"", "\"", "\"ninechars\"", "", "a", "A B", "A\"B", "_A"]
        {
            assert_eq!(in_page(bad, 37), Err(NameError::Form), "{bad}");
        }
        assert_eq!(unquoted("\"a/b\"/c", '/'), Some(5));
        assert_eq!(unquoted("\"a/b", '/'), None);
    }
}
