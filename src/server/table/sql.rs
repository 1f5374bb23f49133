//! Reads the few statements that the engine knows.

use super::plan::{Literal, Operand, Plan, SelectedColumns};
use super::token::{Token, tokens};
use crate::server::error::SqlError;

/// Schemas of the views of catalogs.
const CATALOGS: [&str; 4] = ["SYSCAT", "SYSIBM", "QSYS2", "SYS"];

/// Follows the words of a syntax error: other statements than these want another engine.
const CURE: &str = " [engine=tables: pip install drdarrow[server]]";

/// Reads a statement.
pub(super) fn parse(sql: &str) -> Result<Plan, SqlError> {
    let mut p = Parser { tokens: tokens(sql)?, at: 0, markers: 0 };
    if p.tokens.is_empty() {
        return Err(SqlError::new(-198, "42617", &[]));
    }
    let plan = p.statement()?;
    p.accept(";");
    match p.peek() {
        None => Ok(plan),
        Some(_) => Err(p.unexpected("END-OF-STATEMENT")),
    }
}

/// A statement that is being read.
pub(super) struct Parser {
    tokens: Vec<Token>,
    at: usize,
    /// Those so far.
    markers: usize,
}

impl Parser {
    pub(super) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    pub(super) fn accept(&mut self, word: &str) -> bool {
        let hit = matches!(self.peek(), Some(Token::Word(w)) if w == word);
        self.at += usize::from(hit);
        hit
    }

    pub(super) fn second(&self) -> Option<&Token> {
        self.tokens.get(self.at + 1)
    }

    /// Passes a token that was looked at.
    pub(super) fn skip(&mut self) {
        self.at += 1;
    }

    pub(super) fn expect(&mut self, words: &str) -> Result<(), SqlError> {
        for word in words.split(' ') {
            if !self.accept(word) {
                return Err(self.unexpected(word));
            }
        }
        Ok(())
    }

    pub(super) fn unexpected(&self, expected: &str) -> SqlError {
        let shown = |token: Option<&Token>| match token {
            Some(Token::Word(t) | Token::Quoted(t) | Token::Text(t) | Token::Number(t)) => t.clone(),
            None => "END-OF-STATEMENT".to_owned(),
        };
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        let before = before.map_or_else(|| "BEGIN-OF-STATEMENT".to_owned(), |t| shown(Some(t)));
        SqlError::syntax(&shown(self.peek()), &before, &format!("{expected}{CURE}"))
    }

    fn statement(&mut self) -> Result<Plan, SqlError> {
        if self.accept("SELECT") {
            self.select()
        } else if self.accept("VALUES") {
            if let Some(register) = self.register() {
                return Ok(Plan::Register(register));
            }
            let open = self.accept("(");
            let values = self.list(Parser::literal)?;
            if open {
                self.expect(")")?;
            }
            Ok(Plan::Values(values))
        } else if self.accept("INSERT") {
            self.expect("INTO")?;
            let table = self.table()?;
            let columns = if self.accept("(") {
                let names = self.list(Parser::name)?;
                self.expect(")")?;
                Some(names)
            } else {
                None
            };
            self.expect("VALUES")?;
            self.expect("(")?;
            let values = self.list(Parser::operand)?;
            self.expect(")")?;
            Ok(Plan::Insert { table, columns, values })
        } else if self.accept("DELETE") {
            self.expect("FROM")?;
            let table = self.table()?;
            Ok(Plan::Delete { table, filter: self.equality()? })
        } else if self.accept("CREATE") {
            self.expect("TABLE")?;
            let table = self.table()?;
            self.expect("(")?;
            let columns = self.list(Parser::column)?;
            self.expect(")")?;
            let key = columns.iter().position(|(_, key)| *key);
            if columns.iter().filter(|(_, key)| *key).count() > 1 {
                return Err(SqlError::new(-624, "42889", &[&table]));
            }
            Ok(Plan::Create { table, fields: columns.into_iter().map(|(field, _)| field).collect(), key })
        } else if self.accept("DROP") {
            self.expect("TABLE")?;
            Ok(Plan::Drop { table: self.table()? })
        } else if self.accept("CALL") {
            Err(SqlError::no_routine(&self.table()?))
        } else if self.accept("?") {
            self.expect("= CALL")?;
            Err(SqlError::no_routine(&self.table()?))
        } else if self.accept("SET") {
            if let Some(name) = self.schema_set()? {
                return Ok(Plan::SetSchema(name));
            }
            self.at = self.tokens.len();
            Ok(Plan::Set)
        } else if self.accept("SAVEPOINT") {
            let name = self.name()?;
            let unique = self.accept("UNIQUE");
            self.expect("ON ROLLBACK RETAIN CURSORS")?;
            if self.accept("ON") {
                self.expect("ROLLBACK RETAIN LOCKS")?;
            }
            Ok(Plan::Savepoint { name, unique })
        } else if self.accept("ROLLBACK") {
            self.accept("WORK");
            self.expect("TO SAVEPOINT")?;
            let last = self.peek().is_none_or(|token| *token == Token::Word(";".to_owned()));
            Ok(Plan::BackTo(if last { None } else { Some(self.name()?) }))
        } else if self.accept("RELEASE") {
            self.accept("TO");
            self.expect("SAVEPOINT")?;
            Ok(Plan::Release(self.name()?))
        } else {
            Err(self.unexpected("SELECT, VALUES, INSERT, DELETE, CREATE, DROP, SAVEPOINT"))
        }
    }

    fn select(&mut self) -> Result<Plan, SqlError> {
        if matches!(self.peek(), Some(Token::Number(_) | Token::Text(_))) {
            let values = self.list(Parser::literal)?;
            self.expect("FROM")?;
            let table = self.table()?;
            return if table == "SYSDUMMY1" { Ok(Plan::Values(values)) } else { Err(self.unexpected("SYSDUMMY1")) };
        }
        if let Some(register) = self.register() {
            self.expect("FROM")?;
            let table = self.table()?;
            self.isolation()?;
            return if table == "SYSDUMMY1" { Ok(Plan::Register(register)) } else { Err(self.unexpected("SYSDUMMY1")) };
        }
        let distinct = self.accept("DISTINCT");
        let columns = if self.accept("*") {
            SelectedColumns::All
        } else if let Some(count) = self.counted() {
            self.expect("(")?;
            self.expect("*")?;
            self.expect(")")?;
            count
        } else {
            SelectedColumns::Named(self.list(Parser::name)?)
        };
        self.expect("FROM")?;
        let table = self.table_or_view()?;
        // Only views of the catalog are small for certain.
        if distinct && !table.contains('.') {
            return Err(self.unexpected("a view of the catalog"));
        }
        self.correlation()?;
        let (filters, never) = self.conditions()?;
        let limit = if self.accept("FETCH") {
            self.expect("FIRST")?;
            let limit = match self.peek() {
                Some(Token::Number(n)) => n.parse().map_err(|_| self.unexpected("an integer"))?,
                _ => return Err(self.unexpected("an integer")),
            };
            self.at += 1;
            if !self.accept("ROWS") {
                self.expect("ROW")?;
            }
            self.expect("ONLY")?;
            Some(limit)
        } else {
            None
        };
        self.isolation()?;
        Ok(Plan::Select { table, columns, filters, never, limit, distinct })
    }

    fn counted(&mut self) -> Option<SelectedColumns> {
        if self.accept("COUNT") {
            return Some(SelectedColumns::Count);
        }
        self.accept("COUNT_BIG").then_some(SelectedColumns::CountBig)
    }

    /// A name; of a qualified one the last part.
    fn table(&mut self) -> Result<String, SqlError> {
        let mut name = self.name()?;
        while self.accept(".") {
            name = self.name()?;
        }
        Ok(name)
    }

    /// The same; a view of the catalog keeps its schema.
    fn table_or_view(&mut self) -> Result<String, SqlError> {
        let schema = match self.peek() {
            Some(Token::Word(schema) | Token::Quoted(schema)) if CATALOGS.contains(&schema.as_str()) => schema.clone(),
            _ => return self.table(),
        };
        let name = self.table()?;
        Ok(if name == schema { name } else { format!("{schema}.{name}") })
    }

    pub(super) fn name(&mut self) -> Result<String, SqlError> {
        let name = match self.peek() {
            Some(Token::Quoted(name)) => name.clone(),
            Some(Token::Word(word)) if word.starts_with(|c: char| c.is_alphabetic() || c == '_') => word.clone(),
            _ => return Err(self.unexpected("a name")),
        };
        self.at += 1;
        Ok(name)
    }

    pub(super) fn operand(&mut self) -> Result<Operand, SqlError> {
        if !self.accept("?") {
            return self.literal().map(Operand::Literal);
        }
        self.markers += 1;
        Ok(Operand::Marker(self.markers - 1))
    }

    pub(super) fn literal(&mut self) -> Result<Literal, SqlError> {
        let negative = self.accept("-");
        let literal = match self.peek() {
            Some(Token::Number(n)) => {
                let n = if negative { format!("-{n}") } else { n.clone() };
                n.parse().map_or(Literal::Text(n), Literal::Integer)
            }
            Some(Token::Text(text)) if !negative => Literal::Text(text.clone()),
            Some(Token::Word(w)) if w == "NULL" && !negative => Literal::Null,
            _ => return Err(self.unexpected("a constant or ?")),
        };
        self.at += 1;
        Ok(literal)
    }

    pub(super) fn list<T>(&mut self, item: fn(&mut Parser) -> Result<T, SqlError>) -> Result<Vec<T>, SqlError> {
        let mut out = vec![item(self)?];
        while self.accept(",") {
            out.push(item(self)?);
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::table::plan::Register;
    use arrow_schema::DataType;

    #[test]
    fn a_type_has_no_length_that_no_product_has() {
        for kind in [
            "CHAR(32768)",
            "CHAR(1000000000) FOR BIT DATA",
            "GRAPHIC(40000)",
            "BINARY(100000)",
            "CHAR(0)",
            "VARCHAR(0)",
            "CLOB(0)",
            "VARCHAR(0) FOR BIT DATA",
            "VARBINARY(0)",
            "VARGRAPHIC(0)",
            "DECFLOAT(17)",
        ] {
            let error = parse(&format!("CREATE TABLE T (A {kind})")).unwrap_err();
            assert_eq!(error.sqlcode, -604, "{kind}");
        }
        assert!(parse("CREATE TABLE T (A CHAR(32766), B BINARY)").is_ok());
    }

    #[test]
    fn statements_are_understood() {
        let select = parse("select a, \"b c\" from app.t where x = 'it''s' fetch first 5 rows only;").unwrap();
        let Plan::Select {
            table,
            columns: SelectedColumns::Named(names),
            filters,
            limit: Some(5),
            distinct: false,
            ..
        } = select
        else {
            panic!("{select:?}");
        };
        assert_eq!((table.as_str(), names.as_slice()), ("T", &["A".to_owned(), "b c".to_owned()][..]));
        assert!(
            matches!(&filters[..], [f] if matches!(&f.value, Operand::Literal(Literal::Text(text)) if text == "it's"))
        );
        let select =
            parse("SELECT DISTINCT TYPE FROM SYSCAT.TABLES WHERE A LIKE ? ESCAPE '+' AND B = 1 WITH UR").unwrap();
        assert!(matches!(select, Plan::Select { filters, distinct: true, .. } if filters.len() == 2));
        for (sql, nothing) in [("(A = 1) AND (1 = 0)", true), ("1 = 1 AND A = 1", false)] {
            let select = parse(&format!("SELECT COUNT_BIG(*) FROM \"S\".T AS \"X y\" WHERE {sql}")).unwrap();
            assert!(matches!(select, Plan::Select { table, columns: SelectedColumns::CountBig, never, filters, .. }
                    if table == "T" && never == nothing && filters.len() == 1));
        }
        let register = parse("SELECT CURRENT SCHEMA FROM SYSIBM.SYSDUMMY1 WITH UR").unwrap();
        assert!(matches!(register, Plan::Register(Register::Schema)));
        let insert = parse("INSERT INTO A.T (B, \"c d\") VALUES (?, 1)").unwrap();
        let Plan::Insert { columns: Some(columns), values, .. } = insert else { panic!("{insert:?}") };
        assert_eq!(columns, ["B", "c d"]);
        assert!(matches!(values[..], [Operand::Marker(0), Operand::Literal(_)]));
        assert!(matches!(parse("VALUES (1, -2, 'x', NULL)").unwrap(), Plan::Values(v) if v.len() == 4));
        assert!(matches!(parse("SELECT 1 FROM SYSIBM.SYSDUMMY1").unwrap(), Plan::Values(_)));
        let create = parse("CREATE TABLE T (A INTEGER NOT NULL, B CHAR(3) FOR BIT DATA, C DECIMAL(9, 2))").unwrap();
        let Plan::Create { fields, .. } = create else { panic!("{create:?}") };
        assert_eq!((fields[0].is_nullable(), fields[1].is_nullable()), (false, true));
        assert_eq!(fields[2].data_type(), &DataType::Decimal128(9, 2));
        let set = "savepoint a unique on rollback retain cursors on rollback retain locks";
        assert!(matches!(parse(set).unwrap(), Plan::Savepoint { name, unique: true } if name == "A"));
        assert!(matches!(parse("ROLLBACK WORK TO SAVEPOINT \"b\"").unwrap(), Plan::BackTo(Some(name)) if name == "b"));
        assert!(matches!(parse("ROLLBACK TO SAVEPOINT").unwrap(), Plan::BackTo(None)));
        assert!(matches!(parse("RELEASE TO SAVEPOINT A").unwrap(), Plan::Release(name) if name == "A"));
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        for (sql, code) in [
            ("", -198),
            ("SELEKT", -104),
            ("SELECT * FROM T WHERE", -104),
            ("INSERT INTO T () VALUES (1)", -104),
            ("INSERT INTO T (A VALUES (1)", -104),
            ("VALUES 'open", -10),
            ("CREATE TABLE T (A DECIMAL(40))", -604),
            ("DELETE FROM T WHERE A = ? AND B = 1", -104),
            ("SELECT * FROM T WHERE A LIKE", -104),
            ("SELECT * FROM T WHERE A = 1 OR B = 1", -104),
            ("SELECT * FROM T WHERE A LIKE 'x' ESCAPE 'ab'", -130),
            ("SELECT DISTINCT A FROM T", -104),
            ("SAVEPOINT A", -104),
            ("ROLLBACK", -104),
            ("RELEASE SAVEPOINT", -104),
        ] {
            assert_eq!(parse(sql).unwrap_err().sqlcode, code, "{sql}");
        }
    }

    /// Numbers that look random, the same in each run.
    fn random(seed: &mut u64) -> usize {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*seed >> 33) as usize
    }

    #[test]
    fn reading_takes_as_long_as_the_statement_is() {
        let words = "SELECT|VALUES|INSERT INTO T VALUES|CREATE TABLE T|FROM|(|)|,|.|?|=|WHERE|A|\"b\"\"c\"|'it''s'|1|-|2.5\
            |NULL|INTEGER|DECIMAL(9,2)|NOT NULL|--\n|FETCH FIRST 1 ROW ONLY|SAVEPOINT|ROLLBACK TO|é|FOR BIT DATA|PRIMARY KEY";
        let words: Vec<&str> = words.split('|').collect();
        let mut shapes: Vec<(String, String)> = [
            ("VALUES ", "("),
            ("VALUES (", "1, "),
            ("SELECT ", "A, "),
            ("INSERT INTO T VALUES (", "?, "),
            ("SELECT * FROM ", "A."),
            ("CREATE TABLE T (", "A DECIMAL(9, 2) NOT NULL, "),
            ("CREATE TABLE T (A DECIMAL(", "9, "),
            ("", "-- x\n"),
            ("VALUES '", "''"),
            ("SELECT * FROM T WHERE A = ", "-"),
        ]
        .map(|(start, more)| (start.to_owned(), more.to_owned()))
        .to_vec();
        let mut seed = 7;
        for length in 1..40 {
            let more: Vec<&str> = (0..length).map(|_| words[random(&mut seed) % words.len()]).collect();
            shapes.push((more.join(" ") + " ", more.join(" ") + " "));
        }
        for (start, more) in shapes {
            let time = |bytes: usize| {
                let sql = format!("{start}{}", more.repeat(bytes / more.len()));
                let once = || {
                    let before = std::time::Instant::now();
                    let _ = parse(&sql);
                    before.elapsed()
                };
                (0..3).map(|_| once()).min().unwrap_or_default()
            };
            // Sixteen times as long; were it squared, 256 times. A busy machine may disturb one measurement, not all.
            let linear = || time(128_000) < time(8_000) * 80 + std::time::Duration::from_millis(2);
            assert!((0..5).any(|_| linear()), "{start:.40} {more:.40}");
        }
    }

    #[test]
    fn any_cut_of_a_statement_is_a_plan_or_an_error() {
        let sql = "INSERT INTO \"ü t\" (A, \"é\", B, C) VALUES (?, -1.5, 'é', NULL) -- bye";
        for (at, _) in sql.char_indices() {
            let _ = parse(&sql[..at]);
        }
    }
}
