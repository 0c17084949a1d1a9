/** What stands between a job and an interruption, from nothing to all. */
export interface Configuration {
  readonly name: string;
  /** By name; undefined: there is no Sparkgate. */
  readonly policies: Readonly<Record<string, object>> | undefined;
}

const CONF = { surfaces: ["driver-conf"] };
const EXECUTORS = { roles: ["executor"], surfaces: ["pod"] };

/** As baseline has it, in shuffle-safe-conf and evictable-executors. */
const DECOMMISSIONING = {
  decommissioning: { match: CONF, sparkConf: { presets: ["GracefulDecommission"] } },
  // Spark has a key for it since 4.1.
  grace: {
    match: EXECUTORS,
    lifecycle: { eviction: "Allow", terminationGracePeriodSeconds: 110 },
  },
};

/** In the order of the tables. */
export const CONFIGURATIONS: readonly Configuration[] = [
  { name: "no policies", policies: undefined },
  {
    name: "shuffle tracking",
    policies: {
      tracking: {
        match: CONF,
        sparkConf: {
          presets: ["ShuffleSafeDynamicAllocation"],
          set: {
            "spark.dynamicAllocation.enabled": "true",
            "spark.dynamicAllocation.initialExecutors": "4",
            "spark.dynamicAllocation.maxExecutors": "4",
          },
        },
      },
    },
  },
  { name: "decommissioning", policies: DECOMMISSIONING },
  {
    name: "decommissioning, half on demand",
    policies: {
      ...DECOMMISSIONING,
      share: { match: EXECUTORS, placement: { capacity: "spot", onDemand: { percent: 50 } } },
    },
  },
];

/** Tracking keeps idle executors: where none is left it would tell nothing new. */
export function isWorthARun({ name }: Configuration, loss: Loss): boolean {
  return !(name === "shuffle tracking" && loss === "all");
}

/** How many executors on spot are lost at once, of four; none: the run that the others are compared with. */
export const LOSSES = [0, 1, 2, "all"] as const;

export type Loss = (typeof LOSSES)[number];

/** As the table and the chart say it. */
export function lossText(loss: Loss): string {
  if (loss === 0) return "none";
  return loss === "all" ? "all on spot" : `${loss} of 4`;
}
