import { base, conf, JAR, PYTHON, type CommandLineCase } from "./command-line-case.ts";

/** What is run, and how large. */
export const JOBS_AND_SIZES: readonly CommandLineCase[] = [
  { name: "python, nothing else", args: [...base, PYTHON] },
  {
    name: "python with arguments, one of which looks like an option",
    args: [...base, "--name", "Nightly ETL (v2.1)", PYTHON, "--date", "2026-01-01", "--conf", "a"],
  },
  { name: "jvm", args: [...base, "--class", "com.example.Etl", JAR, "x y"] },
  {
    name: "jvm with jars, files and a jar of its own in them",
    args: [
      ...[...base, "--class", "com.example.Etl", "--jars", `local:///opt/a.jar,${JAR}`],
      ...["--files", "local:///opt/a.txt,local:///opt/b.txt", JAR],
    ],
  },
  { name: "jvm inside Spark", args: [...base, "--class", "org.apache.spark.Pi", "spark-internal"] },
  { name: "R", args: [...base, "local:///opt/app/model.R", "1"] },
  {
    name: "python with --py-files and archives",
    args: [
      ...[...base, "--py-files", "local:///opt/a.zip,local:///opt/b.egg"],
      ...["--archives", "local:///opt/env.tgz#env", PYTHON],
    ],
  },
  {
    name: "sizes by options",
    args: [
      ...[...base, "--driver-memory", "4g", "--driver-cores", "2", "--executor-memory=6G"],
      ...["--executor-cores=3", "--num-executors", "7", "--total-executor-cores", "21", PYTHON],
    ],
  },
  {
    name: "options win over conf, conf over the properties file",
    properties:
      "spark.driver.memory 3g\nspark.executor.memory=3g\nspark.app.name from a file\nspark.task.cpus: 2\nother.key=1\n",
    args: [
      ...[...base, "--executor-memory", "2g", "--conf=spark.executor.memory=5g"],
      ...["-c", "spark.task.cpus=1", "--conf", "not.sparks=1", PYTHON],
    ],
  },
  {
    name: "memory overhead of the driver as a number",
    args: [...base, ...conf("spark.driver.memory=1500m", "spark.driver.memoryOverhead=1g"), PYTHON],
  },
  {
    name: "memory overhead factor of the driver",
    args: [
      ...[...base, "--class", "a.B"],
      ...conf("spark.driver.memory=8g", "spark.driver.memoryOverheadFactor=0.25"),
      JAR,
    ],
  },
  {
    name: "memory overhead factor of both by the old key",
    args: [
      ...[...base, "--driver-memory", "10g"],
      ...conf("spark.kubernetes.memoryOverheadFactor=0.30"),
      PYTHON,
    ],
  },
  {
    name: "memory of a whole factor, off-heap and pyspark",
    args: [
      ...base,
      ...conf("spark.driver.memory=2048", "spark.kubernetes.memoryOverheadFactor=1"),
      ...conf("spark.memory.offHeap.enabled=true", "spark.memory.offHeap.size=2g"),
      ...conf("spark.executor.pyspark.memory=1g"),
      PYTHON,
    ],
  },
];
