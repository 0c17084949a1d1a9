/** A container image name in its full form (github.com/distribution/reference, normalize.go). */
export interface ImageReference {
  /** Host and port, in lower case. `docker.io` where the name has none. */
  readonly registry: string;
  /** The path within the registry; official images of docker.io begin with `library/`. */
  readonly repository: string;
  /** As written: absent is not replaced by `latest`. */
  readonly tag?: string;
  readonly digest?: string;
}

// All patterns are unambiguous, unlike the originals in distribution/reference regexp.go, whose `[-]*` between
// alphanumerics would make a backtracking engine exponential.
const registryPattern =
  /^(?:[a-z0-9]+(?:-+[a-z0-9]+)*(?:\.[a-z0-9]+(?:-+[a-z0-9]+)*)*|\[[a-f0-9:]+\])(?::[0-9]+)?$/i;
const pathComponentPattern = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
const digestPattern = /^([a-z][a-z0-9]*(?:[-_+.][a-z][a-z0-9]*)*):([0-9a-f]{32,})$/i;
const imageIdPattern = /^[a-f0-9]{64}$/;

/** Hex digits of the algorithms that go-digest registers. */
const registeredDigestLengths: ReadonlyMap<string, number> = new Map([
  ["sha256", 64],
  ["sha384", 96],
  ["sha512", 128],
]);

const maxTextLength = 1024;
const maxRepositoryLength = 255;
// Ours, so that a name does not outgrow maxTextLength by being written in full. The longest registered is 135.
const maxDigestLength = 512;
const defaultRegistry = "docker.io";
const legacyDefaultRegistry = "index.docker.io";
const officialPrefix = "library/";

/**
 * Reads an image name as container runtimes do and writes it out in full.
 * @returns undefined when it is not a valid name, or longer than 1024 characters; never throws, linear in time
 */
export function parseImageReference(text: string): ImageReference | undefined {
  // A bare image ID is no name (distribution/reference ParseNormalizedNamed).
  if (text.length > maxTextLength || imageIdPattern.test(text)) return undefined;
  const slash = text.indexOf("/");
  const hasRegistry = slash >= 0 && looksLikeRegistry(text.slice(0, slash));
  const registry = hasRegistry ? normaliseRegistry(text.slice(0, slash)) : defaultRegistry;
  const { path, tag, digest } = splitSuffixes(hasRegistry ? text.slice(slash + 1) : text);
  const repository =
    registry === defaultRegistry && !path.includes("/") ? officialPrefix + path : path;

  if (!registryPattern.test(registry) || !isRepository(repository)) return undefined;
  if ((tag !== undefined && !tagPattern.test(tag)) || (digest !== undefined && !isDigest(digest))) {
    return undefined;
  }
  return withSuffixes({ registry, repository }, tag, digest);
}

/**
 * Writes an image name in full.
 * @returns `registry/repository[:tag][@digest]`, which reads back as the same reference
 */
export function formatImageReference(ref: ImageReference): string {
  const tag = ref.tag === undefined ? "" : `:${ref.tag}`;
  const digest = ref.digest === undefined ? "" : `@${ref.digest}`;
  return `${ref.registry}/${ref.repository}${tag}${digest}`;
}

/**
 * Tells whether an image lies at or below a prefix, by whole path components: `quay.io/spark` has
 * `quay.io/spark/base` below it, and not `quay.io/sparkling`.
 * @param prefix a registry, or a registry and a path; without a registry it is a path on docker.io (`apache`)
 */
export function isWithinRegistry(ref: ImageReference, prefix: string): boolean {
  const trimmed = prefix.replace(/\/$/, "");
  if (trimmed === "") return false;
  const slash = trimmed.indexOf("/");
  const first = slash < 0 ? trimmed : trimmed.slice(0, slash);
  const hasRegistry = looksLikeRegistry(first);
  const registry = hasRegistry ? normaliseRegistry(first) : defaultRegistry;
  const path = hasRegistry ? trimmed.slice(first.length + 1) : trimmed;
  return ref.registry === registry && (path === "" || `${ref.repository}/`.startsWith(`${path}/`));
}

/** Docker Hub users have neither dots nor colons nor capitals in their names (splitDockerDomain). */
function looksLikeRegistry(component: string): boolean {
  return component === "localhost" || /[.:A-Z]/.test(component);
}

function normaliseRegistry(written: string): string {
  const lower = written.toLowerCase();
  if (lower === legacyDefaultRegistry) return defaultRegistry;
  // `Registry/img` is a registry only by its capital: in lower case it would name a user of docker.io.
  return looksLikeRegistry(lower) ? lower : written;
}

interface Suffixed {
  readonly path: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

function splitSuffixes(text: string): Suffixed {
  const [name, digest] = cut(text, "@");
  const [path, tag] = cut(name, ":");
  return { path, tag, digest };
}

function withSuffixes(
  name: ImageReference,
  tag: string | undefined,
  digest: string | undefined,
): ImageReference {
  return {
    ...name,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

function cut(text: string, separator: string): readonly [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function isRepository(path: string): boolean {
  return (
    path.length <= maxRepositoryLength &&
    path.split("/").every((component) => pathComponentPattern.test(component))
  );
}

function isDigest(text: string): boolean {
  const [, algorithm, hex] = digestPattern.exec(text) ?? [];
  if (algorithm === undefined || hex === undefined || text.length > maxDigestLength) return false;
  const length = registeredDigestLengths.get(algorithm);
  return length === undefined || (hex.length === length && hex === hex.toLowerCase());
}
