//! Every decoder over hand-made cells, and its errors.

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, ArrayRef};
use arrow_buffer::i256;
use arrow_schema::{DataType, TimeUnit};
use bytes::Bytes;

use super::*;
use crate::column::error::Reason;
use crate::column::options::{BadValues, DecFloatAs, EndOfTime, Excess, TextErrors, TimeAs};
use crate::wire::codec::reader::ByteOrder;
use crate::wire::value::cell::{Lob, NULL};
use crate::wire::value::error::{ValueError, ValueForm};
use crate::wire::value::field::CCSID_BINARY;
use crate::wire::value::typdef::FloatForm;
use crate::wire::value::types::Type;

fn field(ty: Type, shape: Shape) -> Field {
    Field { name: "C".into(), nullable: true, ..Field::new(ty, shape) }
}

fn packed(precision: u8, scale: u8) -> Field {
    Field { precision, scale, ..field(Type::Packed, Shape::Fixed(u32::from(precision) / 2 + 1)) }
}

fn text(shape: Shape, ccsid: u16) -> Field {
    Field { ccsid, ..field(Type::Text, shape) }
}

/// Decodes cells, in two chunks, so that every decoder is seen to carry on.
fn decode_with(field: &Field, options: &Options, cells: &[Option<&[u8]>]) -> Result<ArrayRef, ColumnError> {
    let mut buf = Vec::new();
    let offsets: Vec<u32> = cells
        .iter()
        .map(|cell| match cell {
            None => NULL,
            Some(cell) => {
                let at = buf.len() as u32;
                buf.extend_from_slice(cell);
                at
            }
        })
        .collect();
    let mut decoder = decoder(field, 0, options)?;
    let (first, second) = offsets.split_at(offsets.len() / 2);
    decoder.append(&Cells { buf: &buf, offsets: first, lobs: &[], first_row: 1 })?;
    decoder.append(&Cells { buf: &buf, offsets: second, lobs: &[], first_row: 1 + first.len() as u64 })?;
    assert_eq!(decoder.len(), cells.len());
    assert!(cells.is_empty() || decoder.bytes() > 0);
    let array = decoder.finish()?;
    assert_eq!(array.data_type(), &ColumnKind::of(field, 0, options)?.data_type());
    assert!(decoder.is_empty());
    Ok(array)
}

fn decode(field: &Field, cells: &[Option<&[u8]>]) -> ArrayRef {
    decode_with(field, &Options::default(), cells).unwrap()
}

fn primitives<T: ArrowPrimitiveType>(array: &ArrayRef) -> Vec<Option<T::Native>> {
    array.as_primitive::<T>().iter().collect()
}

fn strings(array: &ArrayRef) -> Vec<Option<&str>> {
    array.as_string::<i32>().iter().collect()
}

fn bad(result: Result<ArrayRef, ColumnError>) -> (u64, Reason) {
    match result {
        Err(ColumnError::Value(bad)) => (bad.row, bad.reason),
        other => panic!("{other:?}"),
    }
}

#[test]
fn integers_in_both_orders() {
    let int = |n, order| Field { order, ..field(Type::Integer, Shape::Fixed(n)) };
    let cells: [Option<&[u8]>; 3] = [Some(&[1, 2]), None, Some(&[0xFF, 0xFE])];
    assert_eq!(primitives::<Int16Type>(&decode(&int(2, ByteOrder::Big), &cells)), [Some(0x0102), None, Some(-2)]);
    assert_eq!(primitives::<Int16Type>(&decode(&int(2, ByteOrder::Little), &cells)), [Some(0x0201), None, Some(-257)]);
    assert_eq!(primitives::<Int8Type>(&decode(&int(1, ByteOrder::Big), &[Some(&[0x80])])), [Some(-128)]);
    assert_eq!(primitives::<Int32Type>(&decode(&int(4, ByteOrder::Little), &[Some(&[1, 0, 0, 0])])), [Some(1)]);
    assert_eq!(
        primitives::<Int64Type>(&decode(&int(8, ByteOrder::Big), &[Some(&[0, 0, 1, 0, 0, 0, 0, 0])])),
        [Some(1 << 40)]
    );
}

#[test]
fn floats_of_every_form() {
    let float = |n, float, order| Field { float, order, ..field(Type::Float, Shape::Fixed(n)) };
    let real = float(4, FloatForm::Ieee, ByteOrder::Big);
    assert_eq!(primitives::<Float32Type>(&decode(&real, &[Some(&[0x3F, 0xC0, 0, 0]), None])), [Some(1.5), None]);
    let little = float(8, FloatForm::Ieee, ByteOrder::Little);
    assert_eq!(primitives::<Float64Type>(&decode(&little, &[Some(&(-2.25f64).to_le_bytes())])), [Some(-2.25)]);
    let hex = float(4, FloatForm::Hexadecimal, ByteOrder::Big);
    assert_eq!(primitives::<Float64Type>(&decode(&hex, &[Some(&[0x42, 0x76, 0xA0, 0])])), [Some(118.625)]);
    let hex = float(8, FloatForm::Hexadecimal, ByteOrder::Big);
    assert_eq!(primitives::<Float64Type>(&decode(&hex, &[Some(&[0x41, 0x10, 0, 0, 0, 0, 0, 0])])), [Some(1.0)]);
}

#[test]
fn packed_of_every_width() {
    for precision in 1..=63u8 {
        let mut cell = vec![0; usize::from(precision) / 2 + 1];
        *cell.last_mut().unwrap() = 0x7D;
        let cells = [Some(cell.as_slice()), None, Some(&cell)];
        let array = decode(&packed(precision, 0), &cells);
        if precision <= 38 {
            assert_eq!(primitives::<Decimal128Type>(&array), [Some(-7), None, Some(-7)], "{precision}");
        } else {
            let seven = i256::from_i128(-7);
            assert_eq!(primitives::<Decimal256Type>(&array), [Some(seven), None, Some(seven)], "{precision}");
        }
    }
}

#[test]
fn bad_packed_is_raised_or_nulled() {
    let cells: [Option<&[u8]>; 4] = [Some(&[0x12, 0x3C]), None, Some(&[0x40, 0x40]), Some(&[0x45, 0x6D])];
    let error = decode_with(&packed(3, 1), &Options::default(), &cells).unwrap_err();
    assert_eq!(error.sqlstate(), "22018");
    assert!(error.to_string().contains("row 3") && error.to_string().contains("bytes 4040"), "{error}");
    let options = Options { bad_values: BadValues::Null, ..Options::default() };
    let array = decode_with(&packed(3, 1), &options, &cells).unwrap();
    assert_eq!(primitives::<Decimal128Type>(&array), [Some(123), None, None, Some(-456)]);
    // A pad digit that is not zero.
    let (row, reason) = bad(decode_with(&packed(2, 0), &Options::default(), &[Some(&[0x12, 0x3C])]));
    assert_eq!((row, reason), (1, ValueError::Digits { what: ValueForm::Decimal, precision: 2 }.into()));
}

#[test]
fn zoned_and_numeric_characters() {
    let zoned = Field { precision: 3, ..field(Type::Zoned, Shape::Fixed(3)) };
    assert_eq!(primitives::<Decimal128Type>(&decode(&zoned, &[Some(&[0xF1, 0xF2, 0xD3]), None])), [Some(-123), None]);
    for digits in 1..=20u8 {
        let zoned = Field { precision: digits, ..field(Type::Zoned, Shape::Fixed(u32::from(digits))) };
        let mut cell = vec![0xF0; usize::from(digits)];
        *cell.last_mut().unwrap() = 0xD7;
        let ascii: Vec<u8> = cell.iter().map(|b| if *b == 0xF0 { 0x30 } else { *b }).collect();
        let array = decode(&zoned, &[Some(&cell), None, Some(&ascii), Some(&cell)]);
        assert_eq!(primitives::<Decimal128Type>(&array), [Some(-7), None, Some(-7), Some(-7)]);
    }
    let chars = Field { precision: 3, ..field(Type::NumericChar, Shape::Fixed(4)) };
    assert_eq!(primitives::<Decimal128Type>(&decode(&chars, &[Some(b"-042")])), [Some(-42)]);
    assert_eq!(bad(decode_with(&zoned, &Options::default(), &[Some(b"1x3")])).0, 1);
}

#[test]
fn booleans_of_one_and_two_bytes() {
    let one = field(Type::Boolean, Shape::Fixed(1));
    let bits: Vec<_> = decode(&one, &[Some(&[1]), Some(&[0]), None]).as_boolean().iter().collect();
    assert_eq!(bits, [Some(true), Some(false), None]);
    let two = field(Type::Boolean, Shape::Fixed(2));
    let bits: Vec<_> = decode(&two, &[Some(&[1, 0]), Some(&[0, 1]), Some(&[0, 0])]).as_boolean().iter().collect();
    assert_eq!(bits, [Some(true), Some(true), Some(false)]);
    assert_eq!(bad(decode_with(&one, &Options::default(), &[Some(&[0]), Some(&[2])])), (2, ValueError::Boolean.into()));
}

#[test]
fn dates_and_times() {
    let date = field(Type::Date, Shape::Fixed(10));
    let cells: [Option<&[u8]>; 4] = [Some(b"0001-01-01"), Some(b"31.12.9999"), None, Some(b"01/01/1970")];
    assert_eq!(primitives::<Date32Type>(&decode(&date, &cells)), [Some(-719_162), Some(2_932_896), None, Some(0)]);
    let error = decode_with(&date, &Options::default(), &[Some(b"2023-02-28"), Some(b"2023-02-30")]).unwrap_err();
    assert_eq!(error.sqlstate(), "22007");
    assert!(error.to_string().contains("row 2: the date does not exist"), "{error}");
    let time = field(Type::Time, Shape::Fixed(8));
    let cells: [Option<&[u8]>; 2] = [Some(b"23.59.59"), Some(b"00:00:01")];
    assert_eq!(primitives::<Time32SecondType>(&decode(&time, &cells)), [Some(86399), Some(1)]);
    let error = decode_with(&time, &Options::default(), &[Some(b"24:00:00")]).unwrap_err();
    assert_eq!(error.sqlstate(), "22008");
}

#[test]
fn a_time_has_the_form_chosen() {
    let (time, with) = (field(Type::Time, Shape::Fixed(8)), |time_unit| Options { time_unit, ..Options::default() });
    let cells: [Option<&[u8]>; 3] = [Some(b"23.59.59"), None, Some(&[0xF0, 0xF1, 0x7A, 0xF0, 0xF0, 0x7A, 0xF0, 0xF2])];
    let micros = decode_with(&time, &with(TimeAs::Microseconds), &cells).unwrap();
    assert_eq!(primitives::<Time64MicrosecondType>(&micros), [Some(86_399_000_000), None, Some(3_602_000_000)]);
    let text = decode_with(&time, &with(TimeAs::Text), &cells).unwrap();
    assert_eq!(strings(&text), [Some("23:59:59"), None, Some("01:00:02")]);
    let ends: [Option<&[u8]>; 2] = [Some(b"24.00.00"), Some(b"12:00 AM")];
    assert_eq!(strings(&decode_with(&time, &with(TimeAs::Text), &ends).unwrap()), [Some("24:00:00"); 2]);
    for unit in [TimeAs::Seconds, TimeAs::Microseconds] {
        assert_eq!(bad(decode_with(&time, &with(unit), &ends)), (1, ValueError::EndOfDay.into()));
    }
    for wrong in [b"24.00.01", b"11.61.00", b"ab:cd:ef"] {
        assert_eq!(decode_with(&time, &with(TimeAs::Text), &[Some(wrong)]).unwrap_err().sqlstate(), "22007");
        let lenient = Options { bad_values: BadValues::Null, ..with(TimeAs::Text) };
        assert_eq!(strings(&decode_with(&time, &lenient, &[Some(wrong)]).unwrap()), [None]);
    }
}

#[test]
fn text_and_bytes_have_the_type_chosen() {
    let long = "a text of more than twelve bytes";
    let cells = [Some(long.as_bytes()), None].map(|cell| cell.map(|cell| [&[0, cell.len() as u8], cell].concat()));
    let cells = cells.each_ref().map(|cell| cell.as_deref());
    for (string_type, kind) in
        [(StringType::LargeUtf8, DataType::LargeUtf8), (StringType::Utf8View, DataType::Utf8View)]
    {
        let options = Options { string_type, ..Options::default() };
        let array = decode_with(&text(Shape::Var, 1208), &options, &cells).unwrap();
        assert_eq!((array.data_type(), array.null_count()), (&kind, 1));
        let value = match string_type {
            StringType::Utf8View => array.as_string_view().value(0),
            _ => array.as_string::<i64>().value(0),
        };
        assert_eq!(value, long);
        let bytes = decode_with(&text(Shape::Var, CCSID_BINARY), &options, &cells).unwrap();
        let value = match string_type {
            StringType::Utf8View => bytes.as_binary_view().value(0),
            _ => bytes.as_binary::<i64>().value(0),
        };
        assert_eq!(value, long.as_bytes());
        let error = decode_with(&text(Shape::Var, 1208), &options, &[Some(b"\0\x01\xFF")]).unwrap_err();
        assert_eq!(error.sqlstate(), "22021");
    }
}

#[test]
fn timestamps_in_every_unit() {
    let stamp = field(Type::Timestamp, Shape::Fixed(26));
    let cells: [Option<&[u8]>; 2] = [Some(b"1970-01-01-00.00.01.500000"), None];
    let with = |unit| Options { timestamp_unit: unit, ..Options::default() };
    let ns = decode_with(&stamp, &with(TimeUnit::Nanosecond), &cells).unwrap();
    assert_eq!(primitives::<TimestampNanosecondType>(&ns), [Some(1_500_000_000), None]);
    assert_eq!(primitives::<TimestampMicrosecondType>(&decode(&stamp, &cells)), [Some(1_500_000), None]);
    let mut seconds = with(TimeUnit::Second);
    assert_eq!(bad(decode_with(&stamp, &seconds, &cells)), (1, Reason::Finer));
    seconds.timestamp_excess = Excess::Truncate;
    let cut = decode_with(&stamp, &seconds, &cells).unwrap();
    assert_eq!(primitives::<TimestampSecondType>(&cut), [Some(1), None]);
    let far: [Option<&[u8]>; 1] = [Some(b"9999-12-31-24.00.00.000000")];
    assert_eq!(bad(decode_with(&stamp, &with(TimeUnit::Nanosecond), &far)), (1, Reason::EndOfTime));
    let last = Options { end_of_time: EndOfTime::Last, ..with(TimeUnit::Nanosecond) };
    assert_eq!(bad(decode_with(&stamp, &last, &far)), (1, Reason::Ticks));
    let zoned = field(Type::TimestampTz, Shape::Var);
    let cell = [&[0, 25], b"1970-01-01-02.00.00+02:00".as_slice()].concat();
    assert_eq!(primitives::<TimestampMicrosecondType>(&decode(&zoned, &[Some(&cell)])), [Some(0)]);
}

#[test]
fn the_end_of_time_is_what_was_chosen() {
    let stamp = field(Type::Timestamp, Shape::Fixed(26));
    let cells: [Option<&[u8]>; 3] =
        [Some(b"2024-12-31-24.00.00.000000"), Some(b"9999-12-31-24.00.00.000000"), Some(b"9999-12-31-23.59.59.999999")];
    let with = |unit, end_of_time| Options {
        timestamp_unit: unit,
        end_of_time,
        timestamp_excess: Excess::Truncate,
        ..Options::default()
    };
    let next = 253_402_300_800;
    let error = decode_with(&stamp, &Options::default(), &cells).unwrap_err();
    assert_eq!(error.sqlstate(), "22008");
    assert!(error.to_string().contains("row 2: the moment is after 9999-12-31 23:59:59"), "{error}");
    let micros = |end| {
        primitives::<TimestampMicrosecondType>(&decode_with(&stamp, &with(TimeUnit::Microsecond, end), &cells).unwrap())
    };
    let (year, end) = (Some(1_735_689_600_000_000), Some(next * 1_000_000 - 1));
    assert_eq!(micros(EndOfTime::Last), [year, end, end]);
    assert_eq!(micros(EndOfTime::Next), [year, Some(next * 1_000_000), end]);
    let seconds = decode_with(&stamp, &with(TimeUnit::Second, EndOfTime::Last), &cells).unwrap();
    assert_eq!(primitives::<TimestampSecondType>(&seconds), [Some(1_735_689_600), Some(next - 1), Some(next - 1)]);
    let nulls = Options { bad_values: BadValues::Null, ..Options::default() };
    assert_eq!(
        primitives::<TimestampMicrosecondType>(&decode_with(&stamp, &nulls, &cells).unwrap()),
        [year, None, end]
    );
    // By its zone a moment may come after that year, too.
    let zoned = field(Type::TimestampTz, Shape::Var);
    let cell = [&[0, 25], b"9999-12-31-23.30.00-01:00".as_slice()].concat();
    assert_eq!(bad(decode_with(&zoned, &Options::default(), &[Some(&cell)])), (1, Reason::EndOfTime));
}

#[test]
fn decfloat_as_text_and_as_decimal() {
    let mut cell = Vec::new();
    "-7.50".parse::<crate::wire::value::decfloat::DecFloat>().unwrap().put(8, &mut cell).unwrap();
    let number = field(Type::DecFloat, Shape::Fixed(8));
    assert_eq!(strings(&decode(&number, &[Some(&cell), None])), [Some("-7.50"), None]);
    let with = |precision, scale| Options { decfloat: DecFloatAs::Decimal { precision, scale }, ..Options::default() };
    let array = decode_with(&number, &with(20, 3), &[Some(&cell), None]).unwrap();
    assert_eq!(primitives::<Decimal128Type>(&array), [Some(-7500), None]);
    let array = decode_with(&number, &with(50, 1), &[Some(&cell)]).unwrap();
    assert_eq!(primitives::<Decimal256Type>(&array), [Some(i256::from_i128(-75))]);
    assert!(matches!(bad(decode_with(&number, &with(9, 0), &[Some(&cell)])).1, Reason::Value(ValueError::Inexact(_))));
    let infinity = 0x7800_0000_0000_0000u64.to_be_bytes();
    let error = decode_with(&number, &with(9, 0), &[Some(&infinity)]).unwrap_err();
    assert_eq!(error.sqlstate(), "22003");
}

#[test]
fn text_of_every_shape_and_length() {
    let owned: Vec<String> = (0..300).map(|n| "aé".repeat(n)).collect();
    let cells: Vec<Vec<u8>> = owned.iter().map(|s| [&(s.len() as u16).to_be_bytes(), s.as_bytes()].concat()).collect();
    let mut cells: Vec<Option<&[u8]>> = cells.iter().map(|c| Some(c.as_slice())).collect();
    cells.insert(100, None);
    let mut expected: Vec<Option<&str>> = owned.iter().map(|s| Some(s.as_str())).collect();
    expected.insert(100, None);
    assert_eq!(strings(&decode(&text(Shape::Var, 1208), &cells)), expected);

    let pascal: [Option<&[u8]>; 2] = [Some(b"\x03abc"), Some(b"\0")];
    assert_eq!(strings(&decode(&text(Shape::Pascal, 819), &pascal)), [Some("abc"), Some("")]);
    let nul = Field { length: 9, ..text(Shape::NulTerminated, 1208) };
    assert_eq!(strings(&decode(&nul, &[Some(b"abc\0"), Some(b"\0")])), [Some("abc"), Some("")]);
    let ebcdic = text(Shape::Fixed(3), 500);
    assert_eq!(strings(&decode(&ebcdic, &[Some(&[0xC1, 0x82, 0x40]), None])), [Some("Ab "), None]);
    let graphic = Field { ccsid: 1200, ..field(Type::Graphic, Shape::VarChars) };
    assert_eq!(strings(&decode(&graphic, &[Some(&[0, 2, 0, b'h', 0, 0xE9])])), [Some("hé")]);
    let bits = text(Shape::Var, CCSID_BINARY);
    let array = decode(&bits, &[Some(&[0, 2, 0xFF, 0]), None]);
    assert_eq!(array.as_binary::<i32>().iter().collect::<Vec<_>>(), [Some([0xFF, 0].as_slice()), None]);
}

#[test]
fn a_batch_that_is_held_never_changes() {
    let cells = |buf: &[u8], decoder: &mut Box<dyn ColumnDecoder>| {
        decoder.append(&Cells { buf, offsets: &[0, NULL, 4], lobs: &[], first_row: 1 }).unwrap();
        decoder.finish().unwrap()
    };
    let mut decoder = super::decoder(&text(Shape::Var, 1208), 0, &Options::default()).unwrap();
    let mut number = super::decoder(&field(Type::Integer, Shape::Fixed(2)), 0, &Options::default()).unwrap();
    let mut held = Vec::new();
    for n in 0..6u8 {
        let letter = b'a' + n;
        let text = cells(&[0, 2, letter, letter, 0, 1, letter], &mut decoder);
        let numbers = cells(&[0, n, 0, 0, 0, n + 1], &mut number);
        // Some are let go, so that their memory is used again.
        if n % 2 == 0 {
            held.push((n, text, numbers));
        }
        for (n, text, numbers) in &held {
            let letter = char::from(b'a' + n).to_string();
            assert_eq!(strings(text), [Some(letter.repeat(2).as_str()), None, Some(letter.as_str())]);
            assert_eq!(primitives::<Int16Type>(numbers), [Some(i16::from(*n)), None, Some(i16::from(*n) + 1)]);
        }
    }
}

#[test]
fn bad_text_is_raised_or_replaced() {
    let cells: [Option<&[u8]>; 4] = [Some(b"\0\x01a"), None, Some(b"\0\x03b\xC3("), Some(b"\0\x01\xC3")];
    let field = text(Shape::Var, 1208);
    let error = decode_with(&field, &Options::default(), &cells).unwrap_err();
    assert_eq!(error.sqlstate(), "22021");
    assert!(error.to_string().contains("row 3: the bytes at offset 1 are not UTF-8; bytes 62C328"), "{error}");
    // Two halves of one character in two values are still two errors.
    let halves: [Option<&[u8]>; 2] = [Some(b"\0\x01\xC3"), Some(b"\0\x01\xA9")];
    assert_eq!(bad(decode_with(&field, &Options::default(), &halves)), (1, Reason::Utf8(0)));
    let options = Options { text_errors: TextErrors::Replace, ..Options::default() };
    let array = decode_with(&field, &options, &cells).unwrap();
    assert_eq!(strings(&array), [Some("a"), None, Some("b\u{FFFD}("), Some("\u{FFFD}")]);
    let utf16 = Field { ccsid: 1200, ..super::tests::field(Type::Graphic, Shape::VarChars) };
    let lone: [Option<&[u8]>; 1] = [Some(&[0, 3, 0, b'a', 0xD8, 0, 0, b'b'])];
    assert_eq!(bad(decode_with(&utf16, &Options::default(), &lone)).0, 1);
    assert_eq!(strings(&decode_with(&utf16, &options, &lone).unwrap()), [Some("a\u{FFFD}b")]);
}

#[test]
fn pages_of_two_bytes_are_replaced_by_the_pair_and_open_shifts_too() {
    let options = Options { text_errors: TextErrors::Replace, ..Options::default() };
    let pairs = Field { ccsid: 300, ..field(Type::Graphic, Shape::VarChars) };
    let cells: [Option<&[u8]>; 1] = [Some(&[0, 3, 0x45, 0x62, 0xFE, 0xFE, 0x45, 0x66])];
    assert_eq!(strings(&decode_with(&pairs, &options, &cells).unwrap()), [Some("日\u{FFFD}本")]);
    let mixed = text(Shape::Var, 939);
    let cells: [Option<&[u8]>; 1] = [Some(&[0, 4, 0xC1, 0x0E, 0x45, 0x62])];
    assert_eq!(strings(&decode_with(&mixed, &options, &cells).unwrap()), [Some("A日\u{FFFD}")]);
    let error = decode_with(&mixed, &Options::default(), &cells).unwrap_err().to_string();
    assert!(error.contains("shift-out at offset 1") && error.contains("\"raw\""), "{error}");
}

#[test]
fn raw_text_is_its_bytes_whatever_the_page() {
    let raw = Options { text_errors: TextErrors::Raw, ..Options::default() };
    // UTF-8, half a character and an unknown page do no harm.
    for ccsid in [1208, 939, 37, 4711] {
        for (shape, cell) in [(Shape::Var, &[0, 2, 0xFF, 0x0E][..]), (Shape::Fixed(2), &[0xFF, 0x0E])] {
            let array = decode_with(&text(shape, ccsid), &raw, &[Some(cell), None]).unwrap();
            assert_eq!(array.as_binary::<i32>().iter().collect::<Vec<_>>(), [Some([0xFF, 0x0E].as_slice()), None]);
        }
    }
    let graphic = Field { ccsid: 300, ..field(Type::Graphic, Shape::VarChars) };
    let array = decode_with(&graphic, &raw, &[Some(&[0, 1, 0xFE, 0xFE])]).unwrap();
    assert_eq!(array.as_binary::<i32>().value(0), [0xFE, 0xFE]);
    let mut sut = decoder(&text(Shape::Lob(4), 1208), 0, &raw).unwrap();
    let lobs = [Lob::Value(Bytes::from_static(b"\xFF"))];
    sut.append(&Cells { buf: &[], offsets: &[], lobs: &lobs, first_row: 1 }).unwrap();
    assert_eq!(sut.finish().unwrap().as_binary::<i64>().value(0), b"\xFF");
    // A column whose page was named is text all the same.
    let named = Field { name: "N".to_owned(), ..text(Shape::Var, 4711) };
    let forced = Options { force_ccsid: [("N".to_owned(), 37)].into(), ..raw };
    assert_eq!(strings(&decode_with(&named, &forced, &[Some(&[0, 1, 0xC1])]).unwrap()), [Some("A")]);
    let unknown = decode_with(&named, &Options::default(), &[]).unwrap_err();
    assert_eq!(unknown.sqlstate(), "22021");
    assert!(
        unknown.to_string().contains("column 1 \"N\": CCSID 4711 is not known; name the right one with force_ccsid")
    );
}

#[test]
fn a_cut_cell_or_a_null_that_may_not_be_is_an_error() {
    for field in [
        packed(15, 2),
        packed(31, 2),
        packed(33, 0),
        text(Shape::Var, 1208),
        text(Shape::Fixed(9), 500),
        self::field(Type::Integer, Shape::Fixed(8)),
        self::field(Type::Timestamp, Shape::Fixed(26)),
        self::field(Type::Date, Shape::Fixed(10)),
    ] {
        let mut sut = decoder(&field, 0, &Options::default()).unwrap();
        let cells = Cells { buf: &[0, 9, 1, 2], offsets: &[0], lobs: &[], first_row: 7 };
        assert!(matches!(sut.append(&cells), Err(ColumnError::Cut { row: 7, .. })), "{field:?}");
        let mut sut = decoder(&Field { nullable: false, ..field }, 0, &Options::default()).unwrap();
        let cells = Cells { buf: &[], offsets: &[NULL], lobs: &[], first_row: 7 };
        assert!(matches!(sut.append(&cells), Err(ColumnError::Null { row: 7, .. })));
    }
}

#[test]
fn lobs_come_after_the_row() {
    let lobs = [Lob::Value(Bytes::from_static(b"one")), Lob::Null, Lob::Value(Bytes::new())];
    let cells = Cells { buf: &[], offsets: &[], lobs: &lobs, first_row: 1 };
    for (ccsid, expected) in [(1208, "one"), (819, "one")] {
        let mut sut = decoder(&text(Shape::Lob(4), ccsid), 0, &Options::default()).unwrap();
        sut.append(&cells).unwrap();
        let array = sut.finish().unwrap();
        assert_eq!(array.as_string::<i64>().iter().collect::<Vec<_>>(), [Some(expected), None, Some("")]);
    }
    let mut sut = decoder(&field(Type::Binary, Shape::Lob(8)), 0, &Options::default()).unwrap();
    sut.append(&cells).unwrap();
    assert_eq!(sut.finish().unwrap().as_binary::<i64>().value(0), b"one");
    let cells = Cells { lobs: &[Lob::Value(Bytes::from_static(b"\xFF"))], ..cells };
    let mut sut = decoder(&text(Shape::Lob(4), 1208), 0, &Options::default()).unwrap();
    sut.append(&cells).unwrap();
    assert!(sut.finish().is_err());
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_values_or_an_error(
        buf in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..120),
        offsets in proptest::collection::vec(proptest::prop_oneof![0u32..130, proptest::prelude::Just(NULL), u32::MAX - 9..=u32::MAX], 0..12),
        null_on_error: bool,
    ) {
        use Type::*;
        let bad_values = if null_on_error { BadValues::Null } else { BadValues::Raise };
        for text_errors in [TextErrors::Strict, TextErrors::Replace, TextErrors::Raw] {
            let options = Options { bad_values, text_errors, ..Options::default() };
            for ty in [Integer, Float, Packed, Zoned, NumericChar, DecFloat, Boolean, Date, Time, Timestamp, TimestampTz, Text, Graphic, Binary, Xml] {
                for shape in [Shape::Fixed(1), Shape::Fixed(8), Shape::Fixed(10), Shape::Fixed(16), Shape::Fixed(26), Shape::Fixed(40), Shape::Var, Shape::VarChars, Shape::Pascal, Shape::NulTerminated] {
                    for (precision, ccsid) in [(15, 1208), (31, 1200), (60, 500)] {
                        let field = Field { precision, ccsid, length: 9, ..field(ty, shape) };
                        let Ok(mut sut) = decoder(&field, 0, &options) else { continue };
                        let cells = Cells { buf: &buf, offsets: &offsets, lobs: &[], first_row: 1 };
                        if sut.append(&cells).is_ok() && let Ok(array) = sut.finish() {
                            proptest::prop_assert_eq!(array.len(), offsets.len());
                        }
                    }
                }
            }
        }
    }
}

mod bulk;
mod even;
mod groups;
mod levels;
mod memory;
mod speed;
mod text;
