//! The type of a column, as catalogs tell of it: the name in full, the form in a definition, the sizes.

use super::listing::ColumnRow;
use crate::wire::value::named_type::NamedType;

/// The length of a GRAPHIC is in characters of two bytes.
const GRAPHIC: i64 = 2;
/// Digits of a second where a definition states none.
const USUAL_SECONDS: i64 = 6;

/// The type of a column in a catalog's own words.
#[derive(Debug, Clone, Default)]
pub(super) struct CatalogType {
    /// Its name, which may be the one in eight letters.
    pub(super) name: String,
    /// The schema of a type that is not built in.
    pub(super) schema: Option<String>,
    /// Length in bytes, of a GRAPHIC in characters; precision of a decimal.
    pub(super) length: i64,
    /// Digits after the point, or of the seconds.
    pub(super) scale: i64,
    /// FOR BIT DATA.
    pub(super) bits: bool,
    /// The length in CODEUNITS32, where it is stated so.
    pub(super) characters: Option<i64>,
}

impl CatalogType {
    /// Fills in what a row tells of the type.
    pub(super) fn tell(&self, row: &mut ColumnRow) {
        let name = self.full_name();
        let bits = if self.bits && name.contains("CHAR") { " FOR BIT DATA" } else { "" };
        let length = self.characters.unwrap_or(self.length);
        let known = NamedType::of(&format!("{name}{bits}"));
        let known = known.filter(|_| self.schema.is_none());
        row.type_name = format!("{name}{bits}");
        row.declared = row.type_name.clone();
        row.jdbc_type = known.and_then(|known| i16::try_from(known.jdbc).ok());
        row.radix = known.and_then(|known| known.radix).and_then(|radix| i16::try_from(radix).ok());
        row.size = known.and_then(|known| known.size).and_then(small);
        let (mut told_length, mut told_scale, mut size, mut octets) = (None, None, None, None);
        match (name, &self.schema) {
            (_, Some(schema)) => row.declared = format!("{schema}.{name}"),
            ("DECIMAL" | "NUMERIC", None) => {
                row.declared = format!("{name}({},{})", self.length, self.scale);
                (told_length, told_scale, size) = (Some(self.length), Some(self.scale), Some(self.length));
            }
            ("DECFLOAT", None) => {
                let digits = if self.length == 8 { 16 } else { 34 };
                row.declared = format!("DECFLOAT({digits})");
                (told_length, size) = (Some(digits), Some(digits));
                row.radix = Some(10);
            }
            ("TIMESTAMP" | "TIMESTAMP WITH TIME ZONE", None) => {
                if self.scale != USUAL_SECONDS {
                    row.declared = name.replacen("TIMESTAMP", &format!("TIMESTAMP({})", self.scale), 1);
                }
                told_scale = Some(self.scale);
                size = Some(if self.scale == 0 { 19 } else { 20 + self.scale });
            }
            ("LONG VARCHAR" | "LONG VARGRAPHIC", None) => (size, octets) = (Some(self.length), Some(self.octets(name))),
            ("DATE", None) => size = Some(10),
            ("TIME", None) => size = Some(8),
            (name, None) if has_length(name) => {
                let units = if self.characters.is_some() { " CODEUNITS32" } else { "" };
                row.declared = format!("{name}({length}{units}){bits}");
                (told_length, size) = (Some(length), Some(length));
                octets = Some(self.octets(name));
            }
            _ => {}
        }
        row.length = told_length.and_then(small);
        row.scale = told_scale.and_then(small);
        row.size = row.size.or(size.and_then(small));
        row.octets = octets.and_then(small);
    }

    fn octets(&self, name: &str) -> i64 {
        if name.contains("GRAPHIC") || name == "DBCLOB" { self.length.saturating_mul(GRAPHIC) } else { self.length }
    }

    /// The name of a built-in type in full.
    fn full_name(&self) -> &str {
        match self.name.as_str() {
            "CHARACTER" => "CHAR",
            // REAL and DOUBLE by their bytes.
            "FLOAT" if self.length == 4 => "REAL",
            "FLOAT" | "DOUBLE PRECISION" => "DOUBLE",
            name => NamedType::of_short(name).map_or(name, |known| known.name),
        }
    }
}

/// Whether a definition states a length.
fn has_length(name: &str) -> bool {
    matches!(name, "CHAR" | "VARCHAR" | "CLOB" | "BINARY" | "VARBINARY" | "BLOB" | "GRAPHIC" | "VARGRAPHIC" | "DBCLOB")
}

/// A number of 32 bits; the largest one stands for those beyond it: objects of 2 GB.
fn small(n: i64) -> Option<i32> {
    i32::try_from(n.min(i64::from(i32::MAX))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(kind: &CatalogType) -> ColumnRow {
        let mut row = ColumnRow::default();
        kind.tell(&mut row);
        row
    }

    fn of(name: &str, length: i64, scale: i64) -> CatalogType {
        CatalogType { name: name.to_owned(), length, scale, ..CatalogType::default() }
    }

    #[test]
    fn a_type_is_told_as_a_definition_has_it() {
        for (kind, declared) in [
            (of("CHARACTER", 3, 0), "CHAR(3)"),
            (of("VARG", 5, 0), "VARGRAPHIC(5)"),
            (of("DECIMAL", 9, 2), "DECIMAL(9,2)"),
            (of("FLOAT", 4, 0), "REAL"),
            (of("FLOAT", 8, 0), "DOUBLE"),
            (of("INTEGER", 4, 0), "INTEGER"),
            (of("DECFLOAT", 8, 0), "DECFLOAT(16)"),
            (of("DECFLOAT", 16, 0), "DECFLOAT(34)"),
            (of("TIMESTMP", 10, 6), "TIMESTAMP"),
            (of("TIMESTAMP", 7, 0), "TIMESTAMP(0)"),
            (of("TIMESTZ", 15, 12), "TIMESTAMP(12) WITH TIME ZONE"),
            (CatalogType { bits: true, ..of("VARCHAR", 10, 0) }, "VARCHAR(10) FOR BIT DATA"),
            (CatalogType { characters: Some(5), ..of("VARCHAR", 20, 0) }, "VARCHAR(5 CODEUNITS32)"),
            (CatalogType { schema: Some("APP".to_owned()), ..of("MONEY", 0, 0) }, "APP.MONEY"),
        ] {
            assert_eq!(told(&kind).declared, declared);
        }
    }

    #[test]
    fn sizes_are_those_of_odbc() {
        let sizes = |kind: &CatalogType| {
            let row = told(kind);
            (row.size, row.octets, row.scale, row.jdbc_type, row.radix)
        };
        assert_eq!(sizes(&of("INTEGER", 4, 0)), (Some(10), None, None, Some(4), Some(10)));
        assert_eq!(sizes(&of("VARGRAPHIC", 5, 0)), (Some(5), Some(10), None, Some(12), None));
        assert_eq!(sizes(&of("TIMESTAMP", 10, 6)), (Some(26), None, Some(6), Some(93), None));
        assert_eq!(sizes(&of("DECIMAL", 9, 2)), (Some(9), None, Some(2), Some(3), Some(10)));
        let bits = CatalogType { bits: true, ..of("CHAR", 4, 0) };
        assert_eq!(sizes(&bits), (Some(4), Some(4), None, Some(-2), None));
        assert_eq!(told(&of("BLOB", 2_147_483_648, 0)).length, Some(i32::MAX));
    }
}
