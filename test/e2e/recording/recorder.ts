import { readFileSync } from "node:fs";
import { type Server, createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import type { Cluster } from "../cluster.ts";
import type { Pod } from "../pod.ts";

/** An AdmissionReview of a Pod's creation as the API server sends it. */
export interface AdmissionReview {
  apiVersion: string;
  kind: string;
  request: {
    uid: string;
    dryRun?: boolean;
    object: Pod;
    [field: string]: unknown;
  };
}

/** What is recorded: of ConfigMaps those with a driver's conf. */
export type RecordedKind = "Pod" | "ConfigMap";

/** A webhook which allows everything and keeps what it was asked. */
export interface Recorder {
  readonly port: number;
  /** The reviews of Pods since the last call, or of drivers' confs; no dry runs; in the order in which they came. */
  take(kind?: RecordedKind): AdmissionReview[];
  /** How many {@link take} would answer. */
  count(kind?: RecordedKind): number;
  stop(): void;
}

/** Starts a recorder on a free port. */
export async function startRecorder(cluster: Cluster): Promise<Recorder> {
  const { certificate, key } = cluster.certificates.webhook;
  let reviews: AdmissionReview[] = [];
  const server = createServer(
    { cert: readFileSync(certificate), key: readFileSync(key) },
    (request, response) => {
      const answer = async (): Promise<void> => {
        const review = (await json(request)) as AdmissionReview;
        if (review.request.dryRun !== true) reviews.push(review);
        response.setHeader("content-type", "application/json");
        response.end(allowed(review));
      };
      answer().catch((error: unknown) => {
        response.writeHead(400).end(String(error));
      });
    },
  );
  const port = await listen(server);
  return {
    port,
    take(kind = "Pod") {
      const taken = reviews.filter(isOf(kind));
      reviews = [];
      return taken;
    },
    count: (kind = "Pod") => reviews.filter(isOf(kind)).length,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function isOf(kind: RecordedKind): (review: AdmissionReview) => boolean {
  return ({ request }) =>
    (request["kind"] as { readonly kind: string }).kind === kind &&
    (kind === "Pod" || request.object.metadata.name.startsWith("spark-drv-"));
}

function allowed({ apiVersion, kind, request }: AdmissionReview): string {
  return JSON.stringify({ apiVersion, kind, response: { uid: request.uid, allowed: true } });
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}
