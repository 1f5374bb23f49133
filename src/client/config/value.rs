//! The values of settings, from their text.

use super::{ConfigError, Lobs, error};
use crate::column::options::{BadValues, DecFloatAs, EndOfTime, Excess, StringType, TextErrors, TimeAs, WideDecimalAs};
use crate::wire::sql::package::Isolation;
use arrow_schema::TimeUnit;
use std::time::Duration;

pub(super) const ISOLATIONS: [(&str, Isolation); 5] = [
    ("nc", Isolation::NoCommit),
    ("ur", Isolation::UncommittedRead),
    ("cs", Isolation::CursorStability),
    ("rs", Isolation::ReadStability),
    ("rr", Isolation::RepeatableRead),
];
pub(super) const LOBS: [(&str, Lobs); 2] = [("inline", Lobs::Inline), ("locator", Lobs::Locator)];
pub(super) const UNITS: [(&str, TimeUnit); 4] = [
    ("us", TimeUnit::Microsecond),
    ("ns", TimeUnit::Nanosecond),
    ("ms", TimeUnit::Millisecond),
    ("s", TimeUnit::Second),
];
pub(super) const TIMES: [(&str, TimeAs); 3] =
    [("s", TimeAs::Seconds), ("us", TimeAs::Microseconds), ("text", TimeAs::Text)];
pub(super) const STRING_TYPES: [(&str, StringType); 3] =
    [("utf8", StringType::Utf8), ("large_utf8", StringType::LargeUtf8), ("utf8_view", StringType::Utf8View)];
pub(super) const EXCESSES: [(&str, Excess); 2] = [("raise", Excess::Raise), ("truncate", Excess::Truncate)];
pub(super) const ENDS_OF_TIME: [(&str, EndOfTime); 3] =
    [("raise", EndOfTime::Raise), ("last", EndOfTime::Last), ("next", EndOfTime::Next)];
pub(super) const WIDE_DECIMALS: [(&str, WideDecimalAs); 3] =
    [("decimal256", WideDecimalAs::Decimal256), ("text", WideDecimalAs::Text), ("float64", WideDecimalAs::Float64)];
pub(super) const TEXT_ERRORS: [(&str, TextErrors); 3] =
    [("strict", TextErrors::Strict), ("replace", TextErrors::Replace), ("raw", TextErrors::Raw)];
pub(super) const BAD_VALUES: [(&str, BadValues); 2] = [("raise", BadValues::Raise), ("null", BadValues::Null)];

pub(super) fn choice<T: Copy>(key: &str, value: &str, choices: &[(&str, T)]) -> Result<T, ConfigError> {
    choices.iter().find(|(name, _)| name.eq_ignore_ascii_case(value)).map(|(_, v)| *v).ok_or_else(|| {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        error(key, &format!("expected one of {}", names.join(", ")))
    })
}

pub(super) fn flag(key: &str, value: &str) -> Result<bool, ConfigError> {
    choice(key, value, &[("true", true), ("false", false), ("1", true), ("0", false), ("yes", true), ("no", false)])
}

pub(super) fn number(key: &str, value: &str, range: std::ops::RangeInclusive<u32>) -> Result<u32, ConfigError> {
    value
        .parse()
        .ok()
        .filter(|n| range.contains(n))
        .ok_or_else(|| error(key, &format!("expected a whole number from {} to {}", range.start(), range.end())))
}

pub(super) fn decfloat(key: &str, value: &str) -> Result<DecFloatAs, ConfigError> {
    if value.eq_ignore_ascii_case("text") {
        return Ok(DecFloatAs::Text);
    }
    let digits = value.strip_prefix("decimal(").and_then(|v| v.strip_suffix(')')).and_then(|v| v.split_once(','));
    let numbers = digits.and_then(|(p, s)| Some((p.trim().parse::<u8>().ok()?, s.trim().parse::<u8>().ok()?)));
    match numbers {
        Some((precision, scale)) if (1..=76).contains(&precision) && scale <= precision => {
            Ok(DecFloatAs::Decimal { precision, scale })
        }
        _ => Err(error(key, "expected text or decimal(precision,scale) with at most 76 digits")),
    }
}

/// Longest time limit that is taken to be meant.
const YEAR: f64 = 366.0 * 86_400.0;

pub(super) fn seconds(key: &str, value: &str) -> Result<Duration, ConfigError> {
    value
        .parse::<f64>()
        .ok()
        .filter(|s| *s > 0.0 && *s <= YEAR)
        .map(Duration::from_secs_f64)
        .ok_or_else(|| error(key, "expected seconds, more than 0 and at most a year"))
}

/// Seconds that may be 0, or none.
pub(super) fn delay(key: &str, value: &str) -> Result<Option<Duration>, ConfigError> {
    if value.eq_ignore_ascii_case("none") {
        return Ok(None);
    }
    let seconds = value.parse::<f64>().ok().filter(|s| (0.0..=YEAR).contains(s));
    let rule = "expected seconds, 0 to hand out at once what is there, or none to wait for full batches";
    seconds.map(|s| Some(Duration::from_secs_f64(s))).ok_or_else(|| error(key, rule))
}
