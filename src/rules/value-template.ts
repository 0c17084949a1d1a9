import { CelProblem } from "../cel/failure.ts";
import { partsOfTemplate, type Placeholder } from "../cel/template.ts";
import { knownNamespace, type Facts } from "../engine/facts.ts";
import { RuleProblem } from "../engine/rule-kind.ts";
import { isMetadataKey } from "../kubernetes/label-syntax.ts";
import { applicationFacts } from "../spark/application-facts.ts";
import type { Subject } from "../spark/subject.ts";

/** A value of a label, an annotation or a key of the conf, with placeholders in it. */
export interface Template {
  /**
   * The text for a subject, or why there is none: `the namespace has no label cost-center`.
   * @throws Error where the namespace is asked for and not known
   */
  readonly render: (subject: Subject, facts: Facts) => Rendered;
  /** The text, where there is no placeholder in it. */
  readonly constant: string | undefined;
  /** The text with one letter for each placeholder. */
  readonly shortest: string;
  /** Whether labels of the namespace are in it. */
  readonly asksNamespace: boolean;
  /** Whether the application's name or id is in it. */
  readonly asksApplication: boolean;
}

export type Rendered =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "none"; readonly why: string };

type Part = (subject: Subject, facts: Facts) => Rendered;

const NAMESPACE_LABEL = "namespace.labels.";
const PLACEHOLDERS = ["namespace", `${NAMESPACE_LABEL}KEY`, "app.name", "app.id"];

/** Compiles a template such as `{{namespace.labels.cost-center}}`. Throws a RuleProblem for an unknown placeholder. */
export function compileTemplate(text: string, path: readonly string[]): Template {
  return compileParts(partsOf(text, path), path);
}

/**
 * The same of a value of Spark's conf, which may have JSON in it, and placeholders that Spark itself fills in, such as
 * `{{APP_ID}}` (Config.SPARK_KUBERNETES_APP_ID_PLACEHOLDERS) and `{{EXECUTOR_ID}}`: only those in lower case are ours.
 */
export function compileConfTemplate(text: string, path: readonly string[]): Template {
  const parts = text.split(/\{\{\s*([a-z][^{}]*)\}\}/);
  return compileParts(
    parts.map((part, index) => (index % 2 === 0 ? part : { inner: part })),
    path,
  );
}

function compileParts(all: readonly (string | Placeholder)[], path: readonly string[]): Template {
  const parts = all.filter((part) => part !== "");
  const compiled = parts.map((part): Part => {
    if (typeof part === "string") return () => ({ kind: "text", text: part });
    return placeholder(part.inner.trim(), path);
  });
  const whole = parts.map((part) => (typeof part === "string" ? part : "")).join("");
  const asks = (prefix: string) =>
    parts.some((part) => typeof part !== "string" && part.inner.trim().startsWith(prefix));
  return {
    constant: parts.every((part) => typeof part === "string") ? whole : undefined,
    shortest: parts.map((part) => (typeof part === "string" ? part : "x")).join(""),
    asksNamespace: asks(NAMESPACE_LABEL),
    asksApplication: asks("app."),
    render: (subject, facts) => {
      let whole = "";
      for (const part of compiled) {
        const rendered = part(subject, facts);
        if (rendered.kind === "none") return rendered;
        whole += rendered.text;
      }
      return { kind: "text", text: whole };
    },
  };
}

function partsOf(text: string, path: readonly string[]) {
  try {
    return partsOfTemplate(text);
  } catch (error) {
    if (!(error instanceof CelProblem)) throw error;
    throw new RuleProblem("has {{ and }} that do not pair", { path, allowed: [] });
  }
}

function placeholder(name: string, path: readonly string[]): Part {
  if (name === "namespace") return ({ namespace }) => ({ kind: "text", text: namespace });
  if (name === "app.name") {
    // Of executors the one that was submitted, as in conditions.
    return (subject) =>
      given(applicationFacts(subject).name ?? subject.application.name, "application's name");
  }
  if (name === "app.id") return ({ application }) => given(application.id, "application's id");
  if (name.startsWith(NAMESPACE_LABEL) && name.length > NAMESPACE_LABEL.length) {
    const key = name.slice(NAMESPACE_LABEL.length);
    if (!isMetadataKey(key)) {
      const message = `'${key}' cannot be the key of a label`;
      throw new RuleProblem(message, { path, allowed: [] });
    }
    return (_subject, facts) => {
      const { labels } = knownNamespace(facts);
      if (Object.hasOwn(labels, key)) return { kind: "text", text: labels[key] ?? "" };
      return { kind: "none", why: `the namespace has no label ${key}` };
    };
  }
  throw new RuleProblem(`{{${name}}} is no placeholder`, {
    path,
    found: name,
    allowed: PLACEHOLDERS,
  });
}

function given(value: string | undefined, what: string): Rendered {
  if (value !== undefined) return { kind: "text", text: value };
  return { kind: "none", why: `nothing says the ${what}` };
}
