//! Keys as bytes that compare as the access path orders them: numbers by value, text byte by byte,
//! dates by day, high values first where a key field is descending. Every key field takes a fixed
//! number of bytes, so that the leading fields of a key are a prefix of it.

use super::buffer::ABSENT;
use super::format::{DdsType, KeyField, RecordFormat};
use crate::wire::value::date_form::{DateForm, TimeForm};

/// Fields of a key, and bytes of them, as the system allows.
const FIELDS: usize = 120;
const LONGEST: u32 = 32_768;

/// How a member's records are ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPath {
    parts: Vec<KeyPart>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct KeyPart {
    offset: usize,
    width: usize,
    /// Where its byte stands in the null map, for a field that has one.
    ordinal: Option<usize>,
    order: KeyOrder,
    descending: bool,
    absolute: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum KeyOrder {
    Bytes,
    /// A count of units in front, and what a shorter value is filled up with.
    Varying {
        unit: usize,
        fill: [u8; 2],
    },
    /// The same without fill: the length counts.
    VaryingBytes,
    Signed,
    Float,
    Packed,
    Zoned,
    Date(DateForm),
    Time(TimeForm),
}

impl KeyPath {
    /// The key fields in a record format, or the reason why they make no key.
    pub fn new(format: &RecordFormat, keys: &[KeyField]) -> Result<KeyPath, String> {
        if keys.len() > FIELDS {
            return Err(format!("a key of {} fields, more than {FIELDS}", keys.len()));
        }
        let part = |key: &KeyField| {
            let at = format.fields.iter().position(|f| f.name == key.name);
            let (ordinal, field) = at
                .and_then(|at| Some((at, format.fields.get(at)?)))
                .ok_or_else(|| format!("key field {} is not in the record format", key.name))?;
            let fill = match (field.dds, field.ccsid) {
                (DdsType::GRAPHIC, 1200 | 13488) => [0, 0x20],
                (_, 1208) => [0x20; 2],
                _ => [0x40; 2],
            };
            let order = match field.dds {
                DdsType::PACKED => KeyOrder::Packed,
                DdsType::ZONED => KeyOrder::Zoned,
                DdsType::BINARY => KeyOrder::Signed,
                DdsType::FLOAT => KeyOrder::Float,
                DdsType::DATE => DateForm::from_keyword(&field.format).map_or(KeyOrder::Bytes, KeyOrder::Date),
                DdsType::TIME => TimeForm::from_keyword(&field.format).map_or(KeyOrder::Bytes, KeyOrder::Time),
                DdsType::GRAPHIC if field.varying => KeyOrder::Varying { unit: 2, fill },
                DdsType::HEX | DdsType::BYTES if field.varying => KeyOrder::VaryingBytes,
                _ if field.varying => KeyOrder::Varying { unit: 1, fill },
                DdsType::DECFLOAT => return Err(format!("key field {}: decimal floats make no key here", key.name)),
                _ => KeyOrder::Bytes,
            };
            Ok(KeyPart {
                offset: field.offset as usize,
                width: field.length as usize,
                ordinal: field.nullable.then_some(ordinal),
                order,
                descending: key.descending,
                absolute: key.absolute,
            })
        };
        let parts = keys.iter().map(part).collect::<Result<Vec<KeyPart>, String>>()?;
        let bytes = parts.iter().fold(0, |sum: u32, part| sum.saturating_add(part.width as u32));
        match bytes > LONGEST {
            true => Err(format!("a key of {bytes} bytes, more than {LONGEST}")),
            false => Ok(KeyPath { parts }),
        }
    }

    /// Bytes of a key.
    pub fn width(&self) -> usize {
        self.parts.iter().map(KeyPart::bytes).sum()
    }

    /// The key of a record.
    pub fn of_record(&self, record: &[u8], nulls: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        self.read(record, nulls, self.parts.len(), &mut out);
        out
    }

    /// Appends the first `fields` of it.
    pub fn read(&self, record: &[u8], nulls: &[u8], fields: usize, out: &mut Vec<u8>) {
        for part in self.parts.iter().take(fields) {
            let cell = record.get(part.offset..part.offset + part.width).unwrap_or_default();
            let null = part.ordinal.and_then(|at| nulls.get(at)) == Some(&ABSENT);
            part.put(cell, null, out);
        }
    }

    /// How many leading fields two keys, or leading parts of keys, have in common.
    pub fn common(&self, a: &[u8], b: &[u8]) -> usize {
        let mut end = 0;
        let same = |part: &&KeyPart| {
            let start = end;
            end += part.bytes();
            let (a, b) = (a.get(start..end), b.get(start..end));
            a.is_some() && a == b
        };
        self.parts.iter().take_while(same).count()
    }

    /// True when a field of the key has its high values first.
    pub fn descends(&self, field: usize) -> bool {
        self.parts.get(field).is_some_and(|part| part.descending)
    }

    /// The key that a requester names: so many leading key fields as they lie in a record. None
    /// when it has not their length.
    pub fn of_request(&self, fields: u32, key: &[u8]) -> Option<Vec<u8>> {
        let parts = self.parts.get(..usize::try_from(fields).ok()?)?;
        let (mut out, mut rest) = (Vec::new(), key);
        for part in parts {
            let (cell, tail) = rest.split_at_checked(part.width)?;
            part.put(cell, false, &mut out);
            rest = tail;
        }
        (rest.is_empty() && !parts.is_empty()).then_some(out)
    }
}

impl KeyPart {
    fn put(&self, cell: &[u8], null: bool, out: &mut Vec<u8>) {
        let start = out.len();
        if self.ordinal.is_some() {
            // NULL comes after every value.
            out.push(u8::from(null));
        }
        if null {
            out.resize(out.len() + self.size(), 0);
        } else {
            self.value(cell, out);
        }
        if self.descending {
            out.iter_mut().skip(start).for_each(|byte| *byte = !*byte);
        }
    }

    /// Bytes of it in a key.
    fn bytes(&self) -> usize {
        self.size() + usize::from(self.ordinal.is_some())
    }

    /// Bytes of a value.
    fn size(&self) -> usize {
        match self.order {
            KeyOrder::Bytes | KeyOrder::Signed | KeyOrder::Float | KeyOrder::VaryingBytes => self.width,
            KeyOrder::Varying { .. } => self.width.saturating_sub(2),
            KeyOrder::Packed => 2 * self.width,
            KeyOrder::Zoned => self.width + 1,
            KeyOrder::Date(_) | KeyOrder::Time(_) => self.width + 4,
        }
    }

    fn value(&self, cell: &[u8], out: &mut Vec<u8>) {
        let end = out.len() + self.size();
        match self.order {
            KeyOrder::Bytes => out.extend_from_slice(cell),
            KeyOrder::Varying { unit, fill } => {
                out.extend_from_slice(counted(cell, unit));
                let mut fill = fill.into_iter().cycle();
                out.extend(std::iter::from_fn(|| fill.next()).take(end - out.len()));
            }
            KeyOrder::VaryingBytes => {
                let data = counted(cell, 1);
                out.extend_from_slice(data);
                out.resize(end - 2, 0);
                out.extend((data.len() as u16).to_be_bytes());
            }
            KeyOrder::Signed => {
                let negative = cell.first().is_some_and(|b| b & 0x80 != 0);
                let value = if self.absolute && negative { magnitude(cell) } else { cell.to_vec() };
                let first = out.len();
                out.extend(value);
                // The largest magnitude stays above all others.
                let flip = if self.absolute { 0 } else { 0x80 };
                out.iter_mut().skip(first).take(1).for_each(|byte| *byte ^= flip);
            }
            KeyOrder::Float => {
                let negative = cell.first().is_some_and(|b| b & 0x80 != 0);
                let zero = cell.iter().skip(1).all(|b| *b == 0) && cell.first().is_some_and(|b| b & 0x7F == 0);
                let first = out.len();
                match negative && !zero && !self.absolute {
                    true => out.extend(cell.iter().map(|b| !b)),
                    false => {
                        out.extend_from_slice(cell);
                        out.iter_mut().skip(first).take(1).for_each(|byte| *byte |= 0x80);
                    }
                }
            }
            KeyOrder::Packed => {
                let mut nibbles: Vec<u8> = cell.iter().flat_map(|b| [b >> 4, b & 0x0F]).collect();
                let sign = nibbles.pop().unwrap_or(0x0F);
                self.digits(&nibbles, sign, out);
            }
            KeyOrder::Zoned => {
                let digits: Vec<u8> = cell.iter().map(|b| b & 0x0F).collect();
                self.digits(&digits, cell.last().map_or(0x0F, |b| b >> 4), out);
            }
            KeyOrder::Date(form) => {
                // An invalid date comes first, and by its bytes.
                let day = form.read(cell).ok().map(|days| days as u32 ^ 0x8000_0000);
                out.extend(day.unwrap_or(0).to_be_bytes());
                out.extend_from_slice(if day.is_none() { cell } else { &[] });
            }
            KeyOrder::Time(form) => {
                let second = form.read(cell).ok().map(|seconds| seconds + 1);
                out.extend(second.unwrap_or(0).to_be_bytes());
                out.extend_from_slice(if second.is_none() { cell } else { &[] });
            }
        }
        out.resize(end, 0);
    }

    /// A sign and digits, negative ones turned round; there is one zero.
    fn digits(&self, digits: &[u8], sign: u8, out: &mut Vec<u8>) {
        let negative = matches!(sign, 0x0B | 0x0D) && !self.absolute && digits.iter().any(|d| *d != 0);
        out.push(u8::from(!negative));
        out.extend(digits.iter().map(|d| if negative { !d } else { *d }));
    }
}

/// The bytes of a varying field that count.
fn counted(cell: &[u8], unit: usize) -> &[u8] {
    let Some((count, data)) = cell.split_at_checked(2) else { return &[] };
    let count = count.iter().fold(0, |n, b| n << 8 | usize::from(*b));
    data.get(..count.saturating_mul(unit).min(data.len())).unwrap_or_default()
}

/// Two's complement turned positive.
fn magnitude(cell: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = cell.iter().map(|b| !b).collect();
    for byte in out.iter_mut().rev() {
        let (sum, carry) = byte.overflowing_add(1);
        *byte = sum;
        if !carry {
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ddm::param::hex;
    use crate::wire::file::format::RecordField;

    fn path(field: RecordField, key: KeyField) -> KeyPath {
        let field = RecordField { name: "K".into(), ..field };
        let format = RecordFormat { length: field.length, fields: vec![field], ..RecordFormat::default() };
        KeyPath::new(&format, &[KeyField { name: "K".into(), ..key }]).unwrap()
    }

    fn ascending(field: RecordField, cells: &[&str]) {
        let up = path(field.clone(), KeyField::default());
        let down = path(field, KeyField { descending: true, ..KeyField::default() });
        let keys = |path: &KeyPath| -> Vec<Vec<u8>> { cells.iter().map(|c| path.of_record(&hex(c), &[])).collect() };
        assert!(keys(&up).is_sorted(), "{cells:?}");
        assert!(keys(&down).iter().rev().is_sorted(), "{cells:?}");
        assert!(keys(&up).windows(2).all(|w| w[0] != w[1] && w[0].len() == w[1].len()), "{cells:?}");
    }

    fn of(dds: DdsType, length: u32) -> RecordField {
        RecordField { dds, length, ccsid: 37, ..RecordField::default() }
    }

    #[test]
    fn values_are_ordered_by_what_they_mean() {
        ascending(of(DdsType::PACKED, 2), &["999D", "010B", "001D", "000C", "001F", "999C"]);
        ascending(of(DdsType::ZONED, 2), &["F9D9", "F0D1", "F0F0", "F0F1", "F9F9"]);
        ascending(of(DdsType::BINARY, 2), &["8000", "FFFF", "0000", "0001", "7FFF"]);
        ascending(of(DdsType::FLOAT, 4), &["FF800000", "BF800000", "80000001", "00000000", "00000001", "7F800000"]);
        ascending(of(DdsType::CHARACTER, 2), &["4040", "C140", "C1C2", "F0F0"]);
        let varying = RecordField { varying: true, ..of(DdsType::CHARACTER, 4) };
        ascending(varying, &["0000FFFF", "0001C1FF", "0002C1C2", "0001C2FF"]);
        let bytes = RecordField { varying: true, ..of(DdsType::HEX, 4) };
        ascending(bytes, &["0000FFFF", "000100FF", "00020000", "000101FF"]);
        let date = RecordField { format: "*MDY".into(), ..of(DdsType::DATE, 8) };
        // 12/31/99 is in 1999, 01/01/05 in 2005.
        ascending(date, &["F1F261F3F161F9F9", "F0F161F0F161F0F5", "F0F161F0F261F0F5"]);
    }

    #[test]
    fn zeros_blanks_and_signs_that_do_not_count() {
        let equal = |path: KeyPath, a: &str, b: &str| {
            assert_eq!(path.of_record(&hex(a), &[]), path.of_record(&hex(b), &[]), "{a} {b}");
        };
        let absolute = || KeyField { absolute: true, ..KeyField::default() };
        equal(path(of(DdsType::PACKED, 2), KeyField::default()), "000D", "000F");
        equal(path(of(DdsType::FLOAT, 4), KeyField::default()), "80000000", "00000000");
        equal(path(of(DdsType::PACKED, 2), absolute()), "012D", "012F");
        equal(path(of(DdsType::BINARY, 2), absolute()), "FFFF", "0001");
        let varying = RecordField { varying: true, ..of(DdsType::CHARACTER, 5) };
        // As IBM's client sends keys: the declared length and blanks.
        equal(path(varying, KeyField::default()), "0001C10000", "0003C14040");
    }

    #[test]
    fn null_is_last_and_leading_fields_are_a_prefix() {
        let fields = vec![
            RecordField { name: "A".into(), nullable: true, ..of(DdsType::CHARACTER, 1) },
            RecordField { name: "B".into(), offset: 1, ..of(DdsType::BINARY, 2) },
        ];
        let format = RecordFormat { length: 3, fields, ..RecordFormat::default() };
        let keys = ["A", "B"].map(|name| KeyField { name: name.into(), ..KeyField::default() });
        let path = KeyPath::new(&format, &keys).unwrap();
        let value = path.of_record(&hex("FF0001"), &[0xF0, 0xF0]);
        assert!(value < path.of_record(&hex("400001"), &[0xF1, 0xF0]));
        assert!(value.starts_with(&path.of_request(1, &hex("FF")).unwrap()));
        assert_eq!(path.of_request(2, &hex("FF0001")), Some(value));
        for (fields, key) in [(1, "FF00"), (2, "FF"), (3, "FF0001"), (0, ""), (u32::MAX, "")] {
            assert_eq!(path.of_request(fields, &hex(key)), None, "{fields} {key}");
        }
        assert_eq!(path.width(), path.of_record(&hex("FF0001"), &[]).len());
        let leading = |key: &str| path.of_request(key.len() as u32 / 3, &hex(key)).unwrap_or_default();
        for (a, b, common) in
            [("FF0001", "FF0001", 2), ("FF0001", "FF0002", 1), ("FF0001", "FE0001", 0), ("FF0001", "", 0)]
        {
            assert_eq!(path.common(&leading(a), &leading(b)), common, "{a} {b}");
        }
        assert_eq!(path.common(&path.of_request(1, &hex("FF")).unwrap(), &leading("FF0001")), 1);
        assert!(!path.descends(0) && !path.descends(2));
        let many = vec![KeyField { name: "A".into(), ..KeyField::default() }; 121];
        assert!(KeyPath::new(&format, &many[..120]).is_ok());
        assert!(KeyPath::new(&format, &many).unwrap_err().contains("121 fields"));
        let long = RecordFormat {
            length: 20_000,
            fields: vec![RecordField { name: "A".into(), ..of(DdsType::CHARACTER, 20_000) }],
            ..RecordFormat::default()
        };
        assert!(KeyPath::new(&long, &many[..1]).is_ok());
        assert!(KeyPath::new(&long, &many[..2]).unwrap_err().contains("40000 bytes"));
        assert!(KeyPath::new(&format, &[KeyField { name: "C".into(), ..KeyField::default() }]).is_err());
    }
}
