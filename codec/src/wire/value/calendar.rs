//! The proleptic Gregorian calendar of the years 0001 to 9999.

/// 0001-01-01 in days since 1970-01-01.
pub const FIRST_DAY: i32 = -719_162;
/// 9999-12-31 in days since 1970-01-01.
pub const LAST_DAY: i32 = 2_932_896;
/// Seconds of a day.
pub const DAY: u32 = 86_400;

/// By month: days of the year before it, in the upper half; its last day, in the lower. Numbers
/// that are not a month have no days.
#[allow(clippy::indexing_slicing)] // at compile time
const MONTHS: [u32; 128] = {
    let lengths = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut table = [0; 128];
    let mut before = 0;
    let mut month = 1;
    while month <= 12 {
        table[month] = before << 16 | lengths[month];
        before += lengths[month];
        month += 1;
    }
    table
};

/// Days since 1970-01-01 of a date whose year is `century * 100 + year`, each number below 100;
/// `None` if there is no such date.
#[inline]
pub(super) fn days(century: u32, year: u32, month: u32, day: u32) -> Option<i32> {
    let leap = u32::from((if year != 0 { year } else { century }) & 3 == 0);
    let entry = MONTHS.get(month as usize & 127).copied().unwrap_or(0);
    let last = (entry & 0xFF) + (leap & u32::from(month == 2));
    let full = century * 100 + year;
    if day.wrapping_sub(1) >= last || full == 0 {
        return None;
    }
    let past = full - 1;
    let before = 365 * past + past / 4 - past / 100 + past / 400;
    let of_year = (entry >> 16) + (leap & u32::from(month > 2)) + day - 1;
    Some((before + of_year).cast_signed() + FIRST_DAY)
}

/// Year, month and day of a day from [`FIRST_DAY`] on; the reverse of [`days`].
#[inline]
pub(super) fn civil(days: i32) -> (u32, u32, u32) {
    let (year, doy) = since_march(days);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (year + u32::from(month <= 2), month, doy - (153 * mp + 2) / 5 + 1)
}

/// A year that begins with its March, so that the leap day is its last, and the days since its first.
#[inline(always)]
fn since_march(days: i32) -> (u32, u32) {
    let z = days.wrapping_add(719_468).cast_unsigned();
    let (era, doe) = (z / 146_097, z % 146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    (yoe + era * 400, doe - (365 * yoe + yoe / 4 - yoe / 100))
}
