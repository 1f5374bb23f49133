use super::read::{bcd16, packed_carefully, zoned_carefully};
use super::*;
use crate::wire::value::error::ValueError;
use proptest::prelude::*;

#[test]
fn packed_signs_and_widths() {
    assert_eq!(packed(&[0x12, 0x34, 0x5C]), Ok(12345));
    assert_eq!(packed(&[0x12, 0x34, 0x5D]), Ok(-12345));
    for (sign, value) in [(0xA, 7), (0xB, -7), (0xC, 7), (0xD, -7), (0xE, 7), (0xF, 7)] {
        assert_eq!(packed(&[0x70 | sign]), Ok(value));
        assert_eq!(packed128(u128::from(0x70 | sign)), Some(value));
    }
    // Derby's row of all types: DECIMAL(11,2) -123456.78 lies as 00012345678D.
    assert_eq!(packed(&[0x00, 0x01, 0x23, 0x45, 0x67, 0x8D]), Ok(-12_345_678));
    let nines = [[0x99; 15].as_slice(), &[0x9C]].concat();
    assert_eq!(packed(&nines), Ok(10i128.pow(31) - 1));
}

#[test]
fn digits_spread_over_a_word() {
    let mut n = 1;
    while n < 100_000_000u64 {
        for n in [n - 1, n, 99_999_999 - n] {
            assert_eq!(bcd16(nibbles16(n)), Some(n));
            assert_eq!(bcd16(nibbles16(n * 100_000_000)), Some(n * 100_000_000));
        }
        n = n * 10 / 3 + 1;
    }
    assert_eq!(packed_word(10i128.pow(31) - 1), 0x9999_9999_9999_9999_9999_9999_9999_999C);
    assert_eq!(packed_word(-1_234), 0x0001_234D);
}

#[test]
fn bad_packed_names_its_byte() {
    assert_eq!(packed(&[0x12, 0xA4, 0x5C]), Err(ValueError::Digit { what: PACKED, at: 1 }));
    assert_eq!(packed(&[0x12, 0x34, 0x59]), Err(ValueError::Sign { what: PACKED, at: 2 }));
    assert_eq!(packed(&[0x40, 0x40, 0x40]), Err(ValueError::Sign { what: PACKED, at: 2 }));
    assert_eq!(packed(&[]), Err(ValueError::Length { what: PACKED, len: 0 }));
    for nibble in 10..16 {
        assert_eq!(packed128(nibble << 12 | 0xC), None);
    }
}

#[test]
fn zones_of_both_worlds() {
    assert_eq!(zoned(&[0xF1, 0xF2, 0xF3]), Ok(123));
    assert_eq!(zoned(&[0xF1, 0xF2, 0xD3]), Ok(-123));
    assert_eq!(zoned(&[0xF1, 0xF2, 0xC3]), Ok(123));
    assert_eq!(zoned(b"123"), Ok(123));
    assert_eq!(zoned(&[0x31, 0x32, 0xD3]), Ok(-123));
    assert_eq!(zoned(&[0xD5]), Ok(-5));
    assert_eq!(zoned(&[0x40, 0xF1]), Err(ValueError::Digit { what: ZONED, at: 0 }));
    assert_eq!(zoned(&[0xF1, 0x71]), Err(ValueError::Sign { what: ZONED, at: 1 }));
    assert_eq!(chars(b"-0042"), Ok(Wide::from(-42)));
    assert_eq!(chars(&[0x4E, 0xF0, 0xF7]), Ok(Wide::from(7)));
    assert_eq!(chars(b"-"), Err(ValueError::Digit { what: CHARS, at: 1 }));
}

#[test]
fn too_many_digits_are_refused() {
    let mut out = Vec::new();
    assert_eq!(put_packed(Wide::from(1000), 3, &mut out), Err(ValueError::Digits { what: PACKED, precision: 3 }));
    assert_eq!(put_zoned(Wide::from(-100), 2, true, &mut out), Err(ValueError::Digits { what: ZONED, precision: 2 }));
    assert!(out.is_empty());
    assert!(packed_wide(&[[0x99; 39].as_slice(), &[0x9C]].concat()).is_err());
    assert!(packed(&[[0x99; 20].as_slice(), &[0x9C]].concat()).is_err());
}

#[test]
fn scaling_is_exact_or_refused() {
    assert_eq!(scale_up(Wide::from(-12), 3), Some(Wide::from(-12_000)));
    assert_eq!(scale_down(Wide::from(-12_000), 3), Some(Wide::from(-12)));
    assert_eq!(scale_down(Wide::from(5), 1), None);
    assert_eq!(scale_up(Wide::from(1), 76), None);
    assert_eq!(scale_up(Wide::from(0), 4000), Some(Wide::from(0)));
}

proptest! {
    #[test]
    fn every_value_survives_every_form(text in "[0-9]{1,63}", minus: bool) {
        let precision = text.len() as u8;
        let mut bytes: Vec<u8> = text.bytes().collect();
        bytes.insert(0, if minus { b'-' } else { b'+' });
        let value = chars(&bytes).unwrap();
        let mut out = Vec::new();
        put_packed(value, precision, &mut out).unwrap();
        prop_assert_eq!(out.len(), usize::from(precision) / 2 + 1);
        prop_assert_eq!(packed_wide(&out), Ok(value));
        if let Some(narrow) = value.narrow() {
            prop_assert_eq!(packed(&out), Ok(narrow));
        }
        for ebcdic in [true, false] {
            let mut out = Vec::new();
            put_zoned(value, precision, ebcdic, &mut out).unwrap();
            prop_assert_eq!(zoned_wide(&out), Ok(value));
            if let Some(narrow) = value.narrow() {
                prop_assert_eq!(zoned(&out), Ok(narrow));
            }
            out.clear();
            put_chars(value, precision, ebcdic, &mut out).unwrap();
            prop_assert_eq!(chars(&out), Ok(value));
        }
    }

    #[test]
    fn groups_of_digits_are_what_single_digits_are(
        mut bytes in proptest::collection::vec(any::<u8>(), 1..45),
        tame in 0..4usize,
    ) {
        // Mostly digits, or nothing but errors would be compared.
        if tame > 0 {
            for byte in &mut bytes {
                *byte = ((*byte >> 4) % 10) * 16 + (*byte & 0xF) % 10;
            }
            if let Some(last) = bytes.last_mut() {
                *last = *last & 0xF0 | [0xCu8, 0xD, 0xF][tame - 1];
            }
        }
        prop_assert_eq!(packed_wide(&bytes), packed_carefully(&bytes));
        for zone in [0x30, 0xF0] {
            let mut zoned: Vec<u8> = bytes.iter().flat_map(|b| [b >> 4, b & 0xF]).map(|d| d | zone).collect();
            if let Some(last) = zoned.last_mut().filter(|_| tame > 1) {
                *last = *last & 0xF | 0xD0;
            }
            prop_assert_eq!(zoned_wide(&zoned), zoned_carefully(&zoned));
            let digits = zoned.iter().map(|d| d & 0xF);
            let plain: Vec<u8> = digits.map(|d| d.min(9) | zone).collect();
            let signed = [&[b'-'][..], &plain].concat();
            let expected = zoned_carefully(&plain).map(|value| value.signed(true));
            prop_assert_eq!(chars(&signed).ok(), expected.ok());
        }
    }

    #[test]
    fn any_bytes_are_a_value_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        let _ = zoned(&bytes);
        let _ = chars(&bytes);
        let quick = packed(&bytes);
        match packed_wide(&bytes) {
            Ok(wide) => prop_assert_eq!(quick.ok(), wide.narrow()),
            Err(e) => prop_assert_eq!(quick, Err(e)),
        }
    }
}
