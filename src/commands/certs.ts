import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, Option } from "commander";
import { stringify } from "yaml";
import type { SelfSigned } from "../cluster/certificates.ts";
import { tlsSecret } from "../cluster/tls-secret.ts";
import { readText } from "./read-input.ts";
import { collectNames, selfSignedIn } from "./self-signed.ts";
import { serviceOption, type ServiceAddress } from "./service-option.ts";

interface CertsOptions {
  readonly service: ServiceAddress;
  readonly name?: readonly string[];
  readonly secret: string;
  readonly dir?: string;
  readonly output?: "files" | "secret";
}

/** `sparkgate certs`: a CA and a serving certificate without cert-manager. */
export function certsCommand(): Command {
  return new Command("certs")
    .summary("make a CA and the webhook's certificate")
    .description(
      "Makes a CA (10 years) and a certificate of it (1 year) for the webhook's Service, as files, or as a Secret for kubectl apply. In a folder what is good for 30 days more is kept, and a new certificate is of the CA that is there.",
    )
    .addOption(serviceOption())
    .option(
      "--name <name>",
      "a further DNS name or address, for webhooks --url; may be repeated",
      collectNames,
    )
    .option("--secret <name>", "name of the Secret", "sparkgate-tls")
    .option("--dir <dir>", "folder of ca.crt, ca.key, tls.crt and tls.key; none: nothing is kept")
    .addOption(
      new Option(
        "-o, --output <format>",
        "secret: print the Secret with its key (default: files with --dir, else secret)",
      ).choices(["files", "secret"]),
    )
    .addHelpText(
      "after",
      `
The API server trusts what is in caBundle, which is told beside the Secret: on stderr, and in the Secret as ca.crt. ca.key signs
whatever the API server shall trust for this webhook, and is in no Secret: keep it where keys are kept. To renew before the last 30
days, delete tls.crt first. Exit codes: 2 an option is wrong, 3 the folder cannot be read or written.

Examples:
  sparkgate certs --dir certs -o secret > manifests/self-signed/secret.yaml
  sparkgate certs --dir certs -o secret | kubectl apply -f -
  sparkgate certs --dir certs --name 10.0.0.5`,
    )
    .action(certs);
}

async function certs(options: CertsOptions, command: Command): Promise<void> {
  const { dir, output } = options;
  if (output === "files" && dir === undefined) command.error("error: -o files needs --dir DIR");
  const folder = dir ?? mkdtempSync(join(tmpdir(), "sparkgate-certs-"));
  try {
    const { namespace, name } = options.service.service;
    const names = [`${name}.${namespace}.svc`, ...(options.name ?? [])];
    const made = await selfSignedIn(folder, names);
    process.stderr.write(`caBundle for the webhook configuration: ${made.caBundle}\n`);
    if (dir === undefined || output === "secret") process.stdout.write(secretYaml(options, made));
    else process.stdout.write(`${filesText(made)}\n`);
  } finally {
    if (dir === undefined) rmSync(folder, { recursive: true });
  }
}

function secretYaml({ service, secret }: CertsOptions, made: SelfSigned): string {
  const { certPath, keyPath, caBundle } = made;
  const pair = { cert: readText(certPath), key: readText(keyPath) };
  const { namespace } = service.service;
  return stringify(tlsSecret({ namespace, name: secret }, pair, caBundle), { lineWidth: 0 });
}

/** What is in the folder now, and until when: the same whether it was made or kept. */
function filesText({ caPath, certPath }: SelfSigned): string {
  return [certPath, caPath]
    .map((path) => {
      const { subjectAltName, validToDate } = new X509Certificate(readText(path));
      const until = `until ${validToDate.toISOString().slice(0, 10)}`;
      return subjectAltName === undefined
        ? `${path}: ${until}`
        : `${path}: ${until}, for ${subjectAltName}`;
    })
    .join("\n");
}
