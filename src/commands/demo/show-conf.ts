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
  const rest = added.length - 2;
  const { allowed, causes } = refused.answer;
  return {
    title: "what no Pod shows: Spark's conf, twice",
    verdict: `${allowed ? "ADMITTED" : "DENIED"} ${causes.length}, then ${after === before ? "UNTOUCHED" : "CHANGED"}`,
    lines: [
      ...causes.map(({ field, message }) => `* ${field}: ${message}`),
      ...added.slice(0, 2),
      `... and ${rest} more lines behind the job's own, which stay as they are`,
    ],
    asExpected:
      !allowed && causes.length === 2 && after.startsWith(before) && added.includes(TRACKING),
  };
}
