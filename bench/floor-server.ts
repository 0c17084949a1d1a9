/**
 * The floor: the least that a webhook in Node can do. Collects a body, parses it, answers a constant. Started with the
 * paths of a certificate and its key, and the patch to answer in base64; writes its port as a line of JSON.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:https";

const [, , certPath, keyPath, given] = process.argv;
if (certPath === undefined || keyPath === undefined) throw new Error("certificate and key, please");

/** Unless one is given: of about the length of Sparkgate's patch, so that both write as much. */
const PATCH = given ?? Buffer.from(JSON.stringify("x".repeat(800))).toString("base64");

const server = createServer(
  { cert: readFileSync(certPath), key: readFileSync(keyPath), keepAliveTimeout: 95_000 },
  (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const review = JSON.parse(Buffer.concat(chunks).toString()) as { request: { uid: string } };
      const answer = JSON.stringify({
        apiVersion: "admission.k8s.io/v1",
        kind: "AdmissionReview",
        response: {
          uid: review.request.uid,
          allowed: true,
          patchType: "JSONPatch",
          patch: PATCH,
        },
      });
      response.writeHead(200, {
        "Content-Type": "application/json",
        "Content-Length": Buffer.byteLength(answer),
      });
      response.end(answer);
    });
  },
);
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (typeof address === "object" && address !== null) {
    process.stdout.write(`${JSON.stringify({ msg: "ready", port: address.port })}\n`);
  }
});
