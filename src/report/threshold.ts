import type { Action, Report } from "./report.ts";

/** From the strictest to the most lenient: `change` fails on everything that is not as the policies want it. */
export const THRESHOLDS = ["change", "warn", "deny", "never"] as const;

export type Threshold = (typeof THRESHOLDS)[number];

const RANKS: Readonly<Record<Action, number>> = {
  shadowed: -1,
  except: 0,
  keep: 0,
  "would-change": 0,
  change: 0,
  warn: 1,
  "would-deny": 1,
  error: 1,
  deny: 2,
};

/** Whether a report has a finding at or above the threshold. */
export function reachesThreshold(report: Report, threshold: Threshold): boolean {
  const least = THRESHOLDS.indexOf(threshold);
  return report.entries.some((entry) =>
    entry.findings.some((finding) => RANKS[finding.action] >= least),
  );
}
