//! Text and bytes, in any page.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, FixedSizeBinaryArray, GenericByteArray, GenericByteViewArray};
use arrow_schema::DataType;

use super::super::string;
use super::{BulkColumn, Marks, Target, put};
use crate::wire::ccsid::codec::Codec;
use crate::wire::value::field::Shape;

/// Text and bytes of any length.
struct Strings<S> {
    marks: Marks,
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
    /// Its number of bytes in front, and filled to a cell of so many bytes.
    FilledBytes(usize, [u8; 1]),
}

impl StringForm {
    /// True if the value surely fits.
    fn takes(self, len: usize, length: usize) -> bool {
        len <= length
            && match self {
                StringForm::Filled(_) | StringForm::Bytes => true,
                StringForm::FilledBytes(width, _) => 2 + len <= width,
                StringForm::FilledWide(_) => (length - len).is_multiple_of(2),
                StringForm::Whole => len == length,
                StringForm::Units => len.is_multiple_of(2),
            }
    }

    /// Blanks.
    fn blank(&self) -> &[u8] {
        match self {
            StringForm::Filled(blank) | StringForm::FilledBytes(_, blank) => blank,
            StringForm::FilledWide(blank) => blank,
            _ => &[],
        }
    }

    /// Bytes of a cell, where they are the same for all.
    fn width(self, length: usize) -> Option<usize> {
        match self {
            StringForm::Bytes | StringForm::Units => None,
            StringForm::FilledBytes(width, _) => Some(width),
            _ => Some(length),
        }
    }

    /// The length that stands in front of a value; it is at most 65,535, as measured.
    fn count(self, len: usize) -> Option<[u8; 2]> {
        match self {
            StringForm::Bytes | StringForm::FilledBytes(..) => Some((len as u16).to_be_bytes()),
            StringForm::Units => Some(((len / 2) as u16).to_be_bytes()),
            _ => None,
        }
    }
}

/// Where the bytes of a cell are found.
trait CellSource: Send {
    /// Makes ready the rows to be asked for; false when one of them cannot be.
    fn ready(&mut self, _: Range<usize>) -> bool {
        true
    }
    fn get(&self, row: usize) -> &[u8];
}

/// A column of text or bytes.
pub(super) fn column(target: Target<'_>, marks: Marks, array: &dyn Array) -> Option<Box<dyn BulkColumn>> {
    let (field, codec) = (target.field, target.codec);
    let (length, form) = match field.shape {
        Shape::Fixed(n) => {
            let form = match *target.padding {
                [] => StringForm::Whole,
                [blank] => StringForm::Filled([blank]),
                [first, second] => StringForm::FilledWide([first, second]),
                _ => return None,
            };
            (n as usize, form)
        }
        Shape::VarChars if target.filled == 0 => (string::limit(field, 65_535) * 2, StringForm::Units),
        Shape::Var if target.filled == 0 => (string::limit(field, 65_535), StringForm::Bytes),
        Shape::Var => match *target.padding {
            [blank] => (string::limit(field, 65_535), StringForm::FilledBytes(target.filled, [blank])),
            _ => return None,
        },
        _ => return None,
    };
    macro_rules! bulk {
        ($source:expr) => {
            Some(Box::new(Strings { marks, source: $source, length, form }))
        };
    }
    macro_rules! text {
        ($array:expr) => {{
            let array = $array.clone();
            match codec {
                Some(codec) if codec.is_utf8() => bulk!(array),
                Some(codec) => bulk!(Encoded::new(codec, array)),
                None => None,
            }
        }};
    }
    macro_rules! bytes {
        ($array:expr) => {
            if codec.is_none() { bulk!($array.clone()) } else { None }
        };
    }
    match array.data_type() {
        DataType::Utf8 => text!(array.as_string::<i32>()),
        DataType::LargeUtf8 => text!(array.as_string::<i64>()),
        DataType::Utf8View => text!(array.as_string_view()),
        DataType::Binary => bytes!(array.as_binary::<i32>()),
        DataType::LargeBinary => bytes!(array.as_binary::<i64>()),
        DataType::BinaryView => bytes!(array.as_binary_view()),
        DataType::FixedSizeBinary(_) => bytes!(array.as_fixed_size_binary()),
        _ => None,
    }
}

impl<S: CellSource> BulkColumn for Strings<S> {
    fn measure(&mut self, rows: Range<usize>, lengths: &mut [usize]) -> bool {
        if !self.source.ready(rows.clone()) || !rows.clone().all(|row| self.fits(row)) {
            return false;
        }
        match self.form.width(self.length) {
            Some(width) => self.marks.measure(rows, lengths, |_| width),
            None => self.marks.measure(rows, lengths, |row| 2 + self.source.get(row).len()),
        }
        true
    }

    fn write(&self, rows: Range<usize>, places: &mut [usize], out: &mut [u8]) {
        let form = self.form;
        match form.width(self.length) {
            Some(width) => self.marks.write(rows, places, out, |row, place, out| {
                let end = *place + width;
                let value = self.source.get(row);
                if let Some(count) = form.count(value.len()) {
                    put(out, place, &count);
                }
                put(out, place, value);
                let rest = out.get_mut(*place..end).unwrap_or_default();
                match form.blank() {
                    [blank] => rest.fill(*blank),
                    blank => rest.iter_mut().zip(blank.iter().cycle()).for_each(|(to, from)| *to = *from),
                }
                *place = end;
            }),
            None => self.marks.write(rows, places, out, |row, place, out| {
                let value = self.source.get(row);
                put(out, place, &form.count(value.len()).unwrap_or_default());
                put(out, place, value);
            }),
        }
    }
}

impl<S: CellSource> Strings<S> {
    /// True for a value that surely fits, and for a NULL, whose place in the array may hold anything.
    fn fits(&self, row: usize) -> bool {
        self.marks.is_null(row) || self.form.takes(self.source.get(row).len(), self.length)
    }
}

impl<T: ByteArrayType> CellSource for GenericByteArray<T> {
    fn get(&self, row: usize) -> &[u8] {
        self.value(row).as_ref()
    }
}

impl<T: ByteViewType> CellSource for GenericByteViewArray<T> {
    fn get(&self, row: usize) -> &[u8] {
        self.value(row).as_ref()
    }
}

impl CellSource for FixedSizeBinaryArray {
    fn get(&self, row: usize) -> &[u8] {
        self.value(row)
    }
}

/// An array of text.
trait Texts: Send {
    /// `None` for a NULL.
    fn text(&self, row: usize) -> Option<&str>;
}

impl<T: ByteArrayType<Native = str>> Texts for GenericByteArray<T> {
    fn text(&self, row: usize) -> Option<&str> {
        (!self.is_null(row)).then(|| self.value(row))
    }
}

impl<T: ByteViewType<Native = str>> Texts for GenericByteViewArray<T> {
    fn text(&self, row: usize) -> Option<&str> {
        (!self.is_null(row)).then(|| self.value(row))
    }
}

/// In another page.
struct Encoded<A> {
    codec: Codec,
    array: A,
    buf: Vec<u8>,
    first: usize,
    ends: Vec<usize>,
}

impl<A> Encoded<A> {
    fn new(codec: Codec, array: A) -> Self {
        Encoded { codec, array, buf: Vec::new(), first: 0, ends: Vec::new() }
    }
}

impl<A: Texts> CellSource for Encoded<A> {
    fn ready(&mut self, rows: Range<usize>) -> bool {
        self.buf.clear();
        self.ends.clear();
        self.ends.push(0);
        self.first = rows.start;
        rows.into_iter().all(|row| {
            let done = self.array.text(row).is_none_or(|text| self.codec.encode(text, &mut self.buf).is_ok());
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
