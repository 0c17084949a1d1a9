import { RuleProblem } from "../engine/rule-kind.ts";
import { quoted } from "../engine/text.ts";

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const TIME = /^T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/**
 * Reads a moment: `2027-01-15`, which begins at midnight UTC, or RFC 3339 as `2027-01-15T06:00:00+01:00`.
 * @returns milliseconds since 1970; undefined for what is none, as 2027-02-30
 */
export function parseMoment(text: string): number | undefined {
  const date = text.slice(0, 10);
  const rest = text.slice(10);
  const [, year, month, day] = DATE.exec(date) ?? [];
  if (year === undefined || (rest !== "" && !TIME.test(rest))) return undefined;
  const midnight = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  if (midnight.toISOString().slice(0, 10) !== date) return undefined;
  return Date.parse(text);
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
