//! The map of costs: each type of a column in each environment, fields of records, wide tables, rows with large
//! objects; values to Arrow and back, in memory, in nanoseconds of the best round.
//!
//! ```text
//! cargo bench --bench types                        everything
//! cargo bench --bench types -- TIMESTAMP           lines whose name contains the word (`luw DATE` is one word if quoted)
//! cargo bench --bench types -- --quick DECIMAL     the same of fewer values, in fewer rounds
//! cargo bench --bench types -- --level AVX2        held to a level of instructions; `all`: to each that there is
//! cargo bench --bench types -- --check             fails if a line misses the goal
//! ```
//!
//! `walk` finds the cells of rows of this one column, `decode` reads them, `finish` makes the array and drops it;
//! `ns/B` is their sum by the byte of the wire. `encode` writes the rows from Arrow.
#![allow(clippy::indexing_slicing)] // tables of our own

#[allow(dead_code)] // the names of its columns
#[path = "../lineitem.rs"]
mod lineitem;

mod cases;
mod column;
mod environment;
mod objects;
mod records;
mod report;
mod tables;
mod texts;
mod values;

use drdarrow::wire::codec::instructions::with;
use environment::ENVIRONMENTS;
use report::Report;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let mut report = Report::from_arguments(std::env::args().skip(1))?;
    report.machine();
    for (name, level) in report.levels() {
        report.begin(name);
        with(level, || map(&mut report))?;
    }
    report.misses()
}

/// Everything, at the level of instructions that is held to.
fn map(report: &mut Report) -> Result<()> {
    tables::lineitem(report)?;
    report.heading("columns of SQL, ns a value");
    for env in &ENVIRONMENTS {
        for case in cases::numbers(env).into_iter().chain(cases::times(env)).chain(texts::all(env)) {
            column::measure(report, env, &case)?;
        }
    }
    report.heading("fields of records, ns a value");
    records::run(report)?;
    report.heading("wide tables, ns a value");
    tables::wide(report)?;
    report.heading("rows with large objects, ns a row");
    objects::run(report)
}
