use super::super::calendar::{FIRST_DAY, LAST_DAY};
use super::super::datetext::{put_date, put_timestamp};
use super::careful::misfit;
use super::*;
use crate::wire::ccsid::codec::Codec;
use proptest::prelude::*;

fn d(text: &str) -> Result<i32> {
    date(text.as_bytes().first_chunk().unwrap())
}

fn t(text: &str) -> Result<u32> {
    time(text.as_bytes().first_chunk().unwrap())
}

fn us(text: &str) -> Option<i64> {
    timestamp(text.as_bytes()).unwrap().ticks(6).filter(|(_, cut)| !cut).map(|(ticks, _)| ticks)
}

fn ebcdic(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    Codec::new(500).unwrap().encode(text, &mut out).unwrap();
    out
}

#[test]
fn dates_in_three_forms() {
    for (text, days) in [("0001-01-01", FIRST_DAY), ("9999-12-31", LAST_DAY), ("1970-01-01", 0), ("2024-02-29", 19782)]
    {
        assert_eq!(d(text), Ok(days), "{text}");
        assert_eq!(date(ebcdic(text).first_chunk().unwrap()), Ok(days), "{text}");
    }
    assert_eq!(d("02/29/2024"), Ok(19782));
    assert_eq!(d("29.02.2024"), Ok(19782));
    assert_eq!(date(ebcdic("02/29/2024").first_chunk().unwrap()), Ok(19782));
}

#[test]
fn dates_that_do_not_exist() {
    for text in [
        "2023-02-29",
        "2023-02-30",
        "1900-02-29",
        "2024-04-31",
        "0000-01-01",
        "2024-13-01",
        "2024-00-10",
        "2024-01-00",
        "30.02.2024",
        "2024-08-32",
    ] {
        assert_eq!(d(text), Err(ValueError::NoSuch("the date")), "{text}");
    }
    for (text, at) in [("2024_02-29", 4), ("2024-02/29", 7), ("20x4-02-29", 2), ("2024-02-2 ", 9), ("          ", 0)] {
        assert_eq!(d(text), Err(misfit(DATE, at, DATE_PATTERN)), "{text}");
    }
}

#[test]
fn times() {
    assert_eq!(t("23.59.58"), Ok(86398));
    assert_eq!(t("00:00:00"), Ok(0));
    assert_eq!(time(ebcdic("13.14.15").first_chunk().unwrap()), Ok(47655));
    assert_eq!(t("24:00:00"), Err(ValueError::EndOfDay));
    assert_eq!(t("12:01 AM"), Ok(60));
    assert_eq!(t("12:30 PM"), Ok(45000));
    assert_eq!(t("11:59 PM"), Ok(86340));
    assert_eq!(t("12:00 AM"), Err(ValueError::EndOfDay));
    for text in ["24.00.01", "25:00:00", "12:60:00", "12.00.60", "13:00 PM"] {
        assert_eq!(t(text), Err(ValueError::NoSuch("the time")), "{text}");
    }
    for (text, at) in [("12-00-00", 2), ("12:00.00", 5), ("1x:00:00", 1), ("12:00:0 ", 7)] {
        assert_eq!(t(text), Err(misfit(TIME, at, TIME_PATTERN)), "{text}");
    }
}

#[test]
fn timestamps() {
    assert_eq!(us("1970-01-01-00.00.00"), Some(0));
    assert_eq!(us("1970-01-01-00.00.01.5"), Some(1_500_000));
    assert_eq!(us("1969-12-31-23.59.59.999999"), Some(-1));
    assert_eq!(us("1970-01-01-00.00.00.000001000000"), Some(1));
    assert_eq!(us("1970-01-01-00.00.00.000001000001"), None);
    assert_eq!(us("2024-02-29 01:02:03.000004   "), us("2024-02-29-01.02.03.000004"));
    assert_eq!(us("2024-02-28-24.00.00.000000"), us("2024-02-29-00.00.00"));
    assert_eq!(timestamp(b"9999-12-31-24.00.00.000000").unwrap().days, LAST_DAY + 1);
    let nine = timestamp(&ebcdic("2024-02-29-01.02.03.123456789")).unwrap();
    assert_eq!(nine, Instant { days: 19782, seconds: 3723, fraction: 123_456_789, digits: 9 });
    assert_eq!(timestamp(&ebcdic("2024-02-29-01.02.03.12  ")).unwrap().fraction, 12);
    assert_eq!(timestamp(b"2024-02-29-01.02.03.123456789012").unwrap().fraction, 123_456_789_012);
    assert_eq!(timestamp(b"9999-12-31-23.59.59.999999").unwrap().ticks(9), None);
}

#[test]
fn bad_timestamps_name_their_byte() {
    for (text, at) in [
        ("2024-02-29x01.02.03", 10),
        ("2024-02-29-01-02.03", 13),
        ("2024-02-29-01.02.0x", 18),
        ("2024-02-29-01.02.03,1", 19),
        ("2024-02-29-01.02.03.", 20),
        ("2024-02-29-01.02.03.12x", 22),
        ("2024-02-29-01.02.03.1234567890123", 32),
    ] {
        assert_eq!(timestamp(text.as_bytes()), Err(misfit(TIMESTAMP, at, TIMESTAMP_PATTERN)), "{text}");
    }
    assert_eq!(timestamp(b"2024-02-29"), Err(ValueError::Length { what: TIMESTAMP, len: 10 }));
    assert_eq!(timestamp(b"2024-02-29-24.00.00.1"), Err(ValueError::NoSuch("the time")));
    assert_eq!(timestamp(b"2023-02-29-00.00.00"), Err(ValueError::NoSuch("the date")));
}

#[test]
fn zones_are_taken_off() {
    let tz = |text: &str| timestamp_tz(text.as_bytes()).and_then(|i| i.ticks(6).ok_or(ValueError::EndOfDay));
    assert_eq!(tz("1970-01-01-02.00.00.000001+02:00"), Ok((1, false)));
    assert_eq!(tz("1969-12-31-18:30:00.000000-05:30"), Ok((0, false)));
    assert_eq!(tz("1970-01-01-00.00.00+00:00"), Ok((0, false)));
    assert_eq!(timestamp_tz(&ebcdic("1970-01-01-02.00.00+02:00")).unwrap().seconds, 0);
    assert!(tz("1970-01-01-00.00.00 00:00").is_err());
    assert!(tz("1970-01-01-00.00.00+00:60").is_err());
    assert!(tz("1970-01-01-00.00.00").is_err());
}

#[test]
fn every_day_survives() {
    let mut text = Vec::new();
    for days in FIRST_DAY..=LAST_DAY {
        text.clear();
        put_date(days, &mut text).unwrap();
        assert_eq!(date(text.first_chunk().unwrap()), Ok(days));
    }
    assert!(put_date(LAST_DAY + 1, &mut text).is_err());
    assert!(put_date(FIRST_DAY - 1, &mut text).is_err());
}

proptest! {
    #[test]
    fn every_timestamp_survives(days in FIRST_DAY..=LAST_DAY, seconds in 0..DAY, seed: u64, digits in 0u8..=12) {
        let instant = Instant { days, seconds, fraction: seed % POWERS[usize::from(digits)], digits };
        let mut text = Vec::new();
        put_timestamp(&instant, digits, &mut text).unwrap();
        prop_assert_eq!(timestamp(&text), Ok(instant));
        prop_assert_eq!(timestamp(&ebcdic(std::str::from_utf8(&text).unwrap())), Ok(instant));
        text.extend_from_slice(b"+00:00");
        prop_assert_eq!(timestamp_tz(&text), Ok(instant));
    }

    /// Texts that are nearly right, in both alphabets: the quick ways give what the careful ones give.
    #[test]
    fn quick_ways_agree_with_the_careful_ones(
        text in "[0-2][0-9]([-./])[0-3][0-9]([-./])[0-2][0-9]{3}",
        stamp in "[0-2][0-9]{3}-[01][0-9]-[0-3][0-9][- Tx][0-2][0-9][.:][0-5][0-9][.:][0-5][0-9](\\.[0-9]{0,13})? ?",
        zone in "[-+ ][0-2][0-9][:.][0-6][0-9]",
        changed in proptest::option::of((0..40usize, any::<u8>())),
    ) {
        for text in [text, stamp.clone(), format!("{stamp}{zone}")] {
            for mut bytes in [text.clone().into_bytes(), ebcdic(&text)] {
                if let Some((at, byte)) = changed
                        && let Some(slot) = bytes.get_mut(at)
                    {
                        *slot = byte;
                    }
                if let Some(ten) = bytes.first_chunk() {
                    prop_assert_eq!(date(ten), any_date(ten));
                }
                prop_assert_eq!(timestamp(&bytes), any_timestamp(&bytes, TIMESTAMP_PATTERN));
                prop_assert_eq!(timestamp_tz(&bytes), any_timestamp_tz(&bytes));
            }
        }
    }

    #[test]
    fn the_quick_way_of_half_days_agrees_with_the_careful_one(
        text in "[01][0-9]:[0-6][0-9] [AP]M",
        changed in proptest::option::of((0..8usize, any::<u8>())),
    ) {
        for mut bytes in [text.clone().into_bytes(), ebcdic(&text)] {
            if let Some((at, byte)) = changed {
                bytes[at] = byte;
            }
            let eight = bytes.first_chunk().unwrap();
            if clock::<AsciiText>(eight).or_else(|| clock::<Ebcdic>(eight)).is_none() {
                prop_assert_eq!(time(eight), any_time(eight));
            }
        }
    }

    #[test]
    fn any_bytes_are_a_time_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..50)) {
        let _ = timestamp(&bytes);
        let _ = timestamp_tz(&bytes);
        if let Some(ten) = bytes.first_chunk() { let _ = date(ten); }
        if let Some(eight) = bytes.first_chunk() { let _ = time(eight); }
    }
}
