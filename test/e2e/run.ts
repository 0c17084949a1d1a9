/** `npm run e2e`: runs the end-to-end suites, after seeing to what they need. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  controlPlane,
  MissingPrerequisiteError,
  requireControlPlane,
  requireSpark,
  sparkHome,
} from "./assets.ts";
import { cannotRunPods } from "./process-kubelet.ts";

const SUFFIX = ".e2e.ts";
const EXIT_USAGE = 2;
const EXIT_MISSING = 3;

const HELP = `Usage: npm run e2e [-- --only NAME]

Runs the suites of test/e2e/*${SUFFIX} against a real etcd, API server, controller manager and
scheduler on 127.0.0.1, and real Spark. The first run builds the control plane with Go (about 8
minutes on 2 cores) and installs PySpark with pip; later ones find both in the cache.

Suites that run Pods as processes need Linux and root; elsewhere they are skipped.

  --only NAME  only the suites whose name contains NAME
  --help       print this

Environment:
  KUBEBUILDER_ASSETS     a folder with the control plane's binaries, in place of the build
  SPARKGATE_E2E_CACHE    the cache's folder; $XDG_CACHE_HOME/sparkgate or ~/.cache/sparkgate unless set
  SPARKGATE_E2E_MEMORY=N submit so many generated confs in the suite memory; 30 unless set
  SPARKGATE_E2E_KEEP=1   keep each cluster's folder with its logs, and print where it is

Exit code: 0 all passed, 1 a test failed, ${EXIT_USAGE} wrong usage, ${EXIT_MISSING} something is missing on this machine.
`;

function main(): number {
  const { values } = parseArgs({
    options: { only: { type: "string" }, help: { type: "boolean" } },
  });
  if (values.help === true) {
    process.stdout.write(HELP);
    return 0;
  }
  const suites = readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length));
  const chosen = suites.filter((suite) => suite.includes(values.only ?? ""));
  if (chosen.length === 0) {
    process.stderr.write(
      `no suite is named ${values.only ?? ""}; there are ${suites.join(", ")}\n`,
    );
    return EXIT_USAGE;
  }
  // All of it first: a build of minutes should not end in "java is missing".
  requireControlPlane();
  requireSpark();
  requirePods(chosen);
  const assets = controlPlane();
  sparkHome("3.5");
  return runTests(chosen, assets);
}

/** Says which suites will be skipped where Pods cannot be run; throws where nothing would be left. */
function requirePods(suites: readonly string[]): void {
  if (cannotRunPods === false) return;
  const skipped = suites.filter((suite) =>
    readFileSync(join(import.meta.dirname, suite + SUFFIX), "utf8").includes("cannotRunPods"),
  );
  if (skipped.length === suites.length) throw new MissingPrerequisiteError(cannotRunPods);
  if (skipped.length > 0)
    process.stderr.write(`skipped: ${skipped.join(", ")}: ${cannotRunPods}\n`);
}

function runTests(suites: readonly string[], assets: string): number {
  const files = suites.map((suite) => join(import.meta.dirname, suite + SUFFIX));
  // One file at a time: each has a whole cluster, and timings in them should not depend on others.
  // A suite whose set-up failed may have left something that runs: it must not hold up the others.
  const args = ["--test", "--test-force-exit", "--test-concurrency=1", ...files];
  const env = { ...process.env, KUBEBUILDER_ASSETS: assets };
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit", env });
  return status ?? 1;
}

try {
  process.exitCode = main();
} catch (error) {
  if (error instanceof MissingPrerequisiteError) {
    process.stderr.write(`e2e: ${error.message}\n`);
    process.exitCode = EXIT_MISSING;
  } else if (error instanceof TypeError && "code" in error) {
    // parseArgs's way to say that an option is unknown or lacks its value
    process.stderr.write(`e2e: ${error.message}\n`);
    process.exitCode = EXIT_USAGE;
  } else {
    throw error;
  }
}
