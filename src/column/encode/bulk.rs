//! The plain loops of the common columns: which there are is decided here, once for each batch.
//! A loop takes only values that surely fit and leaves every other one to [`ColumnEncoder`].

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, ArrowPrimitiveType, GenericByteArray, GenericByteViewArray};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, TimeUnit};

use super::{ABSENT, ColumnEncoder, string};
use crate::wire::ccsid::codec::Codec;
use crate::wire::codec::reader::ByteOrder;
use crate::wire::value::calendar::{DAY, FIRST_DAY, LAST_DAY};
use crate::wire::value::datetext::{date_text, time_text};
use crate::wire::value::decimal::{PACKED_WORD, packed_word};
use crate::wire::value::field::Shape;
use crate::wire::value::typdef::FloatForm;
use crate::wire::value::types::Type;

/// How the cells of a column get into their rows.
pub(super) trait BulkColumn {
    /// Adds the length of each cell; false, and nothing added, when these rows are not for a plain loop.
    fn measure(&mut self, rows: Range<usize>, lengths: &mut [usize]) -> bool;
    /// Writes the cells that were measured, or the first of them, each at its place, which moves on
    /// after it. Where nothing is written `out` says that a value is present.
    fn write(&self, rows: Range<usize>, places: &mut [usize], out: &mut [u8]);
}

/// The loop for an array that goes into the encoder's field, if there is one.
pub(super) fn bulk_column<'a>(encoder: &ColumnEncoder<'_>, array: &'a dyn Array) -> Option<Box<dyn BulkColumn + 'a>> {
    let (field, codec) = (encoder.field, encoder.codec);
    let marks = Marks { nullable: field.nullable, nulls: array.nulls().filter(|n| n.null_count() > 0) };
    if marks.nulls.is_some() && !marks.nullable {
        return None;
    }
    let big = field.order == ByteOrder::Big;
    let ieee = field.float == FloatForm::Ieee;
    Some(match (field.ty, field.shape, array.data_type()) {
        (Type::Integer, Shape::Fixed(2), DataType::Int16) => {
            fixed::<Int16Type, 2>(marks, array, |_| true, move |v| if big { v.to_be_bytes() } else { v.to_le_bytes() })
        }
        (Type::Integer, Shape::Fixed(4), DataType::Int32) => {
            fixed::<Int32Type, 4>(marks, array, |_| true, move |v| if big { v.to_be_bytes() } else { v.to_le_bytes() })
        }
        (Type::Integer, Shape::Fixed(8), DataType::Int64) => {
            fixed::<Int64Type, 8>(marks, array, |_| true, move |v| if big { v.to_be_bytes() } else { v.to_le_bytes() })
        }
        (Type::Float, Shape::Fixed(4), DataType::Float32) if ieee => fixed::<Float32Type, 4>(
            marks,
            array,
            |_| true,
            move |v| if big { v.to_be_bytes() } else { v.to_le_bytes() },
        ),
        (Type::Float, Shape::Fixed(8), DataType::Float64) if ieee => fixed::<Float64Type, 8>(
            marks,
            array,
            |_| true,
            move |v| if big { v.to_be_bytes() } else { v.to_le_bytes() },
        ),
        (Type::Packed, Shape::Fixed(_), DataType::Decimal128(_, scale)) if *scale == field.scale.cast_signed() => {
            packed(marks, array, field.precision)?
        }
        (Type::Date, Shape::Fixed(10), DataType::Date32) => {
            let [zero, dash, _] = alphabet(codec)?;
            let known = |days| (FIRST_DAY..=LAST_DAY).contains(&days);
            fixed::<Date32Type, 10>(marks, array, known, move |days| date_text(days, zero, dash))
        }
        (Type::Time, Shape::Fixed(8), DataType::Time32(TimeUnit::Second)) => {
            let [zero, _, colon] = alphabet(codec)?;
            let known = |seconds: i32| u32::try_from(seconds).is_ok_and(|s| s < DAY);
            fixed::<Time32SecondType, 8>(marks, array, known, move |s| time_text(s.cast_unsigned(), zero, colon))
        }
        (Type::Text | Type::Binary | Type::Graphic, Shape::Var | Shape::VarChars | Shape::Fixed(_), _) => {
            string(marks, encoder, array)?
        }
        _ => return None,
    })
}

/// Writes a cell and moves on after it.
#[inline]
pub(super) fn put(out: &mut [u8], place: &mut usize, cell: &[u8]) {
    let end = *place + cell.len();
    if let Some(slot) = out.get_mut(*place..end) {
        slot.copy_from_slice(cell);
    }
    *place = end;
}

/// Where the NULLs are.
#[derive(Clone, Copy)]
struct Marks<'a> {
    nullable: bool,
    nulls: Option<&'a NullBuffer>,
}

impl Marks<'_> {
    fn width(&self) -> usize {
        usize::from(self.nullable)
    }

    /// Adds the length of each cell where there is one, and of the indicators.
    #[inline]
    fn measure(&self, rows: Range<usize>, lengths: &mut [usize], length: impl Fn(usize) -> usize) {
        let width = self.width();
        match self.nulls {
            None => rows.zip(lengths).for_each(|(row, sum)| *sum += width + length(row)),
            Some(nulls) => rows.zip(lengths).for_each(|(row, sum)| {
                *sum += if nulls.is_null(row) { width } else { width + length(row) };
            }),
        }
    }

    /// Marks the NULLs and has every other cell written.
    #[inline]
    fn write(
        &self,
        rows: Range<usize>,
        places: &mut [usize],
        out: &mut [u8],
        cell: impl Fn(usize, &mut usize, &mut [u8]),
    ) {
        let width = self.width();
        match self.nulls {
            None => rows.zip(places).for_each(|(row, place)| {
                *place += width;
                cell(row, place, out);
            }),
            Some(nulls) => rows.zip(places).for_each(|(row, place)| {
                if nulls.is_null(row) {
                    put(out, place, &[ABSENT]);
                } else {
                    *place += width;
                    cell(row, place, out);
                }
            }),
        }
    }
}

/// Cells of one length.
struct FixedCells<'a, V, K, C> {
    marks: Marks<'a>,
    values: &'a [V],
    known: K,
    cell: C,
}

fn fixed<'a, T: ArrowPrimitiveType, const N: usize>(
    marks: Marks<'a>,
    array: &'a dyn Array,
    known: impl Fn(T::Native) -> bool + 'a,
    cell: impl Fn(T::Native) -> [u8; N] + 'a,
) -> Box<dyn BulkColumn + 'a> {
    Box::new(FixedCells { marks, values: array.as_primitive::<T>().values(), known, cell })
}

impl<V: Copy, const N: usize, K: Fn(V) -> bool, C: Fn(V) -> [u8; N]> BulkColumn for FixedCells<'_, V, K, C> {
    fn measure(&mut self, rows: Range<usize>, lengths: &mut [usize]) -> bool {
        // What lies where a NULL is counts too: at worst it makes these rows go cell by cell.
        let values = self.values.get(rows.clone()).unwrap_or_default();
        if !values.iter().all(|v| (self.known)(*v)) {
            return false;
        }
        self.marks.measure(rows, lengths, |_| N);
        true
    }

    fn write(&self, rows: Range<usize>, places: &mut [usize], out: &mut [u8]) {
        self.marks.write(rows, places, out, |row, place, out| {
            if let Some(v) = self.values.get(row) {
                put(out, place, &(self.cell)(*v));
            }
        });
    }
}

/// Packed decimals, by the bytes that their digits take.
fn packed<'a>(marks: Marks<'a>, array: &'a dyn Array, precision: u8) -> Option<Box<dyn BulkColumn + 'a>> {
    macro_rules! widths {
        ($($n:literal)*) => {
            match precision / 2 + 1 {
                $($n => {
                    let limit = 10i128.pow(precision.into());
                    let known = move |v: i128| v.unsigned_abs() < limit.unsigned_abs();
                    Some(fixed::<Decimal128Type, $n>(marks, array, known, |v| {
                        packed_word(v).to_be_bytes().last_chunk().copied().unwrap_or([0; $n])
                    }))
                })*
                _ => None,
            }
        };
    }
    const { assert!(PACKED_WORD / 2 + 1 == 16) };
    widths!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)
}

/// Digit zero, dash and colon of a page whose digits follow each other; ASCII without a page.
fn alphabet(codec: Option<Codec>) -> Option<[u8; 3]> {
    let Some(codec) = codec else { return Some([b'0', b'-', b':']) };
    let mut bytes = Vec::new();
    codec.encode("0123456789-:", &mut bytes).ok()?;
    let (digits, [dash, colon]) = bytes.split_last_chunk::<2>()?;
    let zero = *digits.first()?;
    let follow = digits.len() == 10 && digits.iter().zip(zero..).all(|(digit, n)| *digit == n);
    follow.then_some([zero, *dash, *colon])
}

/// Text and bytes of any length.
struct Strings<'a, S> {
    marks: Marks<'a>,
    source: S,
    /// The greatest length, or that of all.
    length: usize,
    form: StringForm,
}

/// How a value lies in its cell.
#[derive(Clone, Copy)]
enum StringForm {
    /// Filled to the length of all with this blank.
    Filled([u8; 1]),
    /// Filled with a blank of two bytes.
    FilledWide([u8; 2]),
    /// As long as all are, since no blank is known to be right.
    Whole,
    /// Its number of bytes in front.
    Bytes,
    /// Its number of units of two bytes in front.
    Units,
}

impl StringForm {
    /// True if the value surely fits.
    fn takes(self, len: usize, length: usize) -> bool {
        len <= length
            && match self {
                StringForm::Filled(_) | StringForm::Bytes => true,
                StringForm::FilledWide(_) => (length - len).is_multiple_of(2),
                StringForm::Whole => len == length,
                StringForm::Units => len.is_multiple_of(2),
            }
    }

    /// Blanks.
    fn blank(&self) -> &[u8] {
        match self {
            StringForm::Filled(blank) => blank,
            StringForm::FilledWide(blank) => blank,
            _ => &[],
        }
    }

    fn is_fixed(self) -> bool {
        !matches!(self, StringForm::Bytes | StringForm::Units)
    }
}

/// Where the bytes of a cell are found.
trait CellSource {
    /// Makes ready the rows to be asked for; false when one of them cannot be.
    fn ready(&mut self, _: Range<usize>) -> bool {
        true
    }
    fn get(&self, row: usize) -> &[u8];
}

fn string<'a>(marks: Marks<'a>, encoder: &ColumnEncoder<'_>, array: &'a dyn Array) -> Option<Box<dyn BulkColumn + 'a>> {
    let (field, codec) = (encoder.field, encoder.codec);
    let (length, form) = match field.shape {
        Shape::Fixed(n) => {
            let form = match *encoder.padding.as_slice() {
                [] => StringForm::Whole,
                [blank] => StringForm::Filled([blank]),
                [first, second] => StringForm::FilledWide([first, second]),
                _ => return None,
            };
            (n as usize, form)
        }
        Shape::VarChars => (string::limit(field, 65_535) * 2, StringForm::Units),
        _ => (string::limit(field, 65_535), StringForm::Bytes),
    };
    macro_rules! bulk {
        ($source:expr) => {
            Some(Box::new(Strings { marks, source: $source, length, form }))
        };
    }
    macro_rules! text {
        ($array:expr) => {{
            let array = $array;
            match codec {
                Some(codec) if codec.is_utf8() => bulk!(array),
                Some(codec) => bulk!(Encoded::new(codec, move |row| (!array.is_null(row)).then(|| array.value(row)))),
                None => None,
            }
        }};
    }
    macro_rules! bytes {
        ($array:expr) => {
            if codec.is_none() { bulk!($array) } else { None }
        };
    }
    match array.data_type() {
        DataType::Utf8 => text!(array.as_string::<i32>()),
        DataType::LargeUtf8 => text!(array.as_string::<i64>()),
        DataType::Utf8View => text!(array.as_string_view()),
        DataType::Binary => bytes!(array.as_binary::<i32>()),
        DataType::LargeBinary => bytes!(array.as_binary::<i64>()),
        DataType::BinaryView => bytes!(array.as_binary_view()),
        _ => None,
    }
}

impl<S: CellSource> BulkColumn for Strings<'_, S> {
    fn measure(&mut self, rows: Range<usize>, lengths: &mut [usize]) -> bool {
        if !self.source.ready(rows.clone()) || !rows.clone().all(|row| self.fits(row)) {
            return false;
        }
        match self.form.is_fixed() {
            true => self.marks.measure(rows, lengths, |_| self.length),
            false => self.marks.measure(rows, lengths, |row| 2 + self.source.get(row).len()),
        }
        true
    }

    fn write(&self, rows: Range<usize>, places: &mut [usize], out: &mut [u8]) {
        let form = self.form;
        match form.is_fixed() {
            true => self.marks.write(rows, places, out, |row, place, out| {
                let end = *place + self.length;
                put(out, place, self.source.get(row));
                let rest = out.get_mut(*place..end).unwrap_or_default();
                match form.blank() {
                    [blank] => rest.fill(*blank),
                    blank => rest.iter_mut().zip(blank.iter().cycle()).for_each(|(to, from)| *to = *from),
                }
                *place = end;
            }),
            false => self.marks.write(rows, places, out, |row, place, out| {
                let value = self.source.get(row);
                let count = if let StringForm::Units = form { value.len() / 2 } else { value.len() };
                // At most 65,535, as measured.
                put(out, place, &(count as u16).to_be_bytes());
                put(out, place, value);
            }),
        }
    }
}

impl<S: CellSource> Strings<'_, S> {
    /// True for a value that surely fits, and for a NULL.
    fn fits(&self, row: usize) -> bool {
        self.form.takes(self.source.get(row).len(), self.length)
            || self.marks.nulls.is_some_and(|nulls| nulls.is_null(row))
    }
}

impl<T: ByteArrayType> CellSource for &GenericByteArray<T> {
    fn get(&self, row: usize) -> &[u8] {
        self.value(row).as_ref()
    }
}

impl<T: ByteViewType> CellSource for &GenericByteViewArray<T> {
    fn get(&self, row: usize) -> &[u8] {
        self.value(row).as_ref()
    }
}

/// In another page.
struct Encoded<F> {
    codec: Codec,
    text: F,
    buf: Vec<u8>,
    first: usize,
    ends: Vec<usize>,
}

impl<F> Encoded<F> {
    fn new(codec: Codec, text: F) -> Self {
        Encoded { codec, text, buf: Vec::new(), first: 0, ends: Vec::new() }
    }
}

impl<'a, F: Fn(usize) -> Option<&'a str>> CellSource for Encoded<F> {
    fn ready(&mut self, rows: Range<usize>) -> bool {
        self.buf.clear();
        self.ends.clear();
        self.ends.push(0);
        self.first = rows.start;
        rows.into_iter().all(|row| {
            let done = (self.text)(row).is_none_or(|text| self.codec.encode(text, &mut self.buf).is_ok());
            self.ends.push(self.buf.len());
            done
        })
    }

    fn get(&self, row: usize) -> &[u8] {
        match self.ends.get(row - self.first..) {
            Some([start, end, ..]) => self.buf.get(*start..*end).unwrap_or_default(),
            _ => &[],
        }
    }
}
