// At run time schemas are taken for right, which saves a quarter of a second at every start. Here they are checked.
import { Ajv } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, it } from "node:test";
import { podSchema } from "../../../src/kubernetes/pod-schema.ts";
import { DOCUMENT_SCHEMAS } from "../../../src/policy/schema.ts";
import { RULE_KINDS } from "../../../src/rules/index.ts";

const ajv = new Ajv2020({ strict: true, validateSchema: true, allowUnionTypes: true });

describe("schemas are JSON Schema", () => {
  for (const [kind, schema] of Object.entries(DOCUMENT_SCHEMAS)) {
    it(`of ${kind}`, () => {
      ajv.compile({ ...schema }); // throws where it is not
    });
  }
  for (const rule of RULE_KINDS) {
    it(`of the rule ${rule.key}`, () => {
      ajv.compile({ ...rule.schema });
    });
  }
  it("of Pods", () => {
    new Ajv({ allowUnionTypes: true, validateSchema: true }).compile(podSchema);
  });
});
