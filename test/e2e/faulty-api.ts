import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, request as httpsRequest } from "node:https";
import { buffer } from "node:stream/consumers";
import type { Cluster } from "./cluster.ts";

/**
 * What becomes of a call: a status in place of the API server's answer; `cut`: the connection ends before the API server
 * is asked; `cut-after`: it is asked, and its answer is lost.
 */
export type Fault = number | "cut" | "cut-after" | undefined;

/** A way to the API server on which calls fail. */
export interface FaultyApi {
  readonly port: number;
  stop: () => void;
}

/** Starts an HTTPS server before the API server; `faultOf` is asked before each call goes on, and may do things itself. */
export async function startFaultyApi(
  cluster: Cluster,
  faultOf: (method: string, path: string) => Fault | Promise<Fault>,
): Promise<FaultyApi> {
  const { webhook, ca } = cluster.certificates;
  const tls = { cert: readFileSync(webhook.certificate), key: readFileSync(webhook.key) };
  const server = createServer(tls, (request, response) => {
    pass(request, response).catch(() => response.destroy());
  });
  const pass = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await buffer(request);
    const { method = "", url = "" } = request;
    const fault = await faultOf(method, url);
    if (fault === "cut") {
      response.destroy();
    } else if (typeof fault === "number") {
      response.writeHead(fault, { "content-type": "application/json" });
      response.end(JSON.stringify({ kind: "Status", code: fault, message: `fault ${fault}` }));
    } else {
      const answer = await forwarded(request, body);
      const content = await buffer(answer);
      if (fault === "cut-after") response.destroy();
      else response.writeHead(answer.statusCode ?? 0, answer.headers).end(content);
    }
  };
  const forwarded = ({ method, url, headers }: IncomingMessage, body: Buffer) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const target = { host: "127.0.0.1", port: cluster.port, ca: readFileSync(ca) };
      const options = { ...target, method: method ?? "", path: url ?? "", headers };
      httpsRequest(options, resolve).on("error", reject).end(body);
    });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
