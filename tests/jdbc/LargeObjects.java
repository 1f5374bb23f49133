import java.io.ByteArrayInputStream;
import java.io.StringReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.sql.Blob;
import java.sql.Clob;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.Statement;
import java.sql.Types;
import java.util.List;

/** CLOB, BLOB and DBCLOB, in each way in which a driver moves them. */
final class LargeObjects {
    private static final String ALL = "SELECT ID, C, B FROM LOBS";

    private LargeObjects() {
    }

    static void add(Suite suite) {
        suite.both("lob: read as String and bytes", scene -> {
            scene.connection().setAutoCommit(false);
            whole(scene.connection());
        });
        suite.both("lob: read as Clob and Blob", scene -> {
            scene.connection().setAutoCommit(false);
            objects(scene.connection());
        });
        suite.both("lob: read as streams", scene -> {
            scene.connection().setAutoCommit(false);
            streams(scene.connection());
        });
        suite.both("lob: read in autocommit", scene -> whole(scene.connection()));
        String[][] ways = {
            {"materialised", "progressiveStreaming", "2", "fullyMaterializeLobData", "true"},
            {"by locators", "progressiveStreaming", "2", "fullyMaterializeLobData", "false"},
            {"progressive", "progressiveStreaming", "1"},
            {"progressive, in small pieces", "progressiveStreaming", "1", "streamBufferSize", "1024"},
        };
        for (String[] way : ways) {
            String[] properties = java.util.Arrays.copyOfRange(way, 1, way.length);
            suite.jcc("lob: " + way[0] + ", as String and bytes", scene -> whole(open(scene, properties)));
            suite.jcc("lob: " + way[0] + ", as Clob and Blob", scene -> objects(open(scene, properties)));
            suite.jcc("lob: " + way[0] + ", as streams", scene -> streams(open(scene, properties)));
        }
        suite.both("lob: parts and positions", scene -> {
            scene.connection().setAutoCommit(false);
            try (Statement statement = scene.connection().createStatement();
                 ResultSet rows = statement.executeQuery("SELECT C, B FROM LOBS WHERE ID = 4")) {
                Scene.same(true, rows.next(), "a row");
                Clob clob = rows.getClob(1);
                Blob blob = rows.getBlob(2);
                Scene.same(Scene.text(4).substring(6, 5006), clob.getSubString(7, 5000), "a part");
                Scene.same(java.util.Arrays.copyOfRange(Scene.bytes(4), 99, 50_099), blob.getBytes(100, 50_000), "bytes");
                Scene.same(7L, clob.position("日本", 1), "position");
                Scene.same(Scene.text(4).length() - 2L, clob.position("𝄞 ", clob.length() - 5), "position at the end");
                byte[] pattern = java.util.Arrays.copyOfRange(Scene.bytes(4), 5000, 5040);
                Scene.same(5001L, blob.position(pattern, 1), "position of bytes");
                Scene.same("", clob.getSubString(clob.length() + 1, 10), "after the end");
            }
        });
        suite.both("lob: rows beside each other", scene -> {
            scene.connection().setAutoCommit(false);
            try (Statement statement = scene.connection().createStatement();
                 ResultSet rows = statement.executeQuery("SELECT B, ID, C, B FROM LOBS")) {
                for (int row = 1; row <= 5; row++) {
                    Scene.same(true, rows.next(), "row " + row);
                    Scene.same(Scene.bytes(row), rows.getBytes(4), "BLOB");
                    Scene.same(Scene.text(row), rows.getString(3), "CLOB");
                    Scene.same(row, rows.getInt(2), "number");
                }
            }
        });
        suite.both("lob: columns that are not looked at", scene -> {
            scene.connection().setAutoCommit(false);
            try (Statement statement = scene.connection().createStatement(); ResultSet rows = statement.executeQuery(ALL)) {
                for (int row = 1; row <= Scene.SIZES.length; row++) {
                    Scene.same(true, rows.next() && rows.getInt(1) == row, "row " + row);
                }
                Scene.same(false, rows.next(), "the end");
            }
        });
        suite.both("lob: written as String and bytes", scene -> written(scene, (insert, row) -> {
            insert.setString(2, Scene.text(row));
            insert.setBytes(3, Scene.bytes(row));
        }));
        suite.both("lob: written by streams of a known length", scene -> written(scene, (insert, row) -> {
            if (Scene.text(row) == null) {
                insert.setNull(2, Types.CLOB);
                insert.setNull(3, Types.BLOB);
            } else {
                insert.setCharacterStream(2, new StringReader(Scene.text(row)), Scene.text(row).length());
                insert.setBinaryStream(3, new ByteArrayInputStream(Scene.bytes(row)), Scene.bytes(row).length);
            }
        }));
        suite.both("lob: written by streams of any length", scene -> written(scene, (insert, row) -> {
            if (Scene.text(row) == null) {
                insert.setNull(2, Types.CLOB);
                insert.setNull(3, Types.BLOB);
            } else {
                insert.setCharacterStream(2, new StringReader(Scene.text(row)));
                insert.setBinaryStream(3, new ByteArrayInputStream(Scene.bytes(row)));
            }
        }));
        suite.both("lob: written as createClob and createBlob", scene -> written(scene, (insert, row) -> {
            if (Scene.text(row) == null) {
                insert.setNull(2, Types.CLOB);
                insert.setNull(3, Types.BLOB);
                return;
            }
            Clob clob = scene.connection().createClob();
            clob.setString(1, Scene.text(row));
            Blob blob = scene.connection().createBlob();
            blob.setBytes(1, Scene.bytes(row));
            insert.setClob(2, clob);
            insert.setBlob(3, blob);
        }));
        suite.both("lob: copied from row to row", scene -> written(scene, (insert, row) -> {
            try (Statement statement = scene.connection().createStatement();
                 ResultSet rows = statement.executeQuery("SELECT C, B FROM LOBS WHERE ID = " + row)) {
                rows.next();
                insert.setClob(2, rows.getClob(1));
                insert.setBlob(3, rows.getBlob(2));
                insert.executeUpdate();
            }
        }));
        suite.both("lob: as literals", scene -> {
            String table = scene.table("C CLOB(1000), B BLOB(1000)");
            scene.execute("INSERT INTO " + table + " VALUES ('text', " + (scene.product.equals("jcc") ? "BLOB(X'00FF')" : "CAST(X'00FF' AS BLOB)") + ")");
            scene.connection().setAutoCommit(false);
            try (Statement statement = scene.connection().createStatement();
                 ResultSet rows = statement.executeQuery("SELECT C, B FROM " + table)) {
                Scene.same(true, rows.next() && rows.getString(1).equals("text"), "CLOB");
                Scene.same(new byte[] {0, -1}, rows.getBytes(2), "BLOB");
            }
        });
        suite.both("lob: changed by UPDATE", scene -> {
            String table = scene.table("ID INTEGER, C CLOB(1000000)");
            scene.execute("INSERT INTO " + table + " VALUES (1, 'short'), (2, 'other')");
            try (PreparedStatement update = scene.prepare("UPDATE " + table + " SET C = ? WHERE ID = ?")) {
                update.setString(1, Scene.text(4));
                update.setInt(2, 1);
                Scene.same(1, update.executeUpdate(), "updated");
            }
            Scene.same(List.of("1 " + Scene.text(4), "2 other"), scene.stored("SELECT ID, C FROM " + table), "rows");
        });
        suite.both("lob: too long for its column", scene -> {
            String table = scene.table("C CLOB(100)");
            try (PreparedStatement insert = scene.prepare("INSERT INTO " + table + " VALUES (?)")) {
                insert.setString(1, "x".repeat(101));
                Scene.fails("22001", insert::executeUpdate);
                insert.setString(1, "x".repeat(100));
                Scene.same(1, insert.executeUpdate(), "inserted");
            }
        });
        suite.jcc("lob: DBCLOB", scene -> {
            String table = scene.table("ID INTEGER, V DBCLOB(500000)");
            try (PreparedStatement insert = scene.prepare("INSERT INTO " + table + " VALUES (?, ?)")) {
                for (int row : new int[] {1, 2, 3, 4}) {
                    insert.setInt(1, row);
                    insert.setString(2, Scene.text(row));
                    Scene.same(1, insert.executeUpdate(), "inserted");
                }
            }
            try (Statement statement = scene.connection().createStatement();
                 ResultSet rows = statement.executeQuery("SELECT ID, V FROM " + table)) {
                for (int row : new int[] {1, 2, 3, 4}) {
                    Scene.same(true, rows.next() && rows.getInt(1) == row, "row " + row);
                    Scene.same(Scene.text(row), rows.getString(2), "value");
                }
            }
        });
        suite.both("lob: changed in hand, and written back", scene -> {
            String table = scene.table("ID INTEGER, C CLOB(1000), B BLOB(1000)");
            scene.execute("INSERT INTO " + table + " VALUES (1, 'abc', NULL)");
            scene.connection().setAutoCommit(false);
            Clob clob;
            try (Statement statement = scene.connection().createStatement();
                 ResultSet rows = statement.executeQuery("SELECT C FROM " + table)) {
                Scene.same(true, rows.next(), "a row");
                clob = scene.connection().createClob();
                clob.setString(1, rows.getString(1) + "def");
                try (Writer writer = clob.setCharacterStream(clob.length() + 1)) {
                    writer.write("ghi");
                }
            }
            try (PreparedStatement update = scene.prepare("UPDATE " + table + " SET C = ?, B = ? WHERE ID = 1")) {
                update.setClob(1, clob);
                update.setBlob(2, new ByteArrayInputStream("bytes".getBytes(StandardCharsets.US_ASCII)));
                Scene.same(1, update.executeUpdate(), "updated");
            }
            scene.connection().commit();
            Scene.same(List.of("1 abcdefghi"), scene.stored("SELECT ID, C FROM " + table), "row");
        });
    }

    private interface Setter {
        void set(PreparedStatement insert, int row) throws Exception;
    }

    private static Connection open(Scene scene, String... properties) throws Exception {
        Connection connection = scene.open(properties);
        connection.setAutoCommit(false);
        return connection;
    }

    private static void whole(Connection connection) throws Exception {
        try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery(ALL)) {
            for (int row = 1; row <= Scene.SIZES.length; row++) {
                Scene.same(true, rows.next() && rows.getInt(1) == row, "row " + row);
                Scene.same(Scene.text(row), rows.getString(2), "CLOB of " + row);
                Scene.same(Scene.bytes(row), rows.getBytes(3), "BLOB of " + row);
            }
            Scene.same(false, rows.next(), "the end");
        }
    }

    private static void objects(Connection connection) throws Exception {
        try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery(ALL)) {
            for (int row = 1; row <= Scene.SIZES.length; row++) {
                Scene.same(true, rows.next() && rows.getInt(1) == row, "row " + row);
                Clob clob = rows.getClob(2);
                Blob blob = rows.getBlob(3);
                if (Scene.text(row) == null) {
                    Scene.same(true, clob == null && blob == null, "NULL");
                    continue;
                }
                Scene.same((long) Scene.text(row).length(), clob.length(), "length of CLOB " + row);
                Scene.same((long) Scene.bytes(row).length, blob.length(), "length of BLOB " + row);
                Scene.same(Scene.text(row), Scene.read(clob), "CLOB of " + row);
                Scene.same(Scene.bytes(row), blob.getBytes(1, (int) blob.length()), "BLOB of " + row);
                clob.free();
                blob.free();
            }
        }
    }

    private static void streams(Connection connection) throws Exception {
        try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery(ALL)) {
            for (int row = 1; row <= Scene.SIZES.length; row++) {
                Scene.same(true, rows.next() && rows.getInt(1) == row, "row " + row);
                var reader = rows.getCharacterStream(2);
                Scene.same(Scene.text(row), reader == null ? null : Scene.read(reader), "CLOB of " + row);
                var stream = rows.getBinaryStream(3);
                Scene.same(Scene.bytes(row), stream == null ? null : Scene.read(stream), "BLOB of " + row);
            }
        }
    }

    /** Rows that are written so are those of LOBS. */
    private static void written(Scene scene, Setter setter) throws Exception {
        String table = scene.table("ID INTEGER, C CLOB(10000000), B BLOB(10000000)");
        scene.connection().setAutoCommit(false);
        try (PreparedStatement insert = scene.prepare("INSERT INTO " + table + " VALUES (?, ?, ?)")) {
            for (int row = 1; row <= 5; row++) {
                insert.setInt(1, row);
                setter.set(insert, row);
                if (scene.rows("SELECT ID FROM " + table + " WHERE ID = " + row).isEmpty()) {
                    Scene.same(1, insert.executeUpdate(), "inserted " + row);
                }
            }
        }
        try (Statement statement = scene.connection().createStatement();
             ResultSet rows = statement.executeQuery("SELECT ID, C, B FROM " + table)) {
            for (int row = 1; row <= 5; row++) {
                Scene.same(true, rows.next() && rows.getInt(1) == row, "row " + row);
                Scene.same(Scene.text(row), rows.getString(2), "CLOB of " + row);
                Scene.same(Scene.bytes(row), rows.getBytes(3), "BLOB of " + row);
            }
            Scene.same(false, rows.next(), "the end");
        }
        scene.connection().commit();
    }
}
