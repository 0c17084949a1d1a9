import type { NodeSelectorTerm, StringMap, Toleration, VolumeSource } from "./pod.ts";

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

/** Annotations of a Pod by which the platform's autoscalers are told whether they may evict it. */
export interface EvictionAnnotations {
  /** Of a Pod that is to stay where it is. */
  readonly protect: StringMap;
  /** Of one that may go, which has none of those that only `protect` names. */
  readonly allow: StringMap;
}

/** How one kind of cluster (EKS, Karpenter, GKE, AKS, …) names its capacity. */
export interface Platform {
  readonly name: string;
  readonly capacities: readonly Capacity[];
  /** Every node label, legacy aliases too, by which a Pod can express a choice of capacity. */
  readonly capacityKeys: readonly string[];
  /** Layouts of local disks, the preferred one first. */
  readonly localDisks: readonly LocalDisk[];
  readonly eviction: EvictionAnnotations;
}

/** Seconds of a notice that are kept back at most, and what part of it. */
const MOST_KEPT_BACK = 10;
const KEPT_BACK = 0.1;

/**
 * The longest grace of a Pod, in seconds, that ends before the node does: somebody has to hear of the notice first (Karpenter
 * by a queue, a kubelet from its cloud), and the end of the Pod is to be reported. Never 0, with which a Pod is
 * deleted at once.
 */
export function longestGrace(noticeSeconds: number): number {
  return Math.max(
    1,
    noticeSeconds - Math.min(MOST_KEPT_BACK, Math.ceil(noticeSeconds * KEPT_BACK)),
  );
}

/** The shortest notice of any capacity, in seconds; undefined where no node is ever taken away. */
export function shortestNotice(capacities: readonly Capacity[]): number | undefined {
  const notices = capacities.flatMap((capacity) => capacity.interruptionNoticeSeconds ?? []);
  return notices.length === 0 ? undefined : Math.min(...notices);
}
