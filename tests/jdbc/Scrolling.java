import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;

/** Cursors that scroll, and cursors that outlive a unit of work. */
final class Scrolling {
    private static final String HUNDRED = "SELECT ID, NAME FROM NUMBERS FETCH FIRST 100 ROWS ONLY";

    private Scrolling() {
    }

    static void add(Suite suite) {
        suite.both("scroll: every move", scene -> moves(scene, ResultSet.TYPE_SCROLL_INSENSITIVE, 0));
        for (int size : new int[] {1, 3, 50, 1000}) {
            suite.both("scroll: every move, by " + size, scene -> moves(scene, ResultSet.TYPE_SCROLL_INSENSITIVE, size));
        }
        suite.jcc("scroll: sensitive", scene -> moves(scene, ResultSet.TYPE_SCROLL_SENSITIVE, 0));
        suite.both("scroll: last, and back", scene -> {
            try (Statement statement = scrolling(scene.connection());
                 ResultSet rows = statement.executeQuery("SELECT ID FROM NUMBERS")) {
                at(rows, rows.last(), 1000, "last");
                for (int n = 999; n >= 1; n--) {
                    at(rows, rows.previous(), n, "previous");
                }
                Scene.same(false, rows.previous(), "before the first");
                Scene.same(true, rows.isBeforeFirst(), "isBeforeFirst");
            }
        });
        suite.both("scroll: afterLast and beforeFirst", scene -> {
            try (Statement statement = scrolling(scene.connection()); ResultSet rows = statement.executeQuery(HUNDRED)) {
                rows.afterLast();
                Scene.same(true, rows.isAfterLast(), "isAfterLast");
                at(rows, rows.previous(), 100, "previous");
                rows.beforeFirst();
                Scene.same(true, rows.isBeforeFirst(), "isBeforeFirst");
                at(rows, rows.next(), 1, "next");
            }
        });
        suite.both("scroll: an empty result", scene -> {
            try (Statement statement = scrolling(scene.connection());
                 ResultSet rows = statement.executeQuery("SELECT ID FROM NUMBERS WHERE ID = -1")) {
                Scene.same(false, rows.next(), "next");
                Scene.same(false, rows.first(), "first");
                Scene.same(false, rows.last(), "last");
                Scene.same(false, rows.absolute(1), "absolute");
                Scene.same(false, rows.isBeforeFirst(), "isBeforeFirst");
            }
        });
        suite.both("scroll: one row", scene -> {
            try (Statement statement = scrolling(scene.connection());
                 ResultSet rows = statement.executeQuery("SELECT ID FROM NUMBERS WHERE ID = 1")) {
                at(rows, rows.last(), 1, "last");
                Scene.same(true, rows.isFirst() && rows.isLast(), "first and last");
                Scene.same(false, rows.next(), "after it");
                at(rows, rows.first(), 1, "first");
            }
        });
        suite.both("scroll: with parameters, and again", scene -> {
            try (var select = scene.connection().prepareStatement("SELECT ID FROM NUMBERS WHERE ID <= ? ORDER BY ID",
                    ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_READ_ONLY)) {
                for (int most : new int[] {5, 300, 1}) {
                    select.setInt(1, most);
                    try (ResultSet rows = select.executeQuery()) {
                        at(rows, rows.last(), most, "last of " + most);
                        at(rows, rows.first(), 1, "first of " + most);
                    }
                }
            }
        });
        suite.both("scroll: forward alone", scene -> {
            try (Statement statement = scrolling(scene.connection());
                 ResultSet rows = statement.executeQuery("SELECT ID FROM NUMBERS")) {
                Scene.same(Statements.numbers(1000), Scene.rows(rows), "rows");
            }
        });
        suite.both("scroll: large objects", scene -> {
            try (Statement statement = scrolling(scene.connection());
                 ResultSet rows = statement.executeQuery("SELECT ID, C, B FROM LOBS")) {
                for (int n : new int[] {4, 1, 3, 5, 2}) {
                    at(rows, rows.absolute(n), n, "absolute " + n);
                    Scene.same(Scene.text(n), rows.getString(2), "CLOB of " + n);
                    Scene.same(Scene.bytes(n), rows.getBytes(3), "BLOB of " + n);
                }
            }
        });
        suite.both("scroll: rows that are wide", scene -> {
            String table = scene.table("ID INTEGER, V VARCHAR(20000)");
            for (int n = 1; n <= 30; n++) {
                scene.execute("INSERT INTO " + table + " VALUES (" + n + ", '" + "x".repeat(n * 300) + "')");
            }
            try (Statement statement = scrolling(scene.connection());
                 ResultSet rows = statement.executeQuery("SELECT ID, V FROM " + table)) {
                for (int n = 1; n <= 30; n++) {
                    at(rows, rows.next(), n, "next " + n);
                    Scene.same(n * 300, rows.getString(2).length(), "length " + n);
                }
                for (int n : new int[] {30, 1, 17, 2}) {
                    at(rows, rows.absolute(n), n, "absolute " + n);
                    Scene.same(n * 300, rows.getString(2).length(), "length " + n);
                }
            }
        });
        suite.both("hold: results live on after a commit", scene -> {
            Connection connection = scene.connection();
            connection.setAutoCommit(false);
            Scene.same(ResultSet.HOLD_CURSORS_OVER_COMMIT, connection.getHoldability(), "the default");
            try (Statement statement = connection.createStatement()) {
                statement.setFetchSize(10);
                ResultSet rows = statement.executeQuery("SELECT ID, NAME FROM NUMBERS");
                for (int n = 1; n <= 1000; n++) {
                    Scene.same(true, rows.next() && rows.getInt(1) == n, "row " + n);
                    if (n % 250 == 0) {
                        connection.commit();
                    }
                }
                Scene.same(false, rows.next(), "the end");
            }
        });
        suite.both("hold: results end with a commit", scene -> {
            Connection connection = scene.connection();
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement(ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_READ_ONLY,
                    ResultSet.CLOSE_CURSORS_AT_COMMIT);
                 ResultSet rows = statement.executeQuery("SELECT ID FROM NUMBERS")) {
                Scene.same(true, rows.next(), "a row");
                connection.commit();
                Scene.fails("", () -> {
                    while (rows.next()) {
                        // To the end of what is here already.
                    }
                });
            }
        });
        suite.both("hold: results end with a rollback", scene -> {
            Connection connection = scene.connection();
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement();
                 ResultSet rows = statement.executeQuery("SELECT ID FROM NUMBERS")) {
                Scene.same(true, rows.next(), "a row");
                connection.rollback();
                Scene.fails("", rows::next);
            }
        });
        suite.jcc("hold: resultSetHoldability=2", scene -> {
            Connection connection = scene.open("resultSetHoldability", "2");
            Scene.same(ResultSet.CLOSE_CURSORS_AT_COMMIT, connection.getHoldability(), "holdability");
            Scene.same(List.of("1"), Scene.rows(connection, "SELECT ID FROM NUMBERS WHERE ID = 1"), "row");
        });
        suite.both("hold: a cursor that scrolls lives on after a commit", scene -> {
            Connection connection = scene.connection();
            connection.setAutoCommit(false);
            try (Statement statement = scrolling(connection); ResultSet rows = statement.executeQuery(HUNDRED)) {
                at(rows, rows.absolute(80), 80, "absolute");
                connection.commit();
                at(rows, rows.absolute(10), 10, "after a commit");
                at(rows, rows.last(), 100, "last");
            }
        });
        suite.both("hold: changes while a result is read", scene -> {
            String table = scene.table("ID INTEGER");
            scene.connection().setAutoCommit(false);
            int read = 0;
            try (Statement statement = scene.connection().createStatement();
                 ResultSet rows = statement.executeQuery("SELECT ID FROM NUMBERS FETCH FIRST 50 ROWS ONLY")) {
                while (rows.next()) {
                    read++;
                    scene.execute("INSERT INTO " + table + " VALUES (" + rows.getInt(1) + ")");
                }
            }
            scene.connection().commit();
            Scene.same(50, read, "rows read");
            Scene.same(List.of("50"), scene.stored("SELECT COUNT(*) FROM " + table), "rows stored");
        });
    }

    static Statement scrolling(Connection connection) throws SQLException {
        return connection.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_READ_ONLY);
    }

    /** On the row of that number, which is its value as well. */
    static void at(ResultSet rows, boolean there, int row, String what) throws SQLException {
        Scene.same(true, there, what);
        Scene.same(row, rows.getRow(), what + ": getRow");
        Scene.same(row, rows.getInt(1), what + ": value");
    }

    private static void moves(Scene scene, int type, int size) throws Exception {
        try (Statement statement = scene.connection().createStatement(type, ResultSet.CONCUR_READ_ONLY)) {
            statement.setFetchSize(size);
            try (ResultSet rows = statement.executeQuery(HUNDRED)) {
                Scene.same(true, rows.isBeforeFirst(), "isBeforeFirst");
                for (int n = 1; n <= 70; n++) {
                    at(rows, rows.next(), n, "next " + n);
                }
                at(rows, rows.absolute(50), 50, "absolute 50");
                at(rows, rows.previous(), 49, "previous");
                at(rows, rows.relative(-40), 9, "relative -40");
                at(rows, rows.relative(3), 12, "relative 3");
                at(rows, rows.relative(0), 12, "relative 0");
                at(rows, rows.last(), 100, "last");
                Scene.same(true, rows.isLast(), "isLast");
                Scene.same(false, rows.next(), "after the last");
                Scene.same(true, rows.isAfterLast(), "isAfterLast");
                at(rows, rows.previous(), 100, "back on the last");
                at(rows, rows.first(), 1, "first");
                Scene.same(true, rows.isFirst(), "isFirst");
                Scene.same(false, rows.previous(), "before the first");
                at(rows, rows.next(), 1, "next from before");
                at(rows, rows.absolute(-1), 100, "absolute -1");
                at(rows, rows.absolute(-100), 1, "absolute -100");
                Scene.same(false, rows.absolute(-101), "absolute -101");
                Scene.same(false, rows.absolute(101), "absolute 101");
                Scene.same(true, rows.isAfterLast(), "isAfterLast");
                at(rows, rows.absolute(77), 77, "absolute 77");
                Scene.same("name 77", rows.getString(2), "text");
            }
        }
    }
}
