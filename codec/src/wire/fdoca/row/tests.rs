//! The walk over hand-made rows, and its quick way held against the careful one.

use super::*;
use crate::wire::fdoca::lid;
use crate::wire::value::typdef::TypDef;

fn fields() -> Vec<Field> {
    [(0x03, [0, 4]), (0x33, [0, 9]), (0x0E, [5, 2])]
        .map(|(id, size)| lid::field(id, size, &TypDef::OURS, 0).unwrap())
        .to_vec()
}

fn walker() -> Walker {
    Walker::new(&fields(), Counts::Bytes)
}

#[test]
fn cells_are_found_and_cuts_are_short() {
    let rows = [
        &[0xFF, 0x00, 0x00, 0, 0, 0, 7, 0x00, 0, 2, b'h', b'i', 0x12, 0x34, 0x5C][..],
        &[0xFF, 0x00, 0xFF, 0xFF, 0x12, 0x34, 0x5C],
    ]
    .concat();
    let walker = walker();
    let mut out = Offsets::new(3);
    let walked = walker.walk(&rows, 0, false, CHUNK, &mut out).unwrap();
    assert_eq!(walked, Walked { end: rows.len(), stop: WalkStop::Short });
    assert_eq!((out.column(0), out.column(1), out.column(2)), (&[3, NULL][..], &[8, NULL][..], &[12, 19][..]));
    for cut in 0..rows.len() {
        out.clear();
        let walked = walker.walk(&rows[..cut], 0, false, CHUNK, &mut out).unwrap();
        assert_eq!((out.rows(), walked.end), if cut < 15 { (0, 0) } else { (1, 15) });
    }
}

#[test]
fn the_declared_length_of_a_java_object_means_nothing() {
    let field = lid::field(0x51, [0, 15], &TypDef::OURS, 0).unwrap();
    let row = [&[0xFF, 0x00, 0x00, 0, 157][..], &[b'x'; 157]].concat();
    let mut out = Offsets::new(1);
    let walked = Walker::new(&[field], Counts::Bytes).walk(&row, 0, false, CHUNK, &mut out).unwrap();
    assert_eq!((out.rows(), walked), (1, Walked { end: row.len(), stop: WalkStop::Short }));
}

#[test]
fn a_value_longer_than_declared_is_named() {
    let row =
        |n: u8| [&[0xFF, 0x00, 0x00, 0, 0, 0, 7, 0x00, 0, n][..], &[b'x'; 200][..n.into()], &[0, 0, 0x5C]].concat();
    let rows = [row(9), row(10)].concat();
    let mut out = Offsets::new(3);
    let walked = walker().walk(&rows, 0, false, CHUNK, &mut out).unwrap();
    // The rows before it are good.
    assert_eq!((out.rows(), walked.end), (1, row(9).len()));
    assert_eq!(walked.stop, WalkStop::Overlong { column: 1, len: 10, room: 9 });
    // Derby counts UTF-16 units of text, and bytes of bytes.
    let mut fields = fields();
    fields[1].ccsid = UTF8;
    let derby = Walker::new(&fields, Counts::Units);
    for (len, stop) in [(27, WalkStop::Short), (28, WalkStop::Overlong { column: 1, len: 28, room: 27 })] {
        out.clear();
        assert_eq!(derby.walk(&row(len), 0, false, CHUNK, &mut out).unwrap().stop, stop);
    }
    fields[1].ty = Type::Binary;
    out.clear();
    let walked = Walker::new(&fields, Counts::Units).walk(&row(10), 0, false, CHUNK, &mut out).unwrap();
    assert!(matches!(walked.stop, WalkStop::Overlong { .. }));
}

#[test]
fn warnings_ends_and_nonsense() {
    let walker = walker();
    let mut out = Offsets::new(3);
    assert_eq!(walker.walk(&[0x00, 1], 0, false, 9, &mut out).unwrap().stop, WalkStop::Sqlca);
    assert_eq!(walker.walk(&[0xFF, 0xFF], 0, false, 9, &mut out).unwrap(), Walked { end: 2, stop: WalkStop::NoRow });
    assert!(walker.walk(&[0x05], 0, false, 9, &mut out).is_err());
    assert!(walker.walk(&[0xFF, 0x00, 0x90], 0, false, 9, &mut out).is_err());
}

/// A row of columns that are NULL, marked otherwise, longer than declared or cut, each in so many of 1,000.
struct Rates {
    null: u32,
    marked: u32,
    overlong: u32,
}

fn random_row(steps: &[WalkStep], rates: &Rates, next: &mut impl FnMut(u32) -> u32, out: &mut Vec<u8>) {
    match next(2000) {
        0 => out.extend([0xFF, 0xFF]),
        1 => out.push(0x00),
        2 => out.push(0x33),
        _ => {}
    }
    out.extend([0xFF, 0x00]);
    for step in steps {
        if step.nullable {
            if next(1000) < rates.null {
                out.push(0xFF);
                continue;
            }
            out.push(if next(1000) < rates.marked { [0x01, 0x7F, 0xFE, 0x80, 0xFD][next(5) as usize] } else { 0 });
            if out.last() == Some(&0xFE) {
                continue;
            }
        }
        let len = if next(1000) < rates.overlong { step.room + 1 } else { next(step.room + 1) };
        let bytes = match step.shape {
            Shape::Fixed(n) => n,
            Shape::Lob(n) => n.into(),
            Shape::Var => {
                out.extend((len as u16).to_be_bytes());
                len
            }
            Shape::VarChars => {
                out.extend((len as u16).to_be_bytes());
                2 * len
            }
            Shape::Pascal => {
                out.push(len as u8);
                len
            }
            Shape::NulTerminated => 0,
        };
        // Filler that would be bad as an indicator or a length.
        out.extend((0..bytes).map(|n| [0x90, 0xFF, 0x00, 0x41][(n % 4) as usize]));
        if step.shape == Shape::NulTerminated {
            out.extend(std::iter::repeat_n(b'x', len.min(step.room) as usize));
            out.push(0);
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(400))]

    #[test]
    fn runs_are_passed_as_columns_are(
        columns in proptest::collection::vec((0..12u8, proptest::prelude::any::<bool>(), 0..30u32), 1..12),
        seed: u64,
        null in proptest::sample::select(vec![0, 0, 10, 100, 500, 990]),
        odd in proptest::sample::select(vec![0, 0, 0, 1, 20]),
        limit in proptest::sample::select(vec![1, 7, 60, CHUNK]),
    ) {
        let mut seed = seed | 1;
        let mut next = |n: u32| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            ((seed >> 20) % u64::from(n)) as u32
        };
        let steps: Vec<WalkStep> = columns
            .iter()
            .map(|(kind, nullable, size)| {
                let shape = match kind {
                    0..=5 => Shape::Fixed(*size),
                    6..=8 => Shape::Var,
                    9 => Shape::VarChars,
                    10 => Shape::Pascal,
                    // Such a column leaves no quick way at all.
                    _ if *size == 0 => Shape::NulTerminated,
                    _ => Shape::Lob(*size as u8),
                };
                WalkStep { nullable: *nullable, shape, room: *size / 4 }
            })
            .collect();
        let (mut buf, rates) = (Vec::new(), Rates { null, marked: odd, overlong: odd });
        for _ in 0..300 {
            random_row(&steps, &rates, &mut next, &mut buf);
        }
        buf.truncate(buf.len() - next(buf.len().min(40) as u32) as usize);
        let quick = Walker { runs: Runs::new(&steps), steps: steps.clone() };
        let careful = Walker { runs: None, steps };
        let (mut found, mut expected) = (Offsets::new(columns.len()), Offsets::new(columns.len()));
        let mut pos = 0;
        for after_sqlca in [false, true].into_iter().cycle() {
            if next(4) > 0 {
                found.clear();
                expected.clear();
            }
            let most = found.rows() + limit;
            let walked = quick.walk(&buf, pos, after_sqlca, most, &mut found);
            proptest::prop_assert_eq!(&walked, &careful.walk(&buf, pos, after_sqlca, most, &mut expected));
            proptest::prop_assert_eq!(found.rows(), expected.rows());
            for column in 0..columns.len() {
                proptest::prop_assert_eq!(found.column(column), expected.column(column));
            }
            pos = match walked {
                Ok(Walked { end, .. }) if end > pos => end,
                _ => pos + 1,
            };
            if pos >= buf.len() {
                break;
            }
        }
    }
}
