//! `drdarrow`: the DDM/DRDA client that hands IBM i and Db2 data over as Apache Arrow.
//!
//! `ARCHITECTURE.md` has the modules, the way of a query and the decisions, `GLOSSARY.md` the terms.
//!
//! # Layers
//! ```text
//!  replies, upward                                            requests, downward
//!  PyCapsule / iterator       python/                         arguments
//!  RecordBatch                client/sql/stream               Statement
//!  builders, one per column   column/decode                   column/encode
//!  ============ Field + Cells: the value model (wire/value) ============
//!  rows     fdoca/row | file/format                           rows
//!  meaning  sql/*     | file/*                                commands   (flow/ picks the next)
//!  objects  ddm/object          frames  dss/          bytes  net/channel
//! ```
//! [`wire`] is pure: bytes to structs and back, no I/O, no clock. [`mod@column`] turns cells into
//! Arrow arrays and back. [`flow`] holds the conversations as state machines that never touch a
//! socket. [`net`] drives any flow over tokio, in clear or over TLS. [`client`] is the Rust API. With the feature
//! `server` the module of that name answers the same conversations over the same messages.
//!
//! # Invariants
//! * A number sent by a peer is checked before it allocates or indexes.
//! * A value that cannot be represented is an error naming column, row and bytes; never a
//!   silently different value.
//! * One task owns a socket; requests and replies are matched in order.
//! * Memory held for a cursor is bounded by its byte credit, however large the result.
//!
//! # Example
//! ```no_run
//! # async fn demo() -> Result<(), drdarrow::client::error::Error> {
//! use drdarrow::client::{batch_source::BatchSource, config::Config, sql::connection::Connection};
//! let config = Config::from_uri("drda://app@localhost:1527/sample")?.password("secret");
//! let connection = Connection::connect(config).await?;
//! let mut stream = connection.query("SELECT * FROM orders", &[]).await?;
//! while let Some(batch) = stream.next().await? {
//!     println!("{} rows", batch.num_rows());
//! }
//! # Ok(()) }
//! ```

pub mod client;
pub mod column;
pub mod flow;
pub mod net;
#[cfg(feature = "python")]
mod python;
#[cfg(feature = "server")]
pub mod server;
pub mod wire;
