import { EACH, readsOf, type FieldPath, type Read } from "../cel/reads.ts";
import { APPLIED_ANNOTATION } from "../engine/applied.ts";
import type { LabelSelector } from "../kubernetes/label-selector.ts";
import type { Surface } from "../spark/subject.ts";
import type { DocumentPath, SourceDocument } from "./document.ts";
import { scopesOverlap, type Scope } from "./match-relations.ts";
import type { MatchSpec } from "./match.ts";
import type { Problem } from "./problem.ts";
import type { Notice } from "./relations.ts";

/** Something that asks for what objects have: a policy, or a subject of an exception. */
export interface Selecting {
  readonly name: string;
  readonly document: SourceDocument;
  readonly clauses: readonly { readonly path: DocumentPath; readonly match: MatchSpec }[];
  /** Whom it speaks of at all, and on which surfaces. */
  readonly scope: Scope;
  readonly surfaces: readonly Surface[];
}

/** A policy that changes objects. */
export interface Writer {
  readonly name: string;
  readonly writes: readonly FieldPath[];
  /** Where there is something already. */
  readonly rewrites: readonly FieldPath[];
  readonly scope: Scope;
  readonly surfaces: readonly Surface[];
}

/**
 * Clauses that ask for what a policy writes, also the one that asks. The API server calls a webhook again when another
 * one has changed the object (reinvocation), and the validating one on the result: by then what was written is there,
 * other policies would match than the first time, and the second answer would undo or refuse the first.
 * @returns errors, and notes where it depends on the object whether a condition reads it
 */
export function unstableClauses(
  selecting: readonly Selecting[],
  writers: readonly Writer[],
): { readonly errors: readonly Problem[]; readonly notes: readonly Notice[] } {
  const errors: Problem[] = [];
  const notes: Notice[] = [];
  for (const { name, document, clauses, scope, surfaces } of selecting) {
    const meeting = writers.filter((writer) =>
      writer.surfaces.some((surface) => surfaces.includes(surface)),
    );
    for (const { path, reads, told } of clauses.flatMap(readingClauses)) {
      for (const writer of meeting) {
        const { certain, possible } = meetings(reads, writer);
        const write = certain ?? possible;
        if (write === undefined || !meet(scope, writer.scope)) continue;
        const problem = document.problem(path, told(write, writer.name, certain !== undefined));
        if (certain !== undefined) errors.push(problem);
        else {
          const common = { severity: "note", kind: "doubtful", other: undefined } as const;
          notes.push({ ...problem, ...common, policy: name });
        }
      }
    }
  }
  return { errors, notes };
}

interface ReadingClause {
  readonly path: DocumentPath;
  readonly reads: readonly Read[];
  readonly told: (write: FieldPath, writer: string, isCertain: boolean) => string;
}

function readingClauses({ path, match }: Selecting["clauses"][number]): readonly ReadingClause[] {
  const selector: ReadingClause = {
    path: [...path, "objectSelector"],
    reads: keysOf(match.objectSelector).map((key) => ({
      path: ["metadata", "labels", key],
      of: "value",
    })),
    told: ([, , key = ""], writer) =>
      `asks for label ${key}, which policy ${writer} sets: the second time that the API server calls, other policies would match. Select by namespace, or by a label that jobs bring themselves`,
  };
  const conditions = (match.matchConditions ?? []).map(({ expression }, index): ReadingClause => ({
    path: [...path, "matchConditions", index, "expression"],
    reads: readsOf(expression),
    told: (write, writer, isCertain) =>
      isCertain
        ? `reads ${fieldText(write)}, which policy ${writer} writes: the second time that the API server calls, it would find what was written. Ask for what jobs alone bring (images, arguments, other labels) or by namespace; to leave a job's own choice alone say onUserChoice: Keep there, and to refuse something write a deny policy, which sees the result`
        : `may read ${fieldText(write)}, which policy ${writer} writes, and would find it the second time that the API server calls: name the keys that are meant`,
  }));
  return [selector, ...conditions];
}

function keysOf(selector: LabelSelector | undefined): readonly string[] {
  const expressions = selector?.matchExpressions ?? [];
  return [...Object.keys(selector?.matchLabels ?? {}), ...expressions.map(({ key }) => key)];
}

/** Says what Sparkgate changed: it comes with any change. */
const APPLIED: FieldPath = ["metadata", "annotations", APPLIED_ANNOTATION];

function meetings(reads: readonly Read[], { writes, rewrites }: Writer) {
  const found: { certain?: FieldPath; possible?: FieldPath } = {};
  const look = (write: FieldPath, of: readonly Read[]) => {
    for (const read of of) {
      const meeting = meetingOf(read, write);
      if (meeting !== undefined) found[meeting] ??= write;
    }
  };
  if (writes.length + rewrites.length > 0)
    [...writes, APPLIED].forEach((one) => {
      look(one, reads);
    });
  const ofValues = reads.filter(({ of }) => of === "value" || of === "entries");
  for (const one of rewrites) look(one, ofValues);
  return found;
}

/** Every Pod of Spark's has these, whoever writes further ones into them. */
const ALWAYS_THERE: ReadonlySet<string> = new Set([
  ...["", "metadata", "metadata.labels", "spec", "spec.containers", `spec.containers.${EACH}`],
]);

/** Whether what is written changes what is read; `possible` where that depends on a key that is worked out. */
function meetingOf({ path, of }: Read, write: FieldPath): "certain" | "possible" | undefined {
  let meeting: "certain" | "possible" = "certain";
  for (const [index, part] of path.entries()) {
    const other = write[index];
    if (other === undefined || other === part) continue;
    if (other !== EACH && part !== EACH) return undefined;
    meeting = "possible";
  }
  if (path.length >= write.length) return meeting;
  const next = write[path.length];
  switch (of) {
    case "value":
      return meeting;
    case "presence":
      return ALWAYS_THERE.has(path.join(".")) ? undefined : meeting;
    case "size":
      return next === EACH ? undefined : meeting;
    case "entries":
      return next === EACH ? undefined : "possible";
  }
}

function fieldText(path: FieldPath): string {
  return path.reduce((text, part) => {
    if (text === "") return part;
    return /^\w+$/.test(part) ? `${text}.${part}` : `${text}[${part}]`;
  }, "");
}

/** Labels and conditions aside, since what they see is what changes. */
function meet(a: Scope, b: Scope): boolean {
  return scopesOverlap(withoutObject(a), withoutObject(b));
}

function withoutObject({ match, exclude }: Scope): Scope {
  const looksAtObject =
    exclude?.objectSelector !== undefined || exclude?.matchConditions !== undefined;
  return {
    match: match && { ...match, objectSelector: undefined },
    // What is left out for what it has may be taken in with something else.
    exclude: looksAtObject ? undefined : exclude,
  };
}
