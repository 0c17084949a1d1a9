import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { podEnd } from "../../../src/kubernetes/pod-end.ts";

const CREATED = "2026-11-01T00:00:00Z";
const finished = (finishedAt: string | null) => ({ state: { terminated: { finishedAt } } });
const running = { state: { running: { startedAt: "2026-11-01T00:01:00Z" } } };
const transition = (type: string, lastTransitionTime: string) => ({ type, lastTransitionTime });
const written = (time: string, subresource = "status") => ({
  manager: "kubelet",
  time,
  subresource,
});

interface Seen {
  readonly containers?: number;
  readonly statuses?: readonly object[];
  readonly conditions?: readonly object[];
  readonly writes?: readonly object[];
}

function podOf({ containers = 1, statuses, conditions, writes }: Seen): unknown {
  return {
    metadata: { creationTimestamp: CREATED, ...(writes && { managedFields: writes }) },
    spec: { containers: Array.from({ length: containers }, () => ({ name: "c" })) },
    status: {
      phase: "Failed",
      startTime: "2026-11-01T00:00:30Z",
      ...(statuses && { containerStatuses: statuses }),
      ...(conditions && { conditions }),
    },
  };
}

const cases: readonly (readonly [what: string, seen: Seen, end: string | undefined])[] = [
  ["its container's", { statuses: [finished("2026-11-20T02:00:00Z")] }, "2026-11-20T02:00:00Z"],
  [
    "that of the last container",
    {
      containers: 2,
      statuses: [finished("2026-11-20T02:00:00Z"), finished("2026-11-20T01:00:00Z")],
    },
    "2026-11-20T02:00:00Z",
  ],
  [
    "its containers', whoever wrote its status later",
    { statuses: [finished("2026-11-20T02:00:00Z")], writes: [written("2026-11-24T00:00:00Z")] },
    "2026-11-20T02:00:00Z",
  ],
  [
    "the last write of its status where it was evicted, and nothing is left of its containers",
    {
      conditions: [transition("PodScheduled", "2026-11-01T00:00:10Z")],
      writes: [written("2026-11-01T00:01:00Z"), written("2026-11-20T02:00:00Z")],
    },
    "2026-11-20T02:00:00Z",
  ],
  [
    "a condition that changed after all writes that are known",
    {
      conditions: [transition("DisruptionTarget", "2026-11-21T00:00:00Z")],
      writes: [written("2026-11-20T02:00:00Z")],
    },
    "2026-11-21T00:00:00Z",
  ],
  [
    "that of the container that finished last of those that say it, by a node's clock that is ahead",
    {
      containers: 2,
      statuses: [finished("2026-11-20T02:00:09Z"), finished(null)],
      writes: [written("2026-11-20T02:00:00Z")],
    },
    "2026-11-20T02:00:09Z",
  ],
  [
    "not that of one container where another one was lost",
    {
      containers: 2,
      statuses: [finished("2026-11-02T00:00:00Z"), finished(null)],
      writes: [written("2026-11-20T02:00:00Z")],
    },
    "2026-11-20T02:00:00Z",
  ],
  [
    "not that of one container where another one still counts as running: its node was lost",
    {
      containers: 2,
      statuses: [finished("2026-11-02T00:00:00Z"), running],
      writes: [written("2026-11-20T02:00:00Z")],
    },
    "2026-11-20T02:00:00Z",
  ],
  [
    "not that of one container where nothing is said of another one",
    {
      containers: 2,
      statuses: [finished("2026-11-02T00:00:00Z")],
      writes: [written("2026-11-20T02:00:00Z")],
    },
    "2026-11-20T02:00:00Z",
  ],
  [
    "nothing before it was created: kubelets that do not know say 1970",
    { statuses: [finished("1970-01-01T00:00:00Z")], writes: [written("2026-11-20T02:00:00Z")] },
    "2026-11-20T02:00:00Z",
  ],
  [
    "unknown where conditions alone tell something: they may be as old as its start",
    { conditions: [transition("Ready", "2026-11-01T00:00:10Z")] },
    undefined,
  ],
  [
    "unknown where only other fields than its status were written",
    { writes: [written("2026-11-02T00:00:00Z", ""), written("2026-11-02T00:00:00Z", "resize")] },
    undefined,
  ],
  ["unknown where nothing tells it", {}, undefined],
  ["unknown where a time is none", { statuses: [finished("yesterday")] }, undefined],
];

describe("the end of a Pod is", () => {
  for (const [what, seen, end] of cases) {
    it(what, () => {
      const at = podEnd(podOf(seen));
      assert.equal(
        at === undefined ? undefined : new Date(at).toISOString().replace(".000", ""),
        end,
      );
    });
  }

  it("unknown of what is no Pod", () => {
    for (const value of [
      undefined,
      null,
      1,
      "x",
      [],
      { status: 1 },
      { status: { containerStatuses: {} } },
    ]) {
      assert.equal(podEnd(value), undefined);
    }
  });
});
