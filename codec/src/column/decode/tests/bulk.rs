//! Reading in bulk, held against reading value by value.

use super::*;
use crate::wire::ccsid::codec::Codec;
use crate::wire::ccsid::error::Errors;

/// Text of many pages and shapes, with values that are ASCII, that are not, that are not text, and NULLs.
#[test]
fn text_in_bulk_is_text_value_by_value() {
    let pieces: [&[u8]; 6] = [
        &[0xC8, 0x81, 0x93, 0x93, 0x96],
        &[0x40, 0x40, 0x40],
        &[0x43, 0xE9, 0xA6, 0x6A],
        &[0x0E, 0x45, 0x62, 0x0F],
        &[0x0E, 0x45],
        &[0xFF, 0x15, 0x80, 0x25],
    ];
    let mut seed = 7u64;
    let mut next = |n: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % n
    };
    for ccsid in [37, 273, 420, 930, 939, 1399, 1252, 1208] {
        for (shape, errors) in [
            (Shape::Fixed(24), TextErrors::Replace),
            (Shape::Fixed(90), TextErrors::Null),
            (Shape::Var, TextErrors::Null),
            (Shape::Var, TextErrors::Replace),
            (Shape::Pascal, TextErrors::Replace),
        ] {
            let codec = Codec::new(ccsid).unwrap();
            let cells: Vec<Option<Vec<u8>>> = (0..300)
                .map(|row| {
                    // At first everything is ASCII, so that the quick way is seen too.
                    let kinds = if row < 150 { 2 } else { 6 };
                    let mut text = Vec::new();
                    for _ in 0..next(12) {
                        text.extend_from_slice(pieces[next(kinds) as usize]);
                    }
                    if let Shape::Fixed(n) = shape {
                        text.resize(n as usize, 0x40);
                    }
                    (next(10) > 0).then_some(text)
                })
                .collect();
            let expected: Vec<Option<String>> = cells
                .iter()
                .map(|cell| {
                    let replace = if errors == TextErrors::Replace { Errors::Replace } else { Errors::Strict };
                    let mut out = Vec::new();
                    match codec.decode_with(cell.as_ref()?, &mut out, replace) {
                        Ok(()) => String::from_utf8(out).ok(),
                        Err(_) => None,
                    }
                })
                .collect();
            let framed: Vec<Option<Vec<u8>>> = cells
                .iter()
                .map(|cell| {
                    let cell = cell.as_ref()?;
                    let len = cell.len() as u8;
                    let front = match shape {
                        Shape::Var => vec![0, len],
                        Shape::Pascal => vec![len],
                        _ => Vec::new(),
                    };
                    Some([front, cell.clone()].concat())
                })
                .collect();
            let framed: Vec<Option<&[u8]>> = framed.iter().map(Option::as_deref).collect();
            let options = Options { text_errors: errors, ..Options::default() };
            let array = decode_with(&text(shape, ccsid), &options, &framed).unwrap();
            let found: Vec<Option<String>> = strings(&array).into_iter().map(|v| v.map(str::to_owned)).collect();
            assert_eq!(found, expected, "{ccsid} {shape:?} {errors:?}");
        }
    }
}

/// As many values as fill the lanes several times and in part, one of them odd at every place.
#[test]
fn lanes_are_values_one_by_one() {
    let dates = field(Type::Date, Shape::Fixed(10));
    let short = Field { precision: 5, ccsid: 37, ..field(Type::Zoned, Shape::Fixed(5)) };
    let long = Field { precision: 13, ccsid: 37, ..field(Type::Zoned, Shape::Fixed(13)) };
    let good: [(&Field, &[u8], &[u8], i128); 4] = [
        (&packed(9, 2), &[0x12, 0x34, 0x56, 0x78, 0x9D], &[0x12, 0x34, 0x5A, 0x78, 0x9D], -123_456_789),
        (&short, &[0xF1, 0xF2, 0xF3, 0xF4, 0xD5], &[0xF1, 0x40, 0xF3, 0xF4, 0xD5], -12_345),
        (
            &long,
            &[0xF1, 0xF0, 0xF0, 0xF0, 0xF0, 0xF0, 0xF0, 0xF0, 0xF0, 0xF0, 0xF0, 0xF0, 0xF9],
            &[0x41, 0xF0, 0xF0, 0xF0, 0xF0, 0xF0, 0xF0, 0xF0, 0xF0, 0xF0, 0xF0, 0xF0, 0xF9],
            1_000_000_000_009,
        ),
        (&dates, b"2024-02-29", b"2023-02-29", 19_782),
    ];
    let options = Options { bad_values: BadValues::Null, ..Options::default() };
    let read = |field: &Field, cells: &[Option<&[u8]>]| -> Vec<Option<i128>> {
        let array = decode_with(field, &options, cells).unwrap();
        match field.ty {
            Type::Date => primitives::<Date32Type>(&array).into_iter().map(|v| v.map(i128::from)).collect(),
            _ => primitives::<Decimal128Type>(&array),
        }
    };
    for (field, cell, odd, value) in good {
        for odd_at in 0..150 {
            let cells: Vec<Option<&[u8]>> = (0..150)
                .map(|row| match row {
                    _ if row == odd_at => Some(odd),
                    _ if row % 7 == 3 => None,
                    _ => Some(cell),
                })
                .collect();
            let expected: Vec<Option<i128>> = cells.iter().map(|c| c.filter(|c| *c == cell).map(|_| value)).collect();
            assert_eq!(read(field, &cells), expected);
        }
    }
    // USA and ISO among each other, in both alphabets.
    let mixed: [(&[u8], i128); 4] = [
        (b"02/29/2024", 19_782),
        (&[0xF2, 0xF0, 0xF2, 0xF4, 0x60, 0xF0, 0xF2, 0x60, 0xF2, 0xF9], 19_782),
        (b"1970-01-02", 1),
        (b"03.01.1970", 2),
    ];
    let cells: Vec<Option<&[u8]>> = mixed.iter().cycle().take(130).map(|(cell, _)| Some(*cell)).collect();
    let expected: Vec<Option<i128>> = mixed.iter().cycle().take(130).map(|(_, day)| Some(*day)).collect();
    assert_eq!(read(&dates, &cells), expected);
}
