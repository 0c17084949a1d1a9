import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * Prints the configuration keys of the Spark whose jars are in a folder, one line each, as KIND TAB KEY TAB MORE:
 *
 *   entry        what Spark's objects register as ConfigEntry, and the type of its value
 *   alternative  another name of an entry, and the entry's key
 *   deprecated   what Spark warns of, and its words
 *   string       what its classes hold as a string that looks like a key: Spark reads many keys without an entry
 *
 * Run as `java -cp "$JARS/*" ConfKeys.java "$JARS"`.
 */
class ConfKeys {
  private static final Pattern KEY = Pattern.compile("spark\\.[A-Za-z][\\w-]*(\\.[\\w-]+)*");
  /** The keys of TransportConf are "spark." + module + "." + one of its strings. */
  private static final Pattern TRANSPORT_KEY = Pattern.compile("(io|sasl)\\.[A-Za-z]+");
  private static final List<String> TRANSPORT_MODULES = List.of("files", "rpc", "shuffle");

  private static final String SPARK_CONF = "org.apache.spark.SparkConf$";
  private static final String SQL_CONF = "org.apache.spark.sql.internal.SQLConf$";

  private record Unit(String name, double size) {}

  /** How to write one day, and so on; an `m` would be both minutes and mebibytes. */
  private static final Map<String, Double> TIMES = Map.of("1d", 864e11, "1h", 36e11, "1min", 6e10, "1s", 1e9);
  private static final List<Unit> TIME_UNITS =
      List.of(new Unit("ns", 1), new Unit("us", 1e3), new Unit("ms", 1e6), new Unit("s", 1e9), new Unit("min", 6e10));
  private static final Map<String, Double> SIZES =
      Map.of("1p", Math.pow(2, 50), "1t", Math.pow(2, 40), "1g", Math.pow(2, 30), "1k", 1024.0);
  private static final List<Unit> SIZE_UNITS =
      List.of(new Unit("B", 1), new Unit("KiB", 1024), new Unit("MiB", Math.pow(2, 20)), new Unit("GiB", Math.pow(2, 30)));

  public static void main(String[] args) throws Exception {
    var strings = new TreeSet<String>();
    for (Path jar : sparkJars(Path.of(args[0]))) readJar(jar, strings);
    var entries = (Map<?, ?>) field("org.apache.spark.internal.config.ConfigEntry$", "knownConfigs");
    for (var known : new TreeMap<>(entries).entrySet()) {
      print("entry", known.getKey(), typeOf(known.getValue()));
      for (Object name : all(call(known.getValue(), "alternatives"))) print("alternative", name, known.getKey());
    }
    for (Object pair : all(field(SPARK_CONF, "configsWithAlternatives"))) {
      for (Object old : all(call(pair, "_2"))) print("alternative", call(old, "key"), call(pair, "_1"));
    }
    printDeprecated(field(SPARK_CONF, "deprecatedConfigs"), "deprecationMessage");
    printDeprecated(field(SQL_CONF, "deprecatedSQLConfigs"), "comment");
    printDeprecated(field(SQL_CONF, "removedSQLConfigs"), "comment");
    for (String string : strings) print("string", string, "");
  }

  private static List<Path> sparkJars(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> file.getFileName().toString().matches("spark-.*\\.jar")).sorted().toList();
    }
  }

  /** Takes the strings of a jar's classes, and initialises the Scala objects that build entries, which registers these. */
  private static void readJar(Path jar, Set<String> strings) throws Exception {
    try (var zip = new ZipFile(jar.toFile())) {
      for (ZipEntry file : zip.stream().toList()) {
        String name = file.getName();
        if (!name.startsWith("org/apache/spark/") || !name.endsWith(".class")) continue;
        boolean builds;
        try (InputStream in = zip.getInputStream(file)) {
          builds = readClass(name, new DataInputStream(new BufferedInputStream(in)), strings);
        }
        if (builds && name.endsWith("$.class")) Class.forName(name.replace(".class", "").replace('/', '.'));
      }
    }
  }

  /** Adds the strings of a class that are keys (JVM specification, 4.4); whether the class builds entries. */
  private static boolean readClass(String name, DataInputStream in, Set<String> strings) throws IOException {
    in.skipNBytes(8);
    int count = in.readUnsignedShort();
    var texts = new String[count];
    var used = new ArrayList<Integer>();
    for (int index = 1; index < count; index++) {
      switch (in.readUnsignedByte()) {
        case 1 -> texts[index] = in.readUTF();
        case 8 -> used.add(in.readUnsignedShort());
        case 7, 16, 19, 20 -> in.skipNBytes(2);
        case 15 -> in.skipNBytes(3);
        case 5, 6 -> {
          in.skipNBytes(8);
          index++;
        }
        default -> in.skipNBytes(4);
      }
    }
    for (int index : used) {
      String text = texts[index];
      if (KEY.matcher(text).matches()) strings.add(text);
      if (!name.endsWith("/TransportConf.class") || !TRANSPORT_KEY.matcher(text).matches()) continue;
      for (String module : TRANSPORT_MODULES) strings.add("spark." + module + "." + text);
    }
    return Stream.of(texts).anyMatch(text -> text != null && text.contains("internal/config/ConfigBuilder"));
  }

  /** The type of an entry's value, told by what its converter makes of samples: the entry itself does not say it. */
  private static String typeOf(Object entry) throws Exception {
    Object converter = call(entry, "valueConverter");
    // More than one, since many entries refuse what is out of their range.
    Object sample = null;
    for (String text : List.of("1", "true", "2", "0.5", "1024", "100000")) {
      if (sample == null) sample = convert(converter, text);
    }
    if (sample instanceof Boolean) return "boolean";
    if (sample instanceof Double) return "double";
    if (sample instanceof Number) {
      String time = unitOf(converter, TIMES, TIME_UNITS);
      String bytes = unitOf(converter, SIZES, SIZE_UNITS);
      if (time != null) return "time:" + time;
      if (bytes != null) return "bytes:" + bytes;
      return sample instanceof Integer ? "int" : "long";
    }
    // Levels, patterns and names out of a list are written as strings.
    boolean isList = sample != null && Class.forName("scala.collection.Seq").isInstance(sample);
    return isList ? "list" : "string";
  }

  /** The unit of numbers that the converter makes of texts with other units; null where it makes none. */
  private static String unitOf(Object converter, Map<String, Double> samples, List<Unit> units) throws Exception {
    for (var sample : samples.entrySet()) {
      if (!(convert(converter, sample.getKey()) instanceof Number number) || number.doubleValue() <= 0) continue;
      // Rounded down where the unit is larger than the sample; the right one is exact.
      double size = sample.getValue() / number.doubleValue();
      for (Unit unit : units) if (unit.size() == size) return unit.name();
    }
    return null;
  }

  /** What the converter makes of a text, or null where it refuses that. */
  private static Object convert(Object converter, String text) throws Exception {
    try {
      Object value = Class.forName("scala.Function1").getMethod("apply", Object.class).invoke(converter, text);
      return Class.forName("scala.Some").isInstance(value) ? call(value, "value") : value;
    } catch (java.lang.reflect.InvocationTargetException refused) {
      return null;
    }
  }

  private static void printDeprecated(Object configs, String message) throws Exception {
    for (Object pair : all(configs)) {
      Object config = call(pair, "_2");
      print("deprecated", call(pair, "_1"), call(config, "version") + ": " + call(config, message));
    }
  }

  private static void print(String kind, Object key, Object more) {
    System.out.println(kind + "\t" + key + "\t" + more.toString().strip().replaceAll("\\s+", " "));
  }

  /** A field of a Scala object, which may be private. */
  private static Object field(String object, String name) throws Exception {
    Class<?> type = Class.forName(object);
    for (Field field : type.getDeclaredFields()) {
      if (!field.getName().equals(name) && !field.getName().endsWith("$$" + name)) continue;
      field.setAccessible(true);
      return field.get(type.getField("MODULE$").get(null));
    }
    throw new NoSuchFieldException(object + "." + name);
  }

  /** Calls a method without parameters, which Scala may have made private to a package. */
  private static Object call(Object object, String name) throws Exception {
    for (Class<?> type = object.getClass(); type != null; type = type.getSuperclass()) {
      for (Method method : type.getDeclaredMethods()) {
        if (!method.getName().equals(name) || method.getParameterCount() > 0) continue;
        method.setAccessible(true);
        return method.invoke(object);
      }
    }
    throw new NoSuchMethodException(object.getClass().getName() + "." + name);
  }

  /** What is in a Scala collection. */
  private static List<Object> all(Object collection) throws Exception {
    Object iterator = Class.forName("scala.collection.Iterable").getMethod("iterator").invoke(collection);
    Class<?> type = Class.forName("scala.collection.Iterator");
    var items = new ArrayList<Object>();
    while ((Boolean) type.getMethod("hasNext").invoke(iterator)) items.add(type.getMethod("next").invoke(iterator));
    return items;
  }
}
