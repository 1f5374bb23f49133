import com.ibm.as400.access.AS400;
import com.ibm.as400.access.AS400JPing;
import java.io.ByteArrayOutputStream;

/**
 * Pings a file server as JTOpen does: {@code java -cp jt400.jar Ping.java PORT}. Its answer is compared byte by byte with
 * that of an IBM i. One line of JSON: whether it was found alive, and what the client said.
 */
public class Ping {
    public static void main(String[] args) throws Exception {
        AS400 system = new AS400("127.0.0.1");
        system.setGuiAvailable(false);
        system.setServicePort(AS400.RECORDACCESS, Integer.parseInt(args[0]));
        AS400JPing ping = new AS400JPing("127.0.0.1", AS400.RECORDACCESS, false);
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        ping.setPrintWriter(said);
        ping.setTimeout(20_000);
        boolean alive = ping.ping();
        System.out.println("{\"alive\": " + alive + ", \"said\": " + Records.quoted(said) + "}");
        System.exit(0);
    }
}
