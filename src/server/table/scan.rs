//! Looking through a table: which of its rows a filter takes.

use super::Table;
use super::columns::column;
use super::plan::{Filter, Operand};
use super::stop::Stop;
use super::value::Matcher;
use crate::server::backend::{Parameters, Rows};
use crate::server::error::SqlError;
use arrow_array::RecordBatch;
use std::sync::Arc;

/// Which rows a filter takes.
pub(super) enum Match {
    All,
    None,
    Equal { column: usize, matcher: Matcher },
}

impl Match {
    pub(super) fn of(
        filter: Option<&Filter>,
        table: &Table,
        parameters: &Parameters,
        stop: &Stop,
    ) -> Result<Match, SqlError> {
        let Some(filter) = filter else { return Ok(Match::All) };
        let column = column(table, &filter.column)?;
        let array = match &filter.value {
            Operand::Marker(_) => {
                let first = parameters.columns.first();
                first.cloned().ok_or_else(|| SqlError::new(-313, "07001", &[]))?
            }
            Operand::Literal(literal) => literal.array(),
        };
        let matcher = Matcher::new(table.schema.field(column), array.as_ref(), stop)?;
        Ok(matcher.map_or(Match::None, |matcher| Match::Equal { column, matcher }))
    }

    /// The rows in runs: first row, rows, whether they are taken.
    pub(super) fn runs(&self, batch: &RecordBatch) -> Result<Vec<(usize, usize, bool)>, SqlError> {
        let rows = batch.num_rows();
        let (column, matcher) = match self {
            Match::All => return Ok(vec![(0, rows, true)]),
            Match::None => return Ok(vec![(0, rows, false)]),
            Match::Equal { column, matcher } => (column, matcher),
        };
        let hits = matcher.hits(batch.column(*column).as_ref())?;
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
