import com.ibm.as400.access.AS400;
import com.ibm.as400.access.AS400Exception;
import com.ibm.as400.access.AS400File;
import com.ibm.as400.access.AS400FileRecordDescription;
import com.ibm.as400.access.AS400Message;
import com.ibm.as400.access.AS400PackedDecimal;
import com.ibm.as400.access.AS400Text;
import com.ibm.as400.access.CharacterFieldDescription;
import com.ibm.as400.access.FieldDescription;
import com.ibm.as400.access.KeyedFile;
import com.ibm.as400.access.PackedDecimalFieldDescription;
import com.ibm.as400.access.Record;
import com.ibm.as400.access.RecordFormat;
import com.ibm.as400.access.SequentialFile;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * JTOpen as a judge of a server with the files of examples/serve:
 * {@code java -cp jt400.jar Judge.java PORT SIGNON USER PASSWORD}. One line of JSON for each case: its name and what went
 * wrong.
 */
public class Judge {
    interface Case {
        void run() throws Exception;
    }

    static final String LIBRARY = "/QSYS.LIB/TESTLIB.LIB/";
    static final int NONE = AS400File.COMMIT_LOCK_LEVEL_NONE;
    static String[] login;
    static AS400 system;
    private static PrintStream out;

    public static void main(String[] args) throws Exception {
        login = args;
        out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        system = connect();
        one("describe", Judge::describe);
        one("sequential reads", Judge::sequential);
        one("reads by number", Judge::byNumber);
        one("positions", Judge::positions);
        one("blocks", Judge::blocks);
        one("reads by key", Judge::byKey);
        one("partial and equal keys", Judge::equalKeys);
        one("positions by key", Judge::keyPositions);
        one("what is not there", Judge::missing);
        one("library list and members", Judge::members);
        one("write", Judge::write);
        one("update and delete by number", Judge::changeByNumber);
        one("update and delete by key", Judge::changeByKey);
        one("update and delete the current record", Judge::changeCurrent);
        one("duplicate keys", Judge::duplicates);
        one("every type is written", Judge::everyType);
        one("create by length and by source", Judge::create);
        one("record locks", Jobs::recordLocks);
        one("object locks", Jobs::objectLocks);
        one("commit", Jobs::commit);
        one("commitment levels", Jobs::levels);
        one("commands", Judge::commands);
        one("reads without locks", Jobs::withoutLocks);
        one("files of System/36", Judge::ssp);
        one("many open files", Judge::manyOpen);
        one("reads by the bytes of a key", Forms::byBytes);
        one("positions by leading fields", Forms::byLeadingFields);
        one("changes by every form of a key", Forms::changes);
        one("keys of every type", Forms::everyKey);
        one("orders of equal keys", Forms::equalKeys);
        one("paths and formats", Forms::paths);
        one("long record numbers", Forms::longNumbers);
        one("source of a record format", Forms::source);
        one("disk pools", Forms::pool);
        one("records of System/36 are added", Forms::sspWrites);
        one("cached records", Jobs::cache);
        one("explicit locks", Jobs::explicitLocks);
        one("a unit of work in several files", Jobs::severalFiles);
        one("waits for a record", Jobs::waits);
        system.disconnectAllServices();
        System.exit(0);
    }

    // What is there.

    private static void describe() throws Exception {
        RecordFormat[] formats = new AS400FileRecordDescription(system, LIBRARY + "CUST.FILE").retrieveRecordFormat();
        same(1, formats.length, "formats");
        RecordFormat format = formats[0];
        same("CUSTR", format.getName(), "name");
        same("[CUSNUM, NAME, BAL, QTY, NOTE]", Arrays.toString(format.getFieldNames()), "fields");
        same("[CUSNUM]", Arrays.toString(format.getKeyFieldNames()), "keys");
        List<String> classes = new ArrayList<>();
        for (FieldDescription field : format.getFieldDescriptions()) {
            String name = field.getClass().getSimpleName();
            classes.add(name.substring(0, name.length() - "FieldDescription".length()) + field.getLength());
        }
        same("[ZonedDecimal6, Character10, PackedDecimal7, Binary9, Character10]", classes.toString(), "classes");
        format = new AS400FileRecordDescription(system, LIBRARY + "TWOKEY.FILE").retrieveRecordFormat()[0];
        same("[GRP, NUM]", Arrays.toString(format.getKeyFieldNames()), "keys");
        format = new AS400FileRecordDescription(system, LIBRARY + "ALLTYP.FILE").retrieveRecordFormat()[0];
        same(21, format.getNumberOfFields(), "fields");
        same(true, format.getFieldDescription("VGR").getALWNULL(), "null-capable");
    }

    private static void sequential() throws Exception {
        SequentialFile file = open("CUST", AS400File.READ_ONLY, 1);
        same("1", key(file.readNext()), "first by next");
        same("2", key(file.readNext()), "second");
        same("2", key(file.read()), "same");
        same("1", key(file.readPrevious()), "back");
        same(null, key(file.readPrevious()), "before the first");
        same("8", key(file.readLast()), "last");
        same(null, key(file.readNext()), "after the last");
        same("8", key(file.readPrevious()), "from the end");
        same("1", key(file.readFirst()), "first");
        file.close();
        same(5, file.readAll().length, "all");
    }

    private static void byNumber() throws Exception {
        SequentialFile file = open("CUST", AS400File.READ_ONLY, 1);
        same("3", key(file.read(3)), "third");
        same(3, file.read(3).getRecordNumber(), "its number");
        same("5", key(file.readNext()), "goes on");
        same("5", key(file.readAfter(3)), "after");
        same("2", key(file.readBefore(3)), "before");
        same(null, key(file.read(99)), "none");
        file.close();
    }

    private static void positions() throws Exception {
        SequentialFile file = open("CUST", AS400File.READ_ONLY, 1);
        file.positionCursorAfterLast();
        same("8", key(file.readPrevious()), "after last");
        file.positionCursorBeforeFirst();
        same("1", key(file.readNext()), "before first");
        file.positionCursorToLast();
        same("8", key(file.read()), "to last");
        file.positionCursorToFirst();
        same("1", key(file.read()), "to first");
        file.positionCursorToNext();
        file.positionCursorToNext();
        same("3", key(file.read()), "to next");
        file.positionCursorToPrevious();
        same("2", key(file.read()), "to previous");
        file.positionCursor(4);
        same("5", key(file.read()), "to a number");
        file.positionCursorAfter(1);
        same("2", key(file.readNext() == null ? null : file.readPrevious()), "after a number");
        file.positionCursorBefore(3);
        same("3", key(file.readNext()), "before a number");
        fails("CPF5006", () -> file.positionCursor(77));
        file.close();
    }

    private static void blocks() throws Exception {
        for (int factor : new int[] {2, 7, 100, 1000}) {
            SequentialFile file = open("BIG", AS400File.READ_ONLY, factor);
            for (int i = 1; i <= 1000; i++) {
                Record record = file.readNext();
                same(i, record.getField("ID"), "record of blocks of " + factor);
                same(i, record.getRecordNumber(), "number of blocks of " + factor);
            }
            same(null, file.readNext(), "the end");
            file.positionCursorAfterLast();
            for (int i = 1000; i > 0; i--) {
                same(i, file.readPrevious().getField("ID"), "back in blocks of " + factor);
            }
            same(null, file.readPrevious(), "the beginning");
            file.readFirst();
            for (int i = 2; i < 300; i++) {
                same(i, file.readNext().getField("ID"), "after the first");
            }
            same(298, file.readPrevious().getField("ID"), "turned round");
            file.refreshRecordCache();
            file.positionCursorBeforeFirst();
            same(1, file.readNext().getField("ID"), "refreshed");
            file.close();
        }
        SequentialFile file = new SequentialFile(system, LIBRARY + "BIG.FILE");
        file.setRecordFormat(0);
        Record[] all = file.readAll();
        same(1000, all.length, "all");
        same("record 1000", all[999].getField("TXT").toString().trim(), "text");
    }

    private static void byKey() throws Exception {
        KeyedFile file = openKeyed("CUST", AS400File.READ_ONLY, 1);
        same("5", key(file.read(number(5))), "equal");
        same(null, key(file.read(number(4))), "none");
        int[] kinds = {KeyedFile.KEY_LT, KeyedFile.KEY_LE, KeyedFile.KEY_EQ, KeyedFile.KEY_GE, KeyedFile.KEY_GT};
        String[][] expected = {{"3", "3", null, "5", "5"}, {"3", "5", "5", "5", "8"}, {null, null, null, "1", "1"}};
        int[] keys = {4, 5, 0};
        for (int i = 0; i < keys.length; i++) {
            for (int j = 0; j < kinds.length; j++) {
                same(expected[i][j], key(file.read(number(keys[i]), kinds[j])), keys[i] + " by " + j);
            }
        }
        same("5", key(file.readAfter(number(3))), "after");
        same("2", key(file.readBefore(number(3))), "before");
        same("8", key(file.readLast()), "last");
        file.close();
        StringBuilder all = new StringBuilder();
        for (Record record : file.readAll()) {
            all.append(key(record));
        }
        same("12358", all.toString(), "all");
    }

    private static void equalKeys() throws Exception {
        KeyedFile file = openKeyed("TWOKEY", AS400File.READ_ONLY, 1);
        // The second field is descending, and the last one in comes first.
        String[] order = {"fourth", "third", "second", "fifth", "first", "sixth"};
        for (String text : order) {
            same(text, text(file.readNext()), "order");
        }
        Object[] group = {"AA"};
        Object[] three = {"AA", new BigDecimal(3)};
        same("fourth", text(file.read(group)), "leading field");
        same("first", text(file.read(group, KeyedFile.KEY_GT)), "after a leading field");
        same("fourth", text(file.read(three)), "both fields");
        same("third", text(file.readNextEqual()), "next equal");
        same(null, text(file.readNextEqual()), "no more");
        same("fourth", text(file.read(three)), "again");
        same("third", text(file.readNextEqual(three)), "next equal by key");
        same("fourth", text(file.readPreviousEqual()), "previous equal");
        same(null, text(file.readPreviousEqual()), "no more back");
        file.close();
        file = openKeyed("TWOKEY", AS400File.READ_ONLY, 3);
        same("second", text(file.read(new Object[] {"AA", new BigDecimal(2)})), "by key with blocks");
        same("fifth", text(file.readNext()), "goes on");
        same("first", text(file.readNext()), "and on");
        same("fifth", text(file.readPrevious()), "and back");
        file.close();
    }

    private static void keyPositions() throws Exception {
        KeyedFile file = openKeyed("CUST", AS400File.READ_ONLY, 1);
        file.positionCursor(number(4), KeyedFile.KEY_GE);
        same("5", key(file.read()), "at or after");
        file.positionCursorAfter(number(3));
        same("5", key(file.read()), "after");
        file.positionCursorBefore(number(3));
        same("3", key(file.readNext()), "before");
        file.positionCursorAfterLast();
        same("8", key(file.readPrevious()), "after all");
        fails("CPF5006", () -> file.positionCursor(number(4)));
        file.close();
    }

    private static void missing() throws Exception {
        fails("CPF3012", () -> new AS400FileRecordDescription(system, LIBRARY + "NOPE.FILE").retrieveRecordFormat());
        RecordFormat format = new AS400FileRecordDescription(system, LIBRARY + "CUST.FILE").retrieveRecordFormat()[0];
        for (String[] path : new String[][] {{"NOPE.FILE", "CPF4101"}, {"CUST.FILE/NOPE.MBR", "CPF4102"}}) {
            SequentialFile file = new SequentialFile(system, LIBRARY + path[0]);
            file.setRecordFormat(format);
            fails(path[1], () -> file.open(AS400File.READ_ONLY, 1, NONE));
        }
        fails("CPF2110", () -> command("CRTPF FILE(NOLIB/X) RCDLEN(10)"));
    }

    private static void members() throws Exception {
        SequentialFile listed = new SequentialFile(system, "/QSYS.LIB/%LIBL%.LIB/CUST.FILE");
        listed.setRecordFormat(new AS400FileRecordDescription(system, LIBRARY + "CUST.FILE").retrieveRecordFormat()[0]);
        listed.open(AS400File.READ_ONLY, 1, NONE);
        same("TESTLIB CUST", listed.getLibraryName() + " " + listed.getMemberName(), "found by the library list");
        listed.close();
        KeyedFile file = fresh("MEMBERS");
        file.addPhysicalFileMember("SECOND", "The second one");
        SequentialFile last = new SequentialFile(system, LIBRARY + "MEMBERS.FILE/%LAST%.MBR");
        last.setRecordFormat(file.getRecordFormat());
        last.open(AS400File.READ_WRITE, 1, NONE);
        same("SECOND", last.getMemberName(), "last");
        last.write(record(last, 1, "x", null));
        last.close();
        same(0, file.readAll().length, "in the first member");
        same(1, last.readAll().length, "in the second");
        fails("CPF5812", () -> file.addPhysicalFileMember("SECOND", ""));
        KeyedFile named = new KeyedFile(system, LIBRARY + "MEMBERS.FILE/%FILE%.MBR");
        named.setRecordFormat(file.getRecordFormat());
        named.open(AS400File.READ_ONLY, 1, NONE);
        same("MEMBERS", named.getMemberName(), "named as the file");
        named.close();
        new SequentialFile(system, LIBRARY + "MEMBERS.FILE/SECOND.MBR").deleteMember();
        fails("CPF4102", () -> {
            SequentialFile gone = new SequentialFile(system, LIBRARY + "MEMBERS.FILE/SECOND.MBR");
            gone.setRecordFormat(file.getRecordFormat());
            gone.open(AS400File.READ_ONLY, 1, NONE);
        });
        file.delete();
        fails("CPF3012", () -> new AS400FileRecordDescription(system, LIBRARY + "MEMBERS.FILE").retrieveRecordFormat());
    }

    // What is changed.

    private static void write() throws Exception {
        KeyedFile file = fresh("WRITTEN");
        file.open(AS400File.WRITE_ONLY, 10, NONE);
        Record[] many = new Record[25];
        for (int i = 0; i < 25; i++) {
            many[i] = record(file, 100 - i, "text " + i, i % 3 == 0 ? null : "v" + i);
        }
        file.write(many);
        file.write(record(file, 500, "one", "grün"));
        file.close();
        Record[] all = file.readAll();
        same(26, all.length, "records");
        for (int i = 0; i < 25; i++) {
            same(show(many[i]), show(all[24 - i]), "record");
        }
        same("500 one grün", show(all[25]), "the last one");
        SequentialFile plain = open("WRITTEN", AS400File.READ_ONLY, 100);
        same("100 text 0 null", show(plain.readNext()), "in the order of arrival");
        plain.close();
        // More than a frame holds.
        SequentialFile big = new SequentialFile(system, LIBRARY + "BIG.FILE");
        big.setRecordFormat(0);
        Record[] old = big.readAll();
        command("CRTLIB OTHER");
        SequentialFile copy = new SequentialFile(system, "/QSYS.LIB/OTHER.LIB/COPY.FILE");
        copy.create(big.getRecordFormat(), "A copy");
        copy.setRecordFormat(big.getRecordFormat());
        copy.open(AS400File.WRITE_ONLY, 200, NONE);
        copy.write(old);
        copy.close();
        same(Arrays.asList(old), Arrays.asList(copy.readAll()), "the copy");
        copy.delete();
        command("DLTLIB OTHER");
        file.delete();
    }

    private static void changeByNumber() throws Exception {
        KeyedFile keyed = filled("NUMBERS", 5);
        SequentialFile file = open("NUMBERS", AS400File.READ_WRITE, 1);
        file.update(2, record(file, 2, "changed", null));
        file.deleteRecord(4);
        same(null, file.read(4), "deleted");
        fails("CPF5006", () -> file.update(4, record(file, 4, "x", null)));
        fails("CPF5006", () -> file.deleteRecord(9));
        file.write(record(file, 6, "added", "x"));
        same(6, file.readLast().getRecordNumber(), "a deleted place stays");
        file.close();
        same("[1 t1 v1, 2 changed null, 3 t3 v3, 5 t5 v5, 6 added x]", shown(keyed.readAll()), "records");
        command("CHGPF FILE(TESTLIB/NUMBERS) REUSEDLT(*YES)");
        file.open(AS400File.READ_WRITE, 1, NONE);
        file.write(record(file, 7, "reused", "x"));
        same("7 reused x", show(file.read(4)), "in the place of the deleted one");
        file.close();
        command("CLRPFM FILE(TESTLIB/NUMBERS)");
        same(0, file.readAll().length, "cleared");
        keyed.delete();
    }

    private static void changeByKey() throws Exception {
        KeyedFile file = filled("KEYS", 4);
        file.open(AS400File.READ_WRITE, 1, NONE);
        file.update(number(2), record(file, 9, "moved", null));
        file.deleteRecord(number(3));
        fails("CPF5006", () -> file.update(number(3), record(file, 3, "x", null)));
        fails("CPF5006", () -> file.deleteRecord(number(3)));
        file.close();
        same("[1 t1 v1, 4 t4 v4, 9 moved null]", shown(file.readAll()), "records");
        file.delete();
    }

    private static void changeCurrent() throws Exception {
        KeyedFile file = filled("CURRENT", 3);
        file.open(AS400File.READ_WRITE, 1, NONE);
        file.readFirst();
        file.update(record(file, 1, "again", ""));
        fails("CPF501B", () -> file.update(record(file, 1, "twice", "")));
        file.readNext();
        file.deleteCurrentRecord();
        same("3 t3 v3", show(file.readNext()), "the next one");
        file.close();
        same("[1 again , 3 t3 v3]", shown(file.readAll()), "records");
        file.delete();
    }

    private static void duplicates() throws Exception {
        KeyedFile file = filled("UNIQUE", 3);
        file.open(AS400File.READ_WRITE, 1, NONE);
        fails("CPF5026", () -> file.write(record(file, 2, "twice", null)));
        file.read(number(1));
        fails("CPF5026", () -> file.update(record(file, 2, "twice", null)));
        file.close();
        file.open(AS400File.WRITE_ONLY, 10, NONE);
        Record[] many = {record(file, 7, "in", null), record(file, 2, "not", null), record(file, 8, "nor", null)};
        fails("CPF5026", () -> file.write(many));
        file.close();
        same("[1 t1 v1, 2 t2 v2, 3 t3 v3, 7 in null]", shown(file.readAll()), "records");
        file.delete();
    }

    private static void everyType() throws Exception {
        SequentialFile file = open("ALLTYP", AS400File.READ_WRITE, 1);
        Record[] rows = {file.read(1), file.read(2)};
        for (Record row : rows) {
            Record mine = file.getRecordFormat().getNewRecord();
            for (int i = 0; i < mine.getNumberOfFields(); i++) {
                mine.setField(i, row.getField(i));
            }
            file.write(mine);
        }
        for (int i = 0; i < 2; i++) {
            Record again = file.read(3 + i);
            for (int j = 0; j < rows[i].getNumberOfFields(); j++) {
                String name = rows[i].getRecordFormat().getFieldNames()[j];
                same(Records.quoted(rows[i].getField(j)), Records.quoted(again.getField(j)), name);
            }
            file.deleteCurrentRecord();
        }
        file.close();
        same(2, file.readAll().length, "records");
    }

    private static void create() throws Exception {
        SequentialFile plain = new SequentialFile(system, LIBRARY + "PLAIN.FILE/PLAIN.MBR");
        plain.create(80, AS400File.TYPE_DATA, "Eighty bytes");
        plain.setRecordFormat(0);
        same("[PLAIN]", Arrays.toString(plain.getRecordFormat().getFieldNames()), "fields");
        fails("CPF5813", () -> plain.create(80, AS400File.TYPE_DATA, ""));
        plain.delete();
        RecordFormat all = new AS400FileRecordDescription(system, LIBRARY + "ALLTYP.FILE").retrieveRecordFormat()[0];
        SequentialFile like = new SequentialFile(system, LIBRARY + "LIKE.FILE");
        like.create(all, "Made of a record format");
        like.setRecordFormat(0);
        for (int i = 0; i < all.getNumberOfFields(); i++) {
            FieldDescription wanted = all.getFieldDescription(i);
            FieldDescription got = like.getRecordFormat().getFieldDescription(i);
            same(wanted.getFieldName() + wanted.getClass(), got.getFieldName() + got.getClass(), "field");
            same(wanted.getALWNULL(), got.getALWNULL(), "ALWNULL");
        }
        like.delete();
        SequentialFile source = new SequentialFile(system, LIBRARY + "QDDSSRC.FILE/MADE.MBR");
        source.create(92, AS400File.TYPE_SOURCE, "Source");
        source.setRecordFormat(0);
        same("[SRCSEQ, SRCDAT, SRCDTA]", Arrays.toString(source.getRecordFormat().getFieldNames()), "source");
        String[] lines = {
            "                                            UNIQUE",
            "                R MADER",
            "                  A1             3A         TEXT('A field''s text')",
            "                  B1             7P 2       ALWNULL",
            "                  C1             8A         VARLEN",
            "                K B1                        DESCEND",
            "                K A1",
        };
        source.open(AS400File.WRITE_ONLY, 10, NONE);
        for (int i = 0; i < lines.length; i++) {
            Record line = source.getRecordFormat().getNewRecord();
            line.setField("SRCSEQ", new BigDecimal(i + 1));
            line.setField("SRCDTA", lines[i]);
            source.write(line);
        }
        source.close();
        KeyedFile made = new KeyedFile(system, LIBRARY + "MADE.FILE");
        made.create(LIBRARY + "QDDSSRC.FILE/MADE.MBR", AS400File.BLANK);
        made.setRecordFormat(0);
        same("[B1, A1]", Arrays.toString(made.getRecordFormat().getKeyFieldNames()), "keys");
        made.open(AS400File.READ_WRITE, 1, NONE);
        for (String[] values : new String[][] {{"AAA", "1.50", "x"}, {"BBB", "99.99", ""}, {"CCC", "-3", "yes"}}) {
            Record row = made.getRecordFormat().getNewRecord();
            row.setField("A1", values[0]);
            row.setField("B1", new BigDecimal(values[1]));
            row.setField("C1", values[2]);
            made.write(row);
        }
        made.close();
        StringBuilder order = new StringBuilder();
        for (Record row : made.readAll()) {
            order.append(row.getField("A1")).append(' ').append(row.getField("B1")).append(' ');
        }
        same("BBB 99.99 AAA 1.50 CCC -3.00 ", order.toString(), "high values first");
        made.delete();
        new SequentialFile(system, LIBRARY + "QDDSSRC.FILE").delete();
    }

    private static void commands() throws Exception {
        SequentialFile file = new SequentialFile(system, LIBRARY + "CUST.FILE");
        same("[null]", ids(file.runCommand("CHGJOB LOG(4)")), "nothing to say");
        AS400Message[] unknown = file.runCommand("NOSUCHCMD X(1)");
        same("[CPD0030, CPF0006]", ids(unknown), "unknown");
        same("[CPD0043, CPF0006]", ids(file.runCommand("DLTF FILE(X) COLOR(RED)")), "unknown keyword");
        same("[CPF0006]", ids(file.runCommand("DLTF FILE(")), "cut");
        same("[CPC7301]", ids(file.runCommand("CRTPF FILE(QTEMP/MINE) RCDLEN(10)")), "in QTEMP");
        same("[CPC2191]", ids(file.runCommand("DLTF QTEMP/MINE")), "deleted");
        same("[CPF2105]", ids(file.runCommand("DLTF QTEMP/MINE")), "gone");
        same("[null]", ids(file.runCommand("CHKOBJ TESTLIB/CUST *FILE")), "there");
        same("[CPF9801]", ids(file.runCommand("CHKOBJ TESTLIB/NOPE *FILE")), "not there");
    }

    private static void ssp() throws Exception {
        SequentialFile file = new SequentialFile(system, LIBRARY + "CUST.FILE");
        file.setSSPFile(true);
        file.setRecordFormat(0);
        file.open(AS400File.READ_WRITE, 1, NONE);
        same("1", key(file.readFirst()), "first");
        file.close();
    }

    private static void manyOpen() throws Exception {
        List<SequentialFile> open = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            SequentialFile file = open("CUST", AS400File.READ_ONLY, 1);
            file.positionCursor(1 + i % 5);
            open.add(file);
        }
        for (int i = 0; i < 50; i++) {
            same(1 + i % 5, open.get(i).read().getRecordNumber(), "each has its position");
            open.get(i).close();
        }
    }

    // Helpers.

    static AS400 connect() throws Exception {
        return Records.connect(login);
    }

    private static void one(String name, Case body) {
        String error = "";
        try {
            body.run();
        } catch (Throwable e) {
            StackTraceElement[] trace = e.getStackTrace();
            String place = Arrays.stream(trace)
                    .filter(t -> List.of("Judge", "Forms", "Jobs").contains(t.getClassName()))
                    .filter(t -> !List.of("same", "fails").contains(t.getMethodName()))
                    .findFirst()
                    .map(t -> " (" + t.getFileName() + ":" + t.getLineNumber() + ")")
                    .orElse("");
            error = e + place;
        }
        out.println("{\"case\": " + Records.quoted(name) + ", \"error\": " + Records.quoted(error) + "}");
    }

    static void same(Object expected, Object actual, String what) {
        if (!Objects.equals(expected, actual)) {
            throw new AssertionError(what + ": expected " + expected + ", got " + actual);
        }
    }

    static void fails(String id, Case body) throws Exception {
        try {
            body.run();
        } catch (AS400Exception e) {
            same(id, e.getAS400Message().getID(), "message");
            return;
        }
        throw new AssertionError(id + " did not come");
    }

    static void command(String text) throws Exception {
        AS400Message[] messages = new SequentialFile(system, LIBRARY + "CUST.FILE").runCommand(text);
        for (AS400Message message : messages) {
            if (message.getID().startsWith("CPF")) {
                throw new AS400Exception(messages);
            }
        }
    }

    static SequentialFile open(String name, int type, int factor) throws Exception {
        SequentialFile file = new SequentialFile(system, LIBRARY + name + ".FILE");
        file.setRecordFormat(0);
        file.open(type, factor, NONE);
        return file;
    }

    static KeyedFile openKeyed(String name, int type, int factor) throws Exception {
        KeyedFile file = new KeyedFile(system, LIBRARY + name + ".FILE");
        file.setRecordFormat(0);
        file.open(type, factor, NONE);
        return file;
    }

    /** A new file: K packed, the unique key; T characters; V characters of varying length or NULL. */
    static KeyedFile fresh(String name) throws Exception {
        RecordFormat format = new RecordFormat("WORKR");
        format.addFieldDescription(new PackedDecimalFieldDescription(new AS400PackedDecimal(5, 0), "K"));
        format.addFieldDescription(new CharacterFieldDescription(new AS400Text(10, 37, system), "T"));
        CharacterFieldDescription varying = new CharacterFieldDescription(new AS400Text(10, 37, system), "V");
        varying.setVariableLength(true);
        varying.setVARLEN(0);
        varying.setALWNULL(true);
        format.addFieldDescription(varying);
        format.addKeyFieldDescription("K");
        KeyedFile file = new KeyedFile(system, LIBRARY + name + ".FILE");
        file.create(format, "A file to work with", null, null, null, null, true, null, null);
        file.setRecordFormat(0);
        return file;
    }

    static KeyedFile filled(String name, int count) throws Exception {
        KeyedFile file = fresh(name);
        file.open(AS400File.WRITE_ONLY, count, NONE);
        Record[] records = new Record[count];
        for (int i = 0; i < count; i++) {
            records[i] = record(file, i + 1, "t" + (i + 1), "v" + (i + 1));
        }
        file.write(records);
        file.close();
        return file;
    }

    static Record record(AS400File file, int key, String text, String varying) throws Exception {
        Record record = file.getRecordFormat().getNewRecord();
        record.setField("K", new BigDecimal(key));
        record.setField("T", text);
        record.setField("V", varying);
        return record;
    }

    static Object[] number(int key) {
        return new Object[] {new BigDecimal(key)};
    }

    static String key(Record record) throws Exception {
        return record == null ? null : record.getField(0).toString();
    }

    static String text(Record record) throws Exception {
        return record == null ? null : record.getField("TXT").toString().trim();
    }

    static String show(Record record) throws Exception {
        if (record == null) {
            return null;
        }
        return record.getField("K") + " " + record.getField("T").toString().trim() + " " + record.getField("V");
    }

    static String shown(Record[] records) throws Exception {
        List<String> out = new ArrayList<>();
        for (Record record : records) {
            out.add(show(record));
        }
        return out.toString();
    }

    /** All records of a file that is open. */
    static String shown(KeyedFile file) throws Exception {
        List<String> out = new ArrayList<>();
        file.positionCursorBeforeFirst();
        for (Record record = file.readNext(); record != null; record = file.readNext()) {
            out.add(show(record));
        }
        return out.toString();
    }

    private static String ids(AS400Message[] messages) {
        List<String> out = new ArrayList<>();
        for (AS400Message message : messages) {
            out.add(message.getID());
        }
        return out.toString();
    }
}
