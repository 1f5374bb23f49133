//! IBM i, Db2 and Derby as Apache Arrow: a DDM/DRDA client without any vendor's library.
//!
//! A [`Connection`] runs SQL and streams its results as record batches; a [`FileConnection`] reads and writes record
//! files of IBM i. [`Config`] says where to and how; `docs/settings.md` has its settings. Both need a tokio runtime.
//!
//! ```no_run
//! # async fn demo() -> drdarrow::Result<()> {
//! use drdarrow::{BatchSource, Config, Connection};
//!
//! let config = Config::from_uri("drda://app@localhost:1527/sample")?.password("secret");
//! let connection = Connection::connect(config).await?;
//! let mut stream = connection.query("SELECT * FROM orders", &[]).await?;
//! while let Some(batch) = stream.next().await? {
//!     println!("{} rows", batch.num_rows());
//! }
//! connection.close().await
//! # }
//! ```
//!
//! Rows into a table, which are kept as a whole or not at all:
//! ```no_run
//! # async fn demo(connection: drdarrow::Connection, batches: Vec<arrow_array::RecordBatch>) -> drdarrow::Result<()> {
//! use drdarrow::{IngestMode, IngestOptions};
//!
//! if let Some(first) = batches.first() {
//!     let options = IngestOptions { mode: IngestMode::CreateAppend, ..IngestOptions::default() };
//!     let mut rows = connection.ingest("orders", first.schema_ref(), Some(first), &options).await?;
//!     rows.send(&batches).await?;
//!     println!("{:?} rows", rows.finish().await?.count);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Tables and columns, told alike by all products:
//! ```no_run
//! # async fn demo(connection: drdarrow::Connection) -> drdarrow::Result<()> {
//! use drdarrow::{Catalog, CatalogFilter, NameFilter};
//!
//! let shop = CatalogFilter { schema: Some(NameFilter::is("SHOP")), ..CatalogFilter::default() };
//! for column in Catalog::of(&connection).columns(&shop).await?.rows {
//!     println!("{}.{} {}", column.table, column.name, column.declared);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Files, in the order of their keys:
//! ```no_run
//! # async fn demo() -> drdarrow::Result<()> {
//! use drdarrow::{BatchSource, FileConfig, FileConnection, FileName, OpenOptions};
//!
//! let (config, _) = FileConfig::from_uri("drda://me:secret@system")?;
//! let system = FileConnection::connect(config).await?;
//! let orders = system.open(&FileName::parse("SHOP/ORDERS")?, OpenOptions { keyed: true, ..OpenOptions::read() }).await?;
//! let mut records = orders.scan().await?;
//! while let Some(batch) = records.next().await? {
//!     println!("{} records", batch.num_rows());
//! }
//! system.close().await
//! # }
//! ```
//!
//! # Features
//! * `server`: the answering side, in the module `server`: it serves SQL and record files from memory or
//!   from an engine of your own.
//! * `python`: the classes of the Python package.
//! * `adbc`: the driver for ADBC's driver managers, which the library then answers as.
//!
//! # Promises
//! * A value that cannot be represented is an [`Error`] naming column, row and bytes, never a silently different value.
//! * A number sent by a peer is checked before it allocates or indexes.
//! * Memory held for a result is bounded (`credit`), however large the result.
//! * What is doubtful about a connection is told before anything secret is sent: [`Config::on_doubt`].
//!
//! The modules that are not shown here may change at any time. `ARCHITECTURE.md` explains them, `GLOSSARY.md` the terms.

#[cfg(feature = "adbc")]
#[doc(hidden)]
pub mod adbc;
pub mod client;
#[doc(hidden)]
pub mod flow;
#[doc(hidden)]
pub mod net;
#[cfg(feature = "python")]
mod python;
#[cfg(feature = "server")]
pub mod server;
#[doc(hidden)]
pub mod wire;

#[doc(hidden)]
pub use drdarrow_codec::column;

pub use client::batch_source::BatchSource;
pub use client::config::security::Security;
pub use client::config::{Config, ConfigError, Secret};
pub use client::error::{Error, ErrorClass, Phase, Result};
pub use client::file::config::FileConfig;
pub use client::file::connection::FileConnection;
pub use client::file::file_name::FileName;
pub use client::file::open_file::OpenFile;
pub use client::file::options::{OpenMode, OpenOptions};
pub use client::file::scan::ScanStream;
pub use client::limits::Limits;
pub use client::server_info::ServerInfo;
pub use client::sql::batch::Batch;
pub use client::sql::catalog::Catalog;
pub use client::sql::catalog::filter::{CatalogFilter, NameFilter};
pub use client::sql::connection::Connection;
pub use client::sql::ingest::{IngestMode, IngestOptions};
pub use client::sql::procedure::Procedure;
pub use client::sql::statement::Outcome;
pub use client::sql::stream::QueryStream;
pub use client::sql::update_result::UpdateResult;
pub use client::warning::Warning;
