/** A kind of objects of which an operator makes Spark applications. */
export interface ApplicationKindEntry {
  readonly group: string;
  readonly versions: readonly string[];
  readonly kind: ApplicationKind;
  /** Its plural, as in the API's addresses. */
  readonly resource: string;
  /** Whose fields it has. */
  readonly shape: ApplicationShape;
}

export type ApplicationKind =
  "SparkApplication" | "ScheduledSparkApplication" | "SparkConnect" | "SparkCluster";

export type ApplicationShape = "kubeflow" | "scheduled" | "connect" | "apache" | "cluster";

const KUBEFLOW = "sparkoperator.k8s.io";
const APACHE = { group: "spark.apache.org", versions: ["v1", "v1beta1", "v1alpha1"] };

/** All of them: of Kubeflow's operator, and of Apache's, which has the same fields in all its versions. */
export const APPLICATION_KINDS: readonly ApplicationKindEntry[] = [
  {
    group: KUBEFLOW,
    versions: ["v1beta2"],
    kind: "SparkApplication",
    resource: "sparkapplications",
    shape: "kubeflow",
  },
  {
    group: KUBEFLOW,
    versions: ["v1beta2"],
    kind: "ScheduledSparkApplication",
    resource: "scheduledsparkapplications",
    shape: "scheduled",
  },
  {
    group: KUBEFLOW,
    versions: ["v1alpha1"],
    kind: "SparkConnect",
    resource: "sparkconnects",
    shape: "connect",
  },
  { ...APACHE, kind: "SparkApplication", resource: "sparkapplications", shape: "apache" },
  { ...APACHE, kind: "SparkCluster", resource: "sparkclusters", shape: "cluster" },
];

/** What is known of a kind; undefined for one of which nobody makes Spark applications. */
export function applicationKind(
  group: string,
  version: string,
  kind: string,
): ApplicationKindEntry | undefined {
  return APPLICATION_KINDS.find(
    (one) => one.group === group && one.kind === kind && one.versions.includes(version),
  );
}

const GROUPS: ReadonlySet<string> = new Set(APPLICATION_KINDS.map(({ group }) => group));

/** Whether a group of the API is an operator's. */
export function isOperatorGroup(group: string): boolean {
  return GROUPS.has(group);
}
