import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./sparkgate-process.ts";

/** Where users look: the driver's log, an executor's log, what `kubectl describe pod` prints of an executor. */
export type Place = "driver" | "executor" | "describe";

const PAGE = join(ROOT, "docs/troubleshooting.md");
/** Stands in the page for what differs from run to run. */
const ELLIPSIS = "…";

/**
 * Holds a section of docs/troubleshooting.md against a real run: each line of its blocks has to be in the output of the place that the
 * block names.
 */
export function assertShown(heading: string, outputs: Partial<Record<Place, string>>): void {
  const blocks = blocksOf(heading);
  assert.ok(blocks.length > 0, `${heading}: no such section, or nothing in it is shown`);
  for (const { place, lines } of blocks) {
    const output = outputs[place];
    assert.ok(
      output !== undefined,
      `${heading}: shows what the ${place} says, which nobody has looked at`,
    );
    for (const line of lines) {
      assert.match(output, patternOf(line), `${heading}: not what the ${place} says: ${line}`);
    }
  }
}

interface Block {
  readonly place: Place;
  readonly lines: readonly string[];
}

function blocksOf(heading: string): readonly Block[] {
  const page = readFileSync(PAGE, "utf8");
  const section = page.split(/^## /m).find((each) => each.startsWith(`${heading}\n`)) ?? "";
  return [...section.matchAll(/^```text (driver|executor|describe)\n(.*?)^```$/gms)].map(
    ([, place, text = ""]) => ({
      place: place as Place,
      lines: text.split("\n").filter((line) => line.trim() !== ""),
    }),
  );
}

function patternOf(line: string): RegExp {
  const parts = line
    .trim()
    .split(ELLIPSIS)
    .map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(parts.map((part) => part.replaceAll(/\s+/g, "\\s+")).join(".*"));
}
