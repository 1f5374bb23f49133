import com.ibm.as400.access.AS400;
import com.ibm.as400.access.AS400File;
import com.ibm.as400.access.AS400FileRecordDescription;
import com.ibm.as400.access.Record;
import com.ibm.as400.access.SequentialFile;

/** What a server that is read-only lets the client do with a file, and how it refuses the rest: one line each. */
public class Lent {
    interface Step {
        Object run() throws Exception;
    }

    private static void tell(String name, Step step) {
        String said;
        try {
            said = String.valueOf(step.run());
        } catch (Exception e) {
            said = e.getMessage();
        }
        System.out.println("[" + Records.quoted(name) + ", " + Records.quoted(said) + "]");
    }

    private static Object opened(AS400 system, String path, int mode) throws Exception {
        SequentialFile file = new SequentialFile(system, path);
        file.setRecordFormat(new AS400FileRecordDescription(system, path).retrieveRecordFormat()[0]);
        file.open(mode, 1, AS400File.COMMIT_LOCK_LEVEL_NONE);
        int count = 0;
        if (mode == AS400File.READ_ONLY) {
            for (Record record = file.readNext(); record != null; record = file.readNext()) {
                count++;
            }
        }
        file.close();
        return count;
    }

    public static void main(String[] args) throws Exception {
        AS400 system = Records.connect(args);
        String path = args[4];
        tell("read", () -> opened(system, path, AS400File.READ_ONLY));
        tell("write", () -> opened(system, path, AS400File.WRITE_ONLY));
        tell("change", () -> opened(system, path, AS400File.READ_WRITE));
        tell("delete", () -> {
            new SequentialFile(system, path).delete();
            return "done";
        });
        tell("add a member", () -> {
            new SequentialFile(system, path).addPhysicalFileMember("MORE", "");
            return "done";
        });
        tell("remove a member", () -> {
            new SequentialFile(system, path).deleteMember();
            return "done";
        });
        tell("create", () -> {
            new SequentialFile(system, path.replace("LENT", "NEW")).create(80, AS400File.TYPE_DATA, "");
            return "done";
        });
        for (int lock : new int[] {AS400File.READ_EXCLUSIVE_LOCK, AS400File.READ_ALLOW_SHARED_READ_LOCK}) {
            tell(lock == AS400File.READ_EXCLUSIVE_LOCK ? "lock" : "share", () -> {
                SequentialFile file = new SequentialFile(system, path);
                file.setRecordFormat(new AS400FileRecordDescription(system, path).retrieveRecordFormat()[0]);
                file.lock(lock);
                file.releaseExplicitLocks();
                return "done";
            });
        }
        tell("read again", () -> opened(system, path, AS400File.READ_ONLY));
        system.disconnectAllServices();
        System.exit(0);
    }
}
