import { Command, Option } from "commander";
import { Document, visit, type Pair } from "yaml";
import { WEBHOOK_CALLS, webhookConfigurations } from "../cluster/webhook-configurations.ts";
import { CommandFailure, EXIT } from "./failure.ts";
import { readText } from "./read-input.ts";
import { serviceOption, type ServiceAddress } from "./service-option.ts";

interface WebhooksOptions {
  readonly service: ServiceAddress;
  readonly url?: string;
  readonly caFile?: string;
  readonly failurePolicy: "Fail" | "Ignore";
}

/** `sparkgate webhooks`: how Sparkgate is to be registered with the API server. */
export function webhooksCommand(): Command {
  return new Command("webhooks")
    .summary("print the webhook configurations for the API server")
    .description(
      "Prints the MutatingWebhookConfiguration and the ValidatingWebhookConfiguration that this version wants, as YAML for kubectl apply.",
    )
    .addOption(serviceOption())
    .option("--url <https://host:port>", "in place of a Service, for a server outside the cluster")
    .option("--ca-file <file>", "PEM of the CA that signed the certificate: goes into caBundle")
    .addOption(
      new Option("--failure-policy <policy>", "for drivers and changed images; Ignore on day one")
        .choices(["Fail", "Ignore"])
        .default("Fail"),
    )
    .addHelpText(
      "after",
      `
Examples:
  sparkgate webhooks --ca-file certs/ca.crt | kubectl apply --server-side -f -
  sparkgate webhooks --url https://10.0.0.5:8443 --ca-file certs/ca.crt --failure-policy Ignore`,
    )
    .action((options: WebhooksOptions) => {
      process.stdout.write(webhooksYaml(options));
    });
}

/** The configurations as YAML, each webhook with a comment that says what it is for. */
function webhooksYaml({ service, url, caFile, failurePolicy }: WebhooksOptions): string {
  const caBundle = caFile === undefined ? undefined : base64Of(caFile);
  const address = url === undefined ? service : { url: baseUrl(url) };
  return webhookConfigurations({ address, caBundle, failurePolicy })
    .map((configuration) => {
      const document = new Document(configuration, { aliasDuplicateObjects: false });
      visit(document, {
        Map(_key, map) {
          const name = map.items.find((pair: Pair) => String(pair.key) === "name")?.value;
          const call = WEBHOOK_CALLS.find((one) => one.name === String(name));
          if (call !== undefined) map.commentBefore = ` ${call.comment}`;
        },
      });
      return document.toString({ lineWidth: 120 });
    })
    .join("---\n");
}

/** The API server takes no user, query or fragment, and we have paths of our own. */
function baseUrl(text: string): string {
  const url = URL.parse(text);
  if (url?.protocol !== "https:" || url.origin !== text.replace(/\/$/, "")) {
    throw new CommandFailure(EXIT.badInput, [
      `--url ${text}: must be https://HOST or https://HOST:PORT`,
    ]);
  }
  return url.origin;
}

function base64Of(file: string): string {
  const pem = readText(file);
  if (!pem.includes("-----BEGIN CERTIFICATE-----")) {
    throw new CommandFailure(EXIT.badInput, [`${file}: holds no PEM certificate`]);
  }
  return Buffer.from(pem).toString("base64");
}
