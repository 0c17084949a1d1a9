import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.spark.SparkConf;
import org.apache.spark.internal.config.ConfigBuilder;
import org.apache.spark.internal.config.ConfigEntry;
import org.apache.spark.internal.config.OptionalConfigEntry;
import org.apache.spark.network.util.ByteUnit;
import scala.Option;

/**
 * Reads configurations as Spark's own code does: one a line of the input, as key:value in base64. Prints a line for each
 * with what five entries are: in base64, "-" where absent, "!" where Spark throws.
 */
public class ReadConf {
  public static void main(String[] args) throws Exception {
    var entries =
        new OptionalConfigEntry<?>[] {
          new ConfigBuilder("spark.test.text").stringConf().createOptional(),
          new ConfigBuilder("spark.test.size").bytesConf(ByteUnit.MiB).createOptional(),
          new ConfigBuilder("spark.test.time").timeConf(TimeUnit.SECONDS).createOptional(),
          new ConfigBuilder("spark.test.int").intConf().createOptional(),
          new ConfigBuilder("spark.test.boolean").booleanConf().createOptional(),
        };
    var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    var output = new PrintStream(System.out, false, StandardCharsets.US_ASCII);
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      var conf = new SparkConf(false);
      for (String entry : line.split(" ")) {
        if (entry.isEmpty()) continue;
        var parts = entry.split(":", -1);
        conf.set(decode(parts[0]), decode(parts[1]));
      }
      output.println(Arrays.stream(entries).map(e -> read(conf, e)).collect(Collectors.joining(" ")));
    }
    output.flush();
  }

  private static String read(SparkConf conf, ConfigEntry<?> entry) {
    try {
      var value = (Option<?>) conf.get(entry);
      return value.isEmpty() ? "-" : "=" + encode(value.get().toString());
    } catch (IllegalArgumentException e) {
      return "!";
    }
  }

  private static String decode(String text) {
    return new String(Base64.getDecoder().decode(text), StandardCharsets.UTF_8);
  }

  private static String encode(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }
}
