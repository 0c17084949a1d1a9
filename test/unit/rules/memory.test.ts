// The memory rule on a driver's conf and on operators' applications.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decide } from "../../../src/engine/decide.ts";
import type { AnyRun, ConfRun } from "../../../src/engine/decision.ts";
import { parseProperties } from "../../../src/spark/properties.ts";
import {
  admittedApplication,
  APACHE,
  application,
  CLUSTER,
  CONNECT,
  type Kind,
  KUBEFLOW,
  SCHEDULED,
} from "../../fixtures/applications.ts";
import { deepFreeze } from "../../fixtures/deep-freeze.ts";
import { admittedConf, confText, driverConf } from "../../fixtures/driver-conf.ts";
import { NO_FACTS } from "../../fixtures/facts.ts";
import { policySet, policyText } from "../../fixtures/policies.ts";

type Entries = Readonly<Record<string, string>>;
type Block = Readonly<Record<string, unknown>>;

const OVERHEAD = "spark.executor.memoryOverhead";
const FACTOR = "spark.executor.memoryOverheadFactor";
/** As spark-submit writes it for Python. */
const PYTHON = {
  "spark.kubernetes.resource.type": "python",
  "spark.kubernetes.memoryOverheadFactor": "0.4",
};
const G8 = { "spark.executor.memory": "8g" };

const raise = (memory: Block = {}) => ({ memory: { action: "Raise", ...memory } });
const deny = (memory: Block = {}) => ({ memory: { action: "Deny", ...memory } });

function setOf(rules: Block | readonly Block[]) {
  return policySet(
    [rules].flat().map((rule, index) => policyText(`p${index}`, { priority: -index, ...rule })),
  );
}

/** What policies come to; asked again, they change nothing. */
function run(rules: Block | readonly Block[], entries: Entries): ConfRun {
  const set = setOf(rules);
  const ask = (text: string) => {
    const decision = decide(set, admittedConf(deepFreeze(driverConf(text))), NO_FACTS);
    assert.equal(decision.kind, "decided-conf");
    return decision.enforced;
  };
  const result = ask(confText(entries));
  const again = ask(result.text);
  assert.deepEqual(again.operations, []);
  assert.equal(again.refused, result.refused);
  return result;
}

/** What the driver reads of these keys. */
function added(result: ConfRun, entries: Entries): Entries {
  const read = parseProperties(result.text);
  assert.ok(read.kind === "read");
  return Object.fromEntries(
    [...read.entries]
      .map(([key, { value }]) => [key, value] as const)
      .filter(([key, value]) => /[mM]emory/.test(key) && entries[key] !== value),
  );
}

const kept = ({ outcomes }: AnyRun) => outcomes.flatMap(({ effect }) => effect?.kept ?? []);
const told = ({ outcomes }: AnyRun) =>
  outcomes.flatMap(({ violations }) =>
    violations.map(({ field, message, fix }) => `${field} ${message}. ${fix ?? ""}`),
  );

describe("memory: Raise on a driver's conf", () => {
  const cases: readonly (readonly [string, Block, Entries, Entries])[] = [
    ["nothing where Spark gives enough", {}, { ...PYTHON, ...G8 }, {}],
    [
      "an amount that is too small, since it goes before every share",
      {},
      { ...PYTHON, ...G8, [OVERHEAD]: "512m", [FACTOR]: "0.4" },
      { [OVERHEAD]: "3276m" },
    ],
    [
      "an amount by its former name",
      {},
      { ...PYTHON, ...G8, "spark.yarn.executor.memoryOverhead": "512" },
      { [OVERHEAD]: "3276m" },
    ],
    ["a share that is too small", {}, { ...PYTHON, ...G8, [FACTOR]: "0.1" }, { [FACTOR]: "0.4" }],
    [
      "a share of all Pods",
      {},
      { ...PYTHON, ...G8, "spark.kubernetes.memoryOverheadFactor": "0.2" },
      { [FACTOR]: "0.4" },
    ],
    [
      "what the policy asks beyond Spark, of a job whose Python runs beside a Java main",
      { overheadFactor: { jvm: 0.25 } },
      { ...G8, "spark.kubernetes.resource.type": "java" },
      { [FACTOR]: "0.25" },
    ],
    [
      "by the jvm's share where nobody knows the language",
      { overheadFactor: { jvm: 0.3 } },
      G8,
      { [FACTOR]: "0.3" },
    ],
    [
      "by the policy's own share, though a little less would do for this heap",
      {},
      { "spark.executor.memory": "5009m", [FACTOR]: "0.05" },
      { [FACTOR]: "0.1" },
    ],
    [
      "to minOverhead, by a share that comes to it",
      { minOverhead: "1Gi" },
      { "spark.executor.memory": "1500m" },
      { [FACTOR]: "0.6827" },
    ],
    [
      "by jvm's share where Python's workers have memory of their own",
      {},
      { ...PYTHON, ...G8, "spark.executor.pyspark.memory": "2g", [OVERHEAD]: "100m" },
      { [OVERHEAD]: "819m" },
    ],
    ["no driver, whose Pod is there", {}, { ...PYTHON, "spark.driver.memoryOverhead": "1m" }, {}],
    [
      "up to maxTotal",
      { maxTotal: "11468Mi" },
      { ...PYTHON, ...G8, [FACTOR]: "0.1" },
      { [FACTOR]: "0.4" },
    ],
    ["nothing above maxTotal", { maxTotal: "11467Mi" }, { ...PYTHON, ...G8, [FACTOR]: "0.1" }, {}],
    [
      "nothing where there are no executors",
      {},
      { ...G8, "spark.kubernetes.driver.master": "local[*]", [OVERHEAD]: "1m" },
      {},
    ],
    [
      "nothing of what only the environment knows",
      {},
      { ...G8, [OVERHEAD]: "${env:OVERHEAD}" },
      {},
    ],
    [
      "what a reference comes to",
      {},
      { ...G8, [OVERHEAD]: "${spark.my.overhead}", "spark.my.overhead": "1m" },
      { [OVERHEAD]: "819m" },
    ],
    [
      "where a minimum counts on some versions of Spark alone",
      { minOverhead: "1Gi" },
      { "spark.executor.minMemoryOverhead": "1g" },
      { [FACTOR]: "1" },
    ],
  ];
  for (const [name, block, entries, expected] of cases) {
    it(`raises ${name}`, () => {
      assert.deepEqual(added(run(raise(block), entries), entries), expected);
    });
  }

  it("says what it did: of what nobody chose as a summary, else as replaced", () => {
    const effectOf = (entries: Entries) =>
      run(raise({ overheadFactor: { python: 0.5 } }), entries).outcomes[0]?.effect;
    const text = (value: string) => `executors' overhead ${value}`;
    assert.deepEqual(effectOf({ ...PYTHON, ...G8 }), {
      ...{ summary: text(`3276 -> 4096 MiB: ${FACTOR}=0.5`), replaced: [] },
      // The driver's heap is Spark's own.
      kept: [
        "spark.driver.memoryOverhead comes to 409 MiB, needs 512 MiB (python, heap 1024 MiB): --conf spark.driver.memoryOverheadFactor=0.5",
      ],
    });
    assert.deepEqual(
      effectOf({ ...PYTHON, ...G8, [OVERHEAD]: "1m", "spark.driver.memoryOverhead": "1g" }),
      { summary: undefined, replaced: [text(`1 -> 4096 MiB: ${OVERHEAD}=4096m`)], kept: [] },
    );
  });

  it("says what it could not do, and why", () => {
    assert.deepEqual(kept(run(raise({ maxTotal: "10Gi" }), { ...G8, [OVERHEAD]: "${env:X}" })), [
      `${OVERHEAD} cannot be judged: \${env:X} is known only where Spark runs: write the value out`,
    ]);
    assert.deepEqual(
      kept(run(raise({ maxTotal: "10Gi" }), { ...PYTHON, ...G8, [OVERHEAD]: "1g" })),
      [
        `${OVERHEAD} comes to 1024 MiB, needs 3276 MiB (python, heap 8192 MiB): --conf spark.executor.memory=7g; not raised: maxTotal leaves no room`,
      ],
    );
    assert.deepEqual(
      kept(
        run(raise({ maxTasksPerCore: 1 }), {
          "spark.executor.cores": "4",
          "spark.kubernetes.executor.request.cores": "2",
        }),
      ),
      [
        "spark.kubernetes.executor.request.cores requests 2 for 4 tasks at once, at most 1 a core: --conf spark.kubernetes.executor.request.cores=4",
      ],
    );
  });

  describe("beside policies that set the same keys", () => {
    const entries = { ...PYTHON, ...G8, [OVERHEAD]: "1m" };
    const set = { sparkConf: { set: { [OVERHEAD]: "2m" } } };

    it("gives way to one of higher priority, and says so", () => {
      const result = run([set, raise()], entries);
      assert.deepEqual(added(result, entries), { [OVERHEAD]: "2m" });
      assert.match(kept(result).join(), /comes to 2 MiB.*; not raised: another policy has spoken/);
    });

    it("goes before one of lower priority, also where nothing is to be raised", () => {
      assert.deepEqual(added(run([raise(), set], entries), entries), { [OVERHEAD]: "3276m" });
      const ofExecutors = { ...raise(), match: { roles: ["executor"] } };
      assert.deepEqual(added(run([ofExecutors, set], entries), entries), { [OVERHEAD]: "3276m" });
      const enough = { ...PYTHON, ...G8, [OVERHEAD]: "4g" };
      assert.deepEqual(added(run([raise(), set], enough), enough), {});
    });

    it("heeds the heap that another policy sets", () => {
      const heap = { sparkConf: { set: { "spark.executor.memory": "16g" } } };
      const jvm = { "spark.executor.memoryOverhead": "819m", ...G8 };
      for (const rules of [
        [raise(), heap],
        [heap, raise()],
      ]) {
        assert.equal(added(run(rules, jvm), jvm)[OVERHEAD], "1638m");
      }
    });
  });
});

describe("memory: Warn and Deny on a driver's conf", () => {
  const entries = {
    ...PYTHON,
    ...G8,
    "spark.driver.memory": "4g",
    "spark.driver.memoryOverhead": "1g",
    [FACTOR]: "0.1",
  };
  const lines = [
    "spark.driver.memoryOverhead comes to 1024 MiB, needs 1638 MiB (python, heap 4096 MiB). --conf spark.driver.memoryOverhead=1638m",
    `${FACTOR} comes to 819 MiB, needs 3276 MiB (python, heap 8192 MiB). --conf ${FACTOR}=0.4`,
  ];

  it("refuses too little, of drivers too, and says the conf to change", () => {
    const result = run(deny(), entries);
    assert.equal(result.refused, true);
    assert.deepEqual(told(result), lines);
  });

  it("tells the same unless it is to be refused, and changes nothing", () => {
    const result = run({ memory: {} }, entries);
    assert.equal(result.refused, false);
    assert.deepEqual(
      kept(result),
      lines.map((line) => line.replace("). ", "): ")),
    );
    assert.deepEqual(added(result, entries), {});
  });

  it("is satisfied by what it says to change", () => {
    const mended = { ...entries, "spark.driver.memoryOverhead": "1638m", [FACTOR]: "0.4" };
    assert.equal(run(deny(), mended).refused, false);
  });

  it("has nothing to say of roles that the policy does not match", () => {
    const drivers = { ...deny(), match: { roles: ["driver"] } };
    assert.deepEqual(told(run(drivers, entries)), lines.slice(0, 1));
  });

  it("refuses what cannot be judged", () => {
    assert.deepEqual(told(run(deny(), { "spark.driver.memory": "${env:HEAP}" })), [
      "spark.driver.memory cannot be judged: ${env:HEAP} is known only where Spark runs. write the value out",
    ]);
  });

  describe("maxTotal", () => {
    const cases: readonly (readonly [string, Entries, readonly string[]])[] = [
      ["is the whole of the Pod", { "spark.executor.memory": "59578m" }, []],
      [
        "and no MiB more",
        { "spark.executor.memory": "59579m" },
        [
          "spark.executor.memory comes to 65536 MiB with all on top of it, above 65535Mi. --conf spark.executor.memory=58g",
        ],
      ],
      [
        "with off-heap memory and Python's workers",
        {
          ...PYTHON,
          "spark.executor.memory": "32g",
          "spark.memory.offHeap.enabled": "true",
          "spark.memory.offHeap.size": "16g",
          "spark.executor.pyspark.memory": "8g",
        },
        [
          "spark.executor.memory comes to 70451 MiB with all on top of it, above 65535Mi. --conf spark.executor.memory=28g",
        ],
      ],
      [
        "of drivers too",
        { "spark.driver.memory": "100g", "spark.driver.memoryOverhead": "20g" },
        [
          "spark.driver.memory comes to 122880 MiB with all on top of it, above 65535Mi. --conf spark.driver.memory=43g",
        ],
      ],
      [
        "with the minimum of the versions that read it",
        { "spark.executor.memory": "8g", "spark.executor.minMemoryOverhead": "60g" },
        [
          "spark.executor.memory comes to 69632 MiB with all on top of it, above 65535Mi. --conf spark.executor.memory=4095m",
        ],
      ],
      [
        "which no heap would fit",
        { "spark.memory.offHeap.enabled": "true", "spark.memory.offHeap.size": "64g" },
        [
          "spark.executor.memory comes to 66944 MiB with all on top of it, above 65535Mi. ask for less memory, off-heap, of Python's workers and overhead too",
        ],
      ],
    ];
    for (const [name, conf, expected] of cases) {
      it(name, () => {
        const result = run(deny({ maxTotal: "65535Mi" }), conf);
        assert.deepEqual(told(result), expected);
        // What is proposed would do.
        const [, key = "", value = ""] = /--conf ([^=]+)=(\S+)/.exec(expected.join()) ?? [];
        const mended = { ...conf, ...(key !== "" && { [key]: value }) };
        if (key !== "") assert.deepEqual(told(run(deny({ maxTotal: "65535Mi" }), mended)), []);
      });
    }
  });

  it("proposes no heap with which no JVM of Spark's starts", () => {
    assert.match(told(run(deny({ maxTotal: "800Mi" }), G8)).join(), /above 800Mi\. ask for less/);
  });

  describe("maxTasksPerCore", () => {
    const CORES = "spark.executor.cores";
    const REQUEST = "spark.kubernetes.executor.request.cores";
    const LIMIT = "spark.kubernetes.executor.limit.cores";
    const cases: readonly (readonly [Entries, readonly string[]])[] = [
      [{}, []],
      [{ [CORES]: "8" }, []],
      [{ [CORES]: "8", [REQUEST]: "4" }, []],
      [
        { [CORES]: "8", [REQUEST]: "3900m" },
        [`${REQUEST} requests 3900m for 8 tasks at once, at most 2 a core. --conf ${REQUEST}=4`],
      ],
      [{ [CORES]: "8", [REQUEST]: "1", "spark.task.cpus": "4" }, []],
      [
        { [CORES]: "5", [REQUEST]: "0.5" },
        [`${REQUEST} requests 500m for 5 tasks at once, at most 2 a core. --conf ${REQUEST}=2500m`],
      ],
      [
        { [CORES]: "4", [LIMIT]: "2" },
        [
          `${LIMIT} limits to 2 a request of 4: the API server refuses every executor. --conf ${LIMIT}=4`,
        ],
      ],
      [{ [CORES]: "4", [REQUEST]: "2", [LIMIT]: "2" }, []],
      [
        { [CORES]: "${env:CORES}" },
        [
          `${CORES} cannot be judged: \${env:CORES} is known only where Spark runs. write the value out`,
        ],
      ],
      [
        { [REQUEST]: "many" },
        [
          `${REQUEST} cannot be judged: must be an amount of cores such as 3500m. write the value out`,
        ],
      ],
    ];
    for (const [conf, expected] of cases) {
      it(JSON.stringify(conf), () => {
        assert.deepEqual(told(run(deny({ maxTasksPerCore: 2 }), conf)), expected);
      });
    }

    it("is not judged where it is left out", () => {
      assert.deepEqual(told(run(deny(), { [CORES]: "8", [REQUEST]: "1", [LIMIT]: "500m" })), []);
    });
  });

  it("applies one policy to each role, the first", () => {
    const rules = [
      { ...deny({ overheadFactor: { jvm: 0.1 } }), match: { roles: ["executor"] } },
      deny({ overheadFactor: { jvm: 0.5 } }),
    ];
    const conf = { "spark.driver.memory": "8g", ...G8 };
    assert.deepEqual(told(run(rules, conf)), [
      "spark.driver.memoryOverhead comes to 819 MiB, needs 4096 MiB (jvm, heap 8192 MiB). --conf spark.driver.memoryOverheadFactor=0.5",
    ]);
  });
});

describe("memory on an application", () => {
  function judged(rule: Block, kind: Kind, spec: unknown): AnyRun {
    const object = deepFreeze(application(kind, spec));
    const decision = decide(setOf(rule), admittedApplication(object), NO_FACTS);
    assert.equal(decision.kind, "decided-application");
    assert.deepEqual(decision.enforced.operations, []);
    return decision.enforced;
  }
  const python = { mainApplicationFile: "local:///etl.py" };
  const small = { ...python, executor: { memory: "8g", memoryOverhead: "512m" } };

  it("is refused in the words of its fields", () => {
    const spec = { ...small, driver: { memory: "4g", memoryOverhead: "1g" } };
    assert.deepEqual(told(judged(deny(), KUBEFLOW, spec)), [
      "spec.driver.memoryOverhead comes to 1024 MiB, needs 1638 MiB (python, heap 4096 MiB). spec.driver.memoryOverhead: 1638m",
      "spec.executor.memoryOverhead comes to 512 MiB, needs 3276 MiB (python, heap 8192 MiB). spec.executor.memoryOverhead: 3276m",
    ]);
    const share = {
      ...python,
      memoryOverheadFactor: "0.1",
      executor: { memory: "8g" },
      driver: { memoryOverhead: "1g" },
    };
    assert.deepEqual(told(judged(deny(), SCHEDULED, { template: share })), [
      "spec.template.memoryOverheadFactor comes to 819 MiB, needs 3276 MiB (python, heap 8192 MiB). spec.template.sparkConf[spark.executor.memoryOverheadFactor]: 0.4",
    ]);
  });

  it("counts what Spark will take by itself, by the language of its file", () => {
    const spec = { driver: { memory: "8g" }, executor: { memory: "8g" } };
    assert.deepEqual(told(judged(deny(), KUBEFLOW, { ...python, ...spec })), []);
    const jvm = { mainApplicationFile: "local:///etl.jar", ...spec };
    assert.deepEqual(told(judged(deny(), KUBEFLOW, jvm)), []);
  });

  it("of Apache's operator is judged by its sparkConf", () => {
    const spec = { pyFiles: "local:///etl.py", sparkConf: { ...G8, [OVERHEAD]: "512m" } };
    assert.deepEqual(told(judged(deny(), APACHE, spec)), [
      `spec.sparkConf[${OVERHEAD}] comes to 512 MiB, needs 3276 MiB (python, heap 8192 MiB). spec.sparkConf[${OVERHEAD}]: 3276m`,
    ]);
  });

  it("says what becomes of it in the driver's conf", () => {
    const result = judged(raise(), KUBEFLOW, { ...small, driver: { memoryOverhead: "1m" } });
    assert.equal(result.refused, false);
    assert.deepEqual(kept(result), [
      "spec.driver.memoryOverhead comes to 1 MiB, needs 409 MiB (python, heap 1024 MiB): spec.driver.memoryOverhead: 409m",
      "spec.executor.memoryOverhead becomes 3276m in the driver's conf",
    ]);
    assert.deepEqual(result.outcomes[0]?.changes, []);
  });

  it("says that nothing becomes of it where there is no such conf", () => {
    const spec = { ...small, mode: "client", driver: { memoryOverhead: "1m" } };
    assert.deepEqual(kept(judged(raise(), KUBEFLOW, spec)), [
      "spec.executor.memoryOverhead comes to 512 MiB, needs 3276 MiB (python, heap 8192 MiB): spec.executor.memoryOverhead: 3276m; nothing changes the conf of this SparkApplication",
    ]);
  });

  it("of Connect has executors as in client mode, and a server that is no Pod of Spark's", () => {
    const spec = {
      server: { memory: "8g" },
      executor: { memory: "8g" },
      sparkConf: { [FACTOR]: "0.05", "spark.driver.memoryOverhead": "1m" },
    };
    assert.deepEqual(told(judged(deny(), CONNECT, spec)), [
      `spec.sparkConf[${FACTOR}] comes to 409 MiB, needs 819 MiB (jvm, heap 8192 MiB). spec.sparkConf[${FACTOR}]: 0.1`,
    ]);
  });

  it("of a cluster in standalone mode says nothing of Pods' memory", () => {
    const spec = { sparkConf: { ...G8, [OVERHEAD]: "1m" } };
    assert.deepEqual(told(judged(deny(), CLUSTER, spec)), []);
  });
});
