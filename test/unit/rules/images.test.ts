import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decide } from "../../../src/engine/decide.ts";
import type { Violation } from "../../../src/engine/policy.ts";
import type { Pod, PodSpec } from "../../../src/kubernetes/pod.ts";
import { admitted, driverPod } from "../../fixtures/pods.ts";
import { compile, policySet, policyText } from "../../fixtures/policies.ts";
import { NO_FACTS } from "../../fixtures/facts.ts";

const HEX = "0123456789abcdef".repeat(4);

function violations(rule: Readonly<Record<string, unknown>>, pod: Pod): readonly Violation[] {
  const decision = decide(policySet(policyText("pin", { images: rule })), admitted(pod), NO_FACTS);
  assert.equal(decision.kind, "decided");
  return decision.enforced.outcomes.flatMap((outcome) => outcome.violations);
}

function withImage(image: string): Pod {
  return driverPod({ spec: { containers: [{ name: "spark-kubernetes-driver", image }] } });
}

function messages(rule: Readonly<Record<string, unknown>>, image: string): readonly string[] {
  return violations(rule, withImage(image)).map(({ message }) => message);
}

describe("images: tags", () => {
  const pinned = [
    "spark:3.5.1",
    "reg:5000/spark:3.5.1",
    `spark@sha256:${HEX}`,
    `reg:5000/spark:latest@sha256:${HEX}`,
    "spark:latest-2024",
    "spark:mainline",
  ];
  for (const image of pinned) {
    it(`takes ${image} for pinned`, () => {
      assert.deepEqual(messages({}, image), []);
    });
  }

  const loose: readonly (readonly [string, string])[] = [
    ["spark", "'spark' has no tag"],
    ["reg:5000/spark", "'reg:5000/spark' has no tag"],
    ["spark:latest", "'spark:latest' has a mutable tag"],
    ["spark:Latest", "'spark:Latest' has a mutable tag"],
    ["reg:5000/spark:MAIN", "'reg:5000/spark:MAIN' has a mutable tag"],
    ["spark:4.0.0-SNAPSHOT", "'spark:4.0.0-SNAPSHOT' has a mutable tag"],
    ["spark:4.0.0-snapshot", "'spark:4.0.0-snapshot' has a mutable tag"],
    ["spark:", "'spark:' is not an image reference"],
    ["spark@sha256:abc", "'spark@sha256:abc' is not an image reference"],
    [" spark:3.5.1", "' spark:3.5.1' is not an image reference"],
    [HEX, `'${HEX}' is not an image reference`],
  ];
  for (const [image, message] of loose) {
    it(`says: ${message}`, () => {
      assert.deepEqual(messages({}, image), [message]);
    });
  }

  it("asks for the tags that the policy calls mutable, and for no others", () => {
    assert.deepEqual(messages({ mutableTags: ["rc?"] }, "spark:latest"), []);
    assert.equal(messages({ mutableTags: ["rc?"] }, "spark:RC1").length, 1);
    assert.equal(messages({ mutableTags: [] }, "spark").length, 1);
  });

  it("wants a digest under pin: Digest, however good the tag", () => {
    const [found] = violations({ pin: "Digest" }, withImage("reg:5000/spark:3.5.1"));
    assert.equal(found?.message, "'reg:5000/spark:3.5.1' has no digest");
    assert.match(found.fix ?? "", /=reg:5000\/spark@sha256:DIGEST$/);
    assert.deepEqual(messages({ pin: "Digest" }, `spark@sha256:${HEX}`), []);
  });
});

describe("images: what is told", () => {
  it("is the field, the value and the conf that mends it", () => {
    const pod = driverPod({
      spec: {
        containers: [
          { name: "logs", image: "fluent-bit:3" },
          { name: "spark-kubernetes-driver", image: "reg:5000/spark:latest" },
        ],
      },
    });
    assert.deepEqual(violations({}, pod), [
      {
        field: "spec.containers[1].image",
        message: "'reg:5000/spark:latest' has a mutable tag",
        fix: "--conf spark.kubernetes.container.image=reg:5000/spark:TAG (or @sha256:DIGEST)",
      },
    ]);
  });

  it("names a registry that is allowed, without doubling its slash", () => {
    for (const registry of ["registry.acme.com/spark", "registry.acme.com/spark/"]) {
      const [found] = violations({ registries: [registry] }, withImage("evil.io/spark:1"));
      assert.match(found?.fix ?? "", /=registry\.acme\.com\/spark\/NAME:TAG/);
    }
  });

  it("is both, where the tag and the registry are wrong", () => {
    assert.deepEqual(messages({ registries: ["quay.io"] }, "spark"), [
      "'spark' has no tag",
      "'spark' is not from an allowed registry (quay.io)",
    ]);
  });
});

describe("images: registries", () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ["registry.acme.com/spark", "registry.acme.com/spark/etl:1", true],
    ["registry.acme.com/spark", "registry.acme.com/spark:1", true],
    ["registry.acme.com/spark/", "registry.acme.com/spark/etl:1", true],
    ["registry.acme.com/spark", "REGISTRY.acme.com/spark/etl:1", true],
    ["registry.acme.com/spark", "registry.acme.com/sparkling:1", false],
    ["registry.acme.com/spark", "registry.acme.com:5000/spark:1", false],
    ["registry.acme.com", "registry.acme.com.evil.io/spark:1", false],
    ["registry.acme.com", "evil.io/registry.acme.com/spark:1", false],
    ["registry.acme.com", "registry.acme.com@evil.io/spark:1", false],
    ["registry.acme.com", "registry.acme.com/../evil/spark:1", false],
    ["docker.io", "spark:1", true],
    ["docker.io/library", "spark:1", true],
    ["docker.io/apache", "apache/spark:1", true],
    ["apache", "index.docker.io/apache/spark:1", true],
    ["docker.io/apache", "evil/spark:1", false],
  ];
  for (const [registry, image, allowed] of cases) {
    it(`${allowed ? "allows" : "does not allow"} ${image} where ${registry} is`, () => {
      assert.equal(messages({ registries: [registry] }, image).length === 0, allowed);
    });
  }
});

describe("images: several registries", () => {
  const registries = ["registry.acme.com//", "quay.io/spark"];

  it("allow what is from one of them", () => {
    for (const image of ["registry.acme.com/etl:1", "quay.io/spark/etl:1"]) {
      assert.deepEqual(messages({ registries }, image), []);
    }
  });

  it("are all told where it is from none", () => {
    assert.deepEqual(messages({ registries }, "quay.io/other:1"), [
      "'quay.io/other:1' is not from an allowed registry (registry.acme.com, quay.io/spark)",
    ]);
  });

  for (const [what, rule] of [
    ["that are no texts", { registries: [1] }],
    ["that are empty", { registries: [""] }],
    ["of which there are none", { registries: [] }],
  ] as const) {
    it(`${what} are refused when the policy loads`, () => {
      assert.equal(compile(policyText("p", { images: rule })).problems.length, 1);
    });
  }
});

describe("images: rules that cannot be meant", () => {
  for (const rule of [
    { pin: "tag" },
    { mutableTags: [1] },
    { mutableTags: [""] },
    { containers: ["spark"] },
    { containers: ["Spark", "Spark"] },
    { containers: [] },
    { tags: ["latest"] },
  ]) {
    it(`${JSON.stringify(rule)} is refused when the policy loads`, () => {
      assert.equal(compile(policyText("p", { images: rule })).problems.length, 1);
    });
  }
});

describe("images: every place that names one", () => {
  const spec: PodSpec = {
    containers: [
      { name: "logs", image: "side" },
      { name: "spark-kubernetes-driver", image: "spark" },
    ],
    initContainers: [{ name: "fetch", image: "init" }],
    volumes: [{ name: "data" }, { name: "jars", image: { reference: "volume" } }],
  };
  const fields = (rule: Readonly<Record<string, unknown>>) =>
    violations(rule, driverPod({ spec })).map(({ field }) => field);

  it("is judged unless the policy says otherwise", () => {
    assert.deepEqual(fields({}), [
      "spec.containers[0].image",
      "spec.containers[1].image",
      "spec.initContainers[0].image",
      "spec.volumes[1].image.reference",
    ]);
  });

  const kinds: readonly (readonly [string, string])[] = [
    ["Sidecar", "spec.containers[0].image"],
    ["Spark", "spec.containers[1].image"],
    ["Init", "spec.initContainers[0].image"],
    ["Volume", "spec.volumes[1].image.reference"],
  ];
  for (const [kind, field] of kinds) {
    it(`is judged alone where only ${kind} is asked for`, () => {
      assert.deepEqual(fields({ containers: [kind] }), [field]);
    });
  }

  it("is told to be mended in the pod template, except Spark's own", () => {
    const fixes = violations({}, driverPod({ spec })).map(({ fix }) => fix?.startsWith("--conf"));
    assert.deepEqual(fixes, [false, true, false, false]);
  });

  it("may be without an image, which is the API server's to refuse", () => {
    const containers = [{ name: "a", image: null }, { name: "b", image: "" }, { name: "c" }];
    assert.deepEqual(violations({}, driverPod({ spec: { containers } })), []);
  });

  it("may be missing: no spec, and lists that are null", () => {
    const { metadata } = driverPod();
    const lists = { containers: null, initContainers: null, ephemeralContainers: null };
    const kinds = ["Spark", "Sidecar", "Init", "Volume", "Ephemeral"];
    for (const spec of [undefined, {}, { ...lists, volumes: null }]) {
      const pod = { ...(metadata != null && { metadata }), ...(spec !== undefined && { spec }) };
      const rule = policySet(policyText("pin", { images: { containers: kinds } }));
      const decision = decide(rule, admitted(pod), NO_FACTS);
      assert.ok(decision.kind === "decided");
      const [outcome] = decision.enforced.outcomes;
      assert.deepEqual([outcome?.violations, outcome?.error], [[], undefined]);
    }
  });
});

describe("images: hostile text", () => {
  const hostile = [
    'spark"; rm -rf /',
    "spark\nWarning: all is well",
    "spark\\u0000\u0000\u001b[2J",
    "spark\u2028line",
    `${"a/".repeat(100_000)}spark`,
    "x".repeat(3 * 2 ** 20),
    `spark:${"a".repeat(3 * 2 ** 20)}`,
    "\ud800",
  ];
  for (const image of hostile) {
    it(`is refused and told in one short clean line: ${JSON.stringify(image.slice(0, 30))}`, () => {
      const began = performance.now();
      const [found, ...more] = violations({ registries: ["quay.io"] }, withImage(image));
      assert.ok(performance.now() - began < 5000);
      assert.deepEqual(more, []);
      const told = `${found?.message ?? ""} ${found?.fix ?? ""}`;
      assert.match(told, /is not an image reference/);
      assert.doesNotMatch(told, /["\\\p{Cc}\p{Cs}\u2028\u2029]/u);
      assert.ok(told.length < 300);
    });
  }
});

describe("images: UPDATE", () => {
  function updated(rule: Readonly<Record<string, unknown>>, before: PodSpec, after: PodSpec) {
    const decision = decide(
      policySet(policyText("pin", { images: rule })),
      admitted(driverPod({ spec: after }), {
        ...{ operation: "UPDATE", admission: "validating" },
        oldObject: driverPod({ spec: before }),
      }),
      NO_FACTS,
    );
    assert.equal(decision.kind, "decided");
    return decision.enforced.outcomes.flatMap(({ violations }) =>
      violations.map(({ field, message, fix }) => `${field}: ${message}. ${fix}`),
    );
  }
  const spark = (image: string) => ({ name: "spark-kubernetes-driver", image });
  const debug = (image: string): PodSpec => ({
    containers: [spark("spark:1")],
    ephemeralContainers: [{ name: "debugger", image }],
  });

  it("judges an image that changed", () => {
    const found = updated(
      {},
      { containers: [spark("spark:1"), { name: "log", image: "log:1" }] },
      { containers: [spark("spark:1"), { name: "log", image: "log:latest" }] },
    );
    assert.deepEqual(found, [
      "spec.containers[1].image: 'log:latest' has a mutable tag. name a pinned image, or leave the one that runs",
    ]);
  });

  it("lets one that was there before go on, in every kind of container", () => {
    const old: PodSpec = {
      containers: [spark("spark:latest")],
      initContainers: [{ name: "init", image: "init" }],
      volumes: [{ name: "jars", image: { reference: "jars:dev" } }],
      ephemeralContainers: [{ name: "debugger", image: "busybox" }],
    };
    const containers = ["Spark", "Sidecar", "Init", "Volume", "Ephemeral"];
    assert.deepEqual(updated({ containers }, old, old), []);
  });

  it("judges the image of kubectl debug only where the policy says Ephemeral", () => {
    const before: PodSpec = { containers: [spark("spark:1")] };
    assert.deepEqual(updated({}, before, debug("busybox")), []);
    assert.equal(updated({ containers: ["Ephemeral"] }, before, debug("busybox:1")).length, 0);
    assert.match(
      updated({ containers: ["Ephemeral"] }, before, debug("busybox"))[0] ?? "",
      /^spec\.ephemeralContainers\[0\]\.image: 'busybox' has no tag/,
    );
  });
});

describe("images: registries that are none", () => {
  for (const registry of ["https://registry.acme.com", "*.acme.com", "registry acme"]) {
    it(`${registry} is refused when the policy loads`, () => {
      const { problems } = compile(
        policyText("p", { images: { registries: ["ok.io", registry] } }),
      );
      assert.deepEqual(
        problems.map(({ path, message }) => `${path}: ${message}`),
        [
          `spec.images.registries[1]: '${registry}' is no registry: no scheme and no wildcards, such as registry.acme.com/spark`,
        ],
      );
    });
  }
});
