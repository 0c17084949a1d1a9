import { availableParallelism } from "node:os";
import type { CommandResult } from "./command.ts";

/**
 * Runs submissions several at a time, since a JVM starts for seconds; each can be waited for by itself. The first leaves an
 * archive of the classes that it loaded, with which the others start in half the time.
 * @param submissions each is given the option for its JVM
 * @param archive a file that is not there yet; all submissions are of one Spark
 */
export function runInLanes(
  submissions: readonly ((jvmOption: string) => Promise<CommandResult>)[],
  archive: string,
): readonly Promise<CommandResult>[] {
  const lanes: Promise<unknown>[] = [];
  return submissions.map((submit, index) => {
    const lane = index % (availableParallelism() + 1);
    // The first is in front of all.
    const before = lanes[lane] ?? lanes[0];
    const running =
      before?.then(() => submit(`-XX:SharedArchiveFile=${archive}`)) ??
      submit(`-XX:ArchiveClassesAtExit=${archive}`);
    // A failure is its own, and the next one is submitted all the same.
    lanes[lane] = running.catch(() => undefined);
    return running;
  });
}
