/** The configuration keys of one release of Spark. */
export interface KeysOfRelease {
  /** Such as `4.1`. */
  readonly line: string;
  /** `any` where Spark has no ConfigEntry of the key. */
  readonly types: ReadonlyMap<string, string>;
  /** From another name that Spark still reads to that of the entry. */
  readonly renamed: ReadonlyMap<string, string>;
  /** Since when, and what Spark says of it. */
  readonly deprecated: ReadonlyMap<string, string>;
}

/** Strings that look like keys, and are none: a file's name, an annotation, a gRPC service. */
const NO_KEYS: ReadonlySet<string> = new Set([
  "spark.properties",
  "spark.exit-exception",
  "spark.connect.SparkConnectService",
]);

/** Of Spark's own tests: nobody means them. */
const TESTS = /^spark\.test(?:ing)?(?:\.|$)/;

/** Of Spark Connect's server. */
const CONNECT = /^spark\.connect\./;

/** Reads what ConfKeys.java prints. */
export function readKeys(version: string, printed: string): KeysOfRelease {
  const types = new Map<string, string>();
  const renamed = new Map<string, string>();
  const deprecated = new Map<string, string>();
  for (const text of printed.trimEnd().split("\n")) {
    const [kind, key = "", more = ""] = text.split("\t");
    if (TESTS.test(key) || NO_KEYS.has(key)) continue;
    if (kind === "entry") types.set(key, more);
    // Entries are printed first.
    else if (!types.has(key)) types.set(key, "any");
    if (kind === "alternative") renamed.set(key, more);
    if (kind === "deprecated") deprecated.set(key, more);
  }
  return { line: version.replace(/\.\d+$/, ""), types, renamed, deprecated };
}

/** `KEY TYPE`, and the lines of Spark that know it unless all do: `4.0-`, `-4.1` or `4.0-4.1`. */
export function keyLines(releases: readonly KeysOfRelease[]): readonly string[] {
  const keys = new Set(releases.flatMap(({ types }) => [...types.keys()]));
  return [...keys].sort().map((key) => {
    const knowing = releases.filter(({ types }) => types.has(key));
    const [first, last] = [knowing[0], knowing.at(-1)];
    // Spark Connect was a package of its own, which PySpark 3.5 lacks: what it read then was not recorded.
    const isFirst = first === releases[0] || (CONNECT.test(key) && first === releases[1]);
    const from = isFirst ? "" : (first?.line ?? "");
    const until = last === releases.at(-1) ? "" : (last?.line ?? "");
    const range = from === "" && until === "" ? "" : ` ${from}-${until}`;
    return `${key} ${last?.types.get(key) ?? "any"}${range}`;
  });
}
