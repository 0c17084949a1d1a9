import { runLoad, type LoadOptions, type LoadResult } from "./load.ts";
import type { ServerProcess } from "./server-process.ts";
import type { Round } from "./summary.ts";

/** A server, and what its answers must have. */
export interface Contender {
  readonly server: ServerProcess;
  readonly patchExpected: boolean;
  /** `/mutate?timeout=3s` unless told. */
  readonly path?: string | undefined;
}

/** What all contenders are asked. */
export type Question = Pick<LoadOptions, "body" | "uid" | "ca">;

/** How long and how often. */
export interface Effort {
  readonly rounds: number;
  /** Of each server at each number of connections, a round. */
  readonly seconds: number;
  readonly connections: readonly number[];
}

/** Calls before anything is measured: Sparkgate gets faster until about 10,000, while V8 compiles what is hot. */
const WARM_UP_CALLS = 15_000;

/**
 * Measures servers in turn: a machine that is shared is slow for minutes at a time, and then for all of them.
 * @throws Error where an answer is wrong
 */
export async function measureInTurn(
  contenders: readonly Contender[],
  question: Question,
  { rounds, seconds, connections }: Effort,
): Promise<readonly Round[]> {
  for (const contender of contenders) await warmUp(contender, question);
  const measured: Round[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const count of connections) {
      for (const contender of contenders) {
        measured.push(await measure(contender, question, count, seconds));
      }
    }
    process.stderr.write(`round ${round} of ${rounds}\n`);
  }
  return measured;
}

async function warmUp(contender: Contender, question: Question): Promise<void> {
  for (let calls = 0; calls < WARM_UP_CALLS;) {
    calls += (await ask(contender, question, 16, 1)).calls;
  }
}

async function measure(
  contender: Contender,
  question: Question,
  connections: number,
  wanted: number,
): Promise<Round> {
  const { server } = contender;
  const before = server.cpuMicroseconds();
  const { calls, seconds, p50, p99 } = await ask(contender, question, connections, wanted);
  const after = server.cpuMicroseconds();
  return {
    server: server.name,
    connections,
    rps: calls / seconds,
    p50,
    p99,
    cpu: before === undefined || after === undefined ? undefined : (after - before) / calls,
  };
}

async function ask(
  { server, patchExpected, path = "/mutate?timeout=3s" }: Contender,
  question: Question,
  connections: number,
  seconds: number,
): Promise<LoadResult> {
  const { port } = server;
  const result = await runLoad({ ...question, port, connections, seconds, patchExpected, path });
  if (result.wrong !== undefined) throw new Error(`${server.name} answered wrong: ${result.wrong}`);
  return result;
}
