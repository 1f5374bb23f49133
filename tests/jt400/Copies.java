import com.ibm.as400.access.AS400;
import com.ibm.as400.access.AS400File;
import com.ibm.as400.access.AS400FileRecordDescription;
import com.ibm.as400.access.Record;
import com.ibm.as400.access.RecordFormat;
import com.ibm.as400.access.SequentialFile;

/**
 * Copies a file by JTOpen, value by value, and appends it to another one:
 * {@code java -cp jt400.jar Copies.java PORT SIGNON USER PASSWORD FROM TO}. One line of JSON: what went wrong, or how
 * many records there were.
 */
public class Copies {
    public static void main(String[] args) {
        int status = 0;
        try {
            AS400 system = Records.connect(args);
            SequentialFile from = new SequentialFile(system, args[4]);
            RecordFormat format = new AS400FileRecordDescription(system, args[4]).retrieveRecordFormat()[0];
            from.setRecordFormat(format);
            Record[] records = from.readAll();
            SequentialFile to = new SequentialFile(system, args[5]);
            to.setRecordFormat(0);
            to.open(AS400File.WRITE_ONLY, 100, AS400File.COMMIT_LOCK_LEVEL_NONE);
            Record[] copies = new Record[records.length];
            for (int i = 0; i < records.length; i++) {
                copies[i] = to.getRecordFormat().getNewRecord();
                for (int j = 0; j < format.getNumberOfFields(); j++) {
                    copies[i].setField(j, records[i].isNullField(j) ? null : records[i].getField(j));
                }
            }
            to.write(copies);
            to.close();
            System.out.println("{\"records\": " + records.length + "}");
            system.disconnectAllServices();
        } catch (Exception e) {
            String error = e.getClass().getSimpleName() + ": " + e.getMessage();
            System.out.println("{\"error\": " + Records.quoted(error) + "}");
            status = 1;
        }
        System.exit(status);
    }
}
