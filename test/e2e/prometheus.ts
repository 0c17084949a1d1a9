import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { Cluster } from "./cluster.ts";
import { startDaemon } from "./daemon.ts";
import type { Pod } from "./pod.ts";
import { freePorts } from "./ports.ts";

/** A Prometheus that looks for its targets in a cluster. */
export interface Prometheus {
  /** The result of an instant query: the labels of each series, with its value. */
  query(expression: string): Promise<readonly Series[]>;
  stop(): Promise<void>;
}

/** One series of a query's result. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Debian's package, unpacked into a folder and installed nowhere; undefined where there is none to be had. */
export function prometheusBinary(folder: string): string | undefined {
  const binary = join(folder, "usr/bin/prometheus");
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  const get = () => spawnSync("apt-get", ["download", "prometheus"], { cwd: folder }).status === 0;
  if (!get()) {
    // Lists of packages that were never fetched, as in a fresh image.
    spawnSync("apt-get", ["update"], { stdio: "ignore" });
    if (!get()) return undefined;
  }
  const [file] = readdirSync(folder).filter((name) => name.endsWith(".deb"));
  execFileSync("dpkg", ["-x", file ?? "", "."], { cwd: folder });
  return binary;
}

const DISCOVERY = "kubernetes_sd_configs";
const TARGETS = "targets.json";
const DISCOVERY_MS = 500;

/**
 * Starts a Prometheus with a file of scrape configs as it is, but for one thing: Debian builds it without the discovery of
 * Kubernetes' Pods. A stand-in lists them, and gives them the labels that Prometheus would (docs, kubernetes_sd_config, role pod).
 */
export async function startPrometheus(
  cluster: Cluster,
  binary: string,
  file: string,
  namespace: string,
): Promise<Prometheus> {
  const directory = join(cluster.directory, "prometheus");
  mkdirSync(directory);
  const { scrape_configs: jobs } = parse(readFileSync(file, "utf8")) as {
    scrape_configs: readonly object[];
  };
  const config = {
    global: { scrape_interval: "3s", scrape_timeout: "3s" },
    scrape_configs: jobs.map((job) => ({
      ...Object.fromEntries(Object.entries(job).filter(([key]) => key !== DISCOVERY)),
      file_sd_configs: [{ files: [TARGETS], refresh_interval: "1s" }],
    })),
  };
  writeFileSync(join(directory, "prometheus.yml"), stringify(config));
  writeFileSync(join(directory, TARGETS), "[]");
  const discovery = setInterval(() => {
    void discover(cluster, namespace, join(directory, TARGETS));
  }, DISCOVERY_MS);
  const [port = 0] = await freePorts(1);
  const daemon = startDaemon({
    name: "prometheus",
    command: binary,
    args: [
      "--config.file=prometheus.yml",
      "--storage.tsdb.path=data",
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    directory,
  });
  return {
    query: async (expression) => {
      daemon.assertAlive();
      const query = new URLSearchParams({ query: expression });
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query?${query.toString()}`);
      const { data } = (await answer.json()) as Answer;
      return data.result.map(({ metric, value: [, text] }) => ({
        labels: metric,
        value: Number(text),
      }));
    },
    stop: () => {
      clearInterval(discovery);
      return daemon.stop();
    },
  };
}

async function discover(cluster: Cluster, namespace: string, file: string): Promise<void> {
  try {
    const list = await cluster.api("GET", `/api/v1/namespaces/${namespace}/pods`);
    const targets = (list as { readonly items: readonly Pod[] }).items.flatMap(targetsOf);
    writeFileSync(`${file}.new`, JSON.stringify(targets));
    renameSync(`${file}.new`, file);
  } catch {
    // The next time is soon; who waits for a metric that never comes says so.
  }
}

/** One for each port of a container. */
function targetsOf({ metadata, spec, status }: Pod): readonly object[] {
  const { namespace = "", name, labels = {}, annotations = {} } = metadata;
  const ip = status?.podIP;
  if (ip === undefined) return [];
  const named = (kind: string, map: Readonly<Record<string, string>>) =>
    Object.entries(map).map(([key, value]) => [
      `__meta_kubernetes_pod_${kind}_${key.replaceAll(/\W/g, "_")}`,
      value,
    ]);
  const found = {
    __meta_kubernetes_namespace: namespace,
    __meta_kubernetes_pod_name: name,
    __meta_kubernetes_pod_ip: ip,
    __meta_kubernetes_pod_phase: status?.phase ?? "",
    ...(Object.fromEntries([
      ...named("label", labels),
      ...named("annotation", annotations),
    ]) as object),
  };
  const ports = spec.containers.flatMap(
    (container) => (container as { readonly ports?: readonly Port[] }).ports ?? [],
  );
  return ports.map(({ containerPort }) => ({ targets: [`${ip}:${containerPort}`], labels: found }));
}

interface Port {
  readonly containerPort: number;
}

interface Answer {
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value: readonly [at: number, text: string];
    }[];
  };
}
