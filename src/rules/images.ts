import { RuleProblem, type RuleKind } from "../engine/rule-kind.ts";
import type { Violation } from "../engine/policy.ts";
import { quoted } from "../engine/text.ts";
import type { Maybe, Pod } from "../kubernetes/pod.ts";
import { sparkContainerIndex } from "../spark/container.ts";
import type { Role } from "../spark/role.ts";
import { judgeConfImages } from "./images-conf.ts";
import {
  compileFaultsOf,
  type ContainerKind,
  type FaultsOf,
  type ImagesSpec,
  MUTABLE_TAGS,
  wantedImage,
} from "./images-faults.ts";

const CONTAINER_KINDS: readonly ContainerKind[] = [
  "Spark",
  "Sidecar",
  "Init",
  "Volume",
  "Ephemeral",
];

/** Not Ephemeral: who debugs at night must not be stopped by a policy that nobody meant so. */
const DEFAULT_KINDS = CONTAINER_KINDS.filter((kind) => kind !== "Ephemeral");

/** Which images a Spark Pod may run: pinned ones, from allowed registries. */
export const images: RuleKind = {
  key: "images",
  combine: "all",
  surfaces: ["pod", "driver-conf", "application"],
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
    const faultsOf = compileFaultsOf(spec);
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
        judge: (conf, subject) => judgeConfImages(conf, subject, kinds, faultsOf, spec),
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

function fixOf(image: PodImage, name: string, pin: "Tag" | "Digest"): string {
  const wanted = wantedImage(name, pin);
  // Spark overwrites the image of its own container in a pod template (BasicDriverFeatureStep).
  return image.kind === "Spark"
    ? `--conf spark.kubernetes.container.image=${wanted}`
    : `in the pod template ${wanted}`;
}
