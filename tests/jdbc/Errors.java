import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLIntegrityConstraintViolationException;
import java.sql.SQLSyntaxErrorException;
import java.sql.Statement;
import java.util.List;

/** Errors with their codes and texts; warnings. */
final class Errors {
    private Errors() {
    }

    static void add(Suite suite) {
        suite.both("error: no such table", scene -> {
            SQLException e = fails(scene, "42704", "42X05", -204, () -> scene.rows("SELECT * FROM NOWHERE"));
            names(e, "NOWHERE");
        });
        suite.both("error: no such column", scene ->
            names(fails(scene, "42703", "42X04", -206, () -> scene.rows("SELECT NOTHING FROM NUMBERS")), "NOTHING"));
        suite.both("error: syntax", scene -> {
            SQLException e = fails(scene, "42601", "42X01", -104, () -> run(scene, "SELEKT ID FROM NUMBERS"));
            Scene.same(true, e instanceof SQLSyntaxErrorException, e.getClass() + " " + e.getMessage());
        });
        suite.both("error: syntax in the middle, and at the end", scene -> {
            fails(scene, "42601", "42X01", 0, () -> scene.rows("SELECT ID FROM NUMBERS WHERE WHERE ID = 1"));
            fails(scene, "42601", "42X01", 0, () -> scene.rows("SELECT ID FROM"));
            fails(scene, "42601", "42X01", 0, () -> scene.rows("SELECT ID FROM NUMBERS WHERE ID = (1"));
            fails(scene, "42", "42", 0, () -> run(scene, "::"));
        });
        suite.both("error: a key twice", scene -> {
            String table = scene.table("ID INTEGER NOT NULL PRIMARY KEY");
            scene.execute("INSERT INTO " + table + " VALUES (1)");
            SQLException e = fails(scene, "23505", "23505", -803, () -> scene.execute("INSERT INTO " + table + " VALUES (1)"));
            Scene.same(true, e instanceof SQLIntegrityConstraintViolationException, e.getClass().toString());
        });
        suite.both("error: NULL where there may be none", scene -> {
            String table = scene.table("ID INTEGER NOT NULL");
            fails(scene, "23502", "23502", -407, () -> scene.execute("INSERT INTO " + table + " VALUES (NULL)"));
        });
        suite.both("error: a check", scene -> {
            String table = scene.table("ID INTEGER CHECK (ID > 0)");
            fails(scene, "23513", "23513", -545, () -> scene.execute("INSERT INTO " + table + " VALUES (0)"));
        });
        suite.both("error: a text that is too long", scene -> {
            String table = scene.table("V VARCHAR(3)");
            fails(scene, "22001", "22001", 0, () -> scene.execute("INSERT INTO " + table + " VALUES ('abcd')"));
            try (PreparedStatement insert = scene.prepare("INSERT INTO " + table + " VALUES (?)")) {
                insert.setString(1, "abcd");
                fails(scene, "22001", "22001", 0, insert::executeUpdate);
            }
        });
        suite.both("error: a number out of range", scene -> {
            String table = scene.table("V SMALLINT, D DECIMAL(5,2)");
            fails(scene, "22003", "22003", 0, () -> scene.execute("INSERT INTO " + table + " VALUES (40000, 1)"));
            try (PreparedStatement insert = scene.prepare("INSERT INTO " + table + " VALUES (?, ?)")) {
                insert.setInt(1, 1);
                insert.setBigDecimal(2, new BigDecimal("12345.6"));
                fails(scene, "22003", "22003", 0, insert::executeUpdate);
            }
        });
        suite.both("error: division by zero", scene -> {
            SQLException e = Scene.fails(scene.product.equals("jcc") ? "22012" : "22012",
                () -> scene.rows("SELECT 1 / (ID - 1) FROM NUMBERS WHERE ID = 1"));
            Scene.same(scene.product.equals("jcc") ? -801 : e.getErrorCode(), e.getErrorCode(), "SQLCODE");
        });
        suite.both("error: no date", scene ->
            fails(scene, "22007", "22007", -181, () -> scene.rows("SELECT CAST('2024-02-30' AS DATE) FROM SYSIBM.SYSDUMMY1")));
        suite.both("error: a table that is there already", scene -> {
            String table = scene.table("ID INTEGER");
            names(fails(scene, "42710", "X0Y32", -601, () -> scene.execute("CREATE TABLE " + table + " (ID INTEGER)")), table);
        });
        suite.both("error: types that do not fit", scene ->
            fails(scene, "42", "42", 0, () -> scene.rows("SELECT ID FROM NUMBERS WHERE ID = DATE('2024-01-01')")));
        suite.both("error: in the middle of a result", scene -> {
            try (Statement statement = scene.connection().createStatement()) {
                statement.setFetchSize(1);
                Scene.fails("22012", () -> {
                    try (ResultSet rows = statement.executeQuery("SELECT 1000 / (ID - 900) FROM NUMBERS ORDER BY ID")) {
                        while (rows.next()) {
                            rows.getInt(1);
                        }
                    }
                });
            }
            Scene.same(List.of("1"), scene.rows("SELECT ID FROM NUMBERS WHERE ID = 1"), "goes on");
        });
        suite.both("error: a query that is no query, and the other way round", scene -> {
            String table = scene.table("ID INTEGER");
            try (Statement statement = scene.connection().createStatement()) {
                Scene.fails("", () -> statement.executeQuery("INSERT INTO " + table + " VALUES (1)"));
                Scene.fails("", () -> statement.executeUpdate("SELECT ID FROM NUMBERS"));
            }
            Scene.same(List.of("1"), scene.rows("SELECT ID FROM NUMBERS WHERE ID = 1"), "goes on");
        });
        suite.both("error: one after the other", scene -> {
            for (int n = 0; n < 20; n++) {
                Scene.fails("42", () -> scene.rows("SELECT * FROM NOWHERE"));
                Scene.same(List.of("1"), scene.rows("SELECT ID FROM NUMBERS WHERE ID = 1"), "goes on");
            }
        });
        suite.jcc("error: the text of the server", scene -> {
            Connection connection = scene.open("retrieveMessagesFromServerOnGetMessage", "true");
            SQLException e = Scene.fails("42704", () -> Scene.rows(connection, "SELECT * FROM NOWHERE"));
            Scene.same(true, e.getMessage().contains("not defined") && e.getMessage().contains("NOWHERE"), e.getMessage());
        });
        suite.jcc("error: tokens and parts of the SQLCA", scene -> {
            SQLException e = Scene.fails("42704", () -> scene.rows("SELECT * FROM NOWHERE"));
            Object sqlca = e.getClass().getMethod("getSqlca").invoke(e);
            String tokens = (String) sqlca.getClass().getMethod("getSqlErrmc").invoke(sqlca);
            Scene.same(true, tokens.contains("NOWHERE"), tokens);
            Scene.same(-204, sqlca.getClass().getMethod("getSqlCode").invoke(sqlca), "SQLCODE");
        });
        suite.both("warning: none where there is nothing", scene -> {
            Scene.same(null, scene.connection().getWarnings(), "of the connection");
            try (Statement statement = scene.connection().createStatement();
                 ResultSet rows = statement.executeQuery("SELECT ID FROM NUMBERS WHERE ID = 1")) {
                Scene.same(true, rows.next(), "a row");
                Scene.same(null, statement.getWarnings(), "of the statement");
                Scene.same(null, rows.getWarnings(), "of the result");
            }
        });
        suite.both("warning: no row to change is no error", scene -> {
            String table = scene.table("ID INTEGER");
            try (Statement statement = scene.connection().createStatement()) {
                Scene.same(0, statement.executeUpdate("DELETE FROM " + table), "deleted");
                Scene.same(0, statement.executeUpdate("DELETE FROM " + table + " WHERE ID = 5"), "deleted");
            }
        });
    }

    /** The error that each product has; code 0 is any. */
    private static SQLException fails(Scene scene, String db2, String derby, int code, Scene.Act act) throws Exception {
        boolean jcc = scene.product.equals("jcc");
        SQLException e = Scene.fails(jcc ? db2 : derby, act);
        Scene.same(jcc && code != 0 ? code : e.getErrorCode(), e.getErrorCode(), "SQLCODE of: " + e.getMessage());
        return e;
    }

    /** Whatever it is: a driver would refuse to query with what does not look like a query. */
    private static void run(Scene scene, String sql) throws SQLException {
        try (Statement statement = scene.connection().createStatement()) {
            statement.execute(sql);
        }
    }

    private static void names(SQLException e, String word) {
        Scene.same(true, e.getMessage().contains(word), word + " in: " + e.getMessage());
    }
}
