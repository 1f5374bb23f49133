//! The first word of a statement: a hint for how many commands to send in one flush. The server decides what
//! kind of statement it is.

/// The kind of statement that the first word suggests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StatementKind {
    /// Very likely a query: prepare and open may travel together.
    Query,
    /// Never a query, no matter what follows: it may be executed at once.
    Statement,
    /// Anything else: the server is asked first.
    Unknown,
}

const QUERIES: [&str; 3] = ["SELECT", "WITH", "VALUES"];
const STATEMENTS: [&str; 19] = [
    "ALTER",
    "COMMENT",
    "CREATE",
    "DECLARE",
    "DELETE",
    "DROP",
    "GRANT",
    "INSERT",
    "LABEL",
    "LOCK",
    "MERGE",
    "RELEASE",
    "RENAME",
    "REVOKE",
    "ROLLBACK",
    "SAVEPOINT",
    "SET",
    "TRUNCATE",
    "UPDATE",
];

const TRACELESS: [&str; 10] =
    ["SELECT", "VALUES", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE", "COMMIT", "ROLLBACK", "SAVEPOINT"];

/// Looks at the first word after comments and opening parentheses.
pub(super) fn hint(sql: &str) -> StatementKind {
    let word: String = skip(sql).chars().take_while(char::is_ascii_alphabetic).collect();
    let is = |list: &[&str]| list.iter().any(|w| w.eq_ignore_ascii_case(&word));
    if is(&QUERIES) {
        StatementKind::Query
    } else if is(&STATEMENTS) {
        StatementKind::Statement
    } else {
        StatementKind::Unknown
    }
}

/// True for a statement that only reads or changes rows or ends their work, by its first word: after a rollback
/// nothing of it is left in the session.
pub(super) fn leaves_no_trace(sql: &str) -> bool {
    let word: String = skip(sql).chars().take_while(char::is_ascii_alphabetic).collect();
    TRACELESS.iter().any(|w| w.eq_ignore_ascii_case(&word))
}

/// True for the call of a procedure, or of a function whose result goes to a parameter.
pub(super) fn is_call(sql: &str) -> bool {
    let mut rest = skip(sql);
    if let Some(after) = rest.strip_prefix('?').map(skip).and_then(|after| after.strip_prefix('=')) {
        rest = skip(after);
    }
    let word = rest.split(|c: char| !c.is_ascii_alphabetic()).next();
    word.is_some_and(|word| word.eq_ignore_ascii_case("CALL"))
}

/// True for an INSERT of the values of one row: no other statement is sent with an array of rows.
pub(super) fn is_insert_of_values(sql: &str) -> bool {
    let mut words = words(sql).skip_while(|word| *word == "(");
    let first = words.next().is_some_and(|word| word.eq_ignore_ascii_case("INSERT"));
    let (mut values, mut others) = (0, false);
    // Brackets that are open, from VALUES on.
    let mut depth = 0;
    for word in words {
        match word {
            "(" => depth += 1,
            ")" => depth -= 1,
            // Another row.
            "," => others |= values > 0 && depth <= 0,
            word if word.eq_ignore_ascii_case("VALUES") => (values, depth) = (values + 1, 0),
            word => others |= ["SELECT", "ROWS", "WITH"].iter().any(|other| word.eq_ignore_ascii_case(other)),
        }
    }
    first && values == 1 && !others
}

/// True for a query that surely has the same rows as a table in parentheses, read in parts. It may be false for others,
/// such as one with an order in a function of a window.
#[cfg(feature = "adbc")]
pub(crate) fn divides(sql: &str) -> bool {
    const ORDER: [&str; 7] = ["ORDER", "FETCH", "LIMIT", "OFFSET", "WITH", "FOR", "SKIP"];
    const CHANGING: [&str; 13] = [
        "RAND",
        "RANDOM",
        "GENERATE_UNIQUE",
        "TABLESAMPLE",
        "SAMPLE",
        "ROWNUM",
        "ROW_NUMBER",
        "ROWNUMBER",
        "NEXT",
        "NEXTVAL",
        "FINAL",
        "NEW",
        "OLD",
    ];
    let mut others =
        words(sql).filter(|word| ORDER.iter().chain(&CHANGING).any(|other| word.eq_ignore_ascii_case(other)));
    !sql.contains(';') && others.next().is_none()
}

/// The words of a statement that stand neither in quotes nor in comments, and its brackets and commas.
pub(super) fn words(sql: &str) -> impl Iterator<Item = &str> {
    let mut rest = sql;
    std::iter::from_fn(move || {
        loop {
            rest = skip_blanks(rest);
            let c = rest.chars().next()?;
            if matches!(c, '(' | ')' | ',') {
                let (sign, after) = rest.split_at(1);
                rest = after;
                return Some(sign);
            }
            if c == '\'' || c == '"' {
                let inside = rest.get(1..)?;
                rest = inside.split_once(c).map_or("", |(_, rest)| rest);
                continue;
            }
            let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '#' | '@' | '$');
            if !is_word(c) {
                rest = rest.get(c.len_utf8()..)?;
                continue;
            }
            let (word, after) = rest.split_at(rest.find(|c| !is_word(c)).unwrap_or(rest.len()));
            rest = after;
            return Some(word);
        }
    })
}

/// True for a COMMIT, and for a ROLLBACK that is not one to a savepoint.
pub(super) fn ends_work(sql: &str) -> bool {
    let mut words = words(sql);
    let first = words.next().unwrap_or_default();
    first.eq_ignore_ascii_case("COMMIT")
        || first.eq_ignore_ascii_case("ROLLBACK") && !words.any(|word| word.eq_ignore_ascii_case("TO"))
}

/// True for a statement that may commit by itself: a COMMIT, a procedure, a block of statements.
pub(super) fn may_commit(sql: &str) -> bool {
    hint(sql) == StatementKind::Unknown || ends_work(sql)
}

/// True when there is nothing but blanks and comments.
pub(super) fn is_blank(sql: &str) -> bool {
    skip(sql).trim_matches(|c: char| c.is_whitespace() || c == ';').is_empty()
}

/// The rest after comments and opening parentheses.
fn skip(sql: &str) -> &str {
    let mut rest = skip_blanks(sql);
    while let Some(after) = rest.strip_prefix('(') {
        rest = skip_blanks(after);
    }
    rest
}

/// The rest after blanks and comments.
pub(super) fn skip_blanks(mut sql: &str) -> &str {
    loop {
        sql = sql.trim_start();
        match skip_comment(sql) {
            Some(rest) => sql = rest,
            None => return sql,
        }
    }
}

/// The rest after a comment, where there is one.
pub(super) fn skip_comment(sql: &str) -> Option<&str> {
    if let Some(rest) = sql.strip_prefix("--") {
        return Some(rest.split_once('\n').map_or("", |(_, rest)| rest));
    }
    sql.strip_prefix("/*").map(after_comment)
}

/// Db2's bracketed comments nest.
fn after_comment(sql: &str) -> &str {
    let mut depth = 1;
    let mut rest = sql;
    while depth > 0 {
        let open = rest.find("/*").unwrap_or(usize::MAX);
        let Some(close) = rest.find("*/") else { return "" };
        let at = open.min(close);
        depth = if open < close { depth + 1 } else { depth - 1 };
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_insert_of_values_is_known_by_its_words() {
        for sql in [
            "INSERT INTO T VALUES (?)",
            "-- x\ninsert into \"SELECT\" (a, b) values(?, 'with ''select''')",
            "INSERT INTO A.T(X)VALUES(?)",
            "INSERT INTO T (A, B) VALUES (?, COALESCE(?, F(1, 2)))",
            "(INSERT INTO T VALUES (?, ')', ?))",
            "INSERT INTO T VALUES ?",
        ] {
            assert!(is_insert_of_values(sql), "{sql}");
        }
        for sql in [
            "INSERT INTO T SELECT ? FROM X",
            "INSERT INTO T VALUES (?) FOR ? ROWS",
            "INSERT INTO T VALUES (?), (?)",
            "INSERT INTO T (A, B) VALUES (?, ?) /* ( */ , (1, 2)",
            "INSERT INTO T (VALUES (?, ?), (?, ?))",
            "INSERT INTO T VALUES ?, ?",
            "INSERT INTO T (VALUES (?)) WITH NC",
            "INSERT INTO T VALUES ((SELECT 1 FROM X))",
            "SELECT * FROM FINAL TABLE (INSERT INTO T VALUES (?))",
            "UPDATE T SET A = ?",
            "MERGE INTO T USING (VALUES (?)) AS V(A) ON 1 = 1 WHEN MATCHED THEN DELETE",
            "INSERT INTO T (VALUES (?), (?)) -- values\n; VALUES 1",
            "INSERT INTO T 'VALUES",
            "",
        ] {
            assert!(!is_insert_of_values(sql), "{sql}");
        }
    }

    #[test]
    fn a_commit_is_an_end_of_work_and_a_rollback_to_a_savepoint_is_not() {
        for sql in ["COMMIT", " commit work;", "/* a */ Rollback -- to\n", "ROLLBACK WORK HOLD", "rollback 'to'"] {
            assert!(ends_work(sql), "{sql}");
        }
        for sql in
            ["ROLLBACK TO SAVEPOINT A", "rollback work to savepoint a", "COMMITTED", "VALUES 'COMMIT'", "", "'COMMIT'"]
        {
            assert!(!ends_work(sql), "{sql}");
        }
    }

    #[test]
    fn comments_and_parentheses_do_not_hide_a_query() {
        for sql in ["select 1", " ( (VALUES 1", "-- hi\n/* a /* b */ c */ With x as (select 1 from t) select * from x"]
        {
            assert_eq!(hint(sql), StatementKind::Query, "{sql}");
        }
        assert_eq!(hint("insert into t values 1"), StatementKind::Statement);
        assert_eq!(hint("call p()"), StatementKind::Unknown);
        assert_eq!(hint("/* open"), StatementKind::Unknown);
        assert!(is_call(" call p()") && is_call("? = CALL F(?)") && is_call("-- hi\n?=/**/Call f(?)"));
        assert!(!is_call("? = SELECT") && !is_call("CALLED(1)") && !is_call("SELECT call FROM t"));
        assert!(is_blank(" -- nothing\n ;") && !is_blank("x"));
    }
}
