//! Connections that only read. The server is told so (RDBALWUPD of ACCRDB), and statements that change data are refused
//! here too, by their words: not every server keeps to it. A function that a query calls may still change data there.

use super::statement_kind::{StatementKind, hint, words};
use crate::client::error::{Error, ErrorClass, Phase, Result};

/// Statements that are no queries and change nothing but the session.
const HARMLESS: [&str; 5] = ["COMMIT", "RELEASE", "ROLLBACK", "SAVEPOINT", "SET"];
/// The rows of `FINAL TABLE (INSERT ...)` are those of a change.
const CHANGED: [&str; 3] = ["FINAL", "NEW", "OLD"];

/// Refuses a statement that may change data.
pub(super) fn check(sql: &str) -> Result<()> {
    let is = |word: &str, list: &[&str]| list.iter().any(|known| known.eq_ignore_ascii_case(word));
    let harmless = words(sql).next().is_some_and(|word| is(word, &HARMLESS)) || asks_catalog(sql);
    let reads = hint(sql) == StatementKind::Query || harmless;
    let mut words = words(sql).peekable();
    let mut changes = false;
    while let Some(word) = words.next() {
        changes |= is(word, &CHANGED) && words.peek().is_some_and(|next| next.eq_ignore_ascii_case("TABLE"));
    }
    if reads && !changes {
        return Ok(());
    }
    let text = "the connection only reads (read_only), and the statement is not a query";
    Err(Error::new(ErrorClass::Operational, Phase::Execute, "25006", text)
        .hint("connect without read_only to change data"))
}

/// Whether it is a CALL of a procedure that tells of the catalog: `SYSIBM.SQLTABLES` and its like.
fn asks_catalog(sql: &str) -> bool {
    let mut words = words(sql);
    let mut is = |known: &str| words.next().is_some_and(|word| word.eq_ignore_ascii_case(known));
    is("CALL") && is("SYSIBM") && words.next().is_some_and(|word| word.to_ascii_uppercase().starts_with("SQL"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_and_settings_of_the_session_pass() {
        for sql in [
            "SELECT * FROM T",
            "(VALUES 1)",
            "CALL SYSIBM.SQLCOLUMNS(?, ?, ?, ?, ?)",
            "-- x\nWITH A AS (SELECT 1 FROM T) SELECT * FROM A",
            "set schema X",
            "ROLLBACK TO SAVEPOINT A",
            "SELECT 'FINAL TABLE', \"NEW\", FINAL FROM \"TABLE\" -- OLD TABLE",
        ] {
            check(sql).unwrap();
        }
    }

    #[test]
    fn changes_are_refused_also_within_queries() {
        for sql in [
            "INSERT INTO T VALUES 1",
            "SELECT * FROM final /* x */ table (INSERT INTO T VALUES 1)",
            "SET X = (SELECT A FROM OLD TABLE (DELETE FROM T))",
            "CALL P()",
            "CALL SQLJ.INSTALL_JAR('SYSIBM', 'SQL', 0)",
            "? = CALL F()",
            "BEGIN ATOMIC END",
            "MERGE INTO T USING S ON 1 = 1",
            "",
        ] {
            assert_eq!(check(sql).unwrap_err().sqlstate.as_deref(), Some("25006"), "{sql}");
        }
    }
}
