import assert from "node:assert/strict";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Cluster } from "./cluster.ts";
import { type CommandResult, runCommand } from "./command.ts";
import { freePorts } from "./ports.ts";
import { ROOT, type Sparkgate, startProcess } from "./sparkgate-process.ts";

/** A copy of what an administrator has, to be edited and applied. */
export interface Installation {
  /** For `kubectl apply -k`. */
  readonly manifests: string;
  readonly edit: (file: string, change: (text: string) => string) => void;
  /** `sparkgate certs -o secret`, into the file that manifests/self-signed asks for; what it printed. */
  readonly certs: () => Promise<CommandResult>;
}

/** Runs kubectl, which must be content and warn of nothing; what it printed. */
export async function contentKubectl(
  cluster: Cluster,
  args: readonly string[],
  stdin = "",
): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(args, { stdin });
  assert.equal(code, 0, `kubectl ${args.join(" ")}: ${stderr}`);
  // On a slow machine it also tells there how long it waited.
  assert.doesNotMatch(stderr, /^Warning:/m);
  return stdout;
}

/** Copies manifests/ and policies/ into a folder of the cluster's. */
export function copyInstallation(cluster: Cluster, name: string): Installation {
  const folder = join(cluster.directory, name);
  for (const part of ["manifests", "policies"]) {
    cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  }
  // That of whoever runs the tests.
  rmSync(join(folder, "manifests/self-signed/secret.yaml"), { force: true });
  return {
    manifests: join(folder, "manifests"),
    edit: (file, change) => {
      const path = join(folder, file);
      const text = existsSync(path) ? readFileSync(path, "utf8") : "";
      const changed = change(text);
      if (changed === text) throw new Error(`${file}: nothing to change`);
      writeFileSync(path, changed);
    },
    certs: async () => {
      const args = [
        join(ROOT, "src/cli.ts"),
        "certs",
        "--dir",
        join(folder, "certs"),
        "-o",
        "secret",
      ];
      const result = await runCommand(process.execPath, args, { env: process.env });
      if (result.code !== 0) throw new Error(result.stderr);
      writeFileSync(join(folder, "manifests/self-signed/secret.yaml"), result.stdout);
      return result;
    },
  };
}

/**
 * Has the API server find Sparkgate's Service on this machine. There is no kube-proxy here that would make a ClusterIP
 * work, so the Service becomes an alias for localhost, with the server's port in the webhook configurations. The name that the
 * API server asks the certificate for stays the Service's.
 */
export async function pointAtThisMachine(
  cluster: Cluster,
  installation: Installation,
  port: number,
): Promise<void> {
  installation.edit("manifests/service.yaml", () =>
    JSON.stringify({
      ...{ apiVersion: "v1", kind: "Service" },
      metadata: { name: "sparkgate", namespace: "sparkgate-system" },
      spec: { type: "ExternalName", externalName: "localhost" },
    }),
  );
  installation.edit("manifests/webhook-configurations.yaml", (text) =>
    text.replaceAll("port: 443", `port: ${port}`),
  );
  await cluster.api("DELETE", "/api/v1/namespaces/sparkgate-system/services/sparkgate");
}

interface Volume {
  readonly name: string;
  readonly configMap?: { readonly name: string };
  readonly secret?: {
    readonly secretName: string;
    readonly items: readonly { readonly key: string; readonly path: string }[];
  };
}

interface PodTemplate {
  readonly containers: readonly [
    {
      readonly args: readonly string[];
      readonly env: readonly {
        readonly name: string;
        readonly valueFrom: {
          readonly configMapKeyRef: { readonly name: string; readonly key: string };
        };
      }[];
      readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
    },
  ];
  readonly volumes: readonly Volume[];
}

/**
 * Starts the server as the stored Deployment says, as a kubelet would: its arguments and variables, and its ConfigMaps and
 * its Secret as files. For what only a Pod has, there is `--kubeconfig` with a token of the ServiceAccount in place of
 * `--in-cluster`, and an address and ports on this machine.
 */
export async function startDeployed(
  cluster: Cluster,
  kubeconfig: string,
  port: number,
): Promise<Sparkgate> {
  const path = "/apis/apps/v1/namespaces/sparkgate-system/deployments/sparkgate";
  const { spec } = (await cluster.api("GET", path)) as {
    spec: { template: { spec: PodTemplate } };
  };
  const { containers, volumes } = spec.template.spec;
  const [{ args, env, volumeMounts }] = containers;
  const [metricsPort = 0] = await freePorts(1);
  const root = join(cluster.directory, `root-${metricsPort}`);
  for (const { name, mountPath } of volumeMounts) {
    const volume = volumes.find((each) => each.name === name);
    if (volume === undefined) throw new Error(`no volume ${name}`);
    mount(join(root, mountPath), await filesOf(cluster, volume));
  }
  const values = new Map<string, string>();
  for (const { name, valueFrom } of env) {
    const { name: configMap, key } = valueFrom.configMapKeyRef;
    values.set(name, (await dataOf(cluster, "configmaps", configMap))[key] ?? "");
  }
  return startProcess({
    args: [
      ...args
        .map((arg) => arg.replace(/\$\((\w+)\)/g, (_all, name: string) => values.get(name) ?? ""))
        .map((arg) => arg.replace("=/etc/", `=${root}/etc/`))
        .flatMap((arg) => (arg === "--in-cluster" ? ["--kubeconfig", kubeconfig] : [arg])),
      ...["--host", "127.0.0.1", "--port", String(port), "--metrics-port", String(metricsPort)],
      ...["--drain-seconds", "0"],
    ],
    metricsPort,
    directory: cluster.directory,
  });
}

async function filesOf(cluster: Cluster, volume: Volume): Promise<ReadonlyMap<string, string>> {
  if (volume.configMap !== undefined) {
    return new Map(Object.entries(await dataOf(cluster, "configmaps", volume.configMap.name)));
  }
  const data = await dataOf(cluster, "secrets", volume.secret?.secretName ?? "");
  return new Map(
    volume.secret?.items.map(({ key, path }) => [
      path,
      Buffer.from(data[key] ?? "", "base64").toString(),
    ]),
  );
}

async function dataOf(cluster: Cluster, kind: string, name: string) {
  const object = await cluster.api("GET", `/api/v1/namespaces/sparkgate-system/${kind}/${name}`);
  return (object as { data: Readonly<Record<string, string>> }).data;
}

/** Kubelets write a folder beside, and links to it, so that a change is seen as a whole (pkg/volume/util/atomic_writer.go). */
function mount(folder: string, files: ReadonlyMap<string, string>): void {
  mkdirSync(join(folder, "..data-1"), { recursive: true });
  symlinkSync("..data-1", join(folder, "..data"));
  for (const [name, content] of files) {
    writeFileSync(join(folder, "..data-1", name), content, { mode: 0o600 });
    symlinkSync(join("..data", name), join(folder, name));
  }
}
