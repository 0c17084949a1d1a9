/**
 * The parts of a Pod that Sparkgate reads, as raw JSON: nothing is defaulted, and every optional field may
 * also be null, which means the same as absent. Field names and meanings are those of Kubernetes
 * (staging/src/k8s.io/api/core/v1/types.go). Check input with `isPod` before using these types on it.
 */

/** A field that may be left out, or be null, which Go's JSON decoder reads as left out. */
export type Maybe<T> = T | null | undefined;

/** An object whose inside is passed on, or narrowed where it is read. Its keys come from users. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** A map from string to string such as labels. Its keys come from users: read it with `Object.hasOwn`. */
export type StringMap = Readonly<Record<string, string>>;

export interface OwnerReference {
  readonly apiVersion?: Maybe<string>;
  readonly kind?: Maybe<string>;
  readonly name?: Maybe<string>;
  readonly uid?: Maybe<string>;
  readonly controller?: Maybe<boolean>;
}

export interface ObjectMeta {
  readonly name?: Maybe<string>;
  readonly generateName?: Maybe<string>;
  readonly namespace?: Maybe<string>;
  readonly labels?: Maybe<StringMap>;
  readonly annotations?: Maybe<StringMap>;
  readonly ownerReferences?: Maybe<readonly OwnerReference[]>;
  readonly uid?: Maybe<string>;
}

export interface EnvVar {
  readonly name: string;
  readonly value?: Maybe<string>;
  readonly valueFrom?: Maybe<JsonObject>;
}

export interface VolumeMount {
  readonly name: string;
  readonly mountPath?: Maybe<string>;
  readonly subPath?: Maybe<string>;
  readonly readOnly?: Maybe<boolean>;
  readonly mountPropagation?: Maybe<string>;
}

/** Amounts by resource name. A quantity is a string, or a number where the author left the quotes out. */
export type ResourceList = Readonly<Record<string, string | number>>;

export interface ResourceRequirements {
  readonly requests?: Maybe<ResourceList>;
  readonly limits?: Maybe<ResourceList>;
}

export interface ContainerPort {
  readonly name?: Maybe<string>;
  readonly containerPort?: Maybe<number>;
  readonly hostPort?: Maybe<number>;
  readonly protocol?: Maybe<string>;
}

/** A seccomp or AppArmor profile; types: RuntimeDefault, Localhost, Unconfined. */
export interface SecurityProfile {
  readonly type?: Maybe<string>;
}

export interface SeLinuxOptions {
  readonly user?: Maybe<string>;
  readonly role?: Maybe<string>;
  readonly type?: Maybe<string>;
}

/** What a Pod's and a container's security context have in common; the container's goes before the Pod's. */
interface AnySecurityContext {
  readonly runAsNonRoot?: Maybe<boolean>;
  readonly runAsUser?: Maybe<number>;
  readonly runAsGroup?: Maybe<number>;
  readonly seccompProfile?: Maybe<SecurityProfile>;
  readonly appArmorProfile?: Maybe<SecurityProfile>;
  readonly seLinuxOptions?: Maybe<SeLinuxOptions>;
  readonly windowsOptions?: Maybe<{ readonly hostProcess?: Maybe<boolean> }>;
}

export interface SecurityContext extends AnySecurityContext {
  readonly privileged?: Maybe<boolean>;
  readonly allowPrivilegeEscalation?: Maybe<boolean>;
  readonly capabilities?: Maybe<{
    readonly add?: Maybe<readonly string[]>;
    readonly drop?: Maybe<readonly string[]>;
  }>;
  readonly procMount?: Maybe<string>;
}

export interface PodSecurityContext extends AnySecurityContext {
  readonly fsGroup?: Maybe<number>;
  readonly fsGroupChangePolicy?: Maybe<string>;
  readonly sysctls?: Maybe<readonly { readonly name: string }[]>;
}

/** A container, an init container or an ephemeral container. */
export interface Container {
  readonly name: string;
  readonly image?: Maybe<string>;
  readonly command?: Maybe<readonly string[]>;
  readonly args?: Maybe<readonly string[]>;
  readonly env?: Maybe<readonly EnvVar[]>;
  readonly volumeMounts?: Maybe<readonly VolumeMount[]>;
  readonly resources?: Maybe<ResourceRequirements>;
  readonly ports?: Maybe<readonly ContainerPort[]>;
  readonly securityContext?: Maybe<SecurityContext>;
  readonly livenessProbe?: Maybe<JsonObject>;
  readonly readinessProbe?: Maybe<JsonObject>;
  readonly startupProbe?: Maybe<JsonObject>;
  readonly lifecycle?: Maybe<JsonObject>;
}

export interface EmptyDir {
  readonly medium?: Maybe<string>;
  readonly sizeLimit?: Maybe<string | number>;
}

export interface HostPath {
  readonly path?: Maybe<string>;
  readonly type?: Maybe<string>;
}

/** Where a volume's files are. The kinds that are not listed here are passed on as they are. */
export interface VolumeSource {
  readonly emptyDir?: Maybe<EmptyDir>;
  readonly hostPath?: Maybe<HostPath>;
  readonly persistentVolumeClaim?: Maybe<{ readonly claimName?: Maybe<string> }>;
  readonly ephemeral?: Maybe<JsonObject>;
  readonly image?: Maybe<{ readonly reference?: Maybe<string> }>;
  readonly configMap?: Maybe<{ readonly name?: Maybe<string> }>;
}

export interface Volume extends VolumeSource {
  readonly name: string;
}

/** Operators: In, NotIn, Exists, DoesNotExist, Gt, Lt. A string, since newer clusters may know more. */
export interface NodeSelectorRequirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: Maybe<readonly string[]>;
}

/** Requirements that must all hold. A term without any requirement matches no node. */
export interface NodeSelectorTerm {
  readonly matchExpressions?: Maybe<readonly NodeSelectorRequirement[]>;
  readonly matchFields?: Maybe<readonly NodeSelectorRequirement[]>;
}

/** Terms of which one must hold. */
export interface NodeSelector {
  readonly nodeSelectorTerms?: Maybe<readonly NodeSelectorTerm[]>;
}

export interface PreferredSchedulingTerm {
  readonly weight?: Maybe<number>;
  readonly preference?: Maybe<NodeSelectorTerm>;
}

export interface NodeAffinity {
  readonly requiredDuringSchedulingIgnoredDuringExecution?: Maybe<NodeSelector>;
  readonly preferredDuringSchedulingIgnoredDuringExecution?: Maybe<
    readonly PreferredSchedulingTerm[]
  >;
}

export interface Affinity {
  readonly nodeAffinity?: Maybe<NodeAffinity>;
  readonly podAffinity?: Maybe<JsonObject>;
  readonly podAntiAffinity?: Maybe<JsonObject>;
}

/** Operators: Equal (the default), Exists; newer clusters also know Lt and Gt. Seconds only with NoExecute. */
export interface Toleration {
  readonly key?: Maybe<string>;
  readonly operator?: Maybe<string>;
  readonly value?: Maybe<string>;
  readonly effect?: Maybe<string>;
  readonly tolerationSeconds?: Maybe<number>;
}

export interface PodSpec {
  readonly containers?: Maybe<readonly Container[]>;
  readonly initContainers?: Maybe<readonly Container[]>;
  readonly ephemeralContainers?: Maybe<readonly Container[]>;
  readonly volumes?: Maybe<readonly Volume[]>;
  readonly nodeSelector?: Maybe<StringMap>;
  readonly affinity?: Maybe<Affinity>;
  readonly tolerations?: Maybe<readonly Toleration[]>;
  readonly nodeName?: Maybe<string>;
  readonly schedulerName?: Maybe<string>;
  readonly priorityClassName?: Maybe<string>;
  readonly terminationGracePeriodSeconds?: Maybe<number>;
  readonly activeDeadlineSeconds?: Maybe<number>;
  readonly restartPolicy?: Maybe<string>;
  readonly hostNetwork?: Maybe<boolean>;
  readonly hostPID?: Maybe<boolean>;
  readonly hostIPC?: Maybe<boolean>;
  /** False: in a user namespace of its own, where root is nobody outside. */
  readonly hostUsers?: Maybe<boolean>;
  readonly os?: Maybe<{ readonly name?: Maybe<string> }>;
  readonly securityContext?: Maybe<PodSecurityContext>;
}

export interface Pod {
  readonly apiVersion?: Maybe<string>;
  readonly kind?: Maybe<string>;
  readonly metadata?: Maybe<ObjectMeta>;
  readonly spec?: Maybe<PodSpec>;
}
