use super::*;
use crate::wire::ccsid::codec::Codec;
use proptest::prelude::*;

const FORMS: [DateForm; 8] = [
    DateForm::Iso,
    DateForm::Usa,
    DateForm::Eur,
    DateForm::Jis,
    DateForm::Ymd,
    DateForm::Dmy,
    DateForm::Mdy,
    DateForm::Jul,
];

#[test]
fn one_day_in_every_form() {
    let day = datetime::date(b"2024-02-29").unwrap();
    for (form, text) in FORMS.into_iter().zip([
        "2024-02-29",
        "02/29/2024",
        "29.02.2024",
        "2024-02-29",
        "24/02/29",
        "29/02/24",
        "02/29/24",
        "24/060",
    ]) {
        assert_eq!(form.read(text.as_bytes()), Ok(day), "{form:?}");
        let mut ebcdic = Vec::new();
        Codec::new(37).unwrap().encode(text, &mut ebcdic).unwrap();
        assert_eq!(form.read(&ebcdic), Ok(day), "{form:?}");
        let mut out = Vec::new();
        form.put(day, form.separator(), &mut out).unwrap();
        assert_eq!(out, text.as_bytes());
        assert_eq!(DateForm::from_keyword(form.keyword()), Some(form));
    }
    assert_eq!(DateForm::Ymd.read(b"24,02,29"), Ok(day));
    assert_eq!(DateForm::Ymd.read(&[0xF2, 0xF4, 0x6B, 0xF0, 0xF2, 0x6B, 0xF2, 0xF9]), Ok(day));
}

#[test]
fn what_is_no_date_is_named() {
    for bad in ["24/02-29", "24x02x29", "2A/02/29", "24/02/30", "23/02/29", "24/13/01", "24/02/2", "        "] {
        assert!(DateForm::Ymd.read(bad.as_bytes()).is_err(), "{bad}");
    }
    for bad in ["24/000", "24/367", "23/366", "24/0A1", "24006"] {
        assert!(DateForm::Jul.read(bad.as_bytes()).is_err(), "{bad}");
    }
    for edge in [[0x00; 8], [0xFF; 8], [0x40; 8]] {
        assert!(DateForm::Mdy.read(&edge).is_err());
    }
    let mut out = Vec::new();
    assert!(DateForm::Ymd.put(datetime::date(b"1939-12-31").unwrap(), b'/', &mut out).is_err());
    assert!(DateForm::Usa.put(i32::MAX, b'/', &mut out).is_err());
    assert!(out.is_empty());
}

#[test]
fn times_in_every_form() {
    for (form, separator, text) in [
        (TimeForm::Iso, b'.', "23.59.58"),
        (TimeForm::Eur, b'.', "23.59.58"),
        (TimeForm::Jis, b':', "23:59:58"),
        (TimeForm::Hms, b',', "23,59,58"),
        (TimeForm::Hms, b' ', "23 59 58"),
    ] {
        let mut out = Vec::new();
        form.put(86_398, separator, &mut out).unwrap();
        assert_eq!(out, text.as_bytes());
        assert_eq!(form.read(&out), Ok(86_398));
    }
    for minute in 0..1440 {
        let mut out = Vec::new();
        TimeForm::Usa.put(minute * 60, b':', &mut out).unwrap();
        assert_eq!(TimeForm::Usa.read(&out), Ok(minute * 60));
    }
    assert!(TimeForm::Usa.put(1, b':', &mut Vec::new()).is_err());
    assert!(TimeForm::Hms.read(b"23,59.58").is_err());
    assert_eq!(TimeForm::Iso.read(b"24.00.00"), Err(ValueError::EndOfDay));
}

#[test]
fn every_day_of_a_year_of_two_digits_is_written_alike() {
    for day in -11_400..26_000 {
        for form in [DateForm::Ymd, DateForm::Jul] {
            let mut out = Vec::new();
            let known = form.put(day, b'/', &mut out).is_ok();
            let text = form.text(day, b'0', b'/').map(|text| text[..form.width() as usize].to_vec());
            assert_eq!(text, known.then_some(out), "{day}");
        }
    }
}

proptest! {
    #[test]
    fn any_day_survives(day in calendar::FIRST_DAY..=calendar::LAST_DAY) {
        for form in FORMS {
            let mut out = Vec::new();
            let text = form.text(day, b'0', form.separator());
            if form.put(day, form.separator(), &mut out).is_ok() {
                prop_assert_eq!(form.read(&out), Ok(day));
                prop_assert_eq!(&text.unwrap()[..out.len()], out.as_slice());
            } else {
                prop_assert!(form.width() < 10);
                prop_assert_eq!(text, None);
            }
        }
    }

    #[test]
    fn quick_ways_agree_with_the_careful_one(
        text in "[0-9]{2}[/.,: -][0-9]{2}[/.,: -][0-9]{2}|[0-9]{2}[/.,: -][0-3][0-9]{2}",
        changed in proptest::option::of((0..8usize, any::<u8>())),
    ) {
        let mut ebcdic = Vec::new();
        Codec::new(37).unwrap().encode(&text, &mut ebcdic).unwrap();
        for mut bytes in [text.into_bytes(), ebcdic] {
            if let Some((at, byte)) = changed
                        && let Some(slot) = bytes.get_mut(at)
                    {
                        *slot = byte;
                    }
            for form in [DateForm::Ymd, DateForm::Dmy, DateForm::Mdy, DateForm::Jul] {
                prop_assert_eq!(form.read(&bytes), form.careful(&bytes));
            }
        }
    }

    #[test]
    fn the_quick_time_agrees_with_the_careful_one(
        text in "[0-2][0-9][/.,: -][0-6][0-9][/.,: -][0-6][0-9]|[0-2][0-9][:,][0-5][0-9][: ][AP]M",
        changed in proptest::option::of((0..8usize, any::<u8>())),
    ) {
        let mut ebcdic = Vec::new();
        Codec::new(37).unwrap().encode(&text, &mut ebcdic).unwrap();
        for mut bytes in [text.into_bytes(), ebcdic] {
            if let Some((at, byte)) = changed {
                bytes[at] = byte;
            }
            prop_assert_eq!(TimeForm::Hms.read(&bytes), careful_time(bytes.first_chunk().unwrap()));
        }
    }

    #[test]
    fn any_bytes_are_a_date_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..12)) {
        for form in FORMS {
            let _ = form.read(&bytes);
        }
        let _ = TimeForm::Hms.read(&bytes);
    }
}
