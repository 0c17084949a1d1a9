import assert from "node:assert/strict";
import type { Pod } from "../../../src/kubernetes/pod.ts";
import { quantityToMiB } from "../../../src/kubernetes/quantity.ts";

/** Request and limit of the container that runs Spark, which is the last one, in MiB. */
export function memoryOf(pod: Pod | undefined): {
  readonly request: number;
  readonly limit: number;
} {
  const { requests, limits } = pod?.spec?.containers?.at(-1)?.resources ?? {};
  const [request, limit] = [requests, limits].map((list) => quantityToMiB(list?.["memory"] ?? ""));
  assert.ok(request !== undefined && limit !== undefined, "no memory asked for");
  return { request, limit };
}
