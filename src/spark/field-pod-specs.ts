/** A part of a Pod's spec in an operator's object. */
export interface FieldPodSpec {
  readonly spec: unknown;
  /** Its field, such as `spec.driver.template.spec`. */
  readonly path: string;
}

/** What an operator's object says of Pods beside their conf. */
export interface FieldPodSpecs {
  /** A template, which the conf overwrites. */
  readonly beneath: FieldPodSpec;
  /** What the operator's own webhook puts over both (Kubeflow's sparkpod_defaulter.go: it adds to the selector, and replaces the affinity). */
  readonly above?: FieldPodSpec;
}
