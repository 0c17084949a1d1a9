import { InvalidArgumentError, Option } from "commander";
import type { WebhookAddress } from "../cluster/webhook-configurations.ts";

/** The Service that an option names. */
export type ServiceAddress = Extract<WebhookAddress, { service: unknown }>;

/** `--service NAMESPACE/NAME[:PORT]`, the Service of manifests/ where it is left out. */
export function serviceOption(): Option {
  const usual = "sparkgate-system/sparkgate:443";
  return new Option("--service <namespace/name[:port]>", "the Service in front of sparkgate serve")
    .argParser(parse)
    .default(parse(usual), usual);
}

function parse(text: string): ServiceAddress {
  const parts = /^([a-z0-9-]+)\/([a-z0-9-]+)(?::(\d{1,5}))?$/.exec(text);
  if (parts === null) throw new InvalidArgumentError("NAMESPACE/NAME or NAMESPACE/NAME:PORT");
  const [, namespace = "", name = "", port = "443"] = parts;
  return { service: { namespace, name, port: Number(port) } };
}
