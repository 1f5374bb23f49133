import java.math.BigDecimal;
import java.sql.Date;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.Statement;
import java.sql.Time;
import java.sql.Timestamp;
import java.sql.Types;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.util.List;

/** Values of each type: as literals, as parameters, and as they come back. */
final class Values {
    /** A type; its number in JDBC; two values; a literal that equals the first; whether Derby has it. */
    private record Kind(String type, int jdbc, Object low, Object high, String literal, boolean both) {
    }

    private static final List<Kind> KINDS = List.of(
        new Kind("SMALLINT", Types.SMALLINT, -32768, 32767, "-32768", true),
        new Kind("INTEGER", Types.INTEGER, Integer.MIN_VALUE, Integer.MAX_VALUE, "-2147483648", true),
        new Kind("BIGINT", Types.BIGINT, Long.MIN_VALUE + 1, Long.MAX_VALUE, "-9223372036854775807", true),
        new Kind("REAL", Types.REAL, -1.5f, 3.25e30f, "-1.5", true),
        new Kind("DOUBLE", Types.DOUBLE, -1.25e100, 4.9e-300, "-1.25E100", true),
        new Kind("DECIMAL(31,5)", Types.DECIMAL, new BigDecimal("-99999999999999999999999999.99999"),
            new BigDecimal("0.00001"), "-99999999999999999999999999.99999", true),
        new Kind("DECIMAL(31,31)", Types.DECIMAL, new BigDecimal("-0.9999999999999999999999999999999"),
            new BigDecimal("0.0000000000000000000000000000001"), "-0.9999999999999999999999999999999", true),
        new Kind("NUMERIC(9,2)", Types.NUMERIC, new BigDecimal("-9999999.99"), new BigDecimal("0.01"), "-9999999.99", true),
        new Kind("DECFLOAT(16)", Types.OTHER, new BigDecimal("-1234567890.123456"), new BigDecimal("1.5"), "-1234567890.123456", false),
        new Kind("DECFLOAT(34)", Types.OTHER, new BigDecimal("-1234567890123456789012345678901234"), new BigDecimal("0.1"),
            "-1234567890123456789012345678901234", false),
        new Kind("BOOLEAN", Types.BOOLEAN, true, false, "TRUE", true),
        new Kind("CHAR(5)", Types.CHAR, "Ü é", "abcde", "'Ü é'", true),
        new Kind("VARCHAR(60)", Types.VARCHAR, "Grüße 日本 𝄞", "", "'Grüße 日本 𝄞'", true),
        new Kind("VARCHAR(32000)", Types.VARCHAR, "é".repeat(15_000), " x ", "'" + "é".repeat(15_000) + "'", true),
        new Kind("GRAPHIC(3)", Types.CHAR, "日本語", "abc", "'日本語'", false),
        new Kind("VARGRAPHIC(20)", Types.VARCHAR, "日本 𝄞", "", "'日本 𝄞'", false),
        new Kind("CHAR(3) FOR BIT DATA", Types.BINARY, new byte[] {0, -1, 32}, new byte[] {1, 2, 3}, "X'00FF20'", true),
        new Kind("VARCHAR(10) FOR BIT DATA", Types.VARBINARY, new byte[] {0, -1}, new byte[] {}, "X'00FF'", true),
        new Kind("BINARY(3)", Types.BINARY, new byte[] {0, -1, 32}, new byte[] {1, 2, 3}, "X'00FF20'", false),
        new Kind("VARBINARY(10)", Types.VARBINARY, new byte[] {0, -1}, new byte[] {}, "X'00FF'", false),
        new Kind("DATE", Types.DATE, Date.valueOf("0001-01-01"), Date.valueOf("9999-12-31"), "'0001-01-01'", true),
        new Kind("TIME", Types.TIME, Time.valueOf("00:00:01"), Time.valueOf("23:59:59"), "'00:00:01'", true),
        new Kind("TIMESTAMP", Types.TIMESTAMP, Timestamp.valueOf("0001-01-01 00:00:00"),
            Timestamp.valueOf("9999-12-31 23:59:59.999999"), "'0001-01-01 00:00:00'", true),
        new Kind("TIMESTAMP(0)", Types.TIMESTAMP, Timestamp.valueOf("2024-02-29 12:34:56"),
            Timestamp.valueOf("9999-12-31 23:59:59"), "'2024-02-29 12:34:56'", false),
        new Kind("TIMESTAMP(9)", Types.TIMESTAMP, Timestamp.valueOf("1700-01-01 00:00:00.000000001"),
            Timestamp.valueOf("2261-12-31 23:59:59.999999999"), "'1700-01-01 00:00:00.000000001'", false),
        new Kind("TIMESTAMP(12)", Types.TIMESTAMP, Timestamp.valueOf("2024-02-29 12:34:56.123456789"),
            Timestamp.valueOf("1970-01-01 00:00:00"), "'2024-02-29 12:34:56.123456789'", false));

    private Values() {
    }

    static void add(Suite suite) {
        for (Kind kind : KINDS) {
            if (kind.both) {
                suite.both("value: " + kind.type, scene -> goesAndComes(scene, kind));
            } else {
                suite.jcc("value: " + kind.type, scene -> goesAndComes(scene, kind));
            }
        }
        suite.jcc("value: XML", scene -> {
            String table = scene.table("ID INTEGER, V XML");
            try (PreparedStatement insert = scene.prepare("INSERT INTO " + table + " VALUES (?, ?)")) {
                insert.setInt(1, 1);
                insert.setString(2, "<a>ü</a>");
                Scene.same(1, insert.executeUpdate(), "inserted");
            }
            try (Statement statement = scene.connection().createStatement();
                 ResultSet rows = statement.executeQuery("SELECT V FROM " + table)) {
                Scene.same(true, rows.next() && rows.getString(1).endsWith("<a>ü</a>"), "value");
            }
        });
        suite.both("value: a number as each other type", scene -> {
            try (Statement statement = scene.connection().createStatement();
                 ResultSet rows = statement.executeQuery("SELECT ID FROM NUMBERS WHERE ID = 77")) {
                Scene.same(true, rows.next(), "a row");
                Scene.same("77", rows.getString(1), "String");
                Scene.same((short) 77, rows.getShort(1), "short");
                Scene.same(77L, rows.getLong(1), "long");
                Scene.same(77.0, rows.getDouble(1), "double");
                Scene.same(new BigDecimal(77), rows.getBigDecimal(1), "BigDecimal");
                Scene.same(true, rows.getBoolean(1), "boolean");
                Scene.same(77, rows.getObject(1, Integer.class), "Integer");
            }
        });
        suite.both("value: a text as a number", scene -> {
            String table = scene.table("V VARCHAR(10)");
            scene.execute("INSERT INTO " + table + " VALUES ('12'), ('twelve')");
            try (Statement statement = scene.connection().createStatement();
                 ResultSet rows = statement.executeQuery("SELECT V FROM " + table)) {
                Scene.same(true, rows.next() && rows.getInt(1) == 12, "a number");
                Scene.same(true, rows.next(), "a row");
                Scene.fails("", () -> rows.getInt(1));
            }
        });
        suite.both("value: out of the range of its receiver", scene -> {
            String table = scene.table("V BIGINT");
            scene.execute("INSERT INTO " + table + " VALUES (5000000000)");
            try (Statement statement = scene.connection().createStatement();
                 ResultSet rows = statement.executeQuery("SELECT V FROM " + table)) {
                Scene.same(true, rows.next(), "a row");
                Scene.fails("", () -> rows.getInt(1));
                Scene.same(5_000_000_000L, rows.getLong(1), "as a long");
            }
        });
        suite.both("value: NULL and wasNull", scene -> {
            String table = scene.table("A INTEGER, B VARCHAR(5), C DATE");
            scene.execute("INSERT INTO " + table + " VALUES (NULL, NULL, NULL)");
            try (Statement statement = scene.connection().createStatement();
                 ResultSet rows = statement.executeQuery("SELECT A, B, C FROM " + table)) {
                Scene.same(true, rows.next(), "a row");
                Scene.same(true, rows.getInt(1) == 0 && rows.wasNull(), "INTEGER");
                Scene.same(true, rows.getString(2) == null && rows.wasNull(), "VARCHAR");
                Scene.same(true, rows.getDate(3) == null && rows.wasNull(), "DATE");
            }
        });
        suite.jcc("value: java.time", scene -> {
            String table = scene.table("D DATE, T TIME, S TIMESTAMP");
            LocalDateTime moment = LocalDateTime.of(2024, 2, 29, 12, 34, 56, 123_456_000);
            try (PreparedStatement insert = scene.prepare("INSERT INTO " + table + " VALUES (?, ?, ?)")) {
                insert.setObject(1, moment.toLocalDate());
                insert.setObject(2, LocalTime.of(12, 34, 56));
                insert.setObject(3, moment);
                Scene.same(1, insert.executeUpdate(), "inserted");
            }
            try (Statement statement = scene.connection().createStatement();
                 ResultSet rows = statement.executeQuery("SELECT D, T, S FROM " + table)) {
                Scene.same(true, rows.next(), "a row");
                Scene.same(moment.toLocalDate(), rows.getObject(1, LocalDate.class), "LocalDate");
                Scene.same(LocalTime.of(12, 34, 56), rows.getObject(2, LocalTime.class), "LocalTime");
                Scene.same(moment, rows.getObject(3, LocalDateTime.class), "LocalDateTime");
            }
        });
        suite.both("value: a date as text, a text as a date", scene -> {
            String table = scene.table("D DATE, V VARCHAR(10)");
            try (PreparedStatement insert = scene.prepare("INSERT INTO " + table + " VALUES (?, ?)")) {
                insert.setString(1, "2024-02-29");
                insert.setString(2, "2024-02-29");
                Scene.same(1, insert.executeUpdate(), "inserted");
            }
            try (Statement statement = scene.connection().createStatement();
                 ResultSet rows = statement.executeQuery("SELECT D, V FROM " + table)) {
                Scene.same(true, rows.next(), "a row");
                Scene.same("2024-02-29", rows.getString(1), "as text");
                Scene.same("2024-02-29", rows.getDate(2), "as a date");
            }
        });
        suite.both("value: sums, averages and products", scene -> {
            String table = scene.table("A INTEGER, B DECIMAL(9,2), C DOUBLE");
            scene.execute("INSERT INTO " + table + " VALUES (1, 1.25, 0.5), (2, 2.50, 1.5)");
            try (Statement statement = scene.connection().createStatement();
                 ResultSet rows = statement.executeQuery("SELECT SUM(A), SUM(B), AVG(C), MAX(B * 2), COUNT(*) FROM " + table)) {
                Scene.same(true, rows.next(), "a row");
                Scene.same(3, rows.getInt(1), "SUM of INTEGER");
                Scene.same(0, new BigDecimal("3.75").compareTo(rows.getBigDecimal(2)), "SUM of DECIMAL");
                Scene.same(1.0, rows.getDouble(3), "AVG of DOUBLE");
                Scene.same(0, new BigDecimal("5.00").compareTo(rows.getBigDecimal(4)), "product");
                Scene.same(2, rows.getInt(5), "COUNT");
            }
        });
    }

    private static void goesAndComes(Scene scene, Kind kind) throws Exception {
        String table = scene.table("ID INTEGER, V " + kind.type);
        try (PreparedStatement insert = scene.prepare("INSERT INTO " + table + " VALUES (?, ?)")) {
            int id = 0;
            for (Object value : new Object[] {kind.low, kind.high, null}) {
                insert.setInt(1, ++id);
                if (value == null) {
                    insert.setNull(2, kind.jdbc == Types.OTHER ? Types.DECIMAL : kind.jdbc);
                } else if (value instanceof BigDecimal decimal) {
                    insert.setBigDecimal(2, decimal);
                } else {
                    insert.setObject(2, value, kind.jdbc);
                }
                Scene.same(1, insert.executeUpdate(), "inserted " + id);
            }
        }
        // Without the driver's hand in it, but for a number.
        Scene.same(List.of("1"), scene.stored("SELECT ID FROM " + table + " WHERE V = " + kind.literal), "found by a literal");
        Scene.same(List.of("null"), scene.stored("SELECT V FROM " + table + " WHERE ID = 3"), "NULL");
        try (Statement statement = scene.connection().createStatement();
             ResultSet rows = statement.executeQuery("SELECT ID, V FROM " + table)) {
            for (Object value : new Object[] {kind.low, kind.high, null}) {
                Scene.same(true, rows.next(), "a row");
                Object got = value instanceof byte[] ? rows.getBytes(2) : rows.getObject(2);
                Scene.same(value, unfilled(got, kind.type), "row " + rows.getInt(1));
            }
            Scene.same(false, rows.next(), "the end");
        }
    }

    /** CHAR is filled with blanks: its length counts bytes in Db2, characters in Derby. */
    private static Object unfilled(Object value, String type) {
        return type.startsWith("CHAR") && value instanceof String text ? text.stripTrailing() : value;
    }
}
