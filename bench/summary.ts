import { median } from "./median.ts";

/** One server under load, once. */
export interface Round {
  readonly server: string;
  readonly connections: number;
  /** Calls a second. */
  readonly rps: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Microseconds of the server's CPU time a call; undefined where the system does not tell. */
  readonly cpu: number | undefined;
}

type Figure = "rps" | "p50" | "p99" | "cpu";

const FIGURES: readonly Figure[] = ["rps", "p50", "p99", "cpu"];

/** The medians of both servers at one number of connections, and of the ratios Sparkgate to floor round by round. */
export interface Result {
  readonly connections: number;
  readonly floor: Readonly<Record<Figure, number>>;
  readonly sparkgate: Readonly<Record<Figure, number>>;
  readonly ratio: Readonly<Record<Figure, number>>;
}

/** What `-o json` shows. */
export interface Summary {
  readonly bytes: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly node: string;
  /** Sparkgate's, after the load. */
  readonly memoryMebibytes: number | undefined;
  readonly results: readonly Result[];
}

/** Compares the servers at each number of connections. Rounds of both must come in the same order. */
export function summarize(rounds: readonly Round[]): readonly Result[] {
  return [...new Set(rounds.map(({ connections }) => connections))].map((connections) => {
    const of = (server: string, figure: Figure) =>
      rounds
        .filter((round) => round.server === server && round.connections === connections)
        .map((round) => round[figure] ?? NaN);
    const medians = (server: string) => byFigure((figure) => median(of(server, figure)));
    return {
      connections,
      floor: medians("floor"),
      sparkgate: medians("sparkgate"),
      ratio: byFigure((figure) => {
        const floor = of("floor", figure);
        return median(of("sparkgate", figure).map((value, round) => value / (floor[round] ?? NaN)));
      }),
    };
  });
}

function byFigure(value: (figure: Figure) => number): Record<Figure, number> {
  return { rps: value("rps"), p50: value("p50"), p99: value("p99"), cpu: value("cpu") };
}

/** The summary for people. */
export function tableOf({
  bytes,
  rounds,
  seconds,
  node,
  memoryMebibytes,
  results,
}: Summary): string {
  const lines = [
    `review of ${bytes} bytes, TLS 1.3, keep-alive, Node ${node}; medians of ${rounds} interleaved rounds of ${seconds} s`,
    "",
    row(["connections", "", "calls/s", "p50 ms", "p99 ms", "CPU us/call"]),
  ];
  for (const { connections, floor, sparkgate, ratio } of results) {
    lines.push(
      row([String(connections), "floor", ...figures(floor, [0, 2, 2, 0])]),
      row(["", "sparkgate", ...figures(sparkgate, [0, 2, 2, 0])]),
      row(["", "sparkgate/floor", ...figures(ratio, [2, 2, 2, 2])]),
    );
  }
  if (memoryMebibytes !== undefined) {
    lines.push("", `sparkgate's memory after the load: ${memoryMebibytes.toFixed(0)} MiB`);
  }
  return `${lines.join("\n")}\n`;
}

function figures(values: Readonly<Record<Figure, number>>, digits: readonly number[]): string[] {
  return FIGURES.map((figure, index) => values[figure].toFixed(digits[index]));
}

function row(cells: readonly string[]): string {
  const widths = [11, 15, 9, 8, 8, 12];
  return cells
    .map((cell, index) =>
      index === 1 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0),
    )
    .join("  ")
    .trimEnd();
}
