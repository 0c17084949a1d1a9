// Files that are made of the schemas: UPDATE_GOLDEN=1 writes them anew.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parse } from "yaml";
import { readPolicySources, shippedSets } from "../../src/commands/policy-options.ts";
import { isRecord } from "../../src/kubernetes/json.ts";
import { collectDocuments } from "../../src/policy/collect.ts";
import { parseDocuments } from "../../src/policy/document.ts";
import { jsonSchema, jsonSchemaOf } from "../../src/policy/json-schema.ts";
import { problemText } from "../../src/policy/problem.ts";
import { DOCUMENT_KINDS, DOCUMENT_SCHEMAS } from "../../src/policy/schema.ts";
import { referencePage } from "../../src/report/reference.ts";
import { setsPage, type ShippedPolicy } from "../../src/report/sets-page.ts";
import { sparkConfPage } from "../../src/report/spark-conf-page.ts";
import { RULE_KINDS } from "../../src/rules/index.ts";
import { compile, policyText } from "../fixtures/policies.ts";

const ROOT = join(import.meta.dirname, "../..");

function compareWithFile(file: string, text: string): void {
  const path = join(ROOT, file);
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(path, text);
  assert.equal(readFileSync(path, "utf8"), text);
}

describe("docs/policies.md", () => {
  it("is what the schemas say", () => {
    compareWithFile("docs/policies.md", referencePage());
  });

  it("has examples that load", () => {
    const blocks = [...referencePage().matchAll(/```yaml\n(.*?)```/gs)].map(
      ([, text]) => text ?? "",
    );
    const rules = new Set(RULE_KINDS.map(({ key }) => key));
    const whole = blocks.flatMap((text) => {
      const value: unknown = parse(text);
      assert.ok(isRecord(value));
      if (value["kind"] === "SparkPolicyException") return []; // of a policy that is not on the page
      const [key = ""] = Object.keys(value);
      return rules.has(key) ? [policyText(`p-${key.toLowerCase()}`, value)] : [text];
    });
    assert.ok(whole.length >= rules.size + 3);
    assert.deepEqual(compile(whole, { platform: "karpenter" }).problems.map(problemText), []);
  });
});

describe("docs/spark-conf.md", () => {
  it("is what the presets say", () => {
    compareWithFile("docs/spark-conf.md", sparkConfPage());
  });
});

describe("docs/sets.md", () => {
  const rules = RULE_KINDS.map(({ key }) => key);
  const ofSet = (set: string): readonly ShippedPolicy[] =>
    collectDocuments(readPolicySources([set]), []).SparkPolicy.map(({ name, document }) => {
      const { spec } = document.value as { spec: Readonly<Record<string, unknown>> };
      const rule = rules.find((key) => Object.hasOwn(spec, key)) ?? "";
      return { name, rule, description: String(spec["description"]) };
    });

  it("is what the shipped policies say of themselves, each of them", () => {
    const page = setsPage(new Map(shippedSets().map((set) => [set, ofSet(set)])));
    assert.doesNotMatch(page, /undefined|\n\n\n\n/);
    compareWithFile("docs/sets.md", page);
  });
});

describe("docs/sparkgate.schema.json", () => {
  it("is what the schemas say", () => {
    compareWithFile(
      "docs/sparkgate.schema.json",
      `${JSON.stringify(jsonSchema(), undefined, 2)}\n`,
    );
  });

  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: false });
  const validate = ajv.compile(jsonSchema());

  it("takes every shipped document", () => {
    const sources = shippedSets().flatMap((set) => readPolicySources([set]));
    for (const { value, source } of sources.flatMap((source) => parseDocuments(source).documents)) {
      assert.ok(validate(value), `${source.file}: ${JSON.stringify(validate.errors)}`);
    }
  });

  it("refuses two rules, none, a misspelt key, another kind", () => {
    const good = { placement: { capacity: "spot" } };
    const document = (spec: Readonly<Record<string, unknown>>): unknown =>
      parse(policyText("p", spec));
    assert.ok(validate(document(good)));
    for (const spec of [{ ...good, images: {} }, {}, { placement: { capacty: "spot" } }]) {
      assert.equal(validate(document(spec)), false, JSON.stringify(spec));
    }
    assert.equal(validate({ apiVersion: "sparkgate.io/v1alpha1", kind: "SparkPolciy" }), false);
  });

  it("describes every field", () => {
    const bare: string[] = [];
    const walk = (value: unknown, path: string): void => {
      if (!isRecord(value)) return;
      for (const [key, field] of Object.entries(
        isRecord(value["properties"]) ? value["properties"] : {},
      )) {
        if (!isRecord(field) || field["description"] === undefined) bare.push(`${path}.${key}`);
        walk(field, `${path}.${key}`);
      }
      walk(value["items"], `${path}[]`);
    };
    for (const kind of DOCUMENT_KINDS) {
      const { spec } = (jsonSchemaOf(kind) as { properties: { spec: unknown } }).properties;
      walk(spec, kind);
    }
    assert.deepEqual(bare, []);
    assert.equal(DOCUMENT_KINDS.length, Object.keys(DOCUMENT_SCHEMAS).length);
  });
});
