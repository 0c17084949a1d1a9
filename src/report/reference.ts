import { VARIABLE_MEANINGS, VARIABLES, type Fields } from "../cel/environment.ts";
import { DOCUMENT_SCHEMAS, type Schema } from "../policy/schema.ts";
import { RULE_KINDS } from "../rules/index.ts";
import {
  CEL_NOTES,
  EXCEPTION_EXAMPLE,
  INTRODUCTION,
  PLATFORM_EXAMPLE,
  TEST_EXAMPLE,
} from "./reference-texts.ts";

/** The reference page of all documents, as Markdown, made of the descriptions in their schemas. */
export function referencePage(): string {
  const policy = specOf("SparkPolicy");
  const rules = new Set(RULE_KINDS.map(({ key }) => key));
  const fields = without(policy, [...rules, "match", "exclude"]);
  return [
    INTRODUCTION,
    "## Fields of every policy",
    tableOf({ type: "object", properties: fields }),
    "## match and exclude",
    "`match` says whom a policy speaks of, `exclude` whom not. Both have the same clauses, and all that are given must hold.",
    tableOf(propertiesOf(policy)["match"] as Schema),
    "A label selector has `matchLabels` (a map) and `matchExpressions` (a list of `{key, operator, values}`; operators `In`, `NotIn`, `Exists`, `DoesNotExist`), as everywhere in Kubernetes.",
    ...RULE_KINDS.flatMap(({ key, description, example, schema }) => [
      `## Rule ${key}`,
      description,
      fenced(example),
      tableOf(schema),
    ]),
    "## CEL",
    variablesTable(),
    CEL_NOTES,
    "## SparkPolicyException",
    "Leave to differ from policies, for a time. `sparkgate exceptions` lists them.",
    fenced(EXCEPTION_EXAMPLE),
    tableOf(specOf("SparkPolicyException")),
    "## SparkPolicyTest",
    "Cases for the policy of the same name; `sparkgate test FOLDER` runs them.",
    fenced(TEST_EXAMPLE),
    tableOf(specOf("SparkPolicyTest")),
    "## SparkPlatform",
    "How a cluster names its capacity and its local disks. Shipped ones: [platforms.md](platforms.md). One of yours with the same name replaces it.",
    fenced(PLATFORM_EXAMPLE),
    tableOf(specOf("SparkPlatform")),
    "",
  ]
    .join("\n\n")
    .replace(/\n+$/, "\n");
}

function specOf(kind: keyof typeof DOCUMENT_SCHEMAS): Schema {
  return propertiesOf(DOCUMENT_SCHEMAS[kind])["spec"] as Schema;
}

function propertiesOf(schema: Schema): Schema {
  return (schema["properties"] ?? {}) as Schema;
}

function without(schema: Schema, keys: readonly string[]): Schema {
  const entries = Object.entries(propertiesOf(schema)).filter(([key]) => !keys.includes(key));
  return Object.fromEntries(entries);
}

function tableOf(schema: Schema): string {
  const rows = rowsOf(schema, "");
  const cells = rows.map(
    ({ field, type, standard, meaning }) => `| ${field} | ${type} | ${standard} | ${meaning} |`,
  );
  return ["| field | type | default | meaning |", "| --- | --- | --- | --- |", ...cells].join("\n");
}

interface Row {
  readonly field: string;
  readonly type: string;
  readonly standard: string;
  readonly meaning: string;
}

function rowsOf(schema: Schema, prefix: string): readonly Row[] {
  const required = (schema["required"] ?? []) as readonly string[];
  return Object.entries(propertiesOf(schema)).flatMap(([key, value]) => {
    const field = value as Schema;
    const path = prefix + key;
    const standard = required.includes(key) ? "required" : defaultText(field["default"]);
    const { description } = field;
    const meaning = typeof description === "string" ? description.replaceAll("|", "\\|") : "";
    const row = { field: `\`${path}\``, type: typeText(field), standard, meaning };
    // What has a name of its own is told in one place.
    if (field["title"] !== undefined) return [row];
    const items = field["items"] as Schema | undefined;
    return [
      row,
      ...rowsOf(field, `${path}.`),
      ...(items === undefined || items["title"] !== undefined ? [] : rowsOf(items, `${path}[].`)),
    ];
  });
}

function defaultText(value: unknown): string {
  if (value === undefined) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value).replaceAll(",", ", ");
  return `\`${text}\``;
}

function typeText(schema: Schema): string {
  const { title, type, items, additionalProperties } = schema;
  if (typeof title === "string") return title;
  if (Array.isArray(schema["enum"])) {
    return (schema["enum"] as readonly unknown[]).map((each) => `\`${String(each)}\``).join(", ");
  }
  if (Array.isArray(type)) return type.join(" or ");
  if (type === "array") {
    const inner = items as Schema;
    return `list of ${inner["type"] === "object" && inner["title"] === undefined ? "objects" : typeText(inner)}`;
  }
  if (type === "object" && typeof additionalProperties === "object") {
    return `map of ${typeText(additionalProperties as Schema)}`;
  }
  return typeof type === "string" ? type : "";
}

function variablesTable(): string {
  const rows = Object.entries(VARIABLES).flatMap(([name, type]) => variableRows(name, type));
  return ["| variable | type | what it is |", "| --- | --- | --- |", ...rows].join("\n");
}

function variableRows(name: string, type: string | Fields): readonly string[] {
  const meaning = VARIABLE_MEANINGS[name] ?? "";
  if (typeof type === "string") return [`| \`${name}\` | \`${type}\` | ${meaning} |`];
  return Object.entries(type).flatMap(([field, inner]) => variableRows(`${name}.${field}`, inner));
}

function fenced(yaml: string): string {
  return `\`\`\`yaml\n${yaml}\n\`\`\``;
}
