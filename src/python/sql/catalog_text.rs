//! The answer of a catalog as text and as HTML. A column without a value is not shown, but named below; so is the number
//! of rows.

use std::fmt::Write as _;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int16Type, Int32Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;

use crate::python::arrow::batch::escaped;

/// Rows that are shown.
const MOST_ROWS: usize = 60;
/// Characters of a cell that are shown as text.
const MOST_CHARACTERS: usize = 40;

/// The part that is shown.
struct Shown {
    names: Vec<String>,
    /// Whether a column has numbers.
    numbers: Vec<bool>,
    rows: Vec<Vec<String>>,
    caption: String,
}

impl Shown {
    fn of(batch: &RecordBatch) -> Shown {
        let (mut names, mut columns, mut empty) = (Vec::new(), Vec::new(), Vec::new());
        for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
            if batch.num_rows() > 0 && column.null_count() == column.len() {
                empty.push(field.name().clone());
            } else {
                names.push(field.name().clone());
                columns.push(column);
            }
        }
        let count = batch.num_rows().min(MOST_ROWS);
        let rows = (0..count).map(|row| columns.iter().map(|column| cell(column.as_ref(), row)).collect()).collect();
        let plural = if batch.num_rows() == 1 { "row" } else { "rows" };
        let mut caption = format!("{} {plural}", batch.num_rows());
        if count < batch.num_rows() {
            let _ = write!(caption, ", of which {count} are shown");
        }
        if !empty.is_empty() {
            let _ = write!(caption, "; without a value: {}", empty.join(", "));
        }
        let numbers = columns.iter().map(|column| column.data_type().is_integer()).collect();
        Shown { names, numbers, rows, caption }
    }
}

/// The value of a cell; nothing of NULL.
fn cell(column: &dyn Array, row: usize) -> String {
    if column.is_null(row) {
        return String::new();
    }
    match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().value(row).to_owned(),
        DataType::Boolean => if column.as_boolean().value(row) { "yes" } else { "no" }.to_owned(),
        DataType::Int16 => column.as_primitive::<Int16Type>().value(row).to_string(),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        other => other.to_string(),
    }
}

/// A cell in one line, cut where it is long.
fn short(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match line.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// A table of text.
pub(super) fn text(batch: &RecordBatch) -> String {
    let shown = Shown::of(batch);
    let rows: Vec<Vec<String>> = shown.rows.iter().map(|row| row.iter().map(|text| short(text)).collect()).collect();
    let width = |(n, name): (usize, &String)| {
        let cells = rows.iter().filter_map(|row| row.get(n)).map(|text| text.chars().count());
        cells.max().unwrap_or_default().max(name.chars().count())
    };
    let widths: Vec<usize> = shown.names.iter().enumerate().map(width).collect();
    let line = |cells: &[String]| {
        let mut text = String::new();
        for ((cell, width), number) in cells.iter().zip(&widths).zip(&shown.numbers) {
            // Writing to a String cannot fail.
            let _ = if *number { write!(text, "{cell:>width$}  ") } else { write!(text, "{cell:<width$}  ") };
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
        text
    };
    let mut out = line(&shown.names);
    out.push_str(&line(&widths.iter().map(|width| "-".repeat(*width)).collect::<Vec<_>>()));
    rows.iter().for_each(|row| out.push_str(&line(row)));
    out + &shown.caption
}

/// A table of HTML.
pub(super) fn html(batch: &RecordBatch) -> String {
    let shown = Shown::of(batch);
    let mut out = "<table><thead><tr>".to_owned();
    for name in &shown.names {
        let _ = write!(out, "<th>{}</th>", escaped(name));
    }
    out.push_str("</tr></thead><tbody>");
    for row in &shown.rows {
        out.push_str("<tr>");
        for cell in row {
            let _ = write!(out, "<td>{}</td>", escaped(cell));
        }
        out.push_str("</tr>");
    }
    let _ = write!(out, "</tbody></table><p>{}</p>", escaped(&shown.caption));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{ArrayRef, BooleanArray, Int32Array, StringArray};
    use std::sync::Arc;

    fn batch() -> RecordBatch {
        let columns: [(&str, ArrayRef); 4] = [
            ("name", Arc::new(StringArray::from(vec!["<A>\n", "B"]))),
            ("place", Arc::new(Int32Array::from(vec![Some(10), None]))),
            ("unique", Arc::new(BooleanArray::from(vec![true, false]))),
            ("label", Arc::new(StringArray::from(vec![None::<&str>, None]))),
        ];
        RecordBatch::try_from_iter(columns).unwrap()
    }

    #[test]
    fn rows_stand_below_each_other() {
        let expected = "name  place  unique\n----  -----  ------\n<A>      10  yes\nB            no\n\
                        2 rows; without a value: label";
        assert_eq!(text(&batch()), expected);
        assert_eq!(text(&batch().slice(0, 0)).lines().last(), Some("0 rows"));
        assert_eq!(short(&"x".repeat(41)), "x".repeat(40) + "…");
    }

    #[test]
    fn a_value_is_no_markup() {
        let html = html(&batch());
        assert!(html.contains("<td>&lt;A&gt;\n</td><td>10</td><td>yes</td>"), "{html}");
        assert!(html.ends_with("<p>2 rows; without a value: label</p>"), "{html}");
    }
}
