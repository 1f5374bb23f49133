//! The values of settings, from their text.

use super::{ConfigError, error};
use crate::column::options::DecFloatAs;
use std::time::Duration;

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
