import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Properties;
import java.util.stream.Collectors;

/**
 * Reads properties files as Spark does (Utils.getPropertiesFromFile, before it trims): one a line of the input, in base64.
 * Prints a line for each: its entries as key:value in base64 of UTF-16, which has room for half characters; or what was
 * thrown, behind a "!".
 */
public class LoadProperties {
  public static void main(String[] args) throws Exception {
    var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    var output = new PrintStream(System.out, false, StandardCharsets.US_ASCII);
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      output.println(load(Base64.getDecoder().decode(line)));
    }
    output.flush();
  }

  private static String load(byte[] file) throws Exception {
    var properties = new Properties();
    try (var reader = new InputStreamReader(new ByteArrayInputStream(file), StandardCharsets.UTF_8)) {
      properties.load(reader);
    } catch (IllegalArgumentException e) {
      return "!" + e.getMessage();
    }
    return properties.stringPropertyNames().stream()
        .map(key -> encode(key) + ":" + encode(properties.getProperty(key)))
        .collect(Collectors.joining(" "));
  }

  /** By hand: Charset's encoders replace half characters. */
  private static String encode(String text) {
    var bytes = new byte[2 * text.length()];
    for (int i = 0; i < text.length(); i++) {
      bytes[2 * i] = (byte) text.charAt(i);
      bytes[2 * i + 1] = (byte) (text.charAt(i) >> 8);
    }
    return Base64.getEncoder().encodeToString(bytes);
  }
}
