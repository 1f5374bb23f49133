import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** The catalog, by DatabaseMetaData. */
final class Catalogs {
    private interface Question {
        ResultSet ask(DatabaseMetaData about) throws SQLException;
    }

    private Catalogs() {
    }

    static void add(Suite suite) {
        suite.both("catalog: tables", scene -> {
            String table = scene.table("ID INTEGER");
            Scene.same(List.of(table + " TABLE"),
                asked(scene.connection(), about -> about.getTables(null, null, table, null), "TABLE_NAME", "TABLE_TYPE"), "by name");
            Scene.same(List.of("LOBS", "NUMBERS"), asked(scene.connection(),
                about -> about.getTables(null, null, "%", new String[] {"TABLE"}), "TABLE_NAME").stream()
                    .filter(name -> name.equals("LOBS") || name.equals("NUMBERS")).toList(), "all");
        });
        suite.both("catalog: columns", scene -> {
            String table = scene.table("A SMALLINT NOT NULL, B DECIMAL(9,2), C VARCHAR(20)");
            Scene.same(List.of("A 5 NO 1", "B 3 YES 2", "C 12 YES 3"), asked(scene.connection(),
                about -> about.getColumns(null, null, table, null), "COLUMN_NAME", "DATA_TYPE", "IS_NULLABLE", "ORDINAL_POSITION"), "columns");
            Scene.same(List.of("B 9 2"), asked(scene.connection(),
                about -> about.getColumns(null, null, table, "B"), "COLUMN_NAME", "COLUMN_SIZE", "DECIMAL_DIGITS"), "a decimal");
        });
        suite.both("catalog: primary keys", scene -> {
            String table = scene.table("A INTEGER NOT NULL, B INTEGER NOT NULL, PRIMARY KEY (B, A)");
            Scene.same(List.of("A 2", "B 1"), asked(scene.connection(),
                about -> about.getPrimaryKeys(null, null, table), "COLUMN_NAME", "KEY_SEQ"), "keys");
        });
        suite.both("catalog: schemas", scene ->
            Scene.same(true, asked(scene.connection(), DatabaseMetaData::getSchemas, "TABLE_SCHEM").size() > 0, "some"));
        suite.both("catalog: catalogs", scene -> asked(scene.connection(), DatabaseMetaData::getCatalogs, "TABLE_CAT"));
        suite.both("catalog: types of tables", scene ->
            Scene.same(true, asked(scene.connection(), DatabaseMetaData::getTableTypes, "TABLE_TYPE").contains("TABLE"), "TABLE"));
        suite.both("catalog: types of values", scene -> {
            List<String> types = asked(scene.connection(), DatabaseMetaData::getTypeInfo, "TYPE_NAME");
            Scene.same(true, types.contains("INTEGER") && types.contains("VARCHAR"), types.toString());
        });
        suite.both("catalog: indexes", scene -> {
            String table = scene.table("ID INTEGER NOT NULL PRIMARY KEY");
            Scene.same(List.of("ID"), asked(scene.connection(),
                about -> about.getIndexInfo(null, null, table, true, false), "COLUMN_NAME").stream().filter(name -> !name.equals("null")).toList(), "the key's");
        });
        suite.both("catalog: foreign keys", scene -> {
            String parent = scene.table("ID INTEGER NOT NULL PRIMARY KEY");
            String child = scene.table("ID INTEGER REFERENCES " + parent + " (ID)");
            String expected = parent + " ID " + child + " ID 1";
            String[] names = {"PKTABLE_NAME", "PKCOLUMN_NAME", "FKTABLE_NAME", "FKCOLUMN_NAME", "KEY_SEQ"};
            Scene.same(List.of(expected), asked(scene.connection(), about -> about.getImportedKeys(null, null, child), names), "imported");
            Scene.same(List.of(expected), asked(scene.connection(), about -> about.getExportedKeys(null, null, parent), names), "exported");
            Scene.same(List.of(expected), asked(scene.connection(),
                about -> about.getCrossReference(null, null, parent, null, null, child), names), "between two");
        });
        suite.both("catalog: procedures", scene -> asked(scene.connection(), about -> about.getProcedures(null, null, "%"), "PROCEDURE_NAME"));
        suite.both("catalog: columns of procedures", scene ->
            asked(scene.connection(), about -> about.getProcedureColumns(null, null, "%", "%"), "COLUMN_NAME"));
        suite.both("catalog: functions", scene -> asked(scene.connection(), about -> about.getFunctions(null, null, "%"), "FUNCTION_NAME"));
        suite.both("catalog: the best key of a row", scene -> {
            String table = scene.table("ID INTEGER NOT NULL PRIMARY KEY, V INTEGER");
            Scene.same(List.of("ID"), asked(scene.connection(),
                about -> about.getBestRowIdentifier(null, null, table, DatabaseMetaData.bestRowSession, false), "COLUMN_NAME"), "columns");
        });
        suite.both("catalog: privileges", scene -> {
            String table = scene.table("ID INTEGER");
            asked(scene.connection(), about -> about.getTablePrivileges(null, null, table), "PRIVILEGE");
            asked(scene.connection(), about -> about.getColumnPrivileges(null, null, table, "%"), "PRIVILEGE");
        });
        suite.both("catalog: types of users", scene -> asked(scene.connection(), about -> about.getUDTs(null, null, "%", null), "TYPE_NAME"));
        suite.both("catalog: columns of versions", scene -> {
            String table = scene.table("ID INTEGER");
            Scene.same(List.of(), asked(scene.connection(), about -> about.getVersionColumns(null, null, table), "COLUMN_NAME"), "none");
        });
    }

    /** The values of these columns, row by row. */
    private static List<String> asked(Connection connection, Question question, String... columns) throws SQLException {
        List<String> out = new ArrayList<>();
        try (ResultSet rows = question.ask(connection.getMetaData())) {
            while (rows.next()) {
                StringBuilder row = new StringBuilder();
                for (String column : columns) {
                    row.append(row.isEmpty() ? "" : " ").append(rows.getString(column));
                }
                out.add(row.toString());
            }
        }
        return out;
    }
}
