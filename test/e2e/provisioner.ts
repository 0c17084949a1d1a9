import { ApiError } from "./api-client.ts";
import type { Cluster } from "./cluster.ts";

/** Of claims that shall lie on the disk of the node on which their Pod runs. */
export const STORAGE_CLASS = "local-path";

/** A provisioner that runs. */
export interface Provisioner {
  stop(): void;
}

interface Claim {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly storageClassName?: string;
    readonly volumeName?: string;
    readonly accessModes: readonly string[];
    readonly resources: { readonly requests: { readonly storage: string } };
  };
}

const NAME = "sparkgate.io/local-path";
const LOOK_EVERY_MS = 300;
const HTTP_CONFLICT = 409;

/**
 * Plays an external provisioner of local disks, such as rancher's local-path-provisioner: it makes a PersistentVolume on the node
 * that the scheduler chose for a claim's first Pod. The scheduler and the controller manager, which binds it, are the real ones;
 * the process kubelet makes the folder.
 */
export async function startProvisioner(cluster: Cluster): Promise<Provisioner> {
  await cluster.api("POST", "/apis/storage.k8s.io/v1/storageclasses", {
    metadata: { name: STORAGE_CLASS },
    provisioner: NAME,
    volumeBindingMode: "WaitForFirstConsumer",
    reclaimPolicy: "Retain",
  });
  const provision = async (): Promise<void> => {
    const { items } = (await cluster.api("GET", "/api/v1/persistentvolumeclaims")) as {
      items: readonly Claim[];
    };
    for (const claim of items) {
      const node = claim.metadata.annotations?.["volume.kubernetes.io/selected-node"];
      const { storageClassName, volumeName } = claim.spec;
      if (storageClassName !== STORAGE_CLASS || volumeName !== undefined || !node) continue;
      await cluster.api("POST", "/api/v1/persistentvolumes", volumeOf(claim, node));
    }
  };
  const timer = setInterval(() => {
    provision().catch((error: unknown) => {
      // Of a claim that is being bound just now it has been made already.
      if (error instanceof ApiError && error.status === HTTP_CONFLICT) return;
      process.stderr.write(`provisioner: ${String(error)}\n`);
    });
  }, LOOK_EVERY_MS);
  timer.unref();
  return {
    stop() {
      clearInterval(timer);
    },
  };
}

function volumeOf({ metadata, spec }: Claim, node: string): object {
  const { name, namespace, uid } = metadata;
  const hostname = { key: "kubernetes.io/hostname", operator: "In", values: [node] };
  return {
    metadata: { name: `pvc-${uid}` },
    spec: {
      capacity: spec.resources.requests,
      accessModes: spec.accessModes,
      storageClassName: STORAGE_CLASS,
      persistentVolumeReclaimPolicy: "Retain",
      claimRef: { kind: "PersistentVolumeClaim", apiVersion: "v1", name, namespace, uid },
      local: { path: `/mnt/claims/${uid}` },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [hostname] }] } },
    },
  };
}
