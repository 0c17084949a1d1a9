import io.fabric8.kubernetes.api.model.Pod;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.config.Configurator;
import org.apache.spark.SecurityManager;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.k8s.KubernetesDriverConf;
import org.apache.spark.deploy.k8s.KubernetesExecutorConf;
import org.apache.spark.deploy.k8s.SparkPod;
import org.apache.spark.deploy.k8s.features.BasicDriverFeatureStep;
import org.apache.spark.deploy.k8s.features.BasicExecutorFeatureStep;
import org.apache.spark.deploy.k8s.submit.JavaMainAppResource;
import org.apache.spark.deploy.k8s.submit.MainAppResource;
import org.apache.spark.deploy.k8s.submit.PythonMainAppResource;
import org.apache.spark.deploy.k8s.submit.RMainAppResource;
import org.apache.spark.internal.config.package$;
import org.apache.spark.resource.ResourceProfile$;
import org.apache.spark.util.SystemClock;
import scala.Option;

/**
 * The memory of Pods as Spark's own steps build them: of one application a line of the input, as LANGUAGE, then key:value in
 * base64. Prints a line for each: the driver's request and limit, its executors', and those of a driver in client mode, each
 * as HEAP/REQUEST/LIMIT; "!" where Spark throws.
 */
public class PodMemory {
  /** One for all: it reads Hadoop's configuration, which takes long, and is asked for no memory. */
  private static SecurityManager security;

  public static void main(String[] args) throws Exception {
    // Spark's own set-up comes with the first line that it logs, and is to be undone.
    security =
        new SecurityManager(
            new SparkConf(false), Option.empty(), package$.MODULE$.AUTH_SECRET_FILE_EXECUTOR());
    Configurator.setRootLevel(Level.OFF);
    var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    var output = new PrintStream(System.out, false, StandardCharsets.US_ASCII);
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      var words = line.split(" ");
      var conf = new SparkConf(false).set("spark.app.name", "etl").set("spark.master", "k8s://https://x");
      conf.set("spark.kubernetes.container.image", "i:1").set("spark.driver.host", "driver");
      for (int i = 1; i < words.length; i++) {
        var parts = words[i].split(":", -1);
        conf.set(decode(parts[0]), decode(parts[1]));
      }
      output.println(driver(words[0], conf) + " " + cluster(words[0], conf) + " " + executor(conf));
    }
    output.flush();
  }

  private static BasicDriverFeatureStep step(String language, SparkConf conf) throws Exception {
    var constructor = KubernetesDriverConf.class.getConstructors()[0];
    Option<String> none = Option.empty();
    MainAppResource resource =
        switch (language) {
          case "python" -> new PythonMainAppResource("local:///a.py");
          case "r" -> new RMainAppResource("local:///a.R");
          default -> new JavaMainAppResource(Option.apply("local:///a.jar"));
        };
    var arguments = new Object[] {conf, "spark-1", resource, "a.B", new String[0], none, new SystemClock()};
    // The clock came with 4.0.
    var count = constructor.getParameterCount();
    return new BasicDriverFeatureStep(
        (KubernetesDriverConf) constructor.newInstance(Arrays.copyOf(arguments, count)));
  }

  private static String driver(String language, SparkConf conf) throws Exception {
    try {
      return shown(step(language, conf).configurePod(SparkPod.initialPod()), "-");
    } catch (IllegalArgumentException e) {
      return "!";
    }
  }

  /** With what the driver's conf is given beside what was submitted (getAdditionalPodSystemProperties). */
  private static String cluster(String language, SparkConf conf) throws Exception {
    var handedOn = conf.clone().set("spark.kubernetes.resource.type", language.equals("jvm") ? "java" : language);
    try {
      var added = step(language, conf).getAdditionalPodSystemProperties();
      var factor = "spark.kubernetes.memoryOverheadFactor";
      handedOn.set(factor, added.apply(factor));
    } catch (IllegalArgumentException e) {
      return "!";
    }
    return executor(handedOn);
  }

  private static String executor(SparkConf conf) throws Exception {
    try {
      // It is made once for all, and remembered.
      ResourceProfile$.MODULE$.clearDefaultProfile();
      var profile = ResourceProfile$.MODULE$.getOrCreateDefaultProfile(conf);
      var own = new KubernetesExecutorConf(conf, "spark-1", "1", Option.<Pod>empty(), 0);
      var step = new BasicExecutorFeatureStep(own, security, profile);
      var heap = step.execResources().executorMemoryMiB();
      return shown(step.configurePod(SparkPod.initialPod()), String.valueOf(heap));
    } catch (IllegalArgumentException e) {
      return "!";
    }
  }

  private static String shown(SparkPod pod, String heap) {
    var resources = pod.container().getResources();
    return heap + "/" + resources.getRequests().get("memory") + "/" + resources.getLimits().get("memory");
  }

  private static String decode(String text) {
    return new String(Base64.getDecoder().decode(text), StandardCharsets.UTF_8);
  }
}
