import { readFileSync } from "node:fs";
import type { Cluster } from "./cluster.ts";

/** An `audit.k8s.io/v1` Policy: who posts which Pod, and what came of it. */
export const POD_POSTS = {
  ...{ apiVersion: "audit.k8s.io/v1", kind: "Policy", omitStages: ["RequestReceived"] },
  rules: [
    { level: "Metadata", verbs: ["create"], resources: [{ group: "", resources: ["pods"] }] },
    { level: "None" },
  ],
};

/** A Pod that somebody asked for. */
export interface PodPost {
  readonly name: string;
  /** HTTP's: 201, it was made. */
  readonly code: number;
  /** Webhooks that could not be called, and that let it in for that (apiserver, `pkg/admission/plugin/webhook`). */
  readonly failedOpen: readonly string[];
  /** Policies that refused it, by Sparkgate's own annotations. */
  readonly refusedBy: readonly string[];
}

interface AuditEvent {
  readonly objectRef: { readonly namespace?: string; readonly name?: string };
  readonly requestURI: string;
  readonly responseStatus?: { readonly code: number };
  readonly annotations?: Readonly<Record<string, string>>;
}

const FAILED_OPEN = /^failed-open\.(mutation|validating)\.webhook\.admission\.k8s\.io\//;
const REFUSED_BY = /\.sparkgate\.io\/refused-by$/;

/** All that were posted so far, in order and without dry runs, by the API server's audit log with {@link POD_POSTS}. */
export function podPosts({ auditLog }: Pick<Cluster, "auditLog">): readonly PodPost[] {
  const lines = readFileSync(auditLog, "utf8").split("\n").slice(0, -1);
  return lines
    .map((line) => JSON.parse(line) as AuditEvent)
    .filter(({ requestURI }) => !requestURI.includes("dryRun"))
    .map(({ objectRef, responseStatus, annotations = {} }) => ({
      name: objectRef.name ?? "",
      code: responseStatus?.code ?? 0,
      failedOpen: valuesOf(annotations, FAILED_OPEN),
      refusedBy: valuesOf(annotations, REFUSED_BY),
    }));
}

function valuesOf(annotations: Readonly<Record<string, string>>, key: RegExp): readonly string[] {
  return Object.entries(annotations).flatMap(([name, value]) => (key.test(name) ? [value] : []));
}
