//! A class that waits and its sister for asyncio, side by side.

/// Methods of both classes. A method of `Both` is a future: one class waits for it, the other makes it a coroutine.
/// One of `Whole` takes a result as a whole, which a cancelled task loses: that is noted at its statement.
/// Those of `Shared` do not wait, and are in both. Each class has further ones of its own, and `Leave` is the end of
/// its `with` block, if it has one: a future by whether the block went `well`.
///
/// The text reads as `impl` blocks, so that `tools/twins.py` can have rustfmt format it, which leaves macros alone.
macro_rules! twins {
    (
        impl $sync:ident { $($own:tt)* }
        impl $asyn:ident { $($theirs:tt)* }
        impl Shared { $($shared:tt)* }
        impl Both { $(
            $(#[$attribute:meta])*
            fn $name:ident<'py>(&$this:ident, $py:ident: Python<'py> $($arguments:tt)*) -> $out:ty $work:block
        )* }
        $(impl Whole { $(
            $(#[$noted:meta])*
            fn $taken:ident<'py>(&$me:ident, $here_py:ident: Python<'py> $($options:tt)*) -> $made:ty $take:block
        )* })?
        $(impl Leave { fn leave<'py>(&$left:ident, $here:ident: Python<'py>, $well:ident: bool) -> () $leave:block })?
    ) => {
        #[pymethods]
        impl $sync {
            $($own)*
            $($shared)*
            $(
                $(#[$attribute])*
                fn $name<'py>(&$this, $py: Python<'py> $($arguments)*) -> PyResult<$out> {
                    $crate::python::runtime::wait($py, $work)
                }
            )*

            $($(
                $(#[$noted])*
                fn $taken<'py>(&$me, $here_py: Python<'py> $($options)*) -> PyResult<$made> {
                    $crate::python::runtime::wait($here_py, $take)
                }
            )*)?

            $(
                #[pyo3(signature = (kind=None, _value=None, _traceback=None))]
                fn __exit__<'py>(
                    &$left,
                    $here: Python<'py>,
                    kind: Option<&Bound<'py, PyAny>>,
                    _value: Option<&Bound<'py, PyAny>>,
                    _traceback: Option<&Bound<'py, PyAny>>,
                ) -> PyResult<()> {
                    let $well = kind.is_none();
                    $crate::python::runtime::wait($here, $leave)
                }
            )?
        }

        #[pymethods]
        impl $asyn {
            $($theirs)*
            $($shared)*
            $(
                $(#[$attribute])*
                fn $name<'py>(&$this, $py: Python<'py> $($arguments)*) -> PyResult<Bound<'py, PyAny>> {
                    let work = || -> PyResult<_> { Ok($work) };
                    let name = concat!(stringify!($asyn), ".", stringify!($name));
                    $crate::python::coroutine::spawn($py, name, work())
                }
            )*

            $($(
                $(#[$noted])*
                fn $taken<'py>(&$me, $here_py: Python<'py> $($options)*) -> PyResult<Bound<'py, PyAny>> {
                    let work = || -> PyResult<_> { Ok($take) };
                    let name = concat!(stringify!($asyn), ".", stringify!($taken));
                    let statement = $me.statement.shared($here_py)?;
                    $crate::python::coroutine::whole($here_py, name, work(), move || statement.lose())
                }
            )*)?

            $(
                fn __aenter__<'py>(slf: Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
                    let name = concat!(stringify!($asyn), ".__aenter__");
                    $crate::python::coroutine::coroutine(slf.py(), name, "give", (slf.clone(),))
                }

                #[pyo3(signature = (kind=None, _value=None, _traceback=None))]
                fn __aexit__<'py>(
                    &$left,
                    $here: Python<'py>,
                    kind: Option<&Bound<'py, PyAny>>,
                    _value: Option<&Bound<'py, PyAny>>,
                    _traceback: Option<&Bound<'py, PyAny>>,
                ) -> PyResult<Bound<'py, PyAny>> {
                    let $well = kind.is_none();
                    let work = || -> PyResult<_> { Ok($leave) };
                    $crate::python::coroutine::spawn($here, concat!(stringify!($asyn), ".__aexit__"), work())
                }
            )?
        }
    };
}

pub(super) use twins;
