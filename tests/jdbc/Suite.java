import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;

/**
 * The features of JDBC that programs use, looked at one by one through a driver: {@code java Suite PRODUCT URL USER
 * PASSWORD [START]}, where PRODUCT is "jcc" (IBM's driver) or "derby" (Apache Derby's client). One line of JSON for each: its name and
 * how it went wrong; "" where it went right. START runs those whose names begin so.
 */
public final class Suite {
    /** Looks at a feature. */
    interface Feature {
        void run(Scene scene) throws Exception;
    }

    /** Longer than any of them takes. */
    private static final long LIMIT = 20_000;

    private final Map<String, Feature> features = new LinkedHashMap<>();
    private final String product;

    private Suite(String product) {
        this.product = product;
    }

    /** A feature of both drivers. */
    void both(String name, Feature feature) {
        if (features.put(name, feature) != null) {
            throw new IllegalArgumentException("twice: " + name);
        }
    }

    /** One of IBM's driver alone: Derby has no such thing, or its client none. */
    void jcc(String name, Feature feature) {
        if (product.equals("jcc")) {
            both(name, feature);
        }
    }

    public static void main(String[] args) throws Exception {
        String product = args[0];
        String start = args.length > 4 ? args[4] : "";
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        Suite suite = new Suite(product);
        Connecting.add(suite);
        Statements.add(suite);
        Values.add(suite);
        Parameters.add(suite);
        Batches.add(suite);
        Scrolling.add(suite);
        Positioned.add(suite);
        LargeObjects.add(suite);
        Transactions.add(suite);
        Errors.add(suite);
        Describing.add(suite);
        Catalogs.add(suite);
        Calls.add(suite);
        try (Scene scene = new Scene(product, args[1], args[2], args[3])) {
            setUp(scene);
        } catch (Throwable e) {
            tell(out, "set up", e);
        }
        for (Map.Entry<String, Feature> each : suite.features.entrySet()) {
            if (each.getKey().startsWith(start)) {
                Scene scene = new Scene(product, args[1], args[2], args[3]);
                tell(out, each.getKey(), inTime(scene, each.getValue()));
            }
        }
        // A thread that hangs must not keep the program.
        System.exit(0);
    }

    /** How a feature went wrong; null where it did not. */
    private static Throwable inTime(Scene scene, Feature feature) throws InterruptedException {
        AtomicReference<Throwable> wrong = new AtomicReference<>();
        Thread thread = new Thread(() -> {
            try (scene) {
                feature.run(scene);
            } catch (Throwable e) {
                wrong.set(e);
            }
        });
        thread.setDaemon(true);
        thread.start();
        thread.join(LIMIT);
        if (!thread.isAlive()) {
            return wrong.get();
        }
        Throwable hangs = new AssertionError("not done in " + LIMIT + " ms");
        hangs.setStackTrace(thread.getStackTrace());
        return hangs;
    }

    private static void tell(PrintStream out, String name, Throwable wrong) {
        StringBuilder text = new StringBuilder();
        if (wrong != null) {
            text.append(wrong.getClass().getSimpleName()).append(": ").append(wrong.getMessage());
            for (StackTraceElement at : wrong.getStackTrace()) {
                if (at.getFileName() != null && at.getModuleName() == null && !at.getClassName().contains(".")) {
                    text.append(" @").append(at.getFileName()).append(':').append(at.getLineNumber());
                }
            }
        }
        StringBuilder json = new StringBuilder("{\"feature\":\"" + name + "\",\"error\":\"");
        for (char c : text.toString().toCharArray()) {
            json.append(c < ' ' || c == '"' || c == '\\' || c > '~' ? String.format("\\u%04x", (int) c) : String.valueOf(c));
        }
        out.println(json.append("\"}"));
    }

    /** Tables that several features read. Our own servers have them already. */
    private static void setUp(Scene scene) throws SQLException {
        Connection connection = scene.connection();
        try (Statement statement = connection.createStatement()) {
            statement.executeQuery("SELECT ID FROM LOBS").close();
            return;
        } catch (SQLException e) {
            // There are none.
        }
        scene.execute("CREATE TABLE NUMBERS (ID INTEGER, NAME VARCHAR(20))",
            "CREATE TABLE LOBS (ID INTEGER, C CLOB(10000000), B BLOB(10000000))");
        try (PreparedStatement insert = scene.prepare("INSERT INTO NUMBERS VALUES (?, ?)")) {
            for (int n = 1; n <= 1000; n++) {
                insert.setInt(1, n);
                insert.setString(2, "name " + n);
                insert.executeUpdate();
            }
        }
        try (PreparedStatement insert = scene.prepare("INSERT INTO LOBS VALUES (?, ?, ?)")) {
            for (int row = 1; row <= Scene.SIZES.length; row++) {
                insert.setInt(1, row);
                insert.setString(2, Scene.text(row));
                insert.setBytes(3, Scene.bytes(row));
                insert.executeUpdate();
            }
        }
    }
}
