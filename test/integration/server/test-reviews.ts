/** What a test's review says; the rest is a small Spark Pod at CREATE. */
export interface ReviewOptions {
  readonly uid?: string;
  readonly role?: string;
  readonly image?: string;
  readonly dryRun?: boolean;
  readonly request?: Readonly<Record<string, unknown>>;
}

/** An AdmissionReview as the API server sends it, in short. */
export function reviewOf({ uid, role, image, dryRun, request }: ReviewOptions = {}): string {
  return JSON.stringify({
    kind: "AdmissionReview",
    apiVersion: "admission.k8s.io/v1",
    request: {
      uid: uid ?? "6d9a0f3c-good",
      kind: { group: "", version: "v1", kind: "Pod" },
      resource: { group: "", version: "v1", resource: "pods" },
      operation: "CREATE",
      namespace: "team-risk",
      name: "etl-7f3a",
      dryRun: dryRun ?? false,
      object: {
        apiVersion: "v1",
        kind: "Pod",
        metadata: {
          name: "etl-7f3a",
          labels: { "spark-role": role ?? "executor", "spark-app-selector": "spark-abc" },
        },
        spec: {
          containers: [
            {
              name: "spark-kubernetes-executor",
              image: image ?? "spark:4.0",
              env: [{ name: "AWS_SECRET_ACCESS_KEY", value: "hunter2" }],
            },
          ],
        },
      },
      ...request,
    },
  });
}
