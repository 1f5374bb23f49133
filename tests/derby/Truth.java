import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;

/**
 * What Derby's own JDBC client says, as exact values: {@code java -cp derbyclient.jar Truth.java URL}, then one
 * statement a line on standard input (plain, or as a JSON string). Each answer is one JSON object a line:
 * {"columns":[...]}, {"row":[...]} for every row, {"end":N}; or {"updated":N}, {"end":0}; or {"error","sqlstate"}.
 *
 * Integers and decimals are decimal text; REAL and DOUBLE are {"text","bits"} (raw bits in hex); CHAR, VARCHAR and
 * CLOB are strings; binary is hex; DATE, TIME, TIMESTAMP are getString's text; BOOLEAN is true or false.
 */
public class Truth {
    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        try (Connection connection = DriverManager.getConnection(args[0]);
             BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                if (!line.isBlank()) {
                    answer(connection, line.startsWith("\"") ? unquote(line) : line, out);
                    out.flush();
                }
            }
        }
    }

    private static void answer(Connection connection, String sql, PrintStream out) {
        try (Statement statement = connection.createStatement()) {
            if (!statement.execute(sql)) {
                out.println("{\"updated\":" + statement.getUpdateCount() + "}\n{\"end\":0}");
                return;
            }
            try (ResultSet rows = statement.getResultSet()) {
                ResultSetMetaData about = rows.getMetaData();
                out.println(columns(about));
                long count = 0;
                for (; rows.next(); count++) {
                    StringBuilder text = new StringBuilder("{\"row\":[");
                    for (int i = 1; i <= about.getColumnCount(); i++) {
                        text.append(i > 1 ? "," : "");
                        value(rows, i, about.getColumnType(i), text);
                    }
                    out.println(text.append("]}"));
                }
                out.println("{\"end\":" + count + "}");
            }
        } catch (SQLException error) {
            out.println("{\"error\":" + quote(error.getMessage()) + ",\"sqlstate\":" + quote(error.getSQLState()) + "}");
        }
    }

    private static String columns(ResultSetMetaData about) throws SQLException {
        StringBuilder text = new StringBuilder("{\"columns\":[");
        for (int i = 1; i <= about.getColumnCount(); i++) {
            text.append(i > 1 ? "," : "").append("{\"name\":").append(quote(about.getColumnLabel(i)))
                .append(",\"type\":").append(quote(about.getColumnTypeName(i)))
                .append(",\"jdbc\":").append(about.getColumnType(i))
                .append(",\"precision\":").append(about.getPrecision(i))
                .append(",\"scale\":").append(about.getScale(i))
                .append(",\"nullable\":").append(about.isNullable(i) != ResultSetMetaData.columnNoNulls).append('}');
        }
        return text.append("]}").toString();
    }

    private static void value(ResultSet rows, int i, int type, StringBuilder text) throws SQLException {
        switch (type) {
            case Types.REAL -> {
                float f = rows.getFloat(i);
                text.append(rows.wasNull() ? "null" : number(Float.toString(f), String.format("%08x", Float.floatToRawIntBits(f))));
            }
            case Types.DOUBLE, Types.FLOAT -> {
                double d = rows.getDouble(i);
                text.append(rows.wasNull() ? "null" : number(Double.toString(d), String.format("%016x", Double.doubleToRawLongBits(d))));
            }
            case Types.DECIMAL, Types.NUMERIC -> {
                BigDecimal d = rows.getBigDecimal(i);
                text.append(d == null ? "null" : quote(d.toPlainString()));
            }
            case Types.BOOLEAN -> {
                boolean b = rows.getBoolean(i);
                text.append(rows.wasNull() ? "null" : Boolean.toString(b));
            }
            case Types.BINARY, Types.VARBINARY, Types.LONGVARBINARY, Types.BLOB -> {
                byte[] bytes = rows.getBytes(i);
                if (bytes == null) {
                    text.append("null");
                } else {
                    text.append('"').append(java.util.HexFormat.of().formatHex(bytes)).append('"');
                }
            }
            default -> {
                String s = rows.getString(i);
                text.append(s == null ? "null" : quote(s));
            }
        }
    }

    private static String number(String text, String bits) {
        return "{\"text\":\"" + text + "\",\"bits\":\"" + bits + "\"}";
    }

    /** A JSON string in ASCII: every other UTF-16 unit is escaped, so a lone surrogate survives too. */
    private static String quote(String s) {
        StringBuilder text = new StringBuilder("\"");
        for (int i = 0; i < s.length(); i++) {
            char c = s.charAt(i);
            if (c == '"' || c == '\\') {
                text.append('\\').append(c);
            } else if (c < ' ' || c > '~') {
                text.append("\\u").append(java.util.HexFormat.of().toHexDigits(c));
            } else {
                text.append(c);
            }
        }
        return text.append('"').toString();
    }

    private static String unquote(String json) {
        StringBuilder text = new StringBuilder();
        for (int i = 1; i < json.length() - 1; i++) {
            char c = json.charAt(i);
            if (c != '\\') {
                text.append(c);
                continue;
            }
            char next = json.charAt(++i);
            switch (next) {
                case 'u' -> {
                    text.append((char) Integer.parseInt(json.substring(i + 1, i + 5), 16));
                    i += 4;
                }
                case 'n' -> text.append('\n');
                case 't' -> text.append('\t');
                case 'r' -> text.append('\r');
                default -> text.append(next);
            }
        }
        return text.toString();
    }
}
