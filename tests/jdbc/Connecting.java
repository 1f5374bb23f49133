import static java.util.stream.Collectors.toList;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import javax.sql.DataSource;

/** Connections: logins, properties, registers, their end. */
final class Connecting {
    private Connecting() {
    }

    static void add(Suite suite) {
        suite.both("connect: user and password", scene -> {
            Scene.same(false, scene.connection().isClosed(), "closed");
            Scene.same(List.of("1"), scene.rows("SELECT 1 FROM SYSIBM.SYSDUMMY1"), "a row");
        });
        suite.both("connect: a wrong password", scene ->
            Scene.fails(scene.product.equals("jcc") ? "28000" : "08004",
                () -> DriverManager.getConnection(scene.url, scene.user(), "wrong")));
        suite.both("connect: a database that is not there", scene -> {
            String url = scene.url.substring(0, scene.url.lastIndexOf('/') + 1) + "NOWHERE";
            SQLException e = Scene.fails("08004", () -> DriverManager.getConnection(url, scene.user(), scene.password()));
            Scene.same(true, e.getMessage().contains("NOWHERE"), "name in: " + e.getMessage());
        });
        suite.both("connect: by a DataSource", scene -> {
            try (Connection opened = source(scene).getConnection(scene.user(), scene.password())) {
                Scene.same(List.of("1"), Scene.rows(opened, "SELECT 1 FROM SYSIBM.SYSDUMMY1"), "a row");
            }
        });
        for (String[] each : new String[][] {{"3", "in clear"}, {"7", "password encrypted"}, {"9", "both encrypted"}}) {
            suite.jcc("connect: " + each[1], scene -> {
                try (Connection opened = scene.open("securityMechanism", each[0])) {
                    Scene.same(List.of("1"), Scene.rows(opened, "SELECT 1 FROM SYSIBM.SYSDUMMY1"), "a row");
                }
            });
        }
        for (String mechanism : new String[] {"7", "9"}) {
            suite.jcc("connect: by AES, mechanism " + mechanism, scene -> {
                try (Connection opened = scene.open("securityMechanism", mechanism, "encryptionAlgorithm", "2")) {
                    Scene.same(List.of("1"), Scene.rows(opened, "SELECT 1 FROM SYSIBM.SYSDUMMY1"), "a row");
                }
            });
        }
        suite.jcc("connect: a mechanism that is not there", scene -> {
            // The list of those that there are is in the message.
            SQLException e = Scene.fails("", () -> scene.open("securityMechanism", "11"));
            Scene.same(true, e.getErrorCode() < 0 && !e.getMessage().contains("0x12"), e.getMessage());
        });
        suite.both("connect: a second beside the first", scene -> {
            Scene.same(List.of("1"), scene.rows("SELECT 1 FROM SYSIBM.SYSDUMMY1"), "the first");
            Scene.same(List.of("2"), Scene.rows(scene.open(), "SELECT 2 FROM SYSIBM.SYSDUMMY1"), "the second");
            Scene.same(List.of("3"), scene.rows("SELECT 3 FROM SYSIBM.SYSDUMMY1"), "the first again");
        });
        suite.both("connect: closed twice, and used after that", scene -> {
            Connection connection = scene.connection();
            connection.close();
            connection.close();
            Scene.same(true, connection.isClosed(), "closed");
            Scene.fails("08003", connection::createStatement);
        });
        suite.both("connect: isValid", scene -> {
            Scene.same(true, scene.connection().isValid(2), "valid");
            scene.connection().close();
            Scene.same(false, scene.connection().isValid(2), "closed");
        });
        suite.both("connect: abort", scene -> {
            Connection connection = scene.open();
            connection.abort(Runnable::run);
            Scene.same(true, connection.isClosed(), "closed");
        });
        suite.jcc("connect: property currentSchema", scene -> {
            try (Connection opened = scene.open("currentSchema", "SHOP")) {
                Scene.same("SHOP", opened.getSchema().trim(), "schema");
            }
        });
        suite.both("connect: getSchema is the user's", scene ->
            Scene.same(scene.user().toUpperCase(), scene.connection().getSchema().trim(), "schema"));
        suite.both("connect: setSchema", scene -> {
            scene.execute(scene.product.equals("jcc") ? "SET SCHEMA OTHER" : "CREATE SCHEMA OTHER");
            scene.connection().setSchema("OTHER");
            Scene.same("OTHER", scene.connection().getSchema().trim(), "schema");
        });
        suite.jcc("connect: CURRENT SCHEMA", scene -> {
            Scene.same(List.of(scene.user().toUpperCase()),
                scene.rows("SELECT CURRENT SCHEMA FROM SYSIBM.SYSDUMMY1").stream().map(String::trim).collect(toList()), "register");
            scene.execute("SET CURRENT SCHEMA = 'SHOP'");
            Scene.same(List.of("SHOP"),
                scene.rows("SELECT CURRENT SCHEMA FROM SYSIBM.SYSDUMMY1").stream().map(String::trim).collect(toList()), "set");
        });
        suite.jcc("connect: setClientInfo", scene -> {
            for (String[] each : new String[][] {
                    {"ApplicationName", "judge"}, {"ClientUser", "me"}, {"ClientHostname", "here"}, {"ClientAccountingInformation", "acc"}}) {
                scene.connection().setClientInfo(each[0], each[1]);
                Scene.same(List.of("1"), scene.rows("SELECT 1 FROM SYSIBM.SYSDUMMY1"), each[0]);
                Scene.same(each[1], scene.connection().getClientInfo(each[0]), each[0]);
            }
        });
        suite.jcc("connect: CURRENT CLIENT_APPLNAME", scene -> {
            scene.connection().setClientInfo("ApplicationName", "judge");
            scene.connection().setClientInfo("ClientUser", "me");
            Scene.same(List.of("judge me"),
                scene.rows("SELECT CURRENT CLIENT_APPLNAME, CURRENT CLIENT_USERID FROM SYSIBM.SYSDUMMY1"), "registers");
        });
        suite.jcc("connect: clientProgramName and the like", scene -> {
            try (Connection opened = scene.open("clientProgramName", "prog", "clientUser", "x", "clientWorkstation", "y",
                    "clientApplicationInformation", "z", "clientAccountingInformation", "w")) {
                Scene.same(List.of("1"), Scene.rows(opened, "SELECT 1 FROM SYSIBM.SYSDUMMY1"), "a row");
            }
        });
        suite.both("connect: read-only", scene -> {
            scene.connection().setReadOnly(true);
            Scene.same(List.of("1"), scene.rows("SELECT 1 FROM SYSIBM.SYSDUMMY1"), "a row");
            scene.connection().setReadOnly(false);
        });
        suite.both("connect: nativeSQL", scene ->
            Scene.same(true, scene.connection().nativeSQL("SELECT {d '2024-01-01'} FROM T").length() > 0, "text"));
        suite.both("connect: product and driver", scene -> {
            var about = scene.connection().getMetaData();
            boolean jcc = scene.product.equals("jcc");
            Scene.same(true, about.getDatabaseProductName().startsWith(jcc ? "DB2/" : "Apache Derby"), about.getDatabaseProductName());
            Scene.same(true, about.getDatabaseProductVersion().length() > 3, about.getDatabaseProductVersion());
            Scene.same(true, about.getDatabaseMajorVersion() >= 10, "version " + about.getDatabaseMajorVersion());
            Scene.same(true, about.getURL().startsWith("jdbc:"), about.getURL());
            Scene.same(scene.user().toLowerCase(), about.getUserName().toLowerCase(), "user");
        });
        suite.both("connect: unfinished work goes with it", scene -> {
            String table = scene.table("ID INTEGER");
            Connection other = scene.open();
            other.setAutoCommit(false);
            try (Statement statement = other.createStatement()) {
                statement.executeUpdate("INSERT INTO " + table + " VALUES (1)");
            }
            other.rollback();
            other.close();
            Scene.same(List.of(), scene.stored("SELECT ID FROM " + table), "rows");
        });
    }

    /** A DataSource of the driver, which is not there when this is compiled. */
    private static DataSource source(Scene scene) throws Exception {
        String address = scene.url.substring(scene.url.indexOf("//") + 2);
        int port = Integer.parseInt(address.substring(address.indexOf(':') + 1, address.indexOf('/')));
        boolean jcc = scene.product.equals("jcc");
        Class<?> kind = null;
        for (String name : jcc ? List.of("com.ibm.db2.jcc.DB2SimpleDataSource")
                : List.of("org.apache.derby.client.BasicClientDataSource", "org.apache.derby.jdbc.ClientDataSource")) {
            try {
                kind = kind == null ? Class.forName(name) : kind;
            } catch (ClassNotFoundException e) {
                // The name changed with a version.
            }
        }
        Object source = kind.getConstructor().newInstance();
        kind.getMethod("setServerName", String.class).invoke(source, "127.0.0.1");
        kind.getMethod("setPortNumber", int.class).invoke(source, port);
        String database = address.substring(address.indexOf('/') + 1);
        int end = database.indexOf(';');
        kind.getMethod("setDatabaseName", String.class).invoke(source, end < 0 ? database : database.substring(0, end));
        if (jcc) {
            kind.getMethod("setDriverType", int.class).invoke(source, 4);
        }
        return (DataSource) source;
    }
}
