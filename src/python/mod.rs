//! The Python classes: module `drdarrow._core`, one file per public class.
//!
//! | file | what |
//! |---|---|
//! | `connection`, `cursor`, `stream`, `batch` | the classes that users see |
//! | `awaitable` | their asyncio side, wrapped by `drdarrow/aio.py` |
//! | `files`, `file`, `partition` | the same for files of IBM i; `files_awaitable`, `file_awaitable` their asyncio side |
//! | `executemany`, `procedure` | calls with many rows, and of procedures |
//! | `link`, `statement`, `feed`, `opened`, `described` | the work of sync and asyncio classes, without Python |
//! | `probe` | the probe, wrapped by `drdarrow/probing.py` |
//! | `settings`, `token`, `file_args`, `given`, `params`, `param_rows`, `value`, `foreign` | arguments and parameters |
//! | `rows`, `type_code`, `errors`, `wording` | values, types and exceptions for Python |
//! | `collected`, `capsule` | results for other libraries |
//! | `imported` | Arrow data of other libraries |
//! | `server`, `engine` | the answering side, wrapped by `drdarrow/server`; an engine written in Python |
//! | `runtime`, `guard` | waiting; use by one process, one thread at a time |
//!
//! Every class is frozen: state that changes has a lock of its own, and nothing waits for a lock while
//! it holds Python's.

mod async_stream;
mod awaitable;
mod batch;
mod caller;
mod capsule;
mod collected;
mod connection;
mod cursor;
mod described;
#[cfg(feature = "server")]
mod engine;
mod errors;
mod executemany;
mod feed;
mod file;
mod file_args;
mod file_awaitable;
mod files;
mod files_awaitable;
mod foreign;
mod given;
mod guard;
mod imported;
mod link;
mod opened;
mod param_rows;
mod params;
mod partition;
mod probe;
mod procedure;
mod rows;
mod runtime;
#[cfg(feature = "server")]
mod server;
mod settings;
mod statement;
mod stream;
mod token;
mod type_code;
mod value;
mod wording;

use pyo3::prelude::*;

/// DRDA in Rust, for the package `drdarrow`, which says how to use it.
#[pymodule]
#[pyo3(name = "_core")]
fn core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_function(wrap_pyfunction!(connection::connect, module)?)?;
    module.add_function(wrap_pyfunction!(awaitable::connect_async, module)?)?;
    module.add_function(wrap_pyfunction!(probe::probe, module)?)?;
    module.add_function(wrap_pyfunction!(probe::probe_async, module)?)?;
    module.add_function(wrap_pyfunction!(files::connect_files, module)?)?;
    module.add_function(wrap_pyfunction!(files::open_file, module)?)?;
    module.add_function(wrap_pyfunction!(files_awaitable::connect_files_async, module)?)?;
    module.add_function(wrap_pyfunction!(files_awaitable::open_file_async, module)?)?;
    module.add_function(wrap_pyfunction!(files_awaitable::open_partition_async, module)?)?;
    module.add_function(wrap_pyfunction!(files_awaitable::open_file_beside, module)?)?;
    module.add_function(wrap_pyfunction!(files_awaitable::command_beside, module)?)?;
    module.add_class::<caller::Caller>()?;
    module.add_class::<files_awaitable::RawFileConnection>()?;
    module.add_class::<file_awaitable::RawFile>()?;
    module.add_class::<files::FileConnection>()?;
    module.add_class::<file::File>()?;
    module.add_class::<partition::FilePartition>()?;
    module.add_class::<connection::Connection>()?;
    module.add_class::<cursor::Cursor>()?;
    module.add_class::<stream::ArrowStream>()?;
    module.add_class::<batch::RecordBatch>()?;
    module.add_class::<batch::Schema>()?;
    module.add_class::<collected::Collected>()?;
    module.add_class::<awaitable::RawConnection>()?;
    module.add_class::<awaitable::RawCursor>()?;
    module.add_class::<executemany::RawBatch>()?;
    module.add_class::<async_stream::RawStream>()?;
    module.add_class::<param_rows::RawRows>()?;
    module.add_class::<param_rows::RawChunk>()?;
    #[cfg(feature = "server")]
    {
        module.add_function(wrap_pyfunction!(server::serve, module)?)?;
        module.add_function(wrap_pyfunction!(collected::collect, module)?)?;
        module.add_class::<server::RawServer>()?;
    }
    let leave = wrap_pyfunction!(runtime::_leave, module)?;
    module.py().import("atexit")?.call_method1("register", (leave,))?;
    Ok(())
}
