import { compileExpression } from "../cel/expression.ts";
import { CelProblem } from "../cel/failure.ts";
import { compileMessage } from "../cel/message.ts";
import { RuleProblem, type RuleKind } from "../engine/rule-kind.ts";
import { oneLine } from "../engine/text.ts";
import { variablesOf } from "../engine/variables.ts";
import type { Facts } from "../engine/facts.ts";
import type { Violation } from "../engine/policy.ts";
import { redactApplication } from "../spark/redact-application.ts";
import { redactConf } from "../spark/redact-conf.ts";
import { redactPod } from "../spark/redact.ts";
import type { ConfSubject, SparkObject, Subject } from "../spark/subject.ts";

interface DenySpec {
  readonly when: string;
  readonly message: string;
  readonly field?: string;
  readonly fix?: string;
  readonly ask?: string;
}

/** Characters of a rendered text; what is told cuts it further. */
const LONGEST_TEXT = 500;

const TEXT = { type: "string", minLength: 1, maxLength: 1000 };

/** What a condition in CEL says is refused. */
export const deny: RuleKind = {
  key: "deny",
  combine: "all",
  surfaces: ["pod", "driver-conf", "application"],
  surfacesUnlessSaid: ["pod"],
  description: "Whatever a condition in CEL says is refused.",
  example: `deny:
  when: has(object.spec.hostNetwork) && object.spec.hostNetwork
  field: spec.hostNetwork
  message: "{{request.name}} wants the network of its node"
  fix: leave hostNetwork out of the pod template`,
  schema: {
    type: "object",
    additionalProperties: false,
    required: ["when", "message"],
    properties: {
      when: {
        type: "string",
        minLength: 1,
        description:
          "CEL that is true for what is refused. It sees the object as all policies have left it. Where it has no value (a field is absent) the policy fails, and `onError` counts: ask with `has()`.",
      },
      message: {
        ...TEXT,
        description:
          "What is wrong, in one line; `{{expressions}}` in it are filled in, here and in fix and ask.",
      },
      field: {
        ...TEXT,
        default: "metadata",
        description: "The field that it is about, such as `spec.hostNetwork`.",
      },
      fix: { ...TEXT, description: "What the author of the job does about it." },
      ask: {
        ...TEXT,
        description:
          "Whom the author asks, where nothing in the job can mend it. Not together with fix.",
      },
    },
  },
  compile: (block) => {
    const spec = block as DenySpec;
    if (spec.fix !== undefined && spec.ask !== undefined) {
      throw new RuleProblem("fix and ask: say one of them", { path: ["ask"], allowed: [] });
    }
    const condition = compiled("when", () => compileExpression(spec.when, "bool"));
    const message = compiled("message", () => compileMessage(spec.message));
    const fix = compiled("fix", () => spec.fix && compileMessage(spec.fix));
    const ask = compiled("ask", () => spec.ask && compileMessage(spec.ask));
    const told = [message, fix, ask].flatMap((text) => (text ? [...text.names] : []));
    const names = new Set(told);
    const judge = (
      object: SparkObject,
      subject: Subject,
      facts: Facts,
      shown: () => readonly [SparkObject, Subject],
    ): readonly Violation[] => {
      const holds = condition.evaluate(variablesOf(condition.names, object, subject, facts));
      if (holds !== true) return [];
      const variables = variablesOf(names, ...shown(), facts);
      const text = (from: typeof message) => oneLine(from.render(variables), LONGEST_TEXT);
      return [
        {
          field: spec.field ?? "metadata",
          message: text(message),
          fix: fix ? text(fix) : undefined,
          ask: ask ? text(ask) : undefined,
        },
      ];
    };
    // Whatever a policy prints of an object, passwords in env, arguments and conf are not among it.
    return {
      judge: (pod, subject, facts) =>
        judge(pod, subject, facts, () => [names.has("object") ? redactPod(pod) : pod, subject]),
      conf: {
        whole: false,
        judge: (conf, subject, facts) =>
          judge(subject.object, { ...subject, conf }, facts, () => [
            shownObject(subject),
            { ...subject, conf: conf.hidden() },
          ]),
      },
    };
  },
};

function shownObject(subject: ConfSubject): SparkObject {
  return subject.surface === "application"
    ? redactApplication(subject.object)
    : redactConf(subject.object);
}

/** Compiles a part of the block; what is wrong with it is told at its place. */
function compiled<T>(key: keyof DenySpec, compile: () => T): T {
  try {
    return compile();
  } catch (error) {
    if (!(error instanceof CelProblem)) throw error;
    const { message, found, allowed } = error;
    throw new RuleProblem(message, { path: [key], found, allowed });
  }
}
