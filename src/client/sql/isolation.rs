//! Isolation of a connection that is open.

use super::connection::Connection;
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::wire::value::product::Product;

/// Sets the isolation of a connection, from the next transaction on, by its name: `ur`, `cs`, `rs` or `rr`. Within a
/// transaction it is refused, and on Db2 for i and z/OS, where the isolation is that of the package.
pub async fn set(connection: &Connection, name: &str) -> Result<()> {
    let info = connection.info();
    if !matches!(Product::from_prdid(&info.prdid), Product::Luw | Product::Derby) {
        let text = format!("the isolation of a connection to {} is that of its package", info.product);
        let error = Error::new(ErrorClass::NotSupported, Phase::Execute, "0A000", text);
        return Err(error.hint("set it when connecting"));
    }
    if connection.is_working() {
        let text = "a transaction is under way, and has its isolation";
        let error = Error::new(ErrorClass::Operational, Phase::Execute, "25001", text);
        return Err(error.hint("commit or roll back before"));
    }
    connection.execute(&format!("SET CURRENT ISOLATION = {}", name.to_ascii_uppercase()), &[]).await?;
    // The statement is no work of the program's.
    if connection.autocommit() { Ok(()) } else { connection.commit().await }
}
