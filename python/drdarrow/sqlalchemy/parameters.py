"""The type that a parameter is cast to where nothing else gives it one. CAST cuts off what does not fit, with no error,
so each value is looked at before it is sent."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import types as sqltypes

from drdarrow.sqlalchemy.types import TIMESTAMP

if TYPE_CHECKING:
    from drdarrow.sqlalchemy.product import ProductDialect

#: Text that is joined to other text: of more the result would be a long text, which is not comparable.
_JOINED = 4000
#: Digits of Derby's decimals without a precision, and how many of them are a fraction.
_DERBY = (31, 10)


class Typed(NamedTuple):
    """The name of a type, and what raises ValueError for a value that CAST would change."""

    name: str
    check: Callable[[Any], None] | None = None


def typed(dialect: ProductDialect, type_: sqltypes.TypeEngine[Any], joined: bool = False) -> Typed | None:
    """None for a parameter whose type is not known. joined: it is a part of a concatenation."""
    impl = type_.dialect_impl(dialect)
    while isinstance(impl, sqltypes.TypeDecorator):
        impl = impl.impl_instance.dialect_impl(dialect)
    if isinstance(impl, sqltypes.NullType):
        return None
    product = dialect.product
    name = dialect.type_compiler_instance.process
    if isinstance(impl, sqltypes.Text | sqltypes.LargeBinary) and not joined:
        return Typed(name(impl), _size(impl.length) if impl.length else None)
    if isinstance(impl, sqltypes.String):
        longest = _JOINED if joined else product.longest_varchar
        if isinstance(impl, sqltypes.Unicode | sqltypes.UnicodeText) and product.all_types:
            return Typed(f"VARGRAPHIC({longest // 2})", _units(longest // 2))
        return Typed(f"VARCHAR({longest})", _units(longest) if product.name == "derby" else _size(longest))
    if isinstance(impl, sqltypes._Binary):
        return Typed(name(impl), _size(impl.length)) if impl.length else Typed(f"BLOB({product.large})")
    if isinstance(impl, sqltypes.Numeric) and not isinstance(impl, sqltypes.Float):
        if impl.precision is not None:
            return Typed(name(impl), _digits(impl.precision, impl.scale or 0))
        return Typed(name(impl), None if product.all_types else _digits(*_DERBY))
    if isinstance(impl, TIMESTAMP) and (impl.precision or 6) < 6:
        return Typed("TIMESTAMP")
    return Typed(name(impl))


def _size(most: int) -> Callable[[Any], None]:
    """Bytes."""

    def check(value: Any) -> None:
        size = len(value.encode()) if isinstance(value, str) else len(value) if isinstance(value, bytes) else 0
        if size > most:
            raise ValueError(f"a parameter of {size} bytes is cut off at {most} in this place: {_CURE}")

    return check


def _units(most: int) -> Callable[[Any], None]:
    """Units of UTF-16."""

    def check(value: Any) -> None:
        if isinstance(value, str) and len(value) * 2 > most and len(value.encode("utf-16-le")) // 2 > most:
            raise ValueError(f"a parameter of {len(value)} characters is cut off at {most} in this place: {_CURE}")

    return check


def _digits(precision: int, scale: int) -> Callable[[Any], None]:
    """Digits after the point: the server counts those before it."""

    def check(value: Any) -> None:
        if not isinstance(value, Decimal) or not value.is_finite():
            return
        exponent = value.normalize().as_tuple().exponent
        if isinstance(exponent, int) and -exponent > scale:
            raise ValueError(
                f"{value} has more than {scale} digits after the point, as DECIMAL({precision}, {scale}) has: {_CURE}"
            )

    return check


_CURE = "cast it to a type that holds it"
