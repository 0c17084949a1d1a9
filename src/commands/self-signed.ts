import { ensureSelfSigned, type SelfSigned } from "../cluster/certificates.ts";
import { CommandFailure, EXIT } from "./failure.ts";

/**
 * A CA and a certificate in a folder, made where they are not there or no longer good.
 * @throws CommandFailure that names the folder
 */
export async function selfSignedIn(
  directory: string,
  names: readonly string[],
): Promise<SelfSigned> {
  try {
    return await ensureSelfSigned(directory, { names, now: new Date() });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandFailure(EXIT.couldNotLook, [`${directory}: no certificate: ${why}`]);
  }
}

/** Collects the values of `--name`, which may be repeated. */
export function collectNames(
  value: string,
  previous: readonly string[] | undefined,
): readonly string[] {
  return [...(previous ?? []), value];
}
