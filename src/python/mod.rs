//! The Python classes: module `drdarrow._core`, one file per public class.
//!
//! | module | contents |
//! |---|---|
//! | `sql` | connections, cursors, calls with many rows |
//! | `file` | the same for files of IBM i: connections, open files, partitions |
//! | `twins` | a class that waits and its sister for asyncio, side by side |
//! | `coroutine` | work as coroutines, with `drdarrow/_coroutines.py` |
//! | `shared_connection`, `sql::statement`, `file::shared_file`, `arrow::shared_stream`, `reader` | the work of both classes, without Python |
//! | `arrow` | batches, streams and capsules; results in the hands of other libraries, and Arrow data that they give |
//! | `arguments` | settings, parameters and values of callers |
//! | `rows`, `errors`, `wording` | values and exceptions on their way to Python |
//! | `probe` | a look at a host, wrapped by `drdarrow/probing.py` |
//! | `server` | the answering side, wrapped by `drdarrow/server`; an engine written in Python |
//! | `runtime`, `ownership` | waiting, and who may touch what: one process, one thread at a time |
//!
//! Every class is frozen: state that changes has a lock of its own, and nothing waits for a lock while
//! it holds Python's.

mod arguments;
mod arrow;
mod awaitable;
mod caller;
mod coroutine;
mod errors;
mod file;
mod ownership;
mod probe;
mod reader;
mod rows;
mod runtime;
#[cfg(feature = "server")]
mod server;
mod shared_connection;
mod sql;
mod twins;
mod watch;
mod wording;

use std::collections::BTreeMap;

use pyo3::prelude::*;

use crate::column::kind::{plain_types, type_names};

/// DRDA in Rust, for the package `drdarrow`, which says how to use it.
#[pymodule]
#[pyo3(name = "_core")]
fn core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("TYPE_NAMES", type_names().collect::<BTreeMap<_, _>>())?;
    let plain = plain_types().map(|(name, data_type)| (name, data_type.to_string()));
    module.add("PLAIN_TYPES", plain.collect::<BTreeMap<_, _>>())?;
    module.add_function(wrap_pyfunction!(sql::connect::connect, module)?)?;
    module.add_function(wrap_pyfunction!(sql::connect::connect_async, module)?)?;
    module.add_function(wrap_pyfunction!(probe::probe, module)?)?;
    module.add_function(wrap_pyfunction!(probe::probe_async, module)?)?;
    module.add_function(wrap_pyfunction!(file::connection::connect_files, module)?)?;
    module.add_function(wrap_pyfunction!(file::connection::connect_files_async, module)?)?;
    module.add_function(wrap_pyfunction!(file::connection::open_file, module)?)?;
    module.add_function(wrap_pyfunction!(file::connection::open_file_async, module)?)?;
    module.add_function(wrap_pyfunction!(file::partition::open_partition_async, module)?)?;
    module.add_class::<sql::connection::Connection>()?;
    module.add_class::<sql::connection::AsyncConnection>()?;
    module.add_class::<sql::cursor_classes::Cursor>()?;
    module.add_class::<sql::cursor_classes::AsyncCursor>()?;
    module.add_class::<sql::query::Query>()?;
    module.add_class::<sql::query::AsyncQuery>()?;
    module.add_class::<file::connection::FileConnection>()?;
    module.add_class::<file::connection::AsyncFileConnection>()?;
    module.add_class::<file::file_classes::File>()?;
    module.add_class::<file::file_classes::AsyncFile>()?;
    module.add_class::<file::partition::FilePartition>()?;
    module.add_class::<file::written_rows::RawRecords>()?;
    module.add_class::<arrow::stream::ArrowStream>()?;
    module.add_class::<arrow::stream::AsyncArrowStream>()?;
    module.add_class::<arrow::batch::RecordBatch>()?;
    module.add_class::<arrow::batch::Schema>()?;
    module.add_class::<arrow::result_table::Collected>()?;
    module.add_class::<sql::catalog::CatalogTable>()?;
    module.add_class::<sql::executemany::RawBatch>()?;
    module.add_class::<sql::row_factory::DictMaker>()?;
    module.add_class::<arguments::param_rows::RawRows>()?;
    module.add_class::<sql::ingest::Ingested>()?;
    module.add_function(wrap_pyfunction!(sql::ingest_request::check_ingest, module)?)?;
    module.add_function(wrap_pyfunction!(sql::table_name::quoted_table, module)?)?;
    module.add_function(wrap_pyfunction!(sql::ingest_request::total_rows, module)?)?;
    module.add_class::<arguments::param_rows::RawChunk>()?;
    module.add_class::<file::written_rows::RecordChunk>()?;
    #[cfg(feature = "server")]
    {
        module.add_function(wrap_pyfunction!(server::serve, module)?)?;
        module.add_function(wrap_pyfunction!(arrow::result_table::collect, module)?)?;
        module.add_class::<server::RawServer>()?;
    }
    // PEP 249: the exceptions are attributes of connections as well.
    for class in [module.getattr("Connection")?, module.getattr("AsyncConnection")?] {
        for name in errors::CLASSES {
            class.setattr(name, errors::class(module.py(), name)?)?;
        }
    }
    let leave = wrap_pyfunction!(runtime::_leave, module)?;
    module.py().import("atexit")?.call_method1("register", (leave,))?;
    Ok(())
}
