"""Statements for the product at hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import exc, util
from sqlalchemy import types as sqltypes
from sqlalchemy.sql import elements
from sqlalchemy.sql.compiler import SQLCompiler

from drdarrow.sqlalchemy.parameters import Typed, typed

if TYPE_CHECKING:
    from drdarrow.sqlalchemy.product import Product

#: Between a statement that changes rows and the columns that it returns, until both are put together.
_RETURNING = "\x00RETURNING\x00"


class DrdaCompiler(SQLCompiler):
    @property
    def _product(self) -> Product:
        return self.dialect.product  # type: ignore[attr-defined, no-any-return]

    # -- parameters ------------------------------------------------------------------------------------------------

    def visit_bindparam(  # type: ignore[override]
        self,
        bindparam: elements.BindParameter[Any],
        within_columns_clause: bool = False,
        untyped: bool = False,
        joined: bool = False,
        **kw: Any,
    ) -> str:
        """A parameter has the type of what it is compared with or assigned to. Where there is nothing of the kind the
        server refuses it, so that it is cast there."""
        text = super().visit_bindparam(bindparam, within_columns_clause=within_columns_clause, **kw)
        if not (within_columns_clause or untyped) or kw.get("literal_binds") or kw.get("literal_execute"):
            return text
        if bindparam.literal_execute or bindparam.expanding:
            return text
        found = typed(self.dialect, bindparam.type, joined)  # type: ignore[arg-type]
        if found is None:
            return text
        if found.check is not None:
            self._checks[self.bind_names.get(bindparam, bindparam.key)] = found.check
        return f"CAST({text} AS {found.name})"

    def _deliver_insertmanyvalues_batches(
        self, statement: str, parameters: Any, compiled_parameters: Any, sizes: Any, batch_size: int, *rest: Any
    ) -> Any:
        """The statements of an INSERT that returns rows for many: each has one row where the server takes no more."""
        size = batch_size if self._product.many_values else 1
        return super()._deliver_insertmanyvalues_batches(  # type: ignore[misc]
            statement, parameters, compiled_parameters, sizes, size, *rest
        )

    @util.memoized_property
    def _checks(self) -> dict[str, Callable[[Any], None]]:
        """By the names of parameters: what refuses a value that does not fit the type that it is cast to."""
        return {}

    @util.memoized_property
    def _bind_processors(self) -> Any:
        processors: dict[str, Any] = dict(super()._bind_processors)
        for name, check in self._checks.items():
            processors[name] = _checked(check, processors.get(name))
        for bindparam, name in self.bind_names.items():
            if bindparam.type._is_tuple_type and name in processors:
                processors[name] = tuple(
                    _checked(found.check, processor) if found.check is not None else processor
                    for found, processor in zip(self._row(bindparam), processors[name], strict=True)
                )
        return processors

    def _row(self, bindparam: elements.BindParameter[Any]) -> list[Typed]:
        """The types to which the parameters of a list of rows are cast."""
        found = [typed(self.dialect, type_) for type_ in bindparam.type.types]  # type: ignore[attr-defined, arg-type]
        if self._product.name not in ("luw", "ibmi"):
            raise exc.CompileError(f"{self._product.name} has no lists of rows: compare the columns one by one")
        if None in found:
            raise exc.CompileError("the columns of tuple_() need types: tuple_(..., types=[Integer, String(20)])")
        return [one for one in found if one is not None]

    def _literal_execute_expanding_parameter(self, name: str, parameter: Any, values: Any, **kw: Any) -> Any:
        """Parameters in VALUES have no type but what they are cast to."""
        update, text = super()._literal_execute_expanding_parameter(name, parameter, values, **kw)  # type: ignore[misc]
        if not values or parameter.literal_execute or not parameter.type._is_tuple_type:
            return update, text
        row = self._row(parameter)
        casts = [f"CAST({self.bindtemplate % {'name': key}} AS {row[n % len(row)].name})"
                 for n, (key, _) in enumerate(update)]  # fmt: skip
        rows = (casts[n : n + len(row)] for n in range(0, len(casts), len(row)))
        return update, "VALUES " + ", ".join(f"({', '.join(one)})" for one in rows)

    def _render_values(self, element: Any, **kw: Any) -> str:
        return super()._render_values(element, **kw | {"untyped": True})  # type: ignore[misc, no-any-return]

    def _cast_name(self, type_: Any) -> str:
        found = typed(self.dialect, type_)  # type: ignore[arg-type]
        return found.name if found else "INTEGER"

    def function_argspec(self, func: Any, **kw: Any) -> str:
        return super().function_argspec(func, **kw | {"untyped": True})

    def visit_case(self, clause: elements.Case[Any], **kw: Any) -> str:
        parts = ["CASE"]
        if clause.value is not None:
            parts.append(self.process(clause.value, **kw | {"untyped": True}))
        for condition, result in clause.whens:
            parts.append(f"WHEN {self.process(condition, **kw)} THEN {self.process(result, **kw | {'untyped': True})}")
        if clause.else_ is not None:
            parts.append(f"ELSE {self.process(clause.else_, **kw | {'untyped': True})}")
        return " ".join([*parts, "END"])

    def visit_binary(  # type: ignore[override]
        self,
        binary: elements.BinaryExpression[Any],
        override_operator: Any = None,
        eager_grouping: bool = False,
        **kw: Any,
    ) -> str:
        """Two parameters have no type of each other."""
        left, right = (_bare(side) for side in (binary.left, binary.right))
        if isinstance(left, elements.BindParameter) and not isinstance(right, elements.ColumnClause):
            kw["untyped"] = True
        return super().visit_binary(binary, override_operator=override_operator, eager_grouping=eager_grouping, **kw)

    def visit_unary(  # type: ignore[override]
        self,
        unary: elements.UnaryExpression[Any],
        add_to_result_map: Any = None,
        result_map_targets: Any = (),
        **kw: Any,
    ) -> str:
        if isinstance(_bare(unary.element), elements.BindParameter):
            kw["untyped"] = True
        if add_to_result_map is not None:
            kw |= {"add_to_result_map": add_to_result_map, "result_map_targets": result_map_targets}
        return super().visit_unary(unary, **kw)

    def visit_null(self, expr: Any, within_columns_clause: bool = False, **kw: Any) -> str:
        """Derby and z/OS want to know the type of a column."""
        bare = not within_columns_clause or self._product.name in ("luw", "ibmi")
        return "NULL" if bare else "CAST(NULL AS CHAR(1))"

    def visit_concat_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return self._generate_generic_binary(binary, " || ", **kw | {"untyped": True, "joined": True})

    # -- operators and functions -----------------------------------------------------------------------------------

    def visit_mod_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        kw["untyped"] = True
        return f"MOD({self.process(binary.left, **kw)}, {self.process(binary.right, **kw)})"

    def visit_bitwise_and_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return self._bits("BITAND", binary, **kw)

    def visit_bitwise_or_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return self._bits("BITOR", binary, **kw)

    def visit_bitwise_xor_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return self._bits("BITXOR", binary, **kw)

    def visit_bitwise_not_op_unary_operator(self, element: Any, operator: Any, **kw: Any) -> str:
        self._need_bits()
        return f"BITNOT({self.process(element.element, **kw | {'untyped': True})})"

    def _bits(self, function: str, binary: Any, **kw: Any) -> str:
        self._need_bits()
        return f"{function}({', '.join(self._same(binary, **kw))})"

    def _need_bits(self) -> None:
        if not self._product.all_types:
            raise exc.CompileError("Derby has no operators of bits")

    def visit_truediv_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        """Integers are divided as decimals: the server would cut the fraction off."""
        left, right = self._same(binary, **kw)
        if binary.right.type._type_affinity is not sqltypes.Integer:
            return f"{left} / {right}"
        # Digits after the point are 31 - digits of the left side.
        return f"{left} / CAST({right} AS DECIMAL(19, 0))"

    def visit_floordiv_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        """A quotient of integers is cut off towards zero by the server, which is not its floor below zero."""
        whole = binary.left.type._type_affinity is binary.right.type._type_affinity is sqltypes.Integer
        left, right = self._same(binary, **kw)
        return f"FLOOR({left} / CAST({right} AS DECIMAL(19, 0)))" if whole else f"FLOOR({left} / {right})"

    def _same(self, binary: Any, **kw: Any) -> tuple[str, str]:
        kw["untyped"] = True
        return self.process(binary.left, **kw), self.process(binary.right, **kw)

    def visit_is_distinct_from_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return self._distinct(binary, True, **kw)

    def visit_is_not_distinct_from_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return self._distinct(binary, False, **kw)

    def _distinct(self, binary: Any, distinct: bool, **kw: Any) -> str:
        """Derby lacks the predicate: its sides are compared, and looked at for NULL."""
        if self._product.distinct_from:
            return self._generate_generic_binary(binary, f" IS {'' if distinct else 'NOT '}DISTINCT FROM ", **kw)
        first, second = self._same(binary, **kw)
        # Each use of a side has parameters of its own.
        third, fourth = self._same(binary, **kw)
        same, other = (0, 1) if distinct else (1, 0)
        return (
            f"CASE WHEN {first} = {second} OR ({third} IS NULL AND {fourth} IS NULL) THEN {same} ELSE {other} END = 1"
        )

    def visit_regexp_match_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return self._regular("REGEXP_LIKE", binary, **kw)

    def visit_not_regexp_match_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return f"NOT {self._regular('REGEXP_LIKE', binary, **kw)}"

    def visit_regexp_replace_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return self._regular("REGEXP_REPLACE", binary, **kw)

    def _regular(self, function: str, binary: Any, **kw: Any) -> str:
        if not self._product.regular:
            raise exc.CompileError(f"{self._product.name} has no {function}")
        arguments = ", ".join(self._same(binary, **kw))
        flags = binary.modifiers.get("flags")
        if flags is None:
            return f"{function}({arguments})"
        start = ", 1, 0" if function == "REGEXP_REPLACE" else ", 1"
        return f"{function}({arguments}{start}, {self.render_literal_value(flags, sqltypes.STRINGTYPE)})"

    def visit_cast(self, cast: elements.Cast[Any], **kw: Any) -> str:
        """Derby makes no VARCHAR of a number, but a CHAR."""
        impl = cast.type.dialect_impl(self.dialect)
        source = cast.clause.type._type_affinity
        if isinstance(_bare(cast.clause), elements.BindParameter) and source is not cast.type._type_affinity:
            # The parameter would be of the type that it is cast to.
            kw["untyped"] = True
        if (
            not self._product.all_types
            and isinstance(impl, sqltypes.String)
            and source in (sqltypes.Integer, sqltypes.Numeric)
        ):
            inner = self.process(cast.clause, **kw)
            length = min(impl.length or self._product.longest_char, self._product.longest_char)
            return f"TRIM(CAST({inner} AS CHAR({length})))"
        return super().visit_cast(cast, **kw)

    def visit_now_func(self, fn: Any, **kw: Any) -> str:
        return "CURRENT_TIMESTAMP"

    def visit_char_length_func(self, fn: Any, **kw: Any) -> str:
        """Characters, and not bytes."""
        argument = self.process(fn.clauses, **kw | {"untyped": True})
        if self._product.name == "derby":
            return f"LENGTH({argument})"
        units = "" if self._product.name == "ibmi" else ", CODEUNITS32"
        return f"CHARACTER_LENGTH({argument}{units})"

    def visit_aggregate_strings_func(self, fn: Any, **kw: Any) -> str:  # type: ignore[override]
        if not self._product.all_types:
            raise exc.CompileError("Derby has no LISTAGG")
        return super().visit_aggregate_strings_func(fn, use_function_name="LISTAGG", **kw)

    def visit_sequence(self, sequence: Any, **kw: Any) -> str:
        return f"NEXT VALUE FOR {self.preparer.format_sequence(sequence)}"

    def visit_empty_set_expr(self, element_types: Sequence[Any], **kw: Any) -> str:
        types = element_types or [sqltypes.Integer()]
        columns = ", ".join(f"CAST(NULL AS {self._cast_name(type_)})" for type_ in types)
        return f"SELECT {columns} FROM SYSIBM.SYSDUMMY1 WHERE 1 = 0"

    def visit_empty_set_op_expr(self, type_: Sequence[Any], expand_op: Any, **kw: Any) -> str:
        """Derby takes no bare NULL in a list."""
        text = super().visit_empty_set_op_expr(type_, expand_op, **kw)
        if self._product.all_types or len(type_) > 1 or not text.startswith("NULL"):
            return text
        return f"CAST(NULL AS {self._cast_name(type_[0])}){text[4:]}"

    # -- clauses ---------------------------------------------------------------------------------------------------

    def default_from(self) -> str:
        return " FROM SYSIBM.SYSDUMMY1"

    def get_cte_preamble(self, recursive: bool) -> str:
        """There is no word RECURSIVE."""
        if not self._product.cte:
            raise exc.CompileError("Derby has no common table expressions (WITH): use subqueries")
        return "WITH"

    def limit_clause(self, select: Any, **kw: Any) -> str:
        return self.fetch_clause(select, fetch_clause=select._limit_clause, **kw)

    def fetch_clause(  # type: ignore[override]
        self, select: Any, fetch_clause: Any = None, require_offset: bool = False, **kw: Any
    ) -> str:
        """Numbers of rows are literals: not every release takes a parameter there, and the optimizer wants to know."""
        return super().fetch_clause(
            select,
            fetch_clause=fetch_clause,
            require_offset=require_offset,
            use_literal_execute_for_simple_int=not self._product.parameter_in_fetch,
            **{key: value for key, value in kw.items() if key != "use_literal_execute_for_simple_int"},
        )

    def for_update_clause(self, select: Any, **kw: Any) -> str:
        wanted = select._for_update_arg
        if wanted.read and self._product.name != "derby":
            return " FOR READ ONLY WITH RS USE AND KEEP SHARE LOCKS"
        text = " FOR UPDATE"
        if wanted.of:
            text += " OF " + ", ".join(self.process(column, include_table=False, **kw) for column in wanted.of)
        text += " WITH RS"
        if wanted.skip_locked:
            text += " SKIP LOCKED DATA"
        return text

    # -- rows that a change returns --------------------------------------------------------------------------------

    def returning_clause(
        self, stmt: Any, returning_cols: Sequence[Any], *, populate_result_map: bool, **kw: Any
    ) -> str:
        text = super().returning_clause(stmt, returning_cols, populate_result_map=populate_result_map, **kw)
        return text.replace("RETURNING ", _RETURNING, 1)

    def _label_returning_column(self, stmt: Any, column: Any, populate_result_map: bool, *args: Any, **kw: Any) -> Any:
        """The columns are those of FINAL TABLE, which has no name."""
        return super()._label_returning_column(
            stmt, column, populate_result_map, *args, **kw | {"include_table": False}
        )

    def _over(self, table: str, text: str) -> str:
        """SELECT columns FROM FINAL TABLE (the change), where it returns columns."""
        change, mark, columns = text.partition(_RETURNING)
        return f"SELECT {columns} FROM {table} TABLE ({change.strip()})" if mark else text

    def visit_insert(self, insert_stmt: Any, visiting_cte: Any = None, **kw: Any) -> str:
        text = super().visit_insert(insert_stmt, visiting_cte=visiting_cte, **kw)
        # A row of defaults has to name a column.
        if " () VALUES ()" in text:
            table = insert_stmt.table
            column = table._autoincrement_column
            name = self.preparer.format_column(column if column is not None else next(iter(table.columns)))
            text = text.replace(" () VALUES ()", f" ({name}) VALUES (DEFAULT)", 1)
        return self._over("FINAL", text)

    def visit_update(self, update_stmt: Any, visiting_cte: Any = None, **kw: Any) -> str:
        return self._over("FINAL", super().visit_update(update_stmt, visiting_cte=visiting_cte, **kw))

    def visit_delete(self, delete_stmt: Any, visiting_cte: Any = None, **kw: Any) -> str:
        return self._over("OLD", super().visit_delete(delete_stmt, visiting_cte=visiting_cte, **kw))

    def visit_savepoint(self, savepoint_stmt: Any, **kw: Any) -> str:
        """Cursors stay open over a rollback to it."""
        return f"{super().visit_savepoint(savepoint_stmt, **kw)} ON ROLLBACK RETAIN CURSORS"


def _checked(check: Callable[[Any], None], processor: Any) -> Callable[[Any], Any]:
    """The processor of a parameter's values, which are looked at, too."""

    def process(value: Any) -> Any:
        value = value if processor is None else processor(value)
        check(value)
        return value

    return process


def _bare(element: Any) -> Any:
    """An expression without brackets round it, and without what SQLAlchemy alone takes it for."""
    while isinstance(element, elements.Grouping | elements.TypeCoerce):
        element = element.element if isinstance(element, elements.Grouping) else element.clause
    return element
