import type { AdmittedObject } from "../kubernetes/admitted-object.ts";
import { recognizeConfigMap } from "./driver-conf.ts";
import { recognizePod } from "./pod-subject.ts";
import type { Recognition, SkipReason, Stage } from "./subject.ts";

/** Tells what an admitted object is to Spark. Never throws. */
export function recognize(admitted: AdmittedObject): Recognition {
  const stage = stageOf(admitted);
  if (stage.kind === "skipped") return stage;
  return admitted.kind === "ConfigMap"
    ? recognizeConfigMap(admitted, stage.stage)
    : recognizePod(admitted, stage.stage);
}

type StageOrSkip =
  | { readonly kind: "stage"; readonly stage: Stage }
  | { readonly kind: "skipped"; readonly reason: SkipReason };

function stageOf(admitted: AdmittedObject): StageOrSkip {
  const { group, version, kind, subResource, operation, admission } = admitted;
  const skipped = (reason: SkipReason): StageOrSkip => ({ kind: "skipped", reason });
  if (group !== "" || version !== "v1") return skipped("other-kind");
  // Its conf is made once, with the driver: whoever changes it later reaches no job (Spark makes it immutable).
  if (kind === "ConfigMap")
    return operation === "CREATE" ? { kind: "stage", stage: admission } : skipped("operation");
  if (kind !== "Pod") return skipped("other-kind");
  // `kubectl debug` adds containers, and with them images, by way of a sub-resource.
  if (subResource !== "" && subResource !== EPHEMERAL_CONTAINERS) return skipped("sub-resource");
  if (operation === "CREATE" && subResource === "") return { kind: "stage", stage: admission };
  // Judged only: Spark itself updates labels of its executors, and a mutation there would fight with it
  // (kubeflow/spark-operator#470).
  if (operation === "UPDATE" && admission === "validating") {
    return { kind: "stage", stage: "update" };
  }
  return skipped(subResource === "" ? "operation" : "sub-resource");
}

const EPHEMERAL_CONTAINERS = "ephemeralcontainers";
