/** What the reference page says beside the descriptions of fields. */
export const INTRODUCTION = `# Policies

<!-- Made of the schemas' own descriptions: sparkgate schema -o markdown. A test keeps it so. -->

A policy is one YAML document: whom it matches, how far it goes, and exactly one rule.

\`\`\`yaml
apiVersion: sparkgate.io/v1alpha1
kind: SparkPolicy
metadata:
  name: executors-on-spot
spec:
  description: Executors run on spot; 1 in 5 stays on demand.
  mode: Enforce
  match:
    roles: [executor]
    namespaces: ["team-*"]
  exclude:
    namespaces: [team-sandbox]
  placement:
    capacity: spot
    onDemand: { percent: 20 }
\`\`\`

Put it into a folder of your own, say \`policies/\`, and then (\`sparkgate\` is \`npm run -s sparkgate --\` in a checkout, and
\`dist/sparkgate.js\` once built):

| command | what it tells |
| --- | --- |
| \`sparkgate validate policies --platform karpenter\` | all that is wrong: file, line, field, what was found, what is allowed; which policies shadow or contradict each other |
| \`sparkgate check pod.yaml --policies policies --platform karpenter\` | what becomes of a Pod; \`-o diff\` shows the change |
| \`sparkgate explain pod.yaml --policies policies --platform karpenter\` | why: policy by policy, which clause does not match, in which mode, what each one changed |
| \`sparkgate test policies\` | whether the cases beside the policies (kind SparkPolicyTest) hold |
| \`sparkgate schema > sparkgate.schema.json\` | a JSON Schema, for completion in editors |

Words that kubectl reads as booleans (\`y\`, \`on\`, \`no\`) must stand in quotes. Files are UTF-8 of at most 1 MiB each; one
without any document in it is refused, since a policy that was emptied by mistake would be switched off. [cookbook.md](cookbook.md) has 20 worked
policies, [rules.md](rules.md) says how the rules behave in Spark's corners, [tutorial.md](tutorial.md) goes all the way once.`;

/** About expressions, behind the table of variables. */
export const CEL_NOTES = `Functions: those of CEL (\`has\`, \`size\`, \`all\`, \`exists\`, \`exists_one\`, \`filter\`, \`map\`, \`startsWith\`, \`endsWith\`,
\`contains\`, \`matches\`, \`in\`, \`?:\`, conversions, optional fields as \`object.?a.?b.orValue("")\`), string functions
(\`lowerAscii\`, \`split\`, \`join\`, \`substring\`, \`indexOf\`, \`trim\`), and \`quantity("4Gi")\` with \`isGreaterThan\`, \`isLessThan\` and
\`compareTo\`.

- A misspelt field of \`request\`, \`spark\`, \`app\` or \`namespaceObject\` is refused when the policy loads. \`object\` has the shape of its
  Kubernetes kind, which is not checked.
- A field that is absent has no value: the policy fails, and \`onError\` counts. \`has(object.spec.hostNetwork)\` asks whether
  it is there, \`"acme.com/team" in object.metadata.labels\` for keys that are no words. Unlike in Kubernetes, \`has(a.b.c)\` is
  false where \`a.b\` is missing.
- \`namespaceObject\` and \`quotas\` are known to \`serve --in-cluster\` and \`--kubeconfig\`, and to \`check\`, \`explain\` and \`test\` where they are
  given. Where they are not known, a policy that names them fails: unknown is not the same as none.
- A condition of \`match\`, \`exclude\` or an exception may not read what a policy writes for the same Pods (node affinity, volumes, labels that
  a policy sets, …): it would find it when the API server calls again. It is refused; \`deny\` may read anything.
- \`matches\` takes a pattern of RE2, written out in the policy, best as \`r'^a\\d'\`. Text that begins with \`!\` needs quotes in YAML.
- Numbers of the object are doubles: \`object.spec.priority + 1\` works, \`object.spec.priority / 2\` has decimals.
- An expression has at most 4,096 characters, \`all\`, \`map\` and the like at most two levels, lists of at most 10,000 entries, and
  100,000 steps in all: for each entry of a list one for every eight parts of what \`all\` and the like say of it; 64 characters that
  are compared or searched, 16 that are matched; each key of a map of more than 64, whenever the map itself is asked for
  something. Messages have as many for all their expressions. More is a
  failure of the policy. There is no \`cel.bind\`.
- What is not there or differs from Kubernetes' own CEL is listed in
  [decision 8](decisions/0008-cel.md): no \`replace\`, \`format\`, \`ip\`, \`url\`, \`semver\`, \`int(timestamp)\`, among others.
- A Pod does not show Spark's conf: there is no variable for it.
- Messages hide values of environment variables, arguments and commands, whatever a policy prints.`;

export const EXCEPTION_EXAMPLE = `apiVersion: sparkgate.io/v1alpha1
kind: SparkPolicyException
metadata:
  name: risk-legacy-image
spec:
  subjects:
    - namespaces: [team-risk]
      objectSelector: { matchLabels: { job: legacy } }
  policies: [pin-images]
  reason: the vendor's image has no other tag yet
  owner: team-risk
  expiresAt: 2027-01-31`;

export const TEST_EXAMPLE = `apiVersion: sparkgate.io/v1alpha1
kind: SparkPolicyTest
metadata:
  name: executors-on-spot
spec:
  platform: node-pool
  cases:
    - name: an executor runs on spot
      object:
        apiVersion: v1
        kind: Pod
        metadata: { name: etl-exec-1, namespace: team-a, labels: { spark-role: executor, spark-exec-id: "1" } }
        spec: { containers: [{ name: spark-kubernetes-executor, image: "spark:3.5.9" }] }
      expect:
        verdict: changed
        findings: [{ action: change, text: runs on spot nodes }]`;

export const PLATFORM_EXAMPLE = `apiVersion: sparkgate.io/v1alpha1
kind: SparkPlatform
metadata:
  name: acme
spec:
  capacityKeys: [acme.com/pool]
  capacities:
    - name: on-demand
      nodeSelectorTerms:
        - matchExpressions: [{ key: acme.com/pool, operator: In, values: [stable] }]
    - name: spot
      nodeSelectorTerms:
        - matchExpressions: [{ key: acme.com/pool, operator: In, values: [spot] }]
      tolerations:
        - { key: acme.com/spot, operator: Exists }
      interruptionNoticeSeconds: 120
  localDisks:
    - name: nvme
      nodeSelectorTerms:
        - matchExpressions: [{ key: acme.com/disk, operator: In, values: [nvme] }]
      volumeSource: { emptyDir: {} }
  eviction:
    protect: { karpenter.sh/do-not-disrupt: "true" }`;
