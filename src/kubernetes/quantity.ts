/** Powers of ten by suffix. There is no `K`: a thousand is `k` (apimachinery resource/suffix.go). */
const decimalExponents: ReadonlyMap<string, number> = new Map([
  ["n", -9],
  ["u", -6],
  ["m", -3],
  ["", 0],
  ["k", 3],
  ["M", 6],
  ["G", 9],
  ["T", 12],
  ["P", 15],
  ["E", 18],
]);

const binaryExponents: ReadonlyMap<string, number> = new Map([
  ["Ki", 10],
  ["Mi", 20],
  ["Gi", 30],
  ["Ti", 40],
  ["Pi", 50],
  ["Ei", 60],
]);

/** Number, then suffix or exponent. `1E` is one exa and `1E3` a thousand: the digits tell them apart. */
const quantityPattern =
  /^([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))(?:[eE]([+-]?[0-9]+)|([KMGTPE]i|[numkMGTPE]?))$/;

const bytesPerMiB = 2 ** 20;

/**
 * Reads a Kubernetes quantity (apimachinery resource.ParseQuantity).
 * @param text as in JSON: a string such as `1500m`, `4Gi`, `1e3`, or a bare number
 * @returns the amount in the unit itself (cores, bytes), as the nearest double; undefined when it is not a quantity
 *   or too large for a double. Stricter than Kubernetes in one point: at least one digit is needed.
 */
export function parseQuantity(text: string | number): number | undefined {
  const [, digits, exponent, suffix = ""] = quantityPattern.exec(String(text)) ?? [];
  if (digits === undefined) return undefined;
  const amount = scale(digits, exponent, suffix);
  return Number.isFinite(amount) ? amount : undefined;
}

/**
 * Reads a Kubernetes quantity of bytes.
 * @returns the amount in MiB (2^20 bytes), not rounded; undefined when it is not a quantity
 */
export function quantityToMiB(text: string | number): number | undefined {
  const bytes = parseQuantity(text);
  return bytes === undefined ? undefined : bytes / bytesPerMiB;
}

function scale(digits: string, exponent: string | undefined, suffix: string): number {
  const binary = binaryExponents.get(suffix);
  if (binary !== undefined) return Number(digits) * 2 ** binary;
  // Number() rounds a decimal literal once; a multiplication by 10^-3 would round a second time.
  return Number(`${digits}e${exponent ?? String(decimalExponents.get(suffix))}`);
}
