import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { Cluster } from "./cluster.ts";

/** A JSON Patch operation. */
export interface Operation {
  readonly op: "add" | "replace" | "remove";
  readonly path: string;
  readonly value?: unknown;
}

/** Somebody else's mutating webhook. */
export interface OtherWebhook {
  readonly port: number;
  /** How often it was called. */
  readonly calls: () => number;
  stop: () => void;
}

/** Starts a webhook in this process that patches as `patch` says for the Pod that it is sent. */
export async function startOtherWebhook(
  cluster: Cluster,
  patch: (pod: Readonly<Record<string, unknown>>) => readonly Operation[],
): Promise<OtherWebhook> {
  const { certificate, key } = cluster.certificates.webhook;
  let calls = 0;
  const server = createServer(
    { cert: readFileSync(certificate), key: readFileSync(key) },
    (request, response) => {
      calls++;
      let body = "";
      request.setEncoding("utf8");
      request.on("data", (part: string) => (body += part));
      request.on("end", () => {
        const review = JSON.parse(body) as {
          request: { uid: string; object: Readonly<Record<string, unknown>> };
        };
        const operations = patch(review.request.object);
        const change = {
          patchType: "JSONPatch",
          patch: Buffer.from(JSON.stringify(operations)).toString("base64"),
        };
        const { uid } = review.request;
        response.setHeader("Content-Type", "application/json");
        response.end(
          JSON.stringify({
            apiVersion: "admission.k8s.io/v1",
            kind: "AdmissionReview",
            response: { uid, allowed: true, ...(operations.length > 0 ? change : {}) },
          }),
        );
      });
    },
  );
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    calls: () => calls,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
