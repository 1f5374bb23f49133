//! The methods of cursors that move.

/// `twins!` of cursors, with the methods that move them and change the row where they stand.
macro_rules! with_moves {
    (
        impl $sync:ident { $($own:tt)* }
        impl $asyn:ident { $($theirs:tt)* }
        impl Both { $($both:tt)* }
        $($rest:tt)*
    ) => {
        $crate::python::sql::cursor_attributes::with_attributes! {
            impl $sync {
                $($own)*

                /// The first row; None when there is none. For scrollable cursors.
                fn fetch_first<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyAny>>> {
                    scroll::fetched(slf, "first", 1)
                }

                /// The last row; None when there is none. For scrollable cursors.
                fn fetch_last<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyAny>>> {
                    scroll::fetched(slf, "last", -1)
                }

                /// The row before the one that was fetched last; None before the first. For scrollable cursors.
                fn fetch_prior<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyAny>>> {
                    scroll::fetched(slf, "prior", -1)
                }

                /// The row with this number, from 1 on, or from the end by a negative one; None where there is none. For scrollable cursors.
                fn fetch_absolute<'py>(slf: &Bound<'py, Self>, row: i64) -> PyResult<Option<Bound<'py, PyAny>>> {
                    scroll::fetched(slf, "absolute", row)
                }

                /// The row so many after the one that was fetched last, or before it; None where there is none. For scrollable cursors.
                fn fetch_relative<'py>(slf: &Bound<'py, Self>, rows: i64) -> PyResult<Option<Bound<'py, PyAny>>> {
                    scroll::fetched(slf, "relative", rows)
                }

                /// Moves so that the row with the index `value`, from 0 on, is fetched next, or with `mode="relative"` the row so
                /// many after that, or before it. For scrollable cursors.
                ///
                /// Raises IndexError when there is no such row; the cursor stays where it was.
                #[pyo3(signature = (value, mode="relative"))]
                fn scroll(&self, py: Python<'_>, value: i64, mode: &str) -> PyResult<scroll::Scrolled> {
                    let (statement, relative) = (self.statement.shared(py)?, scroll::relative(py, mode)?);
                    runtime::wait(py, scroll::scrolled(statement, value, relative, self.unseen(py)?))
                }

                /// Gives columns of the row that was fetched last other values: a mapping of names to values. `table` is needed
                /// where the server does not tell the table of the query. For updatable cursors.
                ///
                /// Raises ProgrammingError with SQLSTATE 24504 when the cursor is on no row.
                #[pyo3(signature = (values, *, table=None))]
                fn update_current(&self, py: Python<'_>, values: &Bound<'_, PyDict>, table: Option<String>) -> PyResult<()> {
                    let (statement, changes) = (self.statement.shared(py)?, scroll::Changes::of(py, values, table)?);
                    runtime::wait(py, scroll::changed(statement, Some(changes), None, self.unseen(py)?))
                }

                /// Deletes the row that was fetched last; `table` as in `update_current()`. For updatable cursors.
                #[pyo3(signature = (*, table=None))]
                fn delete_current(&self, py: Python<'_>, table: Option<String>) -> PyResult<()> {
                    runtime::wait(py, scroll::changed(self.statement.shared(py)?, None, table, self.unseen(py)?))
                }
            }

            impl $asyn {
                $($theirs)*

                /// The first row; None when there is none. For scrollable cursors.
                fn fetch_first<'py>(slf: Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
                    scroll::fetched_soon(slf, "first", 1)
                }

                /// The last row; None when there is none. For scrollable cursors.
                fn fetch_last<'py>(slf: Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
                    scroll::fetched_soon(slf, "last", -1)
                }

                /// The row before the one that was fetched last; None before the first. For scrollable cursors.
                fn fetch_prior<'py>(slf: Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
                    scroll::fetched_soon(slf, "prior", -1)
                }

                /// The row with this number, from 1 on, or from the end by a negative one; None where there is none. For scrollable cursors.
                fn fetch_absolute<'py>(slf: Bound<'py, Self>, row: i64) -> PyResult<Bound<'py, PyAny>> {
                    scroll::fetched_soon(slf, "absolute", row)
                }

                /// The row so many after the one that was fetched last, or before it; None where there is none. For scrollable cursors.
                fn fetch_relative<'py>(slf: Bound<'py, Self>, rows: i64) -> PyResult<Bound<'py, PyAny>> {
                    scroll::fetched_soon(slf, "relative", rows)
                }

                /// Moves before a row: whether there is one.
                fn _seek<'py>(&self, py: Python<'py>, name: &str, number: i64) -> PyResult<Bound<'py, PyAny>> {
                    let (statement, kept) = (self.statement.shared(py)?, self.unseen(py)?);
                    spawn(py, "AsyncCursor._seek", Ok(scroll::sought(statement, scroll::movement(name, number), kept)))
                }

                /// Moves so that the row with the index `value`, from 0 on, is fetched next, or with `mode="relative"` the row so
                /// many after that, or before it. For scrollable cursors.
                ///
                /// Raises IndexError when there is no such row; the cursor stays where it was.
                #[pyo3(signature = (value, mode="relative"))]
                fn scroll<'py>(slf: Bound<'py, Self>, value: i64, mode: &str) -> PyResult<Bound<'py, PyAny>> {
                    scroll::in_turn(&slf, "scroll", "_scroll", (value, mode).into_pyobject(slf.py())?)
                }

                /// Gives columns of the row that was fetched last other values: a mapping of names to values. `table` is needed
                /// where the server does not tell the table of the query. For updatable cursors.
                ///
                /// Raises ProgrammingError with SQLSTATE 24504 when the cursor is on no row.
                #[pyo3(signature = (values, *, table=None))]
                fn update_current<'py>(
                    slf: Bound<'py, Self>,
                    values: Bound<'py, PyDict>,
                    table: Option<String>,
                ) -> PyResult<Bound<'py, PyAny>> {
                    let arguments = (values, table).into_pyobject(slf.py())?;
                    scroll::in_turn(&slf, "update_current", "_change_current", arguments)
                }

                /// Deletes the row that was fetched last; `table` as in `update_current()`. For updatable cursors.
                #[pyo3(signature = (*, table=None))]
                fn delete_current<'py>(slf: Bound<'py, Self>, table: Option<String>) -> PyResult<Bound<'py, PyAny>> {
                    let arguments = (None::<bool>, table).into_pyobject(slf.py())?;
                    scroll::in_turn(&slf, "delete_current", "_change_current", arguments)
                }

                /// `scroll()`, for who has the turn.
                fn _scroll<'py>(&self, py: Python<'py>, value: i64, mode: &str) -> PyResult<Bound<'py, PyAny>> {
                    let (statement, relative) = (self.statement.shared(py)?, scroll::relative(py, mode)?);
                    let moved = scroll::scrolled(statement, value, relative, self.unseen(py)?);
                    spawn(py, "AsyncCursor._scroll", Ok(moved))
                }

                /// Changes the row that was fetched last, or deletes it without values, for who has the turn.
                fn _change_current<'py>(
                    &self,
                    py: Python<'py>,
                    values: Option<&Bound<'py, PyDict>>,
                    table: Option<String>,
                ) -> PyResult<Bound<'py, PyAny>> {
                    let statement = self.statement.shared(py)?;
                    let changes = values.map(|values| scroll::Changes::of(py, values, table.clone())).transpose()?;
                    let changed = scroll::changed(statement, changes, table, self.unseen(py)?);
                    spawn(py, "AsyncCursor._change_current", Ok(changed))
                }
            }

            impl Both {
                $($both)*
            }

            $($rest)*
        }
    };
}

pub(super) use with_moves;
