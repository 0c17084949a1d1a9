import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { COMPOSED_KEYS, FOREIGN_PREFIXES, OPEN_PREFIXES } from "../../../src/spark/key-prefixes.ts";
import recorded from "../../../src/spark/known-keys.json" with { type: "json" };
import { knownKey, unknownKey, unknownKeys } from "../../../src/spark/known-keys.ts";
import { scenarios } from "../../e2e/recording/scenarios.ts";
import { shapes } from "../../e2e/recording/shapes.ts";

const nothing = { nearest: undefined, knownIn: undefined };

/** What somebody wrote, and what was meant. */
const slips: Readonly<Record<string, string>> = {
  // a letter
  "spark.dynamicAllocation.maxExecutor": "spark.dynamicAllocation.maxExecutors",
  "spark.sql.shuffle.partition": "spark.sql.shuffle.partitions",
  "spark.eventLog.enable": "spark.eventLog.enabled",
  "spark.exeuctor.memory": "spark.executor.memory",
  "spark.api.mdoe": "spark.api.mode",
  "spark.kubernetes.executors.request.cores": "spark.kubernetes.executor.request.cores",
  // in two words
  "spark.kubernets.executer.request.cores": "spark.kubernetes.executor.request.cores",
  // upper case, and dots for it
  "spark.executor.memoryoverhead": "spark.executor.memoryOverhead",
  "spark.executor.memory.overhead": "spark.executor.memoryOverhead",
  "spark.dynamicAllocation.shuffle.tracking.enabled":
    "spark.dynamicAllocation.shuffleTracking.enabled",
  // the rest of a word
  "spark.kubernetes.authenticate.driver.serviceAccount":
    "spark.kubernetes.authenticate.driver.serviceAccountName",
  // a word too many
  "spark.executor.decommission.enabled": "spark.decommission.enabled",
  "spark.kubernetes.executor.memoryOverhead": "spark.executor.memoryOverhead",
  "spark.speculation.enabled": "spark.speculation",
  // a word too few
  "spark.kubernetes.image": "spark.kubernetes.container.image",
  // the other role
  "spark.kubernetes.executor.reusePersistentVolumeClaim":
    "spark.kubernetes.driver.reusePersistentVolumeClaim",
  "spark.kubernetes.executor.reusePersistentVolume":
    "spark.kubernetes.driver.reusePersistentVolumeClaim",
  "spark.k8s.driver.pod.name": "spark.kubernetes.driver.pod.name",
  // before what the user chooses
  "spark.hadop.fs.s3a.endpoint": "spark.hadoop.fs.s3a.endpoint",
  "spark.kubernetes.driver.labels.team": "spark.kubernetes.driver.label.team",
  "spark.kubernetes.executor.nodeSelector.Disk": "spark.kubernetes.executor.node.selector.Disk",
};

describe("unknownKey: what was meant", () => {
  for (const [key, nearest] of Object.entries(slips)) {
    it(`${key}: ${nearest}`, () => {
      assert.deepEqual(unknownKey(key), { nearest, knownIn: undefined });
      assert.equal(unknownKey(nearest), undefined);
    });
  }

  it("names nothing for what is no slip", () => {
    for (const key of [
      ...["spark.acme.input.path", "spark.acme.app.name", "spark.driver.acme", "spark.acme"],
      // Several keys end so, and some begin so.
      ...["spark.acme.enabled", "spark.enabled", "spark.sql.acme.enabled"],
      // `ssl` and `executorEnv` are near, but what follows them may be anything.
      ...["spark.sql.acme", "spark.executor.acme", "spark.x.command"],
      ...["spark.", "spark..", "spark.hadoop.", "spark.hadoop", "spark.driver.enabled"],
    ]) {
      assert.deepEqual(unknownKey(key), nothing, key);
    }
  });

  it("never names a key that Spark calls old", () => {
    assert.equal(unknownKey("spark.yarn.executor.memoryOverhead"), undefined);
    assert.notEqual(
      unknownKey("spark.yarn.executors.memoryOverhead")?.nearest,
      "spark.yarn.executor.memoryOverhead",
    );
    assert.deepEqual(unknownKey("spark.blacklist.enable"), nothing);
  });
});

describe("unknownKey: what is known", () => {
  it("is every recorded key, in its first and last version", () => {
    for (const text of recorded.keys) {
      const [key = ""] = text.split(" ");
      const known = knownKey(key);
      assert.ok(known, key);
      assert.equal(unknownKey(key), undefined);
      assert.equal(unknownKey(key, { version: known.from }), undefined, key);
      assert.equal(unknownKey(key, { version: `${known.until}.0-rc1` }), undefined, key);
    }
  });

  it("is every name that Spark calls old", () => {
    for (const key of [...Object.keys(recorded.renamed), ...Object.keys(recorded.deprecated)]) {
      assert.equal(unknownKey(key), undefined, key);
    }
    for (const key of Object.values(recorded.renamed)) assert.equal(unknownKey(key), undefined);
  });

  it("is every key of the recorded runs", () => {
    const all = [...scenarios, ...shapes].map(({ submission }) => submission.conf ?? {});
    const keys = all.flatMap((conf) => Object.keys(conf));
    assert.ok(keys.length > 20);
    assert.deepEqual(unknownKeys(keys), []);
  });

  it("is what begins so that the user chooses the rest", () => {
    for (const prefix of [...OPEN_PREFIXES, ...FOREIGN_PREFIXES]) {
      assert.match(prefix, /^spark\..*\.$/);
      assert.equal(unknownKey(`${prefix}example.com/a`), undefined);
      assert.notEqual(unknownKey(prefix), undefined, "nothing follows");
    }
  });

  it("is what Spark makes of parts", () => {
    const entries = new Set(recorded.keys.map((text) => text.split(" ")[0]));
    assert.deepEqual(
      COMPOSED_KEYS.filter((key) => entries.has(key)),
      [],
    );
    for (const key of [
      "spark.kubernetes.authenticate.submission.oauthTokenFile",
      "spark.kubernetes.authenticate.caCertFile",
      "spark.shuffle.io.maxRetries",
      "spark.files.io.connectionTimeout",
      "spark.driver.rpc.io.serverThreads",
      "spark.org.example.AuthenticationFilter.param.type",
      "spark.org.example.AuthenticationFilter.params",
    ]) {
      assert.equal(unknownKey(key), undefined, key);
    }
  });

  it("is what does not begin with spark.: Spark says itself that it ignores it", () => {
    for (const key of ["", "spark", "Spark.executor.memory", "hadoop.tmp.dir", "__proto__"]) {
      assert.equal(unknownKey(key), undefined);
    }
  });
});

describe("unknownKey: versions", () => {
  it("says which versions know a key that this one does not", () => {
    const later = { nearest: undefined, knownIn: "4.0 to 4.3" };
    assert.deepEqual(unknownKey("spark.api.mode", { version: "3.5.3" }), later);
    assert.equal(unknownKey("spark.api.mode", { version: "4.0.0" }), undefined);
    const earlier = { nearest: undefined, knownIn: "3.5" };
    assert.deepEqual(unknownKey("spark.mesos.coarse", { version: "4.1" }), earlier);
    assert.equal(unknownKey("spark.mesos.coarse"), undefined);
  });

  it("minds no version where the user chooses the rest, though a release names such a key", () => {
    const key = "spark.hadoop.fs.s3a.vectored.read.min.seek.size";
    assert.equal(knownKey(key)?.from, "4.0");
    assert.equal(unknownKey(key, { version: "3.5" }), undefined);
  });

  it("names only what this version knows", () => {
    assert.equal(unknownKey("spark.api.mod")?.nearest, "spark.api.mode");
    assert.equal(unknownKey("spark.api.mod", { version: "4.1" })?.nearest, "spark.api.mode");
    assert.deepEqual(unknownKey("spark.api.mod", { version: "3.5" }), nothing);
  });

  it("takes what any knows of a version that was not recorded", () => {
    for (const version of ["3.4.1", "9.0", "", "latest", "4"]) {
      assert.equal(unknownKey("spark.api.mode", { version }), undefined, version);
    }
  });
});

describe("unknownKey: hostile keys", () => {
  it("are unknown like others", () => {
    for (const key of [
      ...["__proto__", "constructor", "toString", "sql.__proto__", "sql.constructor.prototype"],
      ...["\u0000", "\ud800", "a b", "ключ", "executor.memory\n"],
    ]) {
      const unknown = unknownKey(`spark.${key}`);
      assert.ok(unknown);
      assert.equal(unknown.knownIn, undefined);
    }
  });

  it("are looked at by their beginning alone where they are long", () => {
    const long = "x".repeat(1 << 20);
    assert.deepEqual(unknownKey(`spark.${long}`), nothing);
    assert.deepEqual(unknownKey(`spark.executor.memor.${long}`), nothing);
    assert.deepEqual(unknownKey(`spark${".a".repeat(1 << 19)}`), nothing);
    assert.deepEqual(unknownKey(`spark${".".repeat(1 << 20)}`), nothing);
    assert.equal(unknownKey(`spark.hadoop.${long}`), undefined);
    assert.equal(unknownKey(`spark.rapids.${long}`), undefined);
  });

  it("are all told of, and what was meant of the first fifty", () => {
    const keys = Array.from({ length: 20_000 }, (_, index) => `spark.executor.memory${index % 10}`);
    const unknown = unknownKeys(["spark.executor.memory", ...keys]);
    assert.equal(unknown.length, keys.length);
    const named = unknown.filter(({ nearest }) => nearest === "spark.executor.memory");
    assert.deepEqual(named, unknown.slice(0, 50));
    assert.deepEqual(unknown[50], { key: "spark.executor.memory0", ...nothing });
  });
});

describe("knownKey", () => {
  it("tells the type, with the unit of a bare number", () => {
    const types = {
      "spark.executor.memory": "bytes:MiB",
      "spark.shuffle.file.buffer": "bytes:KiB",
      "spark.network.timeout": "time:s",
      "spark.kubernetes.allocation.batch.delay": "time:ms",
      "spark.decommission.enabled": "boolean",
      "spark.executor.instances": "int",
      "spark.kubernetes.memoryOverheadFactor": "double",
      "spark.kubernetes.executor.request.cores": "string",
      "spark.kubernetes.container.image.pullSecrets": "list",
      "spark.master": "any",
    };
    for (const [key, type] of Object.entries(types)) assert.equal(knownKey(key)?.type, type, key);
  });

  it("tells what took the place of an old name, and what Spark says of it", () => {
    const old = knownKey("spark.yarn.executor.memoryOverhead");
    assert.equal(old?.renamedTo, "spark.executor.memoryOverhead");
    assert.match(knownKey("spark.blacklist.enabled")?.deprecated ?? "", /^3\.1\.0: Not used any/);
    assert.equal(knownKey("spark.executor.memory")?.renamedTo, undefined);
  });

  it("knows nothing of what the user chooses, and of unknown keys", () => {
    for (const key of ["spark.hadoop.a", "spark.acme", "__proto__", "x".repeat(1 << 20)]) {
      assert.equal(knownKey(key), undefined);
    }
  });
});
