import java.math.BigDecimal;
import java.sql.Blob;
import java.sql.Clob;
import java.sql.Connection;
import java.sql.Date;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Time;
import java.sql.Timestamp;

/** Procedures for the tests: parameters of every mode and type, result sets, failures. */
public class Procedures {
    private static Connection here() throws SQLException {
        return DriverManager.getConnection("jdbc:default:connection");
    }

    /** In, in and out, out. */
    public static void add(int a, int[] sum, String[] words) {
        sum[0] += a;
        words[0] = "sum " + sum[0];
    }

    /** Every type that a parameter has, turned into something else; NULL stays NULL. */
    public static void types(
            short[] small, long[] big, float[] real, double[] twice, BigDecimal[] decimal, String[] chars,
            String[] text, byte[][] bytes, Date[] date, Time[] time, Timestamp[] stamp, boolean[] truth) {
        small[0]++;
        big[0]++;
        real[0] *= 2;
        twice[0] *= 2;
        decimal[0] = decimal[0] == null ? null : decimal[0].add(BigDecimal.ONE);
        chars[0] = chars[0] == null ? null : chars[0].trim() + "!";
        text[0] = text[0] == null ? null : text[0] + "\uD834\uDD1E\u00fc";
        if (bytes[0] != null) {
            byte[] longer = java.util.Arrays.copyOf(bytes[0], bytes[0].length + 1);
            longer[bytes[0].length] = (byte) 0xFF;
            bytes[0] = longer;
        }
        date[0] = date[0] == null ? null : Date.valueOf(date[0].toLocalDate().plusDays(1));
        time[0] = time[0] == null ? null : Time.valueOf(time[0].toLocalTime().plusSeconds(1));
        stamp[0] = stamp[0] == null ? null : Timestamp.valueOf(stamp[0].toLocalDateTime().plusNanos(1000));
        truth[0] = !truth[0];
    }

    /** Large objects come out: `size` characters and bytes. */
    public static void large(int size, Clob[] text, Blob[] bytes) throws SQLException {
        if (size < 0) {
            return;
        }
        text[0] = here().createClob();
        text[0].setString(1, "\u20ac".repeat(size));
        bytes[0] = here().createBlob();
        byte[] all = new byte[size];
        java.util.Arrays.fill(all, (byte) 7);
        if (size > 0) {
            bytes[0].setBytes(1, all);
        }
    }

    /** Two result sets, and a value. */
    public static void sets(int rows, int[] answer, ResultSet[] first, ResultSet[] second) throws SQLException {
        answer[0] = rows * 2;
        first[0] = here().createStatement().executeQuery(
                "SELECT N, 'row ' || TRIM(CHAR(N)) AS WORDS FROM NUMBERS WHERE N < " + rows + " ORDER BY N");
        second[0] = here().createStatement().executeQuery("VALUES ('x', 1.5), ('y', 2.5)");
    }

    /** As {@link #sets}, after a while. */
    public static void late(int rows, int[] answer, ResultSet[] first, ResultSet[] second)
            throws SQLException, InterruptedException {
        Thread.sleep(500);
        sets(rows, answer, first, second);
    }

    /** The number, after a while. */
    public static int slowly(int n, int millis) throws InterruptedException {
        Thread.sleep(millis);
        return n;
    }

    /** A result set with large objects. */
    public static void lobs(ResultSet[] rows) throws SQLException {
        rows[0] = here().createStatement().executeQuery("SELECT ID, C, B FROM LOBS WHERE ID <> 4 ORDER BY ID");
    }

    /** A result set that fails on its way, after so many rows. */
    public static void failing(int rows, ResultSet[] out) throws SQLException {
        out[0] = here().createStatement().executeQuery("SELECT 1 / (" + rows + " - N) FROM NUMBERS");
    }

    /** A result set of one row: the text in small letters. */
    public static void lowered(String text, ResultSet[] rows) throws SQLException {
        PreparedStatement statement = here().prepareStatement("VALUES LOWER(CAST(? AS VARCHAR(40)))");
        statement.setString(1, text);
        rows[0] = statement.executeQuery();
    }

    /** Changes a row. */
    public static void change(int n) throws SQLException {
        here().createStatement().executeUpdate("INSERT INTO CHANGED VALUES (" + n + ")");
    }

    /** Fails with a state of its own. */
    public static void fail(int[] value) throws SQLException {
        throw new SQLException("not today", "38777");
    }
}
