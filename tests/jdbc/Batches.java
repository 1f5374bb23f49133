import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.Statement;
import java.sql.Types;
import java.util.Arrays;
import java.util.List;

/** Batches of rows and of statements; keys that the database makes. */
final class Batches {
    private Batches() {
    }

    static void add(Suite suite) {
        suite.both("batch: a hundred rows", scene -> insert(scene, 100, "VARCHAR(20)"));
        suite.both("batch: five thousand rows", scene -> insert(scene, 5000, "VARCHAR(20)"));
        suite.both("batch: rows with a text of 32,000", scene -> insert(scene, 50, "VARCHAR(32000)"));
        suite.both("batch: in a transaction that is undone", scene -> {
            String table = scene.table("ID INTEGER");
            scene.connection().setAutoCommit(false);
            try (PreparedStatement insert = scene.prepare("INSERT INTO " + table + " VALUES (?)")) {
                for (int n = 0; n < 10; n++) {
                    insert.setInt(1, n);
                    insert.addBatch();
                }
                Scene.same(10, insert.executeBatch().length, "counts");
            }
            scene.connection().rollback();
            Scene.same(List.of("0"), scene.stored("SELECT COUNT(*) FROM " + table), "rows");
        });
        suite.both("batch: values of several types and lengths", scene -> {
            String table = scene.table("A BIGINT, B DECIMAL(9,2), C TIMESTAMP, D VARCHAR(10) FOR BIT DATA, E DOUBLE");
            try (PreparedStatement insert = scene.prepare("INSERT INTO " + table + " VALUES (?, ?, ?, ?, ?)")) {
                for (int n = 0; n < 20; n++) {
                    insert.setLong(1, n);
                    insert.setBigDecimal(2, new java.math.BigDecimal(n).movePointLeft(n % 3));
                    insert.setTimestamp(3, java.sql.Timestamp.valueOf("2024-02-29 12:34:" + (10 + n)));
                    insert.setBytes(4, new byte[n % 10]);
                    insert.setDouble(5, n / 4.0);
                    insert.addBatch();
                }
                insert.executeBatch();
            }
            Scene.same(20, scene.stored("SELECT A, B, C, D, E FROM " + table).size(), "rows");
            Scene.same(List.of("7 0.70"), scene.stored("SELECT A, B FROM " + table + " WHERE E = 1.75"), "a row");
        });
        suite.both("batch: NULL first, and an empty text", scene -> {
            String table = scene.table("ID INTEGER, V VARCHAR(10)");
            try (PreparedStatement insert = scene.prepare("INSERT INTO " + table + " VALUES (?, ?)")) {
                String[] texts = {null, "", "é", null, "0123456789"};
                for (int n = 0; n < texts.length; n++) {
                    insert.setInt(1, n);
                    if (texts[n] == null) {
                        insert.setNull(2, Types.VARCHAR);
                    } else {
                        insert.setString(2, texts[n]);
                    }
                    insert.addBatch();
                }
                insert.executeBatch();
            }
            Scene.same(List.of("0 null", "1 ", "2 é", "3 null", "4 0123456789"), scene.stored("SELECT ID, V FROM " + table), "rows");
        });
        suite.both("batch: UPDATE and DELETE", scene -> {
            String table = scene.table("ID INTEGER, V INTEGER");
            scene.execute("INSERT INTO " + table + " SELECT ID, 0 FROM NUMBERS WHERE ID <= 20");
            try (PreparedStatement update = scene.prepare("UPDATE " + table + " SET V = ? WHERE ID = ?")) {
                for (int n = 1; n <= 20; n += 2) {
                    update.setInt(1, n * n);
                    update.setInt(2, n);
                    update.addBatch();
                }
                Scene.same(10, Arrays.stream(update.executeBatch()).sum(), "updated");
            }
            try (PreparedStatement delete = scene.prepare("DELETE FROM " + table + " WHERE ID = ?")) {
                for (int n = 1; n <= 30; n++) {
                    if (n != 5) {
                        delete.setInt(1, n);
                        delete.addBatch();
                    }
                }
                Scene.same(19, Arrays.stream(delete.executeBatch()).sum(), "deleted");
            }
            Scene.same(List.of("5 25"), scene.stored("SELECT ID, V FROM " + table), "rows");
        });
        suite.both("batch: a row fails and the others stay", scene -> {
            String table = scene.table("ID INTEGER NOT NULL PRIMARY KEY");
            try (PreparedStatement insert = scene.prepare("INSERT INTO " + table + " VALUES (?)")) {
                for (int n : new int[] {1, 2, 2, 3}) {
                    insert.setInt(1, n);
                    insert.addBatch();
                }
                try {
                    insert.executeBatch();
                    throw new AssertionError("the same key twice");
                } catch (BatchUpdateException e) {
                    Scene.same("23505", e.getNextException().getSQLState(), "SQLSTATE");
                    Scene.same(new int[] {1, 1, Statement.EXECUTE_FAILED, 1}, e.getUpdateCounts(), "counts");
                }
            }
            Scene.same(List.of("1", "2", "3"), scene.stored("SELECT ID FROM " + table), "rows");
        });
        suite.jcc("batch: atomic, a row fails and none stays", scene -> {
            String table = scene.table("ID INTEGER NOT NULL PRIMARY KEY");
            Connection connection = scene.open("atomicMultiRowInsert", "1");
            try (PreparedStatement insert = connection.prepareStatement("INSERT INTO " + table + " VALUES (?)")) {
                for (int n : new int[] {1, 2, 2, 3}) {
                    insert.setInt(1, n);
                    insert.addBatch();
                }
                Scene.fails("", insert::executeBatch);
            }
            Scene.same(List.of(), scene.stored("SELECT ID FROM " + table), "rows");
        });
        suite.jcc("batch: atomic, all rows go in", scene -> {
            String table = scene.table("ID INTEGER, V VARCHAR(10)");
            Connection connection = scene.open("atomicMultiRowInsert", "1");
            try (PreparedStatement insert = connection.prepareStatement("INSERT INTO " + table + " VALUES (?, ?)")) {
                for (int n = 0; n < 50; n++) {
                    insert.setInt(1, n);
                    insert.setString(2, "v" + n);
                    insert.addBatch();
                }
                Scene.same(50, insert.executeBatch().length, "counts");
            }
            Scene.same(List.of("50"), scene.stored("SELECT COUNT(*) FROM " + table), "rows");
        });
        suite.jcc("batch: without arrays", scene -> {
            String table = scene.table("ID INTEGER, V VARCHAR(10)");
            Connection connection = scene.open("useMultiRowInsert", "2", "enableMultiRowInsertSupport", "false");
            try (PreparedStatement insert = connection.prepareStatement("INSERT INTO " + table + " VALUES (?, ?)")) {
                for (int n = 0; n < 50; n++) {
                    insert.setInt(1, n);
                    insert.setString(2, "v" + n);
                    insert.addBatch();
                }
                Scene.same(50, Arrays.stream(insert.executeBatch()).sum(), "counts");
            }
            Scene.same(List.of("50"), scene.stored("SELECT COUNT(*) FROM " + table), "rows");
        });
        suite.both("batch: statements as text", scene -> {
            String table = scene.table("ID INTEGER");
            try (Statement statement = scene.connection().createStatement()) {
                statement.addBatch("INSERT INTO " + table + " VALUES (1), (2)");
                statement.addBatch("INSERT INTO " + table + " VALUES (3)");
                statement.addBatch("DELETE FROM " + table + " WHERE ID = 2");
                Scene.same(new int[] {2, 1, 1}, statement.executeBatch(), "counts");
            }
            Scene.same(List.of("1", "3"), scene.stored("SELECT ID FROM " + table), "rows");
        });
        suite.both("batch: empty, and cleared", scene -> {
            String table = scene.table("ID INTEGER");
            try (PreparedStatement insert = scene.prepare("INSERT INTO " + table + " VALUES (?)")) {
                Scene.same(0, insert.executeBatch().length, "counts");
                insert.setInt(1, 1);
                insert.addBatch();
                insert.clearBatch();
                insert.setInt(1, 2);
                insert.addBatch();
                Scene.same(1, insert.executeBatch().length, "counts");
            }
            Scene.same(List.of("2"), scene.stored("SELECT ID FROM " + table), "rows");
        });
        suite.jcc("batch: executeLargeBatch", scene -> {
            String table = scene.table("ID INTEGER");
            try (PreparedStatement insert = scene.prepare("INSERT INTO " + table + " VALUES (?)")) {
                for (int n = 0; n < 3; n++) {
                    insert.setInt(1, n);
                    insert.addBatch();
                }
                Scene.same(3, insert.executeLargeBatch().length, "counts");
            }
            Scene.same(List.of("3"), scene.stored("SELECT COUNT(*) FROM " + table), "rows");
        });
        suite.both("batch: large objects", scene -> {
            String table = scene.table("ID INTEGER, C CLOB(1000000), B BLOB(1000000)");
            try (PreparedStatement insert = scene.prepare("INSERT INTO " + table + " VALUES (?, ?, ?)")) {
                for (int n = 0; n < 5; n++) {
                    insert.setInt(1, n);
                    insert.setString(2, Scene.WORDS.repeat(n * 1000));
                    insert.setBytes(3, Scene.mixed(n * 20_000));
                    insert.addBatch();
                }
                insert.executeBatch();
            }
            Scene.same(List.of("0 0", "1 20000", "2 40000", "3 60000", "4 80000"),
                scene.stored("SELECT ID, LENGTH(B) FROM " + table), "lengths");
        });
        suite.both("keys: of an identity column", scene -> {
            String table = scene.table("ID INTEGER NOT NULL GENERATED ALWAYS AS IDENTITY, V VARCHAR(10)");
            try (PreparedStatement insert = scene.connection().prepareStatement(
                    "INSERT INTO " + table + " (V) VALUES (?)", Statement.RETURN_GENERATED_KEYS)) {
                for (int n = 1; n <= 3; n++) {
                    insert.setString(1, "v" + n);
                    Scene.same(1, insert.executeUpdate(), "inserted");
                    try (ResultSet keys = insert.getGeneratedKeys()) {
                        Scene.same(true, keys.next() && keys.getInt(1) == n, "key " + n);
                    }
                }
            }
        });
        suite.jcc("keys: of a column by its name", scene -> {
            String table = scene.table("ID INTEGER NOT NULL GENERATED BY DEFAULT AS IDENTITY (START WITH 10), V VARCHAR(10)");
            try (PreparedStatement insert = scene.connection().prepareStatement(
                    "INSERT INTO " + table + " (V) VALUES (?)", new String[] {"ID"})) {
                insert.setString(1, "v");
                Scene.same(1, insert.executeUpdate(), "inserted");
                try (ResultSet keys = insert.getGeneratedKeys()) {
                    Scene.same(true, keys.next() && keys.getInt(1) == 10, "key");
                }
            }
        });
        suite.jcc("keys: SELECT FROM FINAL TABLE", scene -> {
            String table = scene.table("ID INTEGER, V VARCHAR(10)");
            Scene.same(List.of("1 a", "2 b"),
                scene.rows("SELECT ID, V FROM FINAL TABLE (INSERT INTO " + table + " VALUES (1, 'a'), (2, 'b'))"), "rows");
            Scene.same(List.of("2"), scene.stored("SELECT COUNT(*) FROM " + table), "rows");
        });
    }

    private static void insert(Scene scene, int rows, String type) throws Exception {
        String table = scene.table("ID INTEGER, V " + type);
        int most = Math.min(30_000, Integer.parseInt(type.replaceAll("\\D", "")));
        try (PreparedStatement insert = scene.prepare("INSERT INTO " + table + " VALUES (?, ?)")) {
            for (int n = 0; n < rows; n++) {
                insert.setInt(1, n);
                insert.setString(2, value(n, most));
                insert.addBatch();
            }
            int[] counts = insert.executeBatch();
            Scene.same(rows, counts.length, "counts");
        }
        try (Statement statement = scene.connection().createStatement();
             ResultSet got = statement.executeQuery("SELECT ID, V FROM " + table)) {
            for (int n = 0; n < rows; n++) {
                Scene.same(true, got.next(), "row " + n);
                Scene.same(n, got.getInt(1), "row " + n);
                Scene.same(value(n, most), got.getString(2), "row " + n);
            }
            Scene.same(false, got.next(), "the end");
        }
    }

    private static String value(int n, int most) {
        return n % 7 == 3 ? null : ("row " + n).repeat(1 + most / 2 / ("row " + n).length() * (n % 2));
    }
}
