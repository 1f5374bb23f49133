//! `connect()` and its sister for asyncio.

use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::connection::{AsyncConnection, Connection};
use super::row_factory::RowFactory;
use crate::client::error::Result;
use crate::python::arguments::sources;
use crate::python::caller::{Caller, ConnectOutcome};
use crate::python::coroutine::{asking, opening, spawn};
use crate::python::runtime;
use crate::python::shared_connection::SharedConnection;
use crate::python::watch::Watch;

/// Connects to a database: `connect("drda://user@host:446/DATABASE", password=...)`.
///
/// Settings stand in the URI, or are given by keyword. One that is left out or None has its default, except that
/// batch_delay=None means to wait. docs/settings.md has more about each.
///
/// Args:
///     uri: `drda://user:password@host:port/DATABASE?setting=value`.
#[doc = include_str!("connect_arguments.txt")]
///
/// Raises:
///     InterfaceError: a setting is wrong.
///     OperationalError: the server cannot be reached or refuses; `phase` says how far it came: dns, tcp, tls,
///         exchange, security, access.
///
/// A RuntimeWarning says what is doubtful before anything secret is sent: a password that others could get hold of
/// because the line is neither of this machine nor under TLS to a verified server, or tls=insecure. Made an error by a
/// filter it ends the login there.
#[pyfunction]
#[pyo3(signature = (uri=None, /, **settings))]
pub(in crate::python) fn connect(
    py: Python<'_>,
    uri: Option<&Bound<'_, PyAny>>,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<ConnectOutcome<Connection>> {
    runtime::wait(py, connecting(py, uri, settings)?)
}

/// Connects: `await connect(...)` or `async with connect(...) as connection`. Arguments as `drdarrow.connect`.
#[pyfunction]
#[pyo3(signature = (uri=None, /, **settings))]
pub(in crate::python) fn connect_async<'py>(
    py: Python<'py>,
    uri: Option<&Bound<'py, PyAny>>,
    settings: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    if let Some(asking) = asking(py, "connect", "connect_async", uri, settings)? {
        return opening(&asking);
    }
    opening(&spawn(py, "connect", connecting::<AsyncConnection>(py, uri, settings))?)
}

/// The time that pools have left for a connection: theirs ends before that of the settings may, which stays that of the
/// connection.
const WITHIN: &str = "_within";

fn within(settings: Option<&Bound<'_, PyDict>>) -> PyResult<Duration> {
    let Some(settings) = settings else { return Ok(Duration::MAX) };
    let Some(seconds) = settings.get_item(WITHIN)? else { return Ok(Duration::MAX) };
    settings.del_item(WITHIN)?;
    Ok(Duration::try_from_secs_f64(seconds.extract()?).unwrap_or(Duration::MAX))
}

/// The making of a connection.
fn connecting<C: From<(Arc<SharedConnection>, RowFactory)> + 'static>(
    py: Python<'_>,
    uri: Option<&Bound<'_, PyAny>>,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<impl Future<Output = Result<ConnectOutcome<C>>> + Send + 'static> {
    let caller = Caller::here(py)?;
    let (rows, on_slow) = (RowFactory::taken(settings)?, Watch::taken(settings)?);
    let within = within(settings)?;
    let (mut config, limits) = sources::read(py, uri, settings)?;
    let watch = Watch::of(py, &config, on_slow)?;
    caller.listen(&mut config);
    let made = async move { SharedConnection::connect(config, limits, watch, within).await };
    Ok(caller.hear(async move { made.await.map(|link| C::from((link, rows))) }))
}
