//! Times of day and fractions of timestamps, many at once, as in [`simd`](super::simd): their dates are read there.

use super::calendar::DAY;
use super::simd::LANES;

/// Where the parts of timestamps of one form and length lie, and what stands between their digits.
#[derive(Debug, Clone, Copy)]
pub struct StampForm {
    /// Characters.
    pub width: usize,
    /// Digit zero, and what is between the numbers of the date.
    pub zero: u8,
    /// Likewise.
    pub dash: u8,
    gap: u8,
    /// The separators of the time, in their places.
    separators: u64,
    /// Of the eight characters that end with the last digit wanted: those that are digits, and the point.
    wanted: (u64, u64, u64),
    /// One past those characters.
    wanted_end: usize,
    /// Of the eight characters at the end: digits that are finer than is wanted.
    excess: u64,
    /// They may be anything.
    truncate: bool,
    /// Ticks of a second, and of the last digit wanted.
    second: i64,
    last: i64,
}

/// Words of eight characters, side by side.
#[derive(Debug)]
pub struct StampWords {
    /// `YYYY-MM-`, and the two of the day.
    pub heads: [u64; LANES],
    /// Likewise.
    pub tails: [u64; LANES],
    /// `HH.MM.SS`.
    pub clocks: [u64; LANES],
    wanted: [u64; LANES],
    excess: [u64; LANES],
    gaps: [u8; LANES],
}

/// Characters up to the seconds.
const SECONDS: usize = 19;

impl StampForm {
    /// The form of a cell of ticks with so many digits, if all cells of that form can be read here.
    pub fn of(cell: &[u8], digits: u8, truncate: bool) -> Option<StampForm> {
        let (zero, dash, dot, colon, blank, t) = match cell.first()? {
            0xF0.. => (0xF0, 0x60, 0x4B, 0x7A, 0x40, 0xE3),
            _ => (b'0', b'-', b'.', b':', b' ', b'T'),
        };
        let (gap, between) = (*cell.get(10)?, *cell.get(13)?);
        if ![dash, blank, t].contains(&gap) || ![dot, colon].contains(&between) {
            return None;
        }
        // One word has the point and seven digits, another eight that are not wanted: more than seven digits of a
        // second are read one by one.
        let fraction = match cell.len() {
            SECONDS => 0,
            width @ 21..=32 => width - SECONDS - 1,
            _ => return None,
        };
        let wanted = fraction.min(digits.into());
        let finer = fraction - wanted;
        if wanted > 7 || finer > 8 {
            return None;
        }
        let ten = |n: usize| 10i64.pow(n as u32);
        let bytes = |n: usize| if n == 0 { 0 } else { u64::MAX >> (64 - 8 * n) };
        // In front of the digits; where none is wanted the careful way alone would see a wrong one.
        let point = match (wanted, finer) {
            (0, 0) => (0, 0),
            (0, _) => return None,
            _ => (0xFF << (8 * wanted), u64::from(dot) << (8 * wanted)),
        };
        Some(StampForm {
            width: cell.len(),
            zero,
            dash,
            gap,
            separators: u64::from(between) << 40 | u64::from(between) << 16,
            wanted: (bytes(wanted), point.0, point.1),
            wanted_end: SECONDS + if wanted > 0 { 1 + wanted } else { 0 },
            excess: bytes(finer),
            truncate,
            second: ten(digits.into()),
            last: ten(usize::from(digits) - wanted),
        })
    }

    /// Lays a cell of this width into a place; false for another width.
    #[inline(always)]
    pub fn load(&self, cell: &[u8], words: &mut StampWords, place: usize) -> bool {
        let word = |end: usize| cell.get(end - 8..end).and_then(|w| w.first_chunk()).map(|w| u64::from_be_bytes(*w));
        let (Some(head), Some(day), Some(clock)) = (word(8), word(16), word(SECONDS)) else { return false };
        let (Some(wanted), Some(excess)) = (word(self.wanted_end), word(self.width)) else { return false };
        if let (Some(h), Some(t), Some(c), Some(w), Some(e), Some(g)) = (
            words.heads.get_mut(place),
            words.tails.get_mut(place),
            words.clocks.get_mut(place),
            words.wanted.get_mut(place),
            words.excess.get_mut(place),
            words.gaps.get_mut(place),
        ) {
            (*h, *t, *c, *w, *e) = (head, day >> 48, clock, wanted, excess);
            *g = (day >> 40) as u8;
        }
        true
    }

    /// Ticks, of the days that the dates gave. Not zero when one of them is odd, as in [`simd`](super::simd).
    #[inline(always)]
    pub fn ticks(&self, words: &StampWords, days: &[i32; LANES], out: &mut [i64; LANES]) -> u64 {
        let zeros = u64::from_ne_bytes([self.zero; 8]);
        let (digits, point_mask, point) = self.wanted;
        let mut odd = 0;
        for gap in &words.gaps {
            odd |= u64::from(gap ^ self.gap);
        }
        if self.excess != 0 {
            for word in &words.excess {
                let digits = (word ^ zeros) & self.excess;
                odd |= if self.truncate { not_digits(digits) } else { digits };
            }
        }
        let all = words.clocks.iter().zip(&words.wanted).zip(days).zip(out);
        for (((clock, wanted), days), out) in all {
            odd |= (clock & 0x0000_FF00_00FF_0000) ^ self.separators;
            // 00HHMMSS without the separators.
            let time = (clock >> 16 & 0xFFFF_0000_0000) | (clock >> 8 & 0xFFFF_0000) | (clock & 0xFFFF);
            let time = time ^ (zeros & 0xFFFF_FFFF_FFFF);
            odd |= not_digits(time);
            let pairs = (time & 0x000F_000F_000F) + 10 * (time >> 8 & 0x000F_000F_000F);
            let (hour, minute, second) = (pairs >> 32, pairs >> 16 & 0xFF, pairs & 0xFF);
            odd |= 23u64.wrapping_sub(hour) >> 63 | 59u64.wrapping_sub(minute) >> 63 | 59u64.wrapping_sub(second) >> 63;
            let seconds = hour * 3600 + minute * 60 + second;
            odd |= (wanted & point_mask) ^ point;
            let part = (wanted ^ zeros) & digits;
            odd |= not_digits(part);
            let pairs = (part & 0x000F_000F_000F_000F) + 10 * (part >> 8 & 0x000F_000F_000F_000F);
            let quads = (pairs & 0x0000_00FF_0000_00FF) + 100 * (pairs >> 16 & 0x0000_00FF_0000_00FF);
            let fraction = (quads & 0xFFFF) + 10_000 * (quads >> 32);
            let seconds = i64::from(*days) * i64::from(DAY) + seconds.cast_signed();
            *out = seconds.wrapping_mul(self.second).wrapping_add(fraction.cast_signed().wrapping_mul(self.last));
        }
        odd
    }

    /// The most days from 1970 on, in both directions, whose ticks surely have 64 bits.
    pub fn most_days(&self) -> i32 {
        i32::try_from(i64::MAX / self.second / i64::from(DAY) - 1).unwrap_or(i32::MAX)
    }
}

impl StampWords {
    /// 1970-01-01 in every place, in a form.
    pub fn new(form: &StampForm) -> StampWords {
        let zeros = u64::from_ne_bytes([form.zero; 8]);
        let (dash, one) = (u64::from(form.dash), u64::from(form.zero | 1));
        let (seven, nine) = (u64::from(form.zero | 7), u64::from(form.zero | 9));
        let zero = u64::from(form.zero);
        let year = one << 56 | nine << 48 | seven << 40 | zero << 32;
        let head = year | dash << 24 | zero << 16 | one << 8 | dash;
        let clock = zeros & !0x0000_FF00_00FF_0000 | form.separators;
        StampWords {
            heads: [head; LANES],
            tails: [zero << 8 | one; LANES],
            clocks: [clock; LANES],
            wanted: [zeros & !form.wanted.1 | form.wanted.2; LANES],
            excess: [zeros; LANES],
            gaps: [form.gap; LANES],
        }
    }
}

/// Not zero unless every byte is below ten.
#[inline(always)]
fn not_digits(word: u64) -> u64 {
    (word | word.wrapping_add(0x0606_0606_0606_0606)) & 0xF0F0_F0F0_F0F0_F0F0
}
