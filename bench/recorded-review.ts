import { readFile } from "node:fs/promises";
import type { Question } from "./measure.ts";

/** The review of a real executor, as Spark made it; compact, as the API server sends it. */
export async function recordedReview(): Promise<Pick<Question, "body" | "uid">> {
  const file = new URL("../src/commands/demo/recorded/executor-1.json", import.meta.url);
  const review = JSON.parse(await readFile(file, "utf8")) as {
    readonly request: { readonly uid: string };
  };
  return { body: JSON.stringify(review), uid: review.request.uid };
}
