// What a driver's conf carries to its executors, and what they make of it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decide } from "../../../src/engine/decide.ts";
import { CARRIED_ANNOTATION, CARRIED_KEY } from "../../../src/spark/carried.ts";
import { parseProperties } from "../../../src/spark/properties.ts";
import { admittedConf, confText, driverConf } from "../../fixtures/driver-conf.ts";
import { decided, everything, outcomeOf } from "../../fixtures/decided.ts";
import { NO_FACTS } from "../../fixtures/facts.ts";
import { executorPod } from "../../fixtures/pods.ts";
import { policySet, policyText } from "../../fixtures/policies.ts";

const LABEL = { metadata: { labels: { where: "here" } } };
const policy = (name: string, spec: Readonly<Record<string, unknown>> = {}) =>
  policyText(name, { ...LABEL, ...spec });
const asWritten = (...texts: readonly string[]) => policySet(texts, { mode: undefined });

/** The annotation that a conf gets; undefined: the conf is not touched. */
function carriedBy(
  set: ReturnType<typeof policySet>,
  entries: Readonly<Record<string, string>> = {},
) {
  const decision = decide(set, admittedConf(driverConf(confText(entries))), NO_FACTS);
  assert.equal(decision.kind, "decided-conf");
  const properties = parseProperties(decision.enforced.text);
  assert.equal(properties.kind, "read");
  return decision.enforced.operations.length === 0
    ? undefined
    : properties.entries.get(CARRIED_KEY)?.value;
}

const executorWith = (carried: string, labels = {}) =>
  executorPod(1, {
    metadata: {
      name: "etl-exec-1",
      labels: {
        "spark-role": "executor",
        "spark-exec-id": "1",
        "spark-app-selector": "spark-7f3a",
        "spark-app-name": "renamed-in-code",
        ...labels,
      },
      annotations: { [CARRIED_ANNOTATION]: carried },
    },
  });

describe("a driver's conf", () => {
  it("carries what it says of the application, once a policy enforces something on executors", () => {
    const set = asWritten(policy("p", { mode: "Enforce" }));
    const text = '{"v":1,"name":"etl","language":"python","shuffle":"executors"}';
    assert.equal(carriedBy(set, { "spark.kubernetes.resource.type": "python" }), text);
  });

  it("is not touched where nothing is enforced on executors", () => {
    assert.equal(carriedBy(asWritten(policy("p"), policy("q", { mode: "Warn" }))), undefined);
    const drivers = policy("p", { mode: "Enforce", match: { roles: ["driver"] } });
    assert.equal(carriedBy(asWritten(drivers)), undefined);
  });

  it("is refused where the job writes there itself, also where nothing is enforced", () => {
    const text = confText({ [CARRIED_KEY]: '{"v":1,"language":"r"}' });
    const line = text.split("\n").findIndex((each) => each.startsWith(CARRIED_KEY)) + 1;
    for (const mode of ["Enforce", "Audit"]) {
      const set = asWritten(policy("p", { mode }));
      assert.deepEqual(decide(set, admittedConf(driverConf(text)), NO_FACTS), {
        kind: "malformed",
        surface: "driver-conf",
        role: "driver",
        errors: [
          {
            path: "data[spark.properties]",
            message: `line ${line} sets ${CARRIED_KEY}, which is Sparkgate's own: leave it out`,
          },
        ],
        refused: true,
      });
    }
  });

  it("overwrites what comes behind its own, and is the same when it is asked again", () => {
    const set = asWritten(policy("p", { mode: "Enforce" }));
    const first = decide(set, admittedConf(driverConf(confText())), NO_FACTS);
    assert.equal(first.kind, "decided-conf");
    const again = decide(set, admittedConf(driverConf(first.enforced.text)), NO_FACTS);
    assert.equal(again.kind, "decided-conf");
    assert.deepEqual(again.enforced.operations, []);
    const forged = `${first.enforced.text}${CARRIED_KEY}={}\n`;
    const mended = decide(set, admittedConf(driverConf(forged)), NO_FACTS);
    assert.equal(mended.kind, "decided-conf");
    const properties = parseProperties(mended.enforced.text);
    assert.equal(properties.kind, "read");
    assert.match(properties.entries.get(CARRIED_KEY)?.value ?? "", /"name":"etl"/);
  });

  it("carries the percents of rollouts", () => {
    const set = asWritten(
      policy("p", { mode: "Enforce" }),
      policy("q", { mode: "Enforce", rollout: { percent: 25 } }),
    );
    assert.match(carriedBy(set) ?? "", /"rollouts":\{"q":25\}/);
  });
});

describe("an executor", () => {
  const carried = '{"v":1,"name":"etl","language":"python","shuffle":"remote","workload":"batch"}';

  for (const [expression, holds] of [
    ['app.name == "etl"', true],
    ['app.name == "renamed-in-code"', false],
    ['has(app.language) && app.language == "python"', true],
    ['app.shuffle == "remote" && app.workload == "batch"', true],
  ] as const) {
    it(`goes by what its conf carried: ${expression} is ${holds}`, () => {
      const match = { matchConditions: [{ name: "c", expression }] };
      const run = everything(decided(policySet(policy("p", { match })), executorWith(carried)));
      assert.equal(run.outcomes.length, holds ? 1 : 0);
    });
  }

  const modeAt = (percent: number, began: number, more = {}) => {
    const set = asWritten(policy("p", { mode: "Enforce", rollout: { percent }, ...more }));
    const pod = executorWith(`{"v":1,"rollouts":{"p":${began}}}`);
    return outcomeOf(everything(decided(set, pod)), "p").mode;
  };

  it("goes by the percent of the rollout with which its job began", () => {
    assert.equal(modeAt(100, 0), "Audit");
    assert.equal(modeAt(0, 100), "Enforce");
  });

  it("is not let off a refusal by it", () => {
    const set = asWritten(
      policyText("p", { mode: "Enforce", denyExecutors: true, images: { pin: "Digest" } }),
    );
    const { enforced } = decided(set, executorWith('{"v":1,"rollouts":{"p":0}}'));
    assert.equal(enforced.refused, true);
  });
});
