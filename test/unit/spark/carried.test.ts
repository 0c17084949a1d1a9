import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { applicationFacts } from "../../../src/spark/application-facts.ts";
import {
  CARRIED_ANNOTATION,
  CARRIED_KEY,
  readCarried,
  writeCarried,
} from "../../../src/spark/carried.ts";
import { recognize } from "../../../src/spark/recognize.ts";
import { admittedConf, confText, driverConf } from "../../fixtures/driver-conf.ts";
import { admitted, driverPod, executorPod } from "../../fixtures/pods.ts";

const carrying = (text: string) =>
  executorPod(1, { metadata: { name: "e", annotations: { [CARRIED_ANNOTATION]: text } } });

const WHOLE = {
  name: "nightly-etl",
  language: "python",
  shuffle: "remote",
  workload: "streaming",
  rollouts: { "executors-on-spot": 25 },
} as const;

describe("what executors are told of their application", () => {
  it("is read as it was written, and is always the same text", () => {
    const text = writeCarried(WHOLE);
    assert.deepEqual(readCarried(carrying(text)), WHOLE);
    assert.equal(text, writeCarried(structuredClone(WHOLE)));
  });

  it("has no room for more than a KiB: rollouts are left out first", () => {
    const rollouts = Object.fromEntries(
      Array.from({ length: 100 }, (_none, index) => [`policy-${index}-${"x".repeat(50)}`, 5]),
    );
    const text = writeCarried({ ...WHOLE, rollouts });
    assert.ok(text.length < 1024);
    const read = readCarried(carrying(text));
    assert.equal(read.name, WHOLE.name);
    assert.ok(Object.keys(read.rollouts ?? {}).length > 5);
  });

  const foreign: readonly (readonly [string, string])[] = [
    ["no JSON", "{"],
    ["a list", "[]"],
    ["null", "null"],
    ["another version", '{"v":2,"language":"python"}'],
    ["too long", JSON.stringify({ v: 1, language: "python", x: "x".repeat(2000) })],
  ];
  for (const [what, text] of foreign) {
    it(`is unknown where it is ${what}`, () => {
      assert.deepEqual(readCarried(carrying(text)), {});
    });
  }

  it("is unknown in each part that is not as we write it", () => {
    const text = JSON.stringify({
      v: 1,
      name: 1,
      language: "cobol",
      shuffle: [],
      workload: "x".repeat(64),
      rollouts: { a: "b" },
    });
    assert.deepEqual(
      Object.values(readCarried(carrying(text))).filter((part) => part !== undefined),
      [],
    );
  });
});

describe("what is known of an application", () => {
  const languages: readonly (readonly [readonly string[], string | undefined])[] = [
    [["driver", "--class", "org.apache.spark.deploy.PythonRunner", "etl.py"], "python"],
    [["driver", "--properties-file", "x", "--class", "org.apache.spark.deploy.RRunner"], "r"],
    [["driver", "--class", "com.acme.Etl", "local:///etl.jar"], "jvm"],
    [["driver", "local:///etl.py"], undefined],
    [["bash", "-c", "--class"], undefined],
  ];
  for (const [args, language] of languages) {
    it(`by a driver's arguments ${args.join(" ")}: ${language ?? "nothing"}`, () => {
      const containers = [{ name: "spark-kubernetes-driver", args }];
      const recognition = recognize(admitted(driverPod({ spec: { containers } })));
      assert.equal(recognition.kind, "subject");
      assert.equal(applicationFacts(recognition.subject).language, language);
    });
  }

  it("by a conf: language, shuffle, workload and the name that was submitted", () => {
    const recognition = recognize(
      admittedConf(
        driverConf(
          confText({
            "spark.app.name": "Nightly ETL",
            "spark.kubernetes.resource.type": "java",
            "spark.kubernetes.driver.label.sparkgate.io/workload": "streaming",
          }),
        ),
      ),
    );
    assert.equal(recognition.kind, "conf");
    assert.deepEqual(applicationFacts(recognition.facets[1]), {
      name: "nightly-etl",
      language: "jvm",
      shuffle: "executors",
      workload: "streaming",
    });
  });

  for (const args of [
    ["driver", "--conf", `${CARRIED_KEY}={}`, "local:///etl.py"],
    ["driver", `--conf=${CARRIED_KEY}={}`, "local:///etl.py"],
  ]) {
    it(`is not to be forged by a driver's arguments: ${args[1] ?? ""}`, () => {
      const containers = [{ name: "spark-kubernetes-driver", args }];
      const recognition = recognize(admitted(driverPod({ spec: { containers } })));
      assert.equal(recognition.kind, "malformed");
      assert.match(recognition.errors[0]?.message ?? "", /which is Sparkgate's own/);
    });
  }

  it("leaves the share of a job to the job", () => {
    const key = "spark.kubernetes.executor.annotation.sparkgate.io/on-demand-percent=40";
    const containers = [{ name: "spark-kubernetes-driver", args: ["driver", "--conf", key] }];
    assert.equal(recognize(admitted(driverPod({ spec: { containers } }))).kind, "subject");
  });
});
