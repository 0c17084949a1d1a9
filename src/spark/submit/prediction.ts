import type { JsonObject, Pod } from "../../kubernetes/pod.ts";
import type { CommandLine } from "./command-line.ts";
import { ConfReader } from "./conf-reader.ts";
import { driverConf, driverConfMap } from "./driver-conf-map.ts";
import { driverPod, type DriverInput } from "./driver-pod.ts";
import { executorPod } from "./executor-pod.ts";
import { overheadFactor } from "./memory.ts";
import { APP_ID, resourceNamePrefix } from "./placeholders.ts";
import { templateKey } from "./pod-template.ts";
import { RefusedSubmission } from "./refused-submission.ts";
import { resolveSubmission, type Submission } from "./submission.ts";

type Role = "driver" | "executor";

/** What is read for a prediction: files are their reader's business. */
export interface PredictionInput {
  readonly command: CommandLine;
  /** Entries of the properties file; none where there is no file. */
  readonly properties: ReadonlyMap<string, string>;
  /** Reads the pod template that a key of the conf names, if it does. */
  readonly readTemplate: (file: string, key: string) => unknown;
  /** Of Spark, such as `3.5`. */
  readonly version: string;
}

/** What a command line makes, or why it makes nothing that admission would see. */
export type Prediction =
  | { readonly kind: "refused"; readonly problem: string }
  | { readonly kind: "elsewhere"; readonly why: string }
  | PredictedApplication;

export interface PredictedApplication {
  readonly kind: "predicted";
  readonly namespace: string;
  readonly driver: Pod & JsonObject;
  readonly confMap: JsonObject;
  /**
   * The first executor, of a driver Pod and a conf that admission has let in: the driver reads its conf from the ConfigMap as
   * it was stored.
   */
  readonly executor: (driver: Pod, conf: ReadonlyMap<string, string>) => PredictedExecutor;
  /** The conf before admission. */
  readonly conf: ReadonlyMap<string, string>;
  /** Keys of the conf that add something which is not predicted. */
  readonly unpredicted: readonly string[];
}

export type PredictedExecutor =
  | { readonly kind: "predicted"; readonly pod: Pod & JsonObject }
  | { readonly kind: "none"; readonly why: string };

/** Predicts what `spark-submit` would create. Never throws but over what `readTemplate` throws. */
export function predict(input: PredictionInput): Prediction {
  return orRefused(() => {
    const resolved = resolveSubmission(input.command, input.properties);
    return resolved.kind === "elsewhere"
      ? resolved
      : predictApplication(resolved.submission, input);
  });
}

/** Steps of the user's own, Kerberos, and jars that only a repository of Maven's can tell. */
const UNPREDICTED =
  /^spark\.(?:kubernetes\.(?:driver|executor)\.pod\.featureSteps|(?:kubernetes\.)?kerberos\..*|jars\.packages)$/;

function orRefused<T>(run: () => T): T | { readonly kind: "refused"; readonly problem: string } {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof RefusedSubmission)) throw error;
    return { kind: "refused", problem: error.message };
  }
}

function predictApplication(
  submission: Submission,
  { readTemplate, version }: PredictionInput,
): PredictedApplication {
  const conf = new ConfReader(submission.conf);
  const templates = templatesOf(conf, readTemplate);
  const prefix = resourceNamePrefix(conf.entries.get("spark.app.name") ?? "spark");
  const namespace = conf.text("spark.kubernetes.namespace") ?? "default";
  const appId = APP_ID; // spark.app.id of the conf is overwritten
  const input: DriverInput = {
    ...{ submission, version, appId, namespace, prefix },
    name: conf.text("spark.kubernetes.driver.pod.name") ?? `${prefix}-driver`,
    factor: overheadFactor(conf, submission.language),
    template: templates.driver,
    hasExecutorTemplate: templates.executor !== undefined,
  };
  const driver = driverPod(conf, input);
  const all = driverConf(conf, input);
  const { language } = submission;
  const executor: PredictedApplication["executor"] = (admitted, stored) => {
    const reader = new ConfReader(stored);
    const why = withoutExecutors(reader);
    if (why !== undefined) return { kind: "none", why };
    const made = { version, appId, namespace, driver: admitted, language };
    const found = orRefused(() => ({
      kind: "predicted" as const,
      pod: executorPod(reader, { ...made, template: templates.executor }),
    }));
    return found.kind === "predicted"
      ? found
      : { kind: "none", why: `the driver would end with an error: ${found.problem}` };
  };
  return {
    ...{ kind: "predicted", namespace, driver, executor, conf: all },
    confMap: driverConfMap(all, input),
    unpredicted: [...conf.entries.keys()].filter((key) => UNPREDICTED.test(key)).sort(),
  };
}

function templatesOf(
  conf: ConfReader,
  read: PredictionInput["readTemplate"],
): Readonly<Record<Role, unknown>> {
  const of = (role: Role) => {
    const key = templateKey(role);
    const file = conf.text(key);
    return file === undefined ? undefined : read(file, key);
  };
  return { driver: of("driver"), executor: of("executor") };
}

/** Why the driver creates no executor Pod itself. */
function withoutExecutors(conf: ConfReader): string | undefined {
  const master = conf.entries.get("spark.kubernetes.driver.master");
  if (master?.startsWith("local") === true) {
    return "spark.kubernetes.driver.master is local: there are no executors";
  }
  const allocator = conf.entries.get("spark.kubernetes.allocation.pods.allocator") ?? "direct";
  return allocator === "direct"
    ? undefined
    : `its executors are Pods of another object (spark.kubernetes.allocation.pods.allocator), and are not judged`;
}
