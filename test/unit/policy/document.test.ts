import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { problemText } from "../../../src/policy/problem.ts";
import { parseDocuments } from "../../../src/policy/document.ts";
import { compile, policyText } from "../../fixtures/policies.ts";

function parse(text: string) {
  const { documents, problems } = parseDocuments({ file: "f.yaml", text });
  const bare = documents.flatMap((document) => document.bareBooleans());
  return {
    values: documents.map(({ value }) => value),
    problems: [...problems, ...bare].map(problemText),
    documents,
  };
}

describe("parseDocuments: nothing in it", () => {
  for (const text of [
    "",
    "\n\n",
    "# only\n# comments\n",
    "---\n",
    "---\n---\n# x\n---\n",
    "\ufeff",
  ]) {
    it(`finds no document in ${JSON.stringify(text)}`, () => {
      const { values, problems } = parse(text);
      assert.deepEqual([values, problems], [[], []]);
    });
  }
});

describe("parseDocuments: tags that YAML does not know", () => {
  const TAG = "is a tag to YAML, and would be dropped: text that begins with ! needs quotes";
  const CASES: readonly (readonly [text: string, problem: string])[] = [
    ["a:\n  b: !x Enforce", `f.yaml:2:6: a.b: ${TAG}`],
    ["a: [!has(b.c) && true]", `f.yaml:1:5: a[0]: ${TAG}`],
    ["a: ! has(b.c)", `f.yaml:1:6: a: ${TAG}`],
    ["a: !!foo 1", `f.yaml:1:4: a: ${TAG}`],
    ["a: !x {b: 1}", `f.yaml:1:4: a: ${TAG}`],
    ["!x a: 1", `f.yaml:1:1: a: ${TAG}`],
  ];
  for (const [text, problem] of CASES) {
    it(JSON.stringify(text), () => {
      assert.deepEqual(parse(text).problems, [problem]);
    });
  }

  it("are each told at their own place", () => {
    assert.deepEqual(
      parse("a: !x 1\nb: !x 2\n").problems.map((text) => text.slice(0, 15)),
      ["f.yaml:1:4: a: ", "f.yaml:2:4: b: "],
    );
  });

  it("also where the rest is no YAML any more", () => {
    const [problem = ""] = parse('a: !("team" in b)').problems;
    assert.match(problem, /^f\.yaml:1:6: is not YAML: .*; text that begins with ! needs quotes$/);
  });

  it("let those pass that YAML knows", () => {
    const { values, problems } = parse("a: !!str 1\nb: !!int '7'\n");
    assert.deepEqual([values, problems], [[{ a: "1", b: 7 }], []]);
  });
});

describe("parseDocuments: forms", () => {
  it("reads several documents, and places problems in their own", () => {
    const { values, documents } = parse("a: 1\n---\n# two\nb:\n  c: 2\n...\n---\nd: 3\n");
    assert.deepEqual(values, [{ a: 1 }, { b: { c: 2 } }, { d: 3 }]);
    assert.equal(
      problemText(documents[1]?.problem(["b", "c"], "bad") ?? never()),
      "f.yaml:5:6: b.c: bad",
    );
    assert.equal(problemText(documents[2]?.problem([], "bad") ?? never()), "f.yaml:8:1: bad");
  });

  const value = { a: { b: ["no", 1, null] } };
  for (const indent of [undefined, 2, "\t"]) {
    it(`reads JSON indented by ${JSON.stringify(indent)}`, () => {
      const { values, problems } = parse(JSON.stringify(value, undefined, indent));
      assert.deepEqual([values, problems], [[value], []]);
    });
  }

  it("reads lines that end as on Windows, and keeps count", () => {
    const { values, documents } = parse("a: 1\r\nb: 2\r\n");
    assert.deepEqual(values, [{ a: 1, b: 2 }]);
    assert.equal(documents[0]?.problem(["b"], "").line, 2);
  });

  it("unfolds a List, with places inside it", () => {
    const text = "kind: List\nitems:\n- kind: A\n- kind: B\n  spec: {x: 1}\n";
    const { values, documents } = parse(text);
    assert.deepEqual(values, [{ kind: "A" }, { kind: "B", spec: { x: 1 } }]);
    const problem = documents[1]?.problem(["spec", "x"], "bad") ?? never();
    assert.equal(problemText(problem), "f.yaml:5:13: spec.x: bad");
  });

  it("reads a policy as kubectl get prints it", () => {
    const list = {
      apiVersion: "v1",
      kind: "List",
      metadata: { resourceVersion: "" },
      items: [
        {
          ...(JSON.parse(policyText("p", { images: {} })) as object),
          metadata: {
            name: "p",
            uid: "11111111-2222-3333-4444-555555555555",
            resourceVersion: "12",
            generation: 1,
            creationTimestamp: "2026-01-01T00:00:00Z",
            managedFields: [{ manager: "kubectl", fieldsV1: { "f:spec": {} } }],
          },
          status: { conditions: [] },
        },
      ],
    };
    const { set, problems } = compile(JSON.stringify(list));
    assert.deepEqual([problems, [...set.names]], [[], ["p"]]);
  });
});

describe("parseDocuments: what YAML 1.1 and 1.2 read differently", () => {
  for (const word of ["y", "Y", "yes", "n", "no", "NO", "on", "On", "off"]) {
    it(`refuses a bare ${word} as a value, with its place`, () => {
      const { problems } = parse(`a:\n  b: ${word}\n`);
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? "", new RegExp(`^f\\.yaml:2:6: .*bare ${word}\\b.*"${word}"`));
    });

    it(`refuses a bare ${word} as a key and in a list`, () => {
      assert.match(parse(`a:\n  ${word}: 1\n`).problems[0] ?? "", /^f\.yaml:2:3: .*bare/);
      assert.match(parse(`a: [x, ${word}]`).problems[0] ?? "", /^f\.yaml:1:8: .*bare/);
    });
  }

  it("takes them in quotes, inside words, and true and false", () => {
    const text = `a: ["no", 'y', nope, "on", true, false, on-demand]`;
    assert.deepEqual(parse(text).values, [
      { a: ["no", "y", "nope", "on", true, false, "on-demand"] },
    ]);
  });

  it("lets other people's objects have them", () => {
    assert.deepEqual(parse("a: no").values, [{ a: "no" }]);
  });
});

describe("parseDocuments: what is no YAML", () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ["a tab for indentation", "a:\n\tb: 1\n", /^f\.yaml:2:1: is not YAML: /],
    ["a list that does not end", "a: [1, 2\n", /^f\.yaml:\d:\d+: is not YAML: /],
    ["a key twice", "a: 1\nb: 2\na: 3\n", /^f\.yaml:3:1: a: is not YAML: the same key twice/],
    [
      "a key twice in JSON",
      '{"a": 1,\n"a": 2}',
      /^f\.yaml:2:1: a: is not YAML: the same key twice/,
    ],
    [
      "an alias of nothing",
      "a: *nothing\n",
      /^f\.yaml:1:4: a: is an alias to YAML, of which there is no anchor before/,
    ],
    ["bytes that are no text", "a: \u0000\u0001", /^f\.yaml/],
  ];
  for (const [what, text, expected] of cases) {
    it(`tells ${what}`, () => {
      const { problems } = parse(text);
      if (what.startsWith("bytes")) return; // either reading is fine: it must not throw
      assert.match(problems[0] ?? "", expected);
    });
  }

  it("leaves out only the document that is wrong", () => {
    const { values, problems } = parse("a: 1\n---\nb: [\n---\nc: 3\n");
    assert.ok(problems.length > 0);
    assert.deepEqual(values[0], { a: 1 });
  });

  it("refuses a document that unfolds to billions, in no time", () => {
    const levels = Array.from(
      { length: 30 },
      (_, level) => `l${level + 1}: &l${level + 1} [${`*l${level},`.repeat(9)}*l${level}]`,
    );
    const began = performance.now();
    const { values, problems } = parse(["l0: &l0 lol", ...levels].join("\n"));
    assert.deepEqual(values, []);
    assert.match(problems[0] ?? "", /^f\.yaml:1:1: .*alias/i);
    assert.ok(performance.now() - began < 10_000);
  });

  it("says where, if a later document has too many aliases", () => {
    const { problems } = parse(`a: 1\n---\nb: &b [x]\nc: [${"*b,".repeat(1000)}*b]\n`);
    assert.match(problems[0] ?? "", /^f\.yaml:3:1: /);
  });

  it("survives a document that is nested a hundred thousand deep", () => {
    const { values, problems } = parse("[".repeat(100_000));
    assert.deepEqual(values, []);
    assert.ok(problems.length > 0);
  });

  it("does not let a key named __proto__ through to objects", () => {
    const { values } = parse("__proto__: {polluted: 1}\na: {__proto__: {polluted: 2}}\n");
    assert.equal(Object.hasOwn(Object.prototype, "polluted"), false);
    assert.equal(Reflect.get(Object(values[0]) as object, "polluted"), undefined);
  });
});

function never(): never {
  throw new Error("no such document");
}

describe("parseDocuments: what is no YAML", () => {
  it("is told once, at the first place, and not for each word behind it", () => {
    const text = "a:\n    b: 1\n   - c: 2\n     d: 3\n     e: 4\n";
    const { problems } = parseDocuments({ file: "a.yaml", text });
    assert.deepEqual(
      problems.map(({ line, message }) => `${line} ${message}`),
      [
        "3 is not YAML: A block sequence may not be used as an implicit map key; is the line indented as those beside it?",
      ],
    );
  });
});

describe("parseDocuments: what is told of a text that is no YAML, or something else to it, quotes nothing of it", () => {
  const SLIPS = [
    ...["!hunter2 x", "!!hunter2 x", "!<hunter2> x", "!hunter2!x x", "*hunter2", "|hunter2"],
    ...['"\\hunter2"', '"\\Uhunter2"', '"\\xhunter2"', '"hunter2', '"hunter2" "hunter2"'],
    ...[
      "hunter2: hunter2: x",
      "[hunter2",
      "{hunter2",
      "@hunter2",
      "`hunter2",
      "&hunter2 [*hunter2]",
    ],
    ...["&hunter2 &hunter2 x", "- hunter2", "'hunter2' hunter2", "> hunter2"],
  ];
  for (const slip of SLIPS) {
    it(slip, () => {
      const { problems } = parse(`a: 1\npassword: ${slip}\nlast: 1\n`);
      assert.ok(problems.length > 0);
      assert.ok(!problems.join("\n").includes("hunter2"), problems.join("\n"));
    });
  }

  it("a directive", () => {
    const { problems } = parse("%hunter2 hunter2\n---\na: {\n");
    assert.ok(!problems.join("\n").includes("hunter2"), problems.join("\n"));
  });
});
