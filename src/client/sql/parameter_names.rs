//! Parameters by name: `:name` in the text of a statement becomes the question mark that servers know. A colon is
//! something else in constants, quoted names and comments, in a cast (`::`), an assignment (`:=`), after a label, and
//! after any operand, as in JSON_OBJECT('id' : ID) and in an index. Names of a compound statement or a definition are
//! its own.

use super::statement_kind::{skip_blanks, skip_comment};

/// A statement whose parameters have names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedStatement {
    /// The same with question marks.
    pub sql: String,
    /// The name of each question mark; one that stands twice is there twice.
    pub names: Vec<String>,
}

/// The markers of a statement.
#[derive(Debug, Default)]
pub struct Markers<'a> {
    sql: &'a str,
    /// Where each name stands, and the name.
    named: Vec<(usize, &'a str)>,
    /// There are question marks.
    pub positional: bool,
}

/// Statements that hold others: names in them are theirs.
const HOLDERS: [&str; 4] = ["BEGIN", "CREATE", "ALTER", "DECLARE"];

/// The piece of the text before a colon.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// A word that the colon touches: a label, or a name of something.
    Word,
    /// An operand, wherever it ends.
    Operand,
    /// Anything else: a keyword, an operator, a comma, nothing.
    Other,
}

impl<'a> Markers<'a> {
    /// Those of a statement.
    pub fn of(sql: &'a str) -> Markers<'a> {
        let mut found = Markers { sql, named: Vec::new(), positional: false };
        if !holds_others(sql) {
            found.scan();
        }
        found
    }

    /// The names, in the order of the text.
    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        self.named.iter().map(|(_, name)| *name)
    }

    /// The statement with question marks in place of its names.
    pub fn to_positional(&self) -> NamedStatement {
        let mut sql = String::with_capacity(self.sql.len());
        let mut done = 0;
        for (at, name) in &self.named {
            sql.push_str(self.sql.get(done..*at).unwrap_or_default());
            sql.push('?');
            done = at + 1 + name.len();
        }
        sql.push_str(self.sql.get(done..).unwrap_or_default());
        NamedStatement { sql, names: self.names().map(str::to_owned).collect() }
    }

    fn scan(&mut self) {
        let mut rest = self.sql;
        let mut before = Before::Other;
        while let Some(c) = rest.chars().next() {
            let after = rest.get(c.len_utf8()..).unwrap_or_default();
            (rest, before) = match c {
                '\'' | '"' => (after.split_once(c).map_or("", |(_, rest)| rest), Before::Operand),
                ':' if after.starts_with([':', '=']) => (after.get(1..).unwrap_or_default(), Before::Other),
                ':' => match name(after) {
                    Some(name) if before == Before::Other => {
                        self.named.push((self.sql.len() - rest.len(), name));
                        (after.get(name.len()..).unwrap_or_default(), Before::Operand)
                    }
                    _ => (after, Before::Other),
                },
                '?' => {
                    self.positional = true;
                    (after, Before::Operand)
                }
                ')' | ']' => (after, Before::Operand),
                c if c.is_numeric() => (after.trim_start_matches(|c| in_name(c) || c == '.'), Before::Operand),
                c if in_name(c) => (after.trim_start_matches(in_name), Before::Word),
                _ => match skip_comment(rest) {
                    Some(after) => (after, before.apart()),
                    None if c.is_whitespace() => (after, before.apart()),
                    None => (after, Before::Other),
                },
            };
        }
    }
}

impl Before {
    /// The same with a blank or a comment after it.
    fn apart(self) -> Before {
        if self == Before::Word { Before::Other } else { self }
    }
}

/// True for a compound statement, which may have a label, and for a definition.
fn holds_others(sql: &str) -> bool {
    let (word, after) = first_word(sql);
    let labelled = skip_blanks(after).strip_prefix(':').map_or("", |after| first_word(after).0);
    HOLDERS.iter().any(|holder| holder.eq_ignore_ascii_case(word)) || labelled.eq_ignore_ascii_case("BEGIN")
}

/// The word at the beginning of a text, which may be empty, and the rest.
fn first_word(text: &str) -> (&str, &str) {
    let text = skip_blanks(text);
    let rest = text.trim_start_matches(in_name);
    (text.get(..text.len() - rest.len()).unwrap_or_default(), rest)
}

/// The name at the beginning of a text.
fn name(text: &str) -> Option<&str> {
    let first = text.chars().next()?;
    let rest = text.trim_start_matches(in_name);
    text.get(..text.len() - rest.len()).filter(|name| !name.is_empty() && !first.is_numeric())
}

fn in_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '#' | '@' | '$')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(sql: &str) -> (String, Vec<String>) {
        let NamedStatement { sql, names } = Markers::of(sql).to_positional();
        (sql, names)
    }

    #[test]
    fn names_become_question_marks_in_the_order_of_the_text() {
        for (sql, positional, names) in [
            ("SELECT * FROM T WHERE A = :a AND B=:b", "SELECT * FROM T WHERE A = ? AND B=?", vec!["a", "b"]),
            ("VALUES (:a,:b,:a)", "VALUES (?,?,?)", vec!["a", "b", "a"]),
            (":r = CALL F(:x)", "? = CALL F(?)", vec!["r", "x"]),
            ("SELECT :größe_1 FROM \"T:x\"", "SELECT ? FROM \"T:x\"", vec!["größe_1"]),
            ("VALUES CAST(:a AS INT)+:b#-:c", "VALUES CAST(? AS INT)+?-?", vec!["a", "b#", "c"]),
            ("SELECT/* x */:a--:b\n,:c FROM T", "SELECT/* x */?--:b\n,? FROM T", vec!["a", "c"]),
            ("CALL P(X => :a, Y => :b)", "CALL P(X => ?, Y => ?)", vec!["a", "b"]),
            ("VALUES JSON_OBJECT('id' : :id, 'n':N)", "VALUES JSON_OBJECT('id' : ?, 'n':N)", vec!["id"]),
            ("VALUES {ts :a}", "VALUES {ts ?}", vec!["a"]),
            ("VALUES :a::INT", "VALUES ?::INT", vec!["a"]),
        ] {
            let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
            assert_eq!(read(sql), (positional.to_owned(), names), "{sql}");
        }
    }

    #[test]
    fn other_colons_are_left_alone() {
        for sql in [
            "VALUES 'it''s :a', N':b', X'3A', \" :c \"\" :d\"",
            "VALUES 1 -- :a 'open\n, 2 /* :b /* :c */ :d ' */",
            "SELECT A::INT, '1'::DATE FROM T",
            "SET X := 1",
            "SELECT A[1:N], B[1 : N], JSON_OBJECT('k' :V, COL:V, \"K\" :V, F(1) :V, 1 :V) FROM T",
            "lbl: BEGIN UPDATE T SET A = :host; END",
            "-- c\n BEGIN ATOMIC SET :x = ?; END",
            "begin declare c cursor for select :h from t; end",
            "CREATE TRIGGER R AFTER INSERT ON T BEGIN L1:LOOP SET A = :b; END LOOP; END",
            "VALUES ':open",
            "VALUES \":open",
            "VALUES /* :open",
            "VALUES 1, : a, :1, :",
        ] {
            assert_eq!(read(sql), (sql.to_owned(), vec![]), "{sql}");
        }
    }

    #[test]
    fn question_marks_are_seen_where_they_are_markers() {
        assert!(Markers::of("VALUES (?, 1)").positional && Markers::of("VALUES :a+?").positional);
        assert!(!Markers::of("VALUES '?' /* ? */ -- ?\n, \"?\"").positional);
    }
}
