//! Dates by vectors of 16 and 32 bits, as in [`simd`](super::simd).

use fearless_simd::prelude::*;

use super::calendar::FIRST_DAY;
use super::simd::LANES;

/// Dates `YYYY-MM-DD` as days since 1970-01-01: eight characters each and the last two, in big-endian words,
/// in the alphabet of this digit zero and this dash.
#[inline(always)]
pub fn dates<S: Simd>(
    simd: S,
    heads: &[u64; LANES],
    tails: &[u64; LANES],
    zero: u8,
    dash: u8,
    out: &mut [i32; LANES],
) -> u64 {
    let form = Form::<S> {
        zeros: S::u64s::splat(simd, u64::from_ne_bytes([zero; 8])),
        dashes: S::u64s::splat(simd, u64::from(dash) << 24 | u64::from(dash)),
    };
    let mut odd = S::u64s::splat(simd, 0);
    let mut bad = S::i32s::splat(simd, 0);
    let half = S::u64s::LEN;
    let words = heads.chunks_exact(2 * half).zip(tails.chunks_exact(2 * half));
    for ((heads, tails), out) in words.zip(out.chunks_exact_mut(2 * half)) {
        let (Some((head_a, head_b)), Some((tail_a, tail_b))) =
            (heads.split_at_checked(half), tails.split_at_checked(half))
        else {
            return 1;
        };
        let a = form.pairs(S::u64s::from_slice(simd, head_a), S::u64s::from_slice(simd, tail_a), &mut odd);
        let b = form.pairs(S::u64s::from_slice(simd, head_b), S::u64s::from_slice(simd, tail_b), &mut odd);
        let (month_day, century_year) = a.bitcast::<S::u32s>().deinterleave(b.bitcast::<S::u32s>());
        days(simd, century_year, month_day, &mut bad).store_slice(out);
    }
    let bad = bad.as_slice().iter().fold(0, |all, bad| all | bad);
    odd.as_slice().iter().fold(u64::from(bad < 0), |all, odd| all | odd)
}

struct Form<S: Simd> {
    zeros: S::u64s,
    dashes: S::u64s,
}

impl<S: Simd> Form<S> {
    /// Century, year, month and day in the sixteen bits each, from the left.
    #[inline(always)]
    fn pairs(&self, head: S::u64s, tail: S::u64s, odd: &mut S::u64s) -> S::u64s {
        *odd |= (head & 0xFF00_00FF) ^ self.dashes;
        // The dashes are squeezed out: YYYYMMDD.
        let digits = ((head & 0xFFFF_FFFF_0000_0000) | ((head & 0x00FF_FF00) << 8) | tail) ^ self.zeros;
        *odd |= (digits | (digits + 0x0606_0606_0606_0606)) & 0xF0F0_F0F0_F0F0_F0F0;
        let digits = digits.bitcast::<S::u16s>();
        ((digits & 0x00FF) + (digits >> 8) * 10).bitcast()
    }
}

/// As the calendar's own, without a table. `bad` gets negative where there is no such date.
#[inline(always)]
fn days<S: Simd>(simd: S, century_year: S::u32s, month_day: S::u32s, bad: &mut S::i32s) -> S::i32s {
    let both = |upper: u32, lower: u32| S::u32s::splat(simd, upper << 16 | lower).bitcast::<S::i16s>();
    let number = |n: i32| S::i32s::splat(simd, n);
    let (century, year) = (century_year >> 16, century_year & 0xFFFF);
    let (century, year) = (century.bitcast::<S::i32s>(), year.bitcast::<S::i32s>());
    let (month, day) = ((month_day >> 16).bitcast::<S::i32s>(), (month_day & 0xFFFF).bitcast::<S::i32s>());
    let full = century_year.bitcast::<S::i16s>().pairwise_dot_product(both(100, 1));

    let first = year.simd_eq(0);
    let leap = (first.select(century, year) & 3).simd_eq(0).to_vector();
    let february = month.simd_eq(2);
    // Minus one is a leap day more.
    let last = february.select(number(28) - leap, number(30) + ((month ^ (month >> 3)) & 1));
    *bad |= (month - 1) | (number(12) - month) | (day - 1) | (last - day) | (full - 1);

    // Days before the year since 0000-01-01; years that end a century count once, those of a fourth twice.
    let centuries = century + 1 + first.to_vector();
    let passed = full.bitcast::<S::i16s>().pairwise_dot_product(both(0, 365));
    let passed = passed + ((full + 3) >> 2) - centuries + ((centuries + 3) >> 2);
    // Months as if February had 30 days, then what it lacks.
    let months = month_day.bitcast::<S::i16s>().pairwise_dot_product(both(489, 0));
    let lacking = month.simd_gt(2).select(number(2) + leap, number(0));
    passed + ((months - 480) >> 4) - lacking + day + (FIRST_DAY - 366 - 1)
}

#[cfg(test)]
mod tests {
    use fearless_simd::dispatch;
    use proptest::prelude::*;

    use super::super::calendar;
    use super::super::datetext::date_text;
    use super::*;
    use crate::wire::codec::instructions::levels;

    /// The days of these texts, the same at every level; `None` if one is odd.
    fn read(texts: &[[u8; 10]; LANES], zero: u8, dash: u8) -> Option<[i32; LANES]> {
        let heads = texts.map(|text| u64::from_be_bytes(*text.first_chunk().unwrap()));
        let tails = texts.map(|text| u64::from(u16::from_be_bytes(*text.last_chunk().unwrap())));
        let results = levels().into_iter().map(|(_, level)| {
            let mut out = [0; LANES];
            let odd = dispatch!(level, simd => dates(simd, &heads, &tails, zero, dash, &mut out));
            (odd == 0).then_some(out)
        });
        results.reduce(|a, b| if a == b { a } else { panic!("{a:?} is not {b:?}") }).unwrap()
    }

    fn ebcdic(text: [u8; 10]) -> [u8; 10] {
        text.map(|c| if c == b'-' { 0x60 } else { c.wrapping_add(0xC0) })
    }

    /// Among good dates, in one lane after the other.
    fn one(text: [u8; 10]) -> Option<i32> {
        let lane = text.iter().fold(0, |lane, byte| (lane * 7 + usize::from(*byte)) % LANES);
        let mut texts = [*b"1970-01-01"; LANES];
        texts[lane] = text;
        let found = read(&texts, b'0', b'-');
        assert_eq!(found, read(&texts.map(ebcdic), 0xF0, 0x60));
        let mut out = found?;
        let day = std::mem::take(&mut out[lane]);
        assert_eq!(out, [0; LANES]);
        Some(day)
    }

    #[test]
    fn every_day_of_some_centuries() {
        // The calendar is the same again every 146,097 days.
        for start in [calendar::FIRST_DAY, -74_000, calendar::LAST_DAY - 40_000] {
            let days = if start == calendar::FIRST_DAY { 146_100 } else { 40_000 };
            for first in (start..start + days).step_by(LANES) {
                let days: [i32; LANES] = std::array::from_fn(|lane| (first + lane as i32).min(calendar::LAST_DAY));
                let texts = days.map(|day| date_text(day, b'0', b'-'));
                assert_eq!(read(&texts, b'0', b'-'), Some(days));
                assert_eq!(read(&texts.map(ebcdic), 0xF0, 0x60), Some(days));
            }
        }
    }

    #[test]
    fn no_day_that_is_not_in_the_calendar() {
        let two = |n: u32| [b'0' + (n / 10) as u8, b'0' + (n % 10) as u8];
        for century in [0, 1, 3, 4, 15, 19, 20, 99] {
            for year in [0, 1, 3, 4, 7, 24, 96, 99] {
                for month in (0..=14).chain([20, 32, 99]) {
                    for day in [0, 1, 28, 29, 30, 31, 32, 99] {
                        let expected = calendar::days(century, year, month, day);
                        let ([a, b], [c, d], [e, f], [g, h]) = (two(century), two(year), two(month), two(day));
                        assert_eq!(one([a, b, c, d, b'-', e, f, b'-', g, h]), expected);
                    }
                }
            }
        }
        for bad in [b"2023/02/28", b"2023-0228-", b"2O23-02-28", b"          ", b"0000-00-00", b"2023-02-2\xF8"] {
            assert_eq!(one(*bad), None);
        }
    }

    proptest! {
        #[test]
        fn ten_bytes_are_a_date_or_odd(text: [u8; 10], dashes: bool) {
            let mut text = text.map(|b| if b.is_ascii() { b'0' + b % 11 } else { b });
            if dashes {
                (text[4], text[7]) = (b'-', b'-');
            }
            if let Some(day) = one(text) {
                prop_assert_eq!(super::super::datetime::date(&text), Ok(day));
            } else if text.iter().all(|b| *b != b'/' && *b != b'.') {
                prop_assert!(super::super::datetime::date(&text).is_err());
            }
        }
    }
}
