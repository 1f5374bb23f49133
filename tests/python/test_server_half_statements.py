"""Statements that end in the middle, or lack a word: errors of their syntax, never such of the server."""

from __future__ import annotations

import re

import duckdb
import pytest

import drdarrow
from drdarrow import server

STATEMENTS = [
    "INSERT INTO A.T (A, V) VALUES (1, 'x'), (?, DEFAULT)",
    "UPDATE T AS X SET (A, V) = (SELECT 1, 'x' FROM T), V = DEFAULT WHERE CURRENT OF C",
    "DELETE FROM T AS X WHERE X.A IN (SELECT A FROM T) WITH UR",
    "MERGE INTO T AS X USING (VALUES (1, 'h')) AS S (A, V) ON X.A = S.A WHEN MATCHED THEN UPDATE SET V = S.V "
    "WHEN NOT MATCHED THEN INSERT (A) VALUES (S.A)",
    "SELECT C FROM FINAL TABLE (UPDATE A.T SET V = 'i' WHERE A = 2) FETCH FIRST 3 ROWS ONLY",
    "CREATE TABLE A.N (A INTEGER NOT NULL GENERATED ALWAYS AS IDENTITY (START WITH 1, INCREMENT BY 2), V "
    "VARCHAR(3) DEFAULT 'x', PRIMARY KEY (A), FOREIGN KEY (V) REFERENCES A.T (V) ON DELETE CASCADE)",
    "ALTER SEQUENCE A.S RESTART WITH 5 INCREMENT BY 2",
    "ALTER TABLE A.T ADD COLUMN B INTEGER NOT NULL DEFAULT 1 ADD CONSTRAINT C CHECK (B > 1) ALTER COLUMN B "
    "SET DATA TYPE BIGINT",
    "CREATE INDEX A.I ON A.T (A ASC, V DESC) INCLUDE (B)",
    "DROP TABLE A.T",
    "RENAME TABLE A.T TO B",
    "LOCK TABLE A.T IN SHARE MODE",
    "CREATE VIEW A.V (X, Y) AS SELECT A, V FROM A.T WITH CHECK OPTION",
    "WITH Q (A) AS (SELECT A FROM A.T UNION ALL VALUES 1) SELECT Q.A, ROW_NUMBER() OVER (PARTITION BY A ORDER "
    "BY A) FROM Q LEFT JOIN LATERAL (SELECT 1 FROM T) AS Z (B) ON 1 = 1 GROUP BY ROLLUP(A) ORDER BY 1 OFFSET "
    "1 ROWS FETCH NEXT 1 ROWS ONLY FOR READ ONLY WITH CS",
    "SELECT ROW CHANGE TIMESTAMP FOR T, NEXT VALUE FOR A.S, PREVIOUS VALUE FOR A.S, CURRENT DATE + 1 MONTH - "
    "2 DAYS, CASE WHEN A = 1 THEN 2 ELSE 3 END, CAST(? AS DECIMAL(5, 2)), TRIM(BOTH ' ' FROM V), "
    "XMLSERIALIZE(V AS CLOB(10)), TIMESTAMPDIFF(2, CHAR(A)), SUBSTR(V, 1, 2) FROM SYSIBM.SYSDUMMY1",
    "SELECT * FROM A.T AS X (A, B) TABLESAMPLE SYSTEM (10) REPEATABLE (3) WHERE A BETWEEN 1 AND 2 AND V LIKE "
    "'x' ESCAPE '!' AND EXISTS (SELECT 1 FROM TABLE(SYSPROC.ENV_GET_INST_INFO()) AS Q)",
    "CREATE SEQUENCE A.S AS BIGINT START WITH 1 INCREMENT BY 1 NO MAXVALUE CYCLE CACHE 20",
    "COMMENT ON COLUMN A.T.V IS 'x'",
    "LABEL ON TABLE A.T IS 'x'",
    "SET CURRENT SCHEMA = A",
    "DECLARE GLOBAL TEMPORARY TABLE SESSION.X (A INTEGER) ON COMMIT PRESERVE ROWS NOT LOGGED WITH REPLACE",
    "CREATE ALIAS A.B FOR A.T",
    "TRUNCATE TABLE A.T IMMEDIATE",
    "GRANT SELECT ON TABLE A.T TO PUBLIC",
    "VALUES (1, 'x', CURRENT TIMESTAMP)",
    "CREATE TABLE N LIKE A.T",
    "CREATE TABLE N AS (SELECT * FROM A.T) WITH NO DATA",
    "CALL A.P(1, ?)",
    "CREATE PROCEDURE A.P (IN X INTEGER, OUT Y INTEGER) LANGUAGE SQL BEGIN DECLARE Z INTEGER; SET Z = X + 1; "
    "IF Z > 1 THEN SET Y = Z; END IF; END",
    "SELECT RRN(T), RID(T) FROM T",
    "SAVEPOINT S ON ROLLBACK RETAIN CURSORS",
    "ROLLBACK TO SAVEPOINT S",
    "SELECT JSON_VALUE(V, '$.x' RETURNING INTEGER) FROM T",
]
#: The end of each word.
WORDS = re.compile(r"\w+|'[^']*'|\S")


@pytest.mark.timeout(180)
@pytest.mark.parametrize("persona", ["luw", "ibmi", "zos", "derby"])
def test_half_a_statement_is_no_error_of_the_server(persona: str) -> None:
    unforeseen = []

    def tried(connection: drdarrow.Connection, sql: str) -> None:
        try:
            connection.execute(sql, [None] * sql.count("?")).close()
        except drdarrow.Error as e:
            if e.sqlcode == -901:
                unforeseen.append(sql)
        connection.rollback()

    with server.serve(duckdb.connect(), persona=persona) as srv, srv.connect() as connection:
        connection.execute("CREATE TABLE T (A INTEGER, V VARCHAR(10))")
        connection.commit()
        for sql in STATEMENTS:
            ends = [found.end() for found in WORDS.finditer(sql)]
            for before, end in zip([0, *ends], ends, strict=False):
                tried(connection, sql[:end])
                tried(connection, sql[:before] + sql[end:])
    assert unforeseen == []
