import com.ibm.as400.access.AS400;
import com.ibm.as400.access.AS400File;
import com.ibm.as400.access.AS400FileRecordDescription;
import com.ibm.as400.access.DBCSGraphicFieldDescription;
import com.ibm.as400.access.DateFieldDescription;
import com.ibm.as400.access.FieldDescription;
import com.ibm.as400.access.PackedDecimalFieldDescription;
import com.ibm.as400.access.Record;
import com.ibm.as400.access.RecordFormat;
import com.ibm.as400.access.SequentialFile;
import com.ibm.as400.access.ZonedDecimalFieldDescription;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Changes the records of a file at random by JTOpen, which gives each a number in its field ID:
 * {@code java -cp jt400.jar Changes.java PORT SIGNON USER PASSWORD PATH SEED STEPS}. The first half is done without
 * commitment control; then come units of work, half of which are rolled back. One line of JSON: how many records were
 * added, updated and deleted, and how many units of work were committed and rolled back.
 */
public class Changes {
    private static final int UNIT = 5;

    private final SequentialFile file;
    private final RecordFormat format;
    private final Random random;
    private final List<Integer> numbers = new ArrayList<>();
    private final int[] done = new int[5];
    private int next = 1000;

    private Changes(SequentialFile file, RecordFormat format, Random random) {
        this.file = file;
        this.format = format;
        this.random = random;
    }

    public static void main(String[] args) {
        int status = 0;
        try {
            AS400 system = Records.connect(args);
            SequentialFile file = new SequentialFile(system, args[4]);
            RecordFormat format = new AS400FileRecordDescription(system, args[4]).retrieveRecordFormat()[0];
            file.setRecordFormat(format);
            Changes changes = new Changes(file, format, new Random(Long.parseLong(args[5])));
            int steps = Integer.parseInt(args[6]);
            file.open(AS400File.READ_WRITE, 1, AS400File.COMMIT_LOCK_LEVEL_NONE);
            changes.look();
            for (int i = 0; i < steps / 2; i++) {
                changes.change();
            }
            file.close();
            file.startCommitmentControl(AS400File.COMMIT_LOCK_LEVEL_CHANGE);
            file.open(AS400File.READ_WRITE, 1, AS400File.COMMIT_LOCK_LEVEL_CHANGE);
            for (int i = 0; i < steps / 2; i += UNIT) {
                changes.unit();
            }
            file.close();
            file.endCommitmentControl();
            int[] d = changes.done;
            System.out.println("[" + d[0] + ", " + d[1] + ", " + d[2] + ", " + d[3] + ", " + d[4] + "]");
            system.disconnectAllServices();
        } catch (Exception e) {
            System.out.println("[" + Records.quoted(e.getClass().getSimpleName() + ": " + e.getMessage()) + "]");
            status = 1;
        }
        System.exit(status);
    }

    /** The numbers of the records that there are. */
    private void look() throws Exception {
        numbers.clear();
        file.positionCursorBeforeFirst();
        for (Record record = file.readNext(); record != null; record = file.readNext()) {
            numbers.add(record.getRecordNumber());
        }
    }

    private void unit() throws Exception {
        for (int i = 0; i < UNIT; i++) {
            change();
        }
        boolean kept = random.nextBoolean();
        if (kept) {
            file.commit();
        } else {
            file.rollback();
            look();
        }
        done[kept ? 3 : 4]++;
    }

    private void change() throws Exception {
        int kind = numbers.isEmpty() ? 0 : random.nextInt(3);
        done[kind]++;
        if (kind == 0) {
            file.write(record());
            // The one that was added last has the highest number, or took the place of a deleted one.
            look();
            return;
        }
        int at = random.nextInt(numbers.size());
        int number = numbers.get(at);
        file.positionCursor(number);
        if (kind == 1) {
            file.update(record());
        } else {
            file.deleteCurrentRecord();
            numbers.remove(at);
        }
    }

    private Record record() throws Exception {
        Record record = format.getNewRecord();
        int id = next++;
        for (int i = 0; i < format.getNumberOfFields(); i++) {
            FieldDescription field = format.getFieldDescription(i);
            if (field.getFieldName().equals("ID")) {
                record.setField(i, id);
            } else {
                record.setField(i, field.getALWNULL() && random.nextInt(4) == 0 ? null : value(field, id));
            }
        }
        return record;
    }

    private Object value(FieldDescription field, int id) {
        int number = random.nextInt(200000) - 100000;
        if (field instanceof PackedDecimalFieldDescription packed) {
            return BigDecimal.valueOf(number, packed.getDecimalPositions());
        }
        if (field instanceof ZonedDecimalFieldDescription zoned) {
            return BigDecimal.valueOf(number, zoned.getDecimalPositions());
        }
        if (field instanceof DateFieldDescription) {
            return LocalDate.of(2024, 2, 29).plusDays(number).toString();
        }
        return field instanceof DBCSGraphicFieldDescription ? "日本 " + id : "NAME " + id;
    }
}
