import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import type { Cluster } from "../../test/e2e/cluster.ts";
import type { Way } from "./admission.ts";

/** What came of some creations. */
export interface Creations {
  /** Milliseconds, sorted. */
  readonly latencies: readonly number[];
  /** Answers without what admission was to put in. */
  readonly unpatched: number;
}

/** Creates one Pod over and over as a dry run, from a number of clients, each with a connection of its own. */
export class PodCreator {
  readonly #agent: Agent;
  readonly #cluster: Cluster;
  readonly #body: string;

  constructor(cluster: Cluster, pod: object) {
    const { admin, ca } = cluster.certificates;
    this.#agent = new Agent({
      keepAlive: true,
      ca: readFileSync(ca),
      cert: readFileSync(admin.certificate),
      key: readFileSync(admin.key),
    });
    this.#cluster = cluster;
    this.#body = JSON.stringify(pod);
  }

  /**
   * Creates until the time is over or the count is reached, whichever comes first.
   * @throws Error where the API server refuses one
   */
  async run(
    way: Way,
    clients: number,
    {
      seconds = Infinity,
      count = Infinity,
    }: { readonly seconds?: number; readonly count?: number },
  ): Promise<Creations> {
    const until = performance.now() + seconds * 1000;
    const latencies: number[] = [];
    let [begun, unpatched] = [0, 0];
    const client = async () => {
      while (performance.now() < until && begun < count) {
        begun++;
        const start = performance.now();
        const text = await this.#create(way);
        latencies.push(performance.now() - start);
        if (!isPatched(way, text)) unpatched++;
      }
    };
    await Promise.all(Array.from({ length: clients }, client));
    return { latencies: latencies.sort((a, b) => a - b), unpatched };
  }

  close(): void {
    this.#agent.destroy();
  }

  #create(way: Way): Promise<string> {
    const { port } = this.#cluster;
    const path = `/api/v1/namespaces/${way}/pods?dryRun=All`;
    const headers = {
      "Content-Type": "application/json",
      "Content-Length": Buffer.byteLength(this.#body),
    };
    const options = { agent: this.#agent, host: "127.0.0.1", port, method: "POST", path, headers };
    return new Promise((resolve, reject) => {
      const outgoing = request(options, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (text += chunk));
        response.on("error", reject);
        response.on("end", () => {
          if (response.statusCode === 201) resolve(text);
          else reject(new Error(`${way}: HTTP ${response.statusCode ?? 0} ${text.slice(0, 300)}`));
        });
      });
      outgoing.on("error", reject);
      outgoing.end(this.#body);
    });
  }
}

/** What every Pod must have that went this way. */
function isPatched(way: Way, text: string): boolean {
  switch (way) {
    case "none":
      return !text.includes("karpenter.sh/capacity-type");
    case "echo":
    case "sparkgate":
      return text.includes('"sparkgate.io/applied"') && text.includes("karpenter.sh/capacity-type");
    case "policies":
      return text.includes('"nodeSelector":{"karpenter.sh/capacity-type":"spot"}');
  }
}
