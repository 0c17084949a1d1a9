/** A command line of spark-submit, read but not yet resolved. */
export interface CommandLine {
  /** Options by their official names, of each the last. */
  readonly options: ReadonlyMap<string, string>;
  /** What --conf says, of each key the last. */
  readonly conf: ReadonlyMap<string, string>;
  /** The jar, the Python or the R file, as it is written. */
  readonly resource: string;
  /** Of the application. */
  readonly args: readonly string[];
}

/** A command line, or what is wrong with it: a line each, which names the argument and tells no value. */
export type ParsedCommandLine =
  | { readonly kind: "parsed"; readonly command: CommandLine }
  | { readonly kind: "wrong"; readonly problems: readonly string[] };

/** SparkSubmitOptionParser.opts: options that take a value, some by a second name. */
const OPTIONS: ReadonlyMap<string, string> = new Map([
  ...[
    ...[
      "--archives",
      "--class",
      "--conf",
      "--deploy-mode",
      "--driver-class-path",
      "--driver-cores",
    ],
    ...["--driver-java-options", "--driver-library-path", "--driver-memory", "--executor-cores"],
    ...["--executor-memory", "--files", "--jars", "--keytab", "--kill", "--master", "--name"],
    ...["--num-executors", "--packages", "--exclude-packages", "--principal", "--properties-file"],
    ...["--proxy-user", "--py-files", "--queue", "--remote", "--repositories", "--status"],
    "--total-executor-cores",
  ].map((name): [string, string] => [name, name]),
  ["-c", "--conf"],
]);

/** SparkSubmitOptionParser.switches: those that take none. The second are since 4.0. */
const SWITCHES: ReadonlySet<string> = new Set([
  ...["--help", "-h", "--supervise", "--usage-error", "--verbose", "-v", "--version"],
  "--load-spark-defaults",
]);

/** What does not submit anything (SparkSubmitArguments.handle). */
const OTHER_ACTIONS: ReadonlySet<string> = new Set([
  ...["--help", "-h", "--kill", "--status", "--usage-error", "--version"],
]);

const LONGEST_SHOWN = 60;

/**
 * Reads the arguments of spark-submit as SparkSubmitOptionParser.parse and SparkSubmitArguments do: options until the first
 * word that is none, which is the primary resource; everything behind it is the application's own.
 * @param words what comes behind `spark-submit`
 */
export function parseCommandLine(words: readonly string[]): ParsedCommandLine {
  const read: Reading = { options: new Map(), conf: new Map(), problems: [] };
  let at = 0;
  for (let taken = 0; at < words.length; at += taken) {
    taken = readOption(words[at] ?? "", words[at + 1], read);
    if (taken === 0) break;
  }
  const { options, conf, problems } = read;
  const resource = words[at];
  // Behind an option that nobody knows may stand its value, and not the resource.
  if (resource === undefined && problems.length === 0) problems.push(NO_RESOURCE);
  problems.push(...wrongValues(options));
  if (resource === undefined || problems.length > 0) return { kind: "wrong", problems };
  return { kind: "parsed", command: { options, conf, resource, args: words.slice(at + 1) } };
}

interface Reading {
  readonly options: Map<string, string>;
  readonly conf: Map<string, string>;
  readonly problems: string[];
}

/** Returns how many words it took: none where the first is no option. */
function readOption(word: string, next: string | undefined, read: Reading): 0 | 1 | 2 {
  // SparkSubmitOptionParser.parse: with neither a name nor a value left out.
  const [, named = word, inline] = /^(--[^=]+)=(.+)$/.exec(word) ?? [];
  const name = OPTIONS.get(named);
  if (OTHER_ACTIONS.has(named)) read.problems.push(`${named}: submits nothing`);
  if (name !== undefined) {
    const value = inline ?? next;
    if (value === undefined) read.problems.push(`${named}: its value is missing`);
    else if (name === "--conf") readPair(value, read);
    else read.options.set(name, value);
    return inline === undefined ? 2 : 1;
  }
  if (SWITCHES.has(named)) return 1;
  if (!word.startsWith("-")) return 0;
  read.problems.push(`${shown(word)}: spark-submit knows no such option`);
  return 1;
}

const NO_RESOURCE =
  "no primary resource: the jar, the Python file or the R file must stand behind the options";

/** As SparkSubmitUtils.parseSparkConfProperty does; what has no key may be a secret as a whole. */
function readPair(pair: string, { conf, problems }: Reading): void {
  const end = pair.indexOf("=");
  if (end < 0) problems.push("--conf: must be KEY=VALUE, and has no '='");
  else conf.set(pair.slice(0, end), pair.slice(end + 1));
}

/** What SparkSubmitArguments refuses of options alone. */
function* wrongValues(options: ReadonlyMap<string, string>): Generator<string> {
  const mode = options.get("--deploy-mode");
  if (mode !== undefined && mode !== "client" && mode !== "cluster") {
    yield "--deploy-mode: must be client or cluster";
  }
  if (options.has("--proxy-user") && options.has("--principal")) {
    yield "--proxy-user: cannot stand beside --principal";
  }
}

/** Of a word that is no option only what can be no value. */
function shown(word: string): string {
  const [name = ""] = word.split("=");
  return name.length > LONGEST_SHOWN ? `${name.slice(0, LONGEST_SHOWN)}…` : name;
}
