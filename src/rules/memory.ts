import { EACH } from "../cel/reads.ts";
import type { RuleDoubt, RuleKind } from "../engine/rule-kind.ts";
import { PROPERTIES_KEY } from "../spark/driver-conf.ts";
import type { Role } from "../spark/role.ts";
import { judgeConfMemory } from "./memory-conf.ts";
import { judgePodMemory, raisePodMemory, tellPodMemory } from "./memory-pod.ts";
import { RAISED_KEYS, raiseConfMemory, tellConfMemory } from "./memory-raise.ts";
import { MEMORY_SCHEMA } from "./memory-schema.ts";
import { compileMemory, type Memory } from "./memory-spec.ts";

/** Memory beside the heap, and in all. */
export const memory: RuleKind = {
  key: "memory",
  combine: "one",
  surfaces: ["driver-conf", "pod", "application"],
  description:
    "Memory beside the heap: what Spark will ask for is worked out as Spark does, and executors that would be killed for want of it get more, or their job is told or refused. Bounds of the whole, and of tasks on a core.",
  example: `memory:
  overheadFactor: { jvm: 0.1, python: 0.4, r: 0.4 }
  minOverhead: 384Mi
  action: Raise
  maxTotal: 64Gi`,
  schema: MEMORY_SCHEMA,
  doubts,
  compile: (block) => {
    const spec = compileMemory(block);
    switch (spec.action) {
      case "Raise":
        return {
          writes: WRITES,
          rewrites: REWRITES,
          mutate: (draft, subject) => raisePodMemory(draft, subject, spec),
          conf: {
            whole: false,
            mutate: (draft, subject) => raiseConfMemory(draft, subject, spec),
          },
        };
      case "Warn":
        return {
          mutate: ({ pod }, subject) => tellPodMemory(pod, subject, spec),
          conf: {
            whole: false,
            mutate: ({ conf }, subject) => tellConfMemory(conf, subject, spec),
          },
        };
      case "Deny":
        return {
          judge: (pod, subject) => judgePodMemory(pod, subject, spec),
          conf: { whole: false, judge: (conf, subject) => judgeConfMemory(conf, subject, spec) },
        };
    }
  },
};

const WRITES = [...RAISED_KEYS.map((key) => ["spark", "conf", key]), ["data", PROPERTIES_KEY]];

/** A container without a limit is not raised. */
const REWRITES = ["requests", "limits"].map((list) => {
  return ["spec", "containers", EACH, "resources", list, "memory"];
});

/** What is asked of executors, of a policy that speaks of none. */
function doubts(block: unknown, roles: readonly Role[]): readonly RuleDoubt[] {
  if (roles.includes("executor")) return [];
  const { action, maxTasksPerCore } = block as Partial<Memory>;
  const message = "is about executors, and match.roles has none";
  return [
    ...(action === "Raise" ? [{ path: ["action"], message: `Raise ${message}` }] : []),
    ...(maxTasksPerCore === undefined ? [] : [{ path: ["maxTasksPerCore"], message }]),
  ];
}
