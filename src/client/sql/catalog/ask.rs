//! The statements that ask a catalog, and their rows.

use super::filter::Condition;
use super::raw::RawRow;
use crate::client::batch_source::BatchSource;
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::client::sql::connection::Connection;
use crate::client::sql::stream::QueryStream;
use crate::wire::value::product::Product;
use arrow_array::{ArrayRef, StringArray};
use std::sync::Arc;

/// A connection that is asked, and its product.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    connection: Connection,
    pub(super) product: Product,
}

impl Ask {
    pub(super) fn of(connection: &Connection) -> Ask {
        let product = Product::from_prdid(&connection.info().prdid);
        Ask { connection: connection.clone(), product }
    }

    /// The rows of a SELECT under these conditions. Db2 for LUW and z/OS read without locks, so that nobody is waited for.
    pub(super) async fn rows(&self, select: &str, conditions: &[Condition]) -> Result<Vec<RawRow>> {
        let mut sql = select.to_owned();
        for (n, condition) in conditions.iter().enumerate() {
            sql.push_str(if n == 0 { " WHERE " } else { " AND " });
            sql.push_str(&condition.sql());
        }
        if matches!(self.product, Product::Luw | Product::Zos) {
            sql.push_str(" WITH UR");
        }
        let values: Vec<ArrayRef> = conditions.iter().map(|condition| text(Some(&condition.value))).collect();
        read(self.connection.query(&sql, &values).await?).await
    }

    /// The rows of a catalog procedure.
    pub(super) async fn call(&self, procedure: &str, arguments: &[ArrayRef]) -> Result<Vec<RawRow>> {
        let markers = vec!["?"; arguments.len()].join(", ");
        let mut called = self.connection.call(&format!("CALL SYSIBM.{procedure}({markers})"), arguments).await?;
        match called.sets.pop_front() {
            Some(set) => read(set).await,
            None => Err(odd(format!("SYSIBM.{procedure} has no result"))),
        }
    }

    /// The value of a special register.
    pub(super) async fn register(&self, name: &str) -> Result<String> {
        let rows = self.rows(&format!("SELECT {name} FROM SYSIBM.SYSDUMMY1"), &[]).await?;
        let value = rows.first().map(RawRow::first).transpose()?.flatten();
        value.ok_or_else(|| odd(format!("{name} has no value")))
    }

    /// The name of the database, as the connection has it, without settings of Derby's.
    pub(super) fn database(&self) -> String {
        let database = self.connection.info().database;
        database.split(';').next().unwrap_or_default().to_owned()
    }

    pub(super) fn prdid(&self) -> String {
        self.connection.info().prdid
    }
}

/// An argument of a procedure.
pub(super) fn text(value: Option<&str>) -> ArrayRef {
    Arc::new(StringArray::from(vec![value]))
}

/// All rows of a result.
async fn read(mut stream: QueryStream) -> Result<Vec<RawRow>> {
    let mut rows = Vec::new();
    while let Some(batch) = stream.next().await? {
        rows.extend(RawRow::all(&batch));
    }
    Ok(rows)
}

fn odd(message: String) -> Error {
    Error::new(ErrorClass::Internal, Phase::Fetch, "58009", message)
}
