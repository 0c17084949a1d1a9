import type { Source } from "./document.ts";

/** Bytes of a file of policies: what a ConfigMap holds at most. More is another file, named by mistake. */
export const LARGEST_POLICY_FILE = 2 ** 20;

const REPLACEMENT = "\ufffd";
const BYTES_OF_REPLACEMENT = [0xef, 0xbf, 0xbd];

/** What kubectl refuses in YAML (go-yaml readerc.go): a binary file, or text of another encoding. */
const UNFIT = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ufffe\uffff]/;

/** As kubectl passes over it: files with one at their start may have been put together (go-yaml scannerc.go). */
const BYTE_ORDER_MARK = /^\ufeff/gm;

/**
 * Makes a source of a file's bytes; where they are no text, of why.
 * @param largest more bytes than that are not looked at
 */
export function sourceOf(file: string, bytes: Uint8Array, largest = Infinity): Source {
  if (bytes.length > largest) {
    const message = `has ${bytes.length} bytes, at most ${largest} are read: split it, or name another file`;
    return unreadable(file, "", 0, message);
  }
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
  const broken = firstBroken(text, bytes);
  if (broken !== undefined) {
    const message = "has bytes that are no UTF-8: save the file with this encoding";
    return unreadable(file, text, broken, message);
  }
  const unfit = text.search(UNFIT);
  if (unfit >= 0) {
    const code = text.charCodeAt(unfit).toString(16).toUpperCase().padStart(4, "0");
    const message = `has the control character U+${code}: no text, or not saved as UTF-8`;
    return unreadable(file, text, unfit, message);
  }
  return { file, text: text.replace(BYTE_ORDER_MARK, "") };
}

/** Where the first bytes stand that are no UTF-8; a replacement character may also have been written. */
function firstBroken(text: string, bytes: Uint8Array): number | undefined {
  let at = -1;
  let counted = 0;
  let offset = 0;
  for (;;) {
    at = text.indexOf(REPLACEMENT, at + 1);
    if (at < 0) return undefined;
    offset += Buffer.byteLength(text.slice(counted, at));
    counted = at;
    const start = offset;
    if (BYTES_OF_REPLACEMENT.some((byte, index) => bytes[start + index] !== byte)) return at;
  }
}

function unreadable(file: string, text: string, offset: number, message: string): Source {
  const before = text.slice(0, offset).split("\n");
  const column = (before.at(-1) ?? "").length + 1;
  return { file, text: "", unreadable: { file, line: before.length, column, path: "", message } };
}
