import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { compileGlobs } from "../../src/kubernetes/glob.ts";
import {
  formatImageReference,
  isWithinRegistry,
  parseImageReference,
} from "../../src/kubernetes/image-reference.ts";
import { isPod, podShapeErrors } from "../../src/kubernetes/pod-shape.ts";
import { parseQuantity } from "../../src/kubernetes/quantity.ts";

/** Text of the characters that mean something in image names, so that much of it is valid or nearly. */
const imageText = fc.oneof(
  fc.string(),
  fc.string({ unit: fc.constantFrom(...Array.from("abAZ019._-/:@[]")), maxLength: 40 }),
  fc
    .tuple(
      fc.constantFrom(
        "",
        "docker.io/",
        "index.docker.io/",
        "Docker.io/",
        "REG/",
        "reg:5000/",
        "[::1]/",
      ),
      fc.constantFrom("spark", "a/b", "library/spark", "a__b/c-d", "A"),
      fc.constantFrom("", ":4", ":latest", ":"),
      fc.constantFrom("", `@sha256:${"0".repeat(64)}`, `@x:${"F".repeat(32)}`, "@sha256:0"),
    )
    .map((parts) => parts.join("")),
);

describe("parseImageReference", () => {
  it("never throws, and what it reads reads back the same", () => {
    fc.assert(
      fc.property(imageText, (text) => {
        const ref = parseImageReference(text);
        if (ref === undefined) return;
        assert.deepEqual(parseImageReference(formatImageReference(ref)), ref);
        assert.ok(isWithinRegistry(ref, ref.registry));
        assert.ok(isWithinRegistry(ref, `${ref.registry}/${ref.repository}`));
        assert.ok(!isWithinRegistry(ref, `${ref.registry}/${ref.repository}x`));
      }),
      { numRuns: 20_000 },
    );
  });
});

describe("compileGlobs", () => {
  const letters = fc.string({ unit: fc.constantFrom(...Array.from("ab.*?")), maxLength: 8 });

  it("agrees with the regular expression it stands for", () => {
    fc.assert(
      fc.property(letters, letters, (pattern, text) => {
        const source = pattern.replaceAll(".", "\\.").replaceAll("?", ".").replaceAll("*", ".*");
        assert.equal(compileGlobs([pattern])(text), new RegExp(`^${source}$`, "s").test(text));
      }),
      { numRuns: 20_000 },
    );
  });
});

describe("parseQuantity", () => {
  it("gives a finite number or nothing for any text", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...Array.from("019.eE+-mKMGi")) })),
        (text) => {
          const amount = parseQuantity(text);
          assert.ok(amount === undefined || Number.isFinite(amount));
        },
      ),
      { numRuns: 5000 },
    );
  });

  it("reads any finite JSON number as itself", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (amount) => {
        assert.equal(parseQuantity(amount), amount === 0 ? 0 : amount);
      }),
    );
  });
});

describe("podShapeErrors", () => {
  const parts = [
    "metadata",
    "labels",
    "spec",
    "containers",
    "name",
    "env",
    "__proto__",
    "toString",
  ];
  const podLike = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom(null, true, 1, "x"),
      fc.array(tie("value"), { maxLength: 3 }),
      fc
        .array(fc.tuple(fc.constantFrom(...parts), tie("value")), { maxLength: 4 })
        .map((entries) => Object.fromEntries(entries)),
    ),
  })).value;

  it("never throws, and names a reason exactly where the type guard refuses", () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), podLike), (value) => {
        const errors = podShapeErrors(value);
        assert.equal(errors.length === 0, isPod(value));
        assert.ok(errors.length <= 10);
      }),
      { numRuns: 5000 },
    );
  });
});
