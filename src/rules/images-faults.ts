import { compileGlobs } from "../kubernetes/glob.ts";
import {
  isWithinRegistry,
  parseImageReference,
  type ImageReference,
} from "../kubernetes/image-reference.ts";

export type ContainerKind = "Spark" | "Sidecar" | "Init" | "Volume" | "Ephemeral";

/** The block of an images rule that fits its schema. */
export interface ImagesSpec {
  readonly pin?: "Tag" | "Digest";
  readonly mutableTags?: readonly string[];
  readonly registries?: readonly string[];
  readonly containers?: readonly ContainerKind[];
}

/** Unless a policy names others. */
export const MUTABLE_TAGS: readonly string[] = [
  "latest",
  "stable",
  "main",
  "master",
  "dev",
  "nightly",
  "edge",
  "*-SNAPSHOT",
];

/** What is wrong with an image, wherever it stands. */
export interface Fault {
  readonly message: string;
  /** What to write in its place, without tag or digest. */
  readonly name: string;
}

const NO_FAULTS: readonly Fault[] = [];

/** A cluster has some hundreds of images, and a job the same one in each of its thousand executors. */
const MOST_REMEMBERED = 1000;

/** All that is wrong with an image. */
export type FaultsOf = (text: string) => readonly Fault[];

/** Judges images by what a rule says of them. What was found is remembered. */
export function compileFaultsOf(spec: ImagesSpec): FaultsOf {
  const faultsOf = compileFaults(spec);
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

/** What to write in place of an image. */
export function wantedImage(name: string, pin: "Tag" | "Digest"): string {
  return pin === "Tag" ? `${name}:TAG (or @sha256:DIGEST)` : `${name}@sha256:DIGEST`;
}
