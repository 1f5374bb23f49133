//! The definition of a table for Arrow columns, in the types of each product. What has no exact type is refused by
//! the column's name.

use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::client::sql::identifier::{folded, quoted};
use crate::column::encode::length;
use crate::column::kind::{SqlForm, plain_name};
use crate::wire::value::named_type::NamedType;
use crate::wire::value::product::Product;
use crate::wire::value::types::TypeId;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema};

/// Digits of a decimal that every product has and that is sent.
const DIGITS: u8 = 31;
/// The longest VARCHAR and VARBINARY of all products.
const LONGEST: usize = 32_672;
/// The shortest one that is made.
const SHORTEST: usize = 64;
/// The longest BINARY and CHAR FOR BIT DATA.
const FIXED: usize = 254;
/// Takes everything longer.
const LARGE: usize = 1 << 30;

/// The columns of a table for `schema`, in brackets. `sample` are the first rows: texts and bytes get twice the length
/// of the longest one, rounded up. `types` has columns whose type is given, in SQL.
pub(super) fn columns(
    product: Product,
    schema: &Schema,
    sample: Option<&RecordBatch>,
    types: &[(String, String)],
) -> Result<String> {
    if let Some((name, _)) = types.iter().find(|(name, _)| position(schema, name).is_none()) {
        return Err(bad(format!("types: the data has no column {name:?}")));
    }
    let mut columns: Vec<String> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    for (n, field) in schema.fields().iter().enumerate() {
        let name = folded(field.name());
        if names.contains(&name) {
            return Err(bad(format!("two columns would be called {name:?}")));
        }
        let given = types.iter().find(|(given, _)| position(schema, given) == Some(n));
        let sql_type = match given {
            Some((_, sql)) => sql.clone(),
            None => sql_type(product, field, sample.and_then(|rows| rows.columns().get(n)))?,
        };
        let null = if field.is_nullable() { "" } else { " NOT NULL" };
        columns.push(format!("{} {sql_type}{null}", quoted(field.name())));
        names.push(name);
    }
    Ok(format!("({})", columns.join(", ")))
}

/// The column of a name: the very one, else one that SQL takes for the same.
fn position(schema: &Schema, name: &str) -> Option<usize> {
    let exact = schema.fields().iter().position(|field| field.name() == name);
    exact.or_else(|| schema.fields().iter().position(|field| folded(field.name()) == folded(name)))
}

fn bad(text: String) -> Error {
    Error::new(ErrorClass::Programming, Phase::Execute, "42601", text)
}

fn sql_type(product: Product, field: &Field, values: Option<&ArrayRef>) -> Result<String> {
    let data_type = match field.data_type() {
        DataType::Dictionary(_, values) => values.as_ref(),
        data_type => data_type,
    };
    let refused = |cure: &str| {
        let text = format!("column {:?}: no table is created for Arrow's {data_type}", field.name());
        Err(Error::new(ErrorClass::NotSupported, Phase::Execute, "56084", text).hint(cure.to_owned()))
    };
    let derby = product == Product::Derby;
    let text = |n: usize| match product {
        Product::IbmI => format!("VARCHAR({n}) CCSID 1208"),
        _ => format!("VARCHAR({n})"),
    };
    let bytes = |n: usize| if derby { format!("VARCHAR({n}) FOR BIT DATA") } else { format!("VARBINARY({n})") };
    Ok(match SqlForm::of(data_type) {
        None => {
            return refused(
                "cast the column, or leave it out; a type given in SQL (types) is taken where values fit it",
            );
        }
        Some(SqlForm::Null) => text(SHORTEST),
        Some(SqlForm::Plain(id)) => match plain_name(id).filter(|name| NamedType::is_of(name, product)) {
            Some(name) => name.to_owned(),
            None if id == TypeId::BOOLEAN => "SMALLINT".to_owned(),
            None => return refused("the product has no such type: cast the column, or give its type in SQL (types)"),
        },
        Some(SqlForm::Decimal(precision, scale)) => {
            // A negative scale stands for zeros in front of the point.
            let (digits, scale) = match u8::try_from(scale) {
                Ok(scale) => (precision.max(scale), scale),
                Err(_) => (precision.saturating_add(scale.unsigned_abs()), 0),
            };
            if digits > DIGITS {
                return refused(
                    "a DECIMAL has 31 digits at most: cast the column to a decimal of fewer digits or to text, or give \
                     its type in SQL (types)",
                );
            }
            format!("DECIMAL({digits}, {scale})")
        }
        Some(SqlForm::Text { .. }) => match longest(values) {
            Some(n) => text(n),
            None if product == Product::IbmI => format!("CLOB({LARGE}) CCSID 1208"),
            None => format!("CLOB({LARGE})"),
        },
        Some(SqlForm::FixedBytes(n)) => match usize::try_from(n).unwrap_or_default() {
            n @ 1..=FIXED if derby => format!("CHAR({n}) FOR BIT DATA"),
            n @ 1..=FIXED => format!("BINARY({n})"),
            n @ ..=LONGEST => bytes(n.max(1)),
            _ => format!("BLOB({LARGE})"),
        },
        Some(SqlForm::Bytes { .. }) => match longest(values) {
            Some(n) => bytes(n),
            None => format!("BLOB({LARGE})"),
        },
        // Derby's has nine digits and no length.
        Some(SqlForm::Seconds(TypeId::TIMESTAMP, _)) if derby => "TIMESTAMP".to_owned(),
        Some(SqlForm::Seconds(TypeId::TIMESTAMP, 9)) => "TIMESTAMP(9)".to_owned(),
        Some(SqlForm::Seconds(TypeId::TIMESTAMP, _)) => "TIMESTAMP".to_owned(),
        Some(SqlForm::Seconds(id, digits)) => {
            let name = id.form().and_then(|form| form.sql_type.name()).filter(|name| NamedType::is_of(name, product));
            match name.and_then(|name| name.split_once(' ')) {
                Some((name, rest)) => format!("{name}({}) {rest}", if digits > 6 { 9 } else { 6 }),
                None => {
                    return refused(
                        "the product has no type with a time zone: cast the column to timestamps without one, in the \
                         zone that is meant",
                    );
                }
            }
        }
    })
}

/// The length for texts or bytes of which these are the first; `None` where it is too long.
fn longest(values: Option<&ArrayRef>) -> Option<usize> {
    let longest =
        values.map_or(0, |values| (0..values.len()).map(|row| length(values.as_ref(), row)).max().unwrap_or(0));
    let wanted = longest.saturating_mul(2).max(SHORTEST);
    match longest {
        ..=LONGEST => Some(wanted.next_power_of_two().min(LONGEST)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::array::StringArray;
    use arrow_schema::TimeUnit;
    use std::sync::Arc;

    fn of(product: Product, data_type: DataType) -> Result<String> {
        columns(product, &Schema::new(vec![Field::new("a", data_type, true)]), None, &[])
    }

    #[test]
    fn each_product_has_its_types() {
        use Product::{Derby, IbmI, Luw, Zos};
        let zone = || Some("UTC".into());
        for (product, data_type, expected) in [
            (Luw, DataType::Boolean, "BOOLEAN"),
            (Zos, DataType::Boolean, "SMALLINT"),
            (IbmI, DataType::Boolean, "SMALLINT"),
            (Luw, DataType::UInt64, "DECIMAL(20, 0)"),
            (Luw, DataType::Decimal128(31, 5), "DECIMAL(31, 5)"),
            (Luw, DataType::Decimal128(5, -3), "DECIMAL(8, 0)"),
            (Luw, DataType::Decimal128(2, 4), "DECIMAL(4, 4)"),
            (IbmI, DataType::Utf8, "VARCHAR(64) CCSID 1208"),
            (Derby, DataType::Binary, "VARCHAR(64) FOR BIT DATA"),
            (Luw, DataType::Binary, "VARBINARY(64)"),
            (Derby, DataType::FixedSizeBinary(16), "CHAR(16) FOR BIT DATA"),
            (Luw, DataType::FixedSizeBinary(16), "BINARY(16)"),
            (Luw, DataType::FixedSizeBinary(4000), "VARBINARY(4000)"),
            (Luw, DataType::Timestamp(TimeUnit::Nanosecond, None), "TIMESTAMP(9)"),
            (Derby, DataType::Timestamp(TimeUnit::Nanosecond, None), "TIMESTAMP"),
            (Luw, DataType::Timestamp(TimeUnit::Microsecond, None), "TIMESTAMP"),
            (Zos, DataType::Timestamp(TimeUnit::Microsecond, zone()), "TIMESTAMP(6) WITH TIME ZONE"),
            (Luw, DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Int64)), "BIGINT"),
            (Luw, DataType::Null, "VARCHAR(64)"),
        ] {
            assert_eq!(of(product, data_type).unwrap(), format!("(\"A\" {expected})"));
        }
        let item = Arc::new(Field::new("item", DataType::Int8, true));
        for data_type in [
            DataType::List(item),
            DataType::Decimal128(32, 0),
            DataType::Decimal128(31, -1),
            DataType::Timestamp(TimeUnit::Second, zone()),
            DataType::Duration(TimeUnit::Second),
        ] {
            let e = of(Luw, data_type).unwrap_err();
            assert!(e.message.starts_with("column \"a\": no table") && e.hint.is_some(), "{e:?}");
        }
    }

    #[test]
    fn texts_get_room_to_grow() {
        let of = |texts: Vec<Option<String>>| {
            let array: ArrayRef = Arc::new(StringArray::from(texts));
            longest(Some(&array))
        };
        assert_eq!(of(vec![]), Some(64));
        assert_eq!(of(vec![None, Some("x".repeat(32))]), Some(64));
        assert_eq!(of(vec![Some("x".repeat(33)), Some("y".into())]), Some(128));
        assert_eq!(of(vec![Some("ä".repeat(100))]), Some(512));
        assert_eq!(of(vec![Some("x".repeat(20_000))]), Some(32_672));
        assert_eq!(of(vec![Some("x".repeat(32_672))]), Some(32_672));
        assert_eq!(of(vec![Some("x".repeat(32_673))]), None);
    }

    #[test]
    fn names_and_given_types() {
        let field = |name: &str| Field::new(name, DataType::Int32, false);
        let schema = Schema::new(vec![field("id"), field("Total Sum")]);
        let types = [("ID".to_owned(), "BIGINT".to_owned())];
        assert_eq!(
            columns(Product::Luw, &schema, None, &types).unwrap(),
            "(\"ID\" BIGINT NOT NULL, \"Total Sum\" INTEGER NOT NULL)"
        );
        let other = [("x".to_owned(), "BIGINT".to_owned())];
        assert!(columns(Product::Luw, &schema, None, &other).is_err());
        let twice = Schema::new(vec![field("id"), field("ID")]);
        assert!(columns(Product::Luw, &twice, None, &[]).unwrap_err().message.contains("two columns"));
    }
}
