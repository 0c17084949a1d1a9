/**
 * Parts of a document that are read, as `hasMoreParts` counts them. What etcd stores (1.5 MiB) has a tenth of it: an
 * ordinary Pod of 8 KB has some 600. A part takes up to 100 bytes when parsed, 7 MiB of `{}` half a gigabyte.
 */
export const MOST_PARTS = 100_000;

/**
 * Levels of nesting that are read. A Pod has below 20, managedFields a few more; the API server itself
 * refuses 10,000 (apimachinery pkg/util/json), a recursive walk in JavaScript dies at about 20,000.
 */
const DEEPEST = 200;

/** Why a document that `isTooDeep` is not read. */
export const TOO_DEEP = `the body is nested more than ${DEEPEST} levels deep`;

/**
 * Why a document is too large to be read; undefined where it is not. To be asked before the bytes become a text: what is
 * refused leaves nothing to collect.
 */
export function sizeRefusal(body: Buffer): string | undefined {
  if (!hasMoreParts(body, MOST_PARTS)) return undefined;
  if (isDeeperThan(body, DEEPEST)) return TOO_DEEP;
  return `the body has more than ${MOST_PARTS} fields and entries of lists`;
}

/** Whether a document is nested too deep for a walker. `json`: the same as a text. */
export function isTooDeep(body: Buffer, json: string): boolean {
  return hasMoreBrackets(json, DEEPEST) && isDeeperThan(body, DEEPEST);
}

/**
 * Whether there are more than `limit` commas and opening brackets outside of strings: about what has to be allocated for
 * a document. It looks at nothing where there are not that many bytes, so an ordinary call does not pay for it.
 */
export function hasMoreParts(body: Buffer, limit: number): boolean {
  if (body.length <= limit) return false;
  let parts = 0;
  return someSign(body, (byte) => (byte === COMMA || isOpen(byte)) && ++parts > limit);
}

/** What has no more brackets than that is not deeper either, and an indexOf is five times faster than a loop in JavaScript. */
function hasMoreBrackets(text: string, limit: number): boolean {
  let count = 0;
  for (const bracket of ["[", "{"]) {
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) {
      if (++count > limit) return true;
    }
  }
  return false;
}

/** Counts brackets outside of strings, so that no walker ever meets a deeper document. */
function isDeeperThan(body: Buffer, limit: number): boolean {
  let depth = 0;
  return someSign(body, (byte) => {
    if (isOpen(byte)) return ++depth > limit;
    if (isClose(byte)) depth--;
    return false;
  });
}

/** Whether some byte outside of strings is what is looked for. */
function someSign(body: Buffer, isWanted: (byte: number) => boolean): boolean {
  const { length } = body;
  for (let index = 0; index < length; index++) {
    const byte = body[index] ?? 0;
    if (byte === QUOTE) {
      for (index++; index < length && body[index] !== QUOTE; index++) {
        if (body[index] === BACKSLASH) index++;
      }
    } else if (isWanted(byte)) {
      return true;
    }
  }
  return false;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
/** [ and { differ in one bit, as do ] and }. */
const BRACE_BIT = 0x20;

function isOpen(byte: number): boolean {
  return (byte & ~BRACE_BIT) === 0x5b;
}

function isClose(byte: number): boolean {
  return (byte & ~BRACE_BIT) === 0x5d;
}
