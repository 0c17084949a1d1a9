import { RuleProblem } from "../engine/rule-kind.ts";
import { quoted } from "../engine/text.ts";
import { isDate, parseTimestamp } from "../kubernetes/timestamp.ts";

/** A time without its seconds. */
const MINUTES = /^(.{10}T\d{2}:\d{2})((?:Z|[+-]\d{2}:\d{2}))$/;

/**
 * Reads a moment: `2027-01-15`, which begins at midnight UTC, or RFC 3339 as `2027-01-15T06:00:00+01:00`.
 * @returns milliseconds since 1970; undefined for what is none, as 2027-02-30
 */
export function parseMoment(text: string): number | undefined {
  return isDate(text) ? Date.parse(text) : parseTimestamp(text.replace(MINUTES, "$1:00$2"));
}

/** Reads a moment of a document. Throws a RuleProblem for what is none. */
export function momentOf(text: string): number {
  const at = parseMoment(text);
  if (at !== undefined) return at;
  throw new RuleProblem(
    `${quoted(text)} is no moment: write 2027-01-15 (from midnight UTC) or 2027-01-15T06:00:00Z`,
    { path: [], allowed: [] },
  );
}
