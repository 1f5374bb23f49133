use super::declets::{from_declet, to_declet};
use super::*;
use crate::wire::ccsid::sink::Sink;
use proptest::prelude::*;

fn parse(text: &str) -> DecFloat {
    text.parse().unwrap()
}

#[test]
fn declets_are_a_bijection_on_the_canonical_codes() {
    for n in 0..1000u16 {
        assert_eq!(from_declet(to_declet(n)), n);
    }
    // The standard's examples.
    assert_eq!([to_declet(5), to_declet(9), to_declet(55), to_declet(79)], [0x005, 0x009, 0x055, 0x079]);
    assert_eq!([to_declet(80), to_declet(99), to_declet(555), to_declet(999)], [0x00A, 0x05F, 0x2D5, 0x0FF]);
    for spare in [0x16E, 0x16F, 0x17E, 0x17F, 0x1EE, 0x2FF, 0x3FE, 0x3FF] {
        assert!(from_declet(spare) >= 888, "{spare:X}");
    }
}

#[test]
fn known_encodings() {
    // From the decNumber specification's decimal64 examples.
    for (text, hex) in [
        ("-7.50", 0xA230_0000_0000_03D0u64),
        ("0", 0x2238_0000_0000_0000),
        ("Infinity", 0x7800_0000_0000_0000),
        ("NaN", 0x7C00_0000_0000_0000),
        ("-sNaN", 0xFE00_0000_0000_0000),
        ("9.999999999999999E+384", 0x77FC_FF3F_CFF3_FCFF),
        ("1E-398", 0x0000_0000_0000_0001),
        ("1234567890123456", 0x2639_34B9_C1E2_8E56),
    ] {
        let mut out = Vec::new();
        parse(text).put(8, &mut out).unwrap();
        assert_eq!(out, hex.to_be_bytes(), "{text}: {out:02X?}");
        assert_eq!(DecFloat::from_bytes(&out).unwrap().to_string(), text);
    }
    let mut out = Vec::new();
    parse("1").put(16, &mut out).unwrap();
    assert_eq!(out, 0x2208_0000_0000_0000_0000_0000_0000_0001u128.to_be_bytes());
}

#[test]
fn canonical_text() {
    for text in [
        "123",
        "-123",
        "1.23E+3",
        "12.3",
        "0.00123",
        "1.23E-8",
        "0.00",
        "0E+2",
        "0E-7",
        "0.000001",
        "1E-7",
        "-0",
        "sNaN77",
        "-Infinity",
        "5E-6176",
    ] {
        assert_eq!(parse(text).to_string(), text);
    }
    assert_eq!(parse("+.5").to_string(), "0.5");
    assert_eq!(parse("1e5").to_string(), "1E+5");
    assert_eq!(parse("inf").to_string(), "Infinity");
    for text in ["", "-", ".", "1x", "1e", "1.2.3", "NaNx", "--1", "1e99999999999"] {
        assert!(text.parse::<DecFloat>().is_err(), "{text}");
    }
    assert_eq!(
        "1.2x".parse::<DecFloat>(),
        Err(ValueError::Pattern { what: WHAT, at: 3, pattern: "digits, a point, an exponent" })
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut out = Vec::new();
    assert!(parse("12345678901234567").put(8, &mut out).is_err());
    assert!(parse("12345678901234567").put(16, &mut out).is_ok());
    assert!(parse("1E+385").put(8, &mut out).is_err());
    assert!(parse("1E-399").put(8, &mut out).is_err());
    assert!(parse("12345678901234567890123456789012345").put(16, &mut out).is_err());
    assert!(parse("1").put(4, &mut out).is_err());
    assert!(DecFloat::from_bytes(&[0; 4]).is_err());
    // Zeros move to make room.
    out.clear();
    parse("1E+384").put(8, &mut out).unwrap();
    assert_eq!(DecFloat::from_bytes(&out).unwrap().to_string(), "1.000000000000000E+384");
    out.clear();
    parse("123456789012345600").put(8, &mut out).unwrap();
    assert_eq!(DecFloat::from_bytes(&out).unwrap().to_string(), "1.234567890123456E+17");
}

proptest! {
    #[test]
    fn both_widths_and_text_survive(negative: bool, coefficient in 0..10u128.pow(34), exponent in -6176i32..6112) {
        let long = DecFloat { negative, class: Class::Finite, coefficient, exponent };
        let short = DecFloat { coefficient: coefficient % 10u128.pow(16), exponent: exponent.rem_euclid(768) - 398, ..long };
        for (value, width) in [(long, 16), (short, 8)] {
            let mut out = Vec::new();
            value.put(width, &mut out).unwrap();
            prop_assert_eq!(DecFloat::from_bytes(&out), Ok(value));
            prop_assert_eq!(value.to_string().parse(), Ok(value));
        }
    }

    #[test]
    fn any_bytes_are_a_number(bytes: [u8; 16]) {
        for bytes in [bytes.as_slice(), &bytes[..8]] {
            let value = DecFloat::from_bytes(bytes).unwrap();
            prop_assert_eq!(value.to_string().parse(), Ok(value));
            let mut out = Vec::new();
            value.put(bytes.len() as u32, &mut out).unwrap();
            prop_assert_eq!(DecFloat::from_bytes(&out), Ok(value));
        }
    }

    /// The quick ways make the same of a word and of a number as the careful ones.
    #[test]
    fn quick_ways_agree_with_the_careful_ones(word: u128, few in 0..36u32, exponent in -45..5i32) {
        let odd = [word.to_be_bytes().to_vec(), (word as u64).to_be_bytes().to_vec()];
        let coefficient = word % 10u128.pow(few.min(34));
        let number = DecFloat { negative: word >> 127 == 1, class: Class::Finite, coefficient, exponent };
        let mut all = odd.to_vec();
        for width in [8, 16] {
            let mut bytes = Vec::new();
            let put = number.put(width, &mut bytes);
            let quick = match width {
                8 => number.to_short().map(|word| word.to_be_bytes().to_vec()),
                _ => number.to_long().map(|word| word.to_be_bytes().to_vec()),
            };
            prop_assert_eq!(quick, put.ok().map(|()| bytes.clone()));
            if !bytes.is_empty() {
                all.push(bytes);
            }
        }
        for bytes in all {
            let mut text = b"before ".to_vec();
            let mut sink = Sink::new(&mut text, 7);
            put_text(&bytes, &mut sink).unwrap();
            let end = sink.end();
            let careful = DecFloat::from_bytes(&bytes).unwrap().to_string();
            prop_assert_eq!(&text[7..end], careful.as_bytes());
            if let Some(found) = plain(careful.as_bytes()) {
                prop_assert_eq!(careful.parse(), Ok(found));
            }
        }
        prop_assert!(put_text(&[0; 4], &mut Sink::new(&mut Vec::new(), 0)).is_err());
    }

    #[test]
    fn a_few_characters_are_what_any_text_is(text in "-?[0-9]{0,16}\\.?[0-9]{0,16}|-?[0-9.+eE \\x00-\\x7Fé:/]{0,17}") {
        if let Some((negative, digits, exponent)) = few_characters(text.as_bytes()) {
            let found = DecFloat { negative, class: Class::Finite, coefficient: digits.into(), exponent };
            prop_assert_eq!(text.parse(), Ok(found));
        }
    }

    #[test]
    fn digits_and_a_point_are_taken_at_once(whole in "[0-9]{1,9}", fraction in "[0-9]{3,6}", minus: bool, point: bool) {
        let sign = if minus { "-" } else { "" };
        let text = format!("{sign}{whole}{}{fraction}", if point { "." } else { "" });
        prop_assert!(few_characters(text.as_bytes()).is_some(), "{}", text);
    }

    #[test]
    fn plain_text_is_what_any_text_is(text in "[-+]?[0-9]{0,20}\\.?[0-9]{0,20}([eE][-+]?[0-9]{0,11})?") {
        if let Some(found) = plain(text.as_bytes()) {
            prop_assert_eq!(text.parse(), Ok(found));
        }
    }
}
