import type { NamespaceFacts } from "../engine/facts.ts";
import { isRecord } from "../kubernetes/json.ts";
import type { Namespace } from "../kubernetes/namespace.ts";
import type { ResourceList } from "../kubernetes/pod.ts";
import type { ResourceQuota } from "../kubernetes/resource-quota.ts";
import { parseDocuments, type SourceDocument } from "../policy/document.ts";
import { problemText, type Problem } from "../policy/problem.ts";
import { sourceOf } from "../policy/source.ts";
import { CommandFailure, EXIT } from "./failure.ts";
import { listDocumentFiles, readBytes } from "./read-input.ts";

/** Objects of files: those to be judged, and what the others tell of the cluster. */
export interface ReadObjects {
  readonly documents: readonly SourceDocument[];
  /** What the Namespace and ResourceQuota objects among the files tell. */
  readonly factsOf: (namespace: string) => NamespaceFacts;
}

/** Reads all objects of files and folders. Throws a CommandFailure that tells every problem. */
export function readObjects(paths: readonly string[]): ReadObjects {
  const parsed = paths
    .flatMap(listDocumentFiles)
    .map((file) => parseDocuments(sourceOf(file, readBytes(file))));
  failOn(parsed.flatMap((source) => source.problems));
  const documents: SourceDocument[] = [];
  const namespaces = new Map<string, Namespace>();
  const quotas = new Map<string, ResourceQuota[]>();
  for (const document of parsed.flatMap((source) => source.documents)) {
    const namespace = namespaceIn(document.value);
    const quota = quotaIn(document.value);
    if (namespace !== undefined) namespaces.set(namespace.name, namespace);
    else if (quota !== undefined) {
      quotas.set(quota.namespace, [...(quotas.get(quota.namespace) ?? []), quota]);
    } else documents.push(document);
  }
  return {
    documents,
    factsOf: (name) => {
      const namespace = namespaces.get(name);
      // Whoever hands in the namespace hands in its quotas; of one that is not there nothing is known.
      const known = namespace === undefined ? quotas.get(name) : (quotas.get(name) ?? []);
      return { namespace, quotas: known };
    },
  };
}

/** Ends the command where there are problems. */
export function failOn(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new CommandFailure(EXIT.badInput, problems.map(problemText));
}

function namespaceIn(value: unknown): Namespace | undefined {
  const found = objectOf(value, "Namespace");
  if (found === undefined) return undefined;
  const { name, labels } = found.metadata;
  if (typeof name !== "string") return undefined;
  const entries = Object.entries(isRecord(labels) ? labels : {});
  return { name, labels: Object.fromEntries(entries.map(([key, text]) => [key, String(text)])) };
}

function quotaIn(value: unknown): (ResourceQuota & { readonly namespace: string }) | undefined {
  const found = objectOf(value, "ResourceQuota");
  if (found === undefined) return undefined;
  const { name, namespace } = found.metadata;
  if (typeof name !== "string") return undefined;
  const spec = isRecord(found.spec) ? found.spec : {};
  const hard = (isRecord(spec["hard"]) ? spec["hard"] : {}) as ResourceList;
  return { name, namespace: typeof namespace === "string" ? namespace : "default", hard };
}

function objectOf(value: unknown, kind: string) {
  if (!isRecord(value) || value["apiVersion"] !== "v1" || value["kind"] !== kind) return undefined;
  const { metadata, spec } = value;
  return { metadata: isRecord(metadata) ? metadata : {}, spec };
}
