import type { Maybe, Toleration } from "./pod.ts";

/**
 * Tells which tolerations a Pod still needs.
 * @param existing the Pod's own tolerations
 * @param needed what the nodes it is sent to demand
 * @returns those of `needed`, in their order and each once, that no existing toleration covers
 */
export function missingTolerations(
  existing: Maybe<readonly Toleration[]>,
  needed: readonly Toleration[],
): readonly Toleration[] {
  const have = [...(existing ?? [])];
  return needed.filter((toleration) => {
    if (have.some((candidate) => covers(candidate, toleration))) return false;
    have.push(toleration);
    return true;
  });
}

/** Whether every taint that `needed` tolerates is tolerated by `existing` at least as long. */
function covers(existing: Toleration, needed: Toleration): boolean {
  return (
    coversEffect(existing, needed) &&
    coversTaints(existing, needed) &&
    coversDuration(existing, needed)
  );
}

function coversEffect(existing: Toleration, needed: Toleration): boolean {
  return text(existing.effect) === "" || text(existing.effect) === text(needed.effect);
}

function coversTaints(existing: Toleration, needed: Toleration): boolean {
  if (operatorOf(existing) === "Exists") {
    // No key with Exists tolerates every taint (core/v1 Toleration.ToleratesTaint).
    return text(existing.key) === "" || text(existing.key) === text(needed.key);
  }
  // Equal, and what newer clusters add (Lt, Gt): covers only what says the very same.
  return (
    text(existing.key) === text(needed.key) &&
    operatorOf(existing) === operatorOf(needed) &&
    text(existing.value) === text(needed.value)
  );
}

/** Seconds count for NoExecute only: how long the Pod may stay; without them it stays for good. */
function coversDuration(existing: Toleration, needed: Toleration): boolean {
  const concernsEviction = text(needed.effect) === "" || needed.effect === "NoExecute";
  if (!concernsEviction) return true;
  return secondsOf(existing) >= secondsOf(needed);
}

function secondsOf(toleration: Toleration): number {
  return toleration.tolerationSeconds ?? Infinity;
}

function operatorOf(toleration: Toleration): string {
  return text(toleration.operator) || "Equal";
}

/** Go has no absent string: null, absent and empty are the same to Kubernetes. */
function text(value: Maybe<string>): string {
  return value ?? "";
}
