import { knownNamespace, type Facts } from "../engine/facts.ts";
import { RuleProblem } from "../engine/rule-kind.ts";
import type { Subject } from "../spark/subject.ts";

/** A value of a label or an annotation, with placeholders in it. */
export interface Template {
  /**
   * The text for a subject, or why there is none: `the namespace has no label cost-center`.
   * @throws Error where the namespace is asked for and not known
   */
  readonly render: (subject: Subject, facts: Facts) => Rendered;
  /** The text, where there is no placeholder in it. */
  readonly constant: string | undefined;
}

export type Rendered =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "none"; readonly why: string };

type Part = (subject: Subject, facts: Facts) => Rendered;

const NAMESPACE_LABEL = "namespace.labels.";
const PLACEHOLDERS = ["namespace", `${NAMESPACE_LABEL}KEY`, "app.name", "app.id"];

/** Compiles a template such as `{{namespace.labels.cost-center}}`. Throws a RuleProblem for an unknown placeholder. */
export function compileTemplate(text: string, path: readonly string[]): Template {
  const parts: Part[] = [];
  let rest = text;
  for (;;) {
    const start = rest.indexOf("{{");
    const end = rest.indexOf("}}", start);
    if (start < 0 || end < 0) break;
    const before = rest.slice(0, start);
    if (before !== "") parts.push(() => ({ kind: "text", text: before }));
    parts.push(placeholder(rest.slice(start + 2, end).trim(), path));
    rest = rest.slice(end + 2);
  }
  if (rest.includes("{{") || rest.includes("}}")) {
    throw new RuleProblem("has {{ and }} that do not pair", { path, allowed: [] });
  }
  const last = rest;
  if (last !== "") parts.push(() => ({ kind: "text", text: last }));
  return {
    constant: last === text ? text : undefined,
    render: (subject, facts) => {
      let whole = "";
      for (const part of parts) {
        const rendered = part(subject, facts);
        if (rendered.kind === "none") return rendered;
        whole += rendered.text;
      }
      return { kind: "text", text: whole };
    },
  };
}

function placeholder(name: string, path: readonly string[]): Part {
  if (name === "namespace") return ({ namespace }) => ({ kind: "text", text: namespace });
  if (name === "app.name")
    return ({ application }) => given(application.name, "application's name");
  if (name === "app.id") return ({ application }) => given(application.id, "application's id");
  if (name.startsWith(NAMESPACE_LABEL) && name.length > NAMESPACE_LABEL.length) {
    const key = name.slice(NAMESPACE_LABEL.length);
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
