//! The driver for ADBC's driver managers, version 1.1: the Rust API of the client with the interface of `adbc_core`,
//! exported to C by `adbc_ffi`. A program finds it as `AdbcDriverInit` in the library.
//!
//! | module | contents |
//! |---|---|
//! | `ffi` | the functions of C: what `adbc_ffi` has no place for. The only unsafe code |
//! | `database`, `connection`, `statement` | the handles |
//! | `shared` | a connection, as its statements share it |
//! | `isolation` | levels of isolation |
//! | `settings` | options by the names of ADBC, and `adbc.drda.*` by ours |
//! | `bound` | rows of parameters |
//! | `reader` | results |
//! | `info`, `objects`, `statistics`, `nested` | the answers about the driver, the server and its tables |
//! | `target` | the table that a statement fills |
//! | `partition` | tokens of results that are read elsewhere |
//! | `error` | errors with their status codes |
//! | `wait`, `cancel` | waiting on the runtime, and breaking a wait off from another thread |
//! | `aside` | words for `ffi` that the interface has no place for |
//!
//! Nothing here panics across the border: what would is an error with the status INTERNAL.

mod aside;
mod bound;
mod cancel;
pub mod connection;
pub mod database;
mod error;
pub mod ffi;
mod info;
mod isolation;
mod nested;
mod objects;
mod partition;
mod reader;
mod settings;
mod shared;
pub mod statement;
mod statistics;
mod target;
mod wait;

use self::database::DrdaDatabase;
use self::settings::Settings;
use self::wait::guarded;
use adbc_core::Driver;
use adbc_core::error::Result;
use adbc_core::options::{OptionDatabase, OptionValue};

/// The driver.
#[derive(Debug, Default)]
pub struct DrdaDriver;

impl Driver for DrdaDriver {
    type DatabaseType = DrdaDatabase;

    fn new_database(&mut self) -> Result<DrdaDatabase> {
        self.new_database_with_opts([])
    }

    fn new_database_with_opts(
        &mut self,
        opts: impl IntoIterator<Item = (OptionDatabase, OptionValue)>,
    ) -> Result<DrdaDatabase> {
        guarded(|| Settings::of_database(opts.into_iter().collect()).map(DrdaDatabase::new))
    }
}
