import { oneLine } from "../engine/text.ts";
import { LEFT_REASONS, type FinishedDriver, type LeftReason } from "../spark/finished-driver.ts";
import { jsonText } from "./format.ts";
import { momentText } from "./report.ts";
import type { OrphanedClaim, SweepOutcome, SweepReport, SweptDriver } from "./sweep-report.ts";
import { alignColumns } from "./table.ts";

const LONGEST_LINE = 1000;

const OUTCOMES: Readonly<Record<SweepOutcome, string>> = {
  due: "would delete",
  deleted: "deleted",
  gone: "gone already",
  changed: "changed meanwhile",
  failed: "failed",
  "not-tried": "not tried",
};

const WIDTH = Math.max(...Object.values(OUTCOMES).map((text) => text.length));

const LEFT: Readonly<Record<LeftReason, string>> = {
  "not-a-driver": "no driver of Spark's",
  unreadable: "not readable",
  "being-deleted": "being deleted",
  "not-finished": "not finished",
  operator: "of an operator, which has its own time to live",
  controller: "of a controller such as a Job",
  "keep-failed": "failed and kept",
  "no-time-to-live": "without a time to live",
  "bad-time-to-live": "with an annotation that is no time to live",
  "end-unknown": "of which nothing says when they ended",
  "not-yet": "within their time to live",
};

/** The table of drivers past their time to live, whose lines can be written one by one, as their outcome is known. */
export interface SweepTable {
  readonly titles: string;
  /** The lines of one driver. */
  readonly lineOf: (driver: SweptDriver) => string;
}

/** Lays out the table. */
export function sweepTable(due: readonly FinishedDriver[]): SweepTable {
  const [titles = "", ...rows] = alignColumns([
    ["NAMESPACE", "POD", "PHASE", "ENDED", "TIME TO LIVE"],
    ...due.map((driver) => [
      driver.namespace,
      driver.name,
      driver.phase,
      momentText(driver.endedAt),
      `${secondsText(driver.timeToLive)} (${FROM[driver.timeToLiveFrom]})`,
    ]),
  ]);
  const rowOf = new Map(due.map(({ uid }, index) => [uid, rows[index] ?? ""]));
  return {
    titles: `${"OUTCOME".padEnd(WIDTH)}  ${titles}`,
    lineOf: ({ uid, outcome, text }) => {
      const line = `${OUTCOMES[outcome].padEnd(WIDTH)}  ${rowOf.get(uid) ?? ""}`;
      return text === undefined ? line : `${line}\n  - ${oneLine(text, LONGEST_LINE)}`;
    },
  };
}

const FROM = { annotation: "annotation", option: "--older-than" } as const;

/** What there is to say below the table: who stays and needs a hand, claims, and how many of each. */
export function sweepSummary(report: SweepReport): string {
  const { left, claims, problems } = report;
  const faults = left
    .filter(({ text }) => text !== undefined)
    .map((pod) => `${pod.namespace}/${pod.name}: ${pod.text ?? ""}`);
  const sections = [
    listed("Left alone, and to be mended by hand", faults),
    listed(
      "Claims that no application needs any more, and that no sweep deletes",
      claimRows(claims),
    ),
    [
      problems.length === 0 ? "" : "Not all could be looked at: there may be more than this.",
      driversText(report),
      leftText(report),
    ]
      .filter((line) => line !== "")
      .join("\n"),
  ];
  return sections.filter((section) => section !== "").join("\n\n");
}

function listed(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return "";
  return [`${title}:`, ...lines.map((line) => `  ${oneLine(line, LONGEST_LINE)}`)].join("\n");
}

function claimRows(claims: readonly OrphanedClaim[]): readonly string[] {
  return alignColumns(
    claims.map(({ namespace, name, storage, application, why }) => [
      `${namespace}/${name}`,
      storage === "" ? "-" : storage,
      application,
      why,
    ]),
  );
}

function driversText({ drivers, left, deletes }: SweepReport): string {
  const all = drivers.length + left.length;
  const pods = all === 1 ? "1 driver Pod" : `${all} driver Pods`;
  if (!deletes) {
    const hint = drivers.length === 0 ? "" : "; nothing was deleted: say --delete";
    return `${pods}: ${drivers.length} would be deleted${hint}`;
  }
  const counts = counted(
    drivers.map(({ outcome }) => outcome),
    ["gone", "changed", "failed", "not-tried"],
    OUTCOMES,
  );
  const deleted = drivers.filter(({ outcome }) => outcome === "deleted").length;
  return `${pods}: ${[`${deleted} deleted`, ...counts].join(", ")}`;
}

function leftText({ left }: SweepReport): string {
  const reasons = left.map(({ reason }) => reason);
  const counts = counted(reasons, LEFT_REASONS, LEFT);
  return counts.length === 0 ? "" : `left alone: ${counts.join(", ")}`;
}

/** `3 failed`, for each that there is. */
function counted<Key extends string>(
  keys: readonly Key[],
  order: readonly Key[],
  texts: Readonly<Record<Key, string>>,
): readonly string[] {
  return order
    .map((wanted) => ({ wanted, count: keys.filter((key) => key === wanted).length }))
    .filter(({ count }) => count > 0)
    .map(({ wanted, count }) => `${count} ${texts[wanted]}`);
}

/** The whole report for programs. */
export function sweepJson({ at, deletes, drivers, left, claims, problems }: SweepReport): string {
  return jsonText({
    apiVersion: "sparkgate.io/v1alpha1",
    kind: "SweepReport",
    at: momentText(at),
    deletes,
    drivers: drivers.map(({ timeToLive, timeToLiveFrom, endedAt, ...driver }) => ({
      ...driver,
      endedAt: momentText(endedAt),
      timeToLiveSeconds: timeToLive,
      timeToLiveFrom: FROM[timeToLiveFrom],
    })),
    left,
    claims,
    problems,
  });
}

const UNITS = [
  [86_400, "d"],
  [3600, "h"],
  [60, "m"],
] as const;

/** `7d`, `90s`: in the largest unit that it is a whole number of. */
function secondsText(seconds: number): string {
  const [size, unit] = UNITS.find(([each]) => seconds > 0 && seconds % each === 0) ?? [1, "s"];
  return `${seconds / size}${unit}`;
}
