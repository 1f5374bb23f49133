//! Batches of any record format to slots and back, and slots of any bytes: a batch or an error.

use std::sync::Arc;

use arrow_array::*;
use arrow_schema::{DataType, TimeUnit};
use proptest::prelude::*;

use drdarrow::column::file::decode::RecordDecoder;
use drdarrow::column::file::encode::RecordEncoder;
use drdarrow::column::file::options::{OnError, RecordOptions};
use drdarrow::wire::file::buffer::Slots;
use drdarrow::wire::file::format::{DdsType, RecordField, RecordFormat};

fn field(name: &str, dds: DdsType, length: u32) -> RecordField {
    RecordField { name: name.into(), dds, length, ccsid: 37, ..RecordField::default() }
}

fn digits(name: &str, dds: DdsType, length: u32, digits: u8, decimals: u8) -> RecordField {
    RecordField { digits, decimals, ccsid: 65535, ..field(name, dds, length) }
}

fn varying(name: &str, dds: DdsType, length: u32) -> RecordField {
    RecordField { varying: true, ..field(name, dds, length) }
}

/// Lays the fields out one after the other, each with a name of its own.
fn format(mut fields: Vec<RecordField>) -> RecordFormat {
    let mut length = 0;
    for (n, field) in fields.iter_mut().enumerate() {
        field.name = format!("F{n}");
        field.offset = length;
        length += field.length;
    }
    RecordFormat { name: "R".into(), length, fields, ..RecordFormat::default() }
}

/// A field of any type.
fn any_field() -> impl Strategy<Value = RecordField> {
    let decimal = |dds, max: u8| {
        (1..=max, 0..=9u8).prop_map(move |(p, s)| {
            let length = if dds == DdsType::PACKED { u32::from(p) / 2 + 1 } else { u32::from(p) };
            digits("F", dds, length, p, s.min(p))
        })
    };
    let forms = |dds, words: &'static [(&'static str, u32)]| {
        prop::sample::select(words).prop_map(move |(word, n)| RecordField { format: word.into(), ..field("F", dds, n) })
    };
    let kind = prop_oneof![
        decimal(DdsType::PACKED, 40),
        decimal(DdsType::ZONED, 40),
        (prop::sample::select(&[2u32, 4, 8][..]), 0..=4u8).prop_map(|(n, s)| digits("F", DdsType::BINARY, n, 4, s)),
        prop::sample::select(&[4u32, 8][..]).prop_map(|n| digits("F", DdsType::FLOAT, n, 9, 0)),
        (1..20u32).prop_map(|n| field("F", DdsType::CHARACTER, n)),
        (3..20u32).prop_map(|n| varying("F", DdsType::CHARACTER, n)),
        (1..9u32).prop_map(|n| RecordField { ccsid: 13488, ..field("F", DdsType::GRAPHIC, 2 * n) }),
        (1..9u32).prop_map(|n| RecordField { ccsid: 1200, ..varying("F", DdsType::GRAPHIC, 2 * n + 2) }),
        (1..9u32).prop_map(|n| RecordField { ccsid: 939, ..field("F", DdsType::ONLY, 2 * n + 2) }),
        (2..9u32).prop_map(|n| RecordField { ccsid: 939, ..field("F", DdsType::EITHER, 2 * n + 2) }),
        (1..9u32).prop_map(|n| field("F", DdsType::HEX, n)),
        (3..9u32).prop_map(|n| varying("F", DdsType::BYTES, n)),
        Just(field("F", DdsType::BOOLEAN, 1)),
        Just(field("F", DdsType::TIMESTAMP, 26)),
        forms(
            DdsType::DATE,
            &[("*ISO", 10), ("*USA", 10), ("*EUR", 10), ("*YMD", 8), ("*DMY", 8), ("*MDY", 8), ("*JUL", 6)]
        ),
        forms(DdsType::TIME, &[("*ISO", 8), ("*HMS", 8), ("*JIS", 8), ("*EUR", 8)]),
    ];
    (kind, any::<bool>(), prop::option::of(prop::sample::select(&[' ', ',', '-'][..])))
        .prop_map(|(f, nullable, separator)| RecordField { nullable, separator, ..f })
}

/// A column that fits the field, from seeds.
fn column(field: &RecordField, data_type: &DataType, seeds: &[Option<u64>]) -> ArrayRef {
    let seeds: Vec<Option<u64>> = seeds.iter().map(|s| if field.nullable { *s } else { s.or(Some(7)) }).collect();
    let room = if field.varying { field.length - 2 } else { field.length } as usize;
    let word = |seed: u64| -> String {
        match field.dds {
            DdsType::ONLY => "日本語表計算漢字".chars().take(seed as usize % (room / 2)).collect::<String>(),
            DdsType::GRAPHIC => "Grün漢字!xyz".chars().cycle().take(seed as usize % (room / 2 + 1)).collect(),
            // Japanese pages have no umlauts.
            DdsType::EITHER => "Zurich & Co".chars().cycle().take(seed as usize % (room + 1)).collect(),
            _ => "Zürich & Co".chars().cycle().take(seed as usize % (room + 1)).collect(),
        }
    };
    // Fixed fields come back padded.
    let padded = |seed: u64| {
        let (mut s, wide) = (word(seed), field.dds == DdsType::ONLY);
        let unit = if wide || field.dds == DdsType::GRAPHIC { 2 } else { 1 };
        let full = room / unit - usize::from(wide);
        if !field.varying {
            let missing = full - s.chars().count();
            s.extend(std::iter::repeat_n(if wide { '\u{3000}' } else { ' ' }, missing));
        }
        s
    };
    let bytes = |seed: u64| {
        let mut out: Vec<u8> = seed.to_be_bytes().iter().copied().cycle().take(seed as usize % (room + 1)).collect();
        if !field.varying {
            out.resize(room, 0);
        }
        out
    };
    let number = |seed: u64, p: u8| {
        (i128::from(seed) * i128::from(seed) % 10i128.pow(u32::from(p.min(36)))) * [1, -1][seed as usize % 2]
    };
    match data_type {
        DataType::Decimal128(p, s) => {
            let limit = match (field.dds, field.length) {
                (DdsType::BINARY, 2) => 4,
                (DdsType::BINARY, 4) => 9,
                (DdsType::BINARY, _) => 18,
                _ => *p,
            };
            let values = seeds.iter().map(|x| x.map(|x| number(x, limit)));
            Arc::new(values.collect::<Decimal128Array>().with_precision_and_scale(*p, *s).unwrap())
        }
        DataType::Decimal256(p, s) => {
            let values = seeds.iter().map(|x| x.map(|x| arrow_buffer::i256::from_i128(number(x, *p))));
            Arc::new(values.collect::<Decimal256Array>().with_precision_and_scale(*p, *s).unwrap())
        }
        DataType::Int16 => Arc::new(seeds.iter().map(|x| x.map(|x| x as i16)).collect::<Int16Array>()),
        DataType::Int32 => Arc::new(seeds.iter().map(|x| x.map(|x| x as i32)).collect::<Int32Array>()),
        DataType::Int64 => Arc::new(seeds.iter().map(|x| x.map(|x| x as i64)).collect::<Int64Array>()),
        DataType::Float32 => Arc::new(seeds.iter().map(|x| x.map(|x| x as f32)).collect::<Float32Array>()),
        DataType::Float64 => Arc::new(seeds.iter().map(|x| x.map(|x| x as f64)).collect::<Float64Array>()),
        DataType::Boolean => Arc::new(seeds.iter().map(|x| x.map(|x| x % 2 == 0)).collect::<BooleanArray>()),
        DataType::Utf8 => Arc::new(seeds.iter().map(|x| x.map(padded)).collect::<StringArray>()),
        DataType::Binary => Arc::new(seeds.iter().map(|x| x.map(bytes)).collect::<BinaryArray>()),
        // 1950 to 2030.
        DataType::Date32 => {
            Arc::new(seeds.iter().map(|x| x.map(|x| (x % 29_000) as i32 - 7_000)).collect::<Date32Array>())
        }
        DataType::Time32(_) => {
            Arc::new(seeds.iter().map(|x| x.map(|x| (x % 86_400) as i32)).collect::<Time32SecondArray>())
        }
        DataType::Timestamp(TimeUnit::Microsecond, None) => {
            let stamp = |x: u64| (x % 4_000_000_000_000_000) as i64 - 1_000_000_000_000_000;
            Arc::new(seeds.iter().map(|x| x.map(stamp)).collect::<TimestampMicrosecondArray>())
        }
        other => panic!("{other}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn batches_survive_any_format(
        fields in prop::collection::vec(any_field(), 1..9),
        seeds in prop::collection::vec(prop::option::weighted(0.9, 0..u64::MAX / 2), 0..12),
    ) {
        let format = format(fields);
        let (places, layout) = (format.placed(), format.layout());
        let mut decoder = RecordDecoder::new(&places, &RecordOptions::default()).unwrap();
        let schema = decoder.schema();
        let columns: Vec<Option<ArrayRef>> = format
            .fields
            .iter()
            .zip(schema.fields())
            .map(|(field, arrow)| Some(column(field, arrow.data_type(), &seeds)))
            .collect();
        let mut out = Vec::new();
        let encoder = RecordEncoder::new(&places).unwrap();
        encoder.encode(&columns, 0..seeds.len(), &layout.stride_sent(), &mut out).unwrap();
        let slots = Slots::sent(&out, layout).unwrap();
        prop_assert_eq!(slots.len(), seeds.len());
        decoder.append(slots.bytes(), &slots.stride(), slots.len()).unwrap();
        let batch = decoder.finish().unwrap();
        for (given, got) in columns.iter().flatten().zip(batch.columns()) {
            prop_assert_eq!(given, got);
        }
    }

    #[test]
    fn any_slots_are_a_batch_or_an_error(
        fields in prop::collection::vec(any_field(), 1..6),
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        policy in prop::sample::select(&[OnError::Raise, OnError::Null, OnError::Raw][..]),
    ) {
        let format = format(fields);
        let layout = format.layout();
        let count = bytes.len() / layout.increment;
        let slots = Slots::received(&bytes, layout, count).unwrap();
        let options = RecordOptions { on_error: policy, ..RecordOptions::default() };
        let mut decoder = RecordDecoder::new(&format.placed(), &options).unwrap();
        if decoder.append(slots.bytes(), &slots.stride(), count).is_ok() && let Ok(batch) = decoder.finish() {
            prop_assert_eq!(batch.num_rows(), count);
        }
    }
}
