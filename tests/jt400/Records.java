import com.ibm.as400.access.AS400;
import com.ibm.as400.access.AS400File;
import com.ibm.as400.access.AS400FileRecordDescription;
import com.ibm.as400.access.KeyedFile;
import com.ibm.as400.access.Record;
import com.ibm.as400.access.RecordFormat;
import com.ibm.as400.access.SecureAS400;
import com.ibm.as400.access.SequentialFile;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/**
 * Reads a file as JTOpen does: {@code java -cp jt400.jar Records.java PORT SIGNON USER PASSWORD PATH [tls|keyed]}. One
 * line of JSON for each record: its fields as text in their order, null for NULL; or one line with what went wrong.
 */
public class Records {
    public static void main(String[] args) {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        int status = 0;
        try {
            AS400 system = connect(args);
            boolean keyed = args.length > 5 && args[5].equals("keyed");
            AS400File file = keyed ? new KeyedFile(system, args[4]) : new SequentialFile(system, args[4]);
            RecordFormat format = new AS400FileRecordDescription(system, args[4]).retrieveRecordFormat()[0];
            file.setRecordFormat(format);
            for (Record record : file.readAll()) {
                StringBuilder line = new StringBuilder("[");
                for (int i = 0; i < format.getNumberOfFields(); i++) {
                    line.append(i > 0 ? ", " : "").append(quoted(record.isNullField(i) ? null : record.getField(i)));
                }
                out.println(line.append("]"));
            }
            system.disconnectAllServices();
        } catch (Exception e) {
            out.println("{\"error\": " + quoted(e.getClass().getSimpleName() + ": " + e.getMessage()) + "}");
            status = 1;
        }
        System.exit(status);
    }

    static AS400 connect(String[] args) throws Exception {
        boolean tls = args.length > 5 && args[5].equals("tls");
        AS400 system = tls ? new SecureAS400("127.0.0.1", args[2], args[3]) : new AS400("127.0.0.1", args[2], args[3]);
        system.setGuiAvailable(false);
        system.setServicePort(AS400.RECORDACCESS, Integer.parseInt(args[0]));
        system.setServicePort(AS400.SIGNON, Integer.parseInt(args[1]));
        system.connectService(AS400.RECORDACCESS);
        return system;
    }

    static String quoted(Object value) {
        if (value == null) {
            return "null";
        }
        String text = value instanceof byte[] bytes ? HexFormat.of().formatHex(bytes) : value.toString();
        StringBuilder out = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            out.append(c == '"' || c == '\\' || c < ' ' ? String.format("\\u%04x", (int) c) : String.valueOf(c));
        }
        return out.append('"').toString();
    }
}
