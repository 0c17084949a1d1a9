import { distance } from "fastest-levenshtein";

/** Something that is wrong with what was written, and where. */
export interface Problem {
  readonly file: string;
  /** From 1; 0 where it is not about a line. */
  readonly line: number;
  readonly column: number;
  /** Such as `spec.placement.onDemand.percent`; empty where it is about the whole document. */
  readonly path: string;
  /** What was found and what is allowed. */
  readonly message: string;
}

/** `file:3:5: spec.mode: …`, which editors and CI logs turn into a link. */
export function problemText({ file, line, column, path, message }: Problem): string {
  const place = line > 0 ? `${file}:${line}:${column}` : file;
  return path === "" ? `${place}: ${message}` : `${place}: ${path}: ${message}`;
}

/** `; did you mean 'placement'?` for a word that is nearly one of those allowed, else nothing. */
export function nearMiss(found: string, allowed: readonly string[]): string {
  const nearest = allowed
    .map((word) => ({ word, far: distance(found.toLowerCase(), word.toLowerCase()) }))
    .sort((a, b) => a.far - b.far)[0];
  // A third of the letters wrong is a slip; more is another word.
  const isNear = nearest !== undefined && nearest.far <= Math.max(1, nearest.word.length / 3);
  return isNear ? `; did you mean '${nearest.word}'?` : "";
}
