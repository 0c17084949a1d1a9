import type { Draft } from "../engine/draft.ts";
import type { Facts } from "../engine/facts.ts";
import type { Demand, Effect, Violation } from "../engine/policy.ts";
import type { RuleKind } from "../engine/rule-kind.ts";
import { either, quoted } from "../engine/text.ts";
import type { Pod } from "../kubernetes/pod.ts";
import type { MetadataField } from "../spark/pod-metadata.ts";
import type { Role } from "../spark/role.ts";
import type { PodSubject } from "../spark/subject.ts";
import { foreseeAdditions, judgeConfChoices, judgeConfRequired } from "./metadata-conf.ts";
import { METADATA_SCHEMA } from "./metadata-schema.ts";
import {
  type Addition,
  compileAdditions,
  compileRequired,
  fieldPath,
  FIELDS,
  type MetadataSpec,
  type OnUserChoice,
  type Required,
  shown,
  valueFor,
} from "./metadata-spec.ts";

/** Which labels and annotations a Pod has. */
export const metadata: RuleKind = {
  key: "metadata",
  combine: "all",
  surfaces: ["pod", "driver-conf", "application"],
  description:
    "Labels and annotations that a Pod must have, and that are added to it. Of a conf and of an operator's application the same is judged early, by what their Pods will have; nothing is added there.",
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
    const required = FIELDS.flatMap((field) => compileRequired(field, spec));
    const onUserChoice = spec.onUserChoice ?? "Keep";
    const judgesChoices = onUserChoice === "Deny" && additions.length > 0;
    const judges = required.length > 0 || judgesChoices;
    const denied = judgesChoices ? additions : [];
    return {
      claims: new Map(
        additions.map(({ path, template, text }) => [path, template.constant ?? text]),
      ),
      demands: demandsOf(spec, additions),
      writes: additions.map(({ field, key }) => ["metadata", field, key]),
      ...(additions.length > 0 && {
        mutate: (draft, subject, facts) => add(draft, additions, onUserChoice, subject, facts),
      }),
      ...(judges && {
        judge: (pod, subject, facts, claimed) => [
          ...judgeChoices(
            pod,
            denied.filter(({ path }) => claimed.includes(path)),
            subject,
            facts,
          ),
          ...judgeRequired(pod, required, subject.role),
        ],
      }),
      conf: {
        whole: false,
        ...(additions.length > 0 && {
          foresee: (draft, subject, facts) =>
            foreseeAdditions(draft, additions, onUserChoice, subject, facts),
        }),
        ...(judges && {
          judge: (conf, subject, _facts, claimed, foreseen) => [
            ...judgeConfChoices({ conf, subject }, denied, claimed, foreseen),
            ...judgeConfRequired({ conf, subject }, required, foreseen),
          ],
        }),
      },
    };
  },
};

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

function judgeRequired(pod: Pod, required: readonly Required[], role: Role): readonly Violation[] {
  return required.flatMap(({ field, key, values, fits }) => {
    const found = valueAt(pod, field, key);
    if (found !== undefined && fits(found)) return [];
    const is = found === undefined ? "is missing" : shown(field, found);
    const must = values === undefined ? "" : `, must be ${either(values)}`;
    const conf = `spark.kubernetes.${role === "executor" ? "executor" : "driver"}.${field.slice(0, -1)}.${key}`;
    return [{ field: fieldPath(field, key), message: is + must, fix: `--conf ${conf}=VALUE` }];
  });
}

function valueAt(pod: Pod, field: MetadataField, key: string): string | undefined {
  const map = pod.metadata?.[field];
  return map != null && Object.hasOwn(map, key) ? map[key] : undefined;
}
