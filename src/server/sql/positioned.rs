//! Rows that are changed where a cursor stands: queries FOR UPDATE, whose result has one column more than is sent, by
//! which the engine knows each row; and statements WHERE CURRENT OF such a cursor, which are for that row. The cursor
//! is named in their text alone, by a name made of its section's. (Measured: Derby's client, IBM's JDBC driver.)
//! After a commit a cursor that is held has to be read on before a row is changed. (Read: Db2 for LUW, DECLARE CURSOR.)

use super::section::Section;
use crate::server::backend::{Done, Rows};
use crate::server::error::SqlError;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::Schema;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// Batches whose rows may be the current one, where rows are read forward: one may have been asked for ahead.
const KEPT: usize = 2;

/// The part of a cursor by which rows are changed where it stands.
pub(super) struct UpdatableCursor {
    /// The query, as the engine knows it.
    pub(super) statement: u64,
    pub(super) keys: RowKeys,
    /// A unit of work has ended since its last row was read.
    pub(super) waits: bool,
}

/// How the engine knows rows, as far as they were read.
#[derive(Clone, Default)]
pub(super) struct RowKeys(Arc<Mutex<VecDeque<(u64, ArrayRef)>>>);

impl RowKeys {
    /// That of a row by its place in the result, from 1 on.
    pub(super) fn get(&self, row: u64) -> Option<ArrayRef> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (before, keys) = kept.iter().rev().find(|(before, _)| *before < row)?;
        let at = usize::try_from(row - before - 1).ok()?;
        (at < keys.len() && keys.is_valid(at)).then(|| keys.slice(at, 1))
    }

    fn add(&self, before: u64, keys: ArrayRef, all: bool) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back((before, keys));
        while !all && kept.len() > KEPT {
            kept.pop_front();
        }
    }
}

/// Takes the last column, of keys, off rows. `all` keeps those of all rows, for a cursor that scrolls.
pub(super) fn keyed(rows: Rows, all: bool) -> (Rows, RowKeys) {
    let (keys, mut count) = (RowKeys::default(), 0);
    let kept = keys.clone();
    let rows = rows.map(move |batch| {
        let batch = batch?;
        let (rest, last) = split(&batch).ok_or_else(|| SqlError::system("rows without keys"))?;
        kept.add(count, last, all);
        count += rest.num_rows() as u64;
        Ok(rest)
    });
    (Box::new(rows), keys)
}

/// -224 where a statement for the row of a cursor found it no more, or changed by others.
pub(super) fn found(done: Done, cursor: &str) -> Result<Done, SqlError> {
    if done.count == Some(0) { Err(SqlError::new(-224, "24512", &[cursor])) } else { Ok(done) }
}

fn split(batch: &RecordBatch) -> Option<(RecordBatch, ArrayRef)> {
    let columns = batch.num_columns().checked_sub(1)?;
    let last = batch.columns().last()?.clone();
    let most: Vec<usize> = (0..columns).collect();
    Some((batch.project(&most).ok()?, last))
}

/// The columns that are sent.
pub(super) fn without_key(schema: &Schema) -> Schema {
    let columns = schema.fields().len().saturating_sub(1);
    Schema::new(schema.fields().iter().take(columns).cloned().collect::<Vec<_>>())
}

/// The name of a section's cursor.
pub(super) fn name_of((_, package, section): &Section) -> String {
    format!("SQL_CUR{}C{section}", package.strip_prefix("SYS").unwrap_or(package))
}

/// True for a query that ends in FOR UPDATE, with columns or without.
pub(super) fn is_for_update(sql: &str) -> bool {
    let words: Vec<&str> = sql.split(|c: char| c.is_whitespace() || c == ';').filter(|word| !word.is_empty()).collect();
    let is = |word: &str, name: &str| word.eq_ignore_ascii_case(name);
    let at = words.windows(2).rposition(|pair| matches!(pair, [a, b] if is(a, "FOR") && is(b, "UPDATE")));
    at.is_some_and(|at| !words.iter().skip(at).any(|word| word.contains('\'')))
}

/// The part of a statement before WHERE CURRENT OF, and the name of the cursor; none for another statement.
pub(super) fn current_of(sql: &str) -> Option<(&str, String)> {
    let sql = sql.trim_end().trim_end_matches(';').trim_end();
    let at = sql.rfind(char::is_whitespace)?;
    let (head, name) = sql.split_at(at);
    let head = ["OF", "CURRENT", "WHERE"].into_iter().try_fold(head, without_word)?;
    let name = name.trim();
    let inner = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '#' | '@' | '$');
    let is_name = inner.map_or_else(|| name.chars().all(plain), |inner| !inner.contains('"'));
    (is_name && ends_as_code(head)).then(|| (head, inner.map_or_else(|| name.to_uppercase(), str::to_owned)))
}

/// False for a text that ends within a literal, a name in quotes or a comment.
fn ends_as_code(sql: &str) -> bool {
    let mut rest = sql;
    while let Some(at) = rest.find(['\'', '"', '-', '/']) {
        let (_, found) = rest.split_at(at);
        let (start, end) = match found.get(..1) {
            Some("-") if found.starts_with("--") => (2, "\n"),
            Some("/") if found.starts_with("/*") => (2, "*/"),
            // A quote that is doubled ends one part and begins the next.
            Some(quote @ ("'" | "\"")) => (1, quote),
            _ => {
                rest = found.get(1..).unwrap_or_default();
                continue;
            }
        };
        let Some((_, after)) = found.get(start..).and_then(|inner| inner.split_once(end)) else { return false };
        rest = after;
    }
    true
}

/// A text without the word that it ends in.
fn without_word<'a>(sql: &'a str, word: &str) -> Option<&'a str> {
    let sql = sql.trim_end();
    let (head, last) = sql.split_at_checked(sql.len().checked_sub(word.len())?)?;
    (last.eq_ignore_ascii_case(word) && head.ends_with(|c: char| c.is_whitespace() || c == ')' || c == '"'))
        .then_some(head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{Int64Array, StringArray};

    #[test]
    fn statements_are_recognised() {
        assert_eq!(
            current_of("UPDATE \"APP\".\"T\" SET V = ?  where current\nof SQL_CURLH000C7 ; "),
            Some(("UPDATE \"APP\".\"T\" SET V = ?  ", "SQL_CURLH000C7".to_owned()))
        );
        assert_eq!(current_of("DELETE FROM T WHERE CURRENT OF \"c\"").map(|(_, name)| name), Some("c".to_owned()));
        for sql in [
            "UPDATE T SET V = 'it''s -- \"' -- a 'comment'\n WHERE CURRENT OF C",
            "UPDATE \"a'--\" SET V = 4 / 2 - 1 /* ' */ WHERE CURRENT OF C",
        ] {
            assert_eq!(current_of(sql).map(|(_, name)| name), Some("C".to_owned()), "{sql}");
        }
        for other in [
            "",
            "OF X",
            "DELETE FROM T WHERE CURRENT = OF",
            "SELECT 1",
            "DELETE FROM T ELSEWHERE CURRENT OF X",
            "INSERT INTO T VALUES ('DELETE FROM T WHERE CURRENT OF X')",
            "UPDATE T SET V = 'a WHERE CURRENT OF X'",
            "UPDATE T SET V = 'a WHERE CURRENT OF X",
            "SELECT \"a WHERE CURRENT OF X\" FROM T AS \"b WHERE CURRENT OF X\"",
            "UPDATE T SET V = 'it''s' WHERE A = 'x'' WHERE CURRENT OF \"X\"",
            "SELECT 1 -- DELETE FROM T WHERE CURRENT OF X",
            "SELECT 1 /* DELETE FROM T WHERE CURRENT OF X */",
            "SELECT 1 /* DELETE FROM T WHERE CURRENT OF X",
        ] {
            assert_eq!(current_of(other), None, "{other}");
        }
        assert!(is_for_update("SELECT * FROM T FOR UPDATE") && is_for_update("select a from t for  update of A, B;"));
        assert!(!is_for_update("SELECT 'FOR UPDATE' FROM T") && !is_for_update("SELECT * FROM T FOR READ ONLY"));
        assert_eq!(name_of(&(String::new(), "SYSLH000".to_owned(), 7)), "SQL_CURLH000C7");
    }

    #[test]
    fn rows_are_known_by_their_keys() {
        let batch = |names: &[&str], numbers: &[i64]| {
            let columns: [(&str, arrow_array::ArrayRef); 2] = [
                ("NAME", Arc::new(StringArray::from(names.to_vec()))),
                ("ROWID", Arc::new(Int64Array::from(numbers.to_vec()))),
            ];
            RecordBatch::try_from_iter(columns).map_err(|_| SqlError::conflict())
        };
        let batches =
            || vec![batch(&["a", "b"], &[10, 11]), batch(&[], &[]), batch(&["c"], &[40]), batch(&["d"], &[7])];
        for (all, expected) in
            [(true, [Some(10), Some(11), Some(40), Some(7)]), (false, [None, None, Some(40), Some(7)])]
        {
            let (rows, keys) = keyed(Box::new(batches().into_iter()), all);
            let number =
                |row| Some(keys.get(row)?.as_any().downcast_ref::<Int64Array>().map(|one| (one.len(), one.value(0))));
            let columns: Vec<usize> = rows.map(|batch| batch.unwrap().num_columns()).collect();
            assert_eq!(columns, [1; 4]);
            assert_eq!([1, 2, 3, 4].map(number), expected.map(|number| number.map(|number| Some((1, number)))));
            assert_eq!((number(0), number(5)), (None, None));
        }
    }
}
