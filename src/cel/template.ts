import { CelProblem } from "./failure.ts";

/** What stands between `{{` and `}}`. */
export interface Placeholder {
  readonly inner: string;
}

/**
 * Takes a text with `{{…}}` in it apart.
 * @throws CelProblem where braces do not pair
 */
export function partsOfTemplate(text: string): readonly (string | Placeholder)[] {
  const parts: (string | Placeholder)[] = [];
  let rest = text;
  for (;;) {
    const start = rest.indexOf("{{");
    const end = rest.indexOf("}}");
    if (start < 0 && end < 0) return [...parts, rest];
    if (end < 0) throw new CelProblem("has {{ without }}");
    if (start < 0 || end < start) throw new CelProblem("has }} without {{ before it");
    parts.push(rest.slice(0, start), { inner: rest.slice(start + 2, end) });
    rest = rest.slice(end + 2);
  }
}
