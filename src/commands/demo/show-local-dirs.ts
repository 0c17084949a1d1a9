import type { Container, Pod, Volume } from "../../kubernetes/pod.ts";
import { LOCAL_DIRS_VARIABLE, localDirsOf, variableOf } from "../../spark/local-dirs.ts";
import type { Proof } from "./proof.ts";
import { EXECUTORS } from "./recordings.ts";
import type { Shown, Webhook } from "./show.ts";

/** A policy of one's own, beside the shipped ones: nodes with two disks, which somebody has mounted. */
export const TWO_DISKS = `
apiVersion: sparkgate.io/v1alpha1
kind: SparkPolicy
metadata: {name: two-disks}
spec:
  priority: 1
  match: {roles: [executor]}
  localDirs:
    volumeSources:
      - hostPath: {path: /mnt/k8s-disks/0, type: Directory}
      - hostPath: {path: /mnt/k8s-disks/1, type: Directory}
`;

/** The first executor: what Spark made is swapped in place, and the second disk is added. */
export async function showLocalDirs({ call, set }: Webhook, proof: Proof): Promise<Shown> {
  const [executor] = EXECUTORS;
  if (executor === undefined) throw new Error("no executor was recorded");
  const { answer, pod } = await proof.observe(call, set, executor);
  const container = (one: Pod): Container => one.spec?.containers?.at(-1) ?? { name: "" };
  const before = new Map(
    localDirsOf(executor.request.object, container(executor.request.object)).map((dir) => [
      dir.volume.name,
      dir,
    ]),
  );
  const after = localDirsOf(pod, container(pod));
  const lines = after.map(({ volume, mountPath }) => {
    const old = before.get(volume.name);
    const where = old?.mountPath === mountPath ? `still at ${mountPath}` : `at ${mountPath}`;
    return `${volume.name}: ${sourceText(old?.volume)} -> ${sourceText(volume)}, ${where}`;
  });
  const variable = variableOf(container(pod), LOCAL_DIRS_VARIABLE)?.variable.value;
  return {
    title: "executor 1, two local disks",
    verdict: answer.allowed ? "CHANGED" : "DENIED",
    lines: [...lines, `${LOCAL_DIRS_VARIABLE}=${variable ?? ""}`],
    asExpected:
      answer.allowed &&
      before.size === 1 &&
      after.length === 2 &&
      after.every(({ volume }) => volume.hostPath != null) &&
      variable === after.map(({ mountPath }) => mountPath).join(","),
  };
}

function sourceText(volume: Volume | undefined): string {
  if (volume === undefined) return "none";
  return volume.hostPath == null ? "emptyDir" : `hostPath ${volume.hostPath.path ?? ""}`;
}
