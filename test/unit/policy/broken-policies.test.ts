// Files with one fault each: whoever wrote it is told where it is and what to do about it, in one line.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compilePolicies } from "../../../src/policy/compile.ts";
import { problemText, type Problem } from "../../../src/policy/problem.ts";
import { LARGEST_POLICY_FILE, sourceOf } from "../../../src/policy/source.ts";
import { misspeltPolicies, SPECIAL_FAULTS } from "../../fixtures/broken-policies.ts";
import { policyOf, type BrokenFile } from "../../fixtures/broken-policies/broken-file.ts";
import { schemaFaults, schemaPlaces } from "../../fixtures/broken-policies/schema-faults.ts";
import { SOUND_DOCUMENTS } from "../../fixtures/broken-policies/sound-documents.ts";
import { SOUND_IMAGES } from "../../fixtures/broken-policies/sound-policies.ts";
import { shipped } from "../../fixtures/policies.ts";

const FILE = "broken.yaml";

/** Of the shipped platforms the one that the documents name: all of them would take five times as long. */
const BESIDE = [
  ...shipped("platforms").filter(({ file }) => file.endsWith("/karpenter.yaml")),
  { ...SOUND_IMAGES, file: "beside.yaml", shipped: true },
];

/** What is told of a file, as it is read by the commands. */
function problemsOf(content: string | Uint8Array): readonly Problem[] {
  const source = sourceOf(FILE, Buffer.from(content), LARGEST_POLICY_FILE);
  return compilePolicies([...BESIDE, source], { platform: "karpenter" }).problems;
}

/** What of this is not as it should be; nothing where all is. */
function complaint({ name, content, line, path, says }: BrokenFile): string | undefined {
  const problems = problemsOf(content);
  const told = problems.some(
    (problem) => problem.line === line && problem.path === path && problem.message.includes(says),
  );
  const wanted = `${name}: ${FILE}:${line}: ${path}: ${says}`;
  if (!told) return [wanted, ...problems.slice(0, 5).map(problemText)].join("\n  ");
  const unfit = problems.find((problem) => !isFit(problem));
  return unfit && `${name}: ${JSON.stringify(problemText(unfit))}`;
}

function isFit({ file, line, path, message }: Problem): boolean {
  const inOneLine = !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(path + message);
  return file === FILE && line >= 1 && inOneLine && message !== "" && message.length < 600;
}

const misspelt = misspeltPolicies();

describe("documents without a fault", () => {
  for (const { name, text } of SOUND_DOCUMENTS) {
    it(`${name}: nothing is told of it`, () => {
      assert.deepEqual(problemsOf(text), []);
    });
  }

  it("have every key of the schemas, so that faults are made at each", () => {
    const visited = new Set<string>();
    for (const document of SOUND_DOCUMENTS) schemaFaults(document, visited);
    // The status is the API server's own.
    const missing = schemaPlaces().filter(
      (place) => !visited.has(place) && !place.endsWith(".status"),
    );
    assert.deepEqual(missing, []);
  });

  const sound = policyOf("images: {}");
  const others: readonly (readonly [string, string])[] = [
    ["with a byte order mark", `\ufeff${sound}`],
    [
      "put together from two with a byte order mark",
      `\ufeff${sound}---\n\ufeff${sound.replace("name: p", "name: q")}`,
    ],
    ["with Windows' line ends", sound.replaceAll("\n", "\r\n")],
    ["with an empty document before and after", `---\n---\n${sound}---\n# nothing\n`],
    [
      "with a merge",
      policyOf("match: &m {roles: [driver]}", "exclude: {<<: [*m], namespaces: [a]}", "images: {}"),
    ],
    ["with a written replacement character", policyOf("description: \ufffd", "images: {}")],
    [
      "with as many aliases as are allowed",
      policyOf("description: &d a", `match: {namespaces: [${"*d, ".repeat(98)}*d]}`, "images: {}"),
    ],
    ["with as many bytes as are read", sound + "#".repeat(LARGEST_POLICY_FILE - sound.length)],
  ];
  for (const [what, text] of others) {
    it(`a policy ${what}: nothing is told of it`, () => {
      assert.deepEqual(problemsOf(text).map(problemText), []);
    });
  }
});

describe("faults that the schemas know", () => {
  it("are many", () => {
    const count = [...misspelt.values()].reduce((sum, { length }) => sum + length, 0);
    assert.ok(count >= 900, String(count));
  });

  for (const [name, faults] of misspelt) {
    it(`${name}: each of ${faults.length} is told with its place and a hint`, () => {
      const complaints = faults.map(complaint).filter((each) => each !== undefined);
      assert.equal(complaints.length, 0, complaints.slice(0, 10).join("\n"));
    });
  }
});

describe("faults of other kinds", () => {
  it("have names of their own", () => {
    assert.equal(new Set(SPECIAL_FAULTS.map(({ name }) => name)).size, SPECIAL_FAULTS.length);
  });

  for (const fault of SPECIAL_FAULTS) {
    it(`tells ${fault.name}`, { timeout: 30_000 }, () => {
      assert.equal(complaint(fault), undefined);
    });
  }
});
