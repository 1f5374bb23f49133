"""The names of types in DDL and casts, by product."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import exc
from sqlalchemy import types as sqltypes
from sqlalchemy.sql.compiler import GenericTypeCompiler

if TYPE_CHECKING:
    from drdarrow.sqlalchemy.product import Product


class DrdaTypeCompiler(GenericTypeCompiler):
    @property
    def _product(self) -> Product:
        return self.dialect.product  # type: ignore[attr-defined, no-any-return]

    def _refuse(self, name: str, instead: str) -> None:
        """The types that Derby lacks."""
        if not self._product.all_types:
            raise exc.CompileError(f"Derby has no {name}: use {instead}")

    # -- numbers ---------------------------------------------------------------------------------------------------

    def visit_BOOLEAN(self, type_: sqltypes.Boolean, **kw: Any) -> str:  # noqa: N802  names of SQLAlchemy
        return "BOOLEAN" if self._product.boolean else "SMALLINT"

    def visit_NUMERIC(self, type_: sqltypes.Numeric[Any], **kw: Any) -> str:  # noqa: N802
        return self.visit_DECIMAL(type_, **kw)

    def visit_DECIMAL(self, type_: sqltypes.Numeric[Any], **kw: Any) -> str:  # noqa: N802
        """DECIMAL alone would be DECIMAL(5, 0), which cuts fractions off without a word."""
        if type_.precision is None:
            return "DECFLOAT(34)" if self._product.all_types else "DECIMAL(31, 10)"
        return f"DECIMAL({type_.precision}, {type_.scale or 0})"

    def visit_DOUBLE(self, type_: sqltypes.Double[Any], **kw: Any) -> str:  # noqa: N802
        return "DOUBLE"

    def visit_DOUBLE_PRECISION(self, type_: sqltypes.Double[Any], **kw: Any) -> str:  # noqa: N802
        return "DOUBLE"

    def visit_DECFLOAT(self, type_: Any, **kw: Any) -> str:  # noqa: N802
        self._refuse("DECFLOAT", "DECIMAL or DOUBLE")
        return f"DECFLOAT({type_.precision})"

    # -- text ------------------------------------------------------------------------------------------------------

    def visit_enum(self, type_: Any, **kw: Any) -> str:
        """Db2 counts bytes: a VARCHAR as long as its longest value in UTF-8."""
        length = type_.length or 0
        if self._product.all_types:
            length = max([length, *(len(value.encode()) for value in type_.enums)])
        return self._render_string_type("VARCHAR", length or None, type_.collation, type_.collation_schema, **kw)

    def visit_text(self, type_: sqltypes.Text, **kw: Any) -> str:
        return self.visit_CLOB(type_, **kw)

    def visit_TEXT(self, type_: sqltypes.Text, **kw: Any) -> str:  # noqa: N802
        return self.visit_CLOB(type_, **kw)

    def visit_CLOB(self, type_: Any, **kw: Any) -> str:  # noqa: N802
        return f"CLOB({type_.length or self._product.large})"

    def visit_unicode(self, type_: sqltypes.Unicode, **kw: Any) -> str:
        return self.visit_NVARCHAR(type_, **kw)

    def visit_unicode_text(self, type_: sqltypes.UnicodeText, **kw: Any) -> str:
        return self.visit_NCLOB(type_, **kw)

    def visit_NVARCHAR(self, type_: Any, **kw: Any) -> str:  # noqa: N802
        return self.visit_VARGRAPHIC(type_, **kw) if self._product.all_types else self.visit_VARCHAR(type_, **kw)

    def visit_NCHAR(self, type_: Any, **kw: Any) -> str:  # noqa: N802
        return self.visit_GRAPHIC(type_, **kw) if self._product.all_types else self.visit_CHAR(type_, **kw)

    def visit_NCLOB(self, type_: Any, **kw: Any) -> str:  # noqa: N802
        return self.visit_DBCLOB(type_, **kw) if self._product.all_types else self.visit_CLOB(type_, **kw)

    def visit_GRAPHIC(self, type_: Any, **kw: Any) -> str:  # noqa: N802
        self._refuse("GRAPHIC", "CHAR")
        return f"GRAPHIC({type_.length or 1}){self._utf16}"

    def visit_VARGRAPHIC(self, type_: Any, **kw: Any) -> str:  # noqa: N802
        self._refuse("VARGRAPHIC", "VARCHAR")
        if not type_.length:
            raise exc.CompileError("VARGRAPHIC needs a length: Unicode(50)")
        return f"VARGRAPHIC({type_.length}){self._utf16}"

    def visit_DBCLOB(self, type_: Any, **kw: Any) -> str:  # noqa: N802
        self._refuse("DBCLOB", "CLOB")
        # Twice as many bytes as characters.
        half = {"1G": "512M"}.get(self._product.large, "1073741823")
        return f"DBCLOB({type_.length or half}){self._utf16}"

    @property
    def _utf16(self) -> str:
        """Graphic columns of IBM i may have a double-byte code page of EBCDIC, unless they are told."""
        return " CCSID 1200" if self._product.name == "ibmi" else ""

    def visit_XML(self, type_: Any, **kw: Any) -> str:  # noqa: N802
        return "XML"

    # -- bytes -----------------------------------------------------------------------------------------------------

    def visit_BINARY(self, type_: Any, **kw: Any) -> str:  # noqa: N802
        if not self._product.all_types:
            return self.visit_CHAR_FOR_BIT_DATA(type_, **kw)
        return f"BINARY({type_.length or 1})"

    def visit_VARBINARY(self, type_: Any, **kw: Any) -> str:  # noqa: N802
        if not self._product.all_types:
            return self.visit_VARCHAR_FOR_BIT_DATA(type_, **kw)
        if not type_.length:
            raise exc.CompileError("VARBINARY needs a length")
        return f"VARBINARY({type_.length})"

    def visit_CHAR_FOR_BIT_DATA(self, type_: Any, **kw: Any) -> str:  # noqa: N802
        return f"CHAR({type_.length or 1}) FOR BIT DATA"

    def visit_VARCHAR_FOR_BIT_DATA(self, type_: Any, **kw: Any) -> str:  # noqa: N802
        if not type_.length:
            raise exc.CompileError("VARCHAR FOR BIT DATA needs a length")
        return f"VARCHAR({type_.length}) FOR BIT DATA"

    def visit_large_binary(self, type_: Any, **kw: Any) -> str:
        return self.visit_BLOB(type_, **kw)

    def visit_BLOB(self, type_: Any, **kw: Any) -> str:  # noqa: N802
        return f"BLOB({type_.length or self._product.large})"

    # -- time ------------------------------------------------------------------------------------------------------

    def visit_DATETIME(self, type_: Any, **kw: Any) -> str:  # noqa: N802
        return self.visit_TIMESTAMP(type_, **kw)

    def visit_TIMESTAMP(self, type_: Any, **kw: Any) -> str:  # noqa: N802
        if type_.timezone and self._product.name == "zos":
            return "TIMESTAMP WITH TIME ZONE"
        precision = getattr(type_, "precision", None)
        return f"TIMESTAMP({precision})" if precision is not None and self._product.all_types else "TIMESTAMP"
