import { join } from "node:path";
import type { Cluster } from "./cluster.ts";
import { freePorts } from "./ports.ts";
import { writePolicies } from "./spark-pods.ts";
import { registerSparkgate, type Sparkgate, startSparkgate } from "./sparkgate.ts";

/** Specs of policies by name, each with a mode of its own. */
export type Policies = Readonly<Record<string, object>>;

/** One Sparkgate after the other behind one registration, each with policies of its own. */
export class SuccessiveSparkgate {
  readonly #cluster: Cluster;
  readonly #ports: { readonly port: number; readonly metricsPort: number };
  #generation = 0;
  #running: Sparkgate | undefined;

  private constructor(cluster: Cluster, [port = 0, metricsPort = 0]: readonly number[]) {
    this.#cluster = cluster;
    this.#ports = { port, metricsPort };
  }

  /** Starts the first one and registers it. */
  static async start(cluster: Cluster, policies: Policies): Promise<SuccessiveSparkgate> {
    const sparkgate = new SuccessiveSparkgate(cluster, await freePorts(2));
    await sparkgate.serve(policies);
    await registerSparkgate(cluster, sparkgate.#ports.port);
    return sparkgate;
  }

  /** Starts another one in the place of what runs, with these policies alone. */
  async serve(policies: Policies): Promise<void> {
    await this.stop();
    const directory = join(this.#cluster.directory, `policies-${this.#generation++}`);
    this.#running = await startSparkgate(this.#cluster, {
      ...{ policies: writePolicies({ directory }, policies), mode: "own", ...this.#ports },
    });
  }

  metrics(): Promise<string> {
    if (this.#running === undefined) throw new Error("no Sparkgate runs");
    return this.#running.get("/metrics");
  }

  /** Takes away what runs at once, as a node does that is lost. */
  async stop(): Promise<void> {
    await this.#running?.stop("SIGKILL");
    this.#running = undefined;
  }
}
