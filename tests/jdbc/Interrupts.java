import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.Callable;

/**
 * Statements that IBM's JDBC driver breaks off: Statement.cancel() by another thread, and setQueryTimeout(). Arguments: URL,
 * a query and an INSERT into T that take minutes, or the URL alone for a batch that takes some seconds. A line for each case: its name, a tab, and the fault, if there is one.
 */
public class Interrupts {
    private static String url;
    private static String query;
    private static String insert;

    public static void main(String[] arguments) throws Exception {
        url = arguments[0];
        if (arguments.length == 1) {
            told("cancel of a batch", Interrupts::batch);
            return;
        }
        query = arguments[1];
        insert = arguments[2];
        told("cancel of a query", () -> cancelled(query, 0));
        told("cancel of an INSERT", () -> cancelled(insert, 0));
        told("time-out of a query", () -> cancelled(query, 1));
        told("time-out of an INSERT", () -> cancelled(insert, 1));
        told("cancel of a prepared query", Interrupts::prepared);
        told("cancel while nothing runs", Interrupts::idle);
        told("another result is read on", Interrupts::beside);
    }

    /** A connection without autocommit. */
    private static Connection working() throws SQLException {
        Connection connection = DriverManager.getConnection(url);
        connection.setAutoCommit(false);
        return connection;
    }

    private static void told(String name, Callable<String> scene) {
        String fault;
        try {
            fault = scene.call();
        } catch (Throwable error) {
            fault = error.toString();
        }
        System.out.println(name + "\t" + fault.replace('\n', ' '));
    }

    /** A statement is broken off; what the transaction changed before it, and after, is in the table. */
    private static String cancelled(String sql, int timeout) throws Exception {
        try (Connection connection = working(); Statement statement = connection.createStatement()) {
            int before = count();
            statement.setQueryTimeout(timeout);
            Thread canceller = timeout > 0 ? null : later(statement);
            long start = System.nanoTime();
            String fault = failure(() -> {
                if (sql.startsWith("INSERT")) {
                    statement.executeUpdate(sql);
                } else {
                    read(statement.executeQuery(sql));
                }
            });
            if (canceller != null) {
                canceller.join();
            }
            if (!fault.isEmpty()) {
                connection.rollback();
                return fault;
            }
            if (System.nanoTime() - start > 20e9) {
                return "it took too long";
            }
            try (Statement next = connection.createStatement()) {
                next.executeUpdate("INSERT INTO T VALUES (1)");
            }
            connection.commit();
            int rows = count() - before;
            return rows == 1 ? "" : rows + " rows were inserted";
        }
    }

    private static String prepared() throws Exception {
        try (Connection connection = DriverManager.getConnection(url);
                PreparedStatement statement = connection.prepareStatement(query + " AND x > ?")) {
            for (int round = 0; round < 2; round++) {
                statement.setInt(1, round);
                Thread canceller = later(statement);
                String fault = failure(() -> read(statement.executeQuery()));
                canceller.join();
                if (!fault.isEmpty()) {
                    return fault;
                }
            }
            return "";
        }
    }

    /** A batch is broken off; the transaction goes on with what it had done before. */
    private static String batch() throws Exception {
        int before = count();
        try (Connection connection = working();
                Statement statement = connection.createStatement();
                PreparedStatement delete = connection.prepareStatement("DELETE FROM MANY WHERE B = ?")) {
            statement.executeUpdate("INSERT INTO T VALUES (1)");
            // The driver needs very long to collect an error for each of more rows.
            for (int row = 0; row < 2_000; row++) {
                delete.setString(1, "y" + (1_000_000 + row));
                delete.addBatch();
            }
            Thread canceller = later(delete);
            String fault = failure(() -> {
                try {
                    delete.executeBatch();
                } catch (BatchUpdateException error) {
                    throw error.getNextException();
                }
            });
            canceller.join();
            statement.executeUpdate("INSERT INTO T VALUES (1)");
            connection.commit();
            int rows = count() - before;
            return fault + (rows == 2 ? "" : rows + " rows were inserted");
        }
    }

    private static String idle() throws Exception {
        try (Connection connection = DriverManager.getConnection(url); Statement statement = connection.createStatement()) {
            read(statement.executeQuery("SELECT A FROM T"));
            for (int round = 0; round < 5; round++) {
                statement.cancel();
                read(statement.executeQuery("SELECT A FROM T"));
                statement.cancel();
                statement.executeUpdate("DELETE FROM T WHERE A = 99");
            }
            return "";
        }
    }

    /** A result that is half read loses nothing when another statement of the connection is broken off. */
    private static String beside() throws Exception {
        try (Connection connection = working();
                Statement reading = connection.createStatement();
                Statement other = connection.createStatement()) {
            try (ResultSet rows = reading.executeQuery("SELECT A, B FROM MANY")) {
                int count = 0;
                while (count < 1000 && rows.next()) {
                    count++;
                }
                Thread canceller = later(other);
                String fault = failure(() -> read(other.executeQuery(query)));
                canceller.join();
                while (fault.isEmpty() && rows.next()) {
                    count++;
                }
                connection.rollback();
                if (!fault.isEmpty()) {
                    return fault;
                }
                return count == 200_000 ? "" : count + " rows";
            }
        }
    }

    private interface Action {
        void run() throws SQLException;
    }

    /** Why an action did not fail as one does that was broken off. */
    private static String failure(Action action) {
        try {
            action.run();
            return "it was not broken off";
        } catch (SQLException error) {
            boolean right = error.getErrorCode() == -952 && "57014".equals(error.getSQLState());
            return right ? "" : error.toString();
        }
    }

    private static Thread later(Statement statement) {
        Thread thread = new Thread(() -> {
            try {
                Thread.sleep(700);
                statement.cancel();
            } catch (Exception error) {
                System.out.println("cancel()\t" + error);
            }
        });
        thread.start();
        return thread;
    }

    private static void read(ResultSet rows) throws SQLException {
        while (rows.next()) {
            rows.getObject(1);
        }
        rows.close();
    }

    private static int count() throws SQLException {
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT COUNT(*) FROM T")) {
            rows.next();
            return rows.getInt(1);
        }
    }
}
