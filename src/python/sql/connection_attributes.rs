//! The attributes of connections, and their other methods that do not wait.

/// `twins!` of connections, with those methods of both.
macro_rules! with_attributes {
    (impl $sync:ident { $($own:tt)* } impl $asyn:ident { $($theirs:tt)* } $($rest:tt)*) => {
        $crate::python::twins::twins! {
            impl $sync { $($own)* }
            impl $asyn { $($theirs)* }

            impl Shared {
                /// Whether every statement is committed by itself, bool. A change counts from the next statement.
                #[getter]
                fn get_autocommit(&self, py: Python<'_>) -> PyResult<bool> {
                    Ok(self.0.get().or_raise(py)?.client.autocommit())
                }

                #[setter]
                fn set_autocommit(&self, py: Python<'_>, on: bool) -> PyResult<()> {
                    let link = self.0.get().or_raise(py)?;
                    link.open().or_raise(py)?;
                    link.client.outside_of_blocks().or_raise(py)?;
                    link.client.set_autocommit(on);
                    Ok(())
                }

                /// A `drdarrow.types.Xid`, the name of a branch of a global transaction: a number from 0 to 2147483647, that of
                /// the transaction (1 to 64 bytes; text is UTF-8), and that of the branch in it (up to 64).
                ///
                /// Raises NotSupportedError without `two_phase=True`, or where the server takes no part in such.
                fn xid(
                    &self,
                    py: Python<'_>,
                    format_id: &Bound<'_, PyAny>,
                    gtrid: &Bound<'_, PyAny>,
                    bqual: &Bound<'_, PyAny>,
                ) -> PyResult<GivenXid> {
                    TwoPhase(&self.0.get().or_raise(py)?.client).agreed().or_raise(py)?;
                    Ok(xid::made(format_id, gtrid, bqual)?.into())
                }

                /// The maker of the rows of its new cursors: None for tuples, or a callable that takes the cursor and returns
                /// what makes a row of a tuple, such as `drdarrow.rows.dict_row`.
                #[getter]
                fn get_row_factory(&self, py: Python<'_>) -> Py<PyAny> {
                    self.1.get(py)
                }

                #[setter]
                fn set_row_factory(&self, factory: &Bound<'_, PyAny>) -> PyResult<()> {
                    self.1.set(factory)
                }

                fn __traverse__(&self, visit: PyVisit<'_>) -> std::result::Result<(), PyTraverseError> {
                    self.1.traverse(&visit)
                }

                fn __clear__(&self) {
                    self.1.clear();
                }

                /// Closed by `close()` or lost, bool.
                #[getter]
                fn closed(&self, py: Python<'_>) -> PyResult<bool> {
                    Ok(self.0.get().or_raise(py)?.is_closed())
                }

                /// The security mechanism in force, str: "encrypted (SECMEC 9, AES-256)".
                #[getter]
                fn security(&self, py: Python<'_>) -> PyResult<String> {
                    Ok(self.0.get().or_raise(py)?.client.security())
                }

                /// The server's description of itself: dict with product, prdid, class, release, platform, system (its
                /// name), job (of this connection; on IBM i "123456/QUSER/QRWTSRVR"), sqlam, typdef, ccsids
                /// (single-byte, double-byte, mixed), secmec, database, peer, servers (other addresses of the database that
                /// it tells, list of "host:port").
                #[getter]
                fn server<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
                    server(py, self.0.get().or_raise(py)?)
                }

                /// Its work so far, over all sockets that it had: `drdarrow.observing.Counters`.
                fn counters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
                    figures::counters(py, self.0.get().or_raise(py)?)
                }

                /// Whether a statement may have left something in the session that a rollback does not undo, bool.
                #[getter]
                fn _touched(&self, py: Python<'_>) -> PyResult<bool> {
                    Ok(self.0.get().or_raise(py)?.is_touched())
                }

                /// The protection of the connection: dict with version, cipher, fingerprint (SHA-256 of the server's
                /// certificate), verified (False only with tls=insecure); None when it is in clear.
                #[getter]
                fn tls<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
                    tls(py, self.0.get().or_raise(py)?)
                }

                fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
                    shown::<Self>(py, self.0.get().map(|link| link.describe()))
                }
            }

            $($rest)*
        }
    };
}

pub(super) use with_attributes;
