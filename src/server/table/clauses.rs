//! Reads parts of statements: conditions, special registers, definitions of columns.

use super::plan::{Comparison, Filter, Literal, Register, SchemaName};
use super::sql::Parser;
use super::token::Token;
use super::types::data_type;
use crate::server::error::SqlError;
use arrow_schema::Field;

impl Parser {
    /// `WHERE column = value AND column LIKE pattern AND 1 = 0 …`, and whether no row can pass.
    pub(super) fn conditions(&mut self) -> Result<(Vec<Filter>, bool), SqlError> {
        let (mut filters, mut never) = (Vec::new(), false);
        let mut more = self.accept("WHERE");
        while more {
            let open = self.accept("(");
            if let Some(Token::Number(_)) = self.peek() {
                never |= !self.equal_numbers()?;
            } else {
                filters.push(self.condition()?);
            }
            if open {
                self.expect(")")?;
            }
            more = self.accept("AND");
        }
        Ok((filters, never))
    }

    /// `1 = 0`: a query that asks for the columns alone.
    fn equal_numbers(&mut self) -> Result<bool, SqlError> {
        let mut numbers = [0; 2];
        for (n, number) in numbers.iter_mut().enumerate() {
            if n == 1 {
                self.expect("=")?;
            }
            match self.literal()? {
                Literal::Integer(value) => *number = value,
                _ => return Err(self.unexpected("an integer")),
            }
        }
        let [one, other] = numbers;
        Ok(one == other)
    }

    /// `AS name`: a table has a name of its own, which nothing here asks for.
    pub(super) fn correlation(&mut self) -> Result<(), SqlError> {
        if self.accept("AS") {
            self.name()?;
        }
        Ok(())
    }

    /// `WHERE column = value`
    pub(super) fn equality(&mut self) -> Result<Option<Filter>, SqlError> {
        if !self.accept("WHERE") {
            return Ok(None);
        }
        let column = self.name()?;
        self.expect("=")?;
        Ok(Some(Filter { column, test: Comparison::Equal, value: self.operand()? }))
    }

    fn condition(&mut self) -> Result<Filter, SqlError> {
        let column = self.name()?;
        if self.accept("=") {
            return Ok(Filter { column, test: Comparison::Equal, value: self.operand()? });
        }
        let not = self.accept("NOT");
        self.expect("LIKE")?;
        let value = self.operand()?;
        let escape = if self.accept("ESCAPE") { Some(self.escape()?) } else { None };
        Ok(Filter { column, test: Comparison::Like { not, escape }, value })
    }

    /// The one character of an ESCAPE.
    fn escape(&mut self) -> Result<char, SqlError> {
        let mut one = match self.peek() {
            Some(Token::Text(text)) => text.chars(),
            _ => return Err(self.unexpected("a text")),
        };
        match (one.next(), one.next()) {
            (Some(escape), None) => {
                self.skip();
                Ok(escape)
            }
            _ => Err(SqlError::new(-130, "22019", &[])),
        }
    }

    /// `WITH UR`: nothing here has locks that it could change.
    pub(super) fn isolation(&mut self) -> Result<(), SqlError> {
        if self.accept("WITH") { self.expect("UR") } else { Ok(()) }
    }

    /// `CURRENT SCHEMA` or `CURRENT SERVER`.
    pub(super) fn register(&mut self) -> Option<Register> {
        let second = self.second();
        let register = match (self.peek()?, second) {
            (Token::Word(first), Some(Token::Word(second))) if first == "CURRENT" => match second.as_str() {
                "SCHEMA" => Register::Schema,
                "SERVER" => Register::Server,
                _ => return None,
            },
            _ => return None,
        };
        self.skip();
        self.skip();
        Some(register)
    }

    /// The rest of a SET of the current schema; none of another register.
    pub(super) fn schema_set(&mut self) -> Result<Option<SchemaName>, SqlError> {
        self.accept("CURRENT");
        if !["SCHEMA", "CURRENT_SCHEMA", "SQLID"].iter().any(|word| self.accept(word)) {
            return Ok(None);
        }
        self.accept("=");
        let name = match self.peek() {
            Some(Token::Quoted(name) | Token::Text(name)) if !name.trim_end().is_empty() => {
                SchemaName::Told(name.trim_end().to_owned())
            }
            Some(Token::Word(word)) => match word.as_str() {
                "?" => SchemaName::Marker,
                "USER" | "SESSION_USER" | "SYSTEM_USER" | "CURRENT_USER" | "DEFAULT" => SchemaName::User,
                _ => return self.name().map(|name| Some(SchemaName::Told(name))),
            },
            _ => return Err(self.unexpected("a schema")),
        };
        self.skip();
        Ok(Some(name))
    }

    /// A column, and whether it is the primary key.
    pub(super) fn column(&mut self) -> Result<(Field, bool), SqlError> {
        let name = self.name()?;
        let word = self.name()?;
        let mut numbers = Vec::new();
        if self.accept("(") {
            for literal in self.list(Parser::literal)? {
                match literal {
                    Literal::Integer(n) => numbers.push(u32::try_from(n).map_err(|_| self.unexpected("a length"))?),
                    _ => return Err(self.unexpected("a length")),
                }
            }
            self.expect(")")?;
        }
        let bits = self.accept("FOR");
        if bits {
            self.expect("BIT DATA")?;
        }
        let nullable = !self.accept("NOT");
        if !nullable {
            self.expect("NULL")?;
        }
        let key = self.accept("PRIMARY");
        if key {
            self.expect("KEY")?;
        }
        if key && nullable {
            return Err(SqlError::new(-542, "42831", &[&name]));
        }
        data_type(&name, &word, &numbers, bits)
            .map(|field| (field.with_nullable(nullable), key))
            .ok_or_else(|| SqlError::new(-604, "42611", &[&word]))
    }
}
