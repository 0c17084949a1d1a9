import type { Container, Pod } from "../pod.ts";

/** How a container ended. */
export interface Terminated {
  readonly exitCode: number;
  readonly reason: "Completed" | "Error" | "OOMKilled";
  readonly startedAt: string;
  readonly finishedAt: string;
}

/** As in `containerStatuses[].state`. */
export type ContainerState =
  | { readonly waiting: { readonly reason: string; readonly message?: string } }
  | { readonly running: { readonly startedAt: string } }
  | { readonly terminated: Terminated };

/** What a Pod's status is made of. */
export interface PodFacts {
  readonly address: string;
  readonly startedAt: string;
  /** By container; of one that is not there nothing has been tried yet. */
  readonly states: ReadonlyMap<string, ContainerState>;
  /** Why it was evicted, if it was. */
  readonly evicted?: string | undefined;
}

/** An init container that runs beside the others: a native sidecar. */
export function isSidecar({ restartPolicy }: Container): boolean {
  return restartPolicy === "Always";
}

/** A Pod's status as the kubelet writes it, of containers that are never started again. */
export function podStatus({ spec }: Pod, facts: PodFacts): object {
  const { initContainers = [], containers } = spec;
  const { states, evicted, address, startedAt } = facts;
  const first = initContainers.length > 0 ? "PodInitializing" : "ContainerCreating";
  const stateOf = ({ name }: Container): ContainerState =>
    states.get(name) ?? { waiting: { reason: first } };
  const phase = evicted === undefined ? phaseOf(initContainers, containers, stateOf) : "Failed";
  const isReady = phase === "Running" && containers.every((each) => "running" in stateOf(each));
  const statuses = (all: readonly Container[]): object[] =>
    all.map((container) => {
      const state = stateOf(container);
      const isRunning = "running" in state;
      const ready = isRunning || (initContainers.includes(container) && exitedWith(state) === 0);
      const { name, image } = container;
      return { name, image, imageID: "", restartCount: 0, ready, started: isRunning, state };
    });
  const ready = isReady ? "True" : "False";
  return {
    phase,
    podIP: address,
    podIPs: [{ ip: address }],
    startTime: startedAt,
    conditions: ["Ready", "ContainersReady"].map((type) => ({ type, status: ready })),
    containerStatuses: statuses(containers),
    ...(initContainers.length > 0 ? { initContainerStatuses: statuses(initContainers) } : {}),
    ...(evicted === undefined ? {} : { reason: "Evicted", message: evicted }),
  };
}

/** pkg/kubelet/kubelet_pods.go getPhase: a sidecar that runs keeps the Pod Running; how it ended does not matter. */
function phaseOf(
  initContainers: readonly Container[],
  containers: readonly Container[],
  stateOf: (container: Container) => ContainerState,
): "Pending" | "Running" | "Succeeded" | "Failed" {
  const toEnd = initContainers.filter((each) => !isSidecar(each)).map(stateOf);
  if (toEnd.some((state) => (exitedWith(state) ?? 0) !== 0)) return "Failed";
  if (!toEnd.every((state) => exitedWith(state) === 0)) return "Pending";
  const own = containers.map(stateOf);
  if (own.some((state) => "waiting" in state)) return "Pending";
  const sidecars = initContainers.filter(isSidecar).map(stateOf);
  if ([...own, ...sidecars].some((state) => "running" in state)) return "Running";
  return own.every((state) => exitedWith(state) === 0) ? "Succeeded" : "Failed";
}

function exitedWith(state: ContainerState): number | undefined {
  return "terminated" in state ? state.terminated.exitCode : undefined;
}
