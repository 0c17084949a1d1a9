import { parseExpression } from "./expression.ts";
import { isNode, type Node } from "./node.ts";

/** Any entry of a list; also a key that is worked out, and may be any. */
export const EACH = "*";

/** Fields from the object down: `["spec", "containers", EACH, "image"]`. */
export type FieldPath = readonly string[];

/** Something of the object that the value of an expression depends on. */
export interface Read {
  readonly path: FieldPath;
  /**
   * What of it: all that is in it; whether it is there; how many entries it has; its entries one by one, of which the
   * further reads say more.
   */
  readonly of: "value" | "presence" | "size" | "entries";
}

/** What a part of an expression leads to: places in the object, or a list or map of such parts that was written out. */
interface Reached {
  readonly paths: readonly FieldPath[];
  readonly entries: Reached | undefined;
  /** The texts that it may be, where all of them are written out. */
  readonly texts: readonly string[] | undefined;
}

const NOTHING: Reached = { paths: [], entries: undefined, texts: undefined };

type Scope = ReadonlyMap<string, Reached>;

/** What an expression reads of `object`, and of `spark` and `app` below those names. Throws a CelProblem for a text that is none. */
export function readsOf(text: string): readonly Read[] {
  const reads: Read[] = [];
  const consume: Consume = ({ paths, entries }, of) => {
    for (const path of paths) reads.push({ path, of });
    if (of === "value" && entries !== undefined) consume(entries, of);
  };
  consume(follow(parseExpression(text), new Map(), consume), "value");
  return reads;
}

/** The object is the root of its own fields; of other variables those count that policies write by way of Spark's conf. */
function rootOf(variable: string): Reached {
  if (variable === "object") return { ...NOTHING, paths: [[]] };
  return variable === "spark" || variable === "app" ? { ...NOTHING, paths: [[variable]] } : NOTHING;
}

type Consume = (reached: Reached, of: Read["of"]) => void;

/** Where a part leads to; what it needs of the object on the way is consumed. */
function follow(node: Node, scope: Scope, consume: Consume): Reached {
  const inner = (part: Node) => follow(part, scope, consume);
  const way = WAYS[node.op];
  if (way !== undefined) return way(node.args, inner, consume, scope);
  for (const each of [node.args].flat()) if (isNode(each)) consume(inner(each), "value");
  return NOTHING;
}

type Way = (
  args: unknown,
  inner: (part: Node) => Reached,
  consume: Consume,
  scope: Scope,
) => Reached;

const field: Way = (args, inner) => {
  const [owner, name] = args as [Node, string];
  return fieldsOf(inner(owner), [name]);
};

const entry: Way = (args, inner, consume) => {
  const [owner, index] = args as [Node, Node];
  return keyed(inner(owner), inner(index), consume);
};

const comparison: Way = (args, inner, consume) => {
  const operands = args as readonly [Node, Node];
  const isNull = operands.some((each) => each.op === "value" && each.args === null);
  for (const each of operands) consume(inner(each), isNull ? "presence" : "value");
  return NOTHING;
};

/** Those of the operators whose operands are not just read. */
const WAYS: Readonly<Record<string, Way>> = {
  value: (args) => (typeof args === "string" ? { ...NOTHING, texts: [args] } : NOTHING),
  id: (args, _inner, _consume, scope) => scope.get(String(args)) ?? rootOf(String(args)),
  ".": field,
  ".?": field,
  "[]": entry,
  "[?]": entry,
  "==": comparison,
  "!=": comparison,
  "?:": (args, inner, consume) => {
    const [condition, yes, no] = args as [Node, Node, Node];
    consume(inner(condition), "value");
    return anyOf([inner(yes), inner(no)]);
  },
  list: (args, inner) => ({ ...NOTHING, entries: anyOf((args as readonly Node[]).map(inner)) }),
  map: (args, inner, consume) => {
    const pairs = args as readonly (readonly [Node, Node])[];
    for (const [key] of pairs) consume(inner(key), "value");
    return { ...NOTHING, entries: anyOf(pairs.map(([, value]) => inner(value))) };
  },
  in: (args, inner, consume) => {
    const [left, right] = args as [Node, Node];
    const [key, owner] = [inner(left), inner(right)];
    consume(keyed(owner, key, consume), key.texts === undefined ? "value" : "presence");
    if (owner.entries !== undefined) consume(owner.entries, "value");
    return NOTHING;
  },
  call: (args, inner, consume) => followCall(args as [string, readonly Node[]], inner, consume),
  rcall: (args, _inner, consume, scope) =>
    followMethod(args as [string, Node, readonly Node[]], scope, consume),
};

function followCall(
  [name, args]: [string, readonly Node[]],
  inner: (part: Node) => Reached,
  consume: Consume,
): Reached {
  const reached = args.map(inner);
  if (name === "dyn") return reached[0] ?? NOTHING;
  const of = name === "has" ? "presence" : name === "size" ? "size" : "value";
  for (const each of reached) consume(each, of);
  return NOTHING;
}

/** Methods that hand on what they are called on, or their argument. */
const HANDING_ON: ReadonlySet<string> = new Set(["or", "orValue", "value", "of", "filter"]);

function followMethod(
  [name, receiver, args]: [string, Node, readonly Node[]],
  scope: Scope,
  consume: Consume,
): Reached {
  const owner = follow(receiver, scope, consume);
  if (["all", "exists", "exists_one", "filter", "map"].includes(name)) {
    consume(owner, "entries");
    const [variable, ...bodies] = args;
    const within = new Map([...scope, [String(variable?.args), fieldsOf(owner, [EACH])]]);
    const reached = bodies.map((body) => follow(body, within, consume));
    const result = name === "map" ? reached.pop() : undefined;
    for (const each of reached) consume(each, "value");
    return result === undefined
      ? name === "filter"
        ? owner
        : NOTHING
      : { ...NOTHING, entries: result };
  }
  const reached = args.map((each) => follow(each, scope, consume));
  if (HANDING_ON.has(name)) return anyOf([owner, ...reached]);
  consume(owner, name === "size" ? "size" : name === "hasValue" ? "presence" : "value");
  for (const each of reached) consume(each, "value");
  return NOTHING;
}

function anyOf(all: readonly Reached[]): Reached {
  const entries = all.flatMap((each) => each.entries ?? []);
  const texts = all.flatMap((each) => each.texts ?? []);
  return {
    paths: all.flatMap(({ paths }) => paths),
    entries: entries.length > 0 ? anyOf(entries) : undefined,
    texts: all.length > 0 && all.every((each) => each.texts !== undefined) ? texts : undefined,
  };
}

function fieldsOf({ paths, entries }: Reached, fields: readonly string[]): Reached {
  const below = paths.flatMap((path) => fields.map((field) => [...path, field]));
  const here = { ...NOTHING, paths: below };
  if (entries === undefined) return here;
  return below.length > 0 ? anyOf([here, entries]) : entries;
}

/** What stands at a key; one that is not written out may be read of the object itself. */
function keyed(owner: Reached, key: Reached, consume: Consume): Reached {
  if (key.texts === undefined) consume(key, "value");
  return fieldsOf(owner, key.texts ?? [EACH]);
}
