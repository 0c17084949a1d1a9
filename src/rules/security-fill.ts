import type { Draft, Path } from "../engine/draft.ts";
import { quoted } from "../engine/text.ts";
import { dropsAll, isInUserNamespace } from "../kubernetes/pod-security.ts";
import type { Container, Pod } from "../kubernetes/pod.ts";
import { localDirsOf } from "../spark/local-dirs.ts";
import { SPARK_UID, type SecuritySpec } from "./security-schema.ts";

const POD: Path = ["spec", "securityContext"];

/** A container, and where it is. */
interface Place {
  readonly container: Container;
  readonly path: Path;
}

/**
 * Adds what PodSecurity restricted asks for and a Pod without faults does not say: at the Pod where all containers
 * may have it, at each container where it can only be said there.
 * @param asked the Pod as the job has it, before faults were mended
 * @param spark the index of the Spark container
 */
export function fillSecurity(
  draft: Draft,
  asked: Pod,
  spark: number | undefined,
  spec: SecuritySpec,
): void {
  const { seccompProfile } = draft.pod.spec?.securityContext ?? {};
  const contexts = placesOf(draft.pod).map(({ container }) => container.securityContext);
  if (seccompProfile == null && contexts.some((context) => context?.seccompProfile == null)) {
    draft.set([...POD, "seccompProfile"], { type: "RuntimeDefault" });
  }
  for (const place of placesOf(draft.pod)) takeRights(draft, place);
  if (!isInUserNamespace(asked)) {
    forbidRoot(draft);
    // Who has said before that it is not root has seen to its user, which may be a number in the image.
    const wasNonRoot = saysNonRoot(asked, asked.spec?.containers?.[spark ?? -1]);
    if (spark !== undefined && !wasNonRoot) nameUser(draft, spark, spec);
  }
  if (spark !== undefined && userOf(draft.pod, spark) !== userOf(asked, spark)) {
    giveLocalDirs(draft, spark, spec);
  }
}

/** Names of containers that are told; a hostile Pod has thousands. */
const MOST_NAMES = 2;

/**
 * What is to be known of containers whose user is the image's to say: the kubelet starts none where that is root, or a
 * name (kuberuntime verifyRunAsNonRoot). None is set for what is not Spark's: its files may belong to its user.
 */
export function usersOfImages(pod: Pod): readonly string[] {
  if (isInUserNamespace(pod) || pod.spec?.securityContext?.runAsUser != null) return [];
  const unnamed = placesOf(pod).filter(
    ({ container }) => container.securityContext?.runAsUser == null,
  );
  if (unnamed.length === 0) return [];
  const names = unnamed.slice(0, MOST_NAMES).map(({ container }) => quoted(container.name));
  const more = unnamed.length - names.length;
  const who = [...names, ...(more > 0 ? [`${more} more`] : [])].join(" and ");
  return [`no runAsUser for ${who}: its image's USER must be a number, not 0`];
}

function placesOf({ spec }: Pod): readonly Place[] {
  return (["initContainers", "containers"] as const).flatMap((list) =>
    (spec?.[list] ?? []).map((container, index) => ({ container, path: ["spec", list, index] })),
  );
}

function forbidRoot(draft: Draft): void {
  const places = placesOf(draft.pod);
  if (places.every(({ container }) => saysNonRoot(draft.pod, container))) return;
  draft.set([...POD, "runAsNonRoot"], true);
}

function saysNonRoot({ spec }: Pod, container: Container | undefined): boolean {
  const own = container?.securityContext?.runAsNonRoot;
  return (own ?? spec?.securityContext?.runAsNonRoot) === true;
}

/** Says by a number who runs Spark, where nobody does: Apache's images have a name, which the kubelet does not take. */
function nameUser(
  draft: Draft,
  spark: number,
  { runAsUser = SPARK_UID, runAsGroup }: SecuritySpec,
): void {
  if (userOf(draft.pod, spark) !== undefined) return;
  const own = draft.pod.spec?.containers?.[spark]?.securityContext;
  const all = draft.pod.spec?.securityContext;
  const at: Path = ["spec", "containers", spark, "securityContext"];
  draft.set([...at, "runAsUser"], runAsUser);
  if (runAsGroup !== undefined && own?.runAsGroup == null && all?.runAsGroup == null) {
    draft.set([...at, "runAsGroup"], runAsGroup);
  }
}

/** What each container says of its rights for itself. */
function takeRights(draft: Draft, { container, path }: Place): void {
  const at: Path = [...path, "securityContext"];
  const context = container.securityContext;
  if (context == null) {
    draft.set(at, { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } });
    return;
  }
  draft.set([...at, "allowPrivilegeEscalation"], false);
  if (!dropsAll(context)) draft.append([...at, "capabilities", "drop"], ["ALL"]);
}

/** Who runs Spark, as far as the Pod says. */
function userOf({ spec }: Pod, spark: number): number | undefined {
  const own = spec?.containers?.[spark]?.securityContext?.runAsUser;
  return own ?? spec?.securityContext?.runAsUser ?? undefined;
}

/**
 * A fresh filesystem of a claim is root's: the kubelet hands it to this group, for the user that was named. It need not
 * for emptyDir, which anybody may write to. Not all of it anew for each executor: Spark gives claims with their shuffle
 * files from one to the next (spark.kubernetes.driver.reusePersistentVolumeClaim).
 */
function giveLocalDirs(draft: Draft, spark: number, { fsGroup = SPARK_UID }: SecuritySpec): void {
  const { spec } = draft.pod;
  const container = spec?.containers?.[spark];
  if (container === undefined || spec?.securityContext?.fsGroup != null) return;
  const onClaims = localDirsOf(draft.pod, container).some(
    ({ volume }) => volume.persistentVolumeClaim != null || volume.ephemeral != null,
  );
  if (!onClaims) return;
  draft.set([...POD, "fsGroup"], fsGroup);
  if (spec?.securityContext?.fsGroupChangePolicy == null) {
    draft.set([...POD, "fsGroupChangePolicy"], "OnRootMismatch");
  }
}
