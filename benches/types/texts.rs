//! The columns of text and bytes.

use crate::cases::{Cases, VALUES};
use crate::column::Case;
use crate::environment::Environment;
use crate::values::{Random, texts, with_nulls};
use arrow_array::{ArrayRef, BinaryArray};
use drdarrow::column::options::TextErrors;
use drdarrow::wire::value::field::{Field, Shape};
use drdarrow::wire::value::types::{Type, TypeId};
use std::sync::Arc;

const ASCII: &str =
    "furiously final requests sleep quickly above the pending blithely regular ideas nag carefully even ";
const GERMAN: &str = "Übergabe von Stück für Müller und Söhne Straße der Größe nach Köln über Füssen ähnlich schön ";
const JAPANESE: &str =
    "東京都千代田区山田太郎出荷済御中株式会社日本語文字列大阪府京都市北海道札幌市中央区神奈川県横浜市";
const MIXED: &str = "ORDER 12 東京都 YAMADA 山田太郎 PIECES 出荷済 TEL 03-1234 大阪府 OSAKA 京都市 ";

/// The words of a column, and how many of a thousand values hold any that are not ASCII.
#[derive(Clone, Copy)]
struct Words(&'static str, &'static str, u64);

const ONE_BYTE: [Words; 4] = [
    Words("ascii", ASCII, 0),
    Words("german", GERMAN, 1000),
    Words("german5", GERMAN, 50),
    Words("german.1", GERMAN, 1),
];

impl Words {
    /// A value of half to one and a half times so many characters.
    fn value(self, average: usize, random: &mut Random) -> String {
        let special = random.below(1000) < self.2;
        let words: Vec<char> = if special { self.1 } else { ASCII }.chars().collect();
        let count = average / 2 + random.below(average as u64 + 1) as usize;
        let start = random.below(words.len() as u64) as usize;
        words.iter().cycle().skip(start).take(count).collect()
    }

    fn exactly(self, count: usize, random: &mut Random) -> String {
        let mut text = self.value(2 * count + 2, random);
        let end = text.char_indices().nth(count).map_or(text.len(), |(at, _)| at);
        text.truncate(end);
        text
    }
}

pub(crate) fn all(env: &Environment) -> Vec<Case> {
    let mut cases = Cases::default();
    let japanese = [Words("jp", JAPANESE, 1000), Words("jpmix", MIXED, 1000)];
    let kinds = match env.name {
        "ibmi-jp" => [&[ONE_BYTE[0], ONE_BYTE[3]], &japanese[..]].concat(),
        _ if env.is_utf8() => [&ONE_BYTE[..], &japanese[..1]].concat(),
        _ => ONE_BYTE.to_vec(),
    };
    for words in kinds {
        for average in [4, 20, 200, 2000] {
            varchar(&mut cases, env.page, env, words, average, 0);
        }
    }
    varchar(&mut cases, env.page, env, ONE_BYTE[0], 20, 10);
    varchar(&mut cases, env.page, env, ONE_BYTE[0], 20, 50);
    errors(&mut cases, env);
    chars(&mut cases, env);
    bytes(&mut cases, env);
    graphics(&mut cases, env);
    match env.name {
        "luw" => varchar(&mut cases, 1252, env, ONE_BYTE[1], 20, 0),
        "ibmi-jp" => {
            for page in [5035, 943] {
                for words in [ONE_BYTE[0], japanese[0], japanese[1]] {
                    varchar(&mut cases, page, env, words, 20, 0);
                }
            }
        }
        _ => {}
    }
    cases.done()
}

/// So many values that a round takes some milliseconds.
fn values(average: usize) -> usize {
    (2_000_000 / (average + 3)).min(VALUES)
}

fn text(env: &Environment, page: u16, shape: Shape, length: usize) -> Field {
    Field { ccsid: page, length: length as u32, ..env.field(Type::Text, shape) }
}

fn varchar(cases: &mut Cases, page: u16, env: &Environment, words: Words, average: usize, nulls: u64) {
    let told = if page == env.page { String::new() } else { format!("{page} ") };
    let name = format!("VARCHAR {told}{} avg {average} {nulls}%", words.0);
    let field = text(env, page, Shape::Var, 10 * average + 20);
    let case = cases.add(name, field, move |n| with_nulls(texts(n, |random| words.value(average, random)), nulls));
    case.values = values(average);
}

fn errors(cases: &mut Cases, env: &Environment) {
    for (name, errors) in [("replace", TextErrors::Replace), ("null", TextErrors::Null)] {
        let field = text(env, env.page, Shape::Var, 200);
        let name = format!("VARCHAR ascii avg 20 errors={name}");
        cases.add(name, field, |n| texts(n, |random| ONE_BYTE[0].value(20, random))).options.text_errors = errors;
    }
}

fn chars(cases: &mut Cases, env: &Environment) {
    let field = |n: u32| text(env, env.page, Shape::Fixed(n), n as usize);
    cases.add("CHAR(1)", field(1), |n| texts(n, |random| ONE_BYTE[0].exactly(1, random)));
    for nulls in [0, 10, 50] {
        cases.add(format!("CHAR(10) ascii {nulls}%"), field(10), move |n| {
            with_nulls(texts(n, |random| ONE_BYTE[0].exactly(10, random)), nulls)
        });
    }
    cases.add("CHAR(10) half blank", field(10), |n| texts(n, |random| ONE_BYTE[0].exactly(5, random)));
    let case = cases.add("CHAR(100) half blank", field(100), |n| texts(n, |random| ONE_BYTE[0].exactly(50, random)));
    case.values = values(100);
}

fn bytes(cases: &mut Cases, env: &Environment) {
    let random = |n: usize, shortest: u64, longest: u64| {
        let mut random = Random::new();
        let mut value = || -> Vec<u8> {
            let length = shortest + random.below(longest - shortest + 1);
            (0..length).map(|_| random.next() as u8).collect()
        };
        Arc::new(BinaryArray::from_iter((0..n).map(|_| Some(value())))) as ArrayRef
    };
    let binary = |shape, length, lid| Field { ccsid: 0, length, lid, ..env.field(Type::Binary, shape) };
    cases.add("CHAR(16) FOR BIT DATA", binary(Shape::Fixed(16), 16, TypeId::default()), move |n| random(n, 16, 16));
    cases.add("BINARY(16)", binary(Shape::Fixed(16), 16, TypeId::BINARY), move |n| random(n, 16, 16));
    for average in [20u32, 200] {
        let field = binary(Shape::Var, 2 * average, TypeId::VARBINARY);
        let (shortest, longest) = (u64::from(average / 2), u64::from(average / 2 * 3));
        let case = cases.add(format!("VARBINARY avg {average}"), field, move |n| random(n, shortest, longest));
        case.values = values(average as usize);
    }
}

fn graphics(cases: &mut Cases, env: &Environment) {
    let (kinds, pages) = match env.graphic {
        1200 => ([Words("ascii", ASCII, 0), Words("jp", JAPANESE, 1000)].to_vec(), "utf16"),
        _ => ([Words("jp", JAPANESE, 1000)].to_vec(), "300"),
    };
    for words in kinds {
        let field = |shape, length: usize| Field {
            ccsid: env.graphic,
            length: length as u32,
            ..env.field(Type::Graphic, shape)
        };
        for average in [20, 200] {
            let name = format!("VARGRAPHIC {pages} {} avg {average}", words.0);
            let case = cases.add(name, field(Shape::VarChars, 2 * average), move |n| {
                texts(n, |random| words.value(average, random))
            });
            case.values = values(2 * average);
        }
        let name = format!("GRAPHIC(10) {pages} {}", words.0);
        cases.add(name, field(Shape::Fixed(20), 10), move |n| texts(n, |random| words.exactly(10, random)));
    }
}
