import { writeFileSync } from "node:fs";
import type { Pod } from "../pod.ts";

const FIRST = 10;
const LAST = 250;

/**
 * The Pods' addresses and names. On Linux all of 127.0.0.0/8 is the machine itself; the middle bytes are the API server's port,
 * so that clusters beside each other do not share addresses: Spark's ports are fixed.
 */
export class Addresses {
  readonly #port: number;
  readonly #hostsFile: string;
  /** Of each Pod, by uid. */
  readonly #given = new Map<string, { readonly address: string; readonly names: string[] }>();
  #last = FIRST - 1;

  /** @param hostsFile - is kept up to date, and stands in for the cluster's DNS */
  constructor(port: number, hostsFile: string) {
    this.#port = port;
    this.#hostsFile = hostsFile;
    this.#write();
  }

  /** One that no other Pod has, and none had lately. */
  give(pod: Pod): string {
    const used = new Set([...this.#given.values()].map(({ address }) => address));
    for (let tries = FIRST; tries <= LAST; tries++) {
      this.#last = this.#last === LAST ? FIRST : this.#last + 1;
      const address = `127.${this.#port >> 8}.${this.#port & 255}.${this.#last}`;
      if (used.has(address)) continue;
      this.#given.set(pod.metadata.uid ?? "", { address, names: namesOf(pod) });
      this.#write();
      return address;
    }
    throw new Error("the process kubelet has no address left");
  }

  free(uid: string): void {
    this.#given.delete(uid);
    this.#write();
  }

  /** In place, as running containers have this very file mounted. */
  #write(): void {
    const lines = [...this.#given.values()].flatMap(({ address, names }) =>
      names.map((name) => `${address} ${name}\n`),
    );
    writeFileSync(this.#hostsFile, `127.0.0.1 localhost\n${lines.join("")}`);
  }
}

function namesOf({ metadata, spec }: Pod): string[] {
  const { name, namespace = "", labels = {} } = metadata;
  return [
    ...new Set([name, ...(spec.hostname === undefined ? [] : [spec.hostname])]),
    // The headless Service that Spark makes for it; its name is the driver's own.
    ...(labels["spark-role"] === "driver" ? [`${name}-svc.${namespace}.svc`] : []),
  ];
}
