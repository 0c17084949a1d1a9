import { parseCommandLine } from "../../../src/spark/submit/command-line.ts";
import { predict, type Prediction } from "../../../src/spark/submit/prediction.ts";
import { parseProperties } from "../../../src/spark/properties.ts";
import { SparkConf } from "../../../src/spark/spark-conf.ts";

/** What is predicted of a command line. */
export function predicted(
  args: readonly string[],
  {
    properties = "",
    version = "3.5",
    templates = {},
  }: {
    readonly properties?: string | undefined;
    readonly version?: string;
    /** By file. */
    readonly templates?: Readonly<Record<string, unknown>>;
  } = {},
): Prediction {
  const parsed = parseCommandLine(args);
  if (parsed.kind === "wrong") throw new Error(parsed.problems.join("\n"));
  const read = parseProperties(properties);
  if (read.kind !== "read") throw new Error("malformed properties");
  const conf = SparkConf.ofProperties(read.entries, "properties").toRecord();
  return predict({
    ...{ command: parsed.command, version, properties: new Map(Object.entries(conf)) },
    readTemplate: (file) => templates[file],
  });
}
