import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/** A job with a shuffle. Prints what its driver and an executor may, and ends when the file that it is given is there. */
public class ShuffleJob {
  public static void main(String[] args) throws Exception {
    var spark = SparkSession.builder().getOrCreate();
    var groups = spark.range(0, 100000, 1, 4).selectExpr("id % 7 as k").groupBy("k").count();
    System.out.println("GROUPS " + groups.collectAsList().size());
    System.out.println("DRIVER " + rights());
    var context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    System.out.println("EXECUTOR " + context.parallelize(List.of(0), 1).map(_id -> rights()).first());
    System.out.flush();
    while (!Files.exists(Path.of(args[0]))) Thread.sleep(200);
    spark.stop();
  }

  /** Of this process: its user, whether it may gain rights, and the capabilities that it could have. */
  static String rights() throws Exception {
    var status = Files.readAllLines(Path.of("/proc/self/status"));
    var wanted = List.of("Uid:", "NoNewPrivs:", "CapBnd:");
    var words = new StringBuilder();
    for (var key : wanted)
      for (var line : status)
        if (line.startsWith(key)) words.append(line.split("\\s+")[1]).append(' ');
    return words.toString().trim();
  }
}
