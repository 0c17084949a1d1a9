import type { Facts } from "../engine/facts.ts";
import { RuleProblem } from "../engine/rule-kind.ts";
import { quoted } from "../engine/text.ts";
import { compileGlobs } from "../kubernetes/glob.ts";
import { isLabelValue, isMetadataKey } from "../kubernetes/label-syntax.ts";
import type { MetadataField } from "../spark/pod-metadata.ts";
import type { Subject } from "../spark/subject.ts";
import { compileTemplate, type Rendered, type Template } from "./value-template.ts";

export const FIELDS: readonly MetadataField[] = ["labels", "annotations"];

interface RequiredKey {
  readonly key: string;
  readonly values?: readonly string[];
}

export type OnUserChoice = "Keep" | "Replace" | "Deny";

/** The block of a metadata rule that fits its schema. */
export interface MetadataSpec {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly onUserChoice?: OnUserChoice;
  readonly required?: Readonly<Partial<Record<MetadataField, readonly RequiredKey[]>>>;
}

/** By these Spark, its operators and controllers find and number their Pods, and kubectl and Sparkgate say what they did. */
const NOT_OURS =
  /^(?:spark-(?:role|app-selector|app-name|exec-id|exec-resourceprofile-id|exec-inactive|version)$|sparkgate\.io\/|sparkoperator\.k8s\.io\/|kubernetes\.io\/config\.|kubectl\.kubernetes\.io\/|apps\.kubernetes\.io\/)/;

/** Whether a policy must leave it alone. */
export function isNotOurs(key: string): boolean {
  return NOT_OURS.test(key);
}

/**
 * Operators add these where they submit an application: Apache's its name; Kubeflow's what its schedulers go by
 * (internal/scheduler/{yunikorn,volcano,kubescheduler}) and annotations for Prometheus (monitoring_config.go).
 */
const OF_OPERATORS =
  /^(?:queue$|spark\.operator\/|yunikorn\.apache\.org\/|scheduling\.(?:x-)?k8s\.io\/|prometheus\.io\/)/;

/** Whether a label or annotation that a job does not have may come from its operator. */
export function isOfOperators(key: string): boolean {
  return OF_OPERATORS.test(key);
}

/** A label or an annotation that a policy adds. */
export interface Addition {
  readonly field: MetadataField;
  readonly key: string;
  /** `metadata.labels[KEY]` */
  readonly path: string;
  readonly text: string;
  readonly template: Template;
}

/** Compiles what is added. Throws a RuleProblem for what can be no label or annotation. */
export function compileAdditions(field: MetadataField, spec: MetadataSpec): readonly Addition[] {
  return Object.entries(spec[field] ?? {}).map(([key, text]) => {
    const problem = (message: string) =>
      new RuleProblem(message, { path: [field, key], allowed: [] });
    if (!isMetadataKey(key)) throw problem(`'${key}' cannot be the key of a label or annotation`);
    if (isNotOurs(key))
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

/** What the API server would refuse is not added: a job is not to fail by what it did not write. */
export function valueFor({ field, template }: Addition, subject: Subject, facts: Facts): Rendered {
  const rendered = template.render(subject, facts);
  if (rendered.kind === "none" || field === "annotations" || isLabelValue(rendered.text)) {
    return rendered;
  }
  return { kind: "none", why: `${quoted(rendered.text)} cannot be a label's value` };
}

/** A label or an annotation that must be there. */
export interface Required {
  readonly field: MetadataField;
  readonly key: string;
  /** Globs of which one must fit; undefined: anything but an empty text. */
  readonly values: readonly string[] | undefined;
  readonly fits: (text: string) => boolean;
}

/** Compiles what must be there. Throws a RuleProblem for a key that can be none. */
export function compileRequired(field: MetadataField, { required }: MetadataSpec) {
  return (required?.[field] ?? []).map(({ key, values }, index): Required => {
    if (!isMetadataKey(key)) {
      const message = `'${key}' cannot be the key of a label or annotation`;
      throw new RuleProblem(message, { path: ["required", field, index, "key"], allowed: [] });
    }
    const fits = values === undefined ? (text: string) => text !== "" : compileGlobs(values);
    return { field, key, values, fits };
  });
}

/** A label's value may be shown; an annotation may hold anything. */
export function shown(field: MetadataField, value: string): string {
  if (value === "") return "is empty";
  return field === "labels" ? quoted(value) : "is another";
}

/** Where it stands in a Pod. */
export function fieldPath(field: MetadataField, key: string): string {
  return `metadata.${field}[${key}]`;
}
