import type { IncomingMessage } from "node:http";

/** A request's body, or why there is none. */
export type Body =
  | { readonly kind: "complete"; readonly bytes: Buffer }
  /** To be told with this HTTP status and one line of text. */
  | { readonly kind: "refused"; readonly status: 413 | 415; readonly reason: string }
  /** The caller has gone, or took too long: there is nobody to answer. */
  | { readonly kind: "aborted" };

/**
 * Reads the JSON body of a request. Never rejects, and never holds more than `limit` bytes. What comes behind
 * a refusal is read and dropped, so that the caller gets to see the answer instead of a broken connection;
 * the server's requestTimeout bounds how long.
 */
export function readBody(request: IncomingMessage, limit: number): Promise<Body> {
  const refusal = refusalOfHeaders(request, limit);
  if (refusal !== undefined) {
    request.resume();
    return Promise.resolve(refusal);
  }
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const finish = (body: Body): void => {
      request.off("data", onData).off("end", onEnd).off("close", onClose);
      resolve(body);
    };
    const onData = (chunk: Buffer): void => {
      length += chunk.length;
      if (length > limit) {
        finish(tooLarge(limit));
        request.resume();
        return;
      }
      chunks.push(chunk);
    };
    const onEnd = (): void => {
      const [first] = chunks;
      const whole = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
      finish({ kind: "complete", bytes: whole });
    };
    // Without "end" before it: the caller hung up, or the server's requestTimeout cut it off.
    const onClose = (): void => {
      finish({ kind: "aborted" });
    };
    // An aborted request emits "error" too; without a listener that would end the process.
    request.on("error", ignoreBecauseCloseFollows);
    request.on("data", onData).on("end", onEnd).on("close", onClose);
  });
}

function refusalOfHeaders(request: IncomingMessage, limit: number): Body | undefined {
  const { headers } = request;
  const type = headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    return { kind: "refused", status: 415, reason: "Content-Type must be application/json" };
  }
  const encoding = headers["content-encoding"]?.trim().toLowerCase() ?? "identity";
  if (encoding !== "identity") {
    // The API server never compresses; unpacking would turn a small body into one of any size.
    return { kind: "refused", status: 415, reason: "Content-Encoding must be identity" };
  }
  return Number(headers["content-length"] ?? 0) > limit ? tooLarge(limit) : undefined;
}

function tooLarge(limit: number): Body {
  return { kind: "refused", status: 413, reason: `the body has more than ${limit} bytes` };
}

function ignoreBecauseCloseFollows(): void {
  // See onClose.
}
