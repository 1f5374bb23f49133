// Decodes with the charsets of Java, strictly. Lines of standard input: "charset NAME" chooses one and is answered by
// "yes" or "no"; anything else is bytes in hexadecimal, answered by their text as hexadecimal UTF-8, or by an empty line.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

public class Decode {
    public static void main(String[] arguments) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII), 1 << 16);
        StringBuilder out = new StringBuilder();
        HexFormat hex = HexFormat.of();
        CharsetDecoder decoder = null;
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            if (line.startsWith("charset ")) {
                String name = line.substring(8);
                boolean known = Charset.isSupported(name);
                // The decoder's defaults report instead of replacing.
                decoder = known ? Charset.forName(name).newDecoder() : null;
                out.append(known ? "yes\n" : "no\n");
            } else if (decoder != null) {
                try {
                    String text = decoder.decode(ByteBuffer.wrap(hex.parseHex(line))).toString();
                    out.append(hex.formatHex(text.getBytes(StandardCharsets.UTF_8)));
                } catch (CharacterCodingException e) {
                    decoder.reset();
                }
                out.append('\n');
            }
        }
        PrintStream answer = new PrintStream(System.out, false, StandardCharsets.US_ASCII);
        answer.append(out);
        answer.flush();
    }
}
