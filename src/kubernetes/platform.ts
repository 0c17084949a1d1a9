import type { NodeSelectorTerm, Toleration, VolumeSource } from "./pod.ts";

/** One kind of capacity of a cluster, such as spot or on-demand, and how a Pod asks for it. */
export interface Capacity {
  readonly name: string;
  /** The nodes that have this capacity: one of the terms holds. Not empty, and no term is empty. */
  readonly nodeSelectorTerms: readonly NodeSelectorTerm[];
  /** What a Pod must tolerate to run there. */
  readonly tolerations: readonly Toleration[];
  /** How long before it takes a node away the cloud says so, in seconds. Absent: nodes are not taken away. */
  readonly interruptionNoticeSeconds?: number;
}

/** One layout of fast local disks, and how a Pod gets at them. */
export interface LocalDisk {
  readonly name: string;
  /** The nodes that have such disks: one of the terms holds. Not empty, and no term is empty. */
  readonly nodeSelectorTerms: readonly NodeSelectorTerm[];
  /** What makes a volume on the disk. */
  readonly volumeSource: VolumeSource;
}

/** How one kind of cluster (EKS, Karpenter, GKE, AKS, …) names its capacity. */
export interface Platform {
  readonly name: string;
  readonly capacities: readonly Capacity[];
  /** Every node label, legacy aliases too, by which a Pod can express a choice of capacity. */
  readonly capacityKeys: readonly string[];
  /** Layouts of local disks, the preferred one first. */
  readonly localDisks: readonly LocalDisk[];
}
