"""Expressions of Db2 with their values, as IBM's documents give them: Db2 for LUW 11.5, i 7.4, z/OS 12 and 13.

None of the values comes from this package. Where products differ, a value stands for each.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import ROUND_DOWN, Context, Decimal
from typing import Any

__all__ = ["EXPRESSIONS", "TABLES", "Expression", "Refused"]

TABLES = [
    "CREATE TABLE T (S SMALLINT, I INTEGER, B BIGINT, D DECIMAL(5,2), F DOUBLE, C CHAR(5), V VARCHAR(9), DT DATE, TM TIME, "
    "TS TIMESTAMP, N INTEGER)",
    "INSERT INTO T VALUES (30000, 7, 9000000000, 12.34, 1.5E0, 'ab', 'cd ', '2024-01-31', '14:07:09', "
    "'2024-03-05 14:07:09.123456', NULL)",
    "CREATE TABLE R (G CHAR(1), A SMALLINT, B INTEGER, D DECIMAL(5,2), V VARCHAR(5))",
    "INSERT INTO R VALUES ('x', 1, 10, 1.10, 'a'), ('x', 2, 20, 2.25, 'b'), ('y', 2, NULL, 3.33, 'A'), ('y', -4, 5, 0.00, 'c')",
]


@dataclass(frozen=True)
class Refused:
    """The expression is an error: its SQLSTATE, and its SQLCODE where it is known."""

    sqlstate: str
    sqlcode: int = 0


@dataclass(frozen=True)
class Expression:
    """sql: an expression over T, or a query; value: of the only row and column, or the values of several rows; type:
    INTEGER, DECIMAL(5,2), CHAR(3) or the like, empty where it is not looked at; by: values and types of a product that
    has others."""

    sql: str
    value: Any
    type: str = ""
    by: tuple[tuple[str, Any, str], ...] = ()

    def on(self, product: str) -> tuple[Any, str]:
        """The value and the type on a product."""
        return next(((value, kind) for name, value, kind in self.by if name == product), (self.value, self.type))


def _on(products: str, value: Any, kind: str = "") -> tuple[tuple[str, Any, str], ...]:
    return tuple((product, value, kind) for product in products.split())


def _cut(a: str, b: str, scale: int) -> Decimal:
    """A quotient, its digits cut off after so many places."""
    exact = Context(prec=80).divide(Decimal(a), Decimal(b))
    return exact.quantize(Decimal(1).scaleb(-scale), rounding=ROUND_DOWN, context=Context(prec=80))


_Date, _Time, _Stamp = datetime.date, datetime.time, datetime.datetime
_MAINFRAME = "ibmi zos"
_ZERO = (*_on("ibmi zos", Refused("22012", -802)), *_on("derby", Refused("22012")))
_OVER = Refused("22003", -802)
_NO = Refused("42884", -440)
_FALSE, _TRUE = 0, 1

_NUMBERS = [
    Expression("7 / 2", 3, "INTEGER"),
    Expression("-7 / 2", -3, "INTEGER"),
    Expression("I / S", 0, "INTEGER"),
    Expression("I * 3 - 1", 20, "INTEGER"),
    Expression("S + S", 60000, "INTEGER", _on("derby", Refused("22003"))),
    Expression("-S", -30000, "INTEGER", _on("derby", -30000, "SMALLINT")),
    Expression("B + 1", 9000000001, "BIGINT"),
    Expression("1.00 / 3.00", _cut("1", "3", 28), "DECIMAL(31,28)", _on("zos", _cut("1", "3", 12), "DECIMAL(15,12)")),
    Expression("-1.00 / 3.00", _cut("-1", "3", 28), "DECIMAL(31,28)", _on("zos", _cut("-1", "3", 12), "DECIMAL(15,12)")),
    Expression("2 / 3.0", _cut("2", "3", 19), "DECIMAL(31,19)", (*_on("zos", _cut("2", "3", 3), "DECIMAL(15,3)"),
               *_on("derby", _cut("2", "3", 20)))),
    Expression("D / 3", _cut("12.34", "3", 28), "DECIMAL(31,28)", _on("zos", _cut("12.34", "3", 12), "DECIMAL(15,12)")),
    Expression("D / D", Decimal(1), "DECIMAL(31,26)", _on("zos", Decimal(1), "DECIMAL(15,10)")),
    Expression("I / D", _cut("7", "12.34", 18), "DECIMAL(31,18)", (*_on("zos", _cut("7", "12.34", 2), "DECIMAL(15,2)"),
               *_on("derby", _cut("7", "12.34", 19)))),
    Expression("D / 0", Refused("22012", -801), by=_ZERO),
    Expression("D * D", Decimal("152.2756"), "DECIMAL(10,4)"),
    Expression("D + I", Decimal("19.34"), "DECIMAL(14,2)", _on("derby", Decimal("19.34"), "DECIMAL(13,2)")),
    Expression("D - 0.005", Decimal("12.335"), "DECIMAL(7,3)"),
    Expression("D * F", 18.51, "DOUBLE"),
    Expression("F / 2", 0.75, "DOUBLE"),
    Expression("7E0 / 2", 3.5, "DOUBLE"),
    Expression("I / 0", Refused("22012", -801), by=_ZERO),
    Expression("2147483647 + I", _OVER),
    Expression("I * 2147483647", _OVER),
    Expression("CAST(1.7 AS INTEGER)", 1, "INTEGER"),
    Expression("CAST(-1.7 AS INTEGER)", -1, "INTEGER"),
    Expression("CAST(1.29 AS DECIMAL(3,1))", Decimal("1.2"), "DECIMAL(3,1)"),
    Expression("CAST(D AS DECIMAL(4,1))", Decimal("12.3"), "DECIMAL(4,1)"),
    Expression("CAST(F AS INTEGER)", 1, "INTEGER"),
    Expression("CAST(2.5E0 AS SMALLINT)", 2, "SMALLINT"),
    Expression("CAST(1.15E0 AS DECIMAL(5,2))", Decimal("1.15"), "DECIMAL(5,2)"),
    Expression("CAST('12.7' AS INTEGER)", 12, "INTEGER"),
    Expression("CAST(' 5 ' AS SMALLINT)", 5, "SMALLINT"),
    Expression("CAST(99999 AS SMALLINT)", Refused("22003")),
    Expression("CAST('x' AS INTEGER)", Refused("22018")),
    Expression("INTEGER(3.7)", 3, "INTEGER"),
    Expression("INT('5')", 5, "INTEGER"),
    Expression("BIGINT(-3.7)", -3, "BIGINT"),
    Expression("SMALLINT(3.99)", 3, "SMALLINT"),
    Expression("DECIMAL('1.567', 5, 2)", Decimal("1.56"), "DECIMAL(5,2)"),
    Expression("DEC(I)", Decimal(7), "DECIMAL(11,0)"),
    Expression("DECIMAL(S)", Decimal(30000), "DECIMAL(5,0)"),
    Expression("DECIMAL(B)", Decimal(9000000000), "DECIMAL(19,0)"),
    Expression("DECIMAL(D, 4, 1)", Decimal("12.3"), "DECIMAL(4,1)"),
    Expression("DOUBLE(D)", 12.34, "DOUBLE"),
    Expression("DOUBLE('1.5')", 1.5, "DOUBLE"),
    Expression("REAL(1.5)", 1.5, "REAL", _on("zos", 1.5)),
    Expression("DIGITS(CAST(-6.28 AS DECIMAL(6,2)))", "000628", "CHAR(6)"),
    Expression("DIGITS(S)", "30000", "CHAR(5)"),
    Expression("DIGITS(I)", "0000000007", "CHAR(10)"),
    Expression("DIGITS(B)", "0000000009000000000", "CHAR(19)"),
    Expression("ABS(-2.5)", Decimal("2.5"), "DECIMAL(2,1)"),
    Expression("ABS(0 - I)", 7, "INTEGER"),
    Expression("ABSVAL(-7)", 7, "INTEGER"),
    Expression("SIGN(0 - I)", -1, "INTEGER"),
    Expression("CEIL(2.1)", Decimal(3), "DECIMAL(2,0)", _on("derby", 3.0, "DOUBLE")),
    Expression("CEILING(I)", 7, "INTEGER", _on("derby", 7.0, "DOUBLE")),
    Expression("FLOOR(-2.1)", Decimal(-3), "DECIMAL(2,0)", _on("derby", -3.0, "DOUBLE")),
    Expression("ROUND(2.567, 1)", Decimal("2.600"), "DECIMAL(5,3)"),
    Expression("ROUND(-2.5, 0)", Decimal("-3.0"), "DECIMAL(3,1)"),
    Expression("ROUND(I, -1)", 10, "INTEGER"),
    Expression("TRUNC(2.567, 1)", Decimal("2.500"), "DECIMAL(4,3)"),
    Expression("TRUNCATE(-2.567, 2)", Decimal("-2.560"), "DECIMAL(4,3)"),
    Expression("MOD(7, 3)", 1, "INTEGER"),
    Expression("MOD(-7, 3)", -1, "INTEGER"),
    Expression("MOD(D, 5)", Decimal("2.34")),
    Expression("POWER(2, 3)", 8),
    Expression("SQRT(16)", 4.0, "DOUBLE"),
    Expression("LN(1)", 0.0, "DOUBLE"),
    Expression("LOG(1)", 0.0, "DOUBLE"),
    Expression("LOG(EXP(2))", 2.0, "DOUBLE"),
    Expression("LOG10(100)", 2.0, "DOUBLE"),
    # The abscissa comes first; in Derby the ordinate.
    Expression("ATAN2(1, 0)", 0.0, "DOUBLE", _on("derby", 1.5707963267948966, "DOUBLE")),
    Expression("BITAND(5, 3)", 1, "INTEGER"),
    Expression("BITOR(5, 3)", 7, "INTEGER"),
    Expression("BITXOR(5, 3)", 6, "INTEGER"),
    Expression("BITANDNOT(5, 3)", 4, "INTEGER"),
    Expression("BITNOT(5)", -6, "INTEGER"),
    Expression("QUANTIZE(D, 0.1)", _NO),
    Expression("MULTIPLY_ALT(D, D)", _NO),
]  # fmt: skip

_TEXT = [
    Expression("LENGTH(C)", 5, "INTEGER"),
    Expression("LENGTH(V)", 3, "INTEGER"),
    Expression("LENGTH('\u00e4')", 2, "INTEGER", (*_on(_MAINFRAME, 1, "INTEGER"), *_on("derby", 1, "INTEGER"))),
    Expression("CHARACTER_LENGTH('\u00e4', CODEUNITS32)", 1, "INTEGER"),
    Expression("LENGTH(I)", 4, "INTEGER"),
    Expression("LENGTH(S)", 2, "INTEGER"),
    Expression("LENGTH(B)", 8, "INTEGER"),
    Expression("LENGTH(D)", 3, "INTEGER"),
    Expression("LENGTH(DT)", 4, "INTEGER"),
    Expression("C || '|'", "ab   |", "VARCHAR(6)", _on("derby", "ab   |")),
    Expression("V CONCAT '|'", "cd |"),
    Expression("CONCAT(V, CAST(NULL AS VARCHAR(3)))", None),
    Expression("SUBSTR(V, 1, 2)", "cd"),
    Expression("SUBSTR('abc', 2)", "bc"),
    Expression("SUBSTR('abc', 2, 5)", "bc   ", by=_on("derby", Refused("22011"))),
    Expression("SUBSTR('abc', I - 6, I - 5)", "ab"),
    Expression("SUBSTR('abc', 0)", Refused("22011", -138)),
    Expression("SUBSTR('abc', I - 7)", Refused("22011", -138)),
    Expression("SUBSTR('abc', -1, 1)", Refused("22011", -138)),
    Expression("LOCATE('c', 'abc')", 3, "INTEGER"),
    Expression("LOCATE('c', 'abcabc', 4)", 6, "INTEGER"),
    Expression("LOCATE('x', 'abc')", 0, "INTEGER"),
    Expression("POSSTR('abc', 'c')", 3, "INTEGER"),
    Expression("INSERT('abcd', 2, 2, 'XY')", "aXYd"),
    Expression("REPLACE('abcabc', 'b', '')", "acac"),
    Expression("REPEAT('ab', 3)", "ababab"),
    Expression("SPACE(3)", "   "),
    Expression("LPAD('7', 3, '0')", "007"),
    Expression("RPAD('7', 3)", "7  "),
    Expression("LEFT('abc', 2)", "ab"),
    Expression("RIGHT('abc', 2)", "bc"),
    Expression("STRIP('  a ')", "a"),
    Expression("STRIP('00a0', LEADING, '0')", "a0"),
    Expression("STRIP('00a0', T, '0')", "00a"),
    Expression("LTRIM('  a ')", "a "),
    Expression("RTRIM('  a ')", "  a"),
    Expression("UCASE('abc')", "ABC"),
    Expression("LCASE('ABC')", "abc"),
    Expression("UPPER(V)", "CD "),
    Expression("TRANSLATE('abc')", "ABC"),
    Expression("TRANSLATE('abcd', 'xy', 'bd')", "axcy"),
    Expression("TRANSLATE('abcd', 'x', 'bd')", "axc "),
    Expression("TRANSLATE('abcd', 'x', 'bd', '-')", "axc-"),
    Expression("TRANSLATE('abcd', V, 'bd')", "accd"),
    Expression("VALUE(N, 3)", 3, "INTEGER"),
    Expression("COALESCE(N, I)", 7, "INTEGER"),
    Expression("IFNULL(N, 1)", 1, "INTEGER"),
    Expression("NVL(N, 2)", 2, "INTEGER"),
    Expression("NULLIF(I, 7)", None),
    Expression("NULLIF(C, 'ab')", None),
    Expression("NULLIF(V, 'x')", "cd "),
    Expression("NVL2(N, 1, 2)", 2),
    Expression("DECODE(I, 7, 'seven', 'other')", "seven"),
    Expression("DECODE(N, NULL, 'null', 'x')", "null"),
    Expression("MAX(I, 9)", 9, "INTEGER"),
    Expression("MIN(I, 9)", 7, "INTEGER"),
    Expression("MAX(I, N)", None),
    Expression("GREATEST(1, N, 2)", None),
    Expression("LEAST(3, 1, 2)", 1, "INTEGER"),
    Expression("HEX('a')", "61", by=_on(_MAINFRAME, "81")),
    Expression("HEX('A1')", "4131", by=_on(_MAINFRAME, "C1F1")),
    Expression("HEX(1)", "01000000", "CHAR(8)", _on(_MAINFRAME, "00000001", "CHAR(8)")),
    Expression("HEX(D)", _NO),
    Expression("CHAR(5)", "5          ", "CHAR(11)"),
    Expression("CHAR(S)", "30000 ", "CHAR(6)"),
    Expression("CHAR(B)", "9000000000          ", "CHAR(20)"),
    Expression("CHAR(D)", "12.34  ", "CHAR(7)"),
    Expression("CHAR(1.5E0)", "1.5E0".ljust(24), "CHAR(24)", _on("derby", "1.5".ljust(53), "CHAR(53)")),
    Expression("CHAR(1.23456E5)", "1.23456E5".ljust(24), "CHAR(24)", _on("derby", "123456.0".ljust(53), "CHAR(53)")),
    Expression("CHAR(1E7)", "1.0E7".ljust(24), "CHAR(24)", _on("derby", "1.0E7".ljust(53), "CHAR(53)")),
    Expression("RTRIM(CHAR(-1.5E-4))", "-1.5E-4"),
    Expression("RTRIM(CHAR(0E0))", "0E0", by=_on("derby", "0.0")),
    Expression("CAST(D AS VARCHAR(10))", "12.34", "VARCHAR(10)", _on("derby", Refused("42846"))),
    Expression("CAST(I AS CHAR(3))", "7  ", "CHAR(3)"),
    Expression("VARCHAR('abc', 2)", "ab", "VARCHAR(2)"),
    Expression("CHAR('abc', 5)", "abc  ", "CHAR(5)"),
    Expression("CAST('abcdef' AS CHAR(3))", "abc", "CHAR(3)"),
    Expression("CAST('ab' AS CHAR(3)) || '|'", "ab |"),
    Expression("REGEXP_COUNT('abab', 'a')", 2, "INTEGER"),
    Expression("REGEXP_SUBSTR('abc', 'b.')", "bc"),
    Expression("REGEXP_REPLACE('abab', 'b', 'x')", "axax"),
    Expression("SOUNDEX('abc')", _NO),
    Expression("INITCAP('abc')", _NO),
    Expression("CASE WHEN 'a' = 'a  ' THEN 1 ELSE 0 END", _TRUE, "INTEGER"),
    Expression("CASE WHEN V = 'cd' THEN 1 ELSE 0 END", _TRUE),
    Expression("CASE WHEN V IN ('x', 'cd    ') THEN 1 ELSE 0 END", _TRUE),
    Expression("CASE WHEN V LIKE 'cd' THEN 1 ELSE 0 END", _FALSE),
    Expression("CASE WHEN 'a' < 'B' THEN 1 ELSE 0 END", _FALSE, by=_on(_MAINFRAME, _TRUE)),
    Expression("CASE WHEN '1' < 'a' THEN 1 ELSE 0 END", _TRUE, by=_on(_MAINFRAME, _FALSE)),
    Expression("CASE WHEN V BETWEEN 'B' AND 'Z' THEN 1 ELSE 0 END", _FALSE),
    Expression("CASE WHEN V BETWEEN 'a' AND 'B' THEN 1 ELSE 0 END", _FALSE, by=_on(_MAINFRAME, _TRUE)),
]  # fmt: skip

_DATES = [
    Expression("DT + 1 MONTH", _Date(2024, 2, 29), "DATE"),
    Expression("DT + 1 DAY", _Date(2024, 2, 1), "DATE"),
    Expression("DT - 1 YEAR", _Date(2023, 1, 31), "DATE"),
    Expression("DT + 1 MONTH - 1 DAY", _Date(2024, 2, 28), "DATE"),
    Expression("DT + (I - 5) MONTHS", _Date(2024, 3, 31), "DATE"),
    Expression("TS + 2 HOURS", _Stamp(2024, 3, 5, 16, 7, 9, 123456), "TIMESTAMP"),
    Expression("TS + 1 MONTH - 1 SECOND", _Stamp(2024, 4, 5, 14, 7, 8, 123456), "TIMESTAMP"),
    Expression("TM + 10 HOURS", _Time(0, 7, 9), "TIME"),
    Expression("DT + 1", _Date(2024, 2, 1), "DATE", (*_on(_MAINFRAME, Refused("42816", -182)), *_on("derby", Refused("42816")))),
    Expression("DT + CAST(10203 AS DECIMAL(8,0))", _Date(2025, 4, 3), "DATE"),
    Expression("DATE('9999-12-31') + 1 DAY", Refused("22008", -183), by=_on("derby", Refused("22008"))),
    Expression("DT - DATE('2023-12-25')", Decimal(106), "DECIMAL(8,0)"),
    Expression("DATE('2000-03-15') - DATE('1999-12-31')", Decimal(215), "DECIMAL(8,0)"),
    Expression("DATE('1999-12-31') - DATE('2000-03-15')", Decimal(-215), "DECIMAL(8,0)"),
    Expression("DT - '2024-01-01'", Decimal(30), "DECIMAL(8,0)"),
    Expression("TS - TIMESTAMP('2024-03-05-14.07.00')", Decimal("9.123456"), "DECIMAL(20,6)"),
    Expression("TS - TIMESTAMP('2023-03-05-14.07.09.123456')", Decimal("10000000000.000000"), "DECIMAL(20,6)"),
    Expression("TIME('11:02:26') - TIME('00:32:56')", Decimal(102930), "DECIMAL(6,0)"),
    Expression("TIMESTAMPDIFF(16, CHAR(TIMESTAMP('1997-03-01-00.00.00') - TIMESTAMP('1997-02-01-00.00.00')))", 30, "INTEGER"),
    Expression("TIMESTAMPDIFF(4, CHAR(TIMESTAMP('2001-09-29-11.25.42.483219') - TIMESTAMP('2001-09-26-12.07.58.065497')))", 4277,
               "INTEGER"),
    Expression("TIMESTAMPDIFF(256, CHAR(TS - TIMESTAMP('2020-01-01-00.00.00')))", 4, "INTEGER"),
    Expression("DAYS('0001-01-01')", 1, "INTEGER"),
    Expression("DAYS(DT)", 738916, "INTEGER"),
    Expression("DAYS(DT) - DAYS('2024-01-01')", 30, "INTEGER"),
    Expression("DATE(738916)", _Date(2024, 1, 31), "DATE", _on("derby", _Date(3993, 1, 30), "DATE")),
    Expression("DATE('2024031')", _Date(2024, 1, 31), "DATE"),
    Expression("DATE('31.12.2024')", _Date(2024, 12, 31), "DATE"),
    Expression("DATE('12/31/2024')", _Date(2024, 12, 31), "DATE"),
    Expression("DATE(TS)", _Date(2024, 3, 5), "DATE"),
    Expression("DATE('2024-13-01')", Refused("22007", -181), by=_on("derby", Refused("22007"))),
    Expression("DATE('x')", Refused("22007", -180), by=_on("derby", Refused("22007"))),
    Expression("CAST(V AS DATE)", Refused("22007", -180), by=_on("derby", Refused("22007"))),
    Expression("TIME('2:07 PM')", _Time(14, 7), "TIME"),
    Expression("TIME('14.07.09')", _Time(14, 7, 9), "TIME"),
    Expression("TIME(TS)", _Time(14, 7, 9), "TIME"),
    Expression("TIME('24.00.00')", Refused("22007", -181), by=_on("derby", _Time(0, 0))),
    Expression("TIMESTAMP(DT, TM)", _Stamp(2024, 1, 31, 14, 7, 9), "TIMESTAMP"),
    Expression("TIMESTAMP('2024-03-05-14.07.09.123456')", _Stamp(2024, 3, 5, 14, 7, 9, 123456), "TIMESTAMP"),
    Expression("TIMESTAMP('20240305140709')", _Stamp(2024, 3, 5, 14, 7, 9), "TIMESTAMP"),
    Expression("CAST('2024-03-05-14.07.09' AS TIMESTAMP)", _Stamp(2024, 3, 5, 14, 7, 9), "TIMESTAMP"),
    Expression("YEAR(DT)", 2024, "INTEGER"),
    Expression("MONTH(DT)", 1, "INTEGER"),
    Expression("DAY('2024-01-31')", 31, "INTEGER"),
    Expression("HOUR(TM)", 14, "INTEGER"),
    Expression("MINUTE(TS)", 7, "INTEGER"),
    Expression("SECOND(TM)", 9, "INTEGER"),
    Expression("MICROSECOND(TS)", 123456, "INTEGER"),
    Expression("EXTRACT(YEAR FROM DT)", 2024, "INTEGER"),
    Expression("YEAR(DT - '2000-01-01')", 24, "INTEGER"),
    Expression("MONTH(DATE('2000-03-15') - DATE('1999-12-31'))", 2, "INTEGER"),
    Expression("QUARTER(DT)", 1, "INTEGER"),
    Expression("DAYOFYEAR(DT)", 31, "INTEGER"),
    Expression("DAYOFWEEK(DT)", 4, "INTEGER"),
    Expression("DAYOFWEEK_ISO(DT)", 3, "INTEGER"),
    Expression("WEEK('2024-01-07')", 2, "INTEGER"),
    Expression("WEEK_ISO('2024-01-07')", 1, "INTEGER"),
    Expression("JULIAN_DAY('2000-01-01')", 2451545, "INTEGER"),
    Expression("MIDNIGHT_SECONDS(TM)", 50829, "INTEGER"),
    Expression("DAYNAME(DT)", "Wednesday"),
    Expression("MONTHNAME(DT)", "January"),
    Expression("LAST_DAY(DATE('2024-02-01'))", _Date(2024, 2, 29), "DATE"),
    Expression("ADD_MONTHS(DT, 1)", _Date(2024, 2, 29), "DATE"),
    Expression("ADD_MONTHS(DATE('2024-02-29'), 1)", _Date(2024, 3, 31), "DATE"),
    Expression("NEXT_DAY(DT, 'MON')", _Date(2024, 2, 5), "DATE"),
    Expression("TRUNC_TIMESTAMP(TS, 'DD')", _Stamp(2024, 3, 5), "TIMESTAMP"),
    Expression("MONTHS_BETWEEN(DT, DT)", _NO),
    Expression("CHAR(DT)", "2024-01-31", "CHAR(10)"),
    Expression("CHAR(DT, USA)", "01/31/2024", "CHAR(10)", _on("derby", "2024-01-31")),
    Expression("CHAR(DT, EUR)", "31.01.2024", "CHAR(10)", _on("derby", "2024-01-31")),
    Expression("CHAR(TM)", "14.07.09", "CHAR(8)", _on("derby", "14:07:09", "CHAR(8)")),
    Expression("CHAR(TM, USA)", "02:07 PM", "CHAR(8)", _on("derby", "14:07:09")),
    Expression("CHAR(TS)", "2024-03-05-14.07.09.123456", "CHAR(26)", _on("derby", "2024-03-05 14:07:09.123456   ", "CHAR(29)")),
    Expression("VARCHAR(DT)", "2024-01-31"),
    Expression("CAST(DT AS CHAR(10))", "2024-01-31", "CHAR(10)"),
    Expression("VARCHAR_FORMAT(TS, 'YYYY-MM-DD HH24:MI:SS')", "2024-03-05 14:07:09"),
    Expression("TO_CHAR(TS, 'DD.MM.YY')", "05.03.24"),
    Expression("VARCHAR_FORMAT(TS, 'HH12:MI AM')", "02:07 PM"),
    Expression("VARCHAR_FORMAT(TS, 'YYYYDDD')", "2024065"),
    Expression("VARCHAR_FORMAT(TS, 'Q')", Refused("42815", -171), by=_on("derby", Refused("42815"))),
    Expression("TIMESTAMP_FORMAT('2024-03-05 14:07:09', 'YYYY-MM-DD HH24:MI:SS')", _Stamp(2024, 3, 5, 14, 7, 9), "TIMESTAMP"),
    Expression("TO_DATE('05.03.2024', 'DD.MM.YYYY')", _Stamp(2024, 3, 5), "TIMESTAMP"),
    Expression("CASE WHEN DT = '31.01.2024' THEN 1 ELSE 0 END", _TRUE),
    Expression("CASE WHEN TS > '2024-03-05-14.07.09' THEN 1 ELSE 0 END", _TRUE),
    Expression("CASE WHEN DT BETWEEN '01/01/2024' AND '2024-12-31' THEN 1 ELSE 0 END", _TRUE),
    Expression("CASE WHEN DT IN ('01.01.2024', '01/31/2024') THEN 1 ELSE 0 END", _TRUE),
]  # fmt: skip

_QUERIES = [
    Expression("SELECT COUNT(*) FROM R", 4, "INTEGER"),
    Expression("SELECT COUNT(DISTINCT A) FROM R", 3, "INTEGER"),
    Expression("SELECT COUNT_BIG(*) FROM R", Decimal(4), "DECIMAL(31,0)"),
    Expression("SELECT SUM(A) FROM R", 1, "INTEGER", _on("derby", 1, "SMALLINT")),
    Expression("SELECT SUM(B) FROM R", 35, "INTEGER"),
    Expression("SELECT SUM(CAST(A AS BIGINT)) FROM R", 1, "BIGINT"),
    Expression("SELECT SUM(D) FROM R", Decimal("6.68"), "DECIMAL(31,2)", _on("derby", Decimal("6.68"), "DECIMAL(8,2)")),
    Expression("SELECT SUM(B) FROM R WHERE A > 100", None, "INTEGER"),
    Expression("SELECT SUM(2147483647) FROM R", _OVER, by=_on("derby", Refused("22003"))),
    Expression("SELECT AVG(A) FROM R", 0, "INTEGER", _on("derby", 0, "SMALLINT")),
    Expression("SELECT AVG(B) FROM R", 11, "INTEGER"),
    Expression("SELECT AVG(DISTINCT A) FROM R", 0, "INTEGER", _on("derby", 0, "SMALLINT")),
    Expression("SELECT AVG(B) OVER () FROM R FETCH FIRST 1 ROW ONLY", 11, "INTEGER"),
    Expression("SELECT AVG(D) FROM R", Decimal("1.67"), "DECIMAL(31,28)", (*_on("zos", Decimal("1.67"), "DECIMAL(15,12)"),
               *_on("derby", Decimal("1.67"), "DECIMAL(8,4)"))),
    Expression("SELECT AVG(D) FROM R WHERE A > 0", _cut("6.68", "3", 28), "DECIMAL(31,28)",
               (*_on("zos", _cut("6.68", "3", 12), "DECIMAL(15,12)"), *_on("derby", Decimal("2.2266"), "DECIMAL(8,4)"))),
    Expression("SELECT AVG(CAST(A AS DOUBLE)) FROM R", 0.25, "DOUBLE"),
    Expression("SELECT VARIANCE(A) FROM R", 6.1875, "DOUBLE"),
    Expression("SELECT VAR(A) FROM R", 6.1875, "DOUBLE"),
    Expression("SELECT STDDEV(B) FROM R", 6.236095644623236, "DOUBLE"),
    Expression("SELECT VARIANCE_SAMP(A) FROM R", 8.25, "DOUBLE"),
    Expression("SELECT LISTAGG(V) WITHIN GROUP (ORDER BY D) FROM R", "cabA"),
    Expression("SELECT LISTAGG(V, ', ') WITHIN GROUP (ORDER BY D DESC) FROM R", "A, b, a, c"),
    Expression("SELECT MAX(V) FROM R", "c", by=_on(_MAINFRAME, "A")),
    Expression("SELECT MIN(V) FROM R", "A", by=_on(_MAINFRAME, "a")),
    Expression("SELECT V FROM R ORDER BY V", ["A", "a", "b", "c"], by=_on(_MAINFRAME, ["a", "b", "c", "A"])),
    Expression("SELECT V FROM R ORDER BY 1 DESC", ["c", "b", "a", "A"], by=_on(_MAINFRAME, ["A", "c", "b", "a"])),
    Expression("SELECT V FROM R WHERE V > 'b' ORDER BY D", ["c"], by=_on(_MAINFRAME, ["c", "A"])),
    Expression("SELECT B FROM R ORDER BY B", [5, 10, 20, None]),
    Expression("SELECT B FROM R ORDER BY B DESC", [None, 20, 10, 5]),
    Expression("SELECT RANK() OVER (ORDER BY B DESC) FROM R ORDER BY D", [4, 3, 2, 1]),
    Expression("SELECT SUM(A) FROM R GROUP BY G ORDER BY G", [3, -2], "INTEGER", _on("derby", [3, -2], "SMALLINT")),
    Expression("SELECT (SELECT A FROM R) FROM T", Refused("21000", -811), by=_on("derby", Refused("21000"))),
    Expression("SELECT AVG(CAST(D AS DECIMAL(10,0))) FROM R", Decimal("1.5"), "DECIMAL(31,21)",
               (*_on("zos", Decimal("1.5"), "DECIMAL(15,5)"), *_on("derby", Decimal("1.5"), "DECIMAL(15,4)"))),
    Expression("SELECT SUM(X) FROM (SELECT A / 2 AS X FROM R) AS Q", 0, "INTEGER"),
    Expression("WITH N(I) AS (SELECT 1 FROM T UNION ALL SELECT I + 1 FROM N WHERE I < 5) SELECT SUM(I) FROM N", 15, "INTEGER"),
    Expression("WITH Q(X, Y) AS (SELECT D, A FROM R) SELECT SUM(X / 4) FROM Q WHERE Y > 0",
               _cut("1.10", "4", 28) + _cut("2.25", "4", 28) + _cut("3.33", "4", 28), "DECIMAL(31,28)",
               _on("zos", _cut("1.10", "4", 12) + _cut("2.25", "4", 12) + _cut("3.33", "4", 12))),
]  # fmt: skip

EXPRESSIONS = [*_NUMBERS, *_TEXT, *_DATES, *_QUERIES]
