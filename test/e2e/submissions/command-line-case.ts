/** A command line of spark-submit behind its master, which is the test cluster's. */
export interface CommandLineCase {
  readonly name: string;
  /** With {@link FOLDER} in place of where the suite writes files. */
  readonly args: readonly string[];
  /** The content of its --properties-file, which the suite writes and adds in front. */
  readonly properties?: string;
  /** Files that the suite writes. */
  readonly files?: Readonly<Record<string, string>>;
}

export const FOLDER = "{folder}";

const IMAGE = "spark.kubernetes.container.image=registry.example.com:5000/spark-py:3.5.9-r1";
export const PYTHON = "local:///opt/app/etl.py";
export const JAR = "local:///opt/app/etl.jar";

/** Entries of the conf as arguments. */
export const conf = (...pairs: readonly string[]) => pairs.flatMap((pair) => ["--conf", pair]);

/** In cluster mode, in the namespace of the suite, with an image. */
export const base = [
  "--deploy-mode",
  "cluster",
  ...conf(IMAGE, "spark.kubernetes.namespace=spark"),
];
