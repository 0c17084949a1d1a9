import type { Violation } from "../engine/policy.ts";
import { parseQuantity } from "../kubernetes/quantity.ts";
import type { ConfPlace } from "../spark/conf-place.ts";
import type { SparkConf } from "../spark/spark-conf.ts";

const REQUEST = "spark.kubernetes.executor.request.cores";
const LIMIT = "spark.kubernetes.executor.limit.cores";

/** Cores, or why they cannot be told; undefined where nobody says any. */
type Cores = { readonly amount: number } | { readonly key: string; readonly why: string };

/** What is wrong with the CPU of executors: too many tasks for it, and a request that the API server refuses. */
export function judgeCores(
  conf: SparkConf,
  { fieldOf, assignment }: ConfPlace,
  maxTasksPerCore: number,
): readonly Violation[] {
  const cores = countOf(conf, "spark.executor.cores") ?? { amount: 1 };
  const cpus = countOf(conf, "spark.task.cpus") ?? { amount: 1 };
  const limit = quantityOf(conf, LIMIT) ?? { amount: Infinity };
  const request = quantityOf(conf, REQUEST) ?? cores;
  if ("why" in cores || "why" in cpus || "why" in limit || "why" in request) {
    // Without a request of its own the cores are one.
    return [...new Set([cores, cpus, limit, request])].flatMap((read) =>
      "why" in read
        ? [{ field: fieldOf(read.key), message: `cannot be judged: ${read.why}`, fix: WRITE_OUT }]
        : [],
    );
  }
  const found: Violation[] = [];
  const tasks = Math.floor(cores.amount / cpus.amount);
  if (tasks > maxTasksPerCore * request.amount) {
    found.push({
      field: fieldOf(REQUEST),
      message: `requests ${coresText(request.amount)} for ${tasks} tasks at once, at most ${maxTasksPerCore} a core`,
      fix: assignment(REQUEST, coresText(tasks / maxTasksPerCore)),
    });
  }
  if (request.amount > limit.amount) {
    found.push({
      field: fieldOf(LIMIT),
      message: `limits to ${coresText(limit.amount)} a request of ${coresText(request.amount)}: the API server refuses every executor`,
      fix: assignment(LIMIT, coresText(request.amount)),
    });
  }
  return found;
}

export const WRITE_OUT = "write the value out";

function countOf(conf: SparkConf, key: string): Cores | undefined {
  const read = conf.int(key);
  if (read.kind === "absent") return undefined;
  if (read.kind !== "known") return { key: read.key, why: read.why };
  return read.value > 0 ? { amount: read.value } : { key: read.key, why: "must be above 0" };
}

function quantityOf(conf: SparkConf, key: string): Cores | undefined {
  const read = conf.get(key);
  if (read.kind === "absent") return undefined;
  if (read.kind === "unknown") return { key: read.key, why: read.why };
  const amount = parseQuantity(read.value);
  return amount === undefined || amount <= 0
    ? { key: read.key, why: "must be an amount of cores such as 3500m" }
    : { amount };
}

/** A quantity of Kubernetes, rounded up to thousandths. */
function coresText(amount: number): string {
  return Number.isInteger(amount) ? String(amount) : `${Math.ceil(amount * 1000)}m`;
}
