import type { Draft } from "../engine/draft.ts";
import type { Facts } from "../engine/facts.ts";
import type { Demand, Effect, Violation } from "../engine/policy.ts";
import { RuleProblem, type RuleKind } from "../engine/rule-kind.ts";
import { either, quoted } from "../engine/text.ts";
import { compileGlobs } from "../kubernetes/glob.ts";
import { isLabelValue, isMetadataKey } from "../kubernetes/label-syntax.ts";
import type { Pod } from "../kubernetes/pod.ts";
import type { PodSubject } from "../spark/subject.ts";
import { METADATA_SCHEMA } from "./metadata-schema.ts";
import { compileTemplate, type Template } from "./value-template.ts";

type Field = "labels" | "annotations";
const FIELDS: readonly Field[] = ["labels", "annotations"];

interface RequiredKey {
  readonly key: string;
  readonly values?: readonly string[];
}

type OnUserChoice = "Keep" | "Replace" | "Deny";

interface MetadataSpec {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly onUserChoice?: OnUserChoice;
  readonly required?: Readonly<Partial<Record<Field, readonly RequiredKey[]>>>;
}

/** By these Spark, its operators and controllers find and number their Pods, and kubectl and Sparkgate say what they did. */
const NOT_OURS =
  /^(?:spark-(?:role|app-selector|app-name|exec-id|exec-resourceprofile-id|exec-inactive|version)$|sparkgate\.io\/|sparkoperator\.k8s\.io\/|kubernetes\.io\/config\.|kubectl\.kubernetes\.io\/|apps\.kubernetes\.io\/)/;

/** Which labels and annotations a Pod has. */
export const metadata: RuleKind = {
  key: "metadata",
  combine: "all",
  surfaces: ["pod"],
  description: "Labels and annotations that a Pod must have, and that are added to it.",
  example: `metadata:
  labels:
    cost-center: "{{namespace.labels.acme.com/cost-center}}"
  required:
    labels:
      - { key: team, values: [risk, "etl-*"] }`,
  schema: METADATA_SCHEMA,
  compile: (block) => {
    const spec = block as MetadataSpec;
    const additions = FIELDS.flatMap((field) => compileAdditions(field, spec));
    const judges = FIELDS.flatMap((field) => compileRequired(field, spec));
    const onUserChoice = spec.onUserChoice ?? "Keep";
    const judgesChoices = onUserChoice === "Deny" && additions.length > 0;
    return {
      claims: new Map(
        additions.map(({ path, template, text }) => [path, template.constant ?? text]),
      ),
      demands: demandsOf(spec, additions),
      writes: additions.map(({ field, key }) => ["metadata", field, key]),
      ...(additions.length > 0 && {
        mutate: (draft, subject, facts) => add(draft, additions, onUserChoice, subject, facts),
      }),
      ...((judges.length > 0 || judgesChoices) && {
        judge: (pod, subject, facts, claimed) => {
          const found = judges.flatMap((judge) => judge(pod, subject));
          if (!judgesChoices) return found;
          const spoken = additions.filter(({ path }) => claimed.includes(path));
          return [...judgeChoices(pod, spoken, subject, facts), ...found];
        },
      }),
    };
  },
};

interface Addition {
  readonly field: Field;
  readonly key: string;
  /** `metadata.labels[KEY]` */
  readonly path: string;
  readonly text: string;
  readonly template: Template;
}

function compileAdditions(field: Field, spec: MetadataSpec): readonly Addition[] {
  return Object.entries(spec[field] ?? {}).map(([key, text]) => {
    const problem = (message: string) =>
      new RuleProblem(message, { path: [field, key], allowed: [] });
    if (!isMetadataKey(key)) throw problem(`'${key}' cannot be the key of a label or annotation`);
    if (NOT_OURS.test(key))
      throw problem("belongs to Spark, Kubernetes or Sparkgate: it must stay as it is");
    const template = compileTemplate(text, [field, key]);
    const { constant, shortest } = template;
    if (field === "labels" && !isLabelValue(shortest)) {
      const letters = "63 letters, digits, -, _ and . at most";
      throw problem(
        constant === undefined
          ? `'${text}' can never be the value of a label: ${letters}, a letter or digit at both ends`
          : `'${constant}' cannot be the value of a label: ${letters}`,
      );
    }
    return { field, key, path: fieldPath(field, key), text, template };
  });
}

/** Values of annotations may look like globs, and are not compared. */
function demandsOf(spec: MetadataSpec, additions: readonly Addition[]): readonly Demand[] {
  const replaces = spec.onUserChoice === "Replace";
  const set = additions.flatMap(({ field, key, template: { constant } }) =>
    replaces && field === "labels" && constant !== undefined
      ? [{ field: fieldPath(field, key), values: [constant], isSet: true }]
      : [],
  );
  const required = FIELDS.flatMap((field) =>
    (spec.required?.[field] ?? []).flatMap(({ key, values }) =>
      values === undefined ? [] : [{ field: fieldPath(field, key), values, isSet: false }],
    ),
  );
  return [...set, ...required];
}

function add(
  draft: Draft,
  additions: readonly Addition[],
  onUserChoice: OnUserChoice,
  subject: PodSubject,
  facts: Facts,
): Effect {
  const replaced: string[] = [];
  const kept: string[] = [];
  const added: string[] = [];
  for (const addition of additions) {
    const { field, key, path } = addition;
    const wanted = valueFor(addition, subject, facts);
    if (wanted.kind === "none") {
      kept.push(`${path} not added: ${wanted.why}`);
      continue;
    }
    if (!draft.claim(path)) continue; // a policy of higher priority has spoken
    const found = valueAt(draft.pod, field, key);
    if (found === wanted.text) continue;
    if (found !== undefined && onUserChoice !== "Replace") {
      if (onUserChoice === "Keep") kept.push(`${path} stays as the job has it`);
      continue;
    }
    draft.set(["metadata", field, key], wanted.text);
    if (found !== undefined) replaced.push(`${path} replaced: ${quoted(wanted.text)}`);
    else added.push(key);
  }
  const summary = added.length > 0 ? `added ${added.join(", ")}` : undefined;
  // Where something was replaced, that is told in place of the summary; what was added belongs to it.
  if (replaced.length > 0 && summary !== undefined) replaced.push(summary);
  return { summary, replaced, kept };
}

/** What the API server would refuse is not added: a job is not to fail by what it did not write. */
function valueFor({ field, template }: Addition, subject: PodSubject, facts: Facts) {
  const rendered = template.render(subject, facts);
  if (rendered.kind === "none" || field === "annotations" || isLabelValue(rendered.text)) {
    return rendered;
  }
  return { kind: "none" as const, why: `${quoted(rendered.text)} cannot be a label's value` };
}

function judgeChoices(
  pod: Pod,
  additions: readonly Addition[],
  subject: PodSubject,
  facts: Facts,
): readonly Violation[] {
  return additions.flatMap((addition) => {
    const { field, key, path } = addition;
    const wanted = valueFor(addition, subject, facts);
    const found = valueAt(pod, field, key);
    if (wanted.kind === "none" || found === undefined || found === wanted.text) return [];
    return [
      {
        field: path,
        message: `${shown(field, found)}, must be ${quoted(wanted.text)}`,
        fix: `leave it out of the job: it is added`,
      },
    ];
  });
}

function compileRequired(field: Field, { required }: MetadataSpec) {
  return (required?.[field] ?? []).map(({ key, values }, index) => {
    if (!isMetadataKey(key)) {
      const message = `'${key}' cannot be the key of a label or annotation`;
      throw new RuleProblem(message, { path: ["required", field, index, "key"], allowed: [] });
    }
    const fits = values === undefined ? (text: string) => text !== "" : compileGlobs(values);
    return (pod: Pod, { role }: PodSubject): readonly Violation[] => {
      const found = valueAt(pod, field, key);
      if (found !== undefined && fits(found)) return [];
      const is = found === undefined ? "is missing" : shown(field, found);
      const must = values === undefined ? "" : `, must be ${either(values)}`;
      const conf = `spark.kubernetes.${role === "executor" ? "executor" : "driver"}.${field.slice(0, -1)}.${key}`;
      return [{ field: fieldPath(field, key), message: is + must, fix: `--conf ${conf}=VALUE` }];
    };
  });
}

/** A label's value may be shown; an annotation may hold anything. */
function shown(field: Field, value: string): string {
  if (value === "") return "is empty";
  return field === "labels" ? quoted(value) : "is another";
}

function valueAt(pod: Pod, field: Field, key: string): string | undefined {
  const map = pod.metadata?.[field];
  return map != null && Object.hasOwn(map, key) ? map[key] : undefined;
}

function fieldPath(field: Field, key: string): string {
  return `metadata.${field}[${key}]`;
}
