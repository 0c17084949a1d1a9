import { propertiesOf } from "../../spark/driver-conf.ts";
import type { Proof } from "./proof.ts";
import { CONF, CONF_REFUSED } from "./recordings.ts";
import type { Shown, Webhook } from "./show.ts";

const TRACKING = "spark.dynamicAllocation.shuffleTracking.enabled=true";

/** Two confs of drivers, as spark-submit writes them: one refused, without its secret being told, one mended. */
export async function showConf({ call, set }: Webhook, proof: Proof): Promise<Shown> {
  const refused = await proof.observe(call, set, CONF_REFUSED);
  const mended = await proof.observe(call, set, CONF);
  const before = propertiesOf(CONF.request.object) ?? "";
  const after = propertiesOf(mended.pod) ?? "";
  const added = after.slice(before.length).split("\n").filter(Boolean);
  // The policy that says it, and what it says.
  const at = added.indexOf(TRACKING);
  const shown = added.slice(at - 1, at + 1);
  const { allowed, causes } = refused.answer;
  return {
    title: "what no Pod shows: Spark's conf, twice",
    verdict: `${allowed ? "ADMITTED" : "DENIED"} ${causes.length}, then ${after === before ? "UNTOUCHED" : "CHANGED"}`,
    lines: [
      ...causes.map(({ field, message }) => `* ${field}: ${message}`),
      ...shown,
      `... and ${added.length - shown.length} more lines behind the job's own, which stay as they are`,
    ],
    asExpected: !allowed && causes.length === 2 && after.startsWith(before) && at > 0,
  };
}
