import { longestGrace, shortestNotice } from "../kubernetes/platform.ts";
import type { PlatformValue, Preset } from "./preset.ts";
import { hasRemoteShuffle } from "../spark/remote-shuffle.ts";
import type { SparkConf } from "../spark/spark-conf.ts";

function hasDynamicAllocation(conf: SparkConf): boolean {
  return conf.isTrue("spark.dynamicAllocation.enabled");
}

function decommissionsShuffle(conf: SparkConf): boolean {
  return (
    conf.isTrue("spark.decommission.enabled") &&
    conf.isTrue("spark.storage.decommission.enabled") &&
    !conf.isFalse("spark.storage.decommission.shuffleBlocks.enabled")
  );
}

/** Dynamic allocation whose executors take shuffle data with them when they go. */
function losesShuffle(conf: SparkConf): boolean {
  return hasDynamicAllocation(conf) && !hasRemoteShuffle(conf) && !decommissionsShuffle(conf);
}

const DYNAMIC = { text: "dynamic allocation is on", holds: hasDynamicAllocation };
const dynamic = { as: "default", when: DYNAMIC } as const;
const always = { as: "default" } as const;
const keptOnExecutors = {
  text: "no remote shuffle service",
  holds: (conf: SparkConf) => !hasRemoteShuffle(conf),
};

const decommissions = {
  text: "executors are decommissioned, and no remote shuffle service",
  holds: (conf: SparkConf) => conf.isTrue("spark.decommission.enabled") && !hasRemoteShuffle(conf),
};

/** One conf is for all executors of an application, wherever they run: the shortest notice counts. */
const graceOfPlatform: PlatformValue = {
  text: "the shortest notice of the platform less a tenth, such as `110s`; nothing where the platform has none",
  of: ({ capacities }) => {
    const notice = shortestNotice(capacities);
    return notice === undefined ? undefined : `${longestGrace(notice)}s`;
  },
};

/** Spark's own interval, in seconds. */
const LONGEST_REATTEMPT = 30;

/** Twice so long fits into the grace; see why below. */
const reattemptOfPlatform: PlatformValue = {
  text: "a third of the grace, such as `9s` of `27s`, at most Spark's `30s`; nothing where the platform has none",
  of: ({ capacities }) => {
    const notice = shortestNotice(capacities);
    if (notice === undefined) return undefined;
    return `${Math.max(1, Math.min(LONGEST_REATTEMPT, Math.floor(longestGrace(notice) / 3)))}s`;
  },
};

/** Presets that keep shuffle data, by name. Each key is written out, with its reason: docs/spark-conf.md is made of it. */
export const SHUFFLE_PRESETS: Readonly<
  Record<"ShuffleSafeDynamicAllocation" | "GracefulDecommission" | "ShuffleRetries", Preset>
> = {
  ShuffleSafeDynamicAllocation: {
    description:
      "Dynamic allocation that does not lose shuffle data, and has bounds; nothing where it is off.",
    entries: [
      {
        key: "spark.dynamicAllocation.shuffleTracking.enabled",
        value: "true",
        as: "set",
        when: {
          text: "dynamic allocation is on, no remote shuffle service, and decommissioned executors do not move shuffle blocks",
          holds: losesShuffle,
        },
        why: "Kubernetes has no external shuffle service: without tracking, an idle executor goes with the shuffle data that later stages read. Spark's default since 3.4 (SPARK-39846). Not where blocks are migrated when executors are decommissioned.",
      },
      {
        key: "spark.dynamicAllocation.shuffleTracking.enabled",
        value: "false",
        as: "default",
        when: {
          text: "dynamic allocation is on, with a remote shuffle service",
          holds: (conf) => hasDynamicAllocation(conf) && hasRemoteShuffle(conf),
        },
        why: "With Celeborn or Uniffle shuffle data is not on executors: tracking would only keep idle ones (Celeborn's README).",
      },
      {
        key: "spark.shuffle.service.enabled",
        value: "false",
        as: "set",
        when: { text: "it is true", holds: (conf) => conf.isTrue("spark.shuffle.service.enabled") },
        why: "There is no external shuffle service on Kubernetes: executors would wait for one on each node, and fail (Spark's docs, running on Kubernetes). Celeborn and Uniffle ask for false too.",
      },
      {
        ...dynamic,
        key: "spark.dynamicAllocation.minExecutors",
        value: "0",
        why: "Spark's default, written out: an application that waits costs its driver alone.",
      },
      {
        ...dynamic,
        key: "spark.dynamicAllocation.maxExecutors",
        value: "100",
        why: "Spark's default is without end, and so is then the number of executor failures that it takes (ExecutorFailureTracker).",
      },
      {
        ...dynamic,
        key: "spark.dynamicAllocation.executorIdleTimeout",
        value: "60s",
        why: "Spark's default, written out: after so long an executor without work and without shuffle data goes.",
      },
      {
        ...dynamic,
        key: "spark.dynamicAllocation.cachedExecutorIdleTimeout",
        value: "30min",
        why: "Spark's default is never: one cached block keeps an executor for as long as the application lives.",
      },
    ],
  },
  GracefulDecommission: {
    description:
      "Executors that are told to go move their blocks first; nothing with a remote shuffle service.",
    entries: [
      {
        ...always,
        key: "spark.decommission.enabled",
        value: "true",
        when: keptOnExecutors,
        why: "A Pod that is deleted gets SIGPWR by its preStop hook, takes no more tasks, and moves its blocks (CoarseGrainedExecutorBackend).",
      },
      {
        ...always,
        key: "spark.storage.decommission.enabled",
        value: "true",
        when: keptOnExecutors,
        why: "Without it blocks are not moved (BlockManagerDecommissioner).",
      },
      {
        ...always,
        key: "spark.storage.decommission.shuffleBlocks.enabled",
        value: "true",
        when: keptOnExecutors,
        why: "Spark's default, written out: shuffle blocks, without which stages run again.",
      },
      {
        ...always,
        key: "spark.storage.decommission.rddBlocks.enabled",
        value: "true",
        when: keptOnExecutors,
        why: "Spark's default, written out: cached blocks.",
      },
      {
        ...always,
        key: "spark.kubernetes.executor.terminationGracePeriodSeconds",
        value: graceOfPlatform,
        when: decommissions,
        why: "The preStop hook, and with it the moving of blocks, ends with the Pod's grace: 30 s is Spark's default, also over a pod template (BasicExecutorFeatureStep). Since 4.1; older ones do not read it, and have theirs from a `lifecycle` policy. `spark.executor.decommission.forceKillTimeout` is left alone: it would also end executors early that dynamic allocation gives up, for which nobody is in a hurry.",
      },
      {
        ...always,
        key: "spark.executor.decommission.killInterval",
        value: graceOfPlatform,
        when: decommissions,
        why: "How long a decommissioned executor still has: with `spark.speculation`, tasks that would last longer are started elsewhere at once (TaskSetManager.checkAndSubmitSpeculatableTasks).",
      },
      {
        ...always,
        key: "spark.storage.decommission.replicationReattemptInterval",
        value: reattemptOfPlatform,
        when: decommissions,
        why: "An executor that has moved all its blocks looks for more after so long, finds none, and ends, in twice that time at the latest. Spark's default is 30s (BlockManagerDecommissioner), longer than some clouds' notice: it would be killed. Too short is no good either: tasks of a stage at work ask for blocks where they were when the stage began (MapOutputTracker; SPARK-44635), and the stage is tried again where an executor has gone meanwhile.",
      },
      {
        ...always,
        key: "spark.storage.decommission.fallbackStorage.cleanUp",
        value: "true",
        when: {
          text: "spark.storage.decommission.fallbackStorage.path is said, by the job or by a policy",
          holds: (conf) =>
            (conf.raw("spark.storage.decommission.fallbackStorage.path") ?? "") !== "",
        },
        why: "What no executor has room for goes to that folder; Spark's default is to leave it there when the job ends.",
      },
    ],
  },
  ShuffleRetries: {
    description:
      "Stages, tasks and fetches that are tried again often enough to live through lost executors.",
    entries: [
      {
        ...always,
        key: "spark.stage.maxConsecutiveAttempts",
        value: "10",
        why: "Spark gives a stage up after 4 attempts in a row; on spot each lost executor may take one.",
      },
      {
        ...always,
        key: "spark.stage.ignoreDecommissionFetchFailure",
        value: "true",
        why: "A fetch that fails because an executor was decommissioned is no attempt. Spark's default since 4.0.",
      },
      {
        ...always,
        key: "spark.task.maxFailures",
        value: "8",
        why: "Spark gives a job up after 4 failures of a task.",
      },
      {
        ...always,
        key: "spark.shuffle.io.maxRetries",
        value: "6",
        why: "Spark's default is 3: with retryWait half a minute, in which a new executor is not yet there.",
      },
      {
        ...always,
        key: "spark.shuffle.io.retryWait",
        value: "10s",
        why: "Spark's default is 5s.",
      },
    ],
  },
};
