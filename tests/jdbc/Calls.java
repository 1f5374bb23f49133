import java.sql.CallableStatement;
import java.sql.ResultSet;
import java.sql.Types;
import java.util.List;

/** Procedures. */
final class Calls {
    private Calls() {
    }

    static void add(Suite suite) {
        suite.both("call: a procedure that is not there", scene ->
            Scene.fails("42", () -> {
                try (CallableStatement call = scene.connection().prepareCall("CALL NOWHERE.NOTHING(?)")) {
                    call.setInt(1, 1);
                    call.execute();
                }
            }));
        suite.jcc("call: a result set", scene -> {
            try (CallableStatement call = scene.connection().prepareCall("CALL SYSIBM.SQLTABLES(?, ?, ?, ?, ?)")) {
                for (int n = 1; n <= 5; n++) {
                    call.setNull(n, Types.VARCHAR);
                }
                call.setString(3, "NUMBERS");
                Scene.same(true, call.execute(), "rows");
                try (ResultSet rows = call.getResultSet()) {
                    Scene.same(true, rows.next() && rows.getString("TABLE_NAME").equals("NUMBERS"), "row");
                    Scene.same(false, rows.next(), "the end");
                }
                Scene.same(false, call.getMoreResults(), "one result");
            }
        });
        suite.jcc("call: a parameter that comes out", scene -> {
            scene.execute("CREATE PROCEDURE ADDED (IN A INTEGER, OUT B INTEGER) LANGUAGE SQL BEGIN SET B = A + 1; END");
            try (CallableStatement call = scene.connection().prepareCall("CALL ADDED(?, ?)")) {
                call.setInt(1, 41);
                call.registerOutParameter(2, Types.INTEGER);
                call.execute();
                Scene.same(42, call.getInt(2), "out");
            }
        });
        suite.jcc("call: client information by procedure", scene -> {
            scene.execute("CALL SYSPROC.WLM_SET_CLIENT_INFO('user', 'host', 'program', 'acc', 'AUTOMATIC')");
            Scene.same(List.of("1"), scene.rows("SELECT ID FROM NUMBERS WHERE ID = 1"), "goes on");
        });
    }
}
