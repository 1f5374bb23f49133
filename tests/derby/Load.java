import java.io.BufferedWriter;
import java.io.Reader;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;
import java.util.List;
import java.util.Random;

/**
 * Fills a Derby database with the tables that the tests read:
 * {@code java -cp derbyclient.jar Load.java jdbc:derby://127.0.0.1:PORT/DB;create=true TABLES ROWS}, TABLES being
 * "small" (all but LINEITEM), "all", or names with commas; ROWS is LINEITEM's. A table that exists is made anew.
 * Everything is deterministic.
 */
public class Load {
    private static final List<String> SMALL = List.of("ALLTYPES", "TSNANO", "UNI", "LOBS", "INTS", "DIVZERO", "EMPTY");

    public static void main(String[] args) throws Exception {
        List<String> tables = switch (args[1]) {
            case "small" -> SMALL;
            case "all" -> java.util.stream.Stream.concat(SMALL.stream(), java.util.stream.Stream.of("LINEITEM")).toList();
            default -> List.of(args[1].split(","));
        };
        try (Connection connection = DriverManager.getConnection(args[0])) {
            connection.setAutoCommit(false);
            for (String table : tables) {
                long start = System.nanoTime();
                drop(connection, table);
                connection.commit();
                switch (table) {
                    case "ALLTYPES" -> allTypes(connection);
                    case "TSNANO" -> nanoseconds(connection);
                    case "UNI" -> unicode(connection);
                    case "LOBS" -> lobs(connection);
                    case "INTS" -> ints(connection);
                    case "DIVZERO" -> divisors(connection);
                    case "EMPTY" -> run(connection, "CREATE TABLE EMPTY (ID INTEGER NOT NULL, NAME VARCHAR(20), D DECIMAL(9,2), TS TIMESTAMP)");
                    case "LINEITEM" -> lineItem(connection, Integer.parseInt(args[2]));
                    default -> throw new IllegalArgumentException("no table " + table + " here; there are " + SMALL + " and LINEITEM");
                }
                long count = count(connection, table);
                connection.commit();
                System.out.printf("%s %d rows %.1f s%n", table, count, (System.nanoTime() - start) / 1e9);
            }
        }
    }

    /** Every type of Derby. Dates are SQL text: java.sql.Date's Julian calendar would move 0001-01-01 by two days. */
    private static void allTypes(Connection connection) throws SQLException {
        run(connection, """
            CREATE TABLE ALLTYPES (
              ID INTEGER NOT NULL PRIMARY KEY, C_SMALLINT SMALLINT, C_INTEGER INTEGER, C_BIGINT BIGINT, C_REAL REAL,
              C_DOUBLE DOUBLE, C_DEC31_5 DECIMAL(31,5), C_DEC31_31 DECIMAL(31,31), C_DEC5_0 DECIMAL(5,0),
              C_NUM18_4 NUMERIC(18,4), C_CHAR CHAR(10), C_VARCHAR VARCHAR(200), C_LONGVARCHAR LONG VARCHAR,
              C_CHARBIT CHAR(8) FOR BIT DATA, C_VARBIT VARCHAR(100) FOR BIT DATA, C_LONGBIT LONG VARCHAR FOR BIT DATA,
              C_DATE DATE, C_TIME TIME, C_TIMESTAMP TIMESTAMP, C_BOOLEAN BOOLEAN, C_CLOB CLOB(1M), C_BLOB BLOB(1M))""");
        String nines26 = "9".repeat(26);
        String nines31 = "9".repeat(31);
        List<String> rows = List.of(
            // 1: typical
            "1, 123, 123456, 1234567890123, 1.5, 3.141592653589793, 12345678901234567890123456.78901, "
                + "0.1234567890123456789012345678901, 12345, 12345678901234.5678, 'abc', 'hello', 'long text', "
                + "X'0102030405060708', X'DEADBEEF', X'CAFE', '2024-02-29', '13:45:59', '2024-02-29 13:45:59.123456', "
                + "TRUE, 'clob text', CAST(X'00FF10' AS BLOB)",
            // 2: everything NULL
            "2" + ", NULL".repeat(21),
            // 3: the smallest
            "3, -32768, -2147483648, -9223372036854775808, -3.4028235E38, -1.7976931348623157E308, -" + nines26 + ".99999, -0."
                + nines31 + ", -99999, -99999999999999.9999, '', '', '', X'', X'', X'', '0001-01-01', '00:00:00', "
                + "'0001-01-01 00:00:00', FALSE, '', CAST(X'' AS BLOB)",
            // 4: the largest
            "4, 32767, 2147483647, 9223372036854775807, 3.4028235E38, 1.7976931348623157E308, " + nines26 + ".99999, 0."
                + nines31 + ", 99999, 99999999999999.9999, '9999999999', '" + "v".repeat(200) + "', '" + "w".repeat(30000)
                + "', X'FFFFFFFFFFFFFFFF', X'" + "FF".repeat(100) + "', X'" + "A5".repeat(8000)
                + "', '9999-12-31', '23:59:59', '9999-12-31 23:59:59.999999', TRUE, '" + "c".repeat(5000)
                + "', CAST(X'" + "5A".repeat(5000) + "' AS BLOB)",
            // 5: zeros and the smallest steps; floats that are not exact; padding and blanks that are data
            "5, 0, 0, 0, 1.4E-45, 4.9E-324, 0.00001, 0." + "0".repeat(30) + "1, 0, 0.0001, '  x  ', ' y ', ' ', X'00', X'00', "
                + "X'20', '1970-01-01', '00:00:01', '1970-01-01 00:00:00.000001', FALSE, ' ', CAST(X'00' AS BLOB)",
            // 6: minus one, and the days on both sides of the epoch and of the calendar's reform
            "6, -1, -1, -1, 0.1, 0.1, -0.00001, -0." + "0".repeat(30) + "1, -1, -0.0001, 'tab\tnl\n', 'quote '' \" \\', "
                + "'line\r\nend', X'2020202020202020', X'2020', X'7F80', '1969-12-31', '12:00:00', "
                + "'1969-12-31 23:59:59.999999', TRUE, 'tab\t', CAST(X'FFFE' AS BLOB)",
            // 7: text beyond ASCII, a character of each UTF-8 length; old dates
            "7, 7, 7, 7, 16777216, 9007199254740993, 7.00000, 0.7, 7, 7.0000, '\u00e4\u00f6\u00fc\u00df', 'caf\u00e9 \u20ac \u4e16\u754c \ud83d\ude00', "
                + "'\ud83d\udc69\u200d\ud83d\udcbb \u05e9\u05dc\u05d5\u05dd', X'C3A4', X'F09F9880', X'E4B896', '1582-10-15', '07:07:07', "
                + "'1582-10-04 07:07:07.000007', FALSE, '\u4e16\u754c \ud83d\ude00', CAST(X'F09F9880' AS BLOB)");
        for (String row : rows) {
            run(connection, "INSERT INTO ALLTYPES VALUES (" + row + ")");
        }
    }

    /** Derby's TIMESTAMP has nine digits; kept apart because microseconds cannot hold them. */
    private static void nanoseconds(Connection connection) throws SQLException {
        run(connection, "CREATE TABLE TSNANO (ID INTEGER NOT NULL PRIMARY KEY, TS TIMESTAMP)");
        run(connection, "INSERT INTO TSNANO VALUES (1, '2024-02-29 13:45:59.123456789'), (2, '9999-12-31 23:59:59.999999999'), "
            + "(3, '0001-01-01 00:00:00.000000001'), (4, NULL)");
    }

    private static void unicode(Connection connection) throws SQLException {
        run(connection, "CREATE TABLE UNI (ID INTEGER NOT NULL PRIMARY KEY, NAME VARCHAR(20) NOT NULL, V VARCHAR(100), C CHAR(12), L CLOB(10K))");
        String[][] rows = {
            {"ascii", "plain ASCII ~^[]{}|\\!"}, {"latin", "\u00c0\u00c9\u00ee\u00f5\u00fc\u00df\u00f1\u00a3\u00a7\u00ac"},
            {"euro", "\u20ac\u201e\u201c\u2013\u2026"}, {"greek", "\u03b1\u03b2\u03b3\u03a9"}, {"cyrillic", "\u041f\u0440\u0438\u0432\u0435\u0442"},
            {"hebrew", "\u05e9\u05dc\u05d5\u05dd"}, {"cjk", "\u4e16\u754c\u65e5\u672c\u8a9e\ud55c\uad6d\uc5b4"}, {"emoji", "\ud83d\ude00\ud83d\udc4d\ud83c\udffd"},
            {"joined", "\ud83d\udc69\u200d\ud83d\udcbb"}, {"combining", "e\u0301a\u0308"}, {"plane2", "\ud840\udc00\ud87e\udc1d"},
            {"edges", "\u007f\u0080\u07ff\u0800\uffff\ud800\udc00\udbff\udfff"}, {"controls", "\u0001\t\n\r\u001f\u0085\u00a0"},
            {"nul", "a\u0000b"}, {"bom", "\ufeffx\ufffd"}, {"empty", ""}};
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO UNI VALUES (?, ?, ?, ?, ?)")) {
            for (int i = 0; i < rows.length; i++) {
                insert.setInt(1, i + 1);
                insert.setString(2, rows[i][0]);
                insert.setString(3, rows[i][1]);
                insert.setString(4, rows[i][1].length() > 12 ? null : rows[i][1]);
                insert.setString(5, rows[i][1].repeat(20));
                insert.executeUpdate();
            }
        }
    }

    /** LOBs at the sizes where their way over the wire changes: none, one, more than a frame, many frames. */
    private static void lobs(Connection connection) throws SQLException {
        run(connection, "CREATE TABLE LOBS (ID INTEGER NOT NULL PRIMARY KEY, NOTE VARCHAR(20), C CLOB(16M), B BLOB(16M))");
        int[] sizes = {0, 1, 70 * 1024, 10 * 1024 * 1024, -1, 32767, 32768, 5};
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO LOBS VALUES (?, ?, ?, ?)")) {
            for (int i = 0; i < sizes.length; i++) {
                int size = sizes[i];
                insert.setInt(1, i + 1);
                insert.setString(2, size < 0 ? "null" : Integer.toString(size));
                if (size < 0) {
                    insert.setNull(3, java.sql.Types.CLOB);
                    insert.setNull(4, java.sql.Types.BLOB);
                } else {
                    String text = lobText(size);
                    insert.setCharacterStream(3, (Reader) new StringReader(text), text.length());
                    insert.setBytes(4, lobBytes(size));
                }
                insert.executeUpdate();
            }
        }
    }

    /** Character i is a letter by i % 26, every 1,000th a euro sign: the reader can make the same text. */
    private static String lobText(int size) {
        char[] text = new char[size];
        for (int i = 0; i < size; i++) {
            text[i] = i % 1000 == 999 ? '\u20ac' : (char) ('a' + i % 26);
        }
        return new String(text);
    }

    /** Byte i is i * 31 + i / 256 (mod 256). */
    private static byte[] lobBytes(int size) {
        byte[] bytes = new byte[size];
        for (int i = 0; i < size; i++) {
            bytes[i] = (byte) (i * 31 + i / 256);
        }
        return bytes;
    }

    /** 1..100000; N is NULL for every tenth. */
    private static void ints(Connection connection) throws Exception {
        run(connection, "CREATE TABLE INTS (ID INTEGER NOT NULL PRIMARY KEY, N INTEGER)");
        importRows(connection, "INTS", (out) -> {
            for (int i = 1; i <= 100_000; i++) {
                out.write(i + "," + (i % 10 == 0 ? "" : Integer.toString(i * 7 % 1000)) + "\n");
            }
        });
    }

    /** 1..200000: SELECT 1000/(ID-150000) FROM DIVZERO ORDER BY ID walks the key and fails in mid stream. */
    private static void divisors(Connection connection) throws Exception {
        run(connection, "CREATE TABLE DIVZERO (ID INTEGER NOT NULL PRIMARY KEY)");
        importRows(connection, "DIVZERO", (out) -> {
            for (int i = 1; i <= 200_000; i++) {
                out.write(i + "\n");
            }
        });
    }

    /** TPC-H's LINEITEM in shape (16 columns), its values from one seed. */
    private static void lineItem(Connection connection, int count) throws Exception {
        run(connection, """
            CREATE TABLE LINEITEM (
              L_ORDERKEY INTEGER NOT NULL, L_PARTKEY INTEGER NOT NULL, L_SUPPKEY INTEGER NOT NULL, L_LINENUMBER INTEGER NOT NULL,
              L_QUANTITY DECIMAL(15,2), L_EXTENDEDPRICE DECIMAL(15,2), L_DISCOUNT DECIMAL(15,2), L_TAX DECIMAL(15,2),
              L_RETURNFLAG VARCHAR(1), L_LINESTATUS VARCHAR(1), L_SHIPDATE DATE, L_COMMITDATE DATE, L_RECEIPTDATE DATE,
              L_SHIPINSTRUCT VARCHAR(25), L_SHIPMODE VARCHAR(10), L_COMMENT VARCHAR(44))""");
        String[] instructions = {"DELIVER IN PERSON", "COLLECT COD", "NONE", "TAKE BACK RETURN"};
        String[] modes = {"REG AIR", "AIR", "RAIL", "SHIP", "TRUCK", "MAIL", "FOB"};
        String words = "furiously final requests sleep quickly above the pending blithely regular ideas nag carefully even deposits";
        String[] days = new String[2600];
        for (int i = 0; i < days.length; i++) {
            days[i] = LocalDate.of(1992, 1, 2).plusDays(i).toString();
        }
        Random random = new Random(19920102);
        importRows(connection, "LINEITEM", (out) -> {
            StringBuilder line = new StringBuilder(256);
            for (int i = 0; i < count; i++) {
                int quantity = 1 + random.nextInt(50);
                int ship = random.nextInt(2400);
                int start = random.nextInt(60);
                line.setLength(0);
                line.append(i / 4 + 1).append(',').append(1 + random.nextInt(200_000)).append(',').append(1 + random.nextInt(10_000))
                    .append(',').append(i % 4 + 1).append(',').append(quantity).append(".00,");
                cents(line, (long) quantity * (90_000 + random.nextInt(20_000)));
                cents(line, random.nextInt(11));
                cents(line, random.nextInt(9));
                line.append("RAN".charAt(random.nextInt(3))).append(',').append("OF".charAt(random.nextInt(2))).append(',')
                    .append(days[ship]).append(',').append(days[ship + random.nextInt(90)]).append(',')
                    .append(days[ship + 1 + random.nextInt(30)]).append(',').append(instructions[random.nextInt(4)]).append(',')
                    .append(modes[random.nextInt(7)]).append(",\"").append(words, start, start + 31 + random.nextInt(14)).append("\"\n");
                out.append(line);
            }
        });
    }

    private static void cents(StringBuilder line, long cents) {
        line.append(cents / 100).append('.').append((char) ('0' + cents / 10 % 10)).append((char) ('0' + cents % 10)).append(',');
    }

    private interface Lines {
        void write(BufferedWriter out) throws Exception;
    }

    /** Derby reads a file of its own machine much faster than it takes rows from a client. */
    private static void importRows(Connection connection, String table, Lines lines) throws Exception {
        Path file = Files.createTempFile("derby-load-", ".csv");
        try {
            try (BufferedWriter out = Files.newBufferedWriter(file, StandardCharsets.UTF_8)) {
                lines.write(out);
            }
            try (PreparedStatement call = connection.prepareStatement("CALL SYSCS_UTIL.SYSCS_IMPORT_TABLE(NULL, ?, ?, ',', '\"', 'UTF-8', 1)")) {
                call.setString(1, table);
                call.setString(2, file.toString());
                call.execute();
            }
        } finally {
            Files.delete(file);
        }
    }

    private static void drop(Connection connection, String table) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("DROP TABLE " + table);
        } catch (SQLException error) {
            if (!"42Y55".equals(error.getSQLState()) && !"42Y07".equals(error.getSQLState())) {
                throw error;
            }
        }
    }

    private static void run(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException error) {
            throw new SQLException(error.getSQLState() + " " + error.getMessage() + " in: " + sql.substring(0, Math.min(200, sql.length())), error);
        }
    }

    private static long count(Connection connection, String table) throws SQLException {
        try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery("SELECT COUNT(*) FROM " + table)) {
            rows.next();
            return rows.getLong(1);
        }
    }
}
