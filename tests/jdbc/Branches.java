import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import javax.sql.XAConnection;
import javax.sql.XADataSource;
import javax.transaction.xa.XAException;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;

/**
 * Branches of global transactions, by the XA data source of a driver. Arguments: its class, port, database, user, password,
 * and a URL for connections that look at the tables T and U afterwards. A line for each case: its name, a tab, and the fault,
 * if there is one.
 */
public class Branches {
    private static XADataSource source;
    private static String url;
    private static int lastXid = (int) (System.nanoTime() & 0xFFFFFF);
    private static int lastValue;

    public static void main(String[] arguments) throws Exception {
        Object made = Class.forName(arguments[0]).getDeclaredConstructor().newInstance();
        set(made, "DriverType", 4);
        set(made, "ServerName", "127.0.0.1");
        set(made, "PortNumber", Integer.parseInt(arguments[1]));
        set(made, "DatabaseName", arguments[2]);
        set(made, "User", arguments[3]);
        set(made, "Password", arguments[4]);
        source = (XADataSource) made;
        url = arguments[5];
        told("two phases", Branches::twoPhases);
        told("one phase", Branches::onePhase);
        told("rolled back before the prepare", Branches::rolledBack);
        told("rolled back after the prepare", Branches::rolledBackPrepared);
        told("nothing changed", Branches::readOnly);
        told("committed by another connection", Branches::committedByAnother);
        told("rolled back with its connection", Branches::rolledBackWithItsConnection);
        told("local work", Branches::local);
        told("a failed end", Branches::failed);
        told("suspended and resumed", Branches::suspended);
        told("joined by another connection", Branches::joined);
        told("a name twice", Branches::twice);
        told("unknown names", Branches::unknown);
        told("steps while it is active", Branches::active);
        told("steps out of order", Branches::outOfOrder);
        told("time-out", Branches::timeOut);
        told("a prepared statement in several branches", Branches::preparedStatement);
        told("an error that rolls back", Branches::conflict);
    }

    private static void set(Object object, String property, Object value) throws Exception {
        Class<?> type = value instanceof Integer ? int.class : String.class;
        try {
            object.getClass().getMethod("set" + property, type).invoke(object, value);
        } catch (NoSuchMethodException unknown) {
            // The property is of the other driver.
        }
    }

    private interface Scene {
        String play() throws Exception;
    }

    private static void told(String name, Scene scene) {
        String fault;
        try {
            fault = scene.play();
        } catch (XAException error) {
            fault = "XAException " + error.errorCode + " " + error.getMessage() + " at " + place(error);
        } catch (Throwable error) {
            fault = error + " at " + place(error);
        }
        System.out.println(name + "\t" + fault.replace('\n', ' '));
    }

    private static String place(Throwable error) {
        for (StackTraceElement element : error.getStackTrace()) {
            if (element.getClassName().equals("Branches")) {
                return "line " + element.getLineNumber();
            }
        }
        return "?";
    }

    private record Name(int number) implements Xid {
        public int getFormatId() {
            return 0x1267;
        }

        public byte[] getGlobalTransactionId() {
            return ("global " + number).getBytes();
        }

        public byte[] getBranchQualifier() {
            return new byte[] {1, 2, 3};
        }
    }

    /** A connection of a transaction manager. */
    private static class Worker implements AutoCloseable {
        final XAConnection physical;
        final XAResource resource;
        final Connection connection;

        Worker() throws SQLException {
            physical = source.getXAConnection();
            resource = physical.getXAResource();
            connection = physical.getConnection();
        }

        void insert(String table, int value) throws SQLException {
            try (Statement statement = connection.createStatement()) {
                statement.executeUpdate("INSERT INTO " + table + " VALUES (" + value + ")");
            }
        }

        /** A branch with one row, ended. */
        Name branch(int value) throws Exception {
            Name name = name();
            resource.start(name, XAResource.TMNOFLAGS);
            insert("T", value);
            resource.end(name, XAResource.TMSUCCESS);
            return name;
        }

        public void close() throws SQLException {
            physical.close();
        }
    }

    private static Name name() {
        return new Name(++lastXid);
    }

    private static int value() {
        return ++lastValue;
    }

    /** Rows with a value that another connection sees. */
    private static int seen(String table, int value) throws SQLException {
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT COUNT(*) FROM " + table + " WHERE A = " + value)) {
            rows.next();
            return rows.getInt(1);
        }
    }

    private static boolean waits(Worker worker, Xid name) throws XAException {
        for (Xid xid : worker.resource.recover(XAResource.TMSTARTRSCAN | XAResource.TMENDRSCAN)) {
            if (xid.getFormatId() == name.getFormatId()
                    && Arrays.equals(xid.getGlobalTransactionId(), name.getGlobalTransactionId())
                    && Arrays.equals(xid.getBranchQualifier(), name.getBranchQualifier())) {
                return true;
            }
        }
        return false;
    }

    private interface Step {
        void take() throws Exception;
    }

    /** Why a step did not fail with one of these codes. */
    private static String fails(Step step, Integer... codes) throws Exception {
        try {
            step.take();
            return "no error where " + Arrays.toString(codes) + " was due; ";
        } catch (XAException error) {
            return Arrays.asList(codes).contains(error.errorCode)
                    ? ""
                    : error.errorCode + " in place of " + Arrays.toString(codes) + " at " + place(error) + "; ";
        }
    }

    private static String check(Object got, Object expected, String what) {
        return got.equals(expected) ? "" : what + ": " + got + " in place of " + expected + "; ";
    }

    private static String twoPhases() throws Exception {
        try (Worker worker = new Worker()) {
            int value = value();
            Name name = worker.branch(value);
            String fault = check(seen("T", value), 0, "rows before the prepare");
            fault += check(waits(worker, name), false, "in the list before the prepare");
            fault += check(worker.resource.prepare(name), XAResource.XA_OK, "prepare");
            fault += check(waits(worker, name), true, "in the list");
            fault += check(seen("T", value), 0, "rows before the commit");
            worker.resource.commit(name, false);
            fault += check(waits(worker, name), false, "in the list after the commit");
            return fault + check(seen("T", value), 1, "rows");
        }
    }

    private static String onePhase() throws Exception {
        try (Worker worker = new Worker()) {
            int value = value();
            Name name = worker.branch(value);
            worker.resource.commit(name, true);
            return check(seen("T", value), 1, "rows");
        }
    }

    private static String rolledBack() throws Exception {
        try (Worker worker = new Worker()) {
            int value = value();
            Name name = worker.branch(value);
            worker.resource.rollback(name);
            String fault = fails(() -> worker.resource.commit(name, true), XAException.XAER_NOTA);
            return fault + check(seen("T", value), 0, "rows");
        }
    }

    private static String rolledBackPrepared() throws Exception {
        try (Worker worker = new Worker()) {
            int value = value();
            Name name = worker.branch(value);
            worker.resource.prepare(name);
            worker.resource.rollback(name);
            return check(waits(worker, name), false, "in the list") + check(seen("T", value), 0, "rows");
        }
    }

    private static String readOnly() throws Exception {
        try (Worker worker = new Worker()) {
            Name name = name();
            worker.resource.start(name, XAResource.TMNOFLAGS);
            try (Statement statement = worker.connection.createStatement();
                    ResultSet rows = statement.executeQuery("SELECT COUNT(*) FROM T")) {
                rows.next();
            }
            worker.resource.end(name, XAResource.TMSUCCESS);
            String fault = check(worker.resource.prepare(name), XAResource.XA_RDONLY, "prepare");
            return fault + check(waits(worker, name), false, "in the list");
        }
    }

    private static String committedByAnother() throws Exception {
        int value = value();
        Name name;
        String fault;
        try (Worker worker = new Worker()) {
            name = worker.branch(value);
            fault = check(worker.resource.prepare(name), XAResource.XA_OK, "prepare");
        }
        try (Worker other = new Worker()) {
            fault += check(waits(other, name), true, "in the list");
            other.resource.commit(name, false);
            return fault + check(seen("T", value), 1, "rows");
        }
    }

    private static String rolledBackWithItsConnection() throws Exception {
        int value = value();
        Name name = name();
        Worker worker = new Worker();
        worker.resource.start(name, XAResource.TMNOFLAGS);
        worker.insert("T", value);
        try {
            worker.close();
        } catch (SQLException inUse) {
            // A driver may say that a transaction is under way.
            worker.resource.end(name, XAResource.TMSUCCESS);
            worker.close();
        }
        try (Worker other = new Worker()) {
            String fault = "?";
            for (int wait = 0; wait < 100 && !fault.isEmpty(); wait++) {
                Thread.sleep(100);
                fault = fails(() -> other.resource.commit(name, true), XAException.XAER_NOTA);
            }
            return fault + check(seen("T", value), 0, "rows");
        }
    }

    private static String local() throws Exception {
        try (Worker worker = new Worker()) {
            int[] values = {value(), value(), value()};
            worker.insert("T", values[0]);
            String fault = check(seen("T", values[0]), 1, "rows of autocommit");
            worker.connection.setAutoCommit(false);
            worker.insert("T", values[1]);
            fault += check(seen("T", values[1]), 0, "rows before the commit");
            worker.connection.commit();
            worker.insert("T", values[2]);
            worker.connection.rollback();
            fault += check(seen("T", values[1]), 1, "rows") + check(seen("T", values[2]), 0, "rows rolled back");
            worker.connection.setAutoCommit(true);
            int value = value();
            Name name = worker.branch(value);
            worker.resource.commit(name, true);
            return fault + check(seen("T", value), 1, "rows of a branch");
        }
    }

    private static String failed() throws Exception {
        try (Worker worker = new Worker()) {
            int value = value();
            Name name = name();
            worker.resource.start(name, XAResource.TMNOFLAGS);
            worker.insert("T", value);
            try {
                worker.resource.end(name, XAResource.TMFAIL);
            } catch (XAException error) {
                if (error.errorCode < XAException.XA_RBBASE || error.errorCode > XAException.XA_RBEND) {
                    throw error;
                }
            }
            worker.resource.rollback(name);
            return check(seen("T", value), 0, "rows");
        }
    }

    private static String suspended() throws Exception {
        try (Worker worker = new Worker()) {
            int[] values = {value(), value(), value()};
            Name name = name();
            worker.resource.start(name, XAResource.TMNOFLAGS);
            worker.insert("T", values[0]);
            worker.resource.end(name, XAResource.TMSUSPEND);
            worker.insert("U", values[1]);
            String fault = check(seen("U", values[1]), 1, "rows of local work");
            worker.resource.start(name, XAResource.TMRESUME);
            worker.insert("T", values[2]);
            worker.resource.end(name, XAResource.TMSUCCESS);
            fault += check(seen("T", values[0]), 0, "rows before the commit");
            worker.resource.commit(name, true);
            return fault + check(seen("T", values[0]), 1, "rows") + check(seen("T", values[2]), 1, "rows after");
        }
    }

    private static String joined() throws Exception {
        try (Worker worker = new Worker(); Worker other = new Worker()) {
            int[] values = {value(), value()};
            Name name = worker.branch(values[0]);
            other.resource.start(name, XAResource.TMJOIN);
            other.insert("T", values[1]);
            other.resource.end(name, XAResource.TMSUCCESS);
            String fault = check(worker.resource.prepare(name), XAResource.XA_OK, "prepare");
            worker.resource.commit(name, false);
            fault += check(seen("T", values[0]), 1, "rows") + check(seen("T", values[1]), 1, "rows of the other");
            // Both go on by themselves.
            worker.insert("T", values[0]);
            other.insert("T", values[1]);
            return fault + check(seen("T", values[0]), 2, "rows later") + check(seen("T", values[1]), 2, "rows later");
        }
    }

    private static String twice() throws Exception {
        try (Worker worker = new Worker(); Worker other = new Worker()) {
            int[] values = {value(), value()};
            Name name = worker.branch(values[0]);
            String fault = "no error; ";
            try {
                other.resource.start(name, XAResource.TMNOFLAGS);
                other.insert("T", values[1]);
            } catch (XAException error) {
                fault = check(error.errorCode, XAException.XAER_DUPID, "start");
            } catch (SQLException error) {
                // The driver sends the start with the first statement. (So does JCC the end with the next step.)
                fault = "";
            }
            worker.resource.rollback(name);
            return fault + check(seen("T", values[1]), 0, "rows");
        }
    }

    private static String unknown() throws Exception {
        try (Worker worker = new Worker()) {
            int nota = XAException.XAER_NOTA;
            return fails(() -> worker.resource.commit(name(), false), nota)
                    + fails(() -> worker.resource.commit(name(), true), nota)
                    + fails(() -> worker.resource.rollback(name()), nota)
                    + fails(() -> worker.resource.prepare(name()), nota)
                    + fails(() -> worker.resource.forget(name()), nota);
        }
    }

    private static String active() throws Exception {
        try (Worker worker = new Worker(); Worker other = new Worker()) {
            int value = value();
            Name name = name();
            worker.resource.start(name, XAResource.TMNOFLAGS);
            worker.insert("T", value);
            String fault = fails(() -> other.resource.commit(name, true), XAException.XAER_PROTO);
            worker.resource.end(name, XAResource.TMSUCCESS);
            worker.resource.rollback(name);
            return fault + check(seen("T", value), 0, "rows");
        }
    }

    private static String outOfOrder() throws Exception {
        try (Worker worker = new Worker()) {
            int value = value();
            Name name = worker.branch(value);
            int proto = XAException.XAER_PROTO;
            String fault = fails(() -> worker.resource.commit(name, false), proto);
            fault += check(worker.resource.prepare(name), XAResource.XA_OK, "prepare");
            fault += fails(() -> worker.resource.prepare(name), proto);
            fault += fails(() -> worker.resource.commit(name, true), proto);
            fault += check(waits(worker, name), true, "in the list");
            worker.resource.rollback(name);
            return fault + check(seen("T", value), 0, "rows");
        }
    }

    private static String timeOut() throws Exception {
        try (Worker worker = new Worker()) {
            int value = value();
            if (!worker.resource.setTransactionTimeout(1)) {
                return "the driver has no time-out";
            }
            Name name = name();
            worker.resource.start(name, XAResource.TMNOFLAGS);
            worker.insert("T", value);
            Thread.sleep(1500);
            String fault;
            try {
                worker.insert("T", value);
                fault = "a statement after the time; ";
            } catch (SQLException error) {
                fault = "";
            }
            Name late = name;
            fault += fails(
                    () -> {
                        worker.resource.end(late, XAResource.TMSUCCESS);
                        worker.resource.commit(late, true);
                    },
                    XAException.XA_RBTIMEOUT,
                    XAException.XAER_NOTA);
            // And one that was ended in time, but not committed.
            Name idle = worker.branch(value);
            Thread.sleep(1500);
            fault += fails(() -> worker.resource.commit(idle, true), XAException.XAER_NOTA);
            // One that is prepared waits.
            worker.resource.setTransactionTimeout(1);
            Name prepared = worker.branch(value);
            worker.resource.prepare(prepared);
            Thread.sleep(1500);
            worker.resource.commit(prepared, false);
            return fault + check(seen("T", value), 1, "rows");
        }
    }

    private static String preparedStatement() throws Exception {
        try (Worker worker = new Worker();
                PreparedStatement insert = worker.connection.prepareStatement("INSERT INTO T VALUES (?)");
                PreparedStatement beside = worker.connection.prepareStatement("INSERT INTO U VALUES (?)")) {
            int[] values = {value(), value(), value()};
            Name[] names = {name(), name()};
            for (int round = 0; round < 2; round++) {
                worker.resource.start(names[round], XAResource.TMNOFLAGS);
                PreparedStatement statement = round == 0 ? insert : beside;
                statement.setInt(1, values[round]);
                statement.executeUpdate();
                worker.resource.end(names[round], XAResource.TMSUCCESS);
                worker.resource.prepare(names[round]);
            }
            beside.setInt(1, values[2]);
            String fault = check(seen("T", values[0]) + seen("U", values[1]), 0, "rows before the commit");
            worker.resource.commit(names[1], false);
            worker.resource.commit(names[0], false);
            beside.executeUpdate();
            for (int n = 0; n < 3; n++) {
                fault += check(seen(n == 0 ? "T" : "U", values[n]), 1, "rows " + n);
            }
            return fault;
        }
    }

    private static String conflict() throws Exception {
        try (Worker worker = new Worker(); Worker other = new Worker()) {
            int value = value();
            other.insert("T", value);
            Name first = name();
            worker.resource.start(first, XAResource.TMNOFLAGS);
            delete(worker, value);
            Name second = name();
            other.resource.start(second, XAResource.TMNOFLAGS);
            other.insert("U", value);
            try {
                delete(other, value);
            } catch (SQLException rolledBack) {
                // Here or at the end.
            }
            worker.resource.end(first, XAResource.TMSUCCESS);
            worker.resource.prepare(first);
            String fault = fails(
                    () -> {
                        other.resource.end(second, XAResource.TMSUCCESS);
                        other.resource.commit(second, true);
                    },
                    XAException.XA_RBDEADLOCK,
                    XAException.XA_RBTIMEOUT,
                    XAException.XA_RBROLLBACK,
                    XAException.XA_RBOTHER);
            try {
                other.resource.rollback(second);
            } catch (XAException gone) {
                fault += check(gone.errorCode, XAException.XAER_NOTA, "rollback");
            }
            worker.resource.commit(first, false);
            return fault + check(seen("T", value), 0, "rows") + check(seen("U", value), 0, "rows of the other");
        }
    }

    private static void delete(Worker worker, int value) throws SQLException {
        try (Statement statement = worker.connection.createStatement()) {
            statement.executeUpdate("DELETE FROM T WHERE A = " + value);
        }
    }
}
