import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Statements as text, and results that are read forward. */
final class Statements {
    private Statements() {
    }

    static void add(Suite suite) {
        suite.both("statement: execute tells rows from counts", scene -> {
            String table = scene.table("ID INTEGER");
            try (Statement statement = scene.connection().createStatement()) {
                Scene.same(false, statement.execute("INSERT INTO " + table + " VALUES (1), (2)"), "a count");
                Scene.same(2, statement.getUpdateCount(), "count");
                Scene.same(false, statement.getMoreResults(), "more");
                Scene.same(-1, statement.getUpdateCount(), "no more");
                Scene.same(true, statement.execute("SELECT ID FROM " + table), "rows");
                Scene.same(List.of("1", "2"), Scene.rows(statement.getResultSet()), "rows");
                Scene.same(false, statement.getMoreResults(), "more");
            }
        });
        suite.both("statement: counts of changes", scene -> {
            String table = scene.table("ID INTEGER, V VARCHAR(10)");
            Scene.same(3, scene.update("INSERT INTO " + table + " VALUES (1, 'a'), (2, 'b'), (3, 'c')"), "inserted");
            Scene.same(1, scene.update("DELETE FROM " + table + " WHERE ID = 2"), "deleted");
            Scene.same(0, scene.update("DELETE FROM " + table + " WHERE ID = 9"), "nothing deleted");
            Scene.same(List.of("1 a", "3 c"), scene.stored("SELECT ID, V FROM " + table), "rows");
        });
        suite.both("statement: UPDATE", scene -> {
            String table = scene.table("ID INTEGER, V VARCHAR(10)");
            scene.execute("INSERT INTO " + table + " VALUES (1, 'a'), (2, 'b'), (3, 'c')");
            Scene.same(2, scene.update("UPDATE " + table + " SET V = 'x' WHERE ID > 1"), "updated");
            Scene.same(List.of("1 a", "2 x", "3 x"), scene.stored("SELECT ID, V FROM " + table), "rows");
        });
        suite.both("statement: INSERT of a query", scene -> {
            String table = scene.table("ID INTEGER, V VARCHAR(20)");
            Scene.same(10, scene.update("INSERT INTO " + table + " SELECT ID, NAME FROM NUMBERS WHERE ID <= 10"), "inserted");
            Scene.same(List.of("10"), scene.stored("SELECT COUNT(*) FROM " + table), "rows");
        });
        suite.both("statement: executeLargeUpdate", scene -> {
            String table = scene.table("ID INTEGER");
            try (Statement statement = scene.connection().createStatement()) {
                Scene.same(2L, statement.executeLargeUpdate("INSERT INTO " + table + " VALUES (1), (2)"), "count");
                Scene.same(2L, statement.getLargeUpdateCount(), "count again");
            }
        });
        suite.both("statement: maxRows", scene -> {
            try (Statement statement = scene.connection().createStatement()) {
                statement.setMaxRows(5);
                Scene.same(5, Scene.rows(statement.executeQuery("SELECT ID FROM NUMBERS")).size(), "rows");
                statement.setMaxRows(0);
                Scene.same(1000, Scene.rows(statement.executeQuery("SELECT ID FROM NUMBERS")).size(), "all rows");
            }
        });
        suite.both("statement: fetchSize", scene -> {
            for (int size : new int[] {1, 7, 1000}) {
                try (Statement statement = scene.connection().createStatement()) {
                    statement.setFetchSize(size);
                    Scene.same(numbers(1000), Scene.rows(statement.executeQuery("SELECT ID FROM NUMBERS")), "rows by " + size);
                }
            }
        });
        suite.both("statement: an empty result", scene -> {
            try (Statement statement = scene.connection().createStatement();
                 ResultSet rows = statement.executeQuery("SELECT ID, NAME FROM NUMBERS WHERE ID = -1")) {
                Scene.same(2, rows.getMetaData().getColumnCount(), "columns");
                Scene.same(false, rows.next(), "a row");
            }
        });
        suite.both("statement: columns by name", scene -> {
            try (Statement statement = scene.connection().createStatement();
                 ResultSet rows = statement.executeQuery("SELECT ID AS \"Number\", NAME FROM NUMBERS WHERE ID = 7")) {
                Scene.same(2, rows.findColumn("name"), "findColumn");
                Scene.same(true, rows.next(), "a row");
                Scene.same(7, rows.getInt("Number"), "by its label");
                Scene.same("name 7", rows.getString("name"), "in small letters");
                Scene.fails("", () -> rows.getInt("NOTHING"));
            }
        });
        suite.both("statement: many results at once", scene -> {
            List<Statement> statements = new ArrayList<>();
            List<ResultSet> results = new ArrayList<>();
            for (int n = 1; n <= 20; n++) {
                statements.add(scene.connection().createStatement());
                results.add(statements.get(n - 1).executeQuery("SELECT ID FROM NUMBERS WHERE ID >= " + n));
            }
            for (int row = 0; row < 400; row++) {
                for (int n = 1; n <= 20; n++) {
                    ResultSet rows = results.get(n - 1);
                    Scene.same(true, rows.next() && rows.getInt(1) == n + row, "row " + row + " of " + n);
                }
            }
            for (Statement statement : statements) {
                statement.close();
            }
        });
        suite.both("statement: the next closes the result before it", scene -> {
            try (Statement statement = scene.connection().createStatement()) {
                ResultSet first = statement.executeQuery("SELECT ID FROM NUMBERS");
                Scene.same(true, first.next(), "a row");
                ResultSet second = statement.executeQuery("SELECT NAME FROM NUMBERS WHERE ID = 1");
                Scene.same(true, first.isClosed(), "closed");
                Scene.same(List.of("name 1"), Scene.rows(second), "rows");
            }
        });
        suite.both("statement: closeOnCompletion", scene -> {
            Statement statement = scene.connection().createStatement();
            statement.closeOnCompletion();
            ResultSet rows = statement.executeQuery("SELECT ID FROM NUMBERS");
            Scene.same(true, rows.next(), "a row");
            rows.close();
            Scene.same(true, statement.isClosed(), "closed");
        });
        suite.both("statement: closed half way, and again", scene -> {
            for (int n = 0; n < 30; n++) {
                try (Statement statement = scene.connection().createStatement();
                     ResultSet rows = statement.executeQuery("SELECT ID, NAME FROM NUMBERS")) {
                    Scene.same(true, rows.next() && rows.getInt(1) == 1, "the first row");
                }
            }
        });
        suite.both("statement: escapes of JDBC", scene -> {
            String table = scene.table("D DATE, T TIME, S TIMESTAMP");
            scene.execute("INSERT INTO " + table + " VALUES ({d '2024-02-29'}, {t '12:34:56'}, {ts '2024-02-29 12:34:56.5'})");
            try (Statement statement = scene.connection().createStatement();
                 ResultSet rows = statement.executeQuery("SELECT D, T, S FROM " + table)) {
                Scene.same(true, rows.next(), "a row");
                Scene.same("2024-02-29", rows.getDate(1), "date");
                Scene.same("12:34:56", rows.getTime(2), "time");
                Scene.same("2024-02-29 12:34:56.5", rows.getTimestamp(3), "timestamp");
            }
        });
        suite.both("statement: functions by escape", scene ->
            Scene.same(List.of("ABC 3"),
                scene.rows("SELECT {fn UCASE('abc')}, {fn LENGTH('abc')} FROM SYSIBM.SYSDUMMY1"), "row"));
        suite.both("statement: an outer join by escape", scene -> {
            String table = scene.table("ID INTEGER");
            scene.execute("INSERT INTO " + table + " VALUES (3), (-3)");
            Scene.same(List.of("-3 null", "3 name 3"), scene.rows("SELECT T.ID, N.NAME FROM {oj " + table
                + " T LEFT OUTER JOIN NUMBERS N ON T.ID = N.ID} ORDER BY T.ID"), "rows");
        });
        suite.both("statement: quotes, comments and lines", scene ->
            Scene.same(List.of("it's 1"), scene.rows("SELECT 'it''s', -- a comment?\n 1 FROM SYSIBM.SYSDUMMY1"), "row"));
        suite.both("statement: Unicode in text and values", scene -> {
            String table = scene.table("V VARCHAR(40)");
            scene.execute("INSERT INTO " + table + " VALUES ('Grüße 日本 𝄞')");
            Scene.same(List.of("Grüße 日本 𝄞"), scene.stored("SELECT V FROM " + table + " WHERE V = 'Grüße 日本 𝄞'"), "row");
        });
        suite.both("statement: a long text", scene -> {
            String list = IntStream.rangeClosed(1, 3000).mapToObj(Integer::toString).collect(Collectors.joining(", "));
            // More than a block of 32 KB.
            String padded = "SELECT COUNT(*) FROM NUMBERS WHERE ID IN (" + list.replace(", ", "," + " ".repeat(12)) + ")";
            Scene.same(List.of("1000"), scene.rows(padded), "count");
        });
        suite.both("statement: three hundred columns", scene -> {
            String columns = IntStream.range(0, 300).mapToObj(n -> "ID + " + n).collect(Collectors.joining(", "));
            try (Statement statement = scene.connection().createStatement();
                 ResultSet rows = statement.executeQuery("SELECT " + columns + " FROM NUMBERS WHERE ID = 5")) {
                Scene.same(300, rows.getMetaData().getColumnCount(), "columns");
                Scene.same(true, rows.next(), "a row");
                Scene.same(304, rows.getInt(300), "the last");
            }
        });
        suite.both("statement: rows that fill blocks", scene -> {
            String table = scene.table("ID INTEGER, V VARCHAR(30000)");
            for (int n = 0; n < 12; n++) {
                try (var insert = scene.prepare("INSERT INTO " + table + " VALUES (?, ?)")) {
                    insert.setInt(1, n);
                    insert.setString(2, String.valueOf((char) ('a' + n)).repeat(n * 2500));
                    Scene.same(1, insert.executeUpdate(), "inserted");
                }
            }
            try (Statement statement = scene.connection().createStatement();
                 ResultSet rows = statement.executeQuery("SELECT V, ID FROM " + table)) {
                for (int n = 0; n < 12; n++) {
                    Scene.same(true, rows.next(), "row " + n);
                    Scene.same(String.valueOf((char) ('a' + n)).repeat(n * 2500), rows.getString(1), "value " + n);
                    Scene.same(n, rows.getInt(2), "number " + n);
                }
                Scene.same(false, rows.next(), "the end");
            }
        });
        suite.both("statement: a table is made, changed and dropped", scene -> {
            String table = scene.table("ID INTEGER NOT NULL PRIMARY KEY, V VARCHAR(5) DEFAULT 'x'");
            scene.execute("INSERT INTO " + table + " (ID) VALUES (1)");
            Scene.same(List.of("1 x"), scene.stored("SELECT ID, V FROM " + table), "row");
            scene.execute("DROP TABLE " + table);
            Scene.fails("42", () -> scene.rows("SELECT * FROM " + table));
        });
        suite.both("statement: VALUES", scene -> Scene.same(List.of("1 a"), scene.rows("VALUES (1, 'a')"), "row"));
        suite.jcc("statement: WITH, ORDER BY, FETCH FIRST", scene ->
            Scene.same(List.of("1000", "999"),
                scene.rows("WITH N AS (SELECT ID FROM NUMBERS) SELECT ID FROM N ORDER BY ID DESC FETCH FIRST 2 ROWS ONLY"), "rows"));
        suite.jcc("statement: MERGE", scene -> {
            String table = scene.table("ID INTEGER NOT NULL, V VARCHAR(10)");
            scene.execute("INSERT INTO " + table + " VALUES (1, 'a')",
                "MERGE INTO " + table + " T USING (VALUES (1, 'b'), (2, 'c')) AS S(ID, V) ON T.ID = S.ID "
                    + "WHEN MATCHED THEN UPDATE SET V = S.V WHEN NOT MATCHED THEN INSERT VALUES (S.ID, S.V)");
            Scene.same(List.of("1 b", "2 c"), scene.stored("SELECT ID, V FROM " + table), "rows");
        });
        suite.jcc("statement: WITH UR and FOR READ ONLY", scene -> {
            Scene.same(List.of("1"), scene.rows("SELECT ID FROM NUMBERS WHERE ID = 1 WITH UR"), "WITH UR");
            Scene.same(List.of("1"), scene.rows("SELECT ID FROM NUMBERS WHERE ID = 1 FOR READ ONLY"), "FOR READ ONLY");
            Scene.same(List.of("1"), scene.rows("SELECT ID FROM NUMBERS WHERE ID = 1 FOR FETCH ONLY WITH CS"), "both");
        });
        suite.jcc("statement: current date, time and timestamp", scene -> {
            try (Statement statement = scene.connection().createStatement(); ResultSet rows = statement.executeQuery(
                    "SELECT CURRENT DATE, CURRENT TIME, CURRENT TIMESTAMP FROM SYSIBM.SYSDUMMY1")) {
                Scene.same(true, rows.next(), "a row");
                Scene.same(true, Math.abs(rows.getTimestamp(3).getTime() - System.currentTimeMillis()) < 86_400_000L, "now");
                Scene.same(true, rows.getDate(1) != null && rows.getTime(2) != null, "date and time");
            }
        });
    }

    static List<String> numbers(int most) {
        return IntStream.rangeClosed(1, most).mapToObj(Integer::toString).collect(Collectors.toList());
    }
}
