import type { KubernetesObject } from "./api-client.ts";

/** A Pod as far as the tests and the process kubelet read it. */
export interface Pod extends KubernetesObject {
  spec: PodSpec;
  status?: PodStatus;
}

/** What has become of a Pod, as far as tests read it. */
export interface PodStatus {
  phase?: string;
  reason?: string;
  message?: string;
  podIP?: string;
  containerStatuses?: ContainerStatus[];
  initContainerStatuses?: ContainerStatus[];
}

/** What has become of a container. */
export interface ContainerStatus {
  name: string;
  ready: boolean;
  state: {
    waiting?: { reason: string; message?: string };
    running?: { startedAt: string };
    terminated?: { exitCode: number; reason: string; startedAt: string; finishedAt: string };
  };
}

/** A Pod's specification. */
export interface PodSpec {
  nodeName?: string;
  hostname?: string;
  serviceAccountName?: string;
  terminationGracePeriodSeconds?: number;
  nodeSelector?: Record<string, string>;
  containers: [Container, ...Container[]];
  initContainers?: Container[];
  volumes?: Volume[];
  securityContext?: SecurityContext;
  priority?: number;
}

/** As far as a Pod and a container have the same, and what of a container's the process kubelet honours. */
export interface SecurityContext {
  runAsUser?: number;
  runAsNonRoot?: boolean;
  fsGroup?: number;
  allowPrivilegeEscalation?: boolean;
  capabilities?: { add?: string[]; drop?: string[] };
  seccompProfile?: { type: string };
}

/** A container of a Pod. */
export interface Container {
  name: string;
  image: string;
  command?: string[];
  args?: string[];
  env?: EnvironmentVariable[];
  volumeMounts?: { name: string; mountPath: string; subPath?: string }[];
  securityContext?: SecurityContext;
  resources?: Partial<Record<"requests" | "limits", Record<string, string>>>;
  lifecycle?: { preStop?: { exec?: { command: string[] }; sleep?: { seconds: number } } };
  workingDir?: string;
  /** Of an init container: `Always` makes it a native sidecar. */
  restartPolicy?: string;
}

/** An environment variable with a literal value or one of a field of the Pod. */
export interface EnvironmentVariable {
  name: string;
  value?: string;
  valueFrom?: { fieldRef?: { fieldPath: string } };
}

/** A volume of one of the kinds that the process kubelet knows. */
export interface Volume {
  name: string;
  emptyDir?: { medium?: string; sizeLimit?: string };
  hostPath?: { path: string; type?: string };
  configMap?: { name: string; items?: { key: string; path: string }[] };
  projected?: object;
  persistentVolumeClaim?: { claimName: string };
  ephemeral?: object;
}
