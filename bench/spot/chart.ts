import { CONFIGURATIONS, lossText, type Loss } from "./configurations.ts";
import type { Result, Spread } from "./figures.ts";

const WIDTH = 860;
const LABELS = 250;
const BAR = 18;
const GAP = 6;
const GROUP = 34;
const TOP = 64;
/** Told apart by those who see no red or no green too (Okabe and Ito's). */
const COLOURS = ["#999999", "#56b4e9", "#009e73", "#e69f00"];

interface Panel {
  readonly title: string;
  readonly of: (result: Result) => Spread;
  readonly shown: (value: number) => string;
}

const PANELS: readonly Panel[] = [
  {
    title: "Tasks run again",
    of: ({ tasksRunAgain }) => tasksRunAgain,
    shown: (value) => value.toFixed(0),
  },
  {
    title: "Wall time beyond an undisturbed run",
    of: ({ timesUndisturbed: { median, least, most } }) => ({
      median: 100 * (median - 1),
      least: 100 * (least - 1),
      most: 100 * (most - 1),
    }),
    shown: (value) => `${value.toFixed(0).replace("-", "−")} %`,
  },
];

/** The results as bars in an SVG: medians, with a line from the least to the most of all rounds. */
export function chartOf(results: readonly Result[], subtitle: string): string {
  const lost = results.filter(({ loss }) => loss !== 0);
  const losses = [...new Set(lost.map(({ loss }) => loss))];
  const height = TOP + losses.reduce<number>((sum, loss) => sum + groupHeight(lost, loss), 0) + 10;
  const panelWidth = (WIDTH - LABELS) / PANELS.length;
  const parts = [
    text(0, 18, "What an interruption of spot capacity costs a shuffle-heavy job", "bold 15px"),
    text(0, 36, subtitle, "12px"),
    ...groups(lost, losses),
    ...PANELS.flatMap((panel, index) =>
      bars(lost, losses, panel, LABELS + index * panelWidth, panelWidth),
    ),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-8 0 ${WIDTH + 8} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="What an interruption of spot capacity costs a shuffle-heavy job">`,
    `<rect x="-8" width="${WIDTH + 8}" height="${height}" fill="#ffffff"/>`,
    ...parts,
    "</svg>\n",
  ].join("\n");
}

function groupHeight(results: readonly Result[], loss: Loss): number {
  return GROUP + results.filter((result) => result.loss === loss).length * (BAR + GAP);
}

/** Each bar's place from above. */
function* places(results: readonly Result[], losses: readonly Loss[]) {
  let y = TOP;
  for (const loss of losses) {
    const group = results.filter((result) => result.loss === loss);
    yield {
      loss,
      y,
      group: group.map((result, index) => ({ result, y: y + GROUP + index * (BAR + GAP) })),
    };
    y += groupHeight(results, loss);
  }
}

function groups(results: readonly Result[], losses: readonly Loss[]): string[] {
  return [...places(results, losses)].flatMap(({ loss, y, group }) => [
    text(0, y + GROUP - 10, `executors lost: ${lossText(loss)}`, "bold 12px"),
    ...group.map(({ result, y: at }) => text(8, at + BAR - 5, result.configuration, "12px")),
  ]);
}

function bars(
  results: readonly Result[],
  losses: readonly Loss[],
  { title, of, shown }: Panel,
  left: number,
  width: number,
): string[] {
  const most = Math.max(1, ...results.map((result) => of(result).most).filter(Number.isFinite));
  const x = (value: number) => left + (Math.max(0, value) / most) * (width - 70);
  return [
    text(left, TOP - 4, title, "bold 12px"),
    ...[...places(results, losses)].flatMap(({ group }) =>
      group.flatMap(({ result, y }) => {
        const spread = of(result);
        if (Number.isNaN(spread.median)) return [text(left, y + BAR - 5, "the job failed", "12px")];
        const middle = y + BAR / 2;
        return [
          `<rect x="${left}" y="${y}" width="${(x(spread.median) - left).toFixed(1)}" height="${BAR}" fill="${colourOf(result)}"/>`,
          `<line x1="${x(spread.least).toFixed(1)}" x2="${x(spread.most).toFixed(1)}" y1="${middle}" y2="${middle}" stroke="#333333" stroke-width="1.5"/>`,
          text(x(spread.most) + 6, y + BAR - 5, shown(spread.median), "12px"),
        ];
      }),
    ),
  ];
}

function colourOf({ configuration }: Result): string {
  return COLOURS[CONFIGURATIONS.findIndex(({ name }) => name === configuration)] ?? "#000000";
}

function text(x: number, y: number, words: string, font: string): string {
  return `<text x="${Math.round(x)}" y="${Math.round(y)}" style="font:${font} sans-serif" fill="#222222">${words}</text>`;
}
