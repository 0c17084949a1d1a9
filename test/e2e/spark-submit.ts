import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Cluster } from "./cluster.ts";
import { type CommandResult, runCommand } from "./command.ts";

/** The namespace and the ServiceAccount of Spark jobs. */
export const SPARK = "spark";

/** The image of jobs whose options name none. */
export const IMAGE = "registry.example.com:5000/spark-py:3.5.9-r1";

/** Options of JVMs that do not live long: the optimizing compiler would be most of what they do. */
export const START_FAST = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC";

/** Who submits. */
export const SPARK_USER = "etl";

/** One call of spark-submit. */
export interface Submission {
  sparkHome: string;
  /** More configuration; a value here replaces the default of the same key. */
  conf?: Readonly<Record<string, string>>;
  /** `cluster` unless told. */
  deployMode?: "cluster" | "client";
  /** `nightly-etl` unless told. */
  name?: string;
  /** The job; `local:///opt/app/etl.py` unless told. */
  application?: string;
  /** Of a jar. */
  mainClass?: string;
  /** What the job itself is given. */
  applicationArguments?: readonly string[];
  /** Ends a client-mode run, which otherwise lasts as long as its job. */
  signal?: AbortSignal;
}

/** Where Spark comes from: the kubeconfig that {@link prepareSpark} wrote. */
export interface SparkAccount {
  readonly kubeconfig: string;
}

const RESOURCES = ["pods", "services", "configmaps", "persistentvolumeclaims"];
const TOKEN_SECONDS = 12 * 3600;

/**
 * Makes the namespace, the ServiceAccount and its Role, and a kubeconfig with its token.
 *
 * @param labels of the namespace
 *
 * A token, since fabric8, Spark's Kubernetes client, reads no EC keys without BouncyCastle.
 */
export async function prepareSpark(
  cluster: Cluster,
  labels: Readonly<Record<string, string>> = {},
): Promise<SparkAccount> {
  const { api } = cluster;
  const namespaced = `namespaces/${SPARK}`;
  const rbac = `/apis/rbac.authorization.k8s.io/v1/${namespaced}`;
  await cluster.createNamespace(SPARK, labels);
  await api("POST", `/api/v1/${namespaced}/serviceaccounts`, { metadata: { name: SPARK } });
  await api("POST", `${rbac}/roles`, {
    metadata: { name: SPARK },
    rules: [
      { apiGroups: [""], resources: RESOURCES, verbs: ["*"] },
      { apiGroups: ["apps"], resources: ["statefulsets", "deployments"], verbs: ["*"] },
      // Spark 4.3 makes one for each application, and submits nothing where it may not.
      { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"], verbs: ["*"] },
    ],
  });
  await api("POST", `${rbac}/rolebindings`, {
    metadata: { name: SPARK },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: SPARK },
    subjects: [{ kind: "ServiceAccount", name: SPARK, namespace: SPARK }],
  });
  const kubeconfig = join(cluster.directory, "spark.kubeconfig");
  const { server, certificates } = cluster;
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "e2e", cluster: { server, "certificate-authority": certificates.ca } }],
      users: [{ name: SPARK, user: { token: await requestToken(cluster, SPARK, SPARK) } }],
      contexts: [{ name: "e2e", context: { cluster: "e2e", user: SPARK, namespace: SPARK } }],
      "current-context": "e2e",
    }),
    { mode: 0o600 },
  );
  return { kubeconfig };
}

/** A token of a ServiceAccount. */
export async function requestToken(
  cluster: Cluster,
  namespace: string,
  serviceAccount: string,
): Promise<string> {
  const answer = await cluster.api(
    "POST",
    `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`,
    { spec: { expirationSeconds: TOKEN_SECONDS } },
  );
  return (answer as { status: { token: string } }).status.token;
}

/** Runs spark-submit; in cluster mode it returns as soon as the driver is submitted or refused. */
export function sparkSubmit(
  cluster: Cluster,
  account: SparkAccount,
  submission: Submission,
): Promise<CommandResult> {
  const args = submissionArguments(cluster.server, submission);
  return runSparkSubmit(cluster, account, { ...submission, args });
}

/** The arguments of {@link sparkSubmit}. */
export function submissionArguments(
  server: string,
  submission: Omit<Submission, "sparkHome">,
): readonly string[] {
  const { deployMode = "cluster", name = "nightly-etl", mainClass } = submission;
  const conf = {
    // What the driver in its Pod calls the API server: there is no kubernetes.default.svc here.
    "spark.kubernetes.driver.master": server,
    "spark.kubernetes.namespace": SPARK,
    "spark.kubernetes.authenticate.driver.serviceAccountName": SPARK,
    "spark.kubernetes.container.image": IMAGE,
    "spark.executor.memory": "512m",
    "spark.executor.instances": "2",
    "spark.kubernetes.submission.waitAppCompletion": "false",
    ...submission.conf,
  };
  return [
    `--master=k8s://${server}`,
    `--deploy-mode=${deployMode}`,
    `--name=${name}`,
    ...(mainClass === undefined ? [] : [`--class=${mainClass}`]),
    ...Object.entries(conf).flatMap(([key, value]) => ["--conf", `${key}=${value}`]),
    submission.application ?? "local:///opt/app/etl.py",
    ...(submission.applicationArguments ?? []),
  ];
}

/** What {@link runSparkSubmit} is given. */
export interface CommandLineRun {
  sparkHome: string;
  args: readonly string[];
  /** Of the JVM, beside those of all submissions. */
  jvmOptions?: string;
  signal?: AbortSignal;
}

/** Runs spark-submit with exactly these arguments. */
export function runSparkSubmit(
  cluster: Cluster,
  account: SparkAccount,
  { sparkHome, args, jvmOptions = "", signal }: CommandLineRun,
): Promise<CommandResult> {
  return runCommand(join(sparkHome, "bin", "spark-submit"), args, {
    env: {
      PATH: process.env["PATH"],
      JAVA_HOME: process.env["JAVA_HOME"],
      HOME: cluster.directory,
      SPARK_HOME: sparkHome,
      SPARK_USER, // else the driver's Pod shows the name of whoever runs the tests
      KUBECONFIG: account.kubeconfig,
      LC_ALL: "C.UTF-8", // else the JVM takes arguments for ASCII
      // A submission lasts as long as the JVM takes to start: what it never gets to use is not compiled.
      SPARK_LAUNCHER_OPTS: START_FAST,
      SPARK_SUBMIT_OPTS: `${START_FAST} ${jvmOptions}`,
    },
    ...(signal ? { signal } : {}),
  });
}
