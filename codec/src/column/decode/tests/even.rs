//! Text of one length, whose offsets the batches share.

use super::*;

const WIDTH: usize = 10;

/// A chunk of values of ten characters in page 37; none for NULL.
fn append(decoder: &mut Box<dyn ColumnDecoder>, values: &[Option<&str>], slack: usize) {
    let first_row = decoder.len() as u64 + 1;
    let mut buf = Vec::new();
    let mut offsets = Vec::new();
    for value in values {
        let Some(value) = value else {
            offsets.push(NULL);
            continue;
        };
        offsets.push(buf.len() as u32);
        let code = |c: char| match c {
            'ü' => 0xDC,
            '0'..='9' => 0xF0 + (c as u8 - b'0'),
            _ => 0x40,
        };
        buf.extend(value.chars().map(code));
    }
    buf.resize(buf.len() + slack, 0);
    decoder.append(&Cells { buf: &buf, offsets: &offsets, lobs: &[], first_row }).unwrap();
}

#[test]
fn rows_of_one_length_are_followed_by_any_others() {
    let chunks: [&[Option<&str>]; 5] = [
        &[Some("0123456789"); 40],
        &[Some("0123456789"), None, Some("9876543210")],
        &[Some("ü123456789"), Some("0123456789")],
        &[None; 3],
        &[Some("9999999999"); 300],
    ];
    for errors in [TextErrors::Strict, TextErrors::Null, TextErrors::Replace] {
        let options = Options { text_errors: errors, ..Options::default() };
        // Each order of three chunks, with and without bytes after the last value.
        for picked in (0..125).map(|n| [n / 25, n / 5 % 5, n % 5]) {
            for slack in [0, 64] {
                let mut decoder = decoder(&text(Shape::Fixed(WIDTH as u32), 37), 0, &options).unwrap();
                let mut expected = Vec::new();
                for chunk in picked.map(|n| chunks[n]) {
                    append(&mut decoder, chunk, slack);
                    expected.extend_from_slice(chunk);
                    assert_eq!(decoder.len(), expected.len());
                }
                let bytes = decoder.bytes();
                let array = decoder.finish().unwrap();
                assert_eq!(strings(&array), expected, "{picked:?} {errors:?}");
                let ends = (expected.len() + 1) * 4;
                let text: usize = expected.iter().flatten().map(|value| value.len()).sum();
                // And a bit for each row where some are NULL.
                assert!((text + ends..text + ends + 192).contains(&bytes), "{bytes}");
                // The next batch knows nothing of it.
                append(&mut decoder, chunks[0], slack);
                assert_eq!(strings(&decoder.finish().unwrap()), chunks[0]);
            }
        }
    }
}

#[test]
fn batches_share_their_offsets() {
    let mut decoder = decoder(&text(Shape::Fixed(WIDTH as u32), 37), 0, &Options::default()).unwrap();
    let mut batch = |rows: usize| {
        append(&mut decoder, &vec![Some("0123456789"); rows], 64);
        let array = decoder.finish().unwrap();
        assert_eq!(strings(&array), vec![Some("0123456789"); rows]);
        array
    };
    let arrays = [500, 500, 20, 500].map(&mut batch);
    let places = arrays.each_ref().map(|array| array.as_string::<i32>().offsets().as_ptr() as usize);
    assert!(places.iter().all(|place| *place == places[0]));
    // The memory of those is held, and not given out again.
    let longer = batch(501);
    assert_ne!(longer.as_string::<i32>().offsets().as_ptr() as usize, places[0]);
}
