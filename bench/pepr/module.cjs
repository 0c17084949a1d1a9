// Pepr's module for the same work on executors as policy set baseline: spot or on demand by the executor's number, rather
// on nodes with local disks, no unpinned images, and a note of what was done. Started by bench/pepr.ts.
const { Capability, PeprModule, a } = require("pepr");

const capability = new Capability({
  name: "executors",
  description: "bench",
  namespaces: [],
});

const disks = [
  ["karpenter.k8s.aws/instance-local-nvme", "Exists"],
  ["eks.amazonaws.com/instance-local-nvme", "Exists"],
  ["sparkgate.io/local-disk", "In", ["nvme"]],
];

capability
  .When(a.Pod)
  .IsCreated()
  .WithLabel("spark-role", "executor")
  .Mutate((request) => {
    const { spec } = request.Raw;
    for (const { image } of [...(spec.initContainers ?? []), ...spec.containers]) {
      if (
        !/:[^/:@]+(@|$)|@sha256:/.test(image) ||
        /:(latest|stable|main|master|dev)$/.test(image)
      ) {
        throw new Error(`${image} is not pinned`);
      }
    }
    const id = Number(request.Raw.metadata.labels["spark-exec-id"]);
    const onDemand = Math.floor((id * 20) / 100) > Math.floor(((id - 1) * 20) / 100);
    spec.affinity ??= {};
    spec.affinity.nodeAffinity ??= {};
    const { nodeAffinity } = spec.affinity;
    nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution = {
      nodeSelectorTerms: [
        {
          matchExpressions: [
            {
              key: "karpenter.sh/capacity-type",
              operator: "In",
              values: [onDemand ? "on-demand" : "spot"],
            },
          ],
        },
      ],
    };
    nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution = disks.map(
      ([key, operator, values]) => ({
        weight: 50,
        preference: { matchExpressions: [{ key, operator, ...(values && { values }) }] },
      }),
    );
    request.SetAnnotation("sparkgate.io/applied", "placement, localDirs");
  });

const uuid = "bench";
new PeprModule(
  {
    description: "bench",
    pepr: {
      uuid,
      onError: "reject",
      webhookTimeout: 10,
      alwaysIgnore: { namespaces: [] },
      includedFiles: [],
      env: {},
    },
  },
  [capability],
  { deferStart: true },
).start(Number(process.env.PORT));
