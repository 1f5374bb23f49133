//! The numbers of identity columns and sequences. (Read: IBM's SQL reference, CREATE SEQUENCE and CREATE TABLE: an ascending
//! one begins at its lowest value, and ends at the highest one of its type.)

use crate::wire::value::field::Field as Described;
use crate::wire::value::types::Type;
use arrow_schema::Field;

/// Values that are kept ready where nothing is said of it.
const CACHE: i64 = 20;

/// The numbers of an identity column.
pub(super) struct Numbers {
    pub(super) start: i64,
    pub(super) increment: i64,
    pub(super) least: i64,
    pub(super) most: i64,
    pub(super) cycles: bool,
    pub(super) cache: i64,
    pub(super) ordered: bool,
}

impl Numbers {
    /// Those of a column, as it was defined.
    pub(super) fn of(field: &Described, arrow: &Field) -> Numbers {
        let told = |key: &str| arrow.metadata().get(key);
        let number = |key: &str| told(key).and_then(|n| n.parse::<i64>().ok());
        let is = |key: &str| told(key).is_some_and(|word| word == "true");
        let increment = number("drda:increment").unwrap_or(1);
        let (lowest, highest) = limits(field);
        let (least, most) = (number("drda:least"), number("drda:most"));
        let start = number("drda:start").or(if increment < 0 { most } else { least });
        let start = start.unwrap_or(if increment < 0 { -1 } else { 1 });
        Numbers {
            start,
            increment,
            least: least.unwrap_or(if increment < 0 { lowest } else { start }),
            most: most.unwrap_or(if increment < 0 { start } else { highest }),
            cycles: is("drda:cycles"),
            cache: number("drda:cache").unwrap_or(CACHE),
            ordered: is("drda:ordered"),
        }
    }
}

/// The lowest and the highest value of a type.
fn limits(field: &Described) -> (i64, i64) {
    match (field.ty, field.length) {
        (Type::Packed | Type::Zoned | Type::NumericChar, _) => {
            let most = 10i64.checked_pow(u32::from(field.precision)).map_or(i64::MAX, |n| n - 1);
            (-most, most)
        }
        (_, 2) => (i16::MIN.into(), i16::MAX.into()),
        (_, 4) => (i32::MIN.into(), i32::MAX.into()),
        _ => (i64::MIN, i64::MAX),
    }
}

/// The digits of a type of sequences.
pub(super) fn digits(data_type: &str) -> i64 {
    match data_type {
        "SMALLINT" => 5,
        "INTEGER" => 10,
        _ => {
            let inner = data_type.split(['(', ',']).nth(1).and_then(|digits| digits.trim().parse().ok());
            inner.unwrap_or(19)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_sequences_have_digits() {
        for (name, count) in [("SMALLINT", 5), ("INTEGER", 10), ("BIGINT", 19), ("DECIMAL(31, 0)", 31), ("", 19)] {
            assert_eq!(digits(name), count, "{name}");
        }
    }
}
