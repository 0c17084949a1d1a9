import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

const STYLES: Readonly<Record<string, Style>> = {
  denied: "red",
  changed: "yellow",
  ok: "green",
  skipped: "dim",
  title: "bold",
};

/** Colours a line by its verdict on a terminal; as it is when piped or with NO_COLOR. */
export function paintVerdict(verdict: string, text: string): string {
  const style = STYLES[verdict];
  // styleText asks the stream itself: no colour where it is no terminal, NO_COLOR and FORCE_COLOR obeyed.
  return style === undefined ? text : styleText(style, text, { stream: process.stdout });
}
