import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decide } from "../../../src/engine/decide.ts";
import type { ConfRun } from "../../../src/engine/decision.ts";
import type { Facts } from "../../../src/engine/facts.ts";
import type { CompileOptions } from "../../../src/policy/compile.ts";
import { PROPERTIES_KEY } from "../../../src/spark/driver-conf.ts";
import { parseProperties } from "../../../src/spark/properties.ts";
import { deepFreeze } from "../../fixtures/deep-freeze.ts";
import { admittedConf, confText, driverConf } from "../../fixtures/driver-conf.ts";
import { NO_FACTS } from "../../fixtures/facts.ts";
import { policySet, policyText } from "../../fixtures/policies.ts";

type Block = Readonly<Record<string, unknown>>;

const setOf = (blocks: readonly Block[], options: CompileOptions = {}) =>
  policySet(
    blocks.map((block, index) =>
      policyText(`conf-${index}`, { mode: "Enforce", priority: -index, sparkConf: block }),
    ),
    options,
  );

/** What policies come to; what is changed by them has nothing to be changed any more. */
function run(
  blocks: Block | readonly Block[],
  entries: Readonly<Record<string, string>> = {},
  facts: Facts = NO_FACTS,
  options: CompileOptions = {},
): ConfRun {
  const set = setOf([blocks].flat(), options);
  const map = driverConf(confText(entries));
  const decision = decide(set, admittedConf(deepFreeze(map)), facts);
  assert.equal(decision.kind, "decided-conf");
  const { enforced } = decision;
  const again = decide(set, admittedConf(driverConf(enforced.text)), facts);
  assert.equal(again.kind, "decided-conf");
  assert.deepEqual(again.enforced.operations, []);
  return enforced;
}

function read(text: string): ReadonlyMap<string, string> {
  const properties = parseProperties(text);
  assert.equal(properties.kind, "read");
  return new Map([...properties.entries].map(([key, { value }]) => [key, value]));
}

/** What the driver reads that it would not have read before. */
function added(result: ConfRun, entries: Readonly<Record<string, string>> = {}): object {
  const before = read(confText(entries));
  return Object.fromEntries(
    [...read(result.text)].filter(([key, value]) => before.get(key) !== value),
  );
}

const told = (result: ConfRun) =>
  result.outcomes.flatMap(({ violations }) =>
    violations.map(({ field, message, fix }) => `${field} ${message}. ${fix ?? ""}`),
  );

const GRACE = "spark.kubernetes.executor.terminationGracePeriodSeconds";
const KILL_INTERVAL = "spark.executor.decommission.killInterval";
const REATTEMPT = "spark.storage.decommission.replicationReattemptInterval";
const DYNAMIC = { "spark.dynamicAllocation.enabled": "true" };
const CELEBORN = {
  "spark.shuffle.manager": "org.apache.spark.shuffle.celeborn.SparkShuffleManager",
};

describe("sparkConf: keys that are set", () => {
  it("are put behind the conf, which stays as it is to the byte", () => {
    const text = confText({ "spark.a": "1" });
    const { operations } = run({ set: { "spark.b": "2" } }, { "spark.a": "1" });
    assert.deepEqual(operations, [
      {
        op: "replace",
        path: `/data/${PROPERTIES_KEY}`,
        value: `${text}\n\n# sparkgate: conf-0\nspark.b=2\n`,
      },
    ]);
  });

  it("take the place of what the job has, which is told without its value", () => {
    const result = run({ set: { "spark.b": "2" } }, { "spark.b": "hunter2" });
    assert.deepEqual(added(result, { "spark.b": "hunter2" }), { "spark.b": "2" });
    assert.deepEqual(result.outcomes[0]?.effect?.replaced, ["replaced by spark.b=2"]);
  });

  it("are not touched where they are so already", () => {
    assert.deepEqual(run({ set: { "spark.b": "2" } }, { "spark.b": "2" }).operations, []);
  });

  it("have a default only where the job says nothing, not even an empty value", () => {
    const block = { defaults: { "spark.a": "1", "spark.b": "2", "spark.c": "3" } };
    const entries = { "spark.a": "0", "spark.b": "" };
    assert.deepEqual(added(run(block, entries), entries), { "spark.c": "3" });
  });

  it("have no default where the job says a former name, which counts less", () => {
    const entries = { "spark.yarn.executor.memoryOverhead": "2g" };
    const block = { defaults: { "spark.executor.memoryOverhead": "1g" } };
    assert.deepEqual(run(block, entries).operations, []);
  });

  it("are spoken for by the policy of the highest priority", () => {
    const blocks = [{ defaults: { "spark.a": "high" } }, { set: { "spark.a": "low" } }];
    assert.deepEqual(added(run(blocks)), { "spark.a": "high" });
    assert.deepEqual(added(run(blocks, { "spark.a": "job" }), { "spark.a": "job" }), {});
  });

  it("arrive as they are written, whatever is in them", () => {
    const value = "a  \\b=\u00e4 \u{1f600}\n:#!";
    assert.deepEqual(added(run({ set: { "spark.odd": value } })), { "spark.odd": value });
  });
});

describe("sparkConf: what is refused", () => {
  it("a required key that is missing or empty, unless a policy adds it", () => {
    const block = { required: ["spark.a", "spark.b", "spark.c"], defaults: { "spark.c": "3" } };
    assert.deepEqual(told(run(block, { "spark.a": "" })), [
      "spark.a is missing. --conf spark.a=VALUE",
      "spark.b is missing. --conf spark.b=VALUE",
    ]);
  });

  it("a forbidden key, without a word of its value", () => {
    const result = run(
      { forbidden: ["spark.hadoop.fs.s3a.*.key"] },
      { "spark.hadoop.fs.s3a.secret.key": "hunter2" },
    );
    assert.equal(result.refused, true);
    assert.deepEqual(told(result), ["spark.hadoop.fs.s3a.secret.key is forbidden. leave it out"]);
  });

  const limits: readonly (readonly [object, string, string | undefined])[] = [
    [{ max: 200 }, "200", undefined],
    [{ max: 200 }, "201", "'201' is above 200"],
    [{ min: 1 }, "0", "'0' is below 1"],
    [{ max: 200 }, "many", "'many' cannot be compared with 200"],
    [{ max: "64g" }, "65536m", undefined],
    [{ max: "64g" }, "65g", "'65g' is above 64g"],
    [{ max: "64g" }, "65", "'65' cannot be compared with 64g"],
    [{ min: "10s", max: "10min" }, "11min", "'11min' is above 10min"],
    [{ min: "10s", max: "10min" }, "90s", undefined],
    [{ max: 200 }, "${env:MANY}", "cannot be judged"],
    [{ max: 200 }, "${spark.many}", "'300' is above 200"],
  ];
  for (const [limit, value, message] of limits) {
    it(`${JSON.stringify(limit)}: ${value} is ${message ?? "allowed"}`, () => {
      const entries = { "spark.limited": value, "spark.many": "300" };
      const result = run({ limits: { "spark.limited": limit } }, entries);
      assert.equal(result.refused, message !== undefined);
      if (message !== undefined) assert.ok(told(result)[0]?.includes(message), told(result)[0]);
    });
  }

  const inOwnUnit: readonly (readonly [string, object, string, string | undefined])[] = [
    ["spark.executor.memory", { max: "64g" }, "65536", undefined],
    ["spark.executor.memory", { max: "64g" }, "65537", "'65537' (MiB) is above 64g"],
    ["spark.executor.memory", { max: "64g" }, "65g", "'65g' is above 64g"],
    ["spark.executor.memory", { max: "64g" }, "10min", "'10min' cannot be compared with 64g"],
    // A bound too: 4096 are 4g.
    ["spark.executor.memory", { max: 4096 }, "4g", undefined],
    ["spark.executor.memory", { max: "4096" }, "5g", "'5g' is above 4096"],
    ["spark.driver.maxResultSize", { max: "1g" }, "1073741824", undefined],
    ["spark.driver.maxResultSize", { max: "1g" }, "1073741825", "'1073741825' (B) is above 1g"],
    [
      "spark.driver.maxResultSize",
      { max: "1g" },
      "0",
      "'0' (B) means unlimited, must be at most 1g",
    ],
    ["spark.driver.maxResultSize", { min: "1m" }, "0", "'0' (B) is below 1m"],
    ["spark.sql.broadcastTimeout", { max: "10min" }, "-1", "'-1' (s) means unlimited"],
    ["spark.network.timeout", { max: "10min" }, "600", undefined],
    ["spark.network.timeout", { max: "10min" }, "601", "'601' (s) is above 10min"],
    // Of a duration, `m` are minutes.
    ["spark.network.timeout", { max: "2m" }, "121s", "'121s' is above 2m"],
    ["spark.dynamicAllocation.executorIdleTimeout", { min: "1min" }, "60", undefined],
    [
      "spark.dynamicAllocation.executorIdleTimeout",
      { min: "1min" },
      "59",
      "'59' (s) is below 1min",
    ],
    // Counted in milliseconds, and in KiB.
    ["spark.network.timeoutInterval", { max: "1min" }, "60001", "'60001' (ms) is above 1min"],
    ["spark.shuffle.file.buffer", { max: "1m" }, "1025", "'1025' (KiB) is above 1m"],
    // Nobody knows what is meant.
    ["spark.acme.memory", { max: "64g" }, "4096", "'4096' cannot be compared with 64g"],
  ];
  for (const [key, limit, value, message] of inOwnUnit) {
    it(`${key} ${JSON.stringify(limit)}: ${value} is ${message ?? "allowed"}`, () => {
      const result = run({ limits: { [key]: limit } }, { [key]: value });
      assert.equal(result.refused, message !== undefined);
      if (message !== undefined) assert.ok(told(result)[0]?.includes(message), told(result)[0]);
    });
  }

  it("a former name in the unit of the new one", () => {
    const limits = { "spark.executor.memoryOverhead": { max: "2g" } };
    const result = run({ limits }, { "spark.yarn.executor.memoryOverhead": "2049" });
    assert.deepEqual(told(result), [
      "spark.yarn.executor.memoryOverhead '2049' (MiB) is above 2g. --conf spark.yarn.executor.memoryOverhead=2g",
    ]);
  });

  it("nothing where a limited key is not there", () => {
    assert.equal(run({ limits: { "spark.limited": { max: 1 } } }).refused, false);
  });
});

describe("sparkConf: unknown keys", () => {
  const entries = {
    "spark.executor.decommission.enabled": "true",
    "spark.acme.retries": "3",
    "spark.sql.shuffle.partitions": "200",
    "spark.dynamicAllocation.maxExecutor": "20",
  };
  const text = [
    "spark.executor.decommission.enabled is no key of Spark's. did you mean spark.decommission.enabled?",
    "spark.dynamicAllocation.maxExecutor is no key of Spark's. did you mean spark.dynamicAllocation.maxExecutors?",
  ];

  it("that are nearly Spark's are refused, or told", () => {
    assert.deepEqual(told(run({ unknownKeys: "Deny" }, entries)), text);
    const warned = run({ unknownKeys: "Warn" }, entries);
    assert.equal(warned.refused, false);
    assert.deepEqual(
      warned.outcomes[0]?.effect?.kept,
      text.map((each) => each.replace(". did", ": did")),
    );
  });

  it("are nobody's business unless a policy says so", () => {
    assert.deepEqual(run({ required: ["spark.app.id"] }, entries).outcomes[0]?.effect?.kept, []);
  });
});

describe("sparkConf: ShuffleSafeDynamicAllocation", () => {
  const block = { presets: ["ShuffleSafeDynamicAllocation"] };
  const TRACKING = "spark.dynamicAllocation.shuffleTracking.enabled";
  const cases: readonly (readonly [
    string,
    Readonly<Record<string, string>>,
    string | undefined,
  ])[] = [
    ["no word of tracking", DYNAMIC, "true"],
    ["tracking off", { ...DYNAMIC, [TRACKING]: "false" }, "true"],
    ["tracking on", { ...DYNAMIC, [TRACKING]: "true" }, undefined],
    [
      "tracking off, and shuffle blocks that are moved",
      {
        ...DYNAMIC,
        [TRACKING]: "false",
        "spark.decommission.enabled": "true",
        "spark.storage.decommission.enabled": "true",
      },
      undefined,
    ],
    [
      "tracking off, and decommissioning that leaves shuffle blocks behind",
      {
        ...DYNAMIC,
        [TRACKING]: "false",
        "spark.decommission.enabled": "true",
        "spark.storage.decommission.enabled": "true",
        "spark.storage.decommission.shuffleBlocks.enabled": "false",
      },
      "true",
    ],
    ["Celeborn", { ...DYNAMIC, ...CELEBORN }, "false"],
    ["Celeborn, and tracking on", { ...DYNAMIC, ...CELEBORN, [TRACKING]: "true" }, undefined],
  ];
  for (const [what, entries, tracking] of cases) {
    it(`with ${what}: tracking becomes ${tracking ?? "what it is"}`, () => {
      const keys = added(run(block, entries), entries) as Readonly<Record<string, string>>;
      assert.equal(keys[TRACKING], tracking);
    });
  }

  it("adds bounds where there are none, and leaves those of the job", () => {
    const entries = { ...DYNAMIC, "spark.dynamicAllocation.maxExecutors": "7" };
    const keys = added(run(block, entries), entries);
    assert.deepEqual(keys, {
      [TRACKING]: "true",
      "spark.dynamicAllocation.minExecutors": "0",
      "spark.dynamicAllocation.executorIdleTimeout": "60s",
      "spark.dynamicAllocation.cachedExecutorIdleTimeout": "30min",
    });
  });

  it("turns the external shuffle service off, which Kubernetes does not have", () => {
    const entries = { "spark.shuffle.service.enabled": "true" };
    assert.deepEqual(added(run(block, entries), entries), {
      "spark.shuffle.service.enabled": "false",
    });
  });

  it("does nothing without dynamic allocation", () => {
    assert.deepEqual(run(block).operations, []);
  });

  it("gives way to what the same policy says of a key", () => {
    const own = { ...block, defaults: { "spark.dynamicAllocation.maxExecutors": "20" } };
    const keys = added(run(own, DYNAMIC), DYNAMIC) as Readonly<Record<string, string>>;
    assert.equal(keys["spark.dynamicAllocation.maxExecutors"], "20");
  });
});

describe("sparkConf: presets of what a job writes", () => {
  const DIR = { "spark.eventLog.dir": "s3a://logs" };
  const LOGGED = {
    "spark.eventLog.enabled": "true",
    "spark.eventLog.rolling.enabled": "true",
    "spark.eventLog.compress": "true",
  };

  it("EventLog: nothing without a folder, whoever says it, in whatever order", () => {
    const block = { presets: ["EventLog"] };
    assert.deepEqual(run(block).operations, []);
    assert.deepEqual(added(run(block, DIR), DIR), LOGGED);
    assert.deepEqual(added(run({ ...block, defaults: DIR })), { ...DIR, ...LOGGED });
    const folder = { defaults: DIR };
    for (const blocks of [
      [block, folder],
      [folder, block],
    ]) {
      assert.deepEqual(added(run(blocks)), { ...DIR, ...LOGGED });
    }
  });

  it("S3A: path style for other endpoints than Amazon's, committers where their module is", () => {
    const keysOf = (entries: Readonly<Record<string, string>>) =>
      Object.keys(added(run({ presets: ["S3A"] }, entries), entries)).join(" ");
    const endpoint = "spark.hadoop.fs.s3a.endpoint";
    assert.doesNotMatch(keysOf({}), /path\.style|ommit/);
    assert.doesNotMatch(keysOf({ [endpoint]: "s3.eu-west-1.amazonaws.com" }), /path\.style/);
    assert.match(keysOf({ [endpoint]: "http://minio:9000" }), /path\.style\.access/);
    const jars = "org.apache.spark:spark-hadoop-cloud_2.12:3.5.9";
    assert.match(keysOf({ "spark.jars.packages": jars }), /committer\.name .*commitProtocolClass/);
  });
});

describe("sparkConf: a key that two policies speak of", () => {
  it("stays with the higher one when nothing is left to do for it", () => {
    const blocks = [
      { presets: ["ShuffleSafeDynamicAllocation", "GracefulDecommission"] },
      { set: { "spark.dynamicAllocation.shuffleTracking.enabled": "false" } },
    ];
    const keys = added(run(blocks, DYNAMIC), DYNAMIC) as Readonly<Record<string, string>>;
    assert.equal(keys["spark.dynamicAllocation.shuffleTracking.enabled"], "true");
  });
});

describe("sparkConf: GracefulDecommission", () => {
  it("moves blocks of executors that go; not where a remote shuffle service has them", () => {
    const block = { presets: ["GracefulDecommission"] };
    assert.deepEqual(added(run(block)), {
      "spark.decommission.enabled": "true",
      "spark.storage.decommission.enabled": "true",
      "spark.storage.decommission.shuffleBlocks.enabled": "true",
      "spark.storage.decommission.rddBlocks.enabled": "true",
      [GRACE]: "110s",
      [KILL_INTERVAL]: "110s",
      [REATTEMPT]: "30s",
    });
    assert.deepEqual(run(block, CELEBORN).operations, []);
  });

  it("gives executors what the platform's shortest notice leaves", () => {
    const graces: Readonly<Record<string, readonly [grace: string, reattempt: string]>> = {
      ...{ eks: ["110s", "30s"], karpenter: ["110s", "30s"], ack: ["170s", "30s"] },
      ...{ aks: ["27s", "9s"], oke: ["27s", "9s"], "node-pool": ["27s", "9s"], gke: ["13s", "4s"] },
    };
    for (const [platform, [grace, reattempt]] of Object.entries(graces)) {
      const keys = added(run({ presets: ["GracefulDecommission"] }, {}, NO_FACTS, { platform }));
      const wanted = { [GRACE]: grace, [KILL_INTERVAL]: grace, [REATTEMPT]: reattempt };
      assert.deepEqual(keys, { ...keys, ...wanted }, platform);
    }
  });

  it("says nothing of a grace where no platform is known, nor for a job that does not decommission or says its own", () => {
    const block = { presets: ["GracefulDecommission"] };
    const graces = (entries: Readonly<Record<string, string>>, options: CompileOptions = {}) =>
      [GRACE, KILL_INTERVAL, REATTEMPT].filter((key) =>
        Object.hasOwn(added(run(block, entries, NO_FACTS, options), entries), key),
      );
    assert.deepEqual(graces({}, { platform: undefined }), []);
    assert.deepEqual(graces({ "spark.decommission.enabled": "false" }), []);
    assert.deepEqual(graces({ [GRACE]: "60s" }), [KILL_INTERVAL, REATTEMPT]);
  });

  it("cleans a fallback storage up, where there is one", () => {
    const block = { presets: ["GracefulDecommission"] };
    const entries = { "spark.storage.decommission.fallbackStorage.path": "s3a://spill/" };
    const keys = added(run(block, entries), entries) as Readonly<Record<string, string>>;
    assert.equal(keys["spark.storage.decommission.fallbackStorage.cleanUp"], "true");
  });
});

describe("sparkConf: values with placeholders", () => {
  const DIR = "spark.eventLog.dir";
  const facts: Facts = { ...NO_FACTS, namespace: { name: "team-a", labels: { bucket: "risk" } } };
  const valueOf = (text: string) =>
    read(run({ defaults: { [DIR]: text } }, {}, facts).text).get(DIR);

  it("have the job's namespace, its labels and the application in them", () => {
    assert.equal(
      valueOf("s3a://{{namespace.labels.bucket}}/{{ namespace }}/{{app.name}}-{{app.id}}"),
      "s3a://risk/team-a/etl-spark-7f3a",
    );
  });

  it("keep Spark's own placeholders, references and braces", () => {
    for (const text of ["{{APP_ID}}-{{SPARK_VERSION}}", "${spark.a}", '{"a":{"b":{}}}', "{{}}"]) {
      assert.equal(valueOf(text), text);
    }
  });

  it("leave the key out where one is not to be had, and say why", () => {
    const result = run({ defaults: { [DIR]: "s3a://{{namespace.labels.no}}" } }, {}, facts);
    assert.deepEqual(result.operations, []);
    assert.deepEqual(result.outcomes[0]?.effect?.kept, [
      `${DIR} not set: the namespace has no label no`,
    ]);
  });

  it("fail, and are not half applied, where nothing is known of the namespace", () => {
    const result = run({ set: { "spark.a": "1", "spark.b": "{{namespace.labels.x}}" } });
    assert.deepEqual(result.operations, []);
    assert.equal(result.outcomes[0]?.error, "the labels of the namespace are not known");
    assert.equal(result.refused, true);
  });
});

describe("sparkConf: what kind of job it is", () => {
  it("may be seen from the conf, and is carried to executors", () => {
    const policies = [
      policyText("heavy", {
        mode: "Enforce",
        match: {
          matchConditions: [
            { name: "c", expression: '"spark.sql.shuffle.partitions" in spark.conf' },
          ],
        },
        sparkConf: {
          defaults: { "spark.kubernetes.driver.label.sparkgate.io/workload": "shuffle-heavy" },
        },
      }),
      policyText("any", { mode: "Enforce", metadata: { labels: { a: "b" } } }),
    ];
    const conf = driverConf(confText({ "spark.sql.shuffle.partitions": "4000" }));
    const decision = decide(policySet(policies), admittedConf(conf), NO_FACTS);
    assert.equal(decision.kind, "decided-conf");
    const carried = read(decision.enforced.text).get(
      "spark.kubernetes.executor.annotation.sparkgate.io/app",
    );
    assert.equal(carried, '{"v":1,"name":"etl","shuffle":"executors","workload":"shuffle-heavy"}');
  });
});

describe("sparkConf: mistakes", () => {
  const mistakes: readonly (readonly [Block, RegExp])[] = [
    [{ set: { "dynamicAllocation.enabled": "true" } }, /does not begin with spark\./],
    [{ set: { "spark.app.id": "x" } }, /is Spark's or Sparkgate's own/],
    [{ defaults: { "spark.app.name": "x" } }, /is Spark's or Sparkgate's own/],
    [{ set: { "spark.a": "{{app.nam}}" } }, /\{\{app\.nam\}\} is no placeholder/],
    [
      { set: { "spark.kubernetes.executor.annotation.sparkgate.io/app": "x" } },
      /is Spark's or Sparkgate's own/,
    ],
    [{ set: { "spark.a": "1" }, defaults: { "spark.a": "1" } }, /is in set too/],
    [{ set: { "spark.a": " x" } }, /Spark trims blanks/],
    [{ limits: { "spark.a": { min: 2, max: 1 } } }, /min is above max/],
    [{ limits: { "spark.a": { min: 2, max: "1g" } } }, /both alike/],
    [{ limits: { "spark.a": { max: "much" } } }, /must be whole numbers, sizes/],
    [
      { limits: { "spark.executor.memory": { max: "10min" } } },
      /must be a size such as 64g, or a whole number of MiB/,
    ],
    [
      { limits: { "spark.network.timeout": { min: 1, max: "64g" } } },
      /max.* must be a duration such as 10min, or a whole number of s/s,
    ],
  ];
  for (const [block, message] of mistakes) {
    it(JSON.stringify(block), () => {
      assert.throws(() => setOf([block]), message);
    });
  }
});
