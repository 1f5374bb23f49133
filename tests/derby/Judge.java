import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.Reader;
import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.BatchUpdateException;
import java.sql.Blob;
import java.sql.Clob;
import java.sql.Connection;
import java.sql.Date;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Time;
import java.sql.Timestamp;
import java.sql.Types;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * Derby's JDBC client as a judge of a server with the tables of examples/serve:
 * {@code java -cp derbyclient.jar Judge.java PORT}. One line of JSON for each case: its name and what went wrong.
 */
public class Judge {
    interface Case {
        void run(Connection connection) throws Exception;
    }

    private static String url;

    public static void main(String[] args) throws Exception {
        url = "jdbc:derby://127.0.0.1:" + args[0] + "/";
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        one(out, "parameters", Judge::parameters);
        one(out, "filters", Judge::filters);
        one(out, "batch", Judge::batch);
        one(out, "batch with a failure", Judge::batchWithFailure);
        one(out, "large objects come out", Judge::lobsOut);
        one(out, "large objects go in", Judge::lobsIn);
        one(out, "transactions", Judge::transactions);
        one(out, "session", Judge::session);
        one(out, "errors", Judge::errors);
        one(out, "logins", Judge::logins);
        one(out, "scroll", Judge::scroll);
        one(out, "scroll in rowsets", Judge::scrollInRowsets);
        one(out, "scroll over wide rows", Judge::scrollWide);
        one(out, "scroll over large objects", Judge::scrollLobs);
        one(out, "scroll over nothing", Judge::scrollNothing);
        one(out, "scroll and stay over a commit", Judge::scrollHeld);
        one(out, "metadata of tables", Judge::tables);
        one(out, "metadata of columns", Judge::columns);
        one(out, "metadata of keys", Judge::keys);
        one(out, "metadata of statements", Judge::statements);
        one(out, "a million rows", Judge::million);
    }

    private static void one(PrintStream out, String name, Case each) {
        String error = "";
        try (Connection connection = connect()) {
            each.run(connection);
            if (!connection.getAutoCommit()) {
                connection.rollback();
            }
        } catch (Throwable e) {
            StringWriter text = new StringWriter();
            e.printStackTrace(new PrintWriter(text));
            error = text.toString();
        }
        StringBuilder json = new StringBuilder("{\"case\":\"" + name + "\",\"error\":\"");
        for (char c : error.toCharArray()) {
            json.append(c < ' ' || c == '"' || c == '\\' || c > '~' ? String.format("\\u%04x", (int) c) : String.valueOf(c));
        }
        out.println(json.append("\"}"));
    }

    private static Connection connect() throws SQLException {
        return DriverManager.getConnection(url + "SAMPLE;user=app;password=secret");
    }

    private static void same(Object expected, Object got, String what) {
        boolean equal = expected instanceof byte[] bytes && got instanceof byte[] other
            ? Arrays.equals(bytes, other) : Objects.equals(expected, got);
        if (!equal) {
            throw new AssertionError(what + ": expected " + shown(expected) + ", got " + shown(got));
        }
    }

    private static String shown(Object value) {
        String text = value instanceof byte[] bytes ? Arrays.toString(bytes) : String.valueOf(value);
        return text.length() > 200 ? text.substring(0, 200) + "... (" + text.length() + ")" : text;
    }

    private static void fails(String sqlstate, String word, Case each, Connection connection) throws Exception {
        try {
            each.run(connection);
        } catch (SQLException e) {
            same(sqlstate, e.getSQLState(), "SQLSTATE of: " + e.getMessage());
            if (!e.getMessage().contains(word)) {
                throw new AssertionError(word + " is not in: " + e.getMessage());
            }
            return;
        }
        throw new AssertionError("no " + sqlstate);
    }

    private static int execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            return statement.executeUpdate(sql);
        }
    }

    private static int number(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getInt(1);
        }
    }

    // -- parameters --------------------------------------------------------------------------------------------------

    private static void parameters(Connection connection) throws Exception {
        Object[][] cases = {
            {"SMALLINT", Types.SMALLINT, (int) Short.MIN_VALUE, (int) Short.MAX_VALUE},
            {"INTEGER", Types.INTEGER, Integer.MIN_VALUE, Integer.MAX_VALUE},
            {"BIGINT", Types.BIGINT, Long.MIN_VALUE, Long.MAX_VALUE},
            {"REAL", Types.REAL, -Float.MAX_VALUE, Float.MIN_NORMAL},
            {"DOUBLE", Types.DOUBLE, -Double.MAX_VALUE, Double.MIN_NORMAL},
            {"DECIMAL(31,5)", Types.DECIMAL, new BigDecimal("-99999999999999999999999999.99999"), new BigDecimal("0.00001")},
            {"DECIMAL(31,31)", Types.DECIMAL, new BigDecimal("-0.9999999999999999999999999999999"),
                new BigDecimal("0.0000000000000000000000000000001")},
            {"DECIMAL(31,0)", Types.DECIMAL, new BigDecimal("-9999999999999999999999999999999"), new BigDecimal("7")},
            {"BOOLEAN", Types.BOOLEAN, true, false},
            {"CHAR(5)", Types.CHAR, "Ü é", "     "},
            {"VARCHAR(60)", Types.VARCHAR, "", "Grüße 日本 𝄞"},
            {"CHAR(3) FOR BIT DATA", Types.BINARY, new byte[] {0, -1, 32}, new byte[] {1, 2, 3}},
            {"VARCHAR(10) FOR BIT DATA", Types.VARBINARY, new byte[] {}, new byte[] {0, -1}},
            {"DATE", Types.DATE, Date.valueOf("0001-01-01"), Date.valueOf("9999-12-31")},
            {"TIME", Types.TIME, Time.valueOf("00:00:00"), Time.valueOf("23:59:59")},
            {"TIMESTAMP", Types.TIMESTAMP, Timestamp.valueOf("0001-01-01 00:00:00"),
                Timestamp.valueOf("9999-12-31 23:59:59.999999")},
            {"TIMESTAMP(9)", Types.TIMESTAMP, Timestamp.valueOf("1700-01-01 00:00:00.000000001"),
                Timestamp.valueOf("2261-12-31 23:59:59.999999999")},
        };
        for (int n = 0; n < cases.length; n++) {
            String type = (String) cases[n][0];
            int jdbc = (Integer) cases[n][1];
            String table = "JDBC_P" + n;
            execute(connection, "CREATE TABLE " + table + " (ID INTEGER, V " + type + ")");
            try (PreparedStatement insert = connection.prepareStatement("INSERT INTO " + table + " VALUES (?, ?)")) {
                for (int row = 2; row <= 3; row++) {
                    insert.setInt(1, row);
                    if (cases[n][row] instanceof BigDecimal decimal) {
                        insert.setBigDecimal(2, decimal);
                    } else {
                        insert.setObject(2, cases[n][row], jdbc);
                    }
                    same(1, insert.executeUpdate(), type);
                }
                insert.setInt(1, 4);
                insert.setNull(2, jdbc);
                same(1, insert.executeUpdate(), type);
            }
            try (Statement statement = connection.createStatement();
                 ResultSet rows = statement.executeQuery("SELECT V FROM " + table)) {
                for (int row = 2; row <= 3; row++) {
                    same(true, rows.next(), type);
                    Object got = rows.getObject(1);
                    same(cases[n][row], got, type);
                }
                same(true, rows.next(), type);
                same(null, rows.getObject(1), type);
                same(true, rows.wasNull(), type);
                same(false, rows.next(), type);
            }
        }
    }

    private static void filters(Connection connection) throws Exception {
        try (PreparedStatement select = connection.prepareStatement("SELECT ID, VC FROM EXTREMES WHERE I8 = ?")) {
            // The same statement, run again and again.
            for (long[] pair : new long[][] {{Long.MIN_VALUE, 0}, {Long.MAX_VALUE, 2}, {0, 3}, {5, -1}}) {
                select.setLong(1, pair[0]);
                try (ResultSet rows = select.executeQuery()) {
                    same(pair[1] >= 0, rows.next(), "a row");
                    if (pair[1] >= 0) {
                        same((int) pair[1], rows.getInt("ID"), "its number");
                        same(false, rows.next(), "one row");
                    }
                }
            }
        }
        try (PreparedStatement select = connection.prepareStatement("SELECT ID FROM EXTREMES WHERE VC = ?")) {
            select.setString(1, "Grüße 日本 𝄞");
            try (ResultSet rows = select.executeQuery()) {
                same(true, rows.next() && rows.getInt(1) == 2, "found by text");
            }
        }
        same(1, execute(connection, "INSERT INTO NUMBERS VALUES (-5, 'x')"), "inserted");
        same(1, execute(connection, "DELETE FROM NUMBERS WHERE ID = -5"), "deleted");
        same(0, execute(connection, "DELETE FROM NUMBERS WHERE ID = -5"), "nothing to delete");
    }

    private static void batch(Connection connection) throws Exception {
        execute(connection, "CREATE TABLE JDBC_BATCH (ID INTEGER, V VARCHAR(20))");
        connection.setAutoCommit(false);
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO JDBC_BATCH VALUES (?, ?)")) {
            for (int n = 0; n < 2000; n++) {
                insert.setInt(1, n);
                insert.setString(2, n % 3 == 0 ? null : "row " + n);
                insert.addBatch();
            }
            int[] counts = insert.executeBatch();
            same(2000, counts.length, "counts");
            same(2000, Arrays.stream(counts).sum(), "rows");
        }
        connection.commit();
        try (Statement statement = connection.createStatement()) {
            statement.addBatch("INSERT INTO JDBC_BATCH VALUES (-1, 'by')");
            statement.addBatch("INSERT INTO JDBC_BATCH VALUES (-2, 'text')");
            statement.addBatch("DELETE FROM JDBC_BATCH WHERE ID = 7");
            same(List.of(1, 1, 1), Arrays.stream(statement.executeBatch()).boxed().toList(), "counts of statements");
        }
        connection.commit();
        same(2001, number(connection, "SELECT COUNT(*) FROM JDBC_BATCH"), "rows in all");
        try (Statement statement = connection.createStatement();
             ResultSet rows = statement.executeQuery("SELECT * FROM JDBC_BATCH")) {
            for (int n = 0; n < 2000; n++) {
                if (n != 7) {
                    same(true, rows.next(), "row " + n);
                    same(n, rows.getInt(1), "row " + n);
                    same(n % 3 == 0 ? null : "row " + n, rows.getString(2), "row " + n);
                }
            }
        }
    }

    private static void batchWithFailure(Connection connection) throws Exception {
        execute(connection, "CREATE TABLE JDBC_KEYS (ID INTEGER NOT NULL PRIMARY KEY)");
        connection.setAutoCommit(false);
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO JDBC_KEYS VALUES (?)")) {
            for (int n : new int[] {1, 2, 2, 3}) {
                insert.setInt(1, n);
                insert.addBatch();
            }
            try {
                insert.executeBatch();
                throw new AssertionError("the same key twice");
            } catch (BatchUpdateException e) {
                same("23505", e.getNextException().getSQLState(), "SQLSTATE");
                same(List.of(1, 1, Statement.EXECUTE_FAILED, 1),
                    Arrays.stream(e.getUpdateCounts()).boxed().toList(), "counts");
            }
        }
        connection.rollback();
        same(0, number(connection, "SELECT COUNT(*) FROM JDBC_KEYS"), "rows after the rollback");
    }

    // -- large objects -----------------------------------------------------------------------------------------------

    private static byte[] mixed(int n) {
        byte[] out = new byte[n];
        for (int i = 0; i < n; i++) {
            out[i] = (byte) (i * 31L + i / 251);
        }
        return out;
    }

    private static String text(int n) {
        byte[] out = mixed(n);
        for (int i = 0; i < n; i++) {
            out[i] = (byte) (' ' + (out[i] & 0xFF) % 95);
        }
        return new String(out, StandardCharsets.ISO_8859_1);
    }

    private static final int[] SIZES = {0, -1, 1, 32_768, 1 << 20, 20 << 20};
    private static final String WORDS = "Grüße 日本 𝄞 ".repeat(5_000);

    private static String clob(int row) {
        return row == SIZES.length ? WORDS : SIZES[row] < 0 ? null : text(SIZES[row]);
    }

    private static byte[] blob(int row) {
        return row == SIZES.length ? new byte[40_000] : SIZES[row] < 0 ? null : mixed(SIZES[row]);
    }

    private static String read(Reader reader) throws Exception {
        StringWriter out = new StringWriter();
        reader.transferTo(out);
        return out.toString();
    }

    private static void lobsOut(Connection connection) throws Exception {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement();
             ResultSet rows = statement.executeQuery("SELECT * FROM LOBS")) {
            for (int row = 0; row <= SIZES.length; row++) {
                same(true, rows.next(), "row " + row);
                same(row, rows.getInt(1), "row " + row);
                Clob c = rows.getClob(2);
                Blob b = rows.getBlob(3);
                String characters = clob(row);
                byte[] bytes = blob(row);
                if (characters == null) {
                    same(null, c, "no CLOB");
                    same(null, b, "no BLOB");
                    continue;
                }
                same((long) characters.length(), c.length(), "length of CLOB " + row);
                same((long) bytes.length, b.length(), "length of BLOB " + row);
                if (bytes.length < 2 << 20) {
                    same(characters, read(c.getCharacterStream()), "stream of CLOB " + row);
                    same(bytes, b.getBinaryStream().readAllBytes(), "stream of BLOB " + row);
                }
                for (long at : new long[] {1, 2, 7, bytes.length / 2, bytes.length - 5}) {
                    if (at > 0 && at <= characters.length()) {
                        int n = (int) Math.min(40_000, characters.length() - at + 1);
                        // Not between the halves of a pair.
                        boolean cut = Character.isLowSurrogate(characters.charAt((int) at - 1));
                        if (!cut && (n == 0 || !Character.isHighSurrogate(characters.charAt((int) at + n - 2)))) {
                            same(characters.substring((int) at - 1, (int) at - 1 + n), c.getSubString(at, n), "part of CLOB " + row + " at " + at);
                        }
                    }
                    if (at > 0 && at <= bytes.length) {
                        int n = (int) Math.min(40_000, bytes.length - at + 1);
                        same(Arrays.copyOfRange(bytes, (int) at - 1, (int) at - 1 + n), b.getBytes(at, n), "part of BLOB " + row + " at " + at);
                    }
                }
                c.free();
                b.free();
            }
            same(false, rows.next(), "no more rows");
        }
        try (Statement statement = connection.createStatement();
             ResultSet rows = statement.executeQuery("SELECT C, B FROM LOBS WHERE ID = 4")) {
            rows.next();
            same(clob(4), rows.getString(1), "getString");
            same(blob(4), rows.getBytes(2), "getBytes");
        }
    }

    private static void lobsIn(Connection connection) throws Exception {
        execute(connection, "CREATE TABLE JDBC_LOBS (ID INTEGER, C CLOB(30000000), B BLOB(30000000))");
        connection.setAutoCommit(false);
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO JDBC_LOBS VALUES (?, ?, ?)")) {
            for (int row = 0; row <= SIZES.length; row++) {
                String characters = clob(row);
                byte[] bytes = blob(row);
                insert.setInt(1, row);
                if (characters == null) {
                    insert.setNull(2, Types.CLOB);
                    insert.setNull(3, Types.BLOB);
                } else if (row % 2 == 0) {
                    insert.setClob(2, new StringReader(characters), characters.length());
                    insert.setBlob(3, new ByteArrayInputStream(bytes), bytes.length);
                } else {
                    // Of unknown length.
                    insert.setCharacterStream(2, new StringReader(characters));
                    insert.setBinaryStream(3, new ByteArrayInputStream(bytes));
                }
                same(1, insert.executeUpdate(), "row " + row);
            }
            // An object of the client's own is one of the server's.
            Clob clob = connection.createClob();
            clob.setString(1, "made here");
            same("made here", clob.getSubString(1, 20), "createClob");
        }
        connection.commit();
        try (Statement statement = connection.createStatement();
             ResultSet rows = statement.executeQuery("SELECT * FROM JDBC_LOBS")) {
            for (int row = 0; row <= SIZES.length; row++) {
                same(true, rows.next(), "row " + row);
                if (SIZES.length > row && SIZES[row] > 2 << 20) {
                    // All of it comes back in parts of 32 KiB; its ends will do.
                    Clob c = rows.getClob(2);
                    Blob b = rows.getBlob(3);
                    same((long) SIZES[row], c.length(), "length");
                    same((long) SIZES[row], b.length(), "length");
                    same(clob(row).substring(SIZES[row] - 1000), c.getSubString(SIZES[row] - 999, 1000), "end of the CLOB");
                    same(Arrays.copyOfRange(blob(row), SIZES[row] - 1000, SIZES[row]), b.getBytes(SIZES[row] - 999, 1000), "end of the BLOB");
                    continue;
                }
                same(clob(row), rows.getString(2), "CLOB " + row);
                same(blob(row), rows.getBytes(3), "BLOB " + row);
            }
        }
    }

    // -- the rest of life --------------------------------------------------------------------------------------------

    private static void transactions(Connection connection) throws Exception {
        execute(connection, "CREATE TABLE JDBC_UOW (A INTEGER)");
        connection.setAutoCommit(false);
        String count = "SELECT COUNT(*) FROM JDBC_UOW";
        try (Connection other = connect()) {
            execute(connection, "INSERT INTO JDBC_UOW VALUES (1)");
            same(1, number(connection, count), "mine, not committed");
            same(0, number(other, count), "another's, not committed");
            connection.commit();
            same(1, number(other, count), "another's, committed");
            execute(connection, "INSERT INTO JDBC_UOW VALUES (2)");
            execute(connection, "DELETE FROM JDBC_UOW WHERE A = 1");
            connection.rollback();
            same(1, number(connection, count), "rolled back");
            same(1, number(connection, "SELECT A FROM JDBC_UOW"), "rolled back");
        }
        connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
    }

    private static void errors(Connection connection) throws Exception {
        fails("42X01", "SELEKT", c -> execute(c, "SELEKT 1"), connection);
        fails("42X01", "SELEKT", c -> c.prepareStatement("SELEKT 1").close(), connection);
        fails("42X05", "NOWHERE", c -> number(c, "SELECT * FROM NOWHERE"), connection);
        fails("42X04", "NOTHING", c -> c.prepareStatement("SELECT NOTHING FROM SAMPLE").close(), connection);
        execute(connection, "CREATE TABLE JDBC_ERRORS (ID INTEGER NOT NULL PRIMARY KEY, D DECIMAL(3,1), V VARCHAR(2))");
        execute(connection, "INSERT INTO JDBC_ERRORS VALUES (1, NULL, NULL)");
        fails("23505", "", c -> execute(c, "INSERT INTO JDBC_ERRORS VALUES (1, NULL, NULL)"), connection);
        fails("23502", "", c -> execute(c, "INSERT INTO JDBC_ERRORS VALUES (NULL, NULL, NULL)"), connection);
        fails("X0Y32", "JDBC_ERRORS", c -> execute(c, "CREATE TABLE JDBC_ERRORS (ID INTEGER)"), connection);
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO JDBC_ERRORS VALUES (?, ?, ?)")) {
            insert.setInt(1, 2);
            insert.setBigDecimal(2, new BigDecimal("12345.6"));
            insert.setString(3, "ok");
            fails("22003", "", c -> insert.executeUpdate(), connection);
            insert.setBigDecimal(2, new BigDecimal("1.5"));
            insert.setString(3, "too long");
            fails("22001", "", c -> insert.executeUpdate(), connection);
            insert.setString(3, "ok");
            same(1, insert.executeUpdate(), "the connection goes on");
        }
    }

    private static void logins(Connection connection) throws Exception {
        fails("08004", "", c -> DriverManager.getConnection(url + "SAMPLE;user=app;password=wrong"), connection);
        fails("08004", "", c -> DriverManager.getConnection(url + "SAMPLE;user=nobody;password=secret"), connection);
        fails("08004", "NOWHERE", c -> DriverManager.getConnection(url + "NOWHERE;user=app;password=secret"), connection);
        // Clear text (3), and the strong password substitute (8).
        for (int mechanism : new int[] {3, 8}) {
            String with = url + "SAMPLE;user=app;securityMechanism=" + mechanism + ";password=";
            DriverManager.getConnection(with + "secret").close();
            fails("08004", "", c -> DriverManager.getConnection(with + "wrong"), connection);
        }
    }

    // -- cursors that scroll -----------------------------------------------------------------------------------------

    private static Statement scrolling(Connection connection) throws SQLException {
        return connection.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_READ_ONLY);
    }

    private static void at(ResultSet rows, boolean there, int row, String what) throws SQLException {
        same(true, there, what);
        same(row, rows.getRow(), what + ": getRow");
        same(row - 1, rows.getInt(1), what + ": value");
    }

    private static void scroll(Connection connection) throws Exception {
        try (Statement statement = scrolling(connection);
             ResultSet rows = statement.executeQuery("SELECT * FROM NUMBERS FETCH FIRST 1000 ROWS ONLY")) {
            same(ResultSet.TYPE_SCROLL_INSENSITIVE, rows.getType(), "type");
            same(true, rows.isBeforeFirst(), "isBeforeFirst");
            for (int n = 1; n <= 200; n++) {
                at(rows, rows.next(), n, "next " + n);
            }
            at(rows, rows.absolute(500), 500, "absolute 500");
            at(rows, rows.previous(), 499, "previous");
            at(rows, rows.relative(-400), 99, "relative -400");
            at(rows, rows.relative(3), 102, "relative 3");
            at(rows, rows.relative(0), 102, "relative 0");
            at(rows, rows.last(), 1000, "last");
            same(true, rows.isLast(), "isLast");
            same(false, rows.next(), "after the last");
            same(true, rows.isAfterLast(), "isAfterLast");
            same(0, rows.getRow(), "no row");
            at(rows, rows.previous(), 1000, "back on the last");
            at(rows, rows.first(), 1, "first");
            same(true, rows.isFirst(), "isFirst");
            same(false, rows.previous(), "before the first");
            same(true, rows.isBeforeFirst(), "isBeforeFirst");
            at(rows, rows.next(), 1, "next from before");
            at(rows, rows.absolute(-1), 1000, "absolute -1");
            at(rows, rows.absolute(-1000), 1, "absolute -1000");
            same(false, rows.absolute(-1001), "absolute -1001");
            same(true, rows.isBeforeFirst(), "isBeforeFirst");
            same(false, rows.absolute(1001), "absolute 1001");
            same(true, rows.isAfterLast(), "isAfterLast");
            rows.afterLast();
            for (int n = 1000; n >= 1; n--) {
                at(rows, rows.previous(), n, "previous " + n);
            }
            same(false, rows.previous(), "previous of the first");
            rows.beforeFirst();
            for (int n = 1; n <= 1000; n++) {
                at(rows, rows.next(), n, "next " + n);
            }
            same(false, rows.next(), "next of the last");
            same(false, rows.absolute(0), "absolute 0");
            same(true, rows.isBeforeFirst(), "isBeforeFirst");
            at(rows, rows.absolute(777), 777, "absolute 777");
            same("name 776", rows.getString(2), "text");
        }
    }

    private static void scrollInRowsets(Connection connection) throws Exception {
        for (int size : new int[] {1, 2, 7, 100, 1000, 5000}) {
            try (Statement statement = scrolling(connection)) {
                statement.setFetchSize(size);
                try (ResultSet rows = statement.executeQuery("SELECT ID FROM NUMBERS FETCH FIRST 300 ROWS ONLY")) {
                    String of = "of " + size + ": ";
                    for (int n = 1; n <= 150; n++) {
                        at(rows, rows.next(), n, of + "next " + n);
                    }
                    at(rows, rows.last(), 300, of + "last");
                    at(rows, rows.absolute(3), 3, of + "absolute");
                    at(rows, rows.relative(200), 203, of + "relative");
                    for (int n = 202; n >= 1; n--) {
                        at(rows, rows.previous(), n, of + "previous " + n);
                    }
                    same(false, rows.previous(), of + "before the first");
                    rows.setFetchSize(13);
                    at(rows, rows.absolute(-7), 294, of + "absolute");
                }
            }
        }
    }

    private static void scrollWide(Connection connection) throws Exception {
        execute(connection, "CREATE TABLE JDBC_WIDE (ID INTEGER, V VARCHAR(32000))");
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO JDBC_WIDE VALUES (?, ?)")) {
            for (int n = 0; n < 40; n++) {
                insert.setInt(1, n);
                insert.setString(2, String.valueOf(n).repeat(10_000));
                insert.executeUpdate();
            }
        }
        // More than a block holds, in one rowset.
        try (Statement statement = scrolling(connection);
             ResultSet rows = statement.executeQuery("SELECT * FROM JDBC_WIDE")) {
            for (int n = 1; n <= 40; n++) {
                at(rows, rows.next(), n, "next " + n);
                same(String.valueOf(n - 1).repeat(10_000), rows.getString(2), "value " + n);
            }
            same(false, rows.next(), "end");
            for (int n : new int[] {40, 1, 17, 39, 2}) {
                at(rows, rows.absolute(n), n, "absolute " + n);
                same(String.valueOf(n - 1).repeat(10_000), rows.getString(2), "value " + n);
            }
            at(rows, rows.last(), 40, "last");
            for (int n = 39; n >= 1; n--) {
                at(rows, rows.previous(), n, "previous " + n);
            }
        }
    }

    private static void scrollLobs(Connection connection) throws Exception {
        connection.setAutoCommit(false);
        try (Statement statement = scrolling(connection);
             ResultSet rows = statement.executeQuery("SELECT * FROM LOBS")) {
            for (int n : new int[] {4, 1, 7, 2, 3, 4}) {
                at(rows, rows.absolute(n), n, "absolute " + n);
                same(clob(n - 1), rows.getString(2), "CLOB");
                same(blob(n - 1), rows.getBytes(3), "BLOB");
            }
            at(rows, rows.previous(), 3, "previous");
            same("!".length(), rows.getString(2).length(), "one character");
            at(rows, rows.last(), 7, "last");
            same(false, rows.next(), "after the last");
        }
    }

    private static void scrollNothing(Connection connection) throws Exception {
        try (Statement statement = scrolling(connection);
             ResultSet rows = statement.executeQuery("SELECT ID FROM EXTREMES WHERE ID = 99")) {
            same(false, rows.next(), "next");
            same(false, rows.first(), "first");
            same(false, rows.last(), "last");
            same(false, rows.absolute(1), "absolute");
            same(false, rows.isBeforeFirst(), "isBeforeFirst");
            same(false, rows.isAfterLast(), "isAfterLast");
        }
    }

    private static void scrollHeld(Connection connection) throws Exception {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE,
                 ResultSet.CONCUR_READ_ONLY, ResultSet.HOLD_CURSORS_OVER_COMMIT);
             ResultSet rows = statement.executeQuery("SELECT ID FROM NUMBERS FETCH FIRST 500 ROWS ONLY")) {
            at(rows, rows.absolute(400), 400, "absolute");
            connection.commit();
            at(rows, rows.absolute(10), 10, "after a commit");
        }
    }

    // -- metadata ----------------------------------------------------------------------------------------------------

    private static List<String> strings(ResultSet rows, String... names) throws SQLException {
        List<String> out = new ArrayList<>();
        try (rows) {
            while (rows.next()) {
                StringBuilder row = new StringBuilder();
                for (String name : names) {
                    row.append(row.length() > 0 ? " " : "").append(rows.getString(name));
                }
                out.add(row.toString());
            }
        }
        return out;
    }

    private static void session(Connection connection) throws Exception {
        same(Connection.TRANSACTION_READ_COMMITTED, connection.getTransactionIsolation(), "isolation");
        same("APP", connection.getSchema(), "schema");
        for (int level : new int[] {8, 1, 4, 2}) {
            connection.setTransactionIsolation(level);
            same(level, connection.getTransactionIsolation(), "isolation");
        }
        connection.setSchema("Shop");
        same("Shop", connection.getSchema(), "schema");
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET CURRENT SCHEMA = app");
            same("APP", connection.getSchema(), "schema");
            statement.execute("SET CURRENT ISOLATION = RR");
            same(Connection.TRANSACTION_SERIALIZABLE, connection.getTransactionIsolation(), "isolation");
        }
        try (PreparedStatement statement = connection.prepareStatement("SET SCHEMA ?")) {
            statement.setString(1, "OTHER");
            statement.execute();
        }
        same("OTHER", connection.getSchema(), "schema");
    }

    private static void tables(Connection connection) throws Exception {
        var about = connection.getMetaData();
        same(List.of("APP EXTREMES TABLE"),
            strings(about.getTables(null, "APP", "EXT%", null), "TABLE_SCHEM", "TABLE_NAME", "TABLE_TYPE"), "by pattern");
        same(List.of("EXTREMES", "LOBS", "NUMBERS", "SAMPLE"),
            strings(about.getTables(null, null, "%", new String[] {"TABLE"}), "TABLE_NAME").stream()
                .filter(n -> !n.startsWith("JDBC_")).toList(), "all");
        same(List.of(), strings(about.getTables(null, null, "%", new String[] {"VIEW"}), "TABLE_NAME"), "views");
        same(List.of(), strings(about.getTables(null, "OTHER", "%", null), "TABLE_NAME"), "another schema");
        same(List.of("TABLE"), strings(about.getTableTypes(), "TABLE_TYPE"), "types");
        same(List.of("APP"), strings(about.getSchemas(), "TABLE_SCHEM"), "schemas");
        same(List.of(), strings(about.getCatalogs(), "TABLE_CAT"), "catalogs");
        same(List.of("SQLTABLES"), strings(about.getProcedures(null, "SYSIBM", "SQLTABLES"), "PROCEDURE_NAME"), "procedures");
    }

    private static void columns(Connection connection) throws Exception {
        var about = connection.getMetaData();
        same(List.of("ID 4 INTEGER 10 0 YES 1", "NAME 12 VARCHAR 20 null YES 2"),
            strings(about.getColumns(null, null, "NUMBERS", "%"), "COLUMN_NAME", "DATA_TYPE", "TYPE_NAME", "COLUMN_SIZE",
                "DECIMAL_DIGITS", "IS_NULLABLE", "ORDINAL_POSITION"), "NUMBERS");
        same(List.of("D1 3 1 0", "D31 3 31 0", "D3131 3 31 31"),
            strings(about.getColumns(null, null, "EXTREMES", "D%1"), "COLUMN_NAME", "DATA_TYPE", "COLUMN_SIZE", "DECIMAL_DIGITS"),
            "decimals");
        List<String> described = new ArrayList<>();
        try (Statement statement = connection.createStatement();
             ResultSet rows = statement.executeQuery("SELECT * FROM EXTREMES WHERE ID = 99")) {
            for (int n = 1; n <= rows.getMetaData().getColumnCount(); n++) {
                described.add(rows.getMetaData().getColumnName(n) + " " + rows.getMetaData().getColumnType(n));
            }
        }
        same(described, strings(about.getColumns(null, null, "EXTREMES", null), "COLUMN_NAME", "DATA_TYPE"),
            "the catalog and the description of a result");
    }

    private static void keys(Connection connection) throws Exception {
        execute(connection, "CREATE TABLE JDBC_KEYED (A INTEGER, B INTEGER NOT NULL PRIMARY KEY)");
        var about = connection.getMetaData();
        same(List.of("APP JDBC_KEYED B 1"),
            strings(about.getPrimaryKeys(null, null, "JDBC_KEYED"), "TABLE_SCHEM", "TABLE_NAME", "COLUMN_NAME", "KEY_SEQ"), "a key");
        same(List.of(), strings(about.getPrimaryKeys(null, null, "NUMBERS"), "COLUMN_NAME"), "none");
    }

    private static void statements(Connection connection) throws Exception {
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO NUMBERS VALUES (?, ?)")) {
            same(2, insert.getParameterMetaData().getParameterCount(), "parameters");
            same(Types.INTEGER, insert.getParameterMetaData().getParameterType(1), "type");
            same(Types.VARCHAR, insert.getParameterMetaData().getParameterType(2), "type");
        }
        var about = connection.getMetaData();
        same("Apache Derby", about.getDatabaseProductName(), "product");
    }

    private static void million(Connection connection) throws Exception {
        long count = 0, sum = 0, letters = 0;
        try (Statement statement = connection.createStatement();
             ResultSet rows = statement.executeQuery("SELECT * FROM NUMBERS")) {
            for (; rows.next(); count++) {
                sum += rows.getInt(1);
                letters += rows.getString(2).length();
            }
        }
        same(1_000_000L, count, "rows");
        same(499_999_500_000L, sum, "sum");
        same(10_888_890L, letters, "letters");
    }
}
