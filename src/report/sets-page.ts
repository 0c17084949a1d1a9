/** A shipped policy, as the page about policy sets tells it. */
export interface ShippedPolicy {
  readonly name: string;
  /** The key of its rule kind. */
  readonly rule: string;
  readonly description: string;
}

const ABOUT: Readonly<Record<string, string>> = {
  baseline:
    "For everyone. What a job has wrong is mended with a warning where that can be, and refused where it cannot. In an installation by manifests/ it is there from the first day, and audits.",
  strict:
    "In place of `baseline`: what that replaces with a warning is refused, and executors with a mutable image too.",
  tenancy:
    "Beside either, for clusters that teams share. It asks for labels and quotas of namespaces, which `serve --in-cluster` and `--kubeconfig` know, and `check` where Namespace and ResourceQuota objects are among its files. An installation has it from the first day.",
  "shuffle-heavy":
    "Beside either: more on-demand capacity for jobs that say `spark.kubernetes.driver.label.sparkgate.io/workload=shuffle-heavy`, or whose conf shows it.",
  streaming:
    "Beside either: no spot for jobs that say `spark.kubernetes.driver.label.sparkgate.io/workload=streaming`, or whose conf shows it.",
  gpu: "Beside either, for clusters with GPUs.",
  notebooks:
    "Beside either, for drivers in client mode and shared servers, of whose conf nothing is known.",
};

const INTRODUCTION = `# Policy sets

<!-- Made of the shipped policies' descriptions: a test keeps it so. -->

Sparkgate ships its policies in sets. \`--policies NAME\` takes one, and may be given several times; a file or folder of your own
may stand beside them, and a policy of yours takes the place of a shipped one of its name.

    sparkgate serve --policies baseline --policies tenancy --policies streaming --platform karpenter --in-cluster

They name no mode, so they audit until you say otherwise: \`--mode Enforce\`, or a copy of the file with a \`mode\`. Of two that speak of
the same thing the one with the higher \`priority\` counts: those of the special sets go before \`baseline\` and \`strict\`.
[seed-table.md](seed-table.md) goes the other way: from a piece of advice to the policy that follows it.`;

/** The page about policy sets, as Markdown. */
export function setsPage(sets: ReadonlyMap<string, readonly ShippedPolicy[]>): string {
  const order = Object.keys(ABOUT);
  const known = [...sets].toSorted(([a], [b]) => order.indexOf(a) - order.indexOf(b));
  const sections = known.map(([set, policies]) => {
    const rows = policies.map(
      ({ name, rule, description }) => `| \`${name}\` | \`${rule}\` | ${description} |`,
    );
    const head = "| policy | rule | what |\n| :-- | :-- | :-- |";
    return `## ${set}\n\n${ABOUT[set] ?? ""}\n\n${head}\n${rows.join("\n")}`;
  });
  return `${[INTRODUCTION, ...sections].join("\n\n")}\n`;
}
