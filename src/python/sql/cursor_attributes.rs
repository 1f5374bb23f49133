//! The attributes of cursors, and their other methods that do not wait.

/// `twins!` of cursors, with those methods of both.
macro_rules! with_attributes {
    (impl $sync:ident { $($own:tt)* } impl $asyn:ident { $($theirs:tt)* } $($rest:tt)*) => {
        $crate::python::twins::twins! {
            impl $sync { $($own)* }
            impl $asyn { $($theirs)* }

            impl Shared {
                /// One 7-tuple per column of the result, or None without one: name, type_code, None,
                /// internal_size in bytes, precision, scale, null_ok. `type_code` is the SQL type's name, or a more
                /// general one and the SQL type in parentheses, as in "TEXT(CLOB)"; it is equal to one of STRING,
                /// BINARY, NUMBER, DATETIME, ROWID.
                #[getter]
                fn description<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
                    description(py, self.statement.get().or_raise(py)?)
                }

                /// Rows that the last statement changed; -1 before it, for a result, and where the server does
                /// not count.
                #[getter]
                fn rowcount(&self, py: Python<'_>) -> PyResult<i64> {
                    Ok(row_count(self.statement.get().or_raise(py)?))
                }

                /// The rows that the last `executemany()` left out, list of RecordBatch: one for each run of rows whose values
                /// have the same types; the columns as those of `Ingested.skipped`, called by their numbers unless the rows
                /// were Arrow data. Empty after anything else.
                #[getter]
                fn skipped(&self, py: Python<'_>) -> PyResult<Vec<RecordBatch>> {
                    let statement = self.statement.get().or_raise(py)?;
                    Ok(statement.about().skipped.iter().cloned().map(RecordBatch).collect())
                }

                /// The index from 0 of the next row of a scrollable or updatable cursor, int; None for any other.
                #[getter]
                fn rownumber(&self, py: Python<'_>) -> PyResult<Option<i64>> {
                    scroll::position(self.statement.get().or_raise(py)?, self.seen(py)).or_raise(py)
                }

                /// Rows that `fetchmany()` fetches unless told; 1 at first.
                #[getter]
                fn get_arraysize(&self) -> usize {
                    self.arraysize.load(Ordering::Relaxed)
                }

                #[setter]
                fn set_arraysize(&self, py: Python<'_>, rows: i64) -> PyResult<()> {
                    self.arraysize.store(fetch::count(py, "arraysize", rows)?, Ordering::Relaxed);
                    Ok(())
                }

                /// The maker of its rows: None for tuples, or a callable that takes the cursor, once for each result, and returns
                /// what makes a row of a tuple, such as `drdarrow.rows.dict_row`. A change counts from the next fetch.
                #[getter]
                fn get_row_factory(&self, py: Python<'_>) -> Py<PyAny> {
                    self.rows.get(py)
                }

                #[setter]
                fn set_row_factory(&self, factory: &Bound<'_, PyAny>) -> PyResult<()> {
                    self.rows.set(factory)
                }

                fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
                    self.traverse(&visit)
                }

                fn __clear__(&self) {
                    self.rows.clear();
                }

                /// Generic in its rows, for annotations: `Cursor[dict[str, Any]]`.
                #[classmethod]
                fn __class_getitem__<'py>(cls: &Bound<'py, PyType>, row: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
                    cls.py().import("types")?.getattr("GenericAlias")?.call1((cls, row))
                }

                /// Warnings of the server for the last statement: list of (class, instance). They are not raised.
                #[getter]
                fn messages(&self, py: Python<'_>) -> PyResult<Py<PyList>> {
                    drain_messages(py, self.statement.get().or_raise(py)?, self.messages.bind(py))?;
                    Ok(self.messages.clone_ref(py))
                }

                /// Where the time of the last statement went: a `drdarrow.observing.Timing`; None before the first. A call with
                /// many rows is all `first_block`.
                fn timing<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
                    figures::timing(py, self.statement.get().or_raise(py)?)
                }

                /// The Connection it belongs to.
                #[getter]
                fn connection(&self, py: Python<'_>) -> Py<PyAny> {
                    self.connection.clone_ref(py)
                }

                /// Values of a procedure's parameters after its call, as a tuple, None for those that only go
                /// in; None when nothing came out.
                #[getter]
                fn outputs<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
                    procedure::outputs(py, self.statement.get().or_raise(py)?)
                }

                /// A PyCapsule `arrow_schema` of the result; asks nothing of the server.
                fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
                    capsule::schema(py, &self.statement.get().or_raise(py)?.schema().or_raise(py)?)
                }

                /// Does nothing; the server describes the parameters (PEP 249).
                fn setinputsizes(&self, _sizes: &Bound<'_, PyAny>) {}

                /// Does nothing; values are fetched whole (PEP 249).
                #[pyo3(signature = (_size, _column=None, /))]
                fn setoutputsize(&self, _size: &Bound<'_, PyAny>, _column: Option<&Bound<'_, PyAny>>) {}

                fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
                    shown::<Self>(py, self.statement.get().map(|statement| describe_state(statement)))
                }
            }

            $($rest)*
        }
    };
}

pub(super) use with_attributes;
