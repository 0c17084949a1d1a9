import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { matchesNode } from "../../src/kubernetes/node-affinity.ts";
import type { Platform } from "../../src/kubernetes/platform.ts";
import type { StringMap, Toleration } from "../../src/kubernetes/pod.ts";
import { missingTolerations } from "../../src/kubernetes/toleration.ts";
import { parseDocuments } from "../../src/policy/document.ts";
import { toPlatform } from "../../src/policy/platform.ts";
import { shipped } from "../fixtures/policies.ts";

/** A node as a cloud labels and taints it; which capacity and which disks it has. */
interface NodeCase {
  readonly what: string;
  readonly labels: StringMap;
  /** What a Pod must tolerate to run there. */
  readonly taints?: readonly Toleration[];
  readonly capacity: "on-demand" | "spot";
  readonly disks?: readonly string[];
}

const own = (disk: string): StringMap => ({ "sparkgate.io/local-disk": disk });
const azureTaint: Toleration = {
  ...{ key: "kubernetes.azure.com/scalesetpriority", operator: "Equal", value: "spot" },
  effect: "NoSchedule",
};

const NODES: Readonly<Record<string, readonly NodeCase[]>> = {
  karpenter: [
    {
      what: "on demand",
      labels: { "karpenter.sh/capacity-type": "on-demand" },
      capacity: "on-demand",
    },
    {
      what: "spot with NVMe",
      labels: {
        "karpenter.sh/capacity-type": "spot",
        "karpenter.k8s.aws/instance-local-nvme": "900",
      },
      capacity: "spot",
      disks: ["nvme"],
    },
    {
      what: "spot of Auto Mode with NVMe",
      labels: {
        "karpenter.sh/capacity-type": "spot",
        "eks.amazonaws.com/instance-local-nvme": "900",
        "eks.amazonaws.com/compute-type": "auto",
      },
      capacity: "spot",
      disks: ["nvme"],
    },
    {
      what: "spot, disks mounted by a script",
      labels: { "karpenter.sh/capacity-type": "spot", ...own("host-path") },
      capacity: "spot",
      disks: ["host-path"],
    },
  ],
  "node-pool": [
    { what: "on demand", labels: { "node-pool": "on-demand" }, capacity: "on-demand" },
    {
      what: "spot with a local volume",
      labels: { "node-pool": "spot", ...own("local-volume") },
      capacity: "spot",
      disks: ["local-volume"],
    },
  ],
  eks: [
    {
      what: "managed group on demand",
      labels: { "eks.amazonaws.com/capacityType": "ON_DEMAND", "eks.amazonaws.com/nodegroup": "a" },
      capacity: "on-demand",
    },
    {
      what: "managed group spot, nodeadm RAID0",
      labels: { "eks.amazonaws.com/capacityType": "SPOT", ...own("nvme") },
      capacity: "spot",
      disks: ["nvme"],
    },
    {
      what: "Karpenter on demand",
      labels: { "karpenter.sh/capacity-type": "on-demand" },
      capacity: "on-demand",
    },
    {
      what: "Karpenter spot with NVMe",
      labels: {
        "karpenter.sh/capacity-type": "spot",
        "karpenter.k8s.aws/instance-local-nvme": "1900",
      },
      capacity: "spot",
      disks: ["nvme"],
    },
  ],
  gke: [
    {
      what: "standard VM",
      labels: {
        "cloud.google.com/gke-nodepool": "p",
        "cloud.google.com/gke-provisioning": "standard",
      },
      capacity: "on-demand",
    },
    {
      what: "standard VM of old",
      labels: { "cloud.google.com/gke-nodepool": "p" },
      capacity: "on-demand",
    },
    {
      what: "Spot VM of a manual pool, which has no taint",
      labels: { "cloud.google.com/gke-spot": "true", "cloud.google.com/gke-provisioning": "spot" },
      capacity: "spot",
    },
    {
      what: "Spot VM of node auto-provisioning, with local SSD",
      labels: {
        "cloud.google.com/gke-spot": "true",
        "cloud.google.com/gke-ephemeral-storage-local-ssd": "true",
      },
      taints: [
        {
          ...{ key: "cloud.google.com/gke-spot", operator: "Equal", value: "true" },
          effect: "NoSchedule",
        },
      ],
      capacity: "spot",
      disks: ["ssd"],
    },
    {
      what: "preemptible VM with raw NVMe",
      labels: {
        "cloud.google.com/gke-preemptible": "true",
        "cloud.google.com/gke-local-nvme-ssd": "true",
      },
      capacity: "spot",
      disks: ["raid"],
    },
    {
      what: "standard VM with formatted SSDs",
      labels: { "cloud.google.com/gke-local-ssd": "true" },
      capacity: "on-demand",
      disks: ["legacy-ssd"],
    },
  ],
  aks: [
    {
      what: "regular",
      labels: { "kubernetes.azure.com/priority": "regular" },
      capacity: "on-demand",
    },
    {
      what: "regular of old",
      labels: { "kubernetes.azure.com/agentpool": "p" },
      capacity: "on-demand",
    },
    {
      what: "spot",
      labels: {
        "kubernetes.azure.com/scalesetpriority": "spot",
        "kubernetes.azure.com/priority": "spot",
      },
      taints: [azureTaint],
      capacity: "spot",
    },
    {
      what: "spot of old, kubelet on NVMe",
      labels: { "kubernetes.azure.com/scalesetpriority": "spot", ...own("nvme") },
      taints: [azureTaint],
      capacity: "spot",
      disks: ["nvme"],
    },
  ],
  oke: [
    {
      what: "on demand",
      labels: { "node.kubernetes.io/instance-type": "VM.Standard3.Flex" },
      capacity: "on-demand",
    },
    {
      what: "preemptible",
      labels: { "oci.oraclecloud.com/oke-is-preemptible": "true" },
      taints: [
        {
          ...{ key: "oci.oraclecloud.com/oke-is-preemptible", operator: "Equal", value: "present" },
          effect: "NoSchedule",
        },
      ],
      capacity: "spot",
    },
  ],
  ack: [
    {
      what: "pay as you go",
      labels: { "node.alibabacloud.com/spot-strategy": "NoSpot" },
      capacity: "on-demand",
    },
    {
      what: "older than the label",
      labels: { "alibabacloud.com/nodepool-id": "np" },
      capacity: "on-demand",
    },
    {
      what: "spot with a price limit",
      labels: { "node.alibabacloud.com/spot-strategy": "SpotWithPriceLimit" },
      capacity: "spot",
    },
    {
      what: "spot at the market's price, kubelet on a local disk",
      labels: { "node.alibabacloud.com/spot-strategy": "SpotAsPriceGo", ...own("nvme") },
      capacity: "spot",
      disks: ["nvme"],
    },
  ],
};

const platforms = new Map<string, Platform>(
  shipped("platforms").map((source) => {
    const value = parseDocuments(source).documents[0]?.value as { metadata: { name: string } };
    return [value.metadata.name, toPlatform(value.metadata.name, value)];
  }),
);

describe("the shipped platforms", () => {
  it("all have nodes here", () => {
    assert.deepEqual([...platforms.keys()].sort(), Object.keys(NODES).sort());
  });

  for (const [name, platform] of platforms) {
    describe(name, () => {
      for (const { what, labels, taints = [], capacity, disks = [] } of NODES[name] ?? []) {
        it(`${what}: ${[capacity, ...disks].join(", ")}`, () => {
          const having = (entries: Platform["capacities"] | Platform["localDisks"]) =>
            entries.filter((entry) => matchesNode(entry.nodeSelectorTerms, { labels }));
          const capacities = having(platform.capacities);
          assert.deepEqual(
            capacities.map((one) => one.name),
            [capacity],
          );
          assert.deepEqual(
            having(platform.localDisks).map((one) => one.name),
            disks,
          );
          const tolerations = platform.capacities.find((one) => one.name === capacity)?.tolerations;
          assert.deepEqual(missingTolerations(tolerations, taints), []);
        });
      }

      it("has a first disk that goes with every namespace and with Preferred", () => {
        assert.deepEqual(platform.localDisks[0]?.volumeSource, { emptyDir: {} });
      });

      it("says how long before spot nodes are taken away, and that others are not", () => {
        for (const { name: capacity, interruptionNoticeSeconds } of platform.capacities) {
          assert.equal(interruptionNoticeSeconds !== undefined, capacity === "spot", capacity);
        }
      });
    });
  }
});
