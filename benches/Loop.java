import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;

/**
 * Derby's own JDBC client in the plain loop that a Java program would write: every column of every row by the getter of
 * its type, nothing kept. Usage: Loop URL SQL WARM-UP-SQL.
 */
public final class Loop {
    public static void main(String[] args) throws Exception {
        try (Connection connection = DriverManager.getConnection(args[0])) {
            connection.setAutoCommit(false);
            read(connection, args[2]);
            long cpu = cpu();
            long start = System.nanoTime();
            long rows = read(connection, args[1]);
            double seconds = (System.nanoTime() - start) / 1e9;
            System.out.printf("{\"rows\": %d, \"seconds\": %.6f, \"cpu\": %.6f}%n", rows, seconds, (cpu() - cpu) / 1e9);
            connection.commit();
        }
    }

    private static long read(Connection connection, String sql) throws Exception {
        try (Statement statement = connection.createStatement(); ResultSet row = statement.executeQuery(sql)) {
            long rows = 0;
            long seen = 0;
            while (row.next()) {
                for (int i = 1; i <= 4; i++) {
                    seen += row.getInt(i);
                }
                for (int i = 5; i <= 8; i++) {
                    seen += row.getBigDecimal(i).signum();
                }
                seen += row.getString(9).length() + row.getString(10).length();
                for (int i = 11; i <= 13; i++) {
                    seen += row.getDate(i).getTime() & 1;
                }
                for (int i = 14; i <= 16; i++) {
                    seen += row.getString(i).length();
                }
                rows++;
            }
            connection.commit();
            return seen == 0 ? -1 : rows;
        }
    }

    private static long cpu() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime();
    }
}
