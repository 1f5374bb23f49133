"""Abilities of the products, each lack with its reason, for SQLAlchemy's tests of dialects."""

from __future__ import annotations

from typing import Any

from sqlalchemy.testing import exclusions
from sqlalchemy.testing.requirements import SuiteRequirements

Exclusion = exclusions.compound


def never(because: str) -> Any:
    return property(lambda self: exclusions.skip_if(lambda config: True, because))


def always() -> Any:
    return property(lambda self: exclusions.open())


def not_on(*products: str, because: str) -> Any:
    """Not on the products that are named."""
    return property(lambda self: exclusions.skip_if(lambda config: config.db.dialect.product.name in products, because))


def only_on(*products: str, because: str) -> Any:
    return property(lambda self: exclusions.only_if(lambda config: config.db.dialect.product.name in products, because))


DB2 = ("luw", "ibmi", "zos")
ALL = (*DB2, "derby")
EBCDIC = ("ibmi", "zos")


class Requirements(SuiteRequirements):
    # -- tables and views --------------------------------------------------------------------------------------------
    create_table_as = only_on("luw", "ibmi", because="Derby and z/OS fill no new table")
    create_temp_table_as = never("a temporary table needs the schema SESSION")
    temporary_tables = never("a temporary table needs DECLARE and the schema SESSION, or is one for all connections")
    temp_table_reflection = never("declared temporary tables are in no catalog")
    temp_table_names = has_temp_table = temp_table_comment_reflection = temp_table_reflection
    temporary_views = never("no temporary views")
    materialized_views = materialized_views_reflect_pk = never("tables of queries are made by CREATE TABLE ... AS")
    views = always()
    create_or_replace_view = not_on("derby", "zos", because="Derby and z/OS replace no views")
    table_ddl_if_exists = index_ddl_if_exists = never("no CREATE ... IF NOT EXISTS")
    reflect_tables_no_columns = never("a table has a column")
    reflect_table_options = never("the dialect has no options of tables")
    constraint_comment_reflection = never("constraints have no comments that a dialect writes")
    column_collation_reflection = never("columns have no collations")
    expression_server_defaults = never("a default is a constant or a register")
    foreign_keys_reflect_as_index = never("catalogs list no index for a foreign key")
    computed_columns = only_on(
        "derby",
        because="the server's catalogs have no expressions, and IBM i and z/OS no generated columns of this kind",
    )
    computed_columns_stored = computed_columns
    computed_columns_virtual = never("generated columns are stored")
    computed_columns_default_persisted = computed_columns
    computed_columns_reflect_persisted = computed_columns
    identity_columns = not_on("derby", because="Derby has no MINVALUE, MAXVALUE and CYCLE of identities")
    identity_columns_standard = identity_columns
    schema_create_delete = always()
    cross_schema_fk_reflection = not_on(*DB2, because="DuckDB, under the server, has no foreign key to another schema")
    implicit_default_schema = always()
    default_schema_name_switch = always()
    foreign_key_constraint_name_reflection = always()
    reflects_pk_names = always()
    comment_reflection = not_on("derby", because="Derby has no comments")
    comment_reflection_full_unicode = only_on(
        "luw", because="Derby has no comments, and those of others are in CCSID 37"
    )
    check_constraint_reflection = always()
    inline_check_constraint_reflection = always()
    foreign_key_constraint_option_reflection_ondelete = not_on(
        *DB2, because="DuckDB, under the server, has no rules of foreign keys"
    )
    fk_constraint_option_reflection_ondelete_restrict = foreign_key_constraint_option_reflection_ondelete
    fk_constraint_option_reflection_onupdate_restrict = foreign_key_constraint_option_reflection_ondelete
    fk_constraint_option_reflection_ondelete_noaction = never("NO ACTION is the default, and is not told")
    foreign_key_constraint_option_reflection_onupdate = fk_constraint_option_reflection_ondelete_noaction
    repeated_column_foreign_keys = repeated_remote_col_foreign_keys = never("a column is in a key once")
    unique_constraints_reflect_as_index = never("indexes of keys are left out")
    unique_index_reflect_as_unique_constraints = never("a unique index is an index")
    index_reflects_included_columns = never("the dialect has no words for INCLUDE")
    indexes_with_expressions = reflect_indexes_with_expressions = never("Derby and the server have indexes of columns")
    reflect_indexes_with_ascdesc_as_expression = never("the order of a column is told as such")
    on_update_cascade = never("ON UPDATE has NO ACTION and RESTRICT only")
    indexes_check_column_order = always()
    server_defaults = always()
    unicode_ddl = not_on(*EBCDIC, because="the server's names and texts on these are in CCSID 37")
    unicode_data_no_special_types = unicode_ddl
    unusual_column_name_characters = always()
    symbol_names_w_double_quote = always()
    uuid_data_type = never("no type for UUIDs")

    # -- queries -----------------------------------------------------------------------------------------------------
    intersect = always()
    except_ = always()
    window_functions = not_on("derby", because="Derby has ROW_NUMBER() only")
    ctes = not_on("derby", because="Derby has no WITH")
    nullsordering = always()
    fetch_first = always()
    fetch_no_order_by = always()
    fetch_offset_with_options = never("no PERCENT, and WITH TIES on Db2 for LUW only")
    fetch_expression = never("Derby and the server take a number or a parameter after FETCH FIRST and OFFSET")
    sql_expression_limit_offset = fetch_expression
    order_by_label_with_expression = always()
    tuple_in = only_on("luw", "ibmi", because="Derby and z/OS compare no rows with a list of them")
    regexp_match = not_on("derby", "zos", because="no REGEXP_LIKE")
    regexp_replace = not_on("derby", "zos", because="no REGEXP_REPLACE")
    mod_operator_as_percent_sign = never("there is no %, but MOD()")
    percent_schema_names = always()
    denormalized_names = percent_schema_names
    aggregate_order_by = not_on("derby", because="Derby has no LISTAGG")
    supports_bitwise_and = not_on("derby", because="Derby has no operators of bits")
    supports_bitwise_or = supports_bitwise_and
    supports_bitwise_xor = supports_bitwise_and
    supports_bitwise_not = supports_bitwise_and

    table_value_constructor = not_on("zos", because="z/OS has no VALUES in FROM")
    ctes_with_values = not_on("derby", "zos", because="Derby has no WITH, z/OS no VALUES in FROM")
    ctes_with_update_delete = never("no WITH before UPDATE and DELETE")
    update_from = delete_from = never("no UPDATE ... FROM and DELETE ... USING")
    fetch_percent = fetch_ties = fetch_offset_with_options
    supports_distinct_on = never("no DISTINCT ON")
    supports_bitwise_shift = never("no operators that shift bits")
    window_range = window_range_numeric = never("the tests want rows in an order that they do not ask for")
    window_range_non_numeric = never("a duration is no parameter")
    dbapi_lastrowid = never("lastrowid is asked for by the dialect, where there is no FINAL TABLE")

    # -- transactions ------------------------------------------------------------------------------------------------
    autocommit = always()
    isolation_level = always()
    savepoints = always()
    skip_autocommit_rollback = always()

    def get_isolation_levels(self, config: Any) -> dict[str, Any]:
        return {
            "default": "READ COMMITTED",
            "supported": ["AUTOCOMMIT", "READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"],
        }

    # -- values ------------------------------------------------------------------------------------------------------
    unbounded_varchar = never("VARCHAR needs a length")
    nvarchar_types = always()
    date_coerces_from_datetime = never("a time of day in a DATE is an error: it would be lost")
    datetime_literals = always()
    datetime_interval = never("no type for intervals")
    datetime_timezone = time_timezone = datetime_timezone_historic = never("the dialect has no types with a time zone")
    array_type = never("columns have no arrays")
    json_type = json_deserializer_binary = legacy_unconditional_json_extract = never("no type for JSON")
    float_or_double_precision_behaves_generically = always()
    datetime_historic = always()
    date_historic = always()
    timestamp_microseconds = always()
    time_microseconds = never("TIME has whole seconds")
    precision_numerics_enotation_small = always()
    precision_numerics_many_significant_digits = never("decimals have 31 digits")
    precision_numerics_retains_significant_digits = always()
    infinity_floats = never("no infinity in FLOAT")
    expressions_against_unbounded_text = never("CLOBs are not compared")


#: Single tests that no requirement stands for: the products, and the reason.
SINGLE = {
    "TableViaSelectTest::test_without_metadata[plain": (("derby", "zos"), "Derby and z/OS fill no new table"),
    "TableViaSelectTest::test_without_metadata[use_schema0]": (("derby", "zos"), "Derby and z/OS fill no new table"),
    "CompoundSelectTest::test_limit_offset_in_unions_from_alias": (
        ("derby",),
        "Derby takes no FETCH FIRST in the parts of a union in FROM",
    ),
    "TrueDivTest::test_truediv_divisor[numeric_38": (ALL, "decimals have 31 digits"),
    "TrueDivTest::test_truediv_divisor[numeric_tiny": (ALL, "decimals have 31 digits"),
    "ExpandingBoundInTest::test_null_in_empty_set_is_false": (("derby",), "Derby compares no NULL without a type"),
    "ComponentReflectionTest::test_get_unique_constraints": (
        ("derby",),
        "Derby has one constraint for a set of columns",
    ),
    "ExpandingBoundInTest::test_bound_in_heterogeneous_two_tuple_text_bindparam": (
        DB2,
        "parameters of a text have no type, and those in VALUES need one",
    ),
    "ComponentReflectionTest::test_schema_cache": (ALL, "DROP SCHEMA needs the word RESTRICT"),
    "ExceptionTest::test_integrity_error": (DB2, "DuckDB, under the server, undoes the transaction: SQLCODE -1476"),
    "ComponentReflectionTest::test_comments_unicode": (EBCDIC, "the server's texts on these are in CCSID 37"),
    "IsolationLevelTest::test_all_levels": (EBCDIC, "the level of a connection is that of its package"),
    "IsolationLevelTest::test_non_default": (EBCDIC, "the level of a connection is that of its package"),
    "IsolationLevelTest::test_dialect_user_setting": (EBCDIC, "the level of a connection is that of its package"),
    "ReturningGuardsTest::test_update_single": (("ibmi",), "the server takes what IBM i has from 7.6 on"),
    "ReturningGuardsTest::test_delete_single": (("ibmi",), "the server takes what IBM i has from 7.6 on"),
    "IdentityReflectionTest": (DB2, "the server's catalogs have not all numbers of an identity"),
    "NumericTest::test_float_as_decimal": (DB2, "DuckDB, under the server, has no arithmetic of DECFLOAT"),
    "NumericTest::test_float_custom_scale": (DB2, "DuckDB, under the server, has no arithmetic of DECFLOAT"),
    "BizarroCharacterTest::test_reflect_identity": (("zos",), "no start of an identity is reflected on z/OS"),
}
