/**
 * Parts of a document that are read, as `hasMoreParts` counts them. What etcd stores (1.5 MiB) has a tenth of it: an
 * ordinary Pod of 8 KB has some 600. A part takes up to 100 bytes when parsed, 7 MiB of `{}` half a gigabyte.
 */
export const MOST_PARTS = 100_000;

/**
 * Whether there are more than `limit` commas and opening brackets outside of strings: about what has to be allocated for
 * a document. It looks at nothing where there are not that many bytes, so an ordinary call does not pay for it.
 */
export function hasMoreParts(body: Buffer, limit: number): boolean {
  const { length } = body;
  if (length <= limit) return false;
  let parts = 0;
  for (let index = 0; index < length; index++) {
    const byte = body[index] ?? 0;
    if (byte === QUOTE) {
      for (index++; index < length && body[index] !== QUOTE; index++) {
        if (body[index] === BACKSLASH) index++;
      }
    } else if (byte === COMMA || (byte & ~BRACE_BIT) === OPEN) {
      if (++parts > limit) return true;
    }
  }
  return false;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
/** [ and { differ in one bit. */
const BRACE_BIT = 0x20;
const OPEN = 0x5b;
