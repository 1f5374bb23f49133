import java.io.InputStream;
import java.io.Reader;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.sql.Clob;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Properties;

/** The connection of one feature, and the means to say how it has to be. */
final class Scene implements AutoCloseable {
    /** Anything that may fail. */
    interface Act {
        void run() throws Exception;
    }

    private static int numbers;
    private static Connection witness;

    /** "jcc" or "derby". */
    final String product;
    final String url;
    private final String user;
    private final String password;
    private Connection connection;
    private final List<Connection> others = new ArrayList<>();

    Scene(String product, String url, String user, String password) {
        this.product = product;
        this.url = url;
        this.user = user;
        this.password = password;
    }

    /** The connection with the driver's defaults. */
    Connection connection() throws SQLException {
        if (connection == null) {
            connection = open();
        }
        return connection;
    }

    /** Another one, with properties: name, value, name, value. */
    Connection open(String... properties) throws SQLException {
        Properties all = new Properties();
        all.setProperty("user", user);
        all.setProperty("password", password);
        for (int n = 0; n < properties.length; n += 2) {
            all.setProperty(properties[n], properties[n + 1]);
        }
        Connection opened = DriverManager.getConnection(url, all);
        others.add(opened);
        return opened;
    }

    String user() {
        return user;
    }

    String password() {
        return password;
    }

    /** Makes a table of the feature's own; its name. */
    String table(String columns) throws SQLException {
        String name = "J" + ++numbers;
        execute("CREATE TABLE " + name + " (" + columns + ")");
        return name;
    }

    void execute(String... statements) throws SQLException {
        for (String sql : statements) {
            update(sql);
        }
    }

    int update(String sql) throws SQLException {
        try (Statement statement = connection().createStatement()) {
            return statement.executeUpdate(sql);
        }
    }

    /** Rows as texts, the values with blanks between them. */
    List<String> rows(String sql) throws SQLException {
        return rows(connection(), sql);
    }

    static List<String> rows(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery(sql)) {
            return rows(rows);
        }
    }

    static List<String> rows(ResultSet rows) throws SQLException {
        List<String> out = new ArrayList<>();
        int columns = rows.getMetaData().getColumnCount();
        while (rows.next()) {
            StringBuilder row = new StringBuilder();
            for (int n = 1; n <= columns; n++) {
                row.append(n > 1 ? " " : "").append(rows.getString(n));
            }
            out.add(row.toString());
        }
        return out;
    }

    /** The same as another connection sees them: what is committed, in the order of the texts. */
    List<String> stored(String sql) throws SQLException {
        try {
            List<String> rows = rows(witness(), sql);
            Collections.sort(rows);
            return rows;
        } catch (SQLException e) {
            // It may be the one that is broken.
            witness.close();
            witness = null;
            throw e;
        }
    }

    private Connection witness() throws SQLException {
        if (witness == null || witness.isClosed()) {
            witness = open();
            others.remove(witness);
        }
        return witness;
    }

    PreparedStatement prepare(String sql) throws SQLException {
        return connection().prepareStatement(sql);
    }

    @Override
    public void close() {
        for (Connection opened : others) {
            try {
                if (!opened.isClosed() && !opened.getAutoCommit()) {
                    opened.rollback();
                }
                opened.close();
            } catch (Exception e) {
                // The feature has said what it had to say.
            }
        }
    }

    // -- how it has to be ------------------------------------------------------------------------------------------

    static void same(Object expected, Object got, String what) {
        if (!Objects.equals(plain(expected), plain(got))) {
            throw new AssertionError(what + ": expected " + shown(expected) + ", got " + shown(got));
        }
    }

    /** A value as text: numbers without their classes, bytes in hexadecimal. */
    static String plain(Object value) {
        if (value instanceof byte[] bytes) {
            return HexFormat.of().formatHex(bytes);
        }
        if (value instanceof int[] numbers) {
            return Arrays.toString(numbers);
        }
        return value instanceof BigDecimal decimal ? decimal.toPlainString() : String.valueOf(value);
    }

    private static String shown(Object value) {
        String text = plain(value);
        return text.length() > 160 ? text.substring(0, 160) + "... (" + text.length() + ")" : text;
    }

    /** The error of an act, whose SQLSTATE begins so. */
    static SQLException fails(String sqlstate, Act act) throws Exception {
        try {
            act.run();
        } catch (SQLException e) {
            // Errors of a driver's own may have none.
            if (!String.valueOf(e.getSQLState()).startsWith(sqlstate)) {
                throw new AssertionError("expected " + sqlstate + ", got " + e.getSQLState() + ": " + e.getMessage(), e);
            }
            return e;
        }
        throw new AssertionError("no " + sqlstate);
    }

    // -- large values, which the tests in Python make as well -------------------------------------------------------

    static final String WORDS = "Grüße 日本 𝄞 ";
    /** Repetitions of the words in the rows of LOBS, from 1 on; -1 is NULL. Bytes are twenty times as many. */
    static final int[] SIZES = {0, -1, 1, 3_000, 20_000, 150_000};

    static String text(int row) {
        return SIZES[row - 1] < 0 ? null : WORDS.repeat(SIZES[row - 1]);
    }

    static byte[] bytes(int row) {
        return SIZES[row - 1] < 0 ? null : mixed(20 * SIZES[row - 1]);
    }

    static byte[] mixed(int n) {
        byte[] out = new byte[n];
        for (int i = 0; i < n; i++) {
            out[i] = (byte) (i * 31L + i / 251);
        }
        return out;
    }

    static String read(Reader reader) throws Exception {
        StringWriter out = new StringWriter();
        reader.transferTo(out);
        return out.toString();
    }

    static byte[] read(InputStream stream) throws Exception {
        return stream.readAllBytes();
    }

    static String read(Clob clob) throws Exception {
        return clob.getSubString(1, (int) clob.length());
    }
}
