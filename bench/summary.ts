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

type Figures = Readonly<Record<Figure, number>>;

/** The medians of one server at one number of connections, and of its ratios to the first server round by round. */
export interface Result {
  readonly server: string;
  readonly connections: number;
  readonly medians: Figures;
  /** Undefined for the first server itself. */
  readonly ratio: Figures | undefined;
}

/** Compares the servers at each number of connections with the first of them. Rounds of all must come in the same order. */
export function summarize(rounds: readonly Round[]): readonly Result[] {
  const servers = [...new Set(rounds.map(({ server }) => server))];
  const counts = [...new Set(rounds.map(({ connections }) => connections))];
  return counts.flatMap((connections) => {
    const of = (server: string | undefined, figure: Figure) =>
      rounds
        .filter((round) => round.server === server && round.connections === connections)
        .map((round) => round[figure] ?? NaN);
    const [first] = servers;
    return servers.map((server) => ({
      server,
      connections,
      medians: byFigure((figure) => median(of(server, figure))),
      ratio:
        server === first
          ? undefined
          : byFigure((figure) => {
              const base = of(first, figure);
              return median(of(server, figure).map((value, at) => value / (base[at] ?? NaN)));
            }),
    }));
  });
}

function byFigure(value: (figure: Figure) => number): Figures {
  return { rps: value("rps"), p50: value("p50"), p99: value("p99"), cpu: value("cpu") };
}

/** The results as a Markdown table. */
export function tableOf(results: readonly Result[]): string {
  const [first] = results;
  const base = first?.server ?? "";
  const lines = [
    `| connections | server | calls/s | p50 ms | p99 ms | CPU us/call | calls/s : ${base} | p50 : ${base} | p99 : ${base} | CPU : ${base} |`,
    "| --: | :-- | --: | --: | --: | --: | --: | --: | --: | --: |",
    ...results.map(({ server, connections, medians, ratio }) =>
      cells([
        String(connections),
        server,
        ...shown(medians, [0, 2, 2, 0]),
        ...(ratio === undefined ? ["", "", "", ""] : shown(ratio, [2, 2, 2, 2])),
      ]),
    ),
  ];
  return `${lines.join("\n")}\n`;
}

function shown(figures: Figures, digits: readonly number[]): string[] {
  return FIGURES.map((figure, index) => figures[figure].toFixed(digits[index]));
}

function cells(values: readonly string[]): string {
  return `| ${values.join(" | ")} |`;
}
