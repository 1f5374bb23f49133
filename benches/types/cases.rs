//! The columns of numbers, bits, dates and times.

use crate::column::Case;
use crate::environment::Environment;
use crate::values::{self, booleans, dates, decimals, mostly_good, primitive, stamps, texts};
use arrow_array::ArrayRef;
use arrow_array::types::*;
use arrow_schema::TimeUnit;
use drdarrow::column::encode::ColumnEncoder;
use drdarrow::column::options::{BadValues, DecFloatAs, EndOfTime, Excess, Options, WideDecimalAs};
use drdarrow::wire::codec::writer::Writer;
use drdarrow::wire::value::field::{Field, Shape};
use drdarrow::wire::value::types::{Type, TypeId};
use std::sync::Arc;

/// A batch of numbers takes one to three milliseconds.
pub(crate) const VALUES: usize = 65_536;

/// Collects the columns of an environment.
#[derive(Default)]
pub(crate) struct Cases {
    all: Vec<Case>,
}

impl Cases {
    pub(crate) fn done(self) -> Vec<Case> {
        self.all
    }

    /// A column with default options, which may be changed.
    pub(crate) fn add(
        &mut self,
        name: impl Into<String>,
        field: Field,
        make: impl Fn(usize) -> ArrayRef + 'static,
    ) -> &mut Case {
        let options = Options::default();
        self.all.push(Case { name: name.into(), field, written: None, options, values: VALUES, make: Box::new(make) });
        let last = self.all.len() - 1;
        &mut self.all[last]
    }

    /// The same values with one in a thousand that means nothing, to be read as NULL.
    fn add_mostly_good(&mut self, name: &str, field: Field, make: impl Fn(usize) -> ArrayRef + 'static) {
        let Shape::Fixed(width) = field.shape else { return };
        let filled = Field { nullable: false, ..field.clone() };
        let cells = move |n: usize| {
            let array = make(n);
            let mut w = Writer::new();
            if let Ok(encoder) = ColumnEncoder::new(&filled, 0) {
                for row in 0..n {
                    let _ = encoder.encode(array.as_ref(), row, &mut w);
                }
            }
            mostly_good(w.as_slice(), width as usize)
        };
        let written = Field { ty: Type::Binary, lid: TypeId::BINARY, ccsid: 0, ..field.clone() };
        let case = self.add(format!("{name} 0.1% bad to NULL"), field, cells);
        case.written = Some(written);
        case.options.bad_values = BadValues::Null;
    }
}

fn fixed(env: &Environment, ty: Type, width: u32) -> Field {
    Field { length: width, ..env.field(ty, Shape::Fixed(width)) }
}

pub(crate) fn integer(env: &Environment, width: u32) -> Field {
    fixed(env, Type::Integer, width)
}

/// DECIMAL and its kin, of the width that the digits take.
pub(crate) fn decimal(env: &Environment, ty: Type, precision: u8, scale: u8) -> Field {
    let width = match ty {
        Type::Packed => u32::from(precision) / 2 + 1,
        Type::Zoned => precision.into(),
        _ => u32::from(precision) + 1,
    };
    Field { precision, scale, ..fixed(env, ty, width) }
}

pub(crate) fn numbers(env: &Environment) -> Vec<Case> {
    let mut cases = Cases::default();
    let not_null = Field { nullable: false, ..integer(env, 4) };
    let int32 = |nulls| move |n| Arc::new(primitive::<Int32Type>(n, nulls, |r| r.next() as i32)) as ArrayRef;
    cases.add("INTEGER NOT NULL", not_null, int32(0));
    for nulls in [0, 10, 50] {
        cases.add(format!("INTEGER {nulls}%"), integer(env, 4), int32(nulls));
    }
    cases.add("SMALLINT", integer(env, 2), |n| Arc::new(primitive::<Int16Type>(n, 0, |r| r.next() as i16)));
    cases.add("BIGINT", integer(env, 8), |n| Arc::new(primitive::<Int64Type>(n, 0, |r| r.next() as i64)));
    cases.add("INTEGER from BIGINT", integer(env, 4), |n| {
        Arc::new(primitive::<Int64Type>(n, 0, |r| i64::from(r.next() as i32)))
    });
    cases.add("BOOLEAN", fixed(env, Type::Boolean, 1), booleans);
    cases.add("BOOLEAN of two bytes", fixed(env, Type::Boolean, 2), booleans);
    cases.add("REAL", fixed(env, Type::Float, 4), |n| {
        Arc::new(primitive::<Float32Type>(n, 0, |r| (r.next() as i32) as f32 / 64.0))
    });
    for nulls in [0, 10, 50] {
        cases.add(format!("DOUBLE {nulls}%"), fixed(env, Type::Float, 8), move |n| {
            Arc::new(primitive::<Float64Type>(n, nulls, |r| (r.next() as i64 >> 8) as f64 / 1024.0))
        });
    }
    decimals_of(env, &mut cases);
    decfloats(env, &mut cases);
    cases.done()
}

fn decimals_of(env: &Environment, cases: &mut Cases) {
    for nulls in [0, 10, 50] {
        cases.add(format!("DECIMAL(15,2) {nulls}%"), decimal(env, Type::Packed, 15, 2), move |n| {
            decimals(n, nulls, 15, 2, 15)
        });
    }
    for (precision, scale) in [(5, 2), (18, 4), (31, 6), (38, 10), (63, 10)] {
        cases.add(format!("DECIMAL({precision},{scale})"), decimal(env, Type::Packed, precision, scale), move |n| {
            decimals(n, 0, precision, scale.cast_signed(), precision)
        });
    }
    let wide = cases.add("DECIMAL(63,10) as text", decimal(env, Type::Packed, 63, 10), |n| decimals(n, 0, 63, 10, 63));
    wide.options.wide_decimal = WideDecimalAs::Text;
    let wide = cases.add("DECIMAL(63,10) as float", decimal(env, Type::Packed, 63, 10), |n| decimals(n, 0, 63, 10, 63));
    wide.options.wide_decimal = WideDecimalAs::Float64;
    cases.add("DECIMAL(15,4) from (15,2)", decimal(env, Type::Packed, 15, 4), |n| decimals(n, 0, 15, 2, 13));
    cases.add("DECIMAL(15,2) from BIGINT", decimal(env, Type::Packed, 15, 2), |n| {
        Arc::new(primitive::<Int64Type>(n, 0, |r| r.below(1 << 40) as i64))
    });
    cases.add_mostly_good("DECIMAL(15,2)", decimal(env, Type::Packed, 15, 2), |n| decimals(n, 0, 15, 2, 15));
    cases.add_mostly_good("DECIMAL(38,10)", decimal(env, Type::Packed, 38, 10), |n| decimals(n, 0, 38, 10, 38));
    for (precision, scale) in [(5, 0), (9, 2), (20, 2), (31, 2)] {
        cases.add(format!("NUMERIC({precision},{scale})"), decimal(env, Type::Zoned, precision, scale), move |n| {
            decimals(n, 0, precision, scale.cast_signed(), precision)
        });
    }
    cases.add("NUMERIC(9,2) 50%", decimal(env, Type::Zoned, 9, 2), |n| decimals(n, 50, 9, 2, 9));
    cases.add_mostly_good("NUMERIC(9,2)", decimal(env, Type::Zoned, 9, 2), |n| decimals(n, 0, 9, 2, 9));
    cases.add("NUMERIC-char(9,2)", decimal(env, Type::NumericChar, 9, 2), |n| decimals(n, 0, 9, 2, 9));
    cases.add("NUMERIC-char(31,2)", decimal(env, Type::NumericChar, 31, 2), |n| decimals(n, 0, 31, 2, 31));
}

fn decfloats(env: &Environment, cases: &mut Cases) {
    for (width, digits, short) in [(8, 16, false), (16, 34, false), (16, 34, true)] {
        let name = format!("DECFLOAT({digits}){}", if short { " short" } else { "" });
        let used = if short { 6 } else { digits };
        let make = move |n| decimals(n, 0, digits, 2, used);
        cases.add(format!("{name} as text"), fixed(env, Type::DecFloat, width), make);
        let case = cases.add(format!("{name} as decimal"), fixed(env, Type::DecFloat, width), make);
        case.options.decfloat = DecFloatAs::Decimal { precision: if width == 8 { 31 } else { 38 }, scale: 2 };
        let case = cases.add(format!("{name} as other decimal"), fixed(env, Type::DecFloat, width), make);
        case.options.decfloat = DecFloatAs::Decimal { precision: 38, scale: 4 };
        let case = cases.add(format!("{name} as wide decimal"), fixed(env, Type::DecFloat, width), make);
        case.options.decfloat = DecFloatAs::Decimal { precision: 60, scale: 12 };
    }
    cases.add("DECFLOAT(16) from text", fixed(env, Type::DecFloat, 8), |n| {
        texts(n, |r| format!("{}.{:02}", r.below(10_000_000_000), r.below(100)))
    });
    cases.add("DECFLOAT(34) from text", fixed(env, Type::DecFloat, 16), |n| {
        texts(n, |r| format!("{}{}E-{}", r.below(1 << 50), r.below(1 << 50), r.below(40)))
    });
    cases.add("DECFLOAT(16) from DOUBLE", fixed(env, Type::DecFloat, 8), |n| {
        Arc::new(primitive::<Float64Type>(n, 0, |r| r.below(1 << 40) as f64 / 100.0))
    });
}

pub(crate) fn times(env: &Environment) -> Vec<Case> {
    let mut cases = Cases::default();
    let date = || fixed(env, Type::Date, 10);
    for nulls in [0, 10, 50] {
        cases.add(format!("DATE {nulls}%"), date(), move |n| dates(n, nulls));
    }
    cases.add_mostly_good("DATE", date(), |n| dates(n, 0));
    spelt(env, &mut cases, "DATE usa", date(), |r| format!("{:02}/{:02}/{}", 1 + r(12), 1 + r(28), 1950 + r(100)));
    spelt(env, &mut cases, "DATE eur", date(), |r| format!("{:02}.{:02}.{}", 1 + r(28), 1 + r(12), 1950 + r(100)));
    let time = || fixed(env, Type::Time, 8);
    cases.add("TIME", time(), values::times);
    spelt(env, &mut cases, "TIME usa", time(), |r| format!("{:02}:{:02} {}M", 1 + r(11), r(60), ["A", "P"][r(2)]));
    let stamp = |digits: u8| {
        let width = 19 + u32::from(digits) + u32::from(digits > 0);
        Field { scale: digits, ..fixed(env, Type::Timestamp, width) }
    };
    for nulls in [0, 10, 50] {
        cases.add(format!("TIMESTAMP(6) us {nulls}%"), stamp(6), move |n| {
            stamps::<TimestampMicrosecondType>(n, nulls, 6, false)
        });
    }
    for digits in [0, 3, 9] {
        cases.add(format!("TIMESTAMP({digits}) us"), stamp(digits), move |n| {
            stamps::<TimestampMicrosecondType>(n, 0, digits.into(), false)
        });
    }
    for digits in [6, 9, 12] {
        let case = cases.add(format!("TIMESTAMP({digits}) ns"), stamp(digits), move |n| {
            stamps::<TimestampNanosecondType>(n, 0, digits.into(), false)
        });
        case.options.timestamp_unit = TimeUnit::Nanosecond;
        case.options.timestamp_excess = Excess::Truncate;
        case.options.end_of_time = EndOfTime::Last;
    }
    cases.add_mostly_good("TIMESTAMP(6)", stamp(6), |n| stamps::<TimestampMicrosecondType>(n, 0, 6, false));
    spelt(env, &mut cases, "TIMESTAMP(6) blank+colons", stamp(6), |r| {
        let (day, time) = (format!("{}-{:02}-{:02}", 1950 + r(100), 1 + r(12), 1 + r(28)), r(86_400));
        format!("{day} {:02}:{:02}:{:02}.{:06}", time / 3600, time / 60 % 60, time % 60, r(1_000_000))
    });
    let zoned = Field { scale: 6, ..fixed(env, Type::TimestampTz, 32) };
    cases.add("TIMESTAMP(6) TZ us", zoned, |n| stamps::<TimestampMicrosecondType>(n, 0, 6, true));
    cases.done()
}

/// A column of texts in a form that this crate does not write.
fn spelt(
    env: &Environment,
    cases: &mut Cases,
    name: &str,
    field: Field,
    text: impl Fn(&mut dyn FnMut(usize) -> usize) -> String + 'static,
) {
    let written = Field { ty: Type::Text, ccsid: if env.is_utf8() { 1208 } else { 37 }, ..field.clone() };
    let case =
        cases.add(name, field, move |n| texts(n, |random| text(&mut |below| random.below(below as u64) as usize)));
    case.written = Some(written);
}
