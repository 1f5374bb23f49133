//! Tokens of results that are read elsewhere (ExecutePartitions, ReadPartition): on any connection to the same database,
//! on another machine as well. A token has the statement and no secret. Nothing is executed before it is read.

use super::error::fault;
use adbc_core::error::{Result, Status};

/// Every token begins with this, and with the version of its form.
const HEAD: &str = "drdarrow-query-1";

/// A statement for a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub database: String,
    pub sql: String,
}

impl Token {
    /// Its bytes. A database's name has no line breaks.
    pub(super) fn encode(&self) -> Vec<u8> {
        format!("{HEAD}\n{}\n{}", self.database, self.sql).into_bytes()
    }

    /// From its bytes.
    pub(super) fn decode(bytes: &[u8]) -> Result<Token> {
        let bad = || {
            let text = "the partition is no token of this driver: it comes from ExecutePartitions";
            fault(Status::InvalidArguments, "", text)
        };
        let text = std::str::from_utf8(bytes).map_err(|_| bad())?;
        let rest = text.strip_prefix(HEAD).and_then(|rest| rest.strip_prefix('\n')).ok_or_else(bad)?;
        let (database, sql) = rest.split_once('\n').ok_or_else(bad)?;
        Ok(Token { database: database.to_owned(), sql: sql.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_back_as_it_was() {
        let token = Token { database: "SAMPLE".to_owned(), sql: "SELECT 'a\n'\nFROM T".to_owned() };
        assert_eq!(Token::decode(&token.encode()).unwrap(), token);
        for bytes in [&b""[..], b"\xff", b"drdarrow-query-1", b"drdarrow-query-1\nSAMPLE", b"drdarrow-query-2\nA\nB"] {
            assert_eq!(Token::decode(bytes).unwrap_err().status, Status::InvalidArguments);
        }
    }
}
