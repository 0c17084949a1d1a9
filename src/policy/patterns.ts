import { NAME_PATTERN } from "../kubernetes/label-syntax.ts";

/** What a namespace can be called (DNS-1123 label), with wildcards. */
export const NAMESPACE_GLOB_PATTERN = "^[-a-z0-9*?]+$";

/** Something is written there. */
export const NOT_BLANK_PATTERN = "\\S";

/** What the patterns of the schemas ask for, in words. */
export const PATTERNS: ReadonlyMap<unknown, string> = new Map([
  ["^/", "must begin with /"],
  [NAME_PATTERN, "must be lower-case letters, digits, - and ."],
  [
    NAMESPACE_GLOB_PATTERN,
    "must be lower-case letters, digits and -, as names of namespaces are; * and ? are the only wildcards",
  ],
  [NOT_BLANK_PATTERN, "must not be blank"],
]);
