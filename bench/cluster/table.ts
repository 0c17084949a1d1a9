import { median } from "../median.ts";
import { WAYS, type Way } from "./admission.ts";

/** One way of admission under load, once. */
export interface WayRound {
  readonly way: Way;
  readonly clients: number;
  /** Milliseconds, sorted. */
  readonly latencies: readonly number[];
}

/** What each way adds to the median creation without admission, round by round, as a Markdown table. */
export function addedTable(rounds: readonly WayRound[]): string {
  const lines = [
    "| clients | admission | creates | p50 ms | p99 ms | added p50 ms | added : echo |",
    "| --: | :-- | --: | --: | --: | --: | --: |",
  ];
  for (const clients of new Set(rounds.map((round) => round.clients))) {
    const of = (way: Way) => rounds.filter((one) => one.clients === clients && one.way === way);
    const p50 = (way: Way) => of(way).map(({ latencies }) => percentile(latencies, 0.5));
    const none = p50("none");
    const added = (way: Way) => p50(way).map((value, round) => value - (none[round] ?? NaN));
    const echo = added("echo");
    for (const way of WAYS) {
      const ratio = median(added(way).map((value, round) => value / (echo[round] ?? NaN)));
      const cells = [
        String(clients),
        way,
        String(of(way).reduce((sum, { latencies }) => sum + latencies.length, 0)),
        median(p50(way)).toFixed(2),
        median(of(way).map(({ latencies }) => percentile(latencies, 0.99))).toFixed(2),
        way === "none" ? "" : median(added(way)).toFixed(2),
        way === "none" ? "" : ratio.toFixed(2),
      ];
      lines.push(`| ${cells.join(" | ")} |`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.floor(sorted.length * share)] ?? NaN;
}
