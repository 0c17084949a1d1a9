import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** A line of Spark's event log (org.apache.spark.util.JsonProtocol): its `Event` says what else it has. */
export type SparkEvent = Readonly<Record<string, unknown>> & { readonly Event: string };

/**
 * All that an application has written into its event log so far, in order, whether into one file or into several that roll
 * (EventLogFileWriters.scala). Not compressed: its conf must say `spark.eventLog.compress=false`.
 *
 * @param folder - `spark.eventLog.dir`
 * @param applicationId - may be left out where the folder is one application's
 */
export function readEventLog(folder: string, applicationId = ""): readonly SparkEvent[] {
  const [log, ...others] = readdirSync(folder).filter((name) => name.includes(applicationId));
  if (log === undefined || others.length > 0) {
    throw new Error(`${folder} has not one event log of ${applicationId}`);
  }
  return filesOf(join(folder, log)).flatMap((file) => eventsOf(readFileSync(file, "utf8")));
}

/** The events in a part of a log; a last line that is not whole yet is left out. */
export function eventsOf(text: string): readonly SparkEvent[] {
  return text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as SparkEvent);
}

/** Of a log that rolls they are `events_1_APPLICATION`, `events_2_APPLICATION`, … */
function filesOf(log: string): readonly string[] {
  if (statSync(log).isFile()) return [log];
  const index = (name: string) => Number(name.split("_")[1]);
  return readdirSync(log)
    .filter((name) => name.startsWith("events_"))
    .sort((a, b) => index(a) - index(b))
    .map((name) => join(log, name));
}

/** The conf as the running driver had it; what Spark takes for a secret is not shown. */
export function sparkProperties(events: readonly SparkEvent[]): Readonly<Record<string, string>> {
  const update = events.find(({ Event }) => Event === "SparkListenerEnvironmentUpdate");
  if (update === undefined) throw new Error("the event log has no environment");
  return update["Spark Properties"] as Readonly<Record<string, string>>;
}
