//! The objects that are wanted of a catalog, by their names.

use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::client::sql::identifier;
use crate::wire::sql::like::{self, Sign};
use crate::wire::value::product::Product;

/// The sign before those that stand for themselves, in statements. All pages of EBCDIC have it in the same place.
const ESCAPE: char = '+';

/// A name, or a pattern of names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameFilter {
    /// Just this name, as the catalog has it.
    Is(String),
    /// A pattern as ODBC has it: `%` stands for any text, `_` for any character, and `\` before one of the three makes
    /// it stand for itself.
    Like(String),
}

impl NameFilter {
    /// Just this name.
    pub fn is(name: impl Into<String>) -> NameFilter {
        NameFilter::Is(name.into())
    }

    /// A pattern. A `\` at its end is an error.
    pub fn like(pattern: impl Into<String>) -> Result<NameFilter> {
        let pattern = pattern.into();
        let marks = pattern.chars().rev().take_while(|c| *c == '\\').count();
        if marks % 2 == 1 {
            let text = format!("{pattern:?}: the pattern ends with \\, which stands before another character");
            return Err(
                Error::new(ErrorClass::Programming, Phase::Execute, "22025", text).hint("\\\\ is the character")
            );
        }
        Ok(NameFilter::Like(pattern))
    }

    /// A name as SQL has it: a plain one is in upper case, one in double quotes as it is.
    pub fn named(text: &str) -> Result<NameFilter> {
        match identifier::parts(text).as_deref() {
            Some([name]) => Ok(NameFilter::is(name)),
            _ => Err(identifier::bad(&format!("{text:?} is not one name"))),
        }
    }

    /// A pattern written as a name of SQL is: in upper case unless it is in double quotes.
    pub fn pattern(text: &str) -> Result<NameFilter> {
        match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
            Some(inside) => NameFilter::like(inside.replace("\"\"", "\"")),
            None => NameFilter::like(text.to_ascii_uppercase()),
        }
    }

    /// Whether it takes a name.
    pub fn takes(&self, name: &str) -> bool {
        match self {
            NameFilter::Is(wanted) => wanted == name,
            NameFilter::Like(pattern) => like::matches(Some(pattern), name),
        }
    }
}

/// The objects that are wanted. The default is all of them but those of the system.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CatalogFilter {
    /// Their schemas. Those of the system are left out unless this is given.
    pub schema: Option<NameFilter>,
    /// Their names.
    pub name: Option<NameFilter>,
}

impl CatalogFilter {
    /// Objects of this name, of any schema but those of the system.
    pub fn of_name(name: impl Into<String>) -> CatalogFilter {
        CatalogFilter { schema: None, name: Some(NameFilter::is(name)) }
    }

    /// All objects, those of the system as well.
    pub fn everything() -> CatalogFilter {
        CatalogFilter { schema: Some(NameFilter::Like("%".to_owned())), name: None }
    }

    /// Whether it takes an object, at a server that filters by patterns that take more.
    pub(super) fn takes(&self, product: Product, schema: &str, name: &str) -> bool {
        self.takes_schema(product, schema) && self.name.as_ref().is_none_or(|wanted| wanted.takes(name))
    }

    /// Whether it takes a schema.
    pub(super) fn takes_schema(&self, product: Product, schema: &str) -> bool {
        match &self.schema {
            Some(wanted) => wanted.takes(schema),
            None => !is_of_the_system(product, schema),
        }
    }

    /// The conditions of a statement, for the columns that have schema and name.
    pub(super) fn conditions(&self, product: Product, schema: &'static str, name: &'static str) -> Vec<Condition> {
        let mut all = self.of_schema(product, schema);
        all.extend(self.name.as_ref().and_then(|wanted| Condition::of(name, wanted)));
        all
    }

    /// The conditions for the column that has the schema.
    pub(super) fn of_schema(&self, product: Product, column: &'static str) -> Vec<Condition> {
        match &self.schema {
            Some(wanted) => Condition::of(column, wanted).into_iter().collect(),
            None => system_schemas(product)
                .iter()
                .map(|pattern| Condition { column, test: "NOT LIKE", value: (*pattern).to_owned() })
                .collect(),
        }
    }
}

/// A condition of a statement: `column test ?`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) column: &'static str,
    test: &'static str,
    pub(super) value: String,
}

impl Condition {
    /// A column has this value.
    pub(super) fn is(column: &'static str, value: &str) -> Condition {
        Condition { column, test: "=", value: value.to_owned() }
    }

    fn of(column: &'static str, wanted: &NameFilter) -> Option<Condition> {
        match wanted {
            NameFilter::Is(name) => Some(Condition::is(column, name)),
            NameFilter::Like(pattern) => {
                let signs = like::signs(pattern);
                let all = signs.iter().all(|sign| *sign == Sign::AnyText) && !signs.is_empty();
                (!all).then(|| Condition { column, test: "LIKE", value: escaped(&signs) })
            }
        }
    }

    /// Its text, with a marker for the value.
    pub(super) fn sql(&self) -> String {
        let escape = if self.test == "=" { String::new() } else { format!(" ESCAPE '{ESCAPE}'") };
        format!("{} {} ?{escape}", self.column, self.test)
    }
}

/// A pattern with the sign of our statements before those that stand for themselves.
fn escaped(signs: &[Sign]) -> String {
    let mut text = String::new();
    for sign in signs {
        match sign {
            Sign::AnyText => text.push('%'),
            Sign::AnyCharacter => text.push('_'),
            Sign::Itself(c) => {
                if matches!(*c, '%' | '_' | ESCAPE) {
                    text.push(ESCAPE);
                }
                text.push(*c);
            }
        }
    }
    text
}

/// Patterns of the schemas of the system. (Read: the SQL references of IBM, which keep names with these beginnings;
/// Derby's manual, schemas of the system.)
fn system_schemas(product: Product) -> &'static [&'static str] {
    match product {
        Product::IbmI => &["Q%", "SYS%"],
        Product::Zos => &["SYS%", "DSN%"],
        Product::Luw => &["SYS%", "NULLID", "SQLJ", "DB2QP"],
        Product::Derby | Product::Other => &["SYS%", "NULLID", "SQLJ"],
    }
}

/// Whether a schema is one of the system.
pub(super) fn is_of_the_system(product: Product, schema: &str) -> bool {
    system_schemas(product).iter().any(|pattern| like::matches(Some(pattern), schema))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(conditions: &[Condition]) -> Vec<(String, &str)> {
        conditions.iter().map(|c| (c.sql(), c.value.as_str())).collect()
    }

    #[test]
    fn a_pattern_keeps_the_signs_that_stand_for_themselves() {
        let filter =
            CatalogFilter { schema: Some(NameFilter::is("A_B")), name: Some(NameFilter::like(r"ORD\_%+\\_").unwrap()) };
        assert_eq!(
            texts(&filter.conditions(Product::Luw, "S", "N")),
            [("S = ?".to_owned(), "A_B"), ("N LIKE ? ESCAPE '+'".to_owned(), r"ORD+_%++\_")]
        );
        assert!(filter.takes(Product::Luw, "A_B", r"ORD_X+\Y") && !filter.takes(Product::Luw, "AXB", r"ORD_X+\Y"));
    }

    #[test]
    fn schemas_of_the_system_come_where_they_are_asked_for() {
        let all = CatalogFilter::everything();
        assert_eq!(texts(&all.conditions(Product::IbmI, "S", "N")), []);
        assert!(all.takes(Product::IbmI, "QSYS2", "X"));
        let users = CatalogFilter::default();
        assert_eq!(
            texts(&users.conditions(Product::IbmI, "S", "N")),
            [("S NOT LIKE ? ESCAPE '+'".to_owned(), "Q%"), ("S NOT LIKE ? ESCAPE '+'".to_owned(), "SYS%")]
        );
        assert!(!users.takes(Product::IbmI, "QGPL", "X") && users.takes(Product::Luw, "QGPL", "X"));
    }

    #[test]
    fn a_pattern_that_ends_in_the_middle_is_refused() {
        assert_eq!(NameFilter::like(r"A\").unwrap_err().sqlstate.as_deref(), Some("22025"));
        assert!(NameFilter::like(r"A\\").is_ok());
    }

    #[test]
    fn names_and_patterns_fold_as_names_of_sql_do() {
        assert_eq!(NameFilter::named("shop").unwrap(), NameFilter::is("SHOP"));
        assert_eq!(NameFilter::named("\"a.b\"").unwrap(), NameFilter::is("a.b"));
        assert!(NameFilter::named("a.b").is_err() && NameFilter::named("").is_err());
        assert_eq!(NameFilter::pattern("ord%").unwrap(), NameFilter::Like("ORD%".to_owned()));
        assert_eq!(NameFilter::pattern("\"a\"\"%\"").unwrap(), NameFilter::Like("a\"%".to_owned()));
    }
}
