//! Every form of page decoded and encoded one character at a time, by the plainest code there is: what the quick
//! ways are held against.

use super::codec::{Codec, Tables, known};
use super::double::Double;
use super::error::{CcsidError, Errors};
use super::flat::Places;
use super::page::{Plane, UnitOrder};
use super::single::Single;
use super::sink::Sink;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// The text, or the offset and kind of the first fault.
type Decoded = Result<String, CcsidError>;

struct Careful<'a> {
    ccsid: u16,
    errors: Errors,
    src: &'a [u8],
    at: usize,
    text: String,
}

impl Careful<'_> {
    fn bad(&mut self, at: usize) -> Result<(), CcsidError> {
        let bytes = self.src.iter().skip(at).take(4).copied().collect();
        self.settle(CcsidError::Undecodable { ccsid: self.ccsid, at, bytes })
    }

    fn settle(&mut self, error: CcsidError) -> Result<(), CcsidError> {
        match self.errors {
            Errors::Strict => Err(error),
            Errors::Replace => {
                self.text.push(char::REPLACEMENT_CHARACTER);
                Ok(())
            }
        }
    }

    fn rest(&self) -> &[u8] {
        &self.src[self.at..]
    }

    fn one_byte(&mut self, single: &Single) -> Result<(), CcsidError> {
        match of_byte(single, self.src[self.at]) {
            Some(ch) => self.text.push(ch),
            None => self.bad(self.at)?,
        }
        self.at += 1;
        Ok(())
    }

    fn shifted(&mut self, single: &Single, double: &Double) -> Result<(), CcsidError> {
        while self.at < self.src.len() {
            if self.src[self.at] != 0x0E {
                self.one_byte(single)?;
                continue;
            }
            let opened = self.at;
            self.at += 1;
            loop {
                match self.rest() {
                    [] => return self.settle(CcsidError::Unclosed { ccsid: self.ccsid, at: opened }),
                    [0x0F, ..] => break,
                    [_] | [_, 0x0F, ..] => {
                        self.bad(self.at)?;
                        self.at += 1;
                    }
                    [lead, trail, ..] => {
                        self.code(double, [*lead, *trail])?;
                        self.at += 2;
                    }
                }
            }
            self.at += 1;
        }
        Ok(())
    }

    fn code(&mut self, double: &Double, code: [u8; 2]) -> Result<(), CcsidError> {
        match of_code(double, code) {
            Some(text) => self.text.push_str(&text),
            None => self.bad(self.at)?,
        }
        Ok(())
    }

    fn pairs(&mut self, double: &Double) -> Result<(), CcsidError> {
        while let [lead, trail, ..] = *self.rest() {
            self.code(double, [lead, trail])?;
            self.at += 2;
        }
        if self.at < self.src.len() { self.bad(self.at) } else { Ok(()) }
    }

    fn led(&mut self, single: &Single, double: &Double, extra: &[Plane]) -> Result<(), CcsidError> {
        while self.at < self.src.len() {
            let rest = self.rest();
            let plane = extra.iter().find(|plane| rest.starts_with(plane.prefix));
            let found = match (plane, rest) {
                (Some(plane), _) => match rest[plane.prefix.len()..] {
                    [lead @ 0x80..=0xFF, trail @ 0x80..=0xFF, ..] => {
                        of_code(double, [lead & plane.lead, trail & plane.trail]).map(|t| (t, plane.prefix.len() + 2))
                    }
                    _ => None,
                },
                (None, [_, ..0x80, ..]) if !extra.is_empty() => None,
                (None, [lead @ 0x80..=0xFF, trail, ..]) => of_code(double, [*lead, *trail]).map(|text| (text, 2)),
                _ => None,
            };
            let found = found.or_else(|| of_byte(single, rest[0]).map(|ch| (ch.to_string(), 1)));
            if let Some((text, len)) = found {
                self.text.push_str(&text);
                self.at += len;
                continue;
            }
            let asked = plane.map_or(2, |plane| plane.prefix.len() + 2);
            let len = 1 + rest.iter().take(asked).skip(1).take_while(|b| **b >= 0x80).count();
            self.bad(self.at)?;
            self.at += len;
        }
        Ok(())
    }

    fn utf16(&mut self, order: UnitOrder) -> Result<(), CcsidError> {
        let mark = if order == UnitOrder::Marked { self.src.first_chunk::<2>() } else { None };
        let little = order == UnitOrder::Little || mark == Some(&[0xFF, 0xFE]);
        if matches!(mark, Some([0xFF, 0xFE] | [0xFE, 0xFF])) {
            self.at = 2;
        }
        let units: Vec<u16> = self
            .rest()
            .chunks_exact(2)
            .map(|unit| [unit[0], unit[1]])
            .map(|unit| if little { u16::from_le_bytes(unit) } else { u16::from_be_bytes(unit) })
            .collect();
        for ch in char::decode_utf16(units) {
            match ch {
                Ok(ch) => {
                    self.text.push(ch);
                    self.at += 2 * ch.len_utf16();
                }
                Err(_) => {
                    self.bad(self.at)?;
                    self.at += 2;
                }
            }
        }
        if self.at < self.src.len() { self.bad(self.at) } else { Ok(()) }
    }

    fn utf8(&mut self) -> Result<(), CcsidError> {
        for chunk in self.src.utf8_chunks() {
            self.text.push_str(chunk.valid());
            self.at += chunk.valid().len();
            if !chunk.invalid().is_empty() {
                self.bad(self.at)?;
                self.at += chunk.invalid().len();
            }
        }
        Ok(())
    }
}

fn of_byte(single: &Single, byte: u8) -> Option<char> {
    let mut bytes = Vec::new();
    let mut sink = Sink::new(&mut bytes, 0);
    let (run, end) = (single.run(&[byte], &mut sink), sink.end());
    (run == 1).then(|| std::str::from_utf8(&bytes[..end]).unwrap().chars().next().unwrap())
}

fn of_code(double: &Double, code: [u8; 2]) -> Option<String> {
    let mut bytes = Vec::new();
    let mut sink = Sink::new(&mut bytes, 0);
    let (found, end) = (double.decode(u16::from_be_bytes(code), &mut sink), sink.end());
    found.then(|| std::str::from_utf8(&bytes[..end]).unwrap().to_owned())
}

/// As [`Codec::decode_with`].
fn decode(codec: &Codec, src: &[u8], errors: Errors) -> Decoded {
    let mut careful = Careful { ccsid: codec.ccsid(), errors, src, at: 0, text: String::new() };
    match codec.tables {
        Tables::Single(single) => {
            while careful.at < src.len() {
                careful.one_byte(single)?;
            }
        }
        Tables::Shifted(single, double) => careful.shifted(single, double)?,
        Tables::Pairs(double) => careful.pairs(double)?,
        Tables::Led(single, double, extra) => careful.led(single, double, extra)?,
        Tables::Utf8 => careful.utf8()?,
        Tables::Utf16(order) => careful.utf16(order)?,
    }
    Ok(careful.text)
}

/// As [`Codec::encode`], one character (or two that have one code) at a time, each by itself.
fn encode(codec: &Codec, src: &str) -> Result<Vec<u8>, CcsidError> {
    let mut out = Vec::new();
    let chars: Vec<char> = src.chars().collect();
    let unknown = |index: usize| CcsidError::Unencodable { ccsid: codec.ccsid(), index, ch: chars[index] };
    let (single, double, shifts) = match codec.tables {
        Tables::Shifted(single, double) => (Some(single), Some(double), true),
        Tables::Led(single, double, _) => (Some(single), Some(double), false),
        Tables::Pairs(double) => (None, Some(double), false),
        Tables::Single(single) => (Some(single), None, false),
        Tables::Utf8 => return Ok(src.as_bytes().to_vec()),
        Tables::Utf16(order) => {
            let little = order == UnitOrder::Little;
            let mark = (order == UnitOrder::Marked && !src.is_empty()).then_some(0xFEFF);
            let unit = |unit: u16| if little { unit.to_le_bytes() } else { unit.to_be_bytes() };
            return Ok(mark.into_iter().chain(src.encode_utf16()).flat_map(unit).collect());
        }
    };
    let (mut index, mut inside) = (0, false);
    while index < chars.len() {
        let pair = double.and_then(|double| double.pair(chars[index], chars.get(index + 1).copied()));
        let unit = match pair {
            Some(code) => Err(code),
            None => match single.and_then(|single| single.byte(chars[index])) {
                Some(byte) => Ok(byte),
                None => Err(double.and_then(|double| double.code(chars[index])).ok_or_else(|| unknown(index))?),
            },
        };
        if shifts && inside != unit.is_err() {
            inside = !inside;
            out.push(if inside { 0x0E } else { 0x0F });
        }
        match (unit, &codec.tables) {
            (Ok(byte), _) => out.push(byte),
            (Err(code), Tables::Led(_, _, extra)) => {
                let [lead, trail] = code.to_be_bytes();
                match extra.iter().find(|plane| (plane.lead, plane.trail) == (lead | 0x7F, trail | 0x7F)) {
                    Some(plane) => out.extend([plane.prefix, &[lead | 0x80, trail | 0x80]].concat()),
                    None => out.extend([lead, trail]),
                }
            }
            (Err(code), _) => out.extend(code.to_be_bytes()),
        }
        index += if pair.is_some() { 2 } else { 1 };
    }
    if inside {
        out.push(0x0F);
    }
    Ok(out)
}

fn agree(codec: &Codec, src: &[u8]) {
    for errors in [Errors::Strict, Errors::Replace] {
        let mut out = b"in front".to_vec();
        let found = codec.decode_with(src, &mut out, errors).map(|()| String::from_utf8(out).unwrap());
        let expected = decode(codec, src, errors).map(|text| format!("in front{text}"));
        assert_eq!(found, expected, "{codec:?} {errors:?} {src:02X?}");
    }
    agree_on_all(codec, [src, &[], src, &[0x40], src]);
    agree_on_all(codec, [&[0x40, 0x41], src, &[], &[], &[0x40]]);
}

/// Values that are decoded together are what they are one by one, if it can be done.
fn agree_on_all(codec: &Codec, values: [&[u8]; 5]) {
    let (mut bytes, mut places) = (b"in front".to_vec(), Places::default());
    let mut sink = Sink::new(&mut bytes, 8);
    let done = codec.decode_all(&values.concat(), &mut places, &mut sink);
    let end = sink.end();
    if !done {
        assert_eq!(end, 8);
        return;
    }
    let ends = values.iter().scan(0, |end, value| {
        *end += value.len();
        Some(places.of(*end))
    });
    let Some(ends) = ends.collect::<Option<Vec<_>>>() else { return };
    assert_eq!(ends.last(), Some(&(end - 8)));
    let starts = std::iter::once(&0).chain(&ends);
    for ((value, start), end) in values.iter().zip(starts).zip(&ends) {
        let text = String::from_utf8(bytes[8 + start..8 + end].to_vec()).unwrap();
        assert_eq!(decode(codec, value, Errors::Strict), Ok(text), "{codec:?} {values:02X?}");
    }
}

fn agree_on_text(codec: &Codec, src: &str) {
    let mut out = b"in front".to_vec();
    let found = codec.encode(src, &mut out).map(|()| out);
    let expected = encode(codec, src).map(|bytes| [b"in front".as_slice(), &bytes].concat());
    assert_eq!(found, expected, "{codec:?} {src}");
}

fn codecs() -> impl Iterator<Item = Codec> {
    known().map(|ccsid| Codec::new(ccsid).unwrap())
}

/// One of those that share their tables.
fn different() -> impl Iterator<Item = Codec> {
    let mut seen = BTreeSet::new();
    codecs().filter(move |codec| seen.insert(format!("{:?}", codec.form)))
}

/// Bytes that are likely to mean something in the page: characters of it, shifts, leads, and anything.
fn pieces(codec: &Codec) -> Vec<Vec<u8>> {
    let texts =
        [" ", "A", "z", "0", "ä", "ß", "é", "€", "日本", "ｱ", "か\u{309A}", "한", "中", "Я", "ا", "\u{3000}", "𠮟"];
    let encoded = texts.iter().filter_map(|text| encode(codec, text).ok());
    let odd: [&[u8]; 9] =
        [&[0x0E], &[0x0F], &[0x45], &[0xFF], &[0x8E, 0xA2], &[0x8F], &[0xD8, 0x3D], &[0x3D, 0xD8], &[0x80]];
    encoded.chain(odd.map(<[u8]>::to_vec)).collect()
}

#[test]
fn every_byte_at_every_place_of_a_group() {
    for codec in different() {
        for byte in 0..=u8::MAX {
            for place in 0..9 {
                let mut src = encode(&codec, &"A".repeat(9)).unwrap_or_else(|_| vec![0x45; 18]);
                src[place] = byte;
                agree(&codec, &src);
                agree(&codec, &src[..=place]);
            }
        }
    }
}

#[test]
fn every_double_byte_between_others_and_many_alone_and_cut() {
    for codec in different() {
        let (front, back): (&[u8], &[u8]) = match codec.tables {
            Tables::Single(_) | Tables::Utf8 => continue,
            Tables::Shifted(..) => (&[0x0E, 0x45, 0x62], &[0x0F, 0xC1]),
            _ => (&[0x45, 0x62], &[0x45, 0x66]),
        };
        for lead in 0..=u8::MAX {
            let all: Vec<u8> = (0..=u8::MAX).flat_map(|trail| [lead, trail, 0x45, 0x66, lead, trail]).collect();
            agree(&codec, &[front, &all, back].concat());
            for trail in (lead % 11..=u8::MAX).step_by(11) {
                agree(&codec, &[front, &[lead, trail], back].concat());
                agree(&codec, &[front, &[lead, trail, 0x45]].concat());
            }
        }
    }
}

#[test]
fn characters_are_written_alone_and_between_others() {
    let some = |ch: &char| match u32::from(*ch) {
        0..0x800 => true,
        code @ 0x800..0x3100 => code % 5 == 0,
        code => code % 97 == 0,
    };
    for codec in different() {
        for ch in ('\0'..='\u{FFFF}').filter(some) {
            agree_on_text(&codec, &format!("A{ch}"));
            if u32::from(ch) % 7 == 0 {
                agree_on_text(&codec, &format!("{ch}\u{309A}ABCDEFGHI{ch}"));
            }
        }
    }
}

#[test]
fn values_of_known_characters_are_decoded_together() {
    let mut known = 0;
    for codec in codecs().filter(Codec::is_single) {
        for text in ["A1z", "Aä", "ö", "ÄÖÜ and some more of ASCII after it, €", "Ελ", "Мир"] {
            let Ok(value) = encode(&codec, text) else { continue };
            for times in [3, 40] {
                let (mut bytes, mut places) = (Vec::new(), Places::default());
                let mut sink = Sink::new(&mut bytes, 0);
                assert!(codec.decode_all(&value.repeat(times), &mut places, &mut sink), "{codec:?}");
                let end = sink.end();
                assert_eq!(String::from_utf8_lossy(&bytes[..end]), text.repeat(times), "{codec:?}");
                for n in 0..=times {
                    assert_eq!(places.of(n * value.len()), Some(n * text.len()), "{codec:?}");
                }
            }
            known += 1;
        }
    }
    assert!(known > 100, "{known}");
}

#[test]
fn ascii_is_never_the_second_of_two() {
    for codec in codecs() {
        if let Tables::Shifted(_, double) | Tables::Led(_, double, _) | Tables::Pairs(double) = codec.tables {
            for ascii in '\0'..='\u{7F}' {
                assert_eq!(double.pair('か', Some(ascii)), None);
                assert!(!double.may_be_second(ascii));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn runs_of_characters_and_rubbish(picks in proptest::collection::vec(0usize..1000, 0..80), seed: u16) {
        for codec in codecs() {
            let pieces = pieces(&codec);
            // Runs of the same kind, so that the quick ways get going.
            let kinds = 1 + usize::from(seed) % pieces.len();
            let src: Vec<u8> = picks.iter().flat_map(|pick| pieces[pick % kinds].clone()).collect();
            agree(&codec, &src);
            for cut in (0..src.len()).step_by(7) {
                agree(&codec, &src[..cut]);
            }
        }
    }

    #[test]
    fn any_bytes(src in proptest::collection::vec(any::<u8>(), 0..100)) {
        for codec in codecs() {
            agree(&codec, &src);
        }
    }

    #[test]
    fn any_text(latin in "[ -~]{0,20}[äöüß€é]{0,3}[ -~]{0,12}", japanese in "[日本語か\u{309A}ｱA-C ]{0,30}", any in "\\PC{0,20}") {
        for codec in codecs() {
            for text in [&latin, &japanese, &any, &format!("{latin}{japanese}{latin}"), &format!("{japanese}{latin}")] {
                agree_on_text(&codec, text);
            }
        }
    }
}
