import com.ibm.as400.access.AS400;
import com.ibm.as400.access.AS400File;
import com.ibm.as400.access.AS400FileRecordDescription;
import com.ibm.as400.access.KeyedFile;
import com.ibm.as400.access.Record;
import com.ibm.as400.access.RecordFormat;
import com.ibm.as400.access.SequentialFile;
import java.math.BigDecimal;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import javax.tools.ToolProvider;

/** What {@link Judge} asks in the other forms that a call has, and of keys of every type. */
class Forms {
    static void byBytes() throws Exception {
        KeyedFile file = Judge.openKeyed("CUST", AS400File.READ_ONLY, 1);
        byte[] three = bytes("F0F0F0F0F0F3");
        byte[] four = bytes("F0F0F0F0F0F4");
        Judge.same("3", Judge.key(file.read(three, 1)), "equal");
        Judge.same(null, Judge.key(file.read(four, 1)), "none");
        Judge.same("5", Judge.key(file.read(four, KeyedFile.KEY_GT, 1)), "after");
        Judge.same("3", Judge.key(file.read(four, KeyedFile.KEY_LE, 1)), "at or before");
        Judge.same("5", Judge.key(file.readAfter(three, 1)), "after");
        Judge.same("2", Judge.key(file.readBefore(three, 1)), "before");
        Judge.same("3", Judge.key(file.readNextEqual(three, 1)), "next equal");
        Judge.same(null, Judge.key(file.readNextEqual(four, 1)), "no next equal");
        file.positionCursorAfterLast();
        Judge.same("3", Judge.key(file.readPreviousEqual(three, 1)), "previous equal");
        file.positionCursor(three, 1);
        Judge.same("3", Judge.key(file.read()), "to a key");
        file.positionCursor(four, KeyedFile.KEY_LT, 1);
        Judge.same("3", Judge.key(file.read()), "to before a key");
        file.positionCursorAfter(three, 1);
        Judge.same("5", Judge.key(file.read()), "after a key");
        file.positionCursorBefore(three, 1);
        Judge.same("3", Judge.key(file.readNext()), "before a key");
        Judge.fails("CPF5006", () -> file.positionCursor(four, 1));
        file.close();
    }

    static void byLeadingFields() throws Exception {
        KeyedFile file = Judge.openKeyed("TWOKEY", AS400File.READ_ONLY, 1);
        Object[] group = {"AA"};
        byte[] same = bytes("C1C14040");
        Judge.same("third", Judge.text(file.readAfter(group)), "after");
        Judge.same(null, Judge.text(file.readBefore(group)), "before the first group");
        Judge.same("fifth", Judge.text(file.readBefore(new Object[] {"BB"})), "before");
        Judge.same("first", Judge.text(file.read(same, KeyedFile.KEY_GT, 1)), "after");
        Judge.same("fifth", Judge.text(file.read(group, KeyedFile.KEY_LE)), "the last of the group");
        Judge.same(null, Judge.text(file.read(group, KeyedFile.KEY_LT)), "nothing is before");
        Judge.same("fourth", Judge.text(file.read(group, KeyedFile.KEY_GE)), "the first of the group");
        Judge.same("third", Judge.text(file.readNextEqual(group)), "next in the group");
        Judge.same("second", Judge.text(file.readNextEqual(same, 1)), "and the next");
        Judge.same("fifth", Judge.text(file.readNextEqual(group)), "and the last");
        Judge.same(null, Judge.text(file.readNextEqual(group)), "no more");
        file.positionCursor(new Object[] {"BB"});
        Judge.same("fifth", Judge.text(file.readPreviousEqual(group)), "previous in the group");
        Judge.same("second", Judge.text(file.readPreviousEqual(same, 1)), "and the one before");
        file.positionCursorToFirst();
        Judge.same("fourth", Judge.text(file.read()), "to the first");
        file.positionCursorToNext();
        Judge.same("third", Judge.text(file.read()), "to the next");
        file.positionCursorToLast();
        Judge.same("sixth", Judge.text(file.read()), "to the last");
        file.positionCursorToPrevious();
        Judge.same("first", Judge.text(file.read()), "to the previous");
        file.positionCursorAfter(group);
        Judge.same("third", Judge.text(file.read()), "after a group's first");
        file.positionCursorBefore(group);
        Judge.same("fourth", Judge.text(file.readNext()), "before a group");
        file.positionCursorBeforeFirst();
        Judge.same("fourth", Judge.text(file.readNext()), "before all");
        file.close();
    }

    static void changes() throws Exception {
        KeyedFile file = Judge.filled("FORMS", 6);
        file.open(AS400File.READ_WRITE, 1, Judge.NONE);
        file.update(Judge.number(0), Judge.record(file, 1, "behind 0", null), KeyedFile.KEY_GT);
        file.update(bytes("00002C"), Judge.record(file, 2, "bytes", null), 1);
        file.update(bytes("00007C"), Judge.record(file, 6, "before 7", null), KeyedFile.KEY_LT, 1);
        file.deleteRecord(bytes("00003C"), 1);
        Judge.fails("CPF5006", () -> file.deleteRecord(bytes("00003C"), 1));
        Judge.fails("CPF5006", () -> file.update(Judge.number(6), Judge.record(file, 9, "x", ""), KeyedFile.KEY_GT));
        file.positionCursor(Judge.number(4));
        file.update(Judge.record(file, 40, "current", null));
        file.readLast();
        file.deleteCurrentRecord();
        file.close();
        String left = "[1 behind 0 null, 2 bytes null, 5 t5 v5, 6 before 7 null]";
        Judge.same(left, Judge.shown(file.readAll()), "records");
        file.delete();
    }

    /** Fields in DDS, their keywords, and values in the order of their keys. */
    private static final Object[][] KEYS = {
        {"5P 2", "", decimals("-999.99", "-1.01", "-1.00", "0.00", "0.01", "999.99")},
        {"5S 2", "", decimals("-999.99", "-1.01", "-1.00", "0.00", "0.01", "999.99")},
        {"4B 0", "", new Object[] {(short) -9999, (short) -1, (short) 0, (short) 1, (short) 9999}},
        {"9B 0", "", new Object[] {-999_999_999, -256, -1, 0, 255, 256, 999_999_999}},
        {"18B 0", "", new Object[] {-999_999_999_999_999_999L, -1L, 0L, 1L, 999_999_999_999_999_999L}},
        {"9F 2", "", new Object[] {-1e30f, -1.5f, -1e-30f, 0f, 1e-30f, 1.5f, 1e30f}},
        {"17F 2", "FLTPCN(*DOUBLE)", new Object[] {-1e300, -1.5, -1e-300, 0.0, 1e-300, 1.5, 1e300}},
        // EBCDIC has small letters before capitals and these before digits.
        {"3A", "", new Object[] {"   ", "a  ", "aA ", "b  ", "A  ", "AA ", "B  ", "1  "}},
        {"3A", "VARLEN", new Object[] {"", "a", "aA", "b", "A", "AA", "B", "1"}},
        {"2H", "", new Object[] {bytes("0000"), bytes("0001"), bytes("7FFF"), bytes("8000"), bytes("FFFF")}},
        {"3G", "CCSID(13488)", new Object[] {"   ", "1  ", "A  ", "a  ", "é  ", "日  "}},
        {"L", "DATFMT(*ISO)", new Object[] {"0001-01-01", "1969-12-31", "2024-02-29", "9999-12-31"}},
        {"T", "TIMFMT(*ISO)", new Object[] {"00.00.00", "09.59.59", "10.00.00", "23.59.59"}},
        {"Z", "",
            new Object[] {"0001-01-01-00.00.00.000000", "2024-02-29-12.34.56.123456", "9999-12-31-23.59.59.999999"}},
    };

    static void everyKey() throws Exception {
        for (Object[] of : KEYS) {
            Object[] values = (Object[]) of[2];
            for (String order : new String[] {"", "DESCEND"}) {
                String what = of[0] + " " + of[1] + " " + order;
                KeyedFile file = made("KEYTYPE",
                    "                R KEYR",
                    field((String) of[0], (String) of[1]),
                    "                  N              5P 0",
                    "                K K" + (order.isEmpty() ? "" : "                         DESCEND"));
                file.open(AS400File.READ_WRITE, 1, Judge.NONE);
                // Without an order: every third, beginning with the second.
                for (int start : new int[] {1, 0, 2}) {
                    for (int i = start; i < values.length; i += 3) {
                        Record row = file.getRecordFormat().getNewRecord();
                        row.setField("K", values[i]);
                        row.setField("N", new BigDecimal(i));
                        file.write(row);
                    }
                }
                int last = values.length - 1;
                for (int i = 0; i <= last; i++) {
                    Object[] key = {values[i]};
                    boolean up = order.isEmpty();
                    Judge.same(i, at(file.read(key)), what + " equal");
                    Judge.same(next(i, up ? 1 : -1, last), at(file.read(key, KeyedFile.KEY_GT)), what + " after");
                    Judge.same(next(i, up ? -1 : 1, last), at(file.read(key, KeyedFile.KEY_LT)), what + " before");
                    Judge.same(i, at(file.read(key, KeyedFile.KEY_GE)), what + " at or after");
                    Judge.same(i, at(file.read(key, KeyedFile.KEY_LE)), what + " at or before");
                }
                file.close();
                List<Integer> all = new ArrayList<>();
                for (Record row : file.readAll()) {
                    all.add(at(row));
                }
                List<Integer> expected = new ArrayList<>();
                for (int i = 0; i <= last; i++) {
                    expected.add(order.isEmpty() ? i : last - i);
                }
                Judge.same(expected, all, what);
                file.delete();
            }
        }
    }

    static void equalKeys() throws Exception {
        for (String[] order : new String[][] {{"FIFO", "[1, 2, 3]"}, {"LIFO", "[3, 2, 1]"}, {"FCFO", "[2, 3, 1]"}}) {
            KeyedFile file = made("EQUALS",
                "                                            " + order[0],
                "                R KEYR",
                field("3A", ""),
                "                  N              5P 0",
                "                K K");
            file.open(AS400File.READ_WRITE, 1, Judge.NONE);
            for (int i = 1; i <= 3; i++) {
                file.write(row(file, "AAA", i));
            }
            // Away and back.
            file.read(new Object[] {"AAA"});
            while (at(file.read()) != 1) {
                file.readNext();
            }
            file.update(row(file, "BBB", 1));
            file.update(new Object[] {"BBB"}, row(file, "AAA", 1));
            List<Integer> all = new ArrayList<>();
            file.positionCursorBeforeFirst();
            for (Record row = file.readNext(); row != null; row = file.readNext()) {
                all.add(at(row));
            }
            Judge.same(order[1], all.toString(), order[0]);
            file.close();
            file.delete();
        }
    }

    static void paths() throws Exception {
        Judge.command("CHGCURLIB TESTLIB");
        SequentialFile current = new SequentialFile(Judge.system, "/QSYS.LIB/%CURLIB%.LIB/CUST.FILE/CUST.MBR");
        current.setRecordFormat();
        current.open();
        Judge.same("TESTLIB CUST", current.getLibraryName() + " " + current.getMemberName(), "current library");
        current.close();
        current.setRecordFormat("CUSTR");
        Judge.same(5, current.readAll().length, "by the name of its format");
        Judge.command("CHGCURLIB *CRTDFT");
        SequentialFile own = new SequentialFile(Judge.system, "/QSYS.LIB/QTEMP.LIB/OWN.FILE/MINE.MBR");
        own.create(10, AS400File.TYPE_DATA, "Of this job");
        own.setRecordFormat(0);
        own.open(AS400File.READ_WRITE, 1, Judge.NONE);
        Record row = own.getRecordFormat().getNewRecord();
        row.setField(0, "mine");
        own.write(row);
        Judge.same("mine", own.readFirst().getField(0).toString().trim(), "in QTEMP");
        own.close();
        AS400 second = Judge.connect();
        SequentialFile theirs = new SequentialFile(second, "/QSYS.LIB/QTEMP.LIB/OWN.FILE/MINE.MBR");
        theirs.setRecordFormat(own.getRecordFormat());
        Judge.fails("CPF4101", () -> theirs.open(AS400File.READ_ONLY, 1, Judge.NONE));
        second.disconnectAllServices();
        own.delete();
    }

    static void longNumbers() throws Exception {
        KeyedFile file = new KeyedFile(Judge.system, Judge.LIBRARY + "CUST.FILE");
        file.setRecordFormat(0);
        file.setLongRecordNumber(true);
        for (int factor : new int[] {1, 3}) {
            file.open(AS400File.READ_ONLY, factor, Judge.NONE);
            Judge.same(4L, file.read(Judge.number(5)).getRecordNumberLong(), "by key");
            Judge.same(5L, file.readNext().getRecordNumberLong(), "the next");
            Judge.same(5L, file.readLast().getRecordNumberLong(), "the last");
            file.close();
        }
        long number = 1;
        for (Record record : file.readAll()) {
            Judge.same(number++, record.getRecordNumberLong(), "of all");
        }
    }

    /** The class that the client writes for a format reads what the format reads. */
    static void source() throws Exception {
        Path folder = Files.createTempDirectory("jt400");
        for (String name : new String[] {"CUST", "ALLTYP"}) {
            AS400FileRecordDescription about =
                    new AS400FileRecordDescription(Judge.system, Judge.LIBRARY + name + ".FILE");
            about.createRecordFormatSource(folder.toString(), null);
            RecordFormat expected = about.retrieveRecordFormat()[0];
            Path source;
            try (Stream<Path> found = Files.list(folder)) {
                source = found.filter(f -> f.toString().endsWith("Format.java")).findFirst().orElseThrow();
            }
            String jar = AS400.class.getProtectionDomain().getCodeSource().getLocation().getPath();
            int failed = ToolProvider.getSystemJavaCompiler().run(null, System.err, System.err, "-nowarn", "-cp", jar,
                    "-d", folder.toString(), source.toString());
            Judge.same(0, failed, "compiled " + source);
            String type = source.getFileName().toString().replace(".java", "");
            try (URLClassLoader loader = new URLClassLoader(new URL[] {folder.toUri().toURL()})) {
                RecordFormat got = (RecordFormat) loader.loadClass(type).getDeclaredConstructor().newInstance();
                Judge.same(expected.getName(), got.getName(), "name");
                String names = Arrays.toString(expected.getFieldNames());
                Judge.same(names, Arrays.toString(got.getFieldNames()), "fields");
                String keys = Arrays.toString(expected.getKeyFieldNames());
                Judge.same(keys, Arrays.toString(got.getKeyFieldNames()), "keys");
                SequentialFile file = new SequentialFile(Judge.system, Judge.LIBRARY + name + ".FILE");
                file.setRecordFormat(got);
                Record[] records = file.readAll();
                file.setRecordFormat(expected);
                Record[] same = file.readAll();
                Judge.same(same.length, records.length, "records");
                for (int i = 0; i < same.length; i++) {
                    Judge.same(HexFormat.of().formatHex(same[i].getContents()),
                            HexFormat.of().formatHex(records[i].getContents()), "record");
                }
            }
            Files.delete(source);
        }
    }

    static void pool() throws Exception {
        AS400 other = new AS400("127.0.0.1", Judge.login[2], Judge.login[3]);
        // Before anything that connects.
        other.setDDMRDB("IASP1");
        other.setGuiAvailable(false);
        other.setServicePort(AS400.RECORDACCESS, Integer.parseInt(Judge.login[0]));
        other.setServicePort(AS400.SIGNON, Integer.parseInt(Judge.login[1]));
        SequentialFile file = new SequentialFile(other, Judge.LIBRARY + "CUST.FILE");
        file.setRecordFormat(0);
        Judge.same(5, file.readAll().length, "records");
        other.disconnectAllServices();
    }

    static void sspWrites() throws Exception {
        KeyedFile made = Judge.fresh("SSPFILE");
        SequentialFile file = new SequentialFile(Judge.system, Judge.LIBRARY + "SSPFILE.FILE");
        file.setSSPFile(true);
        file.setRecordFormat(made.getRecordFormat());
        file.open(AS400File.WRITE_ONLY, 1, Judge.NONE);
        file.write(Judge.record(file, 3, "three", "x"));
        file.close();
        file.open(AS400File.READ_WRITE, 1, Judge.NONE);
        file.readFirst();
        file.update(Judge.record(file, 4, "four", "y"));
        file.close();
        Judge.same("[4 four y]", Judge.shown(made.readAll()), "records");
        made.delete();
    }

    // Helpers.

    /** A file that is made of DDS. */
    static KeyedFile made(String name, String... lines) throws Exception {
        SequentialFile source = new SequentialFile(Judge.system, "/QSYS.LIB/QTEMP.LIB/DDS.FILE/DDS.MBR");
        source.create(92, AS400File.TYPE_SOURCE, "");
        source.setRecordFormat(0);
        source.open(AS400File.WRITE_ONLY, lines.length, Judge.NONE);
        Record[] records = new Record[lines.length];
        for (int i = 0; i < lines.length; i++) {
            records[i] = source.getRecordFormat().getNewRecord();
            records[i].setField("SRCSEQ", new BigDecimal(i + 1));
            records[i].setField("SRCDTA", lines[i]);
        }
        source.write(records);
        source.close();
        KeyedFile out = new KeyedFile(Judge.system, Judge.LIBRARY + name + ".FILE");
        out.create("/QSYS.LIB/QTEMP.LIB/DDS.FILE/DDS.MBR", AS400File.BLANK);
        source.delete();
        out.setRecordFormat(0);
        return out;
    }

    /** A line of DDS for the field K: length, letter, decimal positions; keywords. */
    private static String field(String type, String keywords) {
        String[] parts = type.trim().split(" ");
        String letter = parts[0].substring(parts[0].length() - 1);
        String length = parts[0].substring(0, parts[0].length() - 1);
        String decimals = parts.length > 1 ? parts[1] : "";
        return String.format("                  %-10s %5s%s%2s       %s", "K", length, letter, decimals, keywords);
    }

    private static Record row(KeyedFile file, String key, int number) throws Exception {
        Record row = file.getRecordFormat().getNewRecord();
        row.setField("K", key);
        row.setField("N", new BigDecimal(number));
        return row;
    }

    private static Integer at(Record record) throws Exception {
        return record == null ? null : ((BigDecimal) record.getField("N")).intValue();
    }

    private static Integer next(int i, int step, int last) {
        return i + step < 0 || i + step > last ? null : Integer.valueOf(i + step);
    }

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex);
    }

    private static Object[] decimals(String... values) {
        return Arrays.stream(values).map(BigDecimal::new).toArray();
    }
}
