//! Speed of every decoder.

use std::time::Instant;

use super::*;

/// Nanoseconds a value of each decoder: `cargo test --release -- --ignored --nocapture speed`.
#[test]
#[ignore = "a measurement"]
fn speed() {
    const ROWS: usize = 1024;
    let dec = |text: &str| {
        let mut out = Vec::new();
        let value = crate::wire::value::decimal::chars(text.as_bytes()).unwrap();
        crate::wire::value::decimal::put_packed(value, 15, &mut out).unwrap();
        out
    };
    let var = |text: &str| [&(text.len() as u16).to_be_bytes(), text.as_bytes()].concat();
    let int = field(Type::Integer, Shape::Fixed(4));
    let date = field(Type::Date, Shape::Fixed(10));
    let ch = text(Shape::Var, 1208);
    type Make<'a> = Box<dyn Fn(usize) -> Vec<u8> + 'a>;
    let line = "furiously express packages sleep quickly at";
    let columns: Vec<(&str, Field, usize, Make<'_>)> = vec![
        ("INTEGER", int.clone(), 4, Box::new(|i| (i as i32).to_be_bytes().to_vec())),
        ("DECIMAL(15,2)", packed(15, 2), 4, Box::new(move |i| dec(&(i * 7919).to_string()))),
        (
            "DATE",
            date.clone(),
            3,
            Box::new(|i| format!("19{:02}-{:02}-{:02}", i % 100, i % 12 + 1, i % 28 + 1).into_bytes()),
        ),
        ("CHAR(1)", ch.clone(), 2, Box::new(move |i| var(if i % 3 == 0 { "A" } else { "N" }))),
        ("VARCHAR(10)", ch.clone(), 1, Box::new(move |i| var(&line[..4 + i % 7]))),
        ("VARCHAR(25)", ch.clone(), 1, Box::new(move |i| var(&line[..10 + i * 7 % 16]))),
        ("VARCHAR(44)", ch.clone(), 1, Box::new(move |i| var(&line[..10 + i * 31 % 33]))),
        ("DECIMAL(31,2)", packed(31, 2), 0, Box::new(move |_| [[0x12; 15].as_slice(), &[0x3D]].concat())),
        (
            "NUMERIC(15,2)",
            Field { precision: 15, ..field(Type::Zoned, Shape::Fixed(15)) },
            0,
            Box::new(|_| vec![0xF1; 15]),
        ),
        (
            "TIMESTAMP(6)",
            field(Type::Timestamp, Shape::Fixed(26)),
            0,
            Box::new(|i| format!("2024-02-{:02}-01.02.03.{:06}", i % 28 + 1, i).into_bytes()),
        ),
        ("TIME", field(Type::Time, Shape::Fixed(8)), 0, Box::new(|i| format!("12.34.{:02}", i % 60).into_bytes())),
        ("DOUBLE", field(Type::Float, Shape::Fixed(8)), 0, Box::new(|i| (i as f64).to_be_bytes().to_vec())),
        (
            "DECFLOAT(16)",
            field(Type::DecFloat, Shape::Fixed(8)),
            0,
            Box::new(|i| (0x2238_0000_0000_0000 + i as u64 % 9).to_be_bytes().to_vec()),
        ),
        ("DATE EBCDIC", date, 0, Box::new(|_| vec![0xF2, 0xF0, 0xF2, 0xF4, 0x60, 0xF0, 0xF2, 0x60, 0xF0, 0xF9])),
        ("CHAR(20) CCSID 500", text(Shape::Fixed(20), 500), 0, Box::new(|_| vec![0xC1; 20])),
    ];
    let mut total = 0.0;
    let mut wire = 0;
    for (name, field, times, make) in &columns {
        // Cells stand 157 bytes apart, as in a row.
        let mut buf = vec![0; 157 * (ROWS + 1)];
        let mut offsets = Vec::new();
        for i in 0..ROWS {
            let cell = make(i);
            let at = i * 157 + 11;
            buf[at..at + cell.len()].copy_from_slice(&cell);
            offsets.push(at as u32);
            if i == 0 {
                wire += times * (cell.len() + 1);
            }
        }
        let cells = Cells { buf: &buf, offsets: &offsets, lobs: &[], first_row: 1 };
        let mut decoder = decoder(field, 0, &Options::default()).unwrap();
        let mut best = f64::MAX;
        for _ in 0..20 {
            let start = Instant::now();
            for _ in 0..16 {
                decoder.append(&cells).unwrap();
            }
            std::hint::black_box(decoder.finish().unwrap());
            best = best.min(start.elapsed().as_nanos() as f64 / (16 * ROWS) as f64);
        }
        println!("{name:20} {best:6.2} ns a value");
        total += best * *times as f64;
    }
    println!("a row of 16 columns  {total:6.1} ns, about {wire} bytes of values");
}
