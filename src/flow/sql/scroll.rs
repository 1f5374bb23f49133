//! Cursors that move: the attributes that a query is prepared with, the places that CNTQRY leads to, and the number of rows
//! that an answer tells. A cursor that scrolls tells its end by a row that is an SQLCA alone, and stays open. (Measured:
//! Derby 10.14; IBM's JDBC driver.)

use crate::wire::sql::query::orientation;
use crate::wire::sql::sqlca::Sqlca;
use crate::wire::value::product::Product;

/// Whether a cursor that scrolls shows changes that are made after it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sensitivity {
    /// It does not.
    Insensitive,
    /// Rows are as they are when they are fetched; which there are does not change.
    Sensitive,
}

/// The attributes of a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CursorAttributes {
    /// It scrolls.
    pub scroll: Option<Sensitivity>,
    /// Rows can be changed where it stands.
    pub updatable: bool,
    /// It outlives a commit.
    pub held: bool,
}

impl CursorAttributes {
    /// As they stand in SQLATTR, each with a blank after it. (Measured: IBM's JDBC driver.)
    pub(super) fn text(self) -> String {
        let scroll = match self.scroll {
            Some(Sensitivity::Insensitive) => "INSENSITIVE SCROLL ",
            Some(Sensitivity::Sensitive) => "SENSITIVE STATIC SCROLL ",
            None => "",
        };
        let change = if self.updatable { "FOR UPDATE " } else { "FOR READ ONLY " };
        let held = if self.held { "WITH HOLD " } else { "WITHOUT HOLD " };
        format!("{scroll}{change}{held}")
    }
}

/// A place that a cursor moves to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A row by its number, from 1.
    Row(u64),
    /// After the last row.
    AfterLast,
}

impl Place {
    /// QRYSCRORN and QRYROWNBR.
    pub(super) fn on_the_wire(self) -> (u8, Option<i64>) {
        match self {
            Place::Row(row) => (orientation::ABSOLUTE, Some(i64::try_from(row).unwrap_or(i64::MAX))),
            Place::AfterLast => (orientation::AFTER, None),
        }
    }
}

/// The row is not there any more. (Read: SQL standard, a hole in a cursor that is sensitive.)
pub fn is_hole(sqlca: &Sqlca) -> bool {
    sqlca.sqlstate.trim() == "02502"
}

/// The number of rows that an answer from after the last row tells, in SQLERRD 1 and 2: Derby has the upper half first.
/// (Measured: Derby 10.14; IBM's JDBC driver at Db2 for LUW.) Which is so elsewhere is not known: both are given.
pub fn row_counts(sqlca: &Sqlca, product: Product) -> [u64; 2] {
    let [first, second, ..] = sqlca.errd;
    let joined = |high: i32, low: i32| u64::from(high as u32) << 32 | u64::from(low as u32);
    let counts = [joined(second, first), joined(first, second)];
    if product == Product::Derby { [counts[1], counts[0]] } else { counts }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_attributes_are_those_of_ibms_driver() {
        let of = |scroll, updatable, held| CursorAttributes { scroll, updatable, held }.text();
        assert_eq!(of(None, true, true), "FOR UPDATE WITH HOLD ");
        assert_eq!(of(Some(Sensitivity::Insensitive), false, false), "INSENSITIVE SCROLL FOR READ ONLY WITHOUT HOLD ");
        assert_eq!(of(Some(Sensitivity::Sensitive), true, true), "SENSITIVE STATIC SCROLL FOR UPDATE WITH HOLD ");
    }

    #[test]
    fn the_number_of_rows_is_where_the_product_has_it() {
        let told = |errd| Sqlca { errd, ..Sqlca::default() };
        assert_eq!(row_counts(&told([0, 5, 0, 0, 0, 0]), Product::Derby)[0], 5);
        assert_eq!(row_counts(&told([5, 0, 0, 0, 0, 0]), Product::Luw)[0], 5);
        assert_eq!(row_counts(&told([-1, 1, 0, 0, 0, 0]), Product::Luw)[0], (2 << 32) - 1);
    }
}
