import type { Container, Pod } from "../kubernetes/pod.ts";
import type { Role } from "./role.ts";

interface ContainerSigns {
  /** First argument of Spark's image entrypoint. */
  readonly argument: string;
  /** A variable that only Spark sets, and only on its own container. */
  readonly variable: string;
  /** Default names; `executor` is Spark 2's. */
  readonly names: readonly string[];
}

const DRIVER: ContainerSigns = {
  argument: "driver",
  variable: "SPARK_DRIVER_BIND_ADDRESS",
  names: ["spark-kubernetes-driver"],
};

const SIGNS: Readonly<Record<Role, ContainerSigns>> = {
  driver: DRIVER,
  "connect-server": DRIVER,
  executor: {
    argument: "executor",
    variable: "SPARK_EXECUTOR_ID",
    names: ["spark-kubernetes-executor", "executor"],
  },
};

/**
 * The index in `spec.containers` of the container that runs Spark, or undefined when there are no containers.
 *
 * Never simply the first: with a pod template Spark appends its own container after the sidecars
 * (KubernetesUtils.selectSparkContainer) and keeps the template's name for it. So its arguments and
 * environment are asked first, then the default names, and at last the last container.
 */
export function sparkContainerIndex(pod: Pod, role: Role): number | undefined {
  const containers = pod.spec?.containers ?? [];
  if (containers.length === 0) return undefined;
  const signs = SIGNS[role];
  const tests: readonly ((container: Container) => boolean)[] = [
    (container) => container.args?.[0] === signs.argument,
    (container) => (container.env ?? []).some((entry) => entry.name === signs.variable),
    (container) => signs.names.includes(container.name),
  ];
  for (const test of tests) {
    const index = containers.findIndex(test);
    if (index >= 0) return index;
  }
  return containers.length - 1;
}
