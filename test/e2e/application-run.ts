import type { SparkEvent } from "./event-log.ts";

/** How an application went, by its event log. */
export interface ApplicationRun {
  /** Stages that have ended, attempts counted one by one. */
  readonly stagesCompleted: number;
  /** Attempts of stages in which something was computed that had been computed before: its output was lost. */
  readonly stagesRunAgain: number;
  /** Tasks of those: that ended well though their partition had been done. */
  readonly tasksRunAgain: number;
  /** Attempts of stages beyond the first, also those that only finish what a failed fetch broke off. */
  readonly stagesTriedAgain: number;
  /** Tasks that ended since shuffle data was not to be had. */
  readonly fetchFailures: number;
  /** Executors that went before the application did. */
  readonly executorsLost: number;
  /** Shuffle blocks that an executor took over from another, and their bytes; told with `spark.eventLog.logBlockUpdates.enabled`. */
  readonly blocksMoved: number;
  readonly bytesMoved: number;
  /** From the start of its first job, for which most executors must be there, to its end; undefined while it runs. */
  readonly seconds: number | undefined;
}

/** For one file in the folder, which can be read while the application runs. */
export const EVENT_LOG_CONF = {
  "spark.eventLog.enabled": "true",
  "spark.eventLog.logBlockUpdates.enabled": "true",
  // Both are true since 4.0.
  "spark.eventLog.rolling.enabled": "false",
  "spark.eventLog.compress": "false",
};

/** What is read of {@link SparkEvent}s. */
interface Event {
  readonly Event: string;
  readonly Timestamp?: number;
  readonly "Submission Time"?: number;
  readonly "Executor ID"?: string;
  readonly "Stage ID"?: number;
  readonly "Stage Attempt ID"?: number;
  readonly "Task Info"?: { readonly "Partition ID": number };
  readonly "Task End Reason"?: { readonly Reason: string };
  readonly "Block Updated Info"?: { readonly "Block ID": string; readonly "Disk Size": number };
}

/** What the events of an application tell of it. */
export function applicationRun(log: readonly SparkEvent[]): ApplicationRun {
  const events = log as readonly Event[];
  const of = (name: string) => events.filter((event) => event.Event === `SparkListener${name}`);
  const ended = of("TaskEnd");
  const endedBy = (reason: string) =>
    ended.filter((event) => event["Task End Reason"]?.Reason === reason);
  const again = repeated(endedBy("Success"));
  const updates = of("BlockUpdated").map((event) => event["Block Updated Info"]);
  // Only blocks that come from another executor are told so: IndexShuffleBlockResolver.putShuffleBlockAsStream.
  const moved = updates.filter((info) => info?.["Block ID"].startsWith("shuffle_") === true);
  const [start] = of("JobStart");
  const [end] = of("ApplicationEnd");
  return {
    stagesCompleted: of("StageCompleted").length,
    stagesRunAgain: new Set(again.map(attemptOf)).size,
    tasksRunAgain: again.length,
    stagesTriedAgain: new Set(
      of("TaskStart")
        .filter((event) => (event["Stage Attempt ID"] ?? 0) > 0)
        .map(attemptOf),
    ).size,
    fetchFailures: endedBy("FetchFailed").length,
    // Told once when it is decommissioned and again when its Pod is gone.
    executorsLost: new Set(of("ExecutorRemoved").map((event) => event["Executor ID"])).size,
    blocksMoved: moved.filter((info) => info?.["Block ID"].endsWith(".data") === true).length,
    bytesMoved: moved.reduce((sum, info) => sum + (info?.["Disk Size"] ?? 0), 0),
    seconds:
      end === undefined
        ? undefined
        : ((end.Timestamp ?? 0) - (start?.["Submission Time"] ?? 0)) / 1000,
  };
}

/** Those of the tasks whose partition of a stage an earlier one of them had. */
function repeated(tasks: readonly Event[]): readonly Event[] {
  const done = new Set<string>();
  return tasks.filter((task) => {
    // Not Index, which counts among the tasks of an attempt.
    const partition = `${task["Stage ID"] ?? ""} ${task["Task Info"]?.["Partition ID"] ?? ""}`;
    const again = done.has(partition);
    done.add(partition);
    return again;
  });
}

function attemptOf(event: Event): string {
  return `${event["Stage ID"] ?? ""} ${event["Stage Attempt ID"] ?? ""}`;
}
