import java.io.ByteArrayInputStream;
import java.io.StringReader;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.Date;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.Types;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Prepared statements and their markers. */
final class Parameters {
    private Parameters() {
    }

    static void add(Suite suite) {
        suite.both("prepared: a query, again and again", scene -> {
            try (PreparedStatement select = scene.prepare("SELECT NAME FROM NUMBERS WHERE ID = ?")) {
                for (int n : new int[] {1, 500, 1000, 7, 7}) {
                    select.setInt(1, n);
                    Scene.same(List.of("name " + n), Scene.rows(select.executeQuery()), "row " + n);
                }
                select.setInt(1, -1);
                Scene.same(List.of(), Scene.rows(select.executeQuery()), "no row");
            }
        });
        suite.both("prepared: a query by text", scene -> {
            try (PreparedStatement select = scene.prepare("SELECT ID FROM NUMBERS WHERE NAME = ?")) {
                for (int n : new int[] {1, 1000}) {
                    select.setString(1, "name " + n);
                    Scene.same(List.of("" + n), Scene.rows(select.executeQuery()), "row " + n);
                }
            }
        });
        suite.both("prepared: markers in LIKE, IN and BETWEEN", scene -> {
            try (PreparedStatement select = scene.prepare(
                    "SELECT ID FROM NUMBERS WHERE NAME LIKE ? AND ID IN (?, ?, ?) AND ID BETWEEN ? AND ?")) {
                select.setString(1, "name 1%");
                select.setInt(2, 1);
                select.setInt(3, 2);
                select.setInt(4, 12);
                select.setInt(5, 2);
                select.setInt(6, 20);
                Scene.same(List.of("12"), Scene.rows(select.executeQuery()), "rows");
            }
        });
        suite.both("prepared: a marker with a CAST", scene -> {
            try (PreparedStatement select = scene.prepare(
                    "SELECT CAST(? AS INTEGER), CAST(? AS VARCHAR(10)) FROM SYSIBM.SYSDUMMY1")) {
                select.setInt(1, 41);
                select.setString(2, "é");
                Scene.same(List.of("41 é"), Scene.rows(select.executeQuery()), "row");
            }
        });
        suite.both("prepared: UPDATE and DELETE", scene -> {
            String table = scene.table("ID INTEGER, V VARCHAR(10)");
            scene.execute("INSERT INTO " + table + " VALUES (1, 'a'), (2, 'b'), (3, 'c')");
            try (PreparedStatement update = scene.prepare("UPDATE " + table + " SET V = ? WHERE ID = ?")) {
                update.setString(1, "x");
                update.setInt(2, 2);
                Scene.same(1, update.executeUpdate(), "updated");
                update.setInt(2, 9);
                Scene.same(0, update.executeUpdate(), "nothing updated");
            }
            try (PreparedStatement delete = scene.prepare("DELETE FROM " + table + " WHERE V = ?")) {
                delete.setString(1, "a");
                Scene.same(1, delete.executeUpdate(), "deleted");
            }
            Scene.same(List.of("2 x", "3 c"), scene.stored("SELECT ID, V FROM " + table), "rows");
        });
        suite.both("prepared: values of other types than the columns", scene -> {
            String table = scene.table("A INTEGER, B DECIMAL(9,2), C VARCHAR(10), D DATE");
            try (PreparedStatement insert = scene.prepare("INSERT INTO " + table + " VALUES (?, ?, ?, ?)")) {
                insert.setString(1, "42");
                insert.setDouble(2, 1.25);
                insert.setInt(3, 7);
                insert.setString(4, "2024-02-29");
                Scene.same(1, insert.executeUpdate(), "inserted");
                insert.setLong(1, 43);
                insert.setString(2, "2.5");
                insert.setBigDecimal(3, new BigDecimal("8.5"));
                insert.setDate(4, Date.valueOf("2024-03-01"));
                Scene.same(1, insert.executeUpdate(), "inserted");
            }
            Scene.same(List.of("42 1.25 7 2024-02-29", "43 2.50 8.5 2024-03-01"), scene.stored("SELECT A, B, C, D FROM " + table), "rows");
        });
        suite.both("prepared: NULL in each way", scene -> {
            String table = scene.table("ID INTEGER, A INTEGER, B VARCHAR(10), C DECIMAL(5,2)");
            try (PreparedStatement insert = scene.prepare("INSERT INTO " + table + " VALUES (?, ?, ?, ?)")) {
                insert.setInt(1, 1);
                insert.setNull(2, Types.INTEGER);
                insert.setString(3, null);
                insert.setBigDecimal(4, null);
                Scene.same(1, insert.executeUpdate(), "inserted");
                insert.setInt(1, 2);
                insert.setNull(2, Types.VARCHAR);
                insert.setNull(3, Types.CHAR);
                insert.setNull(4, Types.INTEGER);
                Scene.same(1, insert.executeUpdate(), "inserted");
                insert.setObject(1, 3);
                insert.setObject(2, null);
                insert.setObject(3, null);
                insert.setObject(4, null);
                Scene.same(1, insert.executeUpdate(), "inserted");
            }
            Scene.same(List.of("1 null null null", "2 null null null", "3 null null null"), scene.stored("SELECT ID, A, B, C FROM " + table), "rows");
        });
        suite.both("prepared: setObject without a type", scene -> {
            String table = scene.table("A BIGINT, B VARCHAR(10), C DOUBLE, D TIMESTAMP");
            try (PreparedStatement insert = scene.prepare("INSERT INTO " + table + " VALUES (?, ?, ?, ?)")) {
                insert.setObject(1, 5_000_000_000L);
                insert.setObject(2, "é");
                insert.setObject(3, 0.25);
                insert.setObject(4, java.sql.Timestamp.valueOf("2024-02-29 12:34:56.789"));
                Scene.same(1, insert.executeUpdate(), "inserted");
            }
            Scene.same(1, scene.stored("SELECT A FROM " + table + " WHERE A = 5000000000 AND B = 'é' AND C = 0.25 "
                + "AND D = '2024-02-29 12:34:56.789'").size(), "found");
        });
        suite.both("prepared: streams", scene -> {
            String table = scene.table("ID INTEGER, A VARCHAR(2000), B VARCHAR(2000) FOR BIT DATA");
            String text = Scene.WORDS.repeat(50);
            byte[] bytes = Scene.mixed(1500);
            try (PreparedStatement insert = scene.prepare("INSERT INTO " + table + " VALUES (?, ?, ?)")) {
                insert.setInt(1, 1);
                insert.setCharacterStream(2, new StringReader(text), text.length());
                insert.setBinaryStream(3, new ByteArrayInputStream(bytes), bytes.length);
                Scene.same(1, insert.executeUpdate(), "inserted");
                insert.setInt(1, 2);
                insert.setAsciiStream(2, new ByteArrayInputStream("plain".getBytes(StandardCharsets.US_ASCII)), 5);
                insert.setBytes(3, bytes);
                Scene.same(1, insert.executeUpdate(), "inserted");
            }
            try (var statement = scene.connection().createStatement();
                 ResultSet rows = statement.executeQuery("SELECT A, B FROM " + table)) {
                Scene.same(true, rows.next(), "a row");
                Scene.same(text, Scene.read(rows.getCharacterStream(1)), "characters");
                Scene.same(bytes, Scene.read(rows.getBinaryStream(2)), "bytes");
                Scene.same(true, rows.next() && rows.getString(1).equals("plain"), "ASCII");
                Scene.same(bytes, rows.getBytes(2), "bytes");
            }
        });
        suite.both("prepared: described before it runs", scene -> {
            try (PreparedStatement select = scene.prepare("SELECT ID, NAME FROM NUMBERS WHERE ID = ?")) {
                Scene.same(2, select.getMetaData().getColumnCount(), "columns");
                Scene.same("NAME", select.getMetaData().getColumnName(2), "name");
                Scene.same(1, select.getParameterMetaData().getParameterCount(), "markers");
                Scene.same(Types.INTEGER, select.getParameterMetaData().getParameterType(1), "type of the marker");
            }
        });
        suite.both("prepared: markers of an INSERT are described by their columns", scene -> {
            String table = scene.table("A SMALLINT, B DECIMAL(9,2), C VARCHAR(7), D TIMESTAMP");
            try (PreparedStatement insert = scene.prepare("INSERT INTO " + table + " VALUES (?, ?, ?, ?)")) {
                var markers = insert.getParameterMetaData();
                Scene.same(Types.SMALLINT, markers.getParameterType(1), "SMALLINT");
                Scene.same("3 9 2", markers.getParameterType(2) + " " + markers.getPrecision(2) + " " + markers.getScale(2), "DECIMAL");
                Scene.same("12 7", markers.getParameterType(3) + " " + markers.getPrecision(3), "VARCHAR");
                Scene.same(Types.TIMESTAMP, markers.getParameterType(4), "TIMESTAMP");
                Scene.same(true, insert.getMetaData() == null || insert.getMetaData().getColumnCount() == 0, "no columns");
            }
        });
        suite.both("prepared: a value is missing", scene -> {
            try (PreparedStatement select = scene.prepare("SELECT ID FROM NUMBERS WHERE ID = ? AND NAME = ?")) {
                select.setInt(1, 1);
                Scene.fails("", select::executeQuery);
                select.setString(2, "name 1");
                Scene.same(List.of("1"), Scene.rows(select.executeQuery()), "row");
                select.clearParameters();
                Scene.fails("", select::executeQuery);
            }
        });
        suite.both("prepared: no such marker", scene -> {
            try (PreparedStatement select = scene.prepare("SELECT ID FROM NUMBERS WHERE ID = ?")) {
                Scene.fails("", () -> select.setInt(2, 1));
            }
        });
        suite.both("prepared: runs on after a commit and a rollback", scene -> {
            String table = scene.table("ID INTEGER");
            scene.connection().setAutoCommit(false);
            try (PreparedStatement insert = scene.prepare("INSERT INTO " + table + " VALUES (?)")) {
                for (int n = 1; n <= 4; n++) {
                    insert.setInt(1, n);
                    Scene.same(1, insert.executeUpdate(), "inserted");
                    if (n % 2 == 0) {
                        scene.connection().rollback();
                    } else {
                        scene.connection().commit();
                    }
                }
            }
            Scene.same(List.of("1", "3"), scene.stored("SELECT ID FROM " + table), "rows");
        });
        suite.both("prepared: a hundred at once", scene -> {
            List<PreparedStatement> all = new java.util.ArrayList<>();
            for (int n = 0; n < 100; n++) {
                all.add(scene.prepare("SELECT ID + " + n + " FROM NUMBERS WHERE ID = ?"));
            }
            for (int n = 99; n >= 0; n--) {
                all.get(n).setInt(1, 1);
                Scene.same(List.of("" + (n + 1)), Scene.rows(all.get(n).executeQuery()), "statement " + n);
            }
            for (PreparedStatement each : all) {
                each.close();
            }
        });
        suite.both("prepared: two hundred markers", scene -> {
            String list = IntStream.range(0, 200).mapToObj(n -> "?").collect(Collectors.joining(", "));
            try (PreparedStatement select = scene.prepare("SELECT COUNT(*) FROM NUMBERS WHERE ID IN (" + list + ")")) {
                for (int n = 1; n <= 200; n++) {
                    select.setInt(n, n * 2);
                }
                Scene.same(List.of("200"), Scene.rows(select.executeQuery()), "count");
            }
        });
        suite.both("prepared: execute of both kinds", scene -> {
            String table = scene.table("ID INTEGER");
            try (PreparedStatement insert = scene.prepare("INSERT INTO " + table + " VALUES (?)")) {
                insert.setInt(1, 5);
                Scene.same(false, insert.execute(), "no rows");
                Scene.same(1, insert.getUpdateCount(), "count");
            }
            try (PreparedStatement select = scene.prepare("SELECT ID FROM " + table + " WHERE ID = ?")) {
                select.setInt(1, 5);
                Scene.same(true, select.execute(), "rows");
                Scene.same(List.of("5"), Scene.rows(select.getResultSet()), "rows");
            }
        });
    }
}
