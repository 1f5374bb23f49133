//! Text to a page in one pass over its bytes: characters of up to three bytes, each with a byte or a code of its own.
//! Here is the room for them. Whatever else a text has in it is left to the careful way of its page, and so is what has
//! no bytes.

/// Room for the bytes of a text: at worst each byte of it is a shift and a byte, and the last one is a shift; a store of
/// two may write one more.
fn room(text: usize, values: usize) -> usize {
    2 * (text + values)
}

/// Appends one text; false, and nothing, where this is not the way.
#[inline]
pub(super) fn one(src: &str, dst: &mut Vec<u8>, write: impl FnOnce(&[u8], &mut [u8], usize) -> Option<usize>) -> bool {
    let start = dst.len();
    dst.resize(start + room(src.len(), 1), 0);
    let end = write(src.as_bytes(), dst, start);
    dst.truncate(end.unwrap_or(start));
    end.is_some()
}

/// Values at least this long are looked at whether they are ASCII, for which there is a better way.
const LONG: usize = 32;

/// Appends values that end at these places of a text, which become those where their bytes end; false where this is not
/// the way of all of them.
#[inline]
pub(super) fn each(
    text: &[u8],
    ends: &mut [usize],
    of_ascii: Option<impl Fn(&mut [u8]) -> bool>,
    dst: &mut Vec<u8>,
    write: impl Fn(&[u8], &mut [u8], usize) -> Option<usize>,
) -> bool {
    let (mut at, mut start) = (dst.len(), 0);
    dst.resize(at + room(text.len(), ends.len()), 0);
    let good = ends.iter_mut().all(|end| {
        let src = text.get(start..*end).unwrap_or_default();
        let done = match of_ascii.as_ref().filter(|_| src.len() >= LONG && src.is_ascii()) {
            Some(quick) => dst
                .get_mut(at..at + src.len())
                .is_some_and(|to| {
                    to.copy_from_slice(src);
                    quick(to)
                })
                .then_some(at + src.len()),
            None => write(src, dst, at),
        };
        start = *end;
        at = done.unwrap_or(at);
        *end = at;
        done.is_some()
    });
    dst.truncate(at);
    good
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::codec::{Codec, Tables, known};
    use super::super::flat::Places;
    use super::super::{lead_byte, shifted};

    /// The bytes that the careful way of the page makes of a text; `None` where a page has none.
    fn careful(codec: &Codec, text: &str) -> Option<Result<Vec<u8>, (usize, char)>> {
        let mut out = Vec::new();
        let done = match codec.tables {
            Tables::Single(single) => single.encode_carefully(text, &mut out),
            Tables::Shifted(single, double) => shifted::encode_carefully(single, double, text, &mut out),
            Tables::Led(single, double, planes) => {
                lead_byte::encode_carefully((single, double, planes), text, &mut out)
            }
            _ => return None,
        };
        Some(done.map(|()| out))
    }

    fn check(text: &str) {
        for codec in known().map(|ccsid| Codec::new(ccsid).unwrap()) {
            let Some(expected) = careful(&codec, text) else { continue };
            let mut out = b"before".to_vec();
            let values = [text, "abc", "", text, &text.repeat(9), "d"];
            let mut ends: Vec<usize> = values
                .iter()
                .scan(0, |end, v| {
                    *end += v.len();
                    Some(*end)
                })
                .collect();
            let mut all = b"before".to_vec();
            let done = codec.encode_all(
                values.concat().as_bytes(),
                &mut ends,
                codec.from_ascii().as_ref(),
                &mut Places::default(),
                &mut all,
            );
            if done {
                let starts = std::iter::once(6).chain(ends.iter().copied());
                for (value, (start, end)) in values.iter().zip(starts.zip(&ends)) {
                    assert_eq!(Some(Ok(all[start..*end].to_vec())), careful(&codec, value), "{codec:?} {value:?}");
                }
                assert_eq!(ends.last(), Some(&all.len()));
            }
            match (codec.encode(text, &mut out), expected) {
                (Ok(()), Ok(expected)) => assert_eq!(out, [b"before", &expected[..]].concat(), "{codec:?} {text:?}"),
                (Err(_), Err(_)) => {}
                (found, expected) => panic!("{codec:?} {text:?}: {found:?}, {expected:?}"),
            }
        }
    }

    #[test]
    fn parts_of_characters_in_nulls_change_no_value() {
        let german: Vec<u8> = "Straße nach Köln".into();
        let dense: Vec<u8> = "äöü".into();
        for (value, expected) in [(&german, "Straße nach Köln"), (&dense, "äöü")] {
            for null in [&b"\xC3"[..], b"\x80", b"\xA4\xA4", b"\xE2\x82", b"\xF0\x9F", b"\xFF"] {
                let (mut text, mut ends) = (Vec::new(), Vec::new());
                for part in [value, null, value, b"abc", null, value] {
                    text.extend_from_slice(part);
                    ends.push(text.len());
                }
                let codec = Codec::new(273).unwrap();
                let mut out = Vec::new();
                if codec.encode_all(&text, &mut ends, codec.from_ascii().as_ref(), &mut Places::default(), &mut out) {
                    let mut careful = Vec::new();
                    codec.encode(expected, &mut careful).unwrap();
                    for (start, end) in [(0, ends[0]), (ends[1], ends[2]), (ends[4], ends[5])] {
                        assert_eq!(out[start..end], careful, "{null:02X?}");
                    }
                }
            }
        }
    }

    #[test]
    fn texts_of_all_kinds() {
        for text in [
            "",
            "é",
            "aé",
            "東",
            "東a京",
            "a東",
            "ｱ日ｱ",
            "か\u{309A}",
            "a\u{309A}",
            "æ\u{300}",
            "𠮟",
            "日𠮟",
            "\u{7FF}",
        ] {
            check(text);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn quick_or_not_the_bytes_are_the_same(text in "[a-z €äßÀ-ÿΑ-ωА-я東京都日本語ｱ-ﾝか゚가-각中-丯\u{300}\u{20B9F}\u{0}-\u{20}]{0,12}") {
            check(&text);
        }

        #[test]
        fn any_text(text in any::<String>()) {
            check(&text);
        }
    }
}
