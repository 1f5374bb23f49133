//! Data description specifications: the source that CRTPF makes a physical file of. Columns 17 to 44
//! say what a line is about, keywords follow. Anything that is not understood is refused.

use super::cl::{ClValue, Command};
use super::library::is_name;
use super::message::CCSID;
use super::physical::{Definition, record_format};
use super::rules::Duplicates;
use crate::wire::file::format::{DdsType, KeyField, RecordField};
use crate::wire::value::date_form::{DateForm, TimeForm};

/// Lines of a source member that are looked at.
pub(super) const LINES: usize = 100_000;
/// Keywords that change neither records nor their order.
const HARMLESS: &[&str] = &[
    "ALIAS",
    "EDTCDE",
    "EDTWRD",
    "REFSHIFT",
    "CHECK",
    "CHKMSGID",
    "RANGE",
    "VALUES",
    "COMP",
    "CMP",
    "CHGINPDFT",
    "SIGNED",
    "NOALTSEQ",
];

/// The subject of a line, with those that continue it.
#[derive(Debug, Default)]
struct Spec {
    /// R a record format, K a key field, blank a field or the file.
    kind: char,
    name: String,
    length: String,
    letter: char,
    decimals: String,
    keywords: String,
}

/// A keyword with its values.
type Keyword = (String, Vec<ClValue>);

/// The file that the lines describe, or what is wrong.
/// The page is that of characters which say no other.
pub(super) fn read(lines: &[String], page: Option<u16>) -> Result<Definition, String> {
    let mut out = Definition::default();
    let (mut name, mut text) = (String::new(), String::new());
    let mut fields: Vec<RecordField> = Vec::new();
    let mut ccsid = None;
    for spec in specs(lines)? {
        let keywords = keywords(&spec)?;
        match spec.kind {
            'R' if name.is_empty() => {
                name.clone_from(&spec.name);
                for (keyword, values) in &keywords {
                    match keyword.as_str() {
                        "TEXT" => text = first(values),
                        other => harmless(other)?,
                    }
                }
            }
            'R' => return Err("a physical file has one record format".to_owned()),
            'K' => out.keys.push(key(&spec.name, &keywords)?),
            ' ' if spec.name.is_empty() => {
                for (keyword, values) in &keywords {
                    match keyword.as_str() {
                        "UNIQUE" => out.unique = true,
                        "FIFO" => out.duplicates = Some(Duplicates::Fifo),
                        "LIFO" => out.duplicates = Some(Duplicates::Lifo),
                        "FCFO" => out.duplicates = Some(Duplicates::Fcfo),
                        "CCSID" => ccsid = Some(number(&first(values), "CCSID")?),
                        other => harmless(other)?,
                    }
                }
            }
            ' ' => fields.push(field(&spec, &keywords, ccsid, page.unwrap_or(CCSID))?),
            other => return Err(format!("a line of type {other}")),
        }
    }
    if !is_name(&name) || fields.is_empty() {
        return Err("a record format with fields is missing".to_owned());
    }
    out.format = record_format(&name, &text, fields);
    Ok(out)
}

/// Lines put together: one without a name goes on with the keywords of the one before it.
fn specs(lines: &[String]) -> Result<Vec<Spec>, String> {
    let mut out: Vec<Spec> = Vec::new();
    if lines.len() > LINES {
        return Err(format!("more than {LINES} lines"));
    }
    let mut continued = None;
    for line in lines {
        let chars: Vec<char> = line.chars().collect();
        let part = |from: usize, to: usize| -> String {
            chars.iter().skip(from).take(to - from).collect::<String>().trim().to_uppercase()
        };
        let at = |i: usize| chars.get(i).copied().unwrap_or(' ').to_ascii_uppercase();
        if at(6) == '*' || line.trim().is_empty() {
            continue;
        }
        let area: String = chars.iter().skip(44).take(36).collect();
        let area = area.trim_end();
        let (words, goes_on) = match area.strip_suffix(['+', '-']) {
            Some(words) => (words, area.chars().last()),
            None => (area, None),
        };
        let (kind, name) = (at(16), part(18, 28));
        if let (Some(how), Some(last)) = (continued, out.last_mut()) {
            last.keywords.push_str(if how == '+' { words.trim_start() } else { words });
        } else if let (' ', true, Some(last)) = (kind, name.is_empty() && part(29, 44).is_empty(), out.last_mut()) {
            last.keywords.push(' ');
            last.keywords.push_str(words);
        } else {
            if at(28) != ' ' {
                return Err(format!("field {name} refers to another file"));
            }
            let (length, letter, decimals) = (part(29, 34), at(34), part(35, 37));
            out.push(Spec { kind, name, length, letter, decimals, keywords: words.to_owned() });
        }
        continued = goes_on;
    }
    Ok(out)
}

fn keywords(spec: &Spec) -> Result<Vec<Keyword>, String> {
    let wrong = || format!("the keywords of {} cannot be read", spec.name);
    let parsed = Command::parse(&format!("DDS {}", spec.keywords)).map_err(|_| wrong())?;
    parsed.into_words().ok_or_else(wrong)
}

fn key(name: &str, keywords: &[Keyword]) -> Result<KeyField, String> {
    let mut out = KeyField { name: name.to_owned(), ..KeyField::default() };
    for (keyword, _) in keywords {
        match keyword.as_str() {
            "DESCEND" => out.descending = true,
            "ABSVAL" => out.absolute = true,
            other => harmless(other)?,
        }
    }
    Ok(out)
}

fn field(spec: &Spec, keywords: &[Keyword], told: Option<u16>, page: u16) -> Result<RecordField, String> {
    let name = &spec.name;
    let digits: u32 = if spec.length.is_empty() { 0 } else { number(&spec.length, name)? };
    let decimals: u8 = if spec.decimals.is_empty() { 0 } else { number(&spec.decimals, name)? };
    let letter = match spec.letter {
        ' ' if spec.decimals.is_empty() => 'A',
        ' ' => 'P',
        letter => letter,
    };
    // Neither the job nor the command knows of double-byte characters.
    let usual = if matches!(letter, 'G' | 'J' | 'O' | 'E') { CCSID } else { page };
    let ccsid = told.unwrap_or(usual);
    let mut out = RecordField { name: name.clone(), dds: DdsType(letter), decimals, ccsid, ..RecordField::default() };
    let mut double = false;
    for (keyword, values) in keywords {
        match keyword.as_str() {
            "ALWNULL" => out.nullable = true,
            "VARLEN" => out.varying = true,
            "CCSID" => out.ccsid = number(&first(values), name)?,
            "TEXT" => out.text = first(values),
            "COLHDG" => values.iter().zip(&mut out.headings).for_each(|(v, line)| *line = said(v)),
            "DFT" => out.default = Some(first(values)),
            "FLTPCN" => double = first(values) == "*DOUBLE",
            "DATFMT" | "TIMFMT" => out.format = first(values),
            "DATSEP" | "TIMSEP" => out.separator = first(values).chars().next(),
            other => harmless(other)?,
        }
    }
    let plain = |n: u32| if (1..=32_766).contains(&n) { Ok(n) } else { Err(format!("the length of field {name}")) };
    let numeric = |most: u32, length: u32| {
        if (1..=most).contains(&digits) {
            Ok((length, digits as u8))
        } else {
            Err(format!("the digits of field {name}"))
        }
    };
    let (length, digits) = match letter {
        'A' | 'H' | 'J' | 'E' | 'O' | '5' => (plain(digits)?, 0),
        'G' => (2 * plain(digits)?, 0),
        'P' => numeric(63, digits / 2 + 1)?,
        'S' => numeric(63, digits)?,
        'B' => numeric(
            18,
            if digits < 5 {
                2
            } else if digits < 10 {
                4
            } else {
                8
            },
        )?,
        'F' if double => numeric(17, 8)?,
        'F' => numeric(9, 4)?,
        'L' => (DateForm::from_keyword(&out.format).ok_or_else(|| format!("DATFMT of field {name}"))?.width(), 0),
        'T' => TimeForm::from_keyword(&out.format).map(|_| (8, 0)).ok_or_else(|| format!("TIMFMT of field {name}"))?,
        'Z' => (26, 0),
        '6' if digits == 16 => (8, 16),
        '6' if digits == 34 => (16, 34),
        other => return Err(format!("field {name} of type {other}")),
    };
    if matches!(letter, 'L' | 'T') && out.format.is_empty() {
        out.format = "*ISO".to_owned();
    }
    if decimals > digits {
        return Err(format!("the decimal positions of field {name}"));
    }
    // The page of the job has no double-byte characters.
    let single = matches!(letter, 'G' | 'J' | 'O' | 'E') && out.ccsid == CCSID;
    if single || matches!(letter, 'P' | 'S' | 'B' | 'F' | 'H' | '5' | '6') {
        out.ccsid = 65535;
    }
    (out.length, out.digits) = (length + if out.varying { 2 } else { 0 }, digits);
    match is_name(name) {
        true => Ok(out),
        false => Err(format!("{name} is no name of a field")),
    }
}

fn harmless(keyword: &str) -> Result<(), String> {
    match HARMLESS.contains(&keyword) || keyword == "TEXT" {
        true => Ok(()),
        false => Err(format!("keyword {keyword} is not supported")),
    }
}

fn first(values: &[ClValue]) -> String {
    values.first().map(said).unwrap_or_default()
}

fn said(value: &ClValue) -> String {
    match value {
        ClValue::Word(word) | ClValue::Text(word) => word.clone(),
        ClValue::List(_) => String::new(),
    }
}

fn number<T: std::str::FromStr>(word: &str, of: &str) -> Result<T, String> {
    word.parse().map_err(|_| format!("{word} of {of} is no number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn source_that_the_client_sends_and_what_people_write() {
        let source = "
                                            UNIQUE LIFO
                R NEWR                      TEXT('Format text')
      * A comment
     A            A1             3A         COLHDG('First' 'field') ALW+
     A                                      NULL
     A            B1             7  2
     A            C1            10A         VARLEN CCSID(273)
     A            D1              L         DATFMT(*MDY)
     A            F1            17F 4       FLTPCN(*DOUBLE)
     A            G1             5G         CCSID(13488)
     A          K A1
     A          K B1                        DESCEND
     A                                      ABSVAL";
        let got = read(&lines(source), Some(500)).unwrap();
        assert!(got.unique && got.duplicates == Some(Duplicates::Lifo));
        assert_eq!((got.format.name.as_str(), got.format.text.as_str()), ("NEWR", "Format text"));
        let f = |name: &str| got.format.field(name).unwrap();
        assert!(f("A1").nullable && f("A1").headings[1] == "field");
        assert_eq!((f("B1").dds, f("B1").length, f("B1").digits, f("B1").decimals), (DdsType::PACKED, 4, 7, 2));
        assert_eq!((f("C1").length, f("C1").ccsid, f("C1").varying), (12, 273, true));
        assert_eq!((f("A1").ccsid, f("B1").ccsid, f("G1").ccsid), (500, 65535, 13488));
        assert_eq!((f("D1").length, f("D1").format.as_str()), (8, "*MDY"));
        assert_eq!((f("F1").length, f("G1").length, got.format.length), (8, 10, 3 + 4 + 12 + 8 + 8 + 10));
        assert_eq!((got.keys[1].descending, got.keys[1].absolute), (true, true));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let with = |line: &str| read(&lines(&format!("                R R1\n{line}")), None).unwrap_err();
        assert!(with("                  X              3A         REFFLD(Y)").contains("REFFLD"));
        assert!(with("                  X             99P 0").contains("digits"));
        assert!(with("                  X              3P 4").contains("decimal"));
        assert!(with("                  X               A").contains("length"));
        assert!(with("                  X              3?").contains("type"));
        assert!(with("                  X         R").contains("refers"));
        assert!(read(&[], None).unwrap_err().contains("missing"));
    }
}
