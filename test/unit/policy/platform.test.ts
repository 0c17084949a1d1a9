import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { problemText } from "../../../src/policy/problem.ts";
import { compile, policyText } from "../../fixtures/policies.ts";

function platform(capacities: string): string {
  return `apiVersion: sparkgate.io/v1alpha1
kind: SparkPlatform
metadata: {name: mine}
spec:
  capacityKeys: [acme.com/pool]
  capacities:
${capacities}`;
}

const SPOT = `    - name: spot
      nodeSelectorTerms:
        - matchExpressions: [{key: acme.com/pool, operator: In, values: [spot]}]
`;

function problems(text: string): readonly string[] {
  return compile(text).problems.map(problemText);
}

describe("SparkPlatform", () => {
  it("is taken where nothing is wrong, and a placement can name it", () => {
    const policy = policyText("p", { placement: { platform: "mine", capacity: "spot" } });
    assert.deepEqual(compile([platform(SPOT), policy]).problems, []);
  });

  const requirement = (text: string) =>
    platform(SPOT.replace("operator: In, values: [spot]", text));
  const term = "spec.capacities[0].nodeSelectorTerms[0]";

  const cases: readonly (readonly [string, string, string])[] = [
    [
      "two capacities of one name",
      platform(SPOT + SPOT),
      "a.yaml:10:13: spec.capacities[1].name: 'spot' is a duplicate",
    ],
    [
      "In without values, which matches no node",
      requirement("operator: In"),
      `a.yaml:9:30: ${term}.matchExpressions[0]: In needs values`,
    ],
    [
      "Exists with values, which the API server refuses",
      requirement("operator: Exists, values: [a]"),
      `a.yaml:9:30: ${term}.matchExpressions[0]: Exists takes no values`,
    ],
    [
      "Gt with a word",
      requirement("operator: Gt, values: [many]"),
      `a.yaml:9:30: ${term}.matchExpressions[0]: Gt needs one whole number as its value`,
    ],
    [
      "a capacity that no capacity key tells from another",
      platform(SPOT.replace("acme.com/pool", "acme.com/disk")),
      `a.yaml:9:11: ${term}: names none of the capacityKeys (acme.com/pool)`,
    ],
    [
      "a toleration without a key, which tolerates everything",
      platform(`${SPOT}      tolerations: [{operator: Exists}]\n`),
      "a.yaml:10:21: spec.capacities[0].tolerations[0]: key is missing",
    ],
  ];
  for (const [name, text, expected] of cases) {
    it(`refuses ${name}`, () => {
      assert.deepEqual(problems(text), [expected]);
    });
  }

  it("does not take a capacity for its own fallback", () => {
    const placement = { platform: "karpenter", capacity: "spot", fallback: ["spot"] };
    const [problem] = problems(policyText("p", { placement }));
    assert.match(
      problem ?? "",
      /fallback\[0\]: 'spot' is the capacity already, allowed: on-demand/,
    );
  });
});

describe("SparkPlatform: eviction", () => {
  const withEviction = (text: string) => `${platform(SPOT)}  eviction: ${text}\n`;

  it("is taken with what protects alone, and with what allows", () => {
    for (const text of ["{protect: {a.b/c: x}}", '{protect: {a: ""}, allow: {d: "y"}}']) {
      assert.deepEqual(problems(withEviction(text)), []);
    }
  });

  const cases: readonly (readonly [string, string, RegExp])[] = [
    ["nothing that protects", "{allow: {a: x}}", /spec\.eviction: protect is missing/],
    ["an empty protection", "{protect: {}}", /spec\.eviction\.protect: /],
    ["a boolean for a value", "{protect: {a: true}}", /spec\.eviction\.protect\.a: /],
    [
      "a key of two slashes",
      "{protect: {a/b/c: x}}",
      /'a\/b\/c' cannot be the key of an annotation/,
    ],
    ["such a key where it allows", "{protect: {a: x}, allow: {'': x}}", /spec\.eviction\.allow/],
  ];
  for (const [name, text, expected] of cases) {
    it(`refuses ${name}`, () => {
      const found = problems(withEviction(text));
      assert.equal(found.length, 1);
      assert.match(found[0] ?? "", expected);
    });
  }
});

describe("SparkPlatform: localDisks", () => {
  const withDisks = (...disks: readonly string[]) =>
    `${platform(SPOT)}  localDisks:\n${disks.map((disk) => `    - ${disk}\n`).join("")}`;
  const terms = "nodeSelectorTerms: [{matchExpressions: [{key: disk, operator: Exists}]}]";
  const disk = (source: string, name = "nvme", where = terms) =>
    `{name: ${name}, ${where}, volumeSource: ${source}}`;

  it("are taken where nothing is wrong, and localDirs can name them", () => {
    const rule = { platform: "mine", disk: "other" };
    const text = withDisks(
      disk("{emptyDir: {}}"),
      disk("{hostPath: {path: /mnt/0, type: Directory}}", "other"),
    );
    assert.deepEqual(compile([text, policyText("p", { localDirs: rule })]).problems, []);
  });

  const cases: readonly (readonly [string, string, RegExp])[] = [
    [
      "two of one name",
      withDisks(disk("{emptyDir: {}}"), disk("{emptyDir: {}}")),
      /^a\.yaml:12:14: spec\.localDisks\[1\]\.name: 'nvme' is a duplicate$/,
    ],
    [
      "a source of two kinds",
      withDisks(disk("{emptyDir: {}, hostPath: {path: /x, type: Directory}}")),
      /spec\.localDisks\[0\]\.volumeSource: needs exactly one of: emptyDir, hostPath, ephemeral/,
    ],
    [
      "a folder that kubelets would make",
      withDisks(disk("{hostPath: {path: /x}}")),
      /spec\.localDisks\[0\]\.volumeSource\.hostPath: .*type/,
    ],
    [
      "a term that the API server refuses",
      withDisks(disk("{emptyDir: {}}", "nvme", terms.replace("Exists", "In"))),
      /spec\.localDisks\[0\]\.nodeSelectorTerms\[0\]\.matchExpressions\[0\]: In needs values$/,
    ],
    [
      "a kind of source that is no disk",
      withDisks(disk("{configMap: {name: x}}")),
      /spec\.localDisks\[0\]\.volumeSource\.configMap: unknown key/,
    ],
  ];
  for (const [what, text, expected] of cases) {
    it(`tells ${what}`, () => {
      const found = problems(text);
      assert.equal(found.length, 1, found.join("\n"));
      assert.match(found[0] ?? "", expected);
    });
  }
});
