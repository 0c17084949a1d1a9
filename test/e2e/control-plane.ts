import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Binary } from "./assets.ts";
import type { CertificateFiles, ClusterCertificates } from "./certificates.ts";
import { type Daemon, startDaemon } from "./daemon.ts";

/** What the processes of one control plane have in common. */
export interface ControlPlane {
  /** The folder of the binaries. */
  assets: string;
  /** The cluster's folder: state and logs. */
  directory: string;
  certificates: ClusterCertificates;
  ports: { apiServer: number; etcd: number; etcdPeer: number };
}

/** Starts etcd. */
export function startEtcd(plane: ControlPlane): Daemon {
  const client = `http://127.0.0.1:${plane.ports.etcd}`;
  const peer = `http://127.0.0.1:${plane.ports.etcdPeer}`;
  return start(plane, "etcd", [
    `--data-dir=${join(plane.directory, "etcd")}`,
    "--unsafe-no-fsync",
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    "--log-level=warn",
  ]);
}

/** Starts the API server, with an audit log only if a policy for it is given. */
export function startApiServer(plane: ControlPlane, auditPolicy?: object): Daemon {
  const { certificates, ports } = plane;
  return start(plane, "kube-apiserver", [
    `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
    "--bind-address=127.0.0.1",
    "--advertise-address=127.0.0.1",
    `--secure-port=${ports.apiServer}`,
    "--endpoint-reconciler-type=none",
    "--service-cluster-ip-range=10.0.0.0/24",
    "--allow-privileged=true",
    `--tls-cert-file=${certificates.apiServer.certificate}`,
    `--tls-private-key-file=${certificates.apiServer.key}`,
    `--client-ca-file=${certificates.ca}`,
    "--authorization-mode=RBAC",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${certificates.serviceAccounts.certificate}`,
    `--service-account-signing-key-file=${certificates.serviceAccounts.key}`,
    `--admission-control-config-file=${writeAdmissionConfiguration(plane)}`,
    // Else every new Node is tainted not-ready until the node lifecycle controller sees it Ready,
    // and without controllers for ever.
    "--disable-admission-plugins=TaintNodesByCondition",
    ...(auditPolicy === undefined ? [] : auditFlags(plane.directory, auditPolicy)),
  ]);
}

/** Starts the controller manager and the scheduler. */
export function startControllers(plane: ControlPlane, kubeconfig: string): Daemon[] {
  const common = [`--kubeconfig=${kubeconfig}`, "--leader-elect=false", "--secure-port=0"];
  return [
    start(plane, "kube-controller-manager", [
      ...common,
      "--use-service-account-credentials=true",
      `--service-account-private-key-file=${plane.certificates.serviceAccounts.key}`,
      `--root-ca-file=${plane.certificates.ca}`,
      "--kube-api-qps=500",
      "--kube-api-burst=1000",
    ]),
    start(plane, "kube-scheduler", [...common, "--kube-api-qps=1000", "--kube-api-burst=2000"]),
  ];
}

/** Where the API server writes its audit events, one JSON object a line. */
export function auditLogIn(directory: string): string {
  return join(directory, "audit.log");
}

function start(plane: ControlPlane, name: Binary, args: string[]): Daemon {
  const { directory } = plane;
  return startDaemon({ name, command: join(plane.assets, name), args, directory });
}

function auditFlags(directory: string, policy: object): string[] {
  const file = join(directory, "audit-policy.json");
  writeFileSync(file, JSON.stringify(policy));
  return [
    `--audit-policy-file=${file}`,
    `--audit-log-path=${auditLogIn(directory)}`,
    // A test that reads the log after a request must find that request there.
    "--audit-log-mode=blocking",
  ];
}

/**
 * Makes the API server show webhooks a client certificate.
 *
 * Of a user's name there, the API server tries "host:port", "*.suffix:port" and, last, "*"
 * (apiserver's `pkg/util/webhook/authentication.go`); nothing but `users` matters.
 */
function writeAdmissionConfiguration({ certificates, directory }: ControlPlane): string {
  const kubeConfigFile = join(directory, "webhook-client.kubeconfig");
  const users = [{ name: "*", user: certificateUser(certificates.webhookClient) }];
  writeFileSync(kubeConfigFile, JSON.stringify({ apiVersion: "v1", kind: "Config", users }));
  const file = join(directory, "admission.json");
  const configuration = {
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "WebhookAdmissionConfiguration",
    kubeConfigFile,
  };
  writeFileSync(
    file,
    JSON.stringify({
      apiVersion: "apiserver.config.k8s.io/v1",
      kind: "AdmissionConfiguration",
      plugins: ["MutatingAdmissionWebhook", "ValidatingAdmissionWebhook"].map((name) => ({
        name,
        configuration,
      })),
    }),
  );
  return file;
}

/** A kubeconfig's `user` with a client certificate. */
export function certificateUser(files: CertificateFiles): Record<string, string> {
  return { "client-certificate": files.certificate, "client-key": files.key };
}
