//! Record formats: the fields of a record with their types in DDS, their places and their keys.

use super::buffer::BufferLayout;
use crate::wire::value::date_form::{DateForm, TimeForm};
use crate::wire::value::field::{CCSID_BINARY, Field, Shape};
use crate::wire::value::record_layout::{FieldForm, PlacedField};
use crate::wire::value::types::{SqlType, Type, TypeId};

/// A file with its formats.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileFormats {
    /// The file.
    pub file: String,
    /// Its library.
    pub library: String,
    /// A logical file, which shows the records of others.
    pub logical: bool,
    /// Its record formats; a logical file may have several.
    pub formats: Vec<RecordFormat>,
    /// The fields by which its records are ordered, first key field first.
    pub keys: Vec<KeyField>,
    /// No two records have equal keys.
    pub unique: bool,
}

/// One record format.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecordFormat {
    /// Its name.
    pub name: String,
    /// Its level identifier.
    pub level: String,
    /// Its describing text.
    pub text: String,
    /// Bytes of a record.
    pub length: u32,
    /// The fields in the order of the record.
    pub fields: Vec<RecordField>,
}

/// A key field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyField {
    /// The field.
    pub name: String,
    /// High values first.
    pub descending: bool,
    /// Numbers are compared without their sign.
    pub absolute: bool,
    /// Ordered by a collating table of its own, or by the zones or digits of its bytes alone.
    pub own_sequence: bool,
}

/// One field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecordField {
    /// Its name.
    pub name: String,
    /// Its type: the letter of DDS.
    pub dds: DdsType,
    /// Where it begins in the record, from 0.
    pub offset: u32,
    /// Bytes that it takes, a length in front included.
    pub length: u32,
    /// Digits.
    pub digits: u8,
    /// Digits after the point.
    pub decimals: u8,
    /// Its page; 65535 for none.
    pub ccsid: u16,
    /// A two-byte length stands in front (VARLEN).
    pub varying: bool,
    /// It may be NULL (ALWNULL).
    pub nullable: bool,
    /// DATFMT or TIMFMT, `*ISO`; empty where it has no meaning.
    pub format: String,
    /// The character between the numbers of a date or time.
    pub separator: Option<char>,
    /// Its describing text (TEXT).
    pub text: String,
    /// Its heading, a line each (COLHDG).
    pub headings: [String; 3],
    /// The value that it has if none is given (DFT), as text.
    pub default: Option<String>,
}

/// The letter of a type in DDS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DdsType(pub char);

impl Default for DdsType {
    fn default() -> Self {
        DdsType::CHARACTER
    }
}

impl DdsType {
    /// Characters.
    pub const CHARACTER: DdsType = DdsType('A');
    /// Binary numbers.
    pub const BINARY: DdsType = DdsType('B');
    /// Packed decimals.
    pub const PACKED: DdsType = DdsType('P');
    /// Zoned decimals.
    pub const ZONED: DdsType = DdsType('S');
    /// IEEE floats.
    pub const FLOAT: DdsType = DdsType('F');
    /// Bytes.
    pub const HEX: DdsType = DdsType('H');
    /// Dates.
    pub const DATE: DdsType = DdsType('L');
    /// Times.
    pub const TIME: DdsType = DdsType('T');
    /// Timestamps.
    pub const TIMESTAMP: DdsType = DdsType('Z');
    /// Double-byte or UTF-16 characters.
    pub const GRAPHIC: DdsType = DdsType('G');
    /// Double-byte characters between shifts.
    pub const ONLY: DdsType = DdsType('J');
    /// Single-byte and double-byte characters.
    pub const OPEN: DdsType = DdsType('O');
    /// Single-byte or double-byte characters.
    pub const EITHER: DdsType = DdsType('E');
    /// BINARY and VARBINARY of SQL.
    pub const BYTES: DdsType = DdsType('5');
    /// Decimal floating point.
    pub const DECFLOAT: DdsType = DdsType('6');
    /// The characters 0 and 1.
    pub const BOOLEAN: DdsType = DdsType('8');
}

impl KeyField {
    /// `NAME`, with `-` in front where it descends, `|NAME|` where its sign does not count.
    pub fn spelt(&self) -> String {
        let name = if self.absolute { format!("|{}|", self.name) } else { self.name.clone() };
        if self.descending { format!("-{name}") } else { name }
    }
}

impl RecordFormat {
    /// How the slots of such records lie where a server lays them out.
    pub fn layout(&self) -> BufferLayout {
        BufferLayout::of_server(self.length as usize, self.fields.len())
    }

    /// The fields as columns see them.
    pub fn placed(&self) -> Vec<PlacedField> {
        self.fields.iter().enumerate().map(|(at, field)| PlacedField { marks: at..at + 1, ..field.placed() }).collect()
    }

    /// The field with a name.
    pub fn field(&self, name: &str) -> Option<&RecordField> {
        self.fields.iter().find(|f| f.name == name)
    }
}

impl RecordField {
    /// The field as columns see it, as the first of its record. A type or form that is not known is given as a locator, which no
    /// column can be made of: the error names it.
    pub fn placed(&self) -> PlacedField {
        let bytes =
            Field { lid: if self.varying { TypeId::VARBINARY } else { TypeId::BINARY }, ..self.shaped(Type::Binary) };
        let text = |ty| match self.ccsid {
            0 => Field { ccsid: CCSID_BINARY, ..self.shaped(ty) },
            ccsid => Field { ccsid, ..self.shaped(ty) },
        };
        let number = |ty| Field { precision: self.digits, scale: self.decimals, ccsid: 0, ..self.shaped(ty) };
        let unknown = || Field { sqltype: Some(SqlType::default()), ..self.shaped(Type::Locator) };
        let (field, form) = match self.dds {
            DdsType::CHARACTER | DdsType::OPEN => (text(Type::Text), FieldForm::Plain),
            DdsType::ONLY => (text(Type::Text), FieldForm::DoubleOnly),
            DdsType::EITHER => (text(Type::Text), FieldForm::DoubleOrSingle),
            DdsType::GRAPHIC => (text(Type::Graphic), FieldForm::Plain),
            DdsType::HEX | DdsType::BYTES => (bytes, FieldForm::Plain),
            DdsType::PACKED if self.length == u32::from(self.digits) / 2 + 1 => {
                (number(Type::Packed), FieldForm::Plain)
            }
            DdsType::ZONED if self.length == u32::from(self.digits) => (number(Type::Zoned), FieldForm::Plain),
            DdsType::BINARY if matches!(self.length, 2 | 4 | 8) => {
                (number(Type::Integer), if self.decimals > 0 { FieldForm::Scaled } else { FieldForm::Plain })
            }
            DdsType::FLOAT => (Field { ccsid: 0, ..self.shaped(Type::Float) }, FieldForm::Plain),
            DdsType::DECFLOAT => (Field { ccsid: 0, ..self.shaped(Type::DecFloat) }, FieldForm::Plain),
            DdsType::BOOLEAN if self.length == 1 => (Field { ccsid: 0, ..self.shaped(Type::Boolean) }, FieldForm::Flag),
            DdsType::TIMESTAMP => {
                let scale = self.length.saturating_sub(20).min(12) as u8;
                (Field { scale, ..self.shaped(Type::Timestamp) }, FieldForm::Plain)
            }
            DdsType::DATE => match DateForm::from_keyword(&self.format) {
                Some(form) if self.length == form.width() => {
                    (self.shaped(Type::Date), FieldForm::Date(form, self.between(form.width() < 10, form.separator())))
                }
                _ => (unknown(), FieldForm::Plain),
            },
            DdsType::TIME => match TimeForm::from_keyword(&self.format) {
                Some(form) if self.length == 8 => (
                    self.shaped(Type::Time),
                    FieldForm::Time(form, self.between(form == TimeForm::Hms, form.separator())),
                ),
                _ => (unknown(), FieldForm::Plain),
            },
            _ => (unknown(), FieldForm::Plain),
        };
        let (offset, width) = (self.offset as usize, self.length as usize);
        PlacedField { field, marks: 0..1, offset, width, form, dds: self.dds.0, text: self.text.clone() }
    }

    fn shaped(&self, ty: Type) -> Field {
        let graphic = ty == Type::Graphic;
        let shape = match (self.varying, graphic) {
            (true, true) => Shape::VarChars,
            (true, false) => Shape::Var,
            (false, _) => Shape::Fixed(self.length),
        };
        let data = self.length.saturating_sub(if self.varying { 2 } else { 0 });
        let label = self.headings.iter().filter(|line| !line.is_empty()).cloned().collect::<Vec<_>>().join(" ");
        Field {
            name: self.name.clone(),
            nullable: self.nullable,
            length: if graphic { data / 2 } else { data },
            ccsid: if self.ccsid == CCSID_BINARY { 0 } else { self.ccsid },
            label: Some(label).filter(|label| !label.is_empty()),
            ..Field::new(ty, shape)
        }
    }

    /// The separator: of the field where its form leaves a choice, else of the form.
    fn between(&self, choice: bool, usual: u8) -> u8 {
        match self.separator.filter(|_| choice) {
            Some(c) if c.is_ascii() && c != '&' => c as u8,
            Some('&') => b' ',
            _ => usual,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(dds: DdsType, length: u32) -> RecordField {
        RecordField { name: "F".into(), dds, length, ccsid: 37, ..RecordField::default() }
    }

    #[test]
    fn types_that_nothing_is_known_of_are_told_apart() {
        for odd in [
            field(DdsType('1'), 20),
            field(DdsType::BINARY, 3),
            RecordField { digits: 5, ..field(DdsType::PACKED, 4) },
            RecordField { digits: 5, ..field(DdsType::ZONED, 4) },
            RecordField { format: "*YMD".into(), ..field(DdsType::DATE, 10) },
            RecordField { format: "*CYMD".into(), ..field(DdsType::DATE, 9) },
            field(DdsType::TIME, 6),
        ] {
            assert_eq!(odd.placed().field.ty, Type::Locator, "{odd:?}");
        }
    }

    #[test]
    fn forms_and_shapes() {
        let varying = RecordField { varying: true, ..field(DdsType::GRAPHIC, 22) }.placed();
        assert_eq!((varying.field.shape, varying.field.length, varying.width), (Shape::VarChars, 10, 22));
        let date = RecordField { format: "*YMD".into(), separator: Some('&'), ..field(DdsType::DATE, 8) }.placed();
        assert_eq!(date.form, FieldForm::Date(DateForm::Ymd, b' '));
        let time = field(DdsType::TIME, 8).placed();
        assert_eq!(time.form, FieldForm::Time(TimeForm::Iso, b'.'));
        let scaled = RecordField { digits: 4, decimals: 2, ..field(DdsType::BINARY, 2) }.placed();
        assert_eq!((scaled.form, scaled.field.scale), (FieldForm::Scaled, 2));
        let stamp = field(DdsType::TIMESTAMP, 26).placed();
        assert_eq!((stamp.field.scale, stamp.form), (6, FieldForm::Plain));
        let nowhere = RecordField { ccsid: 0, ..field(DdsType::CHARACTER, 3) }.placed();
        assert_eq!(nowhere.field.ccsid, CCSID_BINARY);
    }
}
