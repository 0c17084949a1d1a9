import { admit } from "../admission/admit.ts";
import type { PolicySet } from "../engine/policy-set.ts";
import { ROLE_LABEL, ROLES } from "../spark/role.ts";

/**
 * Decides on a few small Pods, so that the first call of the API server does not wait while schemas are compiled
 * (tens of milliseconds of ajv) and code is loaded. What comes of it is dropped.
 */
export function warmUp(set: PolicySet): void {
  for (const role of ROLES) {
    const review = {
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      request: {
        uid: "warm-up",
        kind: { group: "", version: "v1", kind: "Pod" },
        operation: "CREATE",
        namespace: "default",
        dryRun: true,
        object: {
          apiVersion: "v1",
          kind: "Pod",
          metadata: { name: `warm-up-${role}`, labels: { [ROLE_LABEL]: role } },
          spec: { containers: [{ name: "spark", image: "spark:warm-up" }] },
        },
      },
    };
    admit(set, Buffer.from(JSON.stringify(review)), { at: 0 });
  }
}
