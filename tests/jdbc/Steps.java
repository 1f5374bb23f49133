import java.sql.Connection;
import java.sql.Statement;
import java.util.Arrays;
import javax.sql.XAConnection;
import javax.sql.XADataSource;
import javax.transaction.xa.XAException;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;

/**
 * A transaction manager that takes each step of a branch once, for the bytes that its driver sends. Arguments: the class of
 * the XA data source, port, database, user, password. The branches are called "global 1", "global 2" and so on.
 */
public class Steps {
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

    public static void main(String[] arguments) throws Exception {
        Object made = Class.forName(arguments[0]).getDeclaredConstructor().newInstance();
        set(made, "DriverType", 4);
        set(made, "ServerName", "127.0.0.1");
        set(made, "PortNumber", Integer.parseInt(arguments[1]));
        set(made, "DatabaseName", arguments[2]);
        set(made, "User", arguments[3]);
        set(made, "Password", arguments[4]);
        XAConnection physical = ((XADataSource) made).getXAConnection();
        XAResource resource = physical.getXAResource();
        Connection connection = physical.getConnection();
        for (int number = 1; number <= 5; number++) {
            Name name = new Name(number);
            resource.start(name, XAResource.TMNOFLAGS);
            if (number != 5) {
                change(connection, number);
            }
            end(resource, name, number == 3 ? XAResource.TMFAIL : XAResource.TMSUCCESS);
            switch (number) {
                case 1 -> {
                    resource.prepare(name);
                    Xid[] waiting = resource.recover(XAResource.TMSTARTRSCAN | XAResource.TMENDRSCAN);
                    System.out.println("waiting\t" + Arrays.stream(waiting).filter(xid -> same(xid, name)).count());
                    resource.commit(name, false);
                }
                case 2 -> resource.commit(name, true);
                case 3 -> resource.rollback(name);
                case 4 -> {
                    resource.prepare(name);
                    resource.rollback(name);
                }
                default -> System.out.println("vote\t" + resource.prepare(name));
            }
        }
        connection.setAutoCommit(false);
        change(connection, 6);
        connection.commit();
        change(connection, 7);
        connection.rollback();
        physical.close();
    }

    private static void set(Object object, String property, Object value) throws Exception {
        Class<?> type = value instanceof Integer ? int.class : String.class;
        try {
            object.getClass().getMethod("set" + property, type).invoke(object, value);
        } catch (NoSuchMethodException unknown) {
            // The property is of the other driver.
        }
    }

    private static boolean same(Xid one, Xid other) {
        return Arrays.equals(one.getGlobalTransactionId(), other.getGlobalTransactionId());
    }

    private static void end(XAResource resource, Xid name, int flag) throws XAException {
        try {
            resource.end(name, flag);
        } catch (XAException error) {
            // A branch that failed can only be rolled back: some drivers say so.
            if (error.errorCode != XAException.XA_RBROLLBACK) {
                throw error;
            }
        }
    }

    private static void change(Connection connection, int value) throws Exception {
        try (Statement statement = connection.createStatement()) {
            statement.executeUpdate("INSERT INTO T VALUES (" + value + ")");
        }
    }
}
