//! Looking through a table: which of its rows some filters take.

use super::Table;
use super::columns::column;
use super::plan::{Comparison, Filter, Operand};
use super::stop::Stop;
use super::value::Matcher;
use crate::server::backend::{Parameters, Rows};
use crate::server::error::SqlError;
use crate::wire::sql::like::{self, Sign};
use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Bytes of a pattern, at most, as in Db2.
const LONGEST_PATTERN: usize = 4000;

/// Which rows some filters take.
pub(super) enum Match {
    None,
    /// Those for which all of these hold.
    All(Vec<Test>),
}

/// A condition, with its value.
pub(super) enum Test {
    Equal { column: usize, matcher: Matcher },
    Like { column: usize, signs: Vec<Sign>, not: bool, stop: Stop },
}

impl Match {
    pub(super) fn of(
        filters: &[Filter],
        table: &Table,
        parameters: &Parameters,
        stop: &Stop,
    ) -> Result<Match, SqlError> {
        let mut tests = Vec::with_capacity(filters.len());
        for filter in filters {
            match Test::of(filter, table, parameters, stop)? {
                Some(test) => tests.push(test),
                // Nothing is equal to NULL, or like it.
                None => return Ok(Match::None),
            }
        }
        Ok(Match::All(tests))
    }

    /// The rows in runs: first row, rows, whether they are taken.
    pub(super) fn runs(&self, batch: &RecordBatch) -> Result<Vec<(usize, usize, bool)>, SqlError> {
        let rows = batch.num_rows();
        let tests = match self {
            Match::None => return Ok(vec![(0, rows, false)]),
            Match::All(tests) if tests.is_empty() => return Ok(vec![(0, rows, true)]),
            Match::All(tests) => tests,
        };
        let mut hits = vec![true; rows];
        for test in tests {
            hits.iter_mut().zip(test.hits(batch)?).for_each(|(all, hit)| *all &= hit);
        }
        let mut runs: Vec<(usize, usize, bool)> = Vec::new();
        for (row, hit) in hits.into_iter().enumerate() {
            match runs.last_mut() {
                Some((_, n, same)) if *same == hit => *n += 1,
                _ => runs.push((row, 1, hit)),
            }
        }
        Ok(runs)
    }
}

impl Test {
    /// None where no row can pass.
    fn of(filter: &Filter, table: &Table, parameters: &Parameters, stop: &Stop) -> Result<Option<Test>, SqlError> {
        let column = column(table, &filter.column)?;
        let array = match &filter.value {
            Operand::Marker(at) => {
                let given = parameters.columns.get(*at);
                given.cloned().ok_or_else(|| SqlError::new(-313, "07001", &[]))?
            }
            Operand::Literal(literal) => literal.array(),
        };
        let field = table.schema.field(column);
        match filter.test {
            Comparison::Equal => {
                let matcher = Matcher::new(field, array.as_ref(), stop)?;
                Ok(matcher.map(|matcher| Test::Equal { column, matcher }))
            }
            Comparison::Like { not, escape } => {
                if field.data_type() != &DataType::Utf8 {
                    return Err(SqlError::new(-414, "42824", &[]));
                }
                if array.is_empty() || array.is_null(0) || array.data_type() == &DataType::Null {
                    return Ok(None);
                }
                let pattern = array.as_string_opt::<i32>().ok_or_else(|| SqlError::new(-414, "42824", &[]))?.value(0);
                if pattern.len() > LONGEST_PATTERN {
                    return Err(SqlError::new(-132, "42824", &[]));
                }
                let signs = like::signs_of_like(pattern, escape).ok_or_else(|| SqlError::new(-130, "22025", &[]))?;
                Ok(Some(Test::Like { column, signs, not, stop: stop.clone() }))
            }
        }
    }

    /// Row by row, whether it holds.
    fn hits(&self, batch: &RecordBatch) -> Result<Vec<bool>, SqlError> {
        let (column, signs, not, stop) = match self {
            Test::Equal { column, matcher } => return matcher.hits(batch.column(*column).as_ref()),
            Test::Like { column, signs, not, stop } => (*column, signs, *not, stop),
        };
        let texts = batch.column(column).as_string::<i32>();
        let mut hits = Vec::with_capacity(texts.len());
        for (row, text) in texts.iter().enumerate() {
            stop.row(row)?;
            hits.push(text.is_some_and(|text| like::takes(signs, text) != not));
        }
        Ok(hits)
    }
}

/// The rows of one column of text, each of which comes once, up to `limit`. Only views of the catalog are read so, which
/// are small.
pub(super) fn distinct(rows: Rows, limit: usize) -> Rows {
    let mut seen = BTreeSet::new();
    let each = rows.flat_map(move |batch| match batch {
        Ok(batch) => match batch.columns() {
            [column] if column.data_type() == &DataType::Utf8 => {
                let texts = column.as_string::<i32>().iter().enumerate();
                let new = texts.filter(|(_, text)| seen.insert(text.map(str::to_owned))).map(|(row, _)| row);
                new.map(|row| Ok(batch.slice(row, 1))).collect::<Vec<_>>()
            }
            _ => vec![Err(SqlError::new(-84, "42612", &[]))],
        },
        Err(e) => vec![Err(e)],
    });
    Box::new(each.take(limit))
}

/// The rows of a table, lazily: a large one starts at once. `stop` counts from each batch on: an interrupt that came
/// before was for something else.
pub(super) fn select(table: Arc<Table>, picked: Vec<usize>, filter: Match, limit: usize, stop: Stop) -> Rows {
    let mut left = limit;
    let mut batch = 0;
    let mut runs: std::vec::IntoIter<(usize, usize, bool)> = Vec::new().into_iter();
    Box::new(std::iter::from_fn(move || {
        stop.begin();
        loop {
            if left == 0 {
                return None;
            }
            if let Some((start, rows, hit)) = runs.next() {
                let current = table.batches.get(batch - 1)?;
                if !hit {
                    continue;
                }
                let rows = rows.min(left);
                left -= rows;
                let projected = current.slice(start, rows).project(&picked);
                return Some(projected.map_err(|e| SqlError::system(&e.to_string())));
            }
            match filter.runs(table.batches.get(batch)?) {
                Ok(found) => runs = found.into_iter(),
                Err(e) => {
                    left = 0;
                    return Some(Err(e));
                }
            }
            batch += 1;
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::super::MemoryTables;
    use crate::server::backend::{Parameters, Session};
    use crate::server::error::SqlError;
    use arrow_array::cast::AsArray;
    use arrow_array::{ArrayRef, StringArray};
    use std::sync::Arc;

    #[test]
    fn all_conditions_hold_and_null_is_like_nothing() {
        let mut session = MemoryTables::new().session("ME");
        let mut run = |sql: &str, values: &[&str]| {
            let columns: Vec<ArrayRef> =
                values.iter().map(|text| Arc::new(StringArray::from(vec![*text])) as ArrayRef).collect();
            let prepared = session.prepare(sql)?;
            let parameters = Parameters { rows: 1, columns };
            if prepared.columns.is_none() {
                return session.execute(prepared.statement, &parameters).map(|_| String::new());
            }
            let mut names = String::new();
            for batch in session.query(prepared.statement, &parameters)? {
                names.extend(batch?.column(0).as_string::<i32>().iter().flatten());
            }
            Ok::<_, SqlError>(names)
        };
        run("CREATE TABLE T (A VARCHAR(9), B VARCHAR(9), C INTEGER)", &[]).unwrap();
        for row in ["'a', 'x_1', 1", "'b', 'xy1', 2", "'c', NULL, 3", "'d', 'x+1', 4"] {
            run(&format!("INSERT INTO T VALUES ({row})"), &[]).unwrap();
        }
        for (condition, values, expected) in [
            ("B LIKE ? AND A = ?", &["x%", "b"][..], "b"),
            ("B LIKE ?", &["x_1"], "abd"),
            ("B LIKE ? ESCAPE '+'", &["x+_1"], "a"),
            ("B NOT LIKE 'x+_1' ESCAPE '+'", &[], "bd"),
            ("B LIKE NULL", &[], ""),
            ("C = 3 AND A LIKE '%'", &[], "c"),
        ] {
            assert_eq!(run(&format!("SELECT A FROM T WHERE {condition}"), values).unwrap(), expected, "{condition}");
        }
        for (condition, code) in
            [("C LIKE '1'", -414), ("B LIKE 'x' ESCAPE 'x'", -130), ("B LIKE 'a+b' ESCAPE '+'", -130)]
        {
            assert_eq!(
                run(&format!("SELECT A FROM T WHERE {condition}"), &[]).unwrap_err().sqlcode,
                code,
                "{condition}"
            );
        }
    }
}
