import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after } from "node:test";
import { ENVIRONMENT, ROOT } from "../cli/run-sparkgate.ts";
import { testCertificates } from "./test-server.ts";

/** `sparkgate serve` as a container runs it: in a process of its own, with the environment that the Dockerfile gives it. */
export interface ChildServer {
  readonly port: number;
  readonly metricsPort: number;
  readonly ca: string;
  /** All that it wrote. */
  readonly output: () => string;
  readonly isAlive: () => boolean;
  /** MiB of memory that is its own: not the pages of Node's program, which all processes share. */
  readonly memory: () => number;
}

/** Starts it with the given policies; it ends with the tests of the file. */
export async function startChildServer(args: readonly string[]): Promise<ChildServer> {
  const { certPath, keyPath, caPath } = await testCertificates();
  const child = spawn(
    process.execPath,
    [
      ...["src/cli.ts", "serve", ...args, "--tls-cert", certPath, "--tls-key", keyPath],
      ...["--host", "127.0.0.1", "--port", "0", "--metrics-port", "0", "--drain-seconds", "0"],
    ],
    {
      cwd: ROOT,
      env: { ...ENVIRONMENT, ...imageEnvironment() },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  after(() => child.kill());
  let output = "";
  child.stderr.on("data", (data: Buffer) => (output += data.toString()));
  const ready = await new Promise<{ port: number; metricsPort: number }>((resolve, reject) => {
    child.once("exit", () => {
      reject(new Error(`it ended: ${output}`));
    });
    createInterface(child.stdout).on("line", (line) => {
      output += `${line}\n`;
      if (/"msg":"ready"/.test(line)) resolve(JSON.parse(line) as never);
    });
  });
  return {
    port: ready.port,
    metricsPort: ready.metricsPort,
    ca: readFileSync(caPath, "utf8"),
    output: () => output,
    isAlive: () => child.exitCode === null && child.signalCode === null,
    memory: () => {
      const status = readFileSync(`/proc/${child.pid ?? 0}/status`, "utf8");
      return Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
    },
  };
}

function imageEnvironment(): Readonly<Record<string, string>> {
  const line = /^ENV (.+)$/m.exec(readFileSync(join(ROOT, "Dockerfile"), "utf8"))?.[1] ?? "";
  const variables = [...line.matchAll(/(\w+)=(?:"([^"]*)"|(\S+))/g)];
  assert.ok(variables.length >= 4, line);
  return Object.fromEntries(
    variables.map(([, name = "", quoted, bare = ""]): [string, string] => [name, quoted ?? bare]),
  );
}
