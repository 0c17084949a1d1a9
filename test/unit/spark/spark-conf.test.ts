import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseProperties } from "../../../src/spark/properties.ts";
import { type ConfValue, SparkConf } from "../../../src/spark/spark-conf.ts";

function conf(values: Readonly<Record<string, string>>): SparkConf {
  return new SparkConf(
    new Map(Object.entries(values).map(([key, value]) => [key, { value, where: `at ${key}` }])),
  );
}

function valueOf(read: ConfValue): string {
  return read.kind === "known" ? read.value : read.kind;
}

describe("SparkConf.get", () => {
  const cases: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
    ["nothing", {}, "absent"],
    ["a value", { "spark.a": "1" }, "1"],
    ["an empty value", { "spark.a": "" }, ""],
    ["a reference", { "spark.a": "x-${spark.b}-y", "spark.b": "1" }, "x-1-y"],
    [
      "references within references",
      { "spark.a": "${spark.b}${spark.b}", "spark.b": "<${spark.c}>", "spark.c": "1" },
      "<1><1>",
    ],
    [
      "a former name that is referred to",
      { "spark.a": "${spark.memory.offHeap.enabled}", "spark.unsafe.offHeap": "true" },
      "true",
    ],
    ["a $ in what is referred to", { "spark.a": "${spark.b}", "spark.b": "$1\\$&" }, "$1\\$&"],
    ["a key of others, as it is", { "spark.a": "${b}${b.c}", b: "1" }, "${b}${b.c}"],
    [
      "a prefix that Spark does not know, as it is",
      { "spark.a": "${hive:x}${spark:spark.b}" },
      "${hive:x}${spark:spark.b}",
    ],
    [
      "what is no reference",
      { "spark.a": "$spark.b ${} ${ spark.b} ${spark.b $x" },
      "$spark.b ${} ${ spark.b} ${spark.b $x",
    ],
    ["a name with a brace in front", { "spark.a": "${}}" }, "${}}"],
    ["a prefix without a name, as a name", { "spark.a": "${env:}" }, "${env:}"],
    [
      "a name in a name, as a name",
      { "spark.a": "${a${spark.b}}", "spark.b": "1" },
      "${a${spark.b}}",
    ],
    [
      "other blanks than ASCII's in a name",
      { "spark.a": "${spark.\u00a0}", "spark.\u00a0": "1" },
      "1",
    ],
    ["several words", { "spark.a": "a ${spark.b} } ${spark.b}\n}", "spark.b": "1" }, "a 1 } 1\n}"],
    ["a key that is not set", { "spark.a": "${spark.b}" }, "unknown"],
    ["a variable", { "spark.a": "x${env:HOME}" }, "unknown"],
    ["a system property", { "spark.a": "${system:user.home}" }, "unknown"],
    [
      "a variable of what is referred to",
      { "spark.a": "${spark.b}", "spark.b": "${env:X}" },
      "unknown",
    ],
    ["a variable with a brace for a name", { "spark.a": "${env:}}" }, "unknown"],
    ["itself", { "spark.a": "${spark.a}" }, "unknown"],
    [
      "a circle",
      { "spark.a": "${spark.b}", "spark.b": "${spark.c}", "spark.c": "${spark.b}" },
      "unknown",
    ],
    [
      "one key twice, which is no circle",
      { "spark.a": "${spark.b}${spark.c}", "spark.b": "${spark.c}", "spark.c": "1" },
      "11",
    ],
  ];
  for (const [what, values, expected] of cases) {
    it(`reads ${what}`, () => {
      assert.equal(valueOf(conf(values).get("spark.a")), expected);
    });
  }

  const literal = [
    ...[
      "spark.app.name",
      "spark.executorEnv.X",
      "spark.kubernetes.driver.volumes.emptyDir.a.mount.path",
    ],
    ...["spark.kubernetes.executor.annotation.a", "spark.kubernetes.node.selector.disk"],
  ];
  for (const key of literal) {
    it(`reads ${key} as it is written, as Spark does`, () => {
      assert.equal(valueOf(conf({ [key]: "${env:X}${spark.b}" }).get(key)), "${env:X}${spark.b}");
    });
  }

  it("leaves references of Hadoop's to Hadoop", () => {
    const read = conf({ "spark.hadoop.a": "${fs.b}", "spark.hadoop.c": "1" });
    assert.equal(valueOf(read.get("spark.hadoop.a")), "unknown");
    assert.equal(valueOf(read.get("spark.hadoop.c")), "1");
  });

  const standIns: readonly (readonly [string, string])[] = [
    ["spark.executor.memoryOverhead", "spark.yarn.executor.memoryOverhead"],
    ["spark.driver.memoryOverhead", "spark.yarn.driver.memoryOverhead"],
    ["spark.kubernetes.driver.container.image", "spark.kubernetes.container.image"],
    ["spark.dynamicAllocation.initialExecutors", "spark.dynamicAllocation.minExecutors"],
  ];
  for (const [key, other] of standIns) {
    it(`reads ${other} where ${key} is not set`, () => {
      const where = `at ${other}`;
      assert.deepEqual(conf({ [other]: "1" }).get(key), {
        kind: "known",
        value: "1",
        key: other,
        where,
      });
      assert.equal(valueOf(conf({ [other]: "1", [key]: "2" }).get(key)), "2");
    });
  }

  it("says what cannot be judged, and where it is written", () => {
    const values = { "spark.a": "${env:X}", "spark.b": "${spark.c}", "spark.d": "${spark.d}" };
    const whys = Object.keys(values).map((key) => conf(values).get(key));
    assert.deepEqual(whys, [
      {
        kind: "unknown",
        why: "${env:X} is known only where Spark runs",
        key: "spark.a",
        where: "at spark.a",
      },
      {
        kind: "unknown",
        why: "spark.c is not set, and Spark may have a default for it",
        key: "spark.b",
        where: "at spark.b",
      },
      {
        kind: "unknown",
        why: "spark.d refers to itself, which Spark refuses",
        key: "spark.d",
        where: "at spark.d",
      },
    ]);
  });

  it("says no more of a name than fits a line", () => {
    const read = conf({ "spark.a": `\${spark.${"b".repeat(1000)}}` }).get("spark.a");
    assert.ok(read.kind === "unknown" && read.why.length < 200);
  });

  it("knows no keys of JavaScript's own", () => {
    for (const key of ["__proto__", "constructor", "toString"]) {
      assert.deepEqual(conf({}).get(key), { kind: "absent" });
    }
    const entries = new Map([
      ["spark.__proto__", { value: "1", where: "" }],
      ["spark.a", { value: "${spark.__proto__}", where: "" }],
    ]);
    assert.equal(valueOf(new SparkConf(entries).get("spark.a")), "1");
  });
});

describe("SparkConf.get of too much", () => {
  const chain = (length: number, times: number, last: string) => {
    const links = Array.from({ length }, (_, index) => [
      `spark.${index}`,
      `\${spark.${index + 1}}`.repeat(times),
    ]);
    return conf(
      Object.fromEntries([...links, [`spark.${length}`, last]]) as Record<string, string>,
    );
  };

  it("resolves a chain of 32, and none of 100,000", () => {
    assert.equal(valueOf(chain(32, 1, "x").get("spark.0")), "x");
    assert.equal(valueOf(chain(33, 1, "x").get("spark.0")), "unknown");
    assert.equal(valueOf(chain(100_000, 1, "x").get("spark.0")), "unknown");
  });

  it("does not double 30 times, even what is empty", () => {
    assert.equal(valueOf(chain(30, 2, "laugh").get("spark.0")), "unknown");
    assert.equal(valueOf(chain(30, 2, "").get("spark.0")), "unknown");
    assert.equal(valueOf(chain(3, 2, "ha").get("spark.0")), "ha".repeat(8));
  });

  const texts: readonly (readonly [string, string, string])[] = [
    ["starts without an end", "${".repeat(500_000), "known"],
    ["starts with prefixes without an end", "${a:".repeat(250_000), "known"],
    ["starts before a blank", `${"${a".repeat(300_000)} }`, "known"],
    ["names without an end", `\${${"a".repeat(1_000_000)}`, "known"],
    ["references of others", "${a}".repeat(250_000), "known"],
    ["references", "${spark.b}".repeat(100_000), "unknown"],
    ["blanks", " ".repeat(1_000_000), "known"],
    ["words", "${a} ".repeat(200_000), "known"],
  ];
  for (const [what, text, kind] of texts) {
    it(`reads a megabyte of ${what}`, () => {
      const read = conf({ "spark.a": text, "spark.b": "1" }).get("spark.a");
      assert.equal(read.kind, kind);
      if (read.kind === "known") assert.ok(read.value === text);
    });
  }
});

describe("SparkConf's types", () => {
  const values = conf({
    "spark.executor.memory": "${spark.size}",
    "spark.size": "2g",
    "spark.dynamicAllocation.executorIdleTimeout": "60",
    "spark.dynamicAllocation.maxExecutors": " 20 ",
    "spark.dynamicAllocation.enabled": "True",
    "spark.bad": "many",
    "spark.env": "${env:X}",
  });
  const at = (key: string) => ({ key, where: `at ${key}` });

  it("reads a size", () => {
    const read = { kind: "known", value: 2 ** 31, ...at("spark.executor.memory") };
    assert.deepEqual(values.bytes("spark.executor.memory", "m"), read);
  });

  it("reads a duration", () => {
    const key = "spark.dynamicAllocation.executorIdleTimeout";
    assert.deepEqual(values.milliseconds(key, "s"), { kind: "known", value: 60_000, ...at(key) });
  });

  it("reads an int and a boolean", () => {
    const [max, enabled] = [
      "spark.dynamicAllocation.maxExecutors",
      "spark.dynamicAllocation.enabled",
    ];
    assert.deepEqual(values.int(max), { kind: "known", value: 20, ...at(max) });
    assert.deepEqual(values.boolean(enabled), { kind: "known", value: true, ...at(enabled) });
  });

  it("says what Spark throws over, without the value", () => {
    const origin = at("spark.bad");
    for (const read of [
      values.bytes("spark.bad", "m"),
      values.milliseconds("spark.bad", "s"),
      values.int("spark.bad"),
      values.boolean("spark.bad"),
    ]) {
      assert.ok(read.kind === "invalid");
      assert.match(read.why, /^must be /);
      assert.ok(!read.why.includes("many"));
      assert.deepEqual({ key: read.key, where: read.where }, origin);
    }
  });

  it("hands on what is absent or unknown", () => {
    assert.equal(values.int("spark.none").kind, "absent");
    assert.equal(values.bytes("spark.env", "m").kind, "unknown");
  });
});

describe("SparkConf.ofProperties", () => {
  it("is what spark-submit makes of a file", () => {
    const text =
      "# of spark-submit\nspark.a=1 \t\nother=2\nspark.b=\\u0000\\n3\\n \nspark.a=\\ \\\n  4\n";
    const properties = parseProperties(text);
    assert.equal(properties.kind, "read");
    const read = SparkConf.ofProperties(properties.entries, "spark.properties");
    assert.deepEqual(read.get("spark.a"), {
      ...{ kind: "known", value: "4", key: "spark.a", where: "spark.properties line 5" },
    });
    assert.equal(valueOf(read.get("spark.b")), "\n3\n");
    assert.equal(valueOf(read.get("other")), "absent");
  });
});
