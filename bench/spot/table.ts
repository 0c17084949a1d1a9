import { lossText } from "./configurations.ts";
import type { Result, Spread } from "./figures.ts";

/** The results as a Markdown table: medians, and in brackets the range over all rounds. */
export function tableOf(results: readonly Result[]): string {
  const header = [
    "executors lost",
    "policies",
    "stages run again",
    "tasks run again",
    "stages tried again",
    "fetch failures",
    "shuffle blocks moved",
    "MiB moved",
    "wall time, s",
    "of the undisturbed run",
  ];
  const lines = [
    row(header),
    row(header.map((_, index) => (index < 2 ? ":--" : "--:"))),
    ...results.map((result) =>
      row([
        lossText(result.loss),
        result.configuration + failures(result),
        shown(result.stagesRunAgain),
        shown(result.tasksRunAgain),
        shown(result.stagesTriedAgain),
        shown(result.fetchFailures),
        shown(result.blocksMoved),
        shown(result.mebibytesMoved),
        shown(result.seconds),
        result.loss === 0 ? "" : shown(result.timesUndisturbed, 2),
      ]),
    ),
  ];
  return `${lines.join("\n")}\n`;
}

function failures({ failed, runs }: Result): string {
  return failed === 0 ? "" : ` (${failed} of ${runs} jobs failed)`;
}

function shown({ median, least, most }: Spread, digits = 0): string {
  if (Number.isNaN(median)) return "";
  const [middle, low, high] = [median, least, most].map((value) => value.toFixed(digits));
  return low === high ? (middle ?? "") : `${middle ?? ""} (${low ?? ""}–${high ?? ""})`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}
