//! The report of a probe as a dict of JSON types; `drdarrow/probing.py` makes classes of it.

use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use super::{awaitable, errors, runtime};
use crate::client::error::Result;
use crate::client::probe::report::{Advice, Port, Report, ServerReport, TlsReport};
use crate::client::probe::{ProbeTarget, probe as look};

/// Longest look, seconds.
const LONGEST: f64 = 3600.0;

/// Looks at a host; a dict.
#[pyfunction]
#[pyo3(signature = (host, ports, timeout, database))]
pub(super) fn probe(
    py: Python<'_>,
    host: String,
    ports: Option<Vec<u16>>,
    timeout: f64,
    database: Option<String>,
) -> PyResult<ProbeFound> {
    let target = target(py, host, ports, timeout, database)?;
    runtime::wait(py, look(target)).map(ProbeFound)
}

/// The same; an awaitable of the dict.
#[pyfunction]
#[pyo3(signature = (host, ports, timeout, database))]
pub(super) fn probe_async(
    py: Python<'_>,
    host: String,
    ports: Option<Vec<u16>>,
    timeout: f64,
    database: Option<String>,
) -> PyResult<Bound<'_, PyAny>> {
    let target = target(py, host, ports, timeout, database)?;
    awaitable::asyncio(py, async move { Result::Ok(ProbeFound(look(target).await?)) })
}

fn target(
    py: Python<'_>,
    host: String,
    ports: Option<Vec<u16>>,
    timeout: f64,
    database: Option<String>,
) -> PyResult<ProbeTarget> {
    if !(timeout > 0.0 && timeout <= LONGEST) {
        return Err(errors::interface(py, "timeout: expected seconds, more than 0 and at most an hour"));
    }
    let ports = ports.unwrap_or_default();
    if ports.contains(&0) {
        return Err(errors::interface(py, "ports: expected numbers from 1 to 65535"));
    }
    Ok(ProbeTarget { host, ports, timeout: Duration::from_secs_f64(timeout), database })
}

/// A report on its way into Python.
pub(super) struct ProbeFound(Report);

impl<'py> IntoPyObject<'py> for ProbeFound {
    type Target = PyDict;
    type Output = Bound<'py, PyDict>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let ProbeFound(report) = self;
        let out = PyDict::new(py);
        out.set_item("host", &report.host)?;
        out.set_item("addresses", report.addresses.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        out.set_item("timeout", report.timeout.as_secs_f64())?;
        out.set_item("seconds", report.elapsed.as_secs_f64())?;
        out.set_item("ports", list(py, &report.ports, port)?)?;
        out.set_item("advice", list(py, &report.advice, advice)?)?;
        Ok(out)
    }
}

fn list<'py, T>(
    py: Python<'py>,
    items: &[T],
    one: impl Fn(Python<'py>, &T) -> PyResult<Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyList>> {
    let out = PyList::empty(py);
    for item in items {
        out.append(one(py, item)?)?;
    }
    Ok(out)
}

fn port<'py>(py: Python<'py>, port: &Port) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    out.set_item("port", port.port)?;
    out.set_item("usual", port.usual)?;
    out.set_item("state", port.state.name())?;
    out.set_item("address", port.address.map(|address| address.ip().to_string()))?;
    out.set_item("service", port.is_open().then(|| port.service.name()))?;
    out.set_item("words", &port.words)?;
    out.set_item("tls", port.tls.as_ref().map(|found| tls(py, found)).transpose()?)?;
    out.set_item("server", port.server.as_ref().map(|found| server(py, found)).transpose()?)?;
    let sign_on = port.sign_on.as_ref().map(|found| {
        let out = PyDict::new(py);
        out.set_item("release", &found.release)?;
        out.set_item("password_level", found.password_level)?;
        out.set_item("job", &found.job)?;
        PyResult::Ok(out)
    });
    out.set_item("sign_on", sign_on.transpose()?)?;
    Ok(out)
}

fn tls<'py>(py: Python<'py>, found: &TlsReport) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    out.set_item("version", found.version)?;
    out.set_item("cipher", found.cipher.as_deref())?;
    out.set_item("failure", found.failure.as_deref())?;
    let certificate = found.seen.as_ref().map(|seen| {
        let out = PyDict::new(py);
        let names = &seen.certificate.names;
        out.set_item("subject", &names.subject)?;
        out.set_item("issuer", &names.issuer)?;
        out.set_item("hosts", &seen.certificate.hosts)?;
        out.set_item("not_before", seen.certificate.not_before)?;
        out.set_item("not_after", seen.certificate.not_after)?;
        out.set_item("fingerprint", seen.fingerprint.to_string())?;
        out.set_item("self_signed", names.self_issued)?;
        out.set_item("trusted", seen.trusted)?;
        out.set_item("distrust", seen.distrust.as_deref())?;
        out.set_item("name_fits", seen.name_fits)?;
        PyResult::Ok(out)
    });
    out.set_item("certificate", certificate.transpose()?)?;
    Ok(out)
}

fn server<'py>(py: Python<'py>, found: &ServerReport) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    out.set_item("product", found.product)?;
    out.set_item("version", found.version.as_deref())?;
    out.set_item("name", &found.name)?;
    out.set_item("system", &found.system)?;
    out.set_item("class_name", &found.class)?;
    out.set_item("release", &found.release)?;
    let managers = PyDict::new(py);
    for (manager, level) in &found.managers {
        managers.set_item(manager, level)?;
    }
    out.set_item("managers", managers)?;
    let mechanisms = found.mechanisms.as_ref().map(|mechanisms| {
        list(py, mechanisms, |py, mechanism| {
            let out = PyDict::new(py);
            out.set_item("number", mechanism.number)?;
            out.set_item("name", mechanism.name)?;
            out.set_item("words", mechanism.words)?;
            Ok(out)
        })
    });
    out.set_item("mechanisms", mechanisms.transpose()?)?;
    out.set_item("complete", found.complete)?;
    out.set_item("cipher", found.cipher)?;
    out.set_item("refusal", found.refusal.as_deref())?;
    Ok(out)
}

fn advice<'py>(py: Python<'py>, advice: &Advice) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    out.set_item("severity", advice.severity.name())?;
    out.set_item("code", advice.code)?;
    out.set_item("port", advice.port)?;
    out.set_item("text", &advice.text)?;
    out.set_item("cure", &advice.cure)?;
    Ok(out)
}
