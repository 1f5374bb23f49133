"""IBM's tests that do not pass, by reason."""

from __future__ import annotations

REDS: dict[str, list[str]] = {
    "the driver answers for an unknown alias itself, otherwise than where a Db2 client is installed": [
        "test_080_ConnWrongDbAlias",
        "test_090_ConnmsgWrongDbAlias",
    ],
    "DuckDB drops no table that a foreign key of another is about": [
        "test_025_PrimaryKeys",
    ],
    "rows without an order, or with equal keys, come in another order": [
        "test_103_NumFieldsSelect_02",
        "test_161_FetchBothNestedSelects_01",
        "test_162_FetchBothNestedSelects_02",
    ],
    "names of columns that differ in case only are one name to DuckDB": [
        "test_112_FieldNumDiffCaseColNames",
        "test_122_FieldNameDiffCaseColNames",
    ],
    "which words Db2's parser names in SQLCODE -104": [
        "test_180_StmtErrMsg",
        "test_316_stmtErrormsg_stmtError_DBI",
    ],
    "a scrollable cursor over XML has a number of rows": [
        "test_265_NoAffectedRows",
    ],
    "there is no XMLQUERY: SQLCODE -270": [
        "test_196_InsertRetrieveXMLData_02",
    ],
    "a concatenation that grows beyond VARGRAPHIC(16336) is no SQLCODE -137": [
        "test_315_FetchAll_DBI",
    ],
    "there are no array types: SQLCODE -204": [
        "test_ArrayTypeAndSPCreation",
        "test_sparray_cardinalities",
        "test_sparray_computations",
        "test_sparray_inout_computations",
        "test_sparray_input_output_computations",
    ],
    "DuckDB has no time 24:00:00: SQLCODE -181": [
        "test_InsertRetrieveDateTimeTypeColumn",
    ],
    "databases are not made and dropped by clients": [
        "test_createDropDB",
        "test_createdbNX",
        "test_recreateDB",
    ],
    "there are no roles and trusted contexts": [
        "test_trusted_context_connect",
        "test_trusted_context_pconnect",
    ],
    "global transactions come by XA only, not by the sync point manager (SYNCPTMGR) that the driver asks for": [
        "test_two_phase_commit",
        "test_two_phase_commit_dbi",
    ],
}
