import java.io.ByteArrayInputStream;
import java.io.StringReader;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;

/**
 * Puts rows into tables in each way that a driver has for many rows and for large values: {@code java Input URL USER
 * PASSWORD}. A line for each way: its name, a tab, and what went wrong, "" for nothing. tests/python/support/input_rows.py
 * makes the same rows.
 */
public final class Input {
    private static final int ROWS = 300;
    private static final int[] SIZES = {0, 1, -1, 3_000, 40_000};

    private interface Way {
        void run(Connection connection) throws SQLException;
    }

    public static void main(String[] args) throws Exception {
        String url = args[0];
        tell("BATCH", url, args, Input::batch);
        tell("ONE_BY_ONE", url, args, Input::oneByOne);
        tell("LARGE", url, args, connection -> large(connection, "LARGE", false, false));
        tell("LARGE_BATCH", url, args, connection -> large(connection, "LARGE_BATCH", true, false));
        tell("STREAMS", url, args, connection -> large(connection, "STREAMS", false, true));
        System.exit(0);
    }

    private static void tell(String name, String url, String[] args, Way way) {
        String wrong = "";
        try (Connection connection = DriverManager.getConnection(url, args[1], args[2])) {
            connection.setAutoCommit(false);
            way.run(connection);
            connection.commit();
        } catch (SQLException e) {
            wrong = e.getErrorCode() + " " + String.valueOf(e.getMessage()).replaceAll("\\s", " ");
        }
        System.out.println("way " + name + "\t" + wrong);
    }

    private static void batch(Connection connection) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO BATCH VALUES (?, ?, ?)")) {
            for (int n = 0; n < ROWS; n++) {
                row(insert, n);
                insert.addBatch();
            }
            for (int count : insert.executeBatch()) {
                if (count != 1) {
                    throw new SQLException("a count of " + count);
                }
            }
        }
    }

    private static void oneByOne(Connection connection) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO ONE_BY_ONE VALUES (?, ?, ?)")) {
            for (int n = 0; n < ROWS; n++) {
                row(insert, n);
                if (insert.executeUpdate() != 1) {
                    throw new SQLException("not one row");
                }
            }
        }
    }

    private static void row(PreparedStatement insert, int n) throws SQLException {
        insert.setInt(1, n);
        if (n % 7 == 3) {
            insert.setNull(2, Types.VARCHAR);
            insert.setNull(3, Types.DECIMAL);
        } else {
            insert.setString(2, "row " + n + " \u00fc\u65e5");
            insert.setBigDecimal(3, BigDecimal.valueOf(n * 101L - 5_000, 2));
        }
    }

    private static void large(Connection connection, String table, boolean batch, boolean streams) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO " + table + " VALUES (?, ?, ?)")) {
            for (int n = 0; n < SIZES.length; n++) {
                insert.setInt(1, n);
                String text = SIZES[n] < 0 ? null : "\u00fc\u65e5x".repeat(SIZES[n]);
                byte[] bytes = SIZES[n] < 0 ? null : bytes(3 * SIZES[n]);
                if (text == null) {
                    insert.setNull(2, Types.CLOB);
                    insert.setNull(3, Types.BLOB);
                } else if (streams) {
                    insert.setCharacterStream(2, new StringReader(text), text.length());
                    insert.setBinaryStream(3, new ByteArrayInputStream(bytes), bytes.length);
                } else {
                    insert.setString(2, text);
                    insert.setBytes(3, bytes);
                }
                if (batch) {
                    insert.addBatch();
                } else if (insert.executeUpdate() != 1) {
                    throw new SQLException("not one row");
                }
            }
            if (batch) {
                insert.executeBatch();
            }
        }
    }

    private static byte[] bytes(int length) {
        byte[] made = new byte[length];
        for (int i = 0; i < length; i++) {
            made[i] = (byte) (i * 31 + i / 251);
        }
        return made;
    }
}
