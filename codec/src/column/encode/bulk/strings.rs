//! Text and bytes, in any page.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, FixedSizeBinaryArray, GenericByteArray, GenericByteViewArray};
use arrow_buffer::ArrowNativeType;
use arrow_schema::DataType;

use super::super::string;
use super::encoded::Encoded;
use super::filled::{LONGEST, filled};
use super::string_form::{CellSource, StringForm};
use super::{BulkColumn, Marks, Target, put};
use crate::wire::value::field::Shape;

/// Text and bytes of any length.
struct Strings<S> {
    marks: Marks,
    source: S,
    /// The greatest length, or that of all.
    length: usize,
    form: StringForm,
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
        ($source:expr) => {{
            let source = $source;
            match (form, length) {
                (StringForm::Filled(_) | StringForm::Whole, ..=16) => filled::<_, 16>(marks, source, length, form),
                (StringForm::Filled(_) | StringForm::Whole, ..=32) => filled::<_, 32>(marks, source, length, form),
                (StringForm::Filled(_) | StringForm::Whole, ..=LONGEST) => {
                    filled::<_, LONGEST>(marks, source, length, form)
                }
                _ => Some(Box::new(Strings { marks, source, length, form })),
            }
        }};
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
            Some(width) => self.marks.measure_fixed(rows, lengths, width),
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

    fn with_tail(&self, row: usize) -> (usize, &[u8]) {
        match self.value_offsets().get(row..) {
            Some([start, end, ..]) => {
                let start = start.as_usize();
                (end.as_usize() - start, self.value_data().get(start..).unwrap_or_default())
            }
            _ => (0, &[]),
        }
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
