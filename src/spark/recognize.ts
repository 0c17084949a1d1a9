import type { AdmittedObject } from "../kubernetes/admitted-object.ts";
import { applicationKind } from "./application-kinds.ts";
import { recognizeApplication } from "./application-subject.ts";
import { recognizeConfigMap } from "./driver-conf.ts";
import { recognizePod } from "./pod-subject.ts";
import type { Recognition, SkipReason, Stage } from "./subject.ts";

/** Tells what an admitted object is to Spark. Never throws. */
export function recognize(admitted: AdmittedObject): Recognition {
  const { group, version, kind } = admitted;
  const entry = applicationKind(group, version, kind);
  if (entry !== undefined) {
    const stage = applicationStageOf(admitted);
    if (stage.kind === "skipped") return stage;
    return recognizeApplication(admitted, entry, stage.stage);
  }
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
  if (kind === "ConfigMap") {
    const isMade = operation === "CREATE" && admission === "mutating";
    return isMade ? { kind: "stage", stage: "mutating" } : skipped("operation");
  }
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

/** It is judged when all mutating webhooks are done with it, the operator's defaults among them, and never changed. */
function applicationStageOf({ subResource, operation, admission }: AdmittedObject): StageOrSkip {
  if (subResource !== "") return { kind: "skipped", reason: "sub-resource" };
  if (admission === "validating" && operation === "CREATE") {
    return { kind: "stage", stage: "validating" };
  }
  if (admission === "validating" && operation === "UPDATE") {
    return { kind: "stage", stage: "update" };
  }
  return { kind: "skipped", reason: "operation" };
}

const EPHEMERAL_CONTAINERS = "ephemeralcontainers";
