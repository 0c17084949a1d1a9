const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const TIME = /^T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/**
 * Reads a time of RFC 3339, as `2027-01-15T06:00:00+01:00`.
 * @returns milliseconds since 1970; undefined for what is none
 */
export function parseTimestamp(text: string): number | undefined {
  return TIME.test(text.slice(10)) && isDate(text.slice(0, 10)) ? Date.parse(text) : undefined;
}

/** Whether a text is a day such as `2027-01-15`, and not 2027-02-30. */
export function isDate(text: string): boolean {
  const [, year, month, day] = DATE.exec(text) ?? [];
  if (year === undefined) return false;
  const midnight = new Date(0);
  midnight.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  return midnight.toISOString().slice(0, 10) === text;
}
