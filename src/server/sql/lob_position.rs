//! Positions in large values: text is in UTF-8, and counted in UTF-16 units, the characters of Java. (Measured: Derby's
//! JDBC client.)

use super::lob_locator::KeptLob;
use crate::server::budget::Budget;
use crate::server::error::SqlError;
use std::sync::atomic::{AtomicBool, Ordering};

/// Longest part of a value.
pub(super) const PART: usize = 0x7FFF;

/// Bytes that are searched between two looks at whether anybody waits for it.
const LOOK: usize = 1 << 20;

/// The position of a value in another, from 1 on, where it stands after `skip`; -1 where it is not there. -289 without the
/// memory to search, -952 where nobody waits for it any more.
pub(super) fn found(
    (budget, abandoned): (&Budget, &AtomicBool),
    value: &[u8],
    wanted: &[u8],
    skip: usize,
    text: bool,
) -> std::result::Result<u64, SqlError> {
    let from = offset(value, skip, text);
    let Some((from, rest)) = from.and_then(|from| Some((from, value.get(from..)?))) else { return Ok(u64::MAX) };
    if wanted.len() > rest.len() {
        return Ok(u64::MAX);
    }
    let _borders = budget.lease(wanted.len() * size_of::<u32>())?;
    let at = find(rest, wanted, abandoned)?.and_then(|at| value.get(..from + at));
    Ok(at.map_or(u64::MAX, |before| 1 + if text { units(before) } else { before.len() } as u64))
}

/// Where a value first stands in another, in time that grows with the length of both. (Knuth, Morris and Pratt.)
fn find(value: &[u8], wanted: &[u8], abandoned: &AtomicBool) -> std::result::Result<Option<usize>, SqlError> {
    let look = |at: usize| match at.is_multiple_of(LOOK) && abandoned.load(Ordering::Relaxed) {
        true => Err(SqlError::interrupted()),
        false => Ok(()),
    };
    // For each byte of the pattern: how much of its beginning ends there.
    let mut borders: Vec<u32> = vec![0; wanted.len()];
    let step = |borders: &[u32], mut held: usize, byte: u8| {
        while held > 0 && wanted.get(held) != Some(&byte) {
            held = borders.get(held - 1).copied().unwrap_or_default() as usize;
        }
        held + usize::from(wanted.get(held) == Some(&byte))
    };
    let mut held = 0;
    for (n, byte) in wanted.iter().enumerate().skip(1) {
        look(n)?;
        held = step(&borders, held, *byte);
        if let Some(border) = borders.get_mut(n) {
            *border = held as u32;
        }
    }
    held = 0;
    if wanted.is_empty() {
        return Ok(Some(0));
    }
    for (last, byte) in value.iter().enumerate() {
        look(last)?;
        held = step(&borders, held, *byte);
        if held == wanted.len() {
            return Ok(Some(last + 1 - wanted.len()));
        }
    }
    Ok(None)
}

/// UTF-16 units of a text in UTF-8.
pub(super) fn units(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte & 0xC0 != 0x80).map(|byte| size(*byte).1).sum()
}

/// The byte after so many units of a text, or after so many bytes; none where the value ends before, or a character
/// would be cut.
pub(super) fn offset(value: &[u8], skip: usize, text: bool) -> Option<usize> {
    if !text {
        return (skip <= value.len()).then_some(skip);
    }
    let (mut at, mut passed) = (0, 0);
    while passed < skip {
        let (bytes, more) = size(*value.get(at)?);
        (at, passed) = (at + bytes, passed + more);
    }
    (passed == skip && at <= value.len()).then_some(at)
}

/// The same in a kept value, from where the last part ended where that is before.
pub(super) fn seek(value: &KeptLob, skip: usize, text: bool) -> Option<usize> {
    let (units, at) = Some(value.read.get()).filter(|(units, _)| text && *units <= skip).unwrap_or_default();
    Some(at + offset(value.bytes.get(at..)?, skip - units, text)?)
}

/// Up to `most` UTF-16 units after `skip` of them, one fewer where a pair would be cut; `None` when
/// the part begins in the middle of a pair, or the value is not text. What the row has no room for is
/// left out as well. Where the part ends is kept: the next one mostly begins there.
pub(super) fn part(value: &KeptLob, skip: usize, most: usize) -> Option<&str> {
    let (units, at) = value.read.get();
    let (mut units, mut at) = if units <= skip { (units, at) } else { (0, 0) };
    let mut walk = |limit: usize, room: usize| {
        let start = at;
        while let Some(byte) = value.bytes.get(at) {
            let (bytes, more) = size(*byte);
            if units + more > limit || at - start + bytes > room {
                break;
            }
            (units, at) = (units + more, at + bytes);
        }
        (start, units, at)
    };
    let (_, reached, from) = walk(skip, usize::MAX);
    // Less than that is the end of the text.
    if reached < skip && from < value.bytes.len() {
        return None;
    }
    let (_, reached, to) = walk(skip.saturating_add(most), PART);
    value.read.set((reached, to));
    std::str::from_utf8(value.bytes.get(from..to.min(value.bytes.len()))?).ok()
}

/// Bytes of a character in UTF-8 by its first one, and units in UTF-16.
fn size(first: u8) -> (usize, usize) {
    match first {
        0xF0.. => (4, 2),
        0xE0.. => (3, 1),
        0xC0.. => (2, 1),
        _ => (1, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::budget::ServerBudget;

    static WAITED_FOR: AtomicBool = AtomicBool::new(false);

    #[test]
    fn a_value_is_found_where_it_first_stands() {
        for (value, wanted, at) in [
            ("", "", Some(0)),
            ("abc", "", Some(0)),
            ("aabaabaaab", "aaab", Some(6)),
            ("ab", "abc", None),
            ("abababac", "ababac", Some(2)),
            ("aaa", "b", None),
            ("xyz", "xyz", Some(0)),
        ] {
            assert_eq!(find(value.as_bytes(), wanted.as_bytes(), &WAITED_FOR), Ok(at), "{value} {wanted}");
        }
    }

    #[test]
    fn a_search_ends_when_nobody_waits_for_it() {
        let (value, gone) = (vec![b'a'; 3 * LOOK], AtomicBool::new(true));
        assert_eq!(find(&value, b"b", &WAITED_FOR), Ok(None));
        assert_eq!(find(&value, b"b", &gone).map_err(|e| e.sqlcode), Err(-952));
        assert_eq!(find(&value, &[b'b'; LOOK + 1], &gone).map_err(|e| e.sqlcode), Err(-952));
    }

    #[test]
    fn a_search_takes_no_more_memory_than_there_is() {
        let budget = ServerBudget::new(1 << 20, 1 << 20).connection();
        let _taken = budget.lease((1 << 20) - 8).unwrap();
        assert_eq!(found((&budget, &WAITED_FOR), b"aabab", b"ab", 0, false), Ok(2));
        assert_eq!(found((&budget, &WAITED_FOR), b"aabab", b"ab", 2, false), Ok(4));
        assert_eq!(found((&budget, &WAITED_FOR), b"aabab", b"ab", 9, false), Ok(u64::MAX));
        // It is longer than the rest.
        assert_eq!(found((&budget, &WAITED_FOR), b"aabab", b"abab", 2, false), Ok(u64::MAX));
        assert_eq!(found((&budget, &WAITED_FOR), b"aabab", b"aab", 0, false).map_err(|e| e.sqlcode), Err(-289));
        assert_eq!(budget.empty().room(), 8);
    }

    #[test]
    fn parts_of_text_count_as_java_does() {
        let kept = |text: &str| KeptLob::new(text.to_owned().into(), 1208);
        let text = &kept("aü𝄞b");
        assert_eq!(part(text, 0, 9), Some("aü𝄞b"));
        assert_eq!(part(text, 1, 3), Some("ü𝄞"));
        assert_eq!(part(text, 1, 2), Some("ü"));
        assert_eq!(part(text, 4, 5), Some("b"));
        assert_eq!(part(text, 3, 5), None);
        assert_eq!(part(text, 50, 5), Some(""));
        assert_eq!(part(&kept(&"日".repeat(20_000)), 0, 20_000).map(str::len), Some(0x7FFF / 3 * 3));
    }
}
