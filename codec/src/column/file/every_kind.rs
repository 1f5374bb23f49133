//! Every kind of array into every form of a field: the loops give what single values give, or the same fault.

use arrow_array::Array;
use proptest::prelude::*;

use super::encode::RecordEncoder;
use crate::column::encode::record_field::RecordFieldEncoder;
use crate::column::encode::rows::every_kind::{arrays, fields, seed};
use crate::wire::codec::instructions::{levels, with};
use crate::wire::codec::reader::ByteOrder;
use crate::wire::codec::writer::Writer;
use crate::wire::value::date_form::{DateForm, TimeForm};
use crate::wire::value::field::{Field, Shape};
use crate::wire::value::record_layout::{FieldForm, PlacedField, Stride};
use crate::wire::value::typdef::FloatForm;
use crate::wire::value::types::Type;

/// A field of each form of a record.
fn places(nullable: bool) -> Vec<PlacedField> {
    let page = |ty| if matches!(ty, Type::Text | Type::Date | Type::Time | Type::Timestamp) { 37 } else { 0 };
    let mut all: Vec<(Field, FieldForm)> = fields(ByteOrder::Big, FloatForm::Ieee, 37, nullable)
        .into_iter()
        .filter(|f| !matches!(f.ty, Type::TimestampTz | Type::NumericChar | Type::Boolean | Type::Date | Type::Time))
        // A record has no room beside a timestamp.
        .filter(|f| {
            f.ty != Type::Timestamp || f.shape == Shape::Fixed(if f.scale > 0 { 20 } else { 19 } + u32::from(f.scale))
        })
        .map(|f| (Field { ccsid: page(f.ty), ..f }, FieldForm::Plain))
        .collect();
    let fixed = |ty, n| Field { nullable, length: n, ccsid: page(ty), ..Field::new(ty, Shape::Fixed(n)) };
    for form in [
        DateForm::Iso,
        DateForm::Usa,
        DateForm::Eur,
        DateForm::Jis,
        DateForm::Ymd,
        DateForm::Dmy,
        DateForm::Mdy,
        DateForm::Jul,
    ] {
        for separator in [form.separator(), b','] {
            all.push((fixed(Type::Date, form.width()), FieldForm::Date(form, separator)));
        }
    }
    for form in [TimeForm::Iso, TimeForm::Usa, TimeForm::Jis, TimeForm::Hms] {
        all.push((fixed(Type::Time, 8), FieldForm::Time(form, form.separator())));
    }
    all.push((fixed(Type::Boolean, 1), FieldForm::Flag));
    for (width, scale) in [(2, 1), (4, 2), (8, 4)] {
        all.push((Field { scale, precision: 9, ..fixed(Type::Integer, width) }, FieldForm::Scaled));
    }
    let place = |(field, form): (Field, FieldForm)| {
        let own = match field.shape {
            Shape::Fixed(n) => n as usize,
            _ => field.length as usize + 2,
        };
        PlacedField { field, marks: 0..1, offset: 3, width: own, form, dds: '?', text: String::new() }
    };
    all.into_iter().map(place).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn records_hold_what_single_values_give(seeds in seed(), bits in 1..=64u32, level in 0..levels().len()) {
        for nullable in [true, false] {
            for place in places(nullable) {
                let end = place.offset + place.width;
                let stride = Stride { record: end, increment: end + 2, null_map: Some(end), rrn: None };
                for array in arrays(&seeds, bits) {
                    let single = RecordFieldEncoder::new(&place, 0).unwrap();
                    let mut expected = Vec::new();
                    let mut fault = None;
                    for row in 0..array.len() {
                        let mut w = Writer::new();
                        let mut slot = vec![0; end];
                        slot.extend([0xF0; 2]);
                        match single.encode(array.as_ref(), row, &mut w) {
                            Ok(present) => {
                                slot[place.offset..end].copy_from_slice(w.as_slice());
                                slot[end] = if present { 0xF0 } else { 0xF1 };
                            }
                            Err(e) => {
                                fault = Some(e.to_string());
                                break;
                            }
                        }
                        expected.extend(slot);
                    }
                    let mut out = Vec::new();
                    let encoder = RecordEncoder::new(std::slice::from_ref(&place)).unwrap();
                    let columns = [Some(array.clone())];
                    let done =
                        with(levels()[level].1, || encoder.encode(&columns, 0..array.len(), &stride, &mut out));
                    match fault {
                        None => {
                            prop_assert!(done.is_ok(), "{:?} {:?}", &place, done);
                            prop_assert_eq!(out, expected, "{:?} from {}", &place, array.data_type());
                        }
                        Some(fault) => {
                            prop_assert_eq!(done.map_err(|e| e.to_string()), Err(fault), "{:?}", &place);
                            prop_assert!(out.is_empty());
                        }
                    }
                }
            }
        }
    }
}
