/**
 * `npm run record:conf-keys`: writes src/spark/known-keys.json, the configuration keys that releases of
 * Spark know. Run by hand when there is a new release, never by tests; the list is reviewed as a diff.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { requireSpark, sparkHomeOf } from "./assets.ts";
import { runCommand } from "./command.ts";
import { type KeysOfRelease, keyLines, readKeys } from "./recording/conf-keys.ts";

/** The last release of each line, oldest line first. */
const RELEASES = ["3.5.9", "4.0.5", "4.1.4", "4.2.1", "4.3.0"];

const READER = join(import.meta.dirname, "recording", "ConfKeys.java");
const FILE = join(import.meta.dirname, "..", "..", "src", "spark", "known-keys.json");

requireSpark();
const releases: KeysOfRelease[] = [];
for (const version of RELEASES) {
  const keys = await keysOf(version);
  process.stdout.write(`${version}: ${keys.types.size} keys\n`);
  releases.push(keys);
}
writeFileSync(
  FILE,
  `${JSON.stringify(
    {
      madeBy: "npm run record:conf-keys",
      releases: RELEASES,
      keys: keyLines(releases),
      // What the newest release that names it says.
      renamed: sortedObject(releases.flatMap(({ renamed }) => [...renamed])),
      deprecated: sortedObject(releases.flatMap(({ deprecated }) => [...deprecated])),
    },
    null,
    1,
  )}\n`,
);

async function keysOf(version: string): Promise<KeysOfRelease> {
  const jars = join(sparkHomeOf(version), "jars");
  const env = { PATH: process.env["PATH"], JAVA_HOME: process.env["JAVA_HOME"] };
  const args = ["-cp", join(jars, "*"), READER, jars];
  const { code, stdout, stderr } = await runCommand("java", args, { env });
  if (code !== 0) throw new Error(`${version}: ${stderr}`);
  return readKeys(version, stdout);
}

function sortedObject(entries: readonly (readonly [string, string])[]): Record<string, string> {
  const last = Object.fromEntries(entries);
  return Object.fromEntries(Object.entries(last).sort(([a], [b]) => (a < b ? -1 : 1)));
}
