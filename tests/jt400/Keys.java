import com.ibm.as400.access.AS400;
import com.ibm.as400.access.AS400File;
import com.ibm.as400.access.KeyedFile;
import com.ibm.as400.access.Record;

/**
 * Reads the records of a key, and those between two keys, as JTOpen does: one by one. The leading key field is a whole
 * number: {@code java -cp jt400.jar Keys.java PORT SIGNON USER PASSWORD PATH FIELD LOW HIGH}. One line of JSON each: the
 * values of FIELD in the records of LOW, by readNextEqual; then in those from LOW to HIGH in the order of the keys, by
 * reading on from the first.
 */
public class Keys {
    public static void main(String[] args) {
        int status = 0;
        try {
            AS400 system = Records.connect(args);
            KeyedFile file = new KeyedFile(system, args[4]);
            file.setRecordFormat(0);
            file.open(AS400File.READ_ONLY, 1, AS400File.COMMIT_LOCK_LEVEL_NONE);
            Object[] low = {Integer.valueOf(args[6])};
            StringBuilder equal = new StringBuilder();
            for (Record record = file.read(low); record != null; record = file.readNextEqual()) {
                equal.append(equal.length() > 0 ? ", " : "").append(record.getField(args[5]));
            }
            System.out.println("[" + equal + "]");
            int high = Integer.parseInt(args[7]);
            String key = file.getRecordFormat().getKeyFieldDescription(0).getFieldName();
            StringBuilder between = new StringBuilder();
            for (Record record = file.read(low, KeyedFile.KEY_GE); record != null; record = file.readNext()) {
                int found = ((Number) record.getField(key)).intValue();
                if (found < Math.min(Integer.parseInt(args[6]), high) || found > Math.max(Integer.parseInt(args[6]), high)) {
                    break;
                }
                between.append(between.length() > 0 ? ", " : "").append(record.getField(args[5]));
            }
            System.out.println("[" + between + "]");
            file.close();
            system.disconnectAllServices();
        } catch (Exception e) {
            String error = e.getClass().getSimpleName() + ": " + e.getMessage();
            System.out.println("{\"error\": " + Records.quoted(error) + "}");
            status = 1;
        }
        System.exit(status);
    }
}
