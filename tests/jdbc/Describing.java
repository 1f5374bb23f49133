import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.List;

/** Descriptions of results. */
final class Describing {
    private static final String COLUMNS = "A SMALLINT NOT NULL, B BIGINT, C DECIMAL(9,2), D CHAR(5), E VARCHAR(20), F DATE, G TIMESTAMP, "
        + "H DOUBLE, I REAL, J TIME, K VARCHAR(8) FOR BIT DATA";

    private Describing() {
    }

    static void add(Suite suite) {
        suite.both("described: types of columns", scene -> Scene.same(
            List.of(Types.SMALLINT, Types.BIGINT, Types.DECIMAL, Types.CHAR, Types.VARCHAR, Types.DATE, Types.TIMESTAMP,
                Types.DOUBLE, Types.REAL, Types.TIME, Types.VARBINARY), told(scene, ResultSetMetaData::getColumnType), "types"));
        suite.both("described: names of types", scene -> Scene.same(
            List.of("SMALLINT", "BIGINT", "DECIMAL", "CHAR", "VARCHAR", "DATE", "TIMESTAMP", "DOUBLE", "REAL", "TIME"),
            told(scene, ResultSetMetaData::getColumnTypeName).subList(0, 10), "names"));
        suite.both("described: precision and scale", scene -> {
            Scene.same(9, told(scene, ResultSetMetaData::getPrecision).get(2), "precision");
            Scene.same(2, told(scene, ResultSetMetaData::getScale).get(2), "scale");
            Scene.same(5, told(scene, ResultSetMetaData::getPrecision).get(3), "length of CHAR");
            Scene.same(20, told(scene, ResultSetMetaData::getPrecision).get(4), "length of VARCHAR");
        });
        suite.both("described: which may be NULL", scene ->
            Scene.same(List.of(ResultSetMetaData.columnNoNulls, ResultSetMetaData.columnNullable),
                told(scene, ResultSetMetaData::isNullable).subList(0, 2), "nullable"));
        suite.both("described: names and labels", scene -> {
            try (Statement statement = scene.connection().createStatement();
                 ResultSet rows = statement.executeQuery("SELECT ID AS N, NAME, ID + 1 AS \"Next one\" FROM NUMBERS WHERE ID = 1")) {
                ResultSetMetaData about = rows.getMetaData();
                Scene.same("N NAME Next one", about.getColumnLabel(1) + " " + about.getColumnLabel(2) + " " + about.getColumnLabel(3), "labels");
                Scene.same("NAME", about.getColumnName(2), "name");
            }
        });
        suite.both("described: the table of a column", scene -> {
            try (Statement statement = scene.connection().createStatement();
                 ResultSet rows = statement.executeQuery("SELECT ID, NAME FROM NUMBERS WHERE ID = 1")) {
                Scene.same("NUMBERS", rows.getMetaData().getTableName(1), "table");
                Scene.same(false, rows.getMetaData().getSchemaName(1).isBlank(), "schema");
            }
        });
        suite.both("described: classes of values", scene ->
            Scene.same(List.of("java.math.BigDecimal", "java.lang.String", "java.lang.String", "java.sql.Date", "java.sql.Timestamp"),
                told(scene, ResultSetMetaData::getColumnClassName).subList(2, 7), "classes"));
        suite.both("described: signs, cases, searches", scene -> {
            Scene.same(true, told(scene, ResultSetMetaData::isSigned).get(0), "isSigned");
            Scene.same(true, told(scene, ResultSetMetaData::isSearchable).get(4), "isSearchable");
            Scene.same(true, told(scene, ResultSetMetaData::getColumnDisplaySize).get(4).equals(20), "width");
        });
        suite.jcc("described: LOBs, BOOLEAN, BINARY, DECFLOAT", scene -> {
            String table = scene.table("A CLOB(5000), B BLOB(6000), C DBCLOB(700), D BOOLEAN, E BINARY(4), F VARBINARY(5), G DECFLOAT(16)");
            Connection connection = scene.connection();
            try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery("SELECT * FROM " + table)) {
                ResultSetMetaData about = rows.getMetaData();
                List<Object> types = new ArrayList<>();
                for (int n = 1; n <= 7; n++) {
                    types.add(about.getColumnTypeName(n));
                }
                Scene.same(List.of("CLOB", "BLOB", "DBCLOB", "BOOLEAN", "BINARY", "VARBINARY", "DECFLOAT"), types, "types");
                Scene.same("5000 6000 700", about.getPrecision(1) + " " + about.getPrecision(2) + " " + about.getPrecision(3), "lengths");
            }
        });
        suite.jcc("described: without deferred prepares", scene -> {
            Connection connection = scene.open("deferPrepares", "false");
            try (var select = connection.prepareStatement("SELECT ID, NAME FROM NUMBERS WHERE ID = ?")) {
                Scene.same(2, select.getMetaData().getColumnCount(), "columns");
                select.setInt(1, 3);
                Scene.same(List.of("3 name 3"), Scene.rows(select.executeQuery()), "row");
            }
        });
        suite.both("described: abilities of the database", scene -> {
            var about = scene.connection().getMetaData();
            Scene.same(true, about.supportsTransactions() && about.supportsBatchUpdates(), "transactions, batches");
            Scene.same(true, about.supportsResultSetType(ResultSet.TYPE_SCROLL_INSENSITIVE), "scrolling");
            Scene.same("\"", about.getIdentifierQuoteString(), "quotes");
            Scene.same(true, about.getMaxColumnsInTable() >= 0 && about.getSQLKeywords() != null, "limits");
            Scene.same(true, about.storesUpperCaseIdentifiers(), "upper case");
        });
    }

    private interface Question {
        Object ask(ResultSetMetaData about, int column) throws Exception;
    }

    /** The answers for the columns of a table of many types. */
    private static List<Object> told(Scene scene, Question question) throws Exception {
        String table = scene.table(COLUMNS);
        List<Object> out = new ArrayList<>();
        try (Statement statement = scene.connection().createStatement(); ResultSet rows = statement.executeQuery("SELECT * FROM " + table)) {
            for (int n = 1; n <= 11; n++) {
                out.add(question.ask(rows.getMetaData(), n));
            }
        }
        return out;
    }
}
