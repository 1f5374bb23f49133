//! Text in chunks and batches of every mixture, held against text value by value.

use super::*;
use crate::wire::ccsid::codec::Codec;
use crate::wire::ccsid::error::Errors;
use proptest::prelude::*;

const POLICIES: [TextErrors; 3] = [TextErrors::Strict, TextErrors::Replace, TextErrors::Null];
/// Single bytes in EBCDIC and ASCII, shifts, double bytes alone, lead bytes, both forms of Unicode.
const PAGES: [u16; 14] = [37, 273, 420, 1140, 1252, 930, 939, 1399, 300, 943, 954, 1200, 1202, 1208];

/// Numbers that are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % n) as usize
    }
}

/// How the values of a chunk are.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Mood {
    Ascii,
    /// One value in some fifty has other characters.
    Sparse,
    Dense,
    /// Some values are no text.
    Bad,
}

const MOODS: [Mood; 4] = [Mood::Ascii, Mood::Sparse, Mood::Dense, Mood::Bad];

fn value(codec: &Codec, mood: Mood, random: &mut Random) -> Vec<u8> {
    let (ascii, other) = match codec.ccsid() {
        300 => (["　", "Ａ", "０１２"], ["日本語", "東京都千代田区", "か"]),
        420 => (["A", "plain ", "0123456789"], ["ا", "ب", "ل"]),
        939 | 930 | 1399 | 943 | 954 => (["A", "PLAIN ", "0123456789"], ["日本", "東京都千代田区", "ｱ"]),
        1200 | 1202 | 1208 => (["A", "plain ", "0123456789"], ["日本", "straße €", "😀é"]),
        _ => (["A", "plain ", "0123456789"], ["ä", "ßé", "ÜÖÄ"]),
    };
    let odd = match mood {
        Mood::Ascii => false,
        Mood::Sparse => random.below(50) == 0,
        Mood::Dense | Mood::Bad => random.below(8) > 0,
    };
    let mut bytes = Vec::new();
    let most = if random.below(30) == 0 { 60 } else { 6 };
    for _ in 0..random.below(most) {
        let from = if odd && random.below(2) == 0 { other } else { ascii };
        codec.encode(from[random.below(3)], &mut bytes).unwrap();
    }
    if mood == Mood::Bad && random.below(20) == 0 {
        bytes.extend_from_slice(&[0xFF, 0x0E, 0x45, 0xD8][..random.below(5)]);
    }
    bytes
}

/// Cells in chunks, each preceded by its length.
fn chunks(codec: &Codec, moods: &[Mood], nulls: u64, random: &mut Random) -> Vec<Vec<Option<Vec<u8>>>> {
    let mut chunk = |mood: &Mood| {
        let rows = [1, 7, 64, 200][random.below(4)];
        (0..rows).map(|_| (random.below(100) as u64 >= nulls).then(|| value(codec, *mood, random))).collect()
    };
    moods.iter().map(&mut chunk).collect()
}

type Expected = Result<Vec<Option<String>>, (u64, Reason)>;

fn one_by_one(codec: &Codec, errors: TextErrors, rows: &[Option<Vec<u8>>], first_row: u64) -> Expected {
    let policy = if errors == TextErrors::Replace { Errors::Replace } else { Errors::Strict };
    let each = (first_row..).zip(rows).map(|(row, cell)| {
        let Some(cell) = cell else { return Ok(None) };
        let mut out = Vec::new();
        match codec.decode_with(cell, &mut out, policy) {
            Ok(()) => Ok(Some(String::from_utf8(out).unwrap())),
            Err(_) if errors == TextErrors::Null => Ok(None),
            Err(_) if codec.is_utf8() => Err((row, Reason::Utf8(std::str::from_utf8(cell).unwrap_err().valid_up_to()))),
            Err(reason) => Err((row, reason.into())),
        }
    });
    each.collect()
}

fn found(error: ColumnError) -> (u64, Reason) {
    match error {
        ColumnError::Value(bad) => (bad.row, bad.reason),
        other => panic!("{other}"),
    }
}

fn append(
    decoder: &mut dyn ColumnDecoder,
    chunk: &[Option<Vec<u8>>],
    large: bool,
    first_row: u64,
) -> Result<(), ColumnError> {
    // Something lies in front of the first value and after the last one.
    let (mut buf, mut offsets, mut lobs) = (vec![0xAA; 3], Vec::new(), Vec::new());
    for cell in chunk {
        match cell {
            None => {
                offsets.push(NULL);
                lobs.push(Lob::Null);
            }
            Some(cell) => {
                offsets.push(buf.len() as u32);
                buf.extend_from_slice(&(cell.len() as u16).to_be_bytes());
                buf.extend_from_slice(cell);
                lobs.push(Lob::Value(Bytes::from(cell.clone())));
            }
        }
    }
    if chunk.len().is_multiple_of(2) {
        buf.extend_from_slice(&[0xAA; 80]);
    }
    let (offsets, lobs) = if large { (&[][..], &lobs[..]) } else { (&offsets[..], &[][..]) };
    decoder.append(&Cells { buf: &buf, offsets, lobs, first_row })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn text_of_any_mixture(
        page in 0..PAGES.len(),
        policy in 0..3usize,
        moods in proptest::collection::vec(proptest::collection::vec(0..4usize, 1..6), 1..4),
        bad in any::<bool>(),
        nulls in prop_oneof![Just(0u64), Just(10), Just(60)],
        large in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let (codec, errors) = (Codec::new(PAGES[page]).unwrap(), POLICIES[policy]);
        let mut random = Random(seed);
        let shape = if large { Shape::Lob(4) } else { Shape::Var };
        let field = Field { length: 60_000, ..text(shape, PAGES[page]) };
        let options = Options { text_errors: errors, ..Options::default() };
        let mut decoder = decoder(&field, 0, &options).unwrap();
        let (mut row, mut nulled) = (1, 0);
        for batch in moods {
            let moods: Vec<Mood> = batch.iter().map(|mood| MOODS[if bad { *mood } else { mood % 3 }]).collect();
            let chunks = chunks(&codec, &moods, nulls, &mut random);
            let rows: Vec<Option<Vec<u8>>> = chunks.concat();
            let expected = one_by_one(&codec, errors, &rows, row);
            let mut done = Ok(());
            let mut at = row;
            for chunk in &chunks {
                done = done.and_then(|()| append(decoder.as_mut(), chunk, large, at));
                at += chunk.len() as u64;
            }
            if done.is_ok() {
                prop_assert_eq!(decoder.len(), rows.len());
                prop_assert!(decoder.bytes() >= 4 * rows.len());
            }
            let array = done.and_then(|()| decoder.finish());
            match (array, expected) {
                (Ok(array), Ok(expected)) => {
                    let strings: Vec<Option<&str>> = match large {
                        true => array.as_string::<i64>().iter().collect(),
                        false => array.as_string::<i32>().iter().collect(),
                    };
                    let expected: Vec<Option<&str>> = expected.iter().map(Option::as_deref).collect();
                    nulled += expected.iter().filter(|v| v.is_none()).count() - rows.iter().filter(|v| v.is_none()).count();
                    prop_assert_eq!(strings, expected);
                    array.to_data().validate_full().unwrap();
                }
                (Err(error), Err(expected)) => {
                    prop_assert_eq!(found(error), expected);
                    return Ok(());
                }
                (found, expected) => prop_assert!(false, "{:?} {:?}", found, expected),
            }
            prop_assert_eq!(decoder.nulled(), nulled as u64);
            row = at;
        }
    }
}

#[test]
fn the_first_of_a_null_and_a_bad_value_is_told() {
    let field = Field { nullable: false, ..text(Shape::Var, 939) };
    let good = || Some(vec![0xC1, 0x0E, 0x45, 0x62, 0x0F]);
    for (null, bad) in [(3, 9), (9, 3)] {
        let mut cells: Vec<Option<Vec<u8>>> = (0..20).map(|_| good()).collect();
        cells[null] = None;
        cells[bad] = Some(vec![0x0F]);
        for before in [&[][..], &cells[..3]] {
            let mut decoder = decoder(&field, 0, &Options::default()).unwrap();
            append(decoder.as_mut(), before, false, 1).unwrap();
            match append(decoder.as_mut(), &cells, false, 4).unwrap_err() {
                ColumnError::Null { row, .. } => assert_eq!((row, null), (4 + 3, 3)),
                ColumnError::Value(found) => assert_eq!((found.row, bad), (4 + 3, 3)),
                other => panic!("{other}"),
            }
        }
    }
}

#[test]
fn values_of_one_length_up_to_the_last_byte_of_a_block() {
    for width in [1, 7, 8, 9, 32, 33, 64, 65] {
        let field = text(Shape::Fixed(width as u32), 1208);
        // Values that overlap are shorter to write down.
        let buf: Vec<u8> = (0..width + 100).map(|n| b'a' + (n % 23) as u8).collect();
        let mut offsets: Vec<u32> = (0..=100).map(|at| if at % 7 == 3 { NULL } else { at }).collect();
        let mut decoder = decoder(&field, 0, &Options::default()).unwrap();
        for first_row in [1, 102] {
            decoder.append(&Cells { buf: &buf, offsets: &offsets, lobs: &[], first_row }).unwrap();
        }
        let array = decoder.finish().unwrap();
        let expected = offsets.iter().chain(&offsets).map(|at| {
            let at = (*at != NULL).then_some(*at as usize)?;
            Some(std::str::from_utf8(&buf[at..at + width]).unwrap())
        });
        assert!(array.as_string::<i32>().iter().eq(expected), "{width}");
        offsets.push(101);
        let cut = decoder.append(&Cells { buf: &buf, offsets: &offsets, lobs: &[], first_row: 1 });
        assert!(matches!(cut, Err(ColumnError::Cut { row: 102, .. })), "{width}: {cut:?}");
    }
}
