//! Memory that one reader leaves to the next.

use super::*;
use crate::column::batch_memory::BatchMemory;

const ROWS: usize = 20_000;

fn columns() -> [Field; 3] {
    let number = Field { order: ByteOrder::Big, ..field(Type::Integer, Shape::Fixed(4)) };
    [number, text(Shape::Fixed(12), 37), text(Shape::Var, 1208)]
}

/// Batches of so many rows, of which each value is made of `digit`.
fn batches(memory: &BatchMemory, digit: u8, rows: usize, count: usize, mut each: impl FnMut(usize, usize, ArrayRef)) {
    let options = Options { memory: memory.clone(), ..Options::default() };
    let fields = columns();
    let mut decoders: Vec<_> = fields.iter().enumerate().map(|(n, f)| decoder(f, n, &options).unwrap()).collect();
    let cells: [&[u8]; 3] = [&[digit; 4], &[0xF0 + digit; 12], &[[0, 12].as_slice(), &[b'0' + digit; 12]].concat()];
    for batch in 0..count {
        for (column, (decoder, cell)) in decoders.iter_mut().zip(cells).enumerate() {
            let buf = cell.repeat(1000);
            let offsets: Vec<u32> = (0..1000).map(|row| (row * cell.len()) as u32).collect();
            for first in (0..rows).step_by(1000) {
                let offsets = &offsets[..1000.min(rows - first)];
                decoder.append(&Cells { buf: &buf, offsets, lobs: &[], first_row: 1 + first as u64 }).unwrap();
            }
            each(batch, column, decoder.finish().unwrap());
        }
    }
}

fn check(column: usize, array: &ArrayRef, digit: u8, rows: usize) {
    assert_eq!(array.len(), rows);
    match column {
        0 => assert!(array.as_primitive::<Int32Type>().values().iter().all(|n| n.to_be_bytes() == [digit; 4])),
        _ => assert!(array.as_string::<i32>().iter().all(|v| v.unwrap().bytes().eq([b'0' + digit; 12]))),
    }
}

/// Where the buffers of an array lie.
fn places(array: &ArrayRef) -> Vec<usize> {
    array.to_data().buffers().iter().map(|buffer| buffer.as_ptr() as usize).collect()
}

#[test]
fn the_next_reader_fills_what_nobody_holds() {
    let memory = BatchMemory::default();
    let (mut before, mut after) = (Vec::new(), Vec::new());
    batches(&memory, 1, ROWS, 3, |_, _, array| before.extend(places(&array)));
    batches(&memory, 2, ROWS, 3, |_, column, array| {
        check(column, &array, 2, ROWS);
        after.extend(places(&array));
    });
    assert_eq!(after.len(), 15);
    assert!(after.iter().all(|place| before.contains(place)), "{before:?} {after:?}");
    // Another connection has its own.
    assert!(memory.watch().is_some());
    let mut elsewhere = Vec::new();
    batches(&BatchMemory::default(), 3, ROWS, 1, |_, _, array| elsewhere.extend(places(&array)));
    assert!(elsewhere.iter().all(|place| !before.contains(place)));
}

#[test]
fn what_is_held_is_never_written_over() {
    let memory = BatchMemory::default();
    let mut held: Vec<(u8, usize, usize, ArrayRef)> = Vec::new();
    for (digit, rows) in [(1, ROWS), (2, ROWS), (3, ROWS / 2), (4, ROWS), (5, 10), (6, ROWS)] {
        batches(&memory, digit, rows, 3, |batch, column, array| {
            // All of the first reader, and something of each other; what of one batch is a slice.
            if digit == 1 || batch == digit as usize % 3 {
                let part = if column == 1 { array.slice(rows / 2, rows / 4) } else { array };
                held.push((digit, column, part.len(), part));
            }
        });
        held.iter().for_each(|(digit, column, rows, array)| check(*column, array, *digit, *rows));
    }
    assert_eq!(held.len(), 9 + 5 * 3);
}

#[test]
fn few_values_do_not_hold_the_memory_of_many() {
    let memory = BatchMemory::default();
    batches(&memory, 1, ROWS, 1, |_, _, _| {});
    batches(&memory, 2, 100, 1, |_, column, array| {
        check(column, &array, 2, 100);
        assert!(array.get_buffer_memory_size() < 8 << 10, "{}", array.get_buffer_memory_size());
    });
}
