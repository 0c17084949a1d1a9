import type { CompiledPolicy, Demand } from "../engine/policy.ts";
import { either } from "../engine/text.ts";
import { globsMeet } from "./match-relations.ts";

/** What two policies ask of the same field so that no value does for both, or one policy of itself; in words. */
export function contradictionsOf(
  { demands: own = [] }: CompiledPolicy,
  other: CompiledPolicy | undefined,
): readonly string[] {
  return own.flatMap((demand, index) => {
    const others = other === undefined ? own.slice(0, index) : (other.demands ?? []);
    const against = others.find((each) => contradict(demand, each));
    if (against === undefined) return [];
    const who = other === undefined ? "also" : `by ${other.name}`;
    const where = other === undefined ? "" : " where both match";
    return [
      `${demand.field} must be ${either(demand.values)}, and ${who} ${either(against.values)}: no value is both, so every Pod is refused${where}`,
    ];
  });
}

/** Where both set it the higher priority has its way. */
function contradict(a: Demand, b: Demand): boolean {
  if (a.field !== b.field || (a.isSet && b.isSet)) return false;
  return !a.values.some((one) => b.values.some((two) => globsMeet(one, two)));
}
