import type { Environment } from "@marcbachmann/cel-js";
import { celFailure } from "./failure.ts";
import { OWN } from "./methods.ts";
import type { Work } from "./work.ts";

const DAY = 86_400_000;

/** What can be asked of a time, of one whose fields in UTC are those of the zone. Months and days of the year begin with 0. */
const FIELDS: Readonly<Record<string, (shifted: Date) => number>> = {
  getDate: (date) => date.getUTCDate(),
  getDayOfMonth: (date) => date.getUTCDate() - 1,
  getDayOfWeek: (date) => date.getUTCDay(),
  getDayOfYear: (date) => Math.floor((date.getTime() - startOfYear(date)) / DAY),
  getFullYear: (date) => date.getUTCFullYear(),
  getHours: (date) => date.getUTCHours(),
  getMilliseconds: (date) => date.getUTCMilliseconds(),
  getMinutes: (date) => date.getUTCMinutes(),
  getMonth: (date) => date.getUTCMonth(),
  getSeconds: (date) => date.getUTCSeconds(),
};

function startOfYear(date: Date): number {
  return new Date(0).setUTCFullYear(date.getUTCFullYear(), 0, 1);
}

/** Steps of the first look at a time zone, and of each further one. */
const NEW_ZONE_STEPS = 200;
const ZONE_STEPS = 10;
/** An object may name any; there are some 600. */
const MOST_ZONES = 64;

const zones = new Map<string, Intl.DateTimeFormat>();

/**
 * Registers what asks for a field of a time in a zone, by the names that `rewrite` gives to it. The library goes by way of
 * the zone of its own machine, where an hour may be missing.
 */
export function registerDates(environment: Environment, { spend }: Work): void {
  const formatOf = (zone: string): Intl.DateTimeFormat => {
    const known = zones.get(zone);
    spend(known === undefined ? NEW_ZONE_STEPS : ZONE_STEPS);
    if (known !== undefined) return known;
    if (zones.size === MOST_ZONES) zones.clear();
    const format = newFormat(zone);
    zones.set(zone, format);
    return format;
  };
  const own = `google.protobuf.Timestamp.${OWN}`;
  for (const [name, field] of Object.entries(FIELDS)) {
    environment.registerFunction(
      `${own}${name}(string): int`,
      (date: Date, zone: string) => BigInt(field(shifted(date, formatOf(zone)))),
      { async: false },
    );
  }
  const { getDayOfYear } = FIELDS;
  environment.registerFunction(
    `${own}getDayOfYear(): int`,
    (date: Date) => BigInt(getDayOfYear?.(date) ?? 0),
    { async: false },
  );
}

function newFormat(zone: string): Intl.DateTimeFormat {
  // CEL has offsets too, also without a sign: 02:00.
  const timeZone = /^\d\d:\d\d$/.test(zone) ? `+${zone}` : zone;
  const numeric = "numeric";
  try {
    return new Intl.DateTimeFormat("en-US", {
      timeZone,
      calendar: "gregory",
      numberingSystem: "latn",
      hourCycle: "h23",
      ...{ year: numeric, month: numeric, day: numeric },
      ...{ hour: numeric, minute: numeric, second: numeric },
    });
  } catch {
    throw celFailure("unknown time zone");
  }
}

/** The time whose fields in UTC are those of the zone. */
function shifted(date: Date, format: Intl.DateTimeFormat): Date {
  const parts = new Map(format.formatToParts(date).map(({ type, value }) => [type, Number(value)]));
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
  const moved = new Date(0);
  moved.setUTCFullYear(part("year"), part("month") - 1, part("day"));
  moved.setUTCHours(part("hour"), part("minute"), part("second"), date.getUTCMilliseconds());
  return moved;
}
