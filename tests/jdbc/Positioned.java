import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.List;

/** Rows that are changed where a cursor stands. */
final class Positioned {
    private Positioned() {
    }

    static void add(Suite suite) {
        suite.both("positioned: UPDATE WHERE CURRENT OF", scene -> {
            String table = filled(scene);
            try (Statement statement = scene.connection().createStatement();
                 ResultSet rows = statement.executeQuery("SELECT ID, V FROM " + table + " FOR UPDATE OF V")) {
                String cursor = rows.getCursorName();
                try (PreparedStatement update = scene.prepare("UPDATE " + table + " SET V = ? WHERE CURRENT OF " + cursor)) {
                    while (rows.next()) {
                        if (rows.getInt(1) == 3) {
                            update.setString(1, "changed");
                            Scene.same(1, update.executeUpdate(), "updated");
                        }
                    }
                }
            }
            ends(scene, table, "1 v1", "2 v2", "3 changed", "4 v4", "5 v5");
        });
        suite.both("positioned: DELETE WHERE CURRENT OF", scene -> {
            String table = filled(scene);
            try (Statement statement = scene.connection().createStatement();
                 ResultSet rows = statement.executeQuery("SELECT ID, V FROM " + table + " FOR UPDATE")) {
                while (rows.next()) {
                    if (rows.getInt(1) % 2 == 0) {
                        try (Statement delete = scene.connection().createStatement()) {
                            Scene.same(1, delete.executeUpdate(
                                "DELETE FROM " + table + " WHERE CURRENT OF " + rows.getCursorName()), "deleted");
                        }
                    }
                }
            }
            ends(scene, table, "1 v1", "3 v3", "5 v5");
        });
        suite.both("positioned: by a name of the program's", scene -> {
            String table = filled(scene);
            try (Statement statement = scene.connection().createStatement()) {
                statement.setCursorName("MINE");
                try (ResultSet rows = statement.executeQuery("SELECT ID, V FROM " + table + " FOR UPDATE");
                     Statement update = scene.connection().createStatement()) {
                    Scene.same(true, rows.next() && rows.next(), "two rows");
                    Scene.same(1, update.executeUpdate("UPDATE " + table + " SET V = 'mine' WHERE CURRENT OF MINE"), "updated");
                }
            }
            ends(scene, table, "1 v1", "2 mine", "3 v3", "4 v4", "5 v5");
        });
        suite.both("positioned: updateRow", scene -> {
            String table = filled(scene);
            try (Statement statement = scene.connection().createStatement(ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_UPDATABLE);
                 ResultSet rows = statement.executeQuery("SELECT ID, V FROM " + table)) {
                Scene.same(ResultSet.CONCUR_UPDATABLE, rows.getConcurrency(), "concurrency");
                while (rows.next()) {
                    if (rows.getInt(1) >= 4) {
                        rows.updateString(2, "x" + rows.getInt(1));
                        rows.updateRow();
                    }
                }
            }
            ends(scene, table, "1 v1", "2 v2", "3 v3", "4 x4", "5 x5");
        });
        suite.both("positioned: deleteRow", scene -> {
            String table = filled(scene);
            try (Statement statement = scene.connection().createStatement(ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_UPDATABLE);
                 ResultSet rows = statement.executeQuery("SELECT ID, V FROM " + table)) {
                while (rows.next()) {
                    if (rows.getInt(1) == 1 || rows.getInt(1) == 5) {
                        rows.deleteRow();
                    }
                }
            }
            ends(scene, table, "2 v2", "3 v3", "4 v4");
        });
        suite.both("positioned: insertRow", scene -> {
            String table = filled(scene);
            try (Statement statement = scene.connection().createStatement(scrolls(scene), ResultSet.CONCUR_UPDATABLE);
                 ResultSet rows = statement.executeQuery("SELECT ID, V FROM " + table)) {
                rows.moveToInsertRow();
                rows.updateInt(1, 6);
                rows.updateString(2, "v6");
                rows.insertRow();
                rows.moveToCurrentRow();
            }
            ends(scene, table, "1 v1", "2 v2", "3 v3", "4 v4", "5 v5", "6 v6");
        });
        suite.both("positioned: updateRow while it scrolls", scene -> {
            String table = filled(scene);
            try (Statement statement = scene.connection().createStatement(scrolls(scene), ResultSet.CONCUR_UPDATABLE);
                 ResultSet rows = statement.executeQuery("SELECT ID, V FROM " + table)) {
                for (int n : new int[] {5, 2}) {
                    Scene.same(true, rows.absolute(n), "absolute");
                    rows.updateString("V", "row " + rows.getInt(1));
                    rows.updateRow();
                }
            }
            ends(scene, table, "1 v1", "2 row 2", "3 v3", "4 v4", "5 row 5");
        });
        suite.both("positioned: before the first row", scene -> {
            String table = filled(scene);
            try (Statement statement = scene.connection().createStatement();
                 ResultSet rows = statement.executeQuery("SELECT ID, V FROM " + table + " FOR UPDATE");
                 Statement delete = scene.connection().createStatement()) {
                String cursor = rows.getCursorName();
                Scene.fails("24", () -> delete.executeUpdate("DELETE FROM " + table + " WHERE CURRENT OF " + cursor));
            }
        });
        suite.both("positioned: after a commit, and in another table", scene -> {
            String table = filled(scene);
            String other = scene.table("ID INTEGER, V VARCHAR(10)");
            scene.execute("INSERT INTO " + other + " VALUES (1, 'other')");
            scene.connection().commit();
            try (Statement statement = scene.connection().createStatement();
                 ResultSet rows = statement.executeQuery("SELECT ID, V FROM " + table + " FOR UPDATE");
                 Statement delete = scene.connection().createStatement()) {
                String cursor = rows.getCursorName();
                Scene.same(true, rows.next(), "a row");
                Scene.fails("42", () -> delete.executeUpdate("DELETE FROM " + other + " WHERE CURRENT OF " + cursor));
                scene.connection().commit();
                Scene.fails("24", () -> delete.executeUpdate("DELETE FROM " + table + " WHERE CURRENT OF " + cursor));
            }
            Scene.same(List.of("1 other"), scene.stored("SELECT ID, V FROM " + other), "the other table");
            ends(scene, table, "1 v1", "2 v2", "3 v3", "4 v4", "5 v5");
        });
        suite.both("positioned: goes on after a commit", scene -> {
            String table = filled(scene);
            scene.connection().commit();
            try (Statement statement = held(scene);
                 ResultSet rows = statement.executeQuery("SELECT ID, V FROM " + table + " FOR UPDATE");
                 Statement update = scene.connection().createStatement()) {
                String cursor = rows.getCursorName();
                for (int id = 1; id <= 5; id++) {
                    Scene.same(true, rows.next() && rows.getInt(1) == id, "row " + id);
                    String change = id == 4 ? "DELETE FROM " + table : "UPDATE " + table + " SET V = 'w" + id + "'";
                    Scene.same(1, update.executeUpdate(change + " WHERE CURRENT OF " + cursor), "changed " + id);
                    scene.connection().commit();
                    Scene.fails("24", () -> update.executeUpdate("DELETE FROM " + table + " WHERE CURRENT OF " + cursor));
                }
                Scene.same(false, rows.next(), "the end");
            }
            ends(scene, table, "1 w1", "2 w2", "3 w3", "5 w5");
        });
        suite.jcc("positioned: after a commit others have changed the row", scene -> {
            String table = filled(scene);
            scene.connection().commit();
            try (Statement statement = held(scene);
                 ResultSet rows = statement.executeQuery("SELECT ID FROM " + table + " FOR UPDATE");
                 Statement update = scene.connection().createStatement()) {
                String cursor = rows.getCursorName();
                Scene.same(true, rows.next(), "a row");
                scene.connection().commit();
                try (Connection other = scene.open(); Statement theirs = other.createStatement()) {
                    theirs.executeUpdate("UPDATE " + table + " SET V = 'theirs' WHERE ID = 2");
                    theirs.executeUpdate("DELETE FROM " + table + " WHERE ID = 3");
                }
                for (int id = 2; id <= 4; id++) {
                    Scene.same(true, rows.next() && rows.getInt(1) == id, "row " + id);
                    String change = "UPDATE " + table + " SET V = 'ours' WHERE CURRENT OF " + cursor;
                    if (id < 4) {
                        Scene.fails("24512", () -> update.executeUpdate(change));
                    } else {
                        Scene.same(1, update.executeUpdate(change), "changed");
                    }
                }
            }
            ends(scene, table, "1 v1", "2 theirs", "4 ours", "5 v5");
        });
        suite.both("positioned: updateRow, each with a commit", scene -> {
            String table = filled(scene);
            scene.connection().setAutoCommit(true);
            try (Statement statement = scene.connection().createStatement(
                     scrolls(scene), ResultSet.CONCUR_UPDATABLE, ResultSet.HOLD_CURSORS_OVER_COMMIT);
                 ResultSet rows = statement.executeQuery("SELECT ID, V FROM " + table)) {
                for (int id = 1; id <= 5; id++) {
                    Scene.same(true, rows.absolute(id), "row " + id);
                    rows.updateString(2, "w" + id);
                    rows.updateRow();
                }
            }
            Scene.same(List.of("1 w1", "2 w2", "3 w3", "4 w4", "5 w5"), scene.stored("SELECT ID, V FROM " + table), "rows");
        });
        suite.both("positioned: of a cursor that is not there", scene -> {
            String table = filled(scene);
            Scene.fails(scene.product.equals("jcc") ? "34000" : "42X30", () ->
                scene.update("DELETE FROM " + table + " WHERE CURRENT OF NOBODY"));
        });
    }

    /** A statement whose results stay open after a commit. */
    private static Statement held(Scene scene) throws Exception {
        return scene.connection().createStatement(
            ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_UPDATABLE, ResultSet.HOLD_CURSORS_OVER_COMMIT);
    }

    /** How results scroll whose rows can be changed. */
    private static int scrolls(Scene scene) {
        return scene.product.equals("jcc") ? ResultSet.TYPE_SCROLL_SENSITIVE : ResultSet.TYPE_SCROLL_INSENSITIVE;
    }

    /** A table of five rows, in a transaction that goes on. */
    private static String filled(Scene scene) throws Exception {
        String table = scene.table("ID INTEGER NOT NULL PRIMARY KEY, V VARCHAR(10)");
        scene.execute("INSERT INTO " + table + " VALUES (1, 'v1'), (2, 'v2'), (3, 'v3'), (4, 'v4'), (5, 'v5')");
        scene.connection().setAutoCommit(false);
        return table;
    }

    private static void ends(Scene scene, String table, String... rows) throws Exception {
        scene.connection().commit();
        Scene.same(List.of(rows), scene.stored("SELECT ID, V FROM " + table), "rows");
    }
}
