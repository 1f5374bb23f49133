import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.List;

/** Units of work, savepoints, isolation; statements that are broken off. */
final class Transactions {
    private Transactions() {
    }

    /** Has a connection wait for locks for a second only. A real Derby has no such statement, and is told when it starts. */
    private static void impatient(Connection connection) throws SQLException {
        try {
            change(connection, "SET CURRENT LOCK TIMEOUT 1");
        } catch (SQLException e) {
            if (!e.getSQLState().equals("42X01")) {
                throw e;
            }
        }
    }

    private static void change(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.executeUpdate(sql);
        }
    }

    static void add(Suite suite) {
        suite.both("transaction: autocommit is the default", scene -> {
            Scene.same(true, scene.connection().getAutoCommit(), "autocommit");
            String table = scene.table("ID INTEGER");
            scene.execute("INSERT INTO " + table + " VALUES (1)");
            Scene.same(List.of("1"), scene.stored("SELECT ID FROM " + table), "rows");
        });
        suite.both("transaction: commit", scene -> {
            String table = scene.table("ID INTEGER");
            scene.connection().setAutoCommit(false);
            scene.execute("INSERT INTO " + table + " VALUES (1)", "INSERT INTO " + table + " VALUES (2)");
            scene.connection().commit();
            Scene.same(List.of("1", "2"), scene.stored("SELECT ID FROM " + table), "rows");
        });
        suite.both("transaction: rollback", scene -> {
            String table = scene.table("ID INTEGER");
            scene.execute("INSERT INTO " + table + " VALUES (1)");
            scene.connection().setAutoCommit(false);
            scene.execute("INSERT INTO " + table + " VALUES (2)", "DELETE FROM " + table + " WHERE ID = 1");
            Scene.same(List.of("2"), scene.rows("SELECT ID FROM " + table), "within");
            scene.connection().rollback();
            Scene.same(List.of("1"), scene.rows("SELECT ID FROM " + table), "after it");
        });
        suite.both("transaction: setAutoCommit commits", scene -> {
            String table = scene.table("ID INTEGER");
            scene.connection().setAutoCommit(false);
            scene.execute("INSERT INTO " + table + " VALUES (1)");
            scene.connection().setAutoCommit(true);
            Scene.same(List.of("1"), scene.stored("SELECT ID FROM " + table), "rows");
        });
        suite.both("transaction: a definition is undone", scene -> {
            scene.connection().setAutoCommit(false);
            String table = scene.table("ID INTEGER");
            scene.connection().rollback();
            Scene.fails("42", () -> scene.rows("SELECT ID FROM " + table));
        });
        suite.both("transaction: a locked table is read and not changed", scene -> {
            String table = scene.table("ID INTEGER");
            scene.connection().setAutoCommit(false);
            Connection other = scene.open();
            other.setAutoCommit(false);
            impatient(other);
            scene.execute("LOCK TABLE " + table + " IN SHARE MODE");
            Scene.same(List.of(), Scene.rows(other, "SELECT ID FROM " + table), "read");
            Scene.fails("40", () -> change(other, "INSERT INTO " + table + " VALUES (1)"));
            scene.connection().commit();
            scene.execute("LOCK TABLE " + table + " IN EXCLUSIVE MODE");
            Scene.fails("40", () -> Scene.rows(other, "SELECT ID FROM " + table));
            scene.connection().commit();
            change(other, "INSERT INTO " + table + " VALUES (2)");
            other.commit();
            Scene.same(List.of("2"), scene.rows("SELECT ID FROM " + table), "rows");
        });
        suite.both("transaction: a savepoint is gone back to", scene -> {
            String table = scene.table("ID INTEGER");
            scene.connection().setAutoCommit(false);
            scene.execute("INSERT INTO " + table + " VALUES (1)");
            Savepoint point = scene.connection().setSavepoint("HERE");
            scene.execute("INSERT INTO " + table + " VALUES (2)");
            scene.connection().rollback(point);
            scene.execute("INSERT INTO " + table + " VALUES (3)");
            scene.connection().commit();
            Scene.same(List.of("1", "3"), scene.stored("SELECT ID FROM " + table), "rows");
        });
        suite.both("transaction: a savepoint without a name", scene -> {
            String table = scene.table("ID INTEGER");
            scene.connection().setAutoCommit(false);
            Savepoint point = scene.connection().setSavepoint();
            scene.execute("INSERT INTO " + table + " VALUES (2)");
            scene.connection().rollback(point);
            scene.connection().commit();
            Scene.same(List.of(), scene.stored("SELECT ID FROM " + table), "rows");
        });
        suite.both("transaction: a savepoint is released", scene -> {
            String table = scene.table("ID INTEGER");
            scene.connection().setAutoCommit(false);
            Savepoint point = scene.connection().setSavepoint("HERE");
            scene.execute("INSERT INTO " + table + " VALUES (1)");
            scene.connection().releaseSavepoint(point);
            Scene.fails("", () -> scene.connection().rollback(point));
            scene.connection().commit();
            Scene.same(List.of("1"), scene.stored("SELECT ID FROM " + table), "rows");
        });
        suite.both("transaction: each isolation", scene -> {
            for (int level : new int[] {8, 4, 1, 2}) {
                scene.connection().setTransactionIsolation(level);
                Scene.same(level, scene.connection().getTransactionIsolation(), "isolation");
                Scene.same(List.of("1"), scene.rows("SELECT ID FROM NUMBERS WHERE ID = 1"), "row under " + level);
            }
        });
        suite.both("transaction: what others have not committed is not seen", scene -> {
            String table = scene.table("ID INTEGER");
            scene.execute("INSERT INTO " + table + " VALUES (1)");
            Connection other = scene.open();
            other.setAutoCommit(false);
            try (Statement statement = other.createStatement()) {
                statement.executeUpdate("INSERT INTO NUMBERS VALUES (5000, 'not yet')");
                Scene.same(List.of("1"), scene.rows("SELECT ID FROM " + table), "another table");
            }
            other.rollback();
            Scene.same(List.of(), scene.rows("SELECT ID FROM NUMBERS WHERE ID = 5000"), "undone");
        });
        suite.both("transaction: an error leaves earlier work", scene -> {
            String table = scene.table("ID INTEGER NOT NULL PRIMARY KEY");
            scene.connection().setAutoCommit(false);
            scene.execute("INSERT INTO " + table + " VALUES (1)");
            Scene.fails("42", () -> scene.execute("INSERT INTO NOWHERE VALUES (1)"));
            Scene.fails("23505", () -> scene.execute("INSERT INTO " + table + " VALUES (1)"));
            scene.execute("INSERT INTO " + table + " VALUES (2)");
            scene.connection().commit();
            Scene.same(List.of("1", "2"), scene.stored("SELECT ID FROM " + table), "rows");
        });
        suite.both("transaction: a commit or a rollback as a statement of nothing", scene -> {
            scene.connection().setAutoCommit(false);
            scene.connection().commit();
            scene.connection().rollback();
            Scene.same(List.of("1"), scene.rows("SELECT ID FROM NUMBERS WHERE ID = 1"), "row");
        });
        suite.jcc("interrupt: a timeout that does not pass", scene -> {
            try (Statement statement = scene.connection().createStatement()) {
                statement.setQueryTimeout(30);
                Scene.same(List.of("1"), Scene.rows(statement.executeQuery("SELECT ID FROM NUMBERS WHERE ID = 1")), "row");
            }
        });
        suite.jcc("interrupt: a timeout", scene -> {
            try (Statement statement = scene.connection().createStatement()) {
                statement.setQueryTimeout(1);
                long start = System.nanoTime();
                Scene.fails("57014", () -> statement.executeQuery(LONG).next());
                Scene.same(true, System.nanoTime() - start < 6_000_000_000L, "in time");
            }
            Scene.same(List.of("1"), scene.rows("SELECT ID FROM NUMBERS WHERE ID = 1"), "goes on");
        });
        suite.jcc("interrupt: cancel", scene -> {
            try (Statement statement = scene.connection().createStatement()) {
                Thread canceller = new Thread(() -> {
                    try {
                        Thread.sleep(400);
                        statement.cancel();
                    } catch (Exception e) {
                        // The statement runs to its end then.
                    }
                });
                canceller.start();
                Scene.fails("57014", () -> statement.executeQuery(LONG).next());
            }
            Scene.same(List.of("1"), scene.rows("SELECT ID FROM NUMBERS WHERE ID = 1"), "goes on");
        });
        suite.both("interrupt: cancel of what does not run", scene -> {
            try (PreparedStatement select = scene.prepare("SELECT ID FROM NUMBERS WHERE ID = 1")) {
                if (scene.product.equals("jcc")) {
                    select.cancel();
                } else {
                    Scene.fails("0A000", select::cancel);
                }
                Scene.same(List.of("1"), Scene.rows(select.executeQuery()), "row");
            }
        });
    }

    /** It takes a minute. */
    private static final String LONG = "SELECT COUNT(*) FROM NUMBERS A, NUMBERS B, NUMBERS C, NUMBERS D WHERE A.ID * B.ID + C.ID * D.ID = 7";
}
