import { PRESETS } from "../rules/spark-conf-presets.ts";

const INTRODUCTION = `# Spark's conf

Most of what makes a job safe on Kubernetes is in Spark's conf, which no Pod shows. spark-submit and the operators write it into a
ConfigMap (\`spark-drv-…-conf-map\`, \`…-spark-drv-conf-map\`) that the driver reads when it starts. There Sparkgate sees it whole, judges it and
mends it, before the job runs. No other ConfigMap is ever sent to Sparkgate.

- **It is only added to.** Behind the job's own text come lines under \`# sparkgate: POLICY\`; of two lines with one key the JVM takes the
  last (java.util.Properties). Nothing of the job's is written anew.
- **A refusal** ends the submission: Spark then deletes the driver's Pod itself, and prints Sparkgate's message. Fix the conf and submit again.
- **References** are resolved as Spark does: \`\${spark.my.image}\` is judged by what it refers to. \`\${env:X}\` and \`\${system:X}\` are known
  only where Spark runs: what must be judged and cannot be is refused, never passed.
- **Values are never shown**, in no message, log, metric, report or diff: conf carries passwords. Only what policies themselves add is, and
  what one refuses or replaces: a value beyond a limit, an image, the label of a node or of a Pod.
- **Limits** read a value as Spark does: a number without a unit is in the key's own (\`spark.executor.memory=4096\` are MiB, \`spark.network.timeout=120\`
  seconds, \`spark.driver.maxResultSize\` bytes), in bounds too. A former name counts in the unit of the new one. Of a key that no entry of Spark's
  gives a unit, \`4096\` cannot be compared with \`64g\`, and is refused. Below a \`max\`, \`spark.driver.maxResultSize=0\` is refused: Spark takes it for unlimited.
- What the code of a job sets (\`SparkSession.builder.config\`) is in no conf, and seen by nobody before it runs.

## What executors are told

An executor's Pod does not say what its application is written in, nor by which name it was submitted. Once a policy enforces something on
executors, Sparkgate adds one more key to the conf, \`spark.kubernetes.executor.annotation.sparkgate.io/app\`, and Spark puts that annotation on each
executor. Conditions read it as \`app.name\`, \`app.language\`, \`app.shuffle\` and \`app.workload\` (the driver's label
\`sparkgate.io/workload\`); ask with \`has()\`, since jobs in client mode and those from before the installation have none. It also keeps the percent of
rollouts with which the job began, so that whoever raises one does not change running jobs. A job cannot write it: a
conf, an application or a driver's argument that says it is refused. Who submits a job out of another, with its conf, leaves this key out.

\`\`\`yaml
match:
  roles: [executor]
  matchConditions:
    - name: streaming
      expression: has(app.workload) && app.workload == "streaming"
placement: { capacity: on-demand }
\`\`\`

## Presets

What a policy itself says of a key, in \`set\` or \`defaults\`, goes before its presets. *set*: whatever the job says, which is told; *default*: where the job
says nothing.

\`\`\`yaml
sparkConf:
  presets: [ShuffleSafeDynamicAllocation, GracefulDecommission, EventLog]
  defaults: { spark.eventLog.dir: "s3a://logs/spark" }
\`\`\``;

/** The page about Spark's conf, as Markdown, with the presets key by key. */
export function sparkConfPage(): string {
  const sections = Object.entries(PRESETS).map(([name, { description, entries }]) => {
    const rows = entries.map(({ key, value, as, when, why }) => {
      const condition = when === undefined ? "always" : `where ${when.text}`;
      const shown = typeof value === "string" ? `\`${value}\`` : value.text;
      return `| \`${key}\` | ${shown} | ${as} | ${condition} | ${why} |`;
    });
    const head = "| key | value | as | when | why |\n| :-- | :-- | :-- | :-- | :-- |";
    return `### ${name}\n\n${description}\n\n${head}\n${rows.join("\n")}`;
  });
  return `${[INTRODUCTION, ...sections].join("\n\n")}\n`;
}
