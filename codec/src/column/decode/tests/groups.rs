//! Values that are read many at once are values read one by one, whatever stands among them.

use proptest::prelude::*;

use super::*;
use crate::wire::ccsid::codec::Codec;
use crate::wire::codec::instructions::{levels, with};

/// A text, and a byte of it that is changed.
type Cell = Option<(String, Option<(usize, u8)>)>;

/// Cells of one width, some of which are NULL or have a byte changed.
fn cells(text: impl Strategy<Value = String>) -> impl Strategy<Value = Vec<Cell>> {
    let changed = proptest::option::weighted(0.02, (0..40usize, any::<u8>()));
    proptest::collection::vec(proptest::option::weighted(0.9, (text, changed)), 1..200)
}

/// Reads the cells together and each alone, in ASCII and EBCDIC.
fn agree(field: &Field, options: &Options, cells: &[Cell]) -> Result<(), TestCaseError> {
    for ebcdic in [false, true] {
        let page = Codec::new(if ebcdic { 37 } else { 1208 }).unwrap();
        let cells: Vec<Option<Vec<u8>>> = cells
            .iter()
            .map(|cell| {
                let (text, changed) = cell.as_ref()?;
                let mut bytes = Vec::new();
                page.encode(text, &mut bytes).unwrap();
                // A minus of zoned decimals.
                for byte in &mut bytes {
                    *byte = if *byte == b'~' || *byte == 0xA1 { 0xD7 } else { *byte };
                }
                if let Some((at, byte)) = changed
                    && let Some(slot) = bytes.get_mut(*at)
                {
                    *slot = *byte;
                }
                Some(bytes)
            })
            .collect();
        let refs: Vec<Option<&[u8]>> = cells.iter().map(Option::as_deref).collect();
        let all: Vec<ArrayRef> = levels()
            .into_iter()
            .map(|(_, level)| with(level, || decode_with(field, options, &refs).unwrap()))
            .collect();
        for (row, cell) in refs.iter().enumerate() {
            let alone = decode_with(field, options, &[*cell]).unwrap();
            for together in &all {
                prop_assert_eq!(&together.slice(row, 1), &alone, "row {} of {:?}", row, cell);
            }
        }
    }
    Ok(())
}

fn stamp(width: u32) -> Field {
    field(Type::Timestamp, Shape::Fixed(width))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn timestamps_of_every_width(
        digits in 0..=12usize,
        unit in 0..4usize,
        gap in "[-T ]",
        between in "[.:]",
        truncate: bool,
        cells in cells("(19|20)[0-9]{2}-(0[1-9]|1[0-2])-([01][1-9]|2[0-9]|30) ([01][0-9]|2[0-4]) [0-5][0-9] [0-5][0-9]\\.[0-9]{6}[0-9]{6}"),
    ) {
        let width = if digits == 0 { 19 } else { 20 + digits };
        let spell = |text: String| {
            let (date, time) = text.split_at(10);
            let time = time[1..].replacen(' ', &between, 2);
            format!("{date}{gap}{time}")[..width].to_owned()
        };
        let cells: Vec<_> = cells.into_iter().map(|c| c.map(|(text, changed)| (spell(text), changed))).collect();
        let options = Options {
            timestamp_unit: [TimeUnit::Second, TimeUnit::Millisecond, TimeUnit::Microsecond, TimeUnit::Nanosecond][unit],
            timestamp_excess: if truncate { Excess::Truncate } else { Excess::Raise },
            bad_values: BadValues::Null,
            ..Options::default()
        };
        agree(&stamp(width as u32), &options, &cells)?;
    }

    #[test]
    fn timestamps_with_zeros_that_are_not_wanted(cells in cells("20[0-9]{2}-0[1-9]-1[0-9]-[01][0-9][.][0-5][0-9][.][0-5][0-9]\\.[0-9]{3}000")) {
        let options = Options {
            timestamp_unit: TimeUnit::Millisecond,
            bad_values: BadValues::Null,
            ..Options::default()
        };
        agree(&stamp(26), &options, &cells)?;
    }

    #[test]
    fn zoned_decimals(width in 1..=16usize, short: bool, cells in cells("[0-9]{15}[0-9~]")) {
        let cells: Vec<_> = cells.into_iter().map(|c| c.map(|(text, odd)| (text[16 - width..].to_owned(), odd))).collect();
        let precision = if short { width.div_ceil(2) } else { width } as u8;
        let field = Field { precision, ..field(Type::Zoned, Shape::Fixed(width as u32)) };
        agree(&field, &Options { bad_values: BadValues::Null, ..Options::default() }, &cells)?;
    }
}

/// As a decimal, DECFLOAT is what its text says.
#[test]
fn decfloats_as_decimals_are_their_texts() {
    let mut seed = 1u128;
    for _ in 0..4000 {
        seed = seed.wrapping_mul(0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645).wrapping_add(11);
        let coefficient = (seed >> 20) % 10u128.pow((seed >> 110) as u32 % 35);
        let coefficient = coefficient / 10u128.pow((seed >> 100) as u32 % 6) * 10u128.pow((seed >> 100) as u32 % 6);
        let exponent = (seed >> 90) as i32 % 24 - 14;
        let text = format!("{}{coefficient}E{exponent}", if seed >> 127 == 1 { "-" } else { "" });
        for (width, precision, scale) in [(8, 31, 2), (16, 38, 5), (16, 60, 12), (8, 9, 0)] {
            let mut cell = Vec::new();
            let number: crate::wire::value::decfloat::DecFloat = text.parse().unwrap();
            if number.put(width, &mut cell).is_err() {
                continue;
            }
            let field = field(Type::DecFloat, Shape::Fixed(width));
            let options = Options {
                decfloat: DecFloatAs::Decimal { precision, scale },
                bad_values: BadValues::Null,
                ..Options::default()
            };
            let array = decode_with(&field, &options, &[Some(&cell)]).unwrap();
            // Shifted by the places that are wanted, digit by digit.
            let shift = exponent + i32::from(scale);
            let mut digits = coefficient.to_string();
            let mut exact = true;
            for _ in 0..shift.abs() {
                match shift > 0 {
                    true => digits.push('0'),
                    false => exact &= digits.pop().is_none_or(|d| d == '0'),
                }
            }
            let digits = digits.trim_start_matches('0').to_owned();
            let expected = (exact && digits.len() <= precision.into()).then(|| match digits.as_str() {
                "" => "0".to_owned(),
                digits if seed >> 127 == 1 => format!("-{digits}"),
                digits => digits.to_owned(),
            });
            let found = match precision {
                ..=38 => primitives::<Decimal128Type>(&array)[0].map(|v| v.to_string()),
                _ => primitives::<Decimal256Type>(&array)[0].map(|v| v.to_string()),
            };
            assert_eq!(found, expected, "{text} as {precision},{scale}");
        }
    }
}
