/** What admission is asked about: the parts of an AdmissionRequest (admission.k8s.io/v1) that a decision needs. */
export interface AdmittedObject {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Such as `status` or `ephemeralcontainers`; empty for the object itself. */
  readonly subResource: string;
  readonly operation: string;
  /** From the request, which is authoritative; the object's own field may be empty. */
  readonly namespace: string;
  /** As it was sent. Not yet checked: see `isPod`. */
  readonly object: unknown;
  /** As it is stored, at UPDATE. */
  readonly oldObject?: unknown;
  /** Who asks for it, where that is known. */
  readonly user?: { readonly username: string; readonly groups: readonly string[] } | undefined;
  /** Which kind of webhook is called: one that may change the object, or one that judges what all of those have left. */
  readonly admission: "mutating" | "validating";
}
