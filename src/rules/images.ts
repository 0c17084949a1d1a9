import { RuleProblem, type RuleKind } from "../engine/rule-kind.ts";
import type { Violation } from "../engine/policy.ts";
import { quoted } from "../engine/text.ts";
import { compileGlobs } from "../kubernetes/glob.ts";
import {
  isWithinRegistry,
  parseImageReference,
  type ImageReference,
} from "../kubernetes/image-reference.ts";
import type { Maybe, Pod } from "../kubernetes/pod.ts";
import { sparkContainerIndex } from "../spark/container.ts";
import type { Role } from "../spark/role.ts";
import type { SparkConf } from "../spark/spark-conf.ts";

type ContainerKind = "Spark" | "Sidecar" | "Init" | "Volume" | "Ephemeral";

interface ImagesSpec {
  readonly pin?: "Tag" | "Digest";
  readonly mutableTags?: readonly string[];
  readonly registries?: readonly string[];
  readonly containers?: readonly ContainerKind[];
}

const CONTAINER_KINDS: readonly ContainerKind[] = [
  "Spark",
  "Sidecar",
  "Init",
  "Volume",
  "Ephemeral",
];

/** Not Ephemeral: who debugs at night must not be stopped by a policy that nobody meant so. */
const DEFAULT_KINDS = CONTAINER_KINDS.filter((kind) => kind !== "Ephemeral");

const MUTABLE_TAGS: readonly string[] = [
  "latest",
  "stable",
  "main",
  "master",
  "dev",
  "nightly",
  "edge",
  "*-SNAPSHOT",
];

/** Which images a Spark Pod may run: pinned ones, from allowed registries. */
export const images: RuleKind = {
  key: "images",
  combine: "all",
  surfaces: ["pod", "driver-conf"],
  description: "Which images may run: pinned ones, from allowed registries.",
  example: `images:
  pin: Tag
  registries: [registry.acme.com/spark]`,
  schema: {
    type: "object",
    additionalProperties: false,
    properties: {
      pin: {
        enum: ["Tag", "Digest"],
        default: "Tag",
        description:
          "Tag: a tag that is none of the mutable ones, or a digest. Digest: a digest. A registry's port is no tag.",
      },
      mutableTags: {
        type: "array",
        items: { type: "string", minLength: 1 },
        default: MUTABLE_TAGS,
        description: "Globs of tags that mean another image tomorrow, whatever their case.",
      },
      registries: {
        type: "array",
        minItems: 1,
        items: { type: "string", minLength: 1 },
        description:
          "Allowed registries, with or without a path, compared by path boundary: `registry.acme.com/spark` allows `registry.acme.com/spark/etl` and not `registry.acme.com/sparkling`. Left out: any.",
      },
      containers: {
        type: "array",
        minItems: 1,
        uniqueItems: true,
        items: { enum: CONTAINER_KINDS },
        default: DEFAULT_KINDS,
        description:
          "Whose images are judged. Volume: image volumes. Ephemeral: containers of kubectl debug.",
      },
    },
  },
  compile: (block) => {
    const spec = block as ImagesSpec;
    checkRegistries(spec.registries ?? []);
    const kinds = new Set(spec.containers ?? DEFAULT_KINDS);
    const faultsOf = rememberedFaults(compileFaults(spec));
    const judgeImage = compileImageJudge(faultsOf, spec);
    const judged = (pod: Pod, role: Role) =>
      imagesOf(pod, role).filter((image) => kinds.has(image.kind));
    return {
      judge: (pod, { role }) => judged(pod, role).flatMap(judgeImage),
      // A Pod that was let in before there was a policy goes on; only what an UPDATE brings is judged.
      judgeUpdate: (pod, before, { role }) => {
        const known = new Set(imagesOf(before, role).map(identityOf));
        return judged(pod, role)
          .filter((image) => !known.has(identityOf(image)))
          .flatMap(judgeImage)
          .map((found) => ({ ...found, fix: "name a pinned image, or leave the one that runs" }));
      },
      conf: {
        whole: false,
        judge: (conf, { role }) =>
          kinds.has("Spark") ? judgeConf(conf, role, faultsOf, spec) : [],
      },
    };
  },
};

/** What cannot be the beginning of an image reference would refuse every image. */
function checkRegistries(registries: readonly string[]): void {
  for (const [index, registry] of registries.entries()) {
    if (!/[*?\s]|:\/\//.test(registry)) continue;
    const message = `'${registry}' is no registry: no scheme and no wildcards, such as registry.acme.com/spark`;
    throw new RuleProblem(message, { path: ["registries", index], allowed: [] });
  }
}

/** An image of a Pod, and where it stands. */
interface PodImage {
  readonly kind: ContainerKind;
  /** Of the container or volume, unique within the Pod. */
  readonly name: string;
  readonly list: "containers" | "initContainers" | "ephemeralContainers" | "volumes";
  readonly index: number;
  readonly text: string;
}

function fieldOf({ list, index }: PodImage): string {
  return `spec.${list}[${index}].${list === "volumes" ? "image.reference" : "image"}`;
}

/** Equal for the same image at the same place, before and after an UPDATE. */
function identityOf({ name, text }: PodImage): string {
  return JSON.stringify([name, text]);
}

/** Every image that a Pod names. An absent one is the API server's to refuse, or Spark's to fill in. */
function imagesOf({ spec }: Pod, role: Role): readonly PodImage[] {
  const found: PodImage[] = [];
  const add = (
    kind: ContainerKind,
    list: PodImage["list"],
    index: number,
    name: string,
    text: Maybe<string>,
  ) => {
    if (text != null && text !== "") found.push({ kind, name, list, index, text });
  };
  const spark = sparkContainerIndex({ spec }, role);
  spec?.containers?.forEach(({ name, image }, index) => {
    add(index === spark ? "Spark" : "Sidecar", "containers", index, name, image);
  });
  spec?.initContainers?.forEach(({ name, image }, index) => {
    add("Init", "initContainers", index, name, image);
  });
  spec?.ephemeralContainers?.forEach(({ name, image }, index) => {
    add("Ephemeral", "ephemeralContainers", index, name, image);
  });
  spec?.volumes?.forEach(({ name, image }, index) => {
    add("Volume", "volumes", index, name, image?.reference);
  });
  return found;
}

/** What is wrong with an image, wherever it stands. */
interface Fault {
  readonly message: string;
  /** What to write in its place, without tag or digest. */
  readonly name: string;
}

const NO_FAULTS: readonly Fault[] = [];

/** A cluster has some hundreds of images, and a job the same one in each of its thousand executors. */
const MOST_REMEMBERED = 1000;

type FaultsOf = (text: string) => readonly Fault[];

function rememberedFaults(faultsOf: FaultsOf): FaultsOf {
  const remembered = new Map<string, readonly Fault[]>();
  return (text) => {
    let faults = remembered.get(text);
    if (faults === undefined) {
      faults = faultsOf(text);
      if (remembered.size >= MOST_REMEMBERED) remembered.clear();
      if (text.length <= LONGEST_REMEMBERED) remembered.set(text, faults);
    }
    return faults;
  };
}

function compileImageJudge(
  faultsOf: FaultsOf,
  { pin = "Tag" }: ImagesSpec,
): (image: PodImage) => readonly Violation[] {
  return (image) =>
    faultsOf(image.text).map(({ message, name }) => ({
      field: fieldOf(image),
      message: `${quoted(image.text)} ${message}`,
      fix: fixOf(image, name, pin),
    }));
}

/** Spark puts its own version in its place (4.1, KubernetesConf): so it is pinned. */
const SPARK_VERSION = "{{SPARK_VERSION}}";

/** Judges the image that a conf names for the Pods of a role. One that is absent comes from elsewhere, and is judged in the Pod. */
function judgeConf(
  conf: SparkConf,
  role: Role,
  faultsOf: FaultsOf,
  { pin = "Tag" }: ImagesSpec,
): readonly Violation[] {
  const image = conf.get(
    `spark.kubernetes.${role === "executor" ? "executor" : "driver"}.container.image`,
  );
  if (image.kind === "absent") return [];
  const { key } = image;
  if (image.kind === "unknown") {
    return [{ field: key, message: `cannot be judged: ${image.why}`, fix: "write the image out" }];
  }
  return faultsOf(image.value.replaceAll(SPARK_VERSION, "0")).map(({ message, name }) => ({
    field: key,
    message: `${quoted(image.value)} ${message}`,
    fix: `--conf ${key}=${wantedImage(name, pin)}`,
  }));
}

/** Longer ones are nobody's image: they are not to fill the memory. */
const LONGEST_REMEMBERED = 512;

function compileFaults(spec: ImagesSpec): (text: string) => readonly Fault[] {
  const isMutable = compileGlobs(spec.mutableTags ?? MUTABLE_TAGS, { ignoreCase: true });
  const pin = spec.pin ?? "Tag";
  const registries = (spec.registries ?? []).map((entry) => entry.replace(/\/+$/, ""));
  return (text) => {
    const reference = parseImageReference(text);
    if (reference === undefined) return [{ message: "is not an image reference", name: "NAME" }];
    const faults: Fault[] = [];
    const loose = loosenessOf(reference, pin, isMutable);
    if (loose !== undefined) faults.push({ message: loose, name: nameOf(text, reference) });
    if (registries.length > 0 && !registries.some((entry) => isWithinRegistry(reference, entry))) {
      const message = `is not from an allowed registry (${registries.join(", ")})`;
      faults.push({ message, name: `${registries[0] ?? ""}/NAME` });
    }
    return faults.length === 0 ? NO_FAULTS : faults;
  };
}

/** Why the same reference may be another image tomorrow, or undefined if it may not. */
function loosenessOf(
  reference: ImageReference,
  pin: "Tag" | "Digest",
  isMutable: (tag: string) => boolean,
): string | undefined {
  if (reference.digest !== undefined) return undefined;
  if (pin === "Digest") return "has no digest";
  if (reference.tag === undefined) return "has no tag";
  return isMutable(reference.tag) ? "has a mutable tag" : undefined;
}

/** The reference as it was written, without its tag. */
function nameOf(text: string, reference: ImageReference): string {
  return reference.tag === undefined ? text : text.slice(0, -(reference.tag.length + 1));
}

function fixOf(image: PodImage, name: string, pin: "Tag" | "Digest"): string {
  const wanted = wantedImage(name, pin);
  // Spark overwrites the image of its own container in a pod template (BasicDriverFeatureStep).
  return image.kind === "Spark"
    ? `--conf spark.kubernetes.container.image=${wanted}`
    : `in the pod template ${wanted}`;
}

function wantedImage(name: string, pin: "Tag" | "Digest"): string {
  return pin === "Tag" ? `${name}:TAG (or @sha256:DIGEST)` : `${name}@sha256:DIGEST`;
}
