import com.ibm.as400.access.AS400;
import com.ibm.as400.access.AS400File;
import com.ibm.as400.access.AS400FileRecordDescription;
import com.ibm.as400.access.Record;
import com.ibm.as400.access.SequentialFile;
import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/**
 * JTOpen, IBM's client for Java, reading a file: every field of every record made a Java object, nothing kept. Usage:
 * Files PORT SIGNON FACTOR FILE WARM-UP-FILE. FACTOR is the blocking factor of a loop of readNext; 0 is readAll.
 */
public final class Files {
    public static void main(String[] args) throws Exception {
        AS400 system = new AS400("127.0.0.1", "app", "app");
        system.setGuiAvailable(false);
        system.setServicePort(AS400.RECORDACCESS, Integer.parseInt(args[0]));
        system.setServicePort(AS400.SIGNON, Integer.parseInt(args[1]));
        system.connectService(AS400.RECORDACCESS);
        int factor = Integer.parseInt(args[2]);
        read(system, args[4], factor);
        long cpu = cpu();
        long start = System.nanoTime();
        long rows = read(system, args[3], factor);
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.printf("{\"rows\": %d, \"seconds\": %.6f, \"cpu\": %.6f}%n", rows, seconds, (cpu() - cpu) / 1e9);
        System.exit(0);
    }

    private static long read(AS400 system, String name, int factor) throws Exception {
        String path = "/QSYS.LIB/" + name.replace("/", ".LIB/") + ".FILE";
        SequentialFile file = new SequentialFile(system, path);
        file.setRecordFormat(new AS400FileRecordDescription(system, path).retrieveRecordFormat()[0]);
        long rows = 0;
        if (factor == 0) {
            for (Record record : file.readAll()) {
                rows += fields(record);
            }
            return rows;
        }
        file.open(AS400File.READ_ONLY, factor, AS400File.COMMIT_LOCK_LEVEL_NONE);
        for (Record record = file.readNext(); record != null; record = file.readNext()) {
            rows += fields(record);
        }
        file.close();
        return rows;
    }

    /** One, once all fields are there. */
    private static int fields(Record record) throws Exception {
        int there = 0;
        for (Object field : record.getFields()) {
            there += field == null ? 0 : 1;
        }
        return there == 16 ? 1 : 0;
    }

    private static long cpu() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime();
    }
}
