"""A result as a pandas DataFrame that keeps every value exactly.

NumPy's integers and booleans cannot hold NULL, and its floats cannot hold all integers: each column gets a type that
holds its values (`docs/types.md` has the table).
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from drdarrow.exceptions import DataError, InterfaceError

if TYPE_CHECKING:
    import pandas
    import pyarrow

__all__ = ["BACKENDS", "checked", "to_pandas"]

#: Values of `dtype_backend`; None chooses column by column.
BACKENDS = ("numpy", "numpy_nullable", "pyarrow")
#: Integers up to this are exact as float64.
_EXACT = 2**53


def checked(dtype_backend: object) -> None:
    """Raises InterfaceError for an unknown `dtype_backend`."""
    if dtype_backend is not None and dtype_backend not in BACKENDS:
        names = ", ".join(map(repr, BACKENDS))
        raise InterfaceError(f"dtype_backend: {dtype_backend!r} is not one of {names}")


def to_pandas(table: pyarrow.Table, dtype_backend: str | None = None) -> pandas.DataFrame:
    """The frame of a table. Names that occur twice are kept."""
    import pandas

    checked(dtype_backend)
    columns = {n: _column(field, table.column(n), dtype_backend or "", pandas) for n, field in enumerate(table.schema)}
    frame = pandas.DataFrame(columns, index=pandas.RangeIndex(table.num_rows), copy=False)
    frame.columns = pandas.Index(table.schema.names)
    return frame


def _column(field: Any, values: Any, backend: str, pandas: Any) -> Any:
    """One column as a Series."""
    import pyarrow.types as types

    kind = field.type
    if backend == "pyarrow":
        return values.to_pandas(types_mapper=pandas.ArrowDtype)
    if (field.metadata or {}).get(b"drda:type") == b"DECFLOAT" and not types.is_decimal(kind):
        # Its text is exact; Python has the type.
        numbers = [None if text is None else Decimal(text) for text in values.to_pylist()]
        return pandas.Series(numbers, dtype=object)
    chosen = None
    if types.is_integer(kind):
        chosen = _integer(field.name, values, backend, pandas)
    elif types.is_floating(kind):
        chosen = _floating(values, backend, pandas)
    elif types.is_boolean(kind) and (backend == "numpy_nullable" or (not backend and values.null_count)):
        chosen = pandas.BooleanDtype()
    elif backend == "numpy_nullable" and (types.is_string(kind) or types.is_large_string(kind)):
        chosen = pandas.StringDtype()
    # Dates, times, decimals and bytes become Python's objects, timestamps NumPy's in the unit that they have.
    return values.to_pandas(types_mapper=None if chosen is None else lambda _: chosen, date_as_object=True)


def _integer(name: str, values: Any, backend: str, pandas: Any) -> Any:
    """The nullable type of integers, where NumPy's is not to be."""
    if backend == "numpy_nullable" or (not backend and values.null_count):
        return getattr(pandas, f"Int{values.type.bit_width}Dtype")()
    if values.null_count:
        import pyarrow.compute

        ends: Any = pyarrow.compute.min_max(values).as_py()
        for value in (ends["min"], ends["max"]):
            if value is not None and abs(value) > _EXACT:
                hint = 'leave dtype_backend out, or "numpy_nullable" or "pyarrow"'
                raise DataError(
                    f"column {name!r}: {value} in a column with NULL is not exact as NumPy's float64 ({hint})",
                    sqlstate="22003",
                    phase="fetch",
                    hint=hint,
                )
    return None


def _floating(values: Any, backend: str, pandas: Any) -> Any:
    """The type that keeps NULL and NaN apart, where NumPy's does not."""
    if backend == "numpy":
        return None
    import pyarrow.compute

    if pyarrow.compute.any(pyarrow.compute.is_nan(values)).as_py():
        # pandas' Float64 takes NaN for missing.
        return pandas.ArrowDtype(values.type) if values.null_count else None
    return getattr(pandas, f"Float{values.type.bit_width}Dtype")() if backend == "numpy_nullable" else None
