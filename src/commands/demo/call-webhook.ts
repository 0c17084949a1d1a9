import { request, type Agent } from "node:https";

/** One answer of the webhook. */
export interface WebhookAnswer {
  readonly allowed: boolean;
  readonly operations: readonly unknown[];
  readonly warnings: readonly string[];
  readonly causes: readonly { readonly field: string; readonly message: string }[];
  readonly auditAnnotations: Readonly<Record<string, string>>;
  /** How long the call took, in milliseconds. */
  readonly milliseconds: number;
}

interface AnswerBody {
  readonly response: {
    readonly allowed: boolean;
    readonly patch?: string;
    readonly warnings?: readonly string[];
    readonly auditAnnotations?: Readonly<Record<string, string>>;
    readonly status?: { readonly details: { readonly causes: WebhookAnswer["causes"] } };
  };
}

/** Sends an AdmissionReview as the API server does. */
export async function callWebhook(
  agent: Agent,
  port: number,
  review: object,
): Promise<WebhookAnswer> {
  const started = performance.now();
  const text = await post(agent, port, JSON.stringify(review));
  const milliseconds = performance.now() - started;
  const { response } = JSON.parse(text) as AnswerBody;
  return {
    allowed: response.allowed,
    operations:
      response.patch === undefined
        ? []
        : (JSON.parse(Buffer.from(response.patch, "base64").toString("utf8")) as unknown[]),
    warnings: response.warnings ?? [],
    causes: response.status?.details.causes ?? [],
    auditAnnotations: response.auditAnnotations ?? {},
    milliseconds,
  };
}

function post(agent: Agent, port: number, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
    };
    const call = request(
      { agent, host: "127.0.0.1", port, path: "/mutate?timeout=3s", method: "POST", headers },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (text += chunk));
        response.on("end", () => {
          if (response.statusCode === 200) resolve(text);
          else reject(new Error(`HTTP ${response.statusCode ?? 0}: ${text}`));
        });
      },
    );
    call.on("error", reject);
    call.end(body);
  });
}
