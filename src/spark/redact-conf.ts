import type { ConfigMap } from "../kubernetes/config-map.ts";
import { propertiesOf, PROPERTIES_KEY } from "./driver-conf.ts";

const HIDDEN = "(hidden)";

/**
 * A driver's ConfigMap before and after entries were added behind its conf, fit to be shown: what the job has in it is
 * hidden, since passwords are among it; what was added comes from policies.
 * @param text the conf with what was added
 */
export function redactConfChange(
  before: ConfigMap,
  text: string,
): { readonly before: ConfigMap; readonly after: ConfigMap } {
  const added = text.slice((propertiesOf(before) ?? "").length).replace(/^\n+/, "");
  return { before: redactConf(before), after: shown(before, `${HIDDEN}\n${added}`) };
}

/** A driver's ConfigMap, fit to be shown. */
export function redactConf(map: ConfigMap): ConfigMap {
  return shown(map, HIDDEN);
}

function shown({ metadata }: ConfigMap, text: string): ConfigMap {
  const name = metadata?.name;
  return {
    ...{ apiVersion: "v1", kind: "ConfigMap" },
    ...(name != null && { metadata: { name } }),
    data: { [PROPERTIES_KEY]: text },
  };
}
