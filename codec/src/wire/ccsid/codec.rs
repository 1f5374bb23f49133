//! One page, both ways: chosen once per column, then used for every value.

use super::ascii::{Ascii, FromAscii};
use super::directory::PAGES;
use super::double::Double;
use super::error::{CcsidError, Errors};
use super::flat::Places;
use super::on_error::BadUnits;
use super::page::{PageForm, Plane, UnitOrder};
use super::quick::each;
use super::shifted::{Doubled, encode_mixed};
use super::single::Single;
use super::sink::Sink;
use super::{flat, lead_byte, shifted, unicode};

/// A converter between one CCSID and UTF-8.
#[derive(Clone, Copy)]
pub struct Codec {
    ccsid: u16,
    pub(super) form: PageForm,
    pub(super) tables: Tables,
}

/// The tables that the form asks for.
#[derive(Clone, Copy)]
pub(super) enum Tables {
    Single(&'static Single),
    Shifted(&'static Single, &'static Double),
    Pairs(&'static Double),
    Led(&'static Single, &'static Double, &'static [Plane]),
    Utf8,
    Utf16(UnitOrder),
}

/// Every CCSID that has a codec, in ascending order.
pub fn known() -> impl Iterator<Item = u16> {
    PAGES.iter().map(|(ccsid, _)| *ccsid)
}

impl Codec {
    /// The converter for `ccsid`. The first one of a page expands its tables.
    pub fn new(ccsid: u16) -> Result<Codec, CcsidError> {
        Codec::find(ccsid).ok_or(CcsidError::Unknown(ccsid))
    }

    /// The page.
    pub fn ccsid(&self) -> u16 {
        self.ccsid
    }

    /// True when the bytes are UTF-8 already (they still have to be validated).
    pub fn is_utf8(&self) -> bool {
        matches!(self.tables, Tables::Utf8)
    }

    /// True when every byte is a character.
    pub fn is_single(&self) -> bool {
        matches!(self.tables, Tables::Single(_))
    }

    /// The quick way for text that is ASCII in disguise, if the page has single bytes and is EBCDIC or
    /// single-byte only.
    pub fn ascii(&self) -> Option<Ascii> {
        match self.tables {
            Tables::Single(single) => Some(Ascii::new(single, false)),
            Tables::Shifted(single, _) => Some(Ascii::new(single, true)),
            _ => None,
        }
    }

    /// The way back of text that is ASCII, if the page has single bytes.
    pub fn from_ascii(&self) -> Option<FromAscii> {
        match self.tables {
            Tables::Single(single) | Tables::Shifted(single, _) | Tables::Led(single, ..) => {
                Some(FromAscii::new(single))
            }
            _ => None,
        }
    }

    /// Appends values that end at these places of a text, which become the places where their bytes end. False where it
    /// takes the way of single values: then what was appended means nothing. `places` is scratch.
    pub fn encode_all(
        &self,
        text: &[u8],
        ends: &mut [usize],
        from_ascii: Option<&FromAscii>,
        places: &mut Places,
        dst: &mut Vec<u8>,
    ) -> bool {
        let quick = from_ascii.map(|quick| |text: &mut [u8]| quick.translate(text));
        match self.tables {
            Tables::Single(single) => {
                flat::encode_single(single, from_ascii, text, ends, places, dst)
                    || each(text, ends, quick, dst, |src, dst, at| single.encode_quickly(src, dst, at, |_| ()))
            }
            Tables::Shifted(single, double) => each(text, ends, quick, dst, |src, dst, at| {
                encode_mixed(single, double, Doubled::Shifted, src, dst, at)
            }),
            Tables::Led(single, double, []) => {
                each(text, ends, quick, dst, |src, dst, at| encode_mixed(single, double, Doubled::Plain, src, dst, at))
            }
            _ => false,
        }
    }

    /// Appends values that lie end to end as UTF-8; `places` tells where each ends then. False, and nothing, where one of
    /// them takes the way of single values, or the page does.
    pub fn decode_all(&self, src: &[u8], places: &mut Places, dst: &mut Sink<'_>) -> bool {
        matches!(self.tables, Tables::Single(single) if flat::decode_single(single, src, places, dst))
    }

    /// The bytes of one space, which values are padded with. In a GRAPHIC page that is the wide one.
    pub fn blank(&self) -> &'static [u8] {
        self.form.blank()
    }

    /// Appends `src` to `dst` as UTF-8. On an error `dst` may hold a part.
    pub fn decode(&self, src: &[u8], dst: &mut Vec<u8>) -> Result<(), CcsidError> {
        self.decode_with(src, dst, Errors::Strict)
    }

    /// Appends `src` to `dst` as UTF-8; `errors` says what becomes of bytes that mean nothing.
    /// With [`Errors::Replace`] there is no error.
    pub fn decode_with(&self, src: &[u8], dst: &mut Vec<u8>, errors: Errors) -> Result<(), CcsidError> {
        let mut out = Sink::of_one(dst);
        let done = self.decode_into(src, &mut out, errors);
        let end = out.end();
        dst.truncate(end);
        done
    }

    /// As [`decode_with`](Self::decode_with), for values that are written one after the other.
    pub fn decode_into(&self, src: &[u8], dst: &mut Sink<'_>, errors: Errors) -> Result<(), CcsidError> {
        let trouble = &BadUnits { ccsid: self.ccsid, errors, src };
        match self.tables {
            Tables::Single(single) => single.decode(src, dst, trouble),
            Tables::Shifted(single, double) => shifted::decode(single, double, src, dst, trouble),
            Tables::Pairs(double) => shifted::decode_pairs(double, src, dst, trouble),
            Tables::Led(single, double, planes) => lead_byte::decode((single, double, planes), src, dst, trouble),
            Tables::Utf8 => unicode::decode_utf8(src, dst, trouble),
            Tables::Utf16(order) => unicode::decode_utf16(order, src, dst, trouble),
        }
    }

    /// Appends `src` to `dst` in this page. On an error `dst` may hold a part.
    pub fn encode(&self, src: &str, dst: &mut Vec<u8>) -> Result<(), CcsidError> {
        match self.tables {
            Tables::Single(single) => single.encode(src, dst),
            Tables::Shifted(single, double) => shifted::encode(single, double, src, dst),
            Tables::Pairs(double) => shifted::encode_pairs(double, src, dst),
            Tables::Led(single, double, planes) => lead_byte::encode((single, double, planes), src, dst),
            Tables::Utf8 => {
                dst.extend_from_slice(src.as_bytes());
                Ok(())
            }
            Tables::Utf16(order) => {
                unicode::encode_utf16(order, src, dst);
                Ok(())
            }
        }
        .map_err(|(index, ch)| CcsidError::Unencodable { ccsid: self.ccsid, index, ch })
    }

    fn find(ccsid: u16) -> Option<Codec> {
        let place = PAGES.binary_search_by_key(&ccsid, |(known, _)| *known).ok()?;
        let (_, form) = *PAGES.get(place)?;
        let tables = match form {
            PageForm::Ebcdic { single } | PageForm::Ascii { single } => Tables::Single(Single::get(single)?),
            PageForm::Shifted { single, double } => Tables::Shifted(Single::get(single)?, Double::get(double)?),
            PageForm::Pairs { double } => Tables::Pairs(Double::get(double)?),
            PageForm::Led { single, double, planes } => {
                Tables::Led(Single::get(single)?, Double::get(double)?, planes.list())
            }
            PageForm::Utf8 => Tables::Utf8,
            PageForm::Utf16(order) => Tables::Utf16(order),
        };
        Some(Codec { ccsid, form, tables })
    }
}

impl std::fmt::Debug for Codec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Codec").field(&self.ccsid).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(ccsid: u16, bytes: &[u8]) -> Result<String, CcsidError> {
        let mut out = Vec::new();
        Codec::new(ccsid).unwrap().decode(bytes, &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    fn replaced(ccsid: u16, bytes: &[u8]) -> String {
        let mut out = Vec::new();
        Codec::new(ccsid).unwrap().decode_with(bytes, &mut out, Errors::Replace).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn encoded(ccsid: u16, text: &str) -> Result<Vec<u8>, CcsidError> {
        let mut out = Vec::new();
        Codec::new(ccsid).unwrap().encode(text, &mut out)?;
        Ok(out)
    }

    /// Text and its bytes, as ICU and (where they have the page) glibc and Python write it.
    const KNOWN: &[(u16, &str, &[u8])] = &[
        (37, "Hello [1]", &[0xC8, 0x85, 0x93, 0x93, 0x96, 0x40, 0xBA, 0xF1, 0xBB]),
        (273, "{Zwölf}", &[0x43, 0xE9, 0xA6, 0x6A, 0x93, 0x86, 0xDC]),
        (500, "[a]|!", &[0x4A, 0x81, 0x5A, 0xBB, 0x4F]),
        (1047, "[x]", &[0xAD, 0xA7, 0xBD]),
        (1140, "5€", &[0xF5, 0x9F]),
        (924, "€Ý¢¬", &[0x9F, 0x4A, 0xB0, 0xBA]),
        (870, "Łódź", &[0xBA, 0xCE, 0x84, 0xB7]),
        (420, "سلام", &[0x77, 0xB1, 0x56, 0xBB]),
        (424, "שלום", &[0x69, 0x54, 0x46, 0x55]),
        (875, "Ελλάδα", &[0x45, 0x9E, 0x9E, 0xB1, 0x8D, 0x8A]),
        (838, "ไทย", &[0xDF, 0x73, 0x8F]),
        (1025, "Мир", &[0xCF, 0x8F, 0xAA]),
        (367, "~", &[0x7E]),
        (819, "é\u{80}", &[0xE9, 0x80]),
        (850, "é\u{1A}\u{1C}\u{7F}", &[0x82, 0x7F, 0x1A, 0x1C]),
        (1250, "Ł€", &[0xA3, 0x80]),
        (1252, "€“x”", &[0x80, 0x93, 0x78, 0x94]),
        (300, "日本\u{3000}", &[0x45, 0x62, 0x45, 0x66, 0x40, 0x40]),
        (930, "a ｱ日", &[0x62, 0x40, 0x81, 0x0E, 0x45, 0x62, 0x0F]),
        (5026, "a ｱ日", &[0x62, 0x40, 0x81, 0x0E, 0x45, 0x62, 0x0F]),
        (939, "ABC 日本語 ｱ", &[0xC1, 0xC2, 0xC3, 0x40, 0x0E, 0x45, 0x62, 0x45, 0x66, 0x48, 0xE7, 0x0F, 0x40, 0x59]),
        (933, "한국어 K", &[0x0E, 0xD0, 0x65, 0x8A, 0x82, 0xB4, 0xE1, 0x0F, 0x40, 0xD2]),
        (935, "中文", &[0x0E, 0x5B, 0xCF, 0x57, 0xC3, 0x0F]),
        (937, "中文", &[0x0E, 0x4C, 0x84, 0x4C, 0xC5, 0x0F]),
        (1364, "똠", &[0x0E, 0x99, 0xB1, 0x0F]),
        (1371, "€", &[0x9F]),
        (1388, "中文囍", &[0x0E, 0x5B, 0xCF, 0x57, 0xC3, 0x87, 0xE3, 0x0F]),
        (1390, "𠮟", &[0x0E, 0xB3, 0x8D, 0x0F]),
        (1399, "𠮟か\u{309A}か", &[0x0E, 0xB3, 0x8D, 0xEC, 0xB5, 0x44, 0x86, 0x0F]),
        (943, "日本語ｱ¥", &[0x93, 0xFA, 0x96, 0x7B, 0x8C, 0xEA, 0xB1, 0x5C]),
        (932, "日本語\\", &[0x93, 0xFA, 0x96, 0x7B, 0x8C, 0xEA, 0x5C]),
        (949, "한국어", &[0xC7, 0xD1, 0xB1, 0xB9, 0xBE, 0xEE]),
        (950, "中文", &[0xA4, 0xA4, 0xA4, 0xE5]),
        (1381, "中文\u{2170}\u{E000}", &[0xD6, 0xD0, 0xCE, 0xC4, 0x8C, 0xE0, 0x8D, 0xA1]),
        (1386, "中文€", &[0xD6, 0xD0, 0xCE, 0xC4, 0xA2, 0xE3]),
        (954, "日本丂ｱ", &[0xC6, 0xFC, 0xCB, 0xDC, 0x8F, 0xB0, 0xA1, 0x8E, 0xB1]),
        (964, "中乂\u{E000}", &[0xC4, 0xE3, 0x8E, 0xA2, 0xA1, 0xA1, 0x8E, 0xAC, 0xA1, 0xA1]),
        (970, "한국", &[0xC7, 0xD1, 0xB1, 0xB9]),
        (1200, "A日😀", &[0x00, 0x41, 0x65, 0xE5, 0xD8, 0x3D, 0xDE, 0x00]),
        (13488, "A", &[0x00, 0x41]),
        (1202, "A😀", &[0x41, 0x00, 0x3D, 0xD8, 0x00, 0xDE]),
        (1204, "A", &[0xFE, 0xFF, 0x00, 0x41]),
        (1208, "A日", &[0x41, 0xE6, 0x97, 0xA5]),
    ];

    #[test]
    fn known_strings_go_both_ways() {
        for (ccsid, text, bytes) in KNOWN {
            assert_eq!(decoded(*ccsid, bytes).as_deref(), Ok(*text), "{ccsid}");
            assert_eq!(encoded(*ccsid, text).as_deref(), Ok(*bytes), "{ccsid}");
        }
        assert_eq!(decoded(1204, &[0xFF, 0xFE, 0x41, 0x00]).as_deref(), Ok("A"));
        assert_eq!(decoded(1204, &[0x00, 0x41]).as_deref(), Ok("A"));
    }

    #[test]
    fn long_values_take_the_fast_ways() {
        let text = "The quick brown fox, 0123456789; ".repeat(40) + "é" + &"jumps over ".repeat(30);
        for ccsid in [37, 500, 819, 850, 1140, 1252, 1200, 1202, 1204, 1208, 13488] {
            let bytes = encoded(ccsid, &text).unwrap();
            assert_eq!(decoded(ccsid, &bytes).unwrap(), text, "{ccsid}");
        }
        let text = "plain text of some length 日本 and more of the same kind".repeat(9) + "京";
        for ccsid in [930, 939, 1390, 1399, 932, 943, 954, 1386, 1388, 964, 950] {
            let bytes = encoded(ccsid, &text).unwrap();
            assert_eq!(decoded(ccsid, &bytes).unwrap(), text, "{ccsid}");
        }
    }

    #[test]
    fn line_ends_follow_cdra() {
        for (ccsid, form) in PAGES.iter() {
            if matches!(form, PageForm::Ebcdic { .. } | PageForm::Shifted { .. }) {
                assert_eq!(decoded(*ccsid, &[0x15, 0x25, 0x0D, 0x40]).as_deref(), Ok("\u{85}\n\r "), "{ccsid}");
                assert_eq!(encoded(*ccsid, "\u{85}\n\r ").as_deref(), Ok(&[0x15, 0x25, 0x0D, 0x40][..]), "{ccsid}");
            }
        }
    }

    #[test]
    fn everything_that_decodes_is_written_so_that_it_decodes_the_same() {
        let mut characters = 0;
        for (ccsid, form) in PAGES.iter() {
            let mut units: Vec<Vec<u8>> = Vec::new();
            if !matches!(form, PageForm::Pairs { .. } | PageForm::Utf16(_)) {
                units.extend((0..=255).map(|b| vec![b]));
            }
            for code in (0x4040..=u16::MAX).map(u16::to_be_bytes) {
                match form {
                    PageForm::Pairs { .. } => units.push(code.to_vec()),
                    PageForm::Shifted { .. } => units.push([&[0x0E], &code[..], &[0x0F]].concat()),
                    PageForm::Led { planes, .. } => {
                        units.push(code.to_vec());
                        units.extend(planes.list().iter().map(|p| [p.prefix, &code[..]].concat()));
                    }
                    _ => {}
                }
            }
            let codec = Codec::new(*ccsid).unwrap();
            let (mut text, mut bytes, mut again) = (Vec::new(), Vec::new(), Vec::new());
            for unit in units {
                text.clear();
                if codec.decode(&unit, &mut text).is_ok() {
                    bytes.clear();
                    again.clear();
                    codec.encode(std::str::from_utf8(&text).unwrap(), &mut bytes).unwrap();
                    codec.decode(&bytes, &mut again).unwrap();
                    assert_eq!(again, text, "{ccsid} {unit:02X?} {bytes:02X?}");
                    characters += 1;
                }
            }
        }
        assert!(characters > 600_000, "{characters}");
    }

    #[test]
    fn no_bytes_panic_and_replacing_never_fails() {
        // Bytes that mean something to one form or another, in an order that repeats late.
        let pool =
            [0x0E, 0x0F, 0x40, 0x41, 0x45, 0x62, 0x8E, 0x8F, 0xA1, 0xA2, 0xAC, 0xC4, 0xD8, 0xDC, 0x00, 0xFF, 0xF0];
        let mut state = 1_u32;
        let mut soup = Vec::new();
        for _ in 0..120 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            soup.push(pool[(state >> 16) as usize % pool.len()]);
        }
        for ccsid in known() {
            let whole = KNOWN.iter().filter(|k| k.0 == ccsid).map(|k| k.2).chain([&soup[..]]);
            for bytes in whole {
                for cut in 0..=bytes.len() {
                    let text = replaced(ccsid, &bytes[..cut]);
                    if let Ok(strict) = decoded(ccsid, &bytes[..cut]) {
                        assert_eq!(strict, text, "{ccsid}");
                    }
                }
            }
        }
    }

    fn place(error: CcsidError) -> (usize, Vec<u8>) {
        match error {
            CcsidError::Undecodable { at, bytes, .. } => (at, bytes),
            CcsidError::Unclosed { at, .. } => (at, Vec::new()),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn bad_bytes_are_named() {
        let bad: &[(u16, &[u8], usize, &str)] = &[
            // A byte without a character.
            (367, &[0x41, 0x80, 0x41], 1, "A\u{FFFD}A"),
            // Shift-in without shift-out; half a character; no shift-in; a code without a character.
            (939, &[0xC1, 0x0F, 0xC2], 1, "A\u{FFFD}B"),
            (939, &[0x0E, 0x45, 0x62, 0x45, 0x0F], 3, "日\u{FFFD}"),
            (939, &[0xC1, 0x0E, 0x45, 0x62], 1, "A日\u{FFFD}"),
            (939, &[0x0E, 0xFE, 0xFE, 0x45, 0x62, 0x0F], 1, "\u{FFFD}日"),
            (939, &[0x0E, 0x0E, 0x45, 0x0F], 1, "\u{FFFD}"),
            (300, &[0x45, 0x62, 0x45], 2, "日\u{FFFD}"),
            (300, &[0x0E, 0x45, 0x45, 0x62], 0, "\u{FFFD}日"),
            // A lead byte at the end, before ASCII (which stays), and a code without a character.
            (943, &[0x41, 0x93], 1, "A\u{FFFD}"),
            (943, &[0x93, 0x20, 0x41], 0, "\u{FFFD} A"),
            (943, &[0x41, 0xFC, 0xFC, 0x41], 1, "A\u{FFFD}A"),
            (954, &[0x8F, 0xB0], 0, "\u{FFFD}"),
            (954, &[0x41, 0xB0, 0x21], 1, "A\u{FFFD}!"),
            (964, &[0x8E, 0xA3, 0xA1, 0x41], 0, "\u{FFFD}\u{FFFD}A"),
            (1200, &[0x00, 0x41, 0xDC, 0x00, 0x00, 0x42], 2, "A\u{FFFD}B"),
            (1200, &[0xD8, 0x3D, 0x00, 0x42], 0, "\u{FFFD}B"),
            (1202, &[0x41, 0x00, 0x42], 2, "A\u{FFFD}"),
            (1208, &[0x41, 0xC3, 0x41], 1, "A\u{FFFD}A"),
        ];
        for (ccsid, bytes, at, text) in bad {
            let (found, named) = place(decoded(*ccsid, bytes).unwrap_err());
            assert_eq!(found, *at, "{ccsid} {bytes:02X?}");
            assert!(named.is_empty() || bytes[*at..].starts_with(&named), "{ccsid} {named:02X?}");
            assert_eq!(replaced(*ccsid, bytes), *text, "{ccsid} {bytes:02X?}");
        }
        let after_a_chunk = [&[0xC1; 20][..], &[0x70, 0xC1]].concat();
        let error = decoded(424, &after_a_chunk).unwrap_err();
        assert_eq!(error, CcsidError::Undecodable { ccsid: 424, at: 20, bytes: vec![0x70, 0xC1] });
    }

    #[test]
    fn characters_without_bytes_are_named() {
        for ccsid in [37, 367, 850, 939, 300, 943, 954] {
            let before = if ccsid == 300 { "日" } else { "a" };
            let error = encoded(ccsid, &format!("{before}\u{1F600}b")).unwrap_err();
            assert_eq!(error, CcsidError::Unencodable { ccsid, index: 1, ch: '\u{1F600}' });
        }
        // A shift is not a character of a mixed page, and GRAPHIC has no narrow ones.
        assert!(encoded(939, "\u{0E}").is_err());
        assert!(encoded(300, "a").is_err());
        // 943 has the yen sign at that byte.
        assert!(encoded(943, "\\").is_err());
    }

    #[test]
    fn shifts_open_and_close_once_a_run() {
        let bytes = encoded(939, "日本a語").unwrap();
        assert_eq!(bytes, [0x0E, 0x45, 0x62, 0x45, 0x66, 0x0F, 0x81, 0x0E, 0x48, 0xE7, 0x0F]);
        assert_eq!(decoded(939, &[0x0E, 0x0F, 0xC1]).as_deref(), Ok("A"));
    }

    #[test]
    fn blanks_are_spaces() {
        for ccsid in known() {
            let codec = Codec::new(ccsid).unwrap();
            let mut text = Vec::new();
            codec.decode(codec.blank(), &mut text).unwrap();
            let wide = matches!(codec.form, PageForm::Pairs { .. });
            assert_eq!(std::str::from_utf8(&text).unwrap(), if wide { "\u{3000}" } else { " " }, "{ccsid}");
        }
    }

    #[test]
    fn what_is_no_text_has_no_codec() {
        for ccsid in [0, 1, 65535, 65534] {
            assert_eq!(Codec::new(ccsid).unwrap_err(), CcsidError::Unknown(ccsid));
        }
    }

    #[test]
    fn the_directory_is_sorted_and_complete() {
        let pages: Vec<u16> = known().collect();
        assert!(pages.is_sorted_by(|a, b| a < b));
        assert!(pages.iter().all(|ccsid| Codec::new(*ccsid).is_ok()));
        fn shareable<T: Copy + Send + Sync>() {}
        shareable::<Codec>();
    }
}
