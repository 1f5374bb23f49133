//! Tokens of results that are read elsewhere (ExecutePartitions, ReadPartition): on any connection to the same database,
//! on another machine as well. A token has the statement and no secret. Nothing is executed before it is read.

use super::error::{fault, of};
use crate::client::sql::{identifier, statement_kind};
use adbc_core::error::{Result, Status};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int16Type, Int32Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;

/// Every token begins with this, and with the version of its form.
const HEAD: &str = "drdarrow-query-1";

/// A statement for a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub database: String,
    pub sql: String,
}

impl Token {
    /// Its bytes. A database's name has no line breaks.
    pub(super) fn encode(&self) -> Vec<u8> {
        format!("{HEAD}\n{}\n{}", self.database, self.sql).into_bytes()
    }

    /// From its bytes.
    pub(super) fn decode(bytes: &[u8]) -> Result<Token> {
        let bad = || {
            let text = "the partition is no token of this driver: it comes from ExecutePartitions";
            fault(Status::InvalidArguments, "", text)
        };
        let text = std::str::from_utf8(bytes).map_err(|_| bad())?;
        let rest = text.strip_prefix(HEAD).and_then(|rest| rest.strip_prefix('\n')).ok_or_else(bad)?;
        let (database, sql) = rest.split_once('\n').ok_or_else(bad)?;
        Ok(Token { database: database.to_owned(), sql: sql.to_owned() })
    }
}

/// The parts that somebody wants of a query.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// How many; there may be fewer.
    pub count: usize,
    /// The column of integers that divides the rows.
    pub on: Option<String>,
}

impl Default for Wanted {
    fn default() -> Wanted {
        Wanted { count: 1, on: None }
    }
}

impl Wanted {
    /// The column that divides a query, in quotes; none where it is read whole.
    pub(super) fn key(&self, sql: &str) -> Result<Option<String>> {
        let on = self.on.as_ref().filter(|_| self.count > 1 && statement_kind::divides(sql));
        on.map(|on| identifier::table(None, on)).transpose().map_err(of)
    }

    /// The query for the ends of the key.
    pub(super) fn ends(key: &str, sql: &str) -> String {
        format!("SELECT MIN({key}), MAX({key}) FROM ({sql}\n) AS DRDA_Q")
    }

    /// A query for each part: the first and the last one are open, NULLs are in the first.
    pub(super) fn statements(&self, key: &str, sql: &str, (least, most): (i64, i64)) -> Vec<String> {
        let width = i128::from(most) - i128::from(least) + 1;
        let count = i128::try_from(self.count).unwrap_or(i128::MAX).min(width);
        let bound = |n: i128| i128::from(least) + width * n / count - 1;
        let of = |n: i128| match (n, n + 1 == count) {
            (0, true) => String::new(),
            (0, false) => format!(" WHERE {key} <= {} OR {key} IS NULL", bound(1)),
            (_, true) => format!(" WHERE {key} > {}", bound(n)),
            (_, false) => format!(" WHERE {key} > {} AND {key} <= {}", bound(n), bound(n + 1)),
        };
        (0..count).map(|n| format!("SELECT * FROM ({sql}\n) AS DRDA_Q{}", of(n))).collect()
    }
}

/// The two integers of a row; none where they are NULL.
///
/// Fails where they are no integers.
pub(super) fn integers(row: &RecordBatch) -> Result<Option<(i64, i64)>> {
    let value = |column: usize| -> Result<Option<i64>> {
        let array = row.columns().get(column).filter(|array| array.len() == 1);
        let number = array.and_then(|array| match array.data_type() {
            DataType::Int16 => {
                array.as_primitive_opt::<Int16Type>().map(|array| array.iter().flatten().map(i64::from).next())
            }
            DataType::Int32 => {
                array.as_primitive_opt::<Int32Type>().map(|array| array.iter().flatten().map(i64::from).next())
            }
            DataType::Int64 => array.as_primitive_opt::<Int64Type>().map(|array| array.iter().flatten().next()),
            _ => None,
        });
        let text = "adbc.drda.partition.on: rows are divided by a column of integers";
        number.ok_or_else(|| fault(Status::InvalidArguments, "", text))
    };
    Ok(value(0)?.zip(value(1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_integer_is_in_one_part() {
        for (least, most, count) in [(1, 10, 3), (0, 0, 5), (-3, 2, 64), (i64::MIN, i64::MAX, 7), (5, 6, 2)] {
            let wanted = Wanted { count, on: None };
            let parts = wanted.statements("K", "Q", (least, most));
            let bound = |text: &str, sign: &str| -> Option<i64> {
                let (_, after) = text.split_once(&format!("K {sign} "))?;
                after.split(' ').next()?.parse().ok()
            };
            assert!(parts.len() <= count && !parts[0].contains("K >"));
            for pair in parts.windows(2) {
                let (upper, lower) = (bound(&pair[0], "<=").unwrap(), bound(&pair[1], ">").unwrap());
                assert_eq!(upper, lower);
                assert!((least..most).contains(&upper));
            }
            assert!(!parts.last().unwrap().contains("K <="));
        }
    }

    #[test]
    fn a_query_with_an_order_is_not_divided() {
        let wanted = Wanted { count: 2, on: Some("id".to_owned()) };
        assert_eq!(wanted.key("SELECT ID, 'ORDER' AS \"LIMIT\" FROM T -- FETCH").unwrap().as_deref(), Some("\"ID\""));
        for whole in ["SELECT ID FROM T ORDER BY 1", "select id from t fetch first 5 rows only", "SELECT 1 FROM T;"] {
            assert_eq!(wanted.key(whole).unwrap(), None);
        }
        for numbered in ["SELECT ID FROM T WHERE ROWNUM <= 5", "SELECT ROW_NUMBER() OVER () AS ID FROM T"] {
            assert_eq!(wanted.key(numbered).unwrap(), None);
        }
        assert_eq!(wanted.key("SELECT ID FROM T USING SAMPLE 5").unwrap(), None);
        assert_eq!(Wanted::default().key("SELECT ID FROM T").unwrap(), None);
    }

    #[test]
    fn a_token_comes_back_as_it_was() {
        let token = Token { database: "SAMPLE".to_owned(), sql: "SELECT 'a\n'\nFROM T".to_owned() };
        assert_eq!(Token::decode(&token.encode()).unwrap(), token);
        for bytes in [&b""[..], b"\xff", b"drdarrow-query-1", b"drdarrow-query-1\nSAMPLE", b"drdarrow-query-2\nA\nB"] {
            assert_eq!(Token::decode(bytes).unwrap_err().status, Status::InvalidArguments);
        }
    }
}
