import { join } from "node:path";
import { runCommand } from "./command.ts";
import { ROOT } from "./sparkgate-process.ts";

/** What a sweep printed as JSON. */
export interface SweptReport {
  readonly deletes: boolean;
  readonly drivers: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly outcome: string;
    readonly text?: string;
  }[];
  readonly left: readonly { readonly name: string; readonly reason: string }[];
  readonly claims: readonly { readonly name: string; readonly why: string }[];
  readonly problems: readonly string[];
}

/** Where a sweep runs, and how much later than now it believes to be, in milliseconds. */
export interface SweepSurroundings {
  readonly kubeconfig: string;
  readonly later?: number;
  /** Aborted: it gets SIGTERM. */
  readonly signal?: AbortSignal;
}

/** Runs `sparkgate sweep` as its users do. */
export function runSweep(args: readonly string[], surroundings: SweepSurroundings) {
  const { kubeconfig, later = 0, signal } = surroundings;
  const command = ["--import", join(import.meta.dirname, "later.ts"), join(ROOT, "src/cli.ts")];
  return runCommand(process.execPath, [...command, "sweep", "--kubeconfig", kubeconfig, ...args], {
    env: { ...process.env, SPARKGATE_E2E_LATER: String(later) },
    ...(signal && { signal }),
  });
}

/** Runs it for its report. */
export async function sweepReport(args: readonly string[], surroundings: SweepSurroundings) {
  const { code, stdout, stderr } = await runSweep([...args, "-o", "json"], surroundings);
  if (!stdout.startsWith("{")) throw new Error(`exit code ${code}: ${stderr}`);
  return { code, stderr, report: JSON.parse(stdout) as SweptReport };
}
