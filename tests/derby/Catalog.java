import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;

/**
 * What Derby's JDBC client says of a server's tables: {@code java -cp derbyclient.jar Catalog.java URL}. One line for
 * each row, its values with tabs between.
 */
public class Catalog {
    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        try (Connection connection = DriverManager.getConnection(args[0])) {
            DatabaseMetaData about = connection.getMetaData();
            print(out, about.getSchemas(), "TABLE_SCHEM");
            print(out, about.getTableTypes(), "TABLE_TYPE");
            print(out, about.getTables(null, null, "%", null), "TABLE_SCHEM", "TABLE_NAME", "TABLE_TYPE");
            print(out, about.getTables(null, "SHOP", "OR%", new String[] {"TABLE"}), "TABLE_SCHEM", "TABLE_NAME");
            print(out, about.getColumns(null, null, "ORDERS", "%"), "COLUMN_NAME", "DATA_TYPE", "TYPE_NAME",
                "COLUMN_SIZE", "DECIMAL_DIGITS", "IS_NULLABLE", "ORDINAL_POSITION");
            print(out, about.getColumns(null, "APP", "NAMES", "N%"), "TABLE_NAME", "COLUMN_NAME");
            print(out, about.getPrimaryKeys(null, "SHOP", "ORDERS"), "COLUMN_NAME", "KEY_SEQ");
            String[] key = {"PKTABLE_NAME", "PKCOLUMN_NAME", "FKTABLE_NAME", "FKCOLUMN_NAME", "KEY_SEQ"};
            print(out, about.getImportedKeys(null, "SHOP", "PARTS"), key);
            print(out, about.getExportedKeys(null, "SHOP", "ORDERS"), key);
            print(out, about.getCrossReference(null, "SHOP", "ORDERS", null, "SHOP", "PARTS"), key);
            print(out, about.getIndexInfo(null, "SHOP", "PARTS", false, true), "NON_UNIQUE", "INDEX_NAME",
                "ORDINAL_POSITION", "COLUMN_NAME", "ASC_OR_DESC");
            print(out, about.getIndexInfo(null, "SHOP", "PARTS", true, true), "INDEX_NAME");
            print(out, about.getBestRowIdentifier(null, "SHOP", "ORDERS", 0, true), "COLUMN_NAME", "TYPE_NAME");
            print(out, about.getVersionColumns(null, "SHOP", "ORDERS"), "COLUMN_NAME");
            print(out, about.getTypeInfo(), "TYPE_NAME");
            print(out, about.getProcedures(null, "SYSIBM", "SQLTAB%"), "PROCEDURE_NAME");
            print(out, about.getProcedureColumns(null, "SYSIBM", "SQLTABLES", "TA%"), "COLUMN_NAME", "TYPE_NAME");
            print(out, about.getTablePrivileges(null, "SHOP", "ORDERS"), "PRIVILEGE");
            print(out, about.getColumnPrivileges(null, "SHOP", "ORDERS", "ID"), "PRIVILEGE");
            print(out, about.getUDTs(null, null, "%", null), "TYPE_NAME");
            print(out, about.getFunctions(null, null, "%"), "FUNCTION_NAME");
        }
    }

    private static void print(PrintStream out, ResultSet rows, String... columns) throws SQLException {
        try (rows) {
            boolean some = false;
            while (rows.next()) {
                some = true;
                StringBuilder line = new StringBuilder();
                for (String column : columns) {
                    line.append(line.isEmpty() ? "" : "\t").append(rows.getString(column));
                }
                out.println(line);
            }
            if (!some) {
                out.println("nothing");
            }
        }
        out.println();
    }
}
