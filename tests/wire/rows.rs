//! Random fields, random rows, written by a simple encoder and cut into random blocks: the same
//! cells come out, whatever the cuts.

use bytes::Bytes;
use drdarrow::flow::error::FlowError;
use drdarrow::flow::sql::rows::{Event, QueryBlock, RowAssembler};
use drdarrow::wire::fdoca::lid;
use drdarrow::wire::fdoca::row::Offsets;
use drdarrow::wire::value::cell::{Lob, NULL};
use drdarrow::wire::value::field::{Field, Shape};
use drdarrow::wire::value::typdef::TypDef;
use proptest::prelude::*;

/// Type ids with their length bytes, one of every shape.
const TYPES: [(u8, [u8; 2]); 10] = [
    (0x02, [0, 4]),
    (0x16, [0, 8]),
    (0x0A, [0, 8]),
    (0x0E, [9, 2]),
    (0x32, [0, 40]),
    (0x30, [0, 5]),
    (0x38, [0, 20]),
    (0x46, [0, 30]),
    (0x2E, [0, 12]),
    (0xC8, [0x80, 4]),
];

/// A row: each value's bytes, without lengths; none for NULL.
type Row = Vec<Option<Vec<u8>>>;

fn value(field: &Field) -> BoxedStrategy<Option<Vec<u8>>> {
    let sized = |len: std::ops::Range<usize>| prop::collection::vec(any::<u8>(), len).boxed();
    let bytes = match field.shape {
        Shape::Fixed(n) => sized(n as usize..n as usize + 1),
        Shape::Var | Shape::Pascal => sized(0..31),
        Shape::VarChars => sized(0..10).prop_map(|half| half.repeat(2)).boxed(),
        Shape::NulTerminated => prop::collection::vec(1u8.., 0..12).boxed(),
        Shape::Lob(_) => sized(0..300),
    };
    if field.nullable { prop::option::weighted(0.8, bytes).boxed() } else { bytes.prop_map(Some).boxed() }
}

fn table() -> impl Strategy<Value = (Vec<Field>, Vec<Row>)> {
    prop::collection::vec((0..TYPES.len(), any::<bool>()), 1..7).prop_flat_map(|choice| {
        let fields: Vec<Field> = choice
            .iter()
            .map(|(i, nullable)| {
                let (id, size) = TYPES[*i];
                lid::field(id | u8::from(*nullable), size, &TypDef::OURS, 0).unwrap()
            })
            .collect();
        let row: Vec<_> = fields.iter().map(value).collect();
        (Just(fields), prop::collection::vec(row, 0..40))
    })
}

/// One row as a server writes it, and the large objects after it.
fn write(fields: &[Field], row: &Row, out: &mut Vec<u8>) -> Vec<Bytes> {
    let mut lobs = Vec::new();
    out.extend([0xFF, 0x00]);
    for (field, value) in fields.iter().zip(row) {
        if field.nullable {
            out.push(if value.is_some() { 0 } else { 0xFF });
        }
        let Some(value) = value else { continue };
        match field.shape {
            Shape::Fixed(_) => {}
            Shape::Var => out.extend((value.len() as u16).to_be_bytes()),
            Shape::VarChars => out.extend((value.len() as u16 / 2).to_be_bytes()),
            Shape::Pascal => out.push(value.len() as u8),
            Shape::NulTerminated => {}
            Shape::Lob(n) => {
                let len = (value.len() as u64).to_be_bytes();
                out.extend(&len[8 - usize::from(n)..]);
                if !value.is_empty() {
                    let indicator: &[u8] = if field.nullable { &[0] } else { &[] };
                    lobs.push(Bytes::from([indicator, value].concat()));
                }
                continue;
            }
        }
        out.extend(value);
        if field.shape == Shape::NulTerminated {
            out.push(0);
        }
    }
    lobs
}

/// The value at an offset, by the shape alone.
fn cell(field: &Field, buf: &[u8], at: usize) -> Vec<u8> {
    let rest = &buf[at..];
    let count = |n: usize| usize::from(u16::from_be_bytes([rest[0], rest[1]])) * n;
    match field.shape {
        Shape::Fixed(n) => rest[..n as usize].to_vec(),
        Shape::Var => rest[2..2 + count(1)].to_vec(),
        Shape::VarChars => rest[2..2 + count(2)].to_vec(),
        Shape::Pascal => rest[1..1 + usize::from(rest[0])].to_vec(),
        Shape::NulTerminated => rest.split(|b| *b == 0).next().unwrap().to_vec(),
        Shape::Lob(_) => Vec::new(),
    }
}

/// Reads all rows of the blocks.
fn read(fields: &[Field], blocks: Vec<QueryBlock>, limit: usize) -> Vec<Row> {
    let mut rows = RowAssembler::new(fields, 7, TypDef::OURS);
    let mut offsets = Offsets::new(fields.len());
    let mut blocks = blocks.into_iter();
    let mut out = Vec::new();
    loop {
        match rows.next(limit, &mut offsets).unwrap() {
            Event::Rows(chunk) => {
                assert_eq!(chunk.first_row, out.len() as u64 + 1);
                for r in 0..offsets.rows() {
                    let row = fields.iter().enumerate().map(|(c, field)| {
                        let at = offsets.column(c)[r];
                        if matches!(field.shape, Shape::Lob(_)) {
                            let (_, lobs) = chunk.lobs.iter().find(|(column, _)| *column == c).unwrap();
                            return match &lobs[r] {
                                Lob::Null => None,
                                Lob::Value(v) => Some(v.to_vec()),
                            };
                        }
                        (at != NULL).then(|| cell(field, &chunk.buf, at as usize))
                    });
                    out.push(row.collect());
                }
            }
            Event::NeedBlock => match blocks.next() {
                Some(block) => rows.push(block),
                None => rows.close(),
            },
            Event::Warning(warning) => panic!("{warning:?}"),
            Event::End => return out,
        }
    }
}

/// A number and a CLOB, which may be NULL; each row has its own number and an object of so many bytes.
fn objects(lengths: &[Option<usize>]) -> (Vec<Field>, Vec<Row>, QueryBlock) {
    let fields = [(0x02, [0, 4]), (0xC9, [0x80, 4])].map(|(id, size)| lid::field(id, size, &TypDef::OURS, 0).unwrap());
    let row = |(n, len): (usize, &Option<usize>)| {
        vec![Some((n as u32).to_le_bytes().to_vec()), len.map(|len| vec![n as u8; len])]
    };
    let table: Vec<Row> = lengths.iter().enumerate().map(row).collect();
    let (mut data, mut lobs) = (Vec::new(), Vec::new());
    for row in &table {
        lobs.extend(write(&fields, row, &mut data));
    }
    (fields.to_vec(), table, QueryBlock { rows: data.into(), lobs })
}

#[test]
fn rows_with_large_objects_come_together_but_not_too_many_bytes() {
    let lengths: Vec<Option<usize>> =
        (0..600).map(|n| [None, Some(0), Some(7), Some(40_000)][n * n / 90 % 4]).collect();
    let (fields, table, block) = objects(&lengths);
    assert_eq!(read(&fields, vec![block], 1000), table);
    let (fields, _, block) = objects(&[None; 500]);
    let mut rows = RowAssembler::new(&fields, 7, TypDef::OURS);
    rows.push(block);
    let mut offsets = Offsets::new(2);
    assert!(matches!(rows.next(1000, &mut offsets), Ok(Event::Rows(_))));
    assert_eq!(offsets.rows(), 500);
    // No more than one of these fits what is handed out together.
    let (fields, _, block) = objects(&[Some(100_000); 20]);
    let mut rows = RowAssembler::new(&fields, 7, TypDef::OURS);
    rows.push(block);
    for row in 1..=20 {
        assert!(matches!(rows.next(1000, &mut offsets), Ok(Event::Rows(chunk)) if chunk.first_row == row));
        assert_eq!(offsets.rows(), 1);
    }
}

#[test]
fn rows_in_front_of_a_wrong_large_object_come_first() {
    for wrong in [0, 1, 7, 19] {
        for fault in 0..3 {
            let mut lengths = [Some(5); 20];
            lengths[3] = None;
            lengths[wrong] = Some(9);
            let (fields, table, mut block) = objects(&lengths);
            let place = lengths[..wrong].iter().flatten().count();
            match fault {
                // Shorter than its row says; longer than allowed; not there, nor those after it.
                0 => block.lobs[place] = Bytes::from_static(&[0, 1]),
                1 => {}
                _ => block.lobs.truncate(place),
            }
            let mut rows = RowAssembler::new(&fields, 7, TypDef::OURS).with_lob_limit(if fault == 1 { 8 } else { 100 });
            rows.push(block);
            rows.close();
            let (mut offsets, mut seen) = (Offsets::new(2), 0);
            let error = loop {
                match rows.next(1000, &mut offsets) {
                    Ok(Event::Rows(chunk)) => {
                        for r in 0..offsets.rows() {
                            let value = match &chunk.lobs[0].1[r] {
                                Lob::Null => None,
                                Lob::Value(value) => Some(value.to_vec()),
                            };
                            assert_eq!(value, table[seen][1]);
                            seen += 1;
                        }
                        assert_eq!(chunk.lobs[0].1.len(), offsets.rows());
                    }
                    Ok(other) => panic!("{other:?}"),
                    Err(error) => break error,
                }
            };
            assert_eq!(seen, wrong, "{error}");
            let (row, limit) = match error {
                FlowError::Lob { row, .. } => (row, false),
                FlowError::LobLimit { row, .. } => (row, true),
                other => panic!("{other}"),
            };
            assert_eq!((row, limit), (wrong as u64 + 1, fault == 1));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_cut_gives_the_same_cells(
        (fields, table) in table(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        limit in 1usize..50,
    ) {
        let mut data = Vec::new();
        // Where each row ends, and its large objects.
        let mut ends = Vec::new();
        for row in &table {
            let lobs = write(&fields, row, &mut data);
            ends.push((data.len(), lobs));
        }
        let mut at: Vec<usize> = cuts.iter().map(|c| c.index(data.len() + 1)).collect();
        at.extend([0, data.len()]);
        at.sort_unstable();
        // The large objects travel with the block that brings the end of their row.
        let mut ends = ends.into_iter().peekable();
        let mut blocks = Vec::new();
        for pair in at.windows(2) {
            let mut lobs = Vec::new();
            while let Some((_, more)) = ends.next_if(|(end, _)| *end <= pair[1]) {
                lobs.extend(more);
            }
            blocks.push(QueryBlock { rows: Bytes::copy_from_slice(&data[pair[0]..pair[1]]), lobs });
        }
        prop_assert_eq!(read(&fields, blocks, limit), table);
    }

    #[test]
    fn any_bytes_are_an_error_or_rows(
        (fields, _) in table(),
        bytes in prop::collection::vec(prop_oneof![Just(0u8), Just(0xFFu8), any::<u8>()], 0..400),
    ) {
        let mut rows = RowAssembler::new(&fields, 7, TypDef::OURS);
        let mut offsets = Offsets::new(fields.len());
        rows.push(QueryBlock { rows: bytes.into(), lobs: Vec::new() });
        rows.close();
        for _ in 0..500 {
            match rows.next(100, &mut offsets) {
                Err(_) | Ok(Event::End) => return Ok(()),
                Ok(_) => {}
            }
        }
        prop_assert!(false, "no end");
    }
}
